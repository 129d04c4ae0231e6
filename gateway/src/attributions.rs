//! Whose the octets of an answer are: what was made of the very same octets before. Records are read far more often than they
//! change, and reading one (its JSON, whom it names, what it links to, its labels) costs as much as all else that is decided about it.
//!
//! Only what depends on the octets alone is remembered, under their digest, so that no record is kept here. Who may see it is asked
//! each time.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use aws_lc_rs::digest::{Digest, SHA256, digest};
use records::{Attributed, FhirType};

use crate::bounds::ATTRIBUTIONS_MAX;

/// See the module. Two generations, as of the index: when the young one is full it becomes the old one, and the old one is forgotten.
#[derive(Default)]
pub(crate) struct Attributions {
    generations: Mutex<Generations>,
}

#[derive(Default)]
struct Generations {
    young: HashMap<Key, Attributed>,
    old: HashMap<Key, Attributed>,
}

/// A type, and the digest of octets that were read as it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Key(FhirType, [u8; 32]);

impl Key {
    /// Of these octets. None if the crypto library gives no digest of that size, which it does.
    pub(crate) fn of(fhir_type: FhirType, octets: &[u8]) -> Option<Self> {
        let digest: Digest = digest(&SHA256, octets);
        Some(Self(fhir_type, digest.as_ref().try_into().ok()?))
    }
}

impl Attributions {
    pub(crate) fn get(&self, key: Key) -> Option<Attributed> {
        let mut generations = self.generations.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(attributed) = generations.young.get(&key) {
            return Some(attributed.clone());
        }
        let attributed = generations.old.remove(&key)?;
        generations.insert(key, attributed.clone());
        Some(attributed)
    }

    pub(crate) fn keep(&self, key: Key, attributed: Attributed) {
        self.generations.lock().unwrap_or_else(PoisonError::into_inner).insert(key, attributed);
    }
}

impl Generations {
    fn insert(&mut self, key: Key, attributed: Attributed) {
        if self.young.len() >= ATTRIBUTIONS_MAX / 2 {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(key, attributed);
    }
}
