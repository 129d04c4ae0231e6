//! Whose the octets of an answer are: what was made of the very same octets before. Records are read far more often than they
//! change, and reading one (its JSON, whom it names, what it links to, its labels) costs as much as all else that is decided about it.
//!
//! Only what depends on the octets alone is remembered, under their digest, so that no record is kept here. Who may see it is asked
//! each time.

use aws_lc_rs::digest::{SHA256, digest};
use records::{Attributed, FhirType};

use crate::bounds::ATTRIBUTIONS_MAX;
use crate::generations::Generations;

/// See the module.
pub(crate) type Attributions = Generations<Key, Attributed>;

/// None yet.
pub(crate) fn none() -> Attributions {
    Generations::of(ATTRIBUTIONS_MAX)
}

/// A type, and the digest of octets that were read as it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Key(FhirType, [u8; 32]);

impl Key {
    /// Of these octets. None if the crypto library gives no digest of that size, which it does.
    pub(crate) fn of(fhir_type: FhirType, octets: &[u8]) -> Option<Self> {
        Some(Self(fhir_type, digest(&SHA256, octets).as_ref().try_into().ok()?))
    }
}
