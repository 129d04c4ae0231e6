//! Whose record is it? A bounded memory of what the store's answers said, so that a read need not look it up first. It
//! only ever saves a look-up: what the store then returns is resolved and judged anew.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use model::PersonId;
use records::RecordRef;

use crate::bounds::INDEX_RECORDS_MAX;

/// See the module. Two generations: when the young one is full it becomes the old one, and the old one is forgotten.
#[derive(Default)]
pub struct Index {
    generations: Mutex<Generations>,
}

#[derive(Default)]
struct Generations {
    young: HashMap<RecordRef, Vec<PersonId>>,
    old: HashMap<RecordRef, Vec<PersonId>>,
}

impl Index {
    /// The persons of a record, if remembered.
    #[must_use]
    pub fn persons(&self, record: &RecordRef) -> Option<Vec<PersonId>> {
        let mut generations = self.generations.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(persons) = generations.young.get(record) {
            return Some(persons.clone());
        }
        let persons = generations.old.remove(record)?;
        generations.insert(record, &persons);
        Some(persons)
    }

    /// Remembers the person of a record. Only a record with exactly one person, and an id, is worth it.
    pub fn learn(&self, record: &RecordRef, persons: &[PersonId]) {
        if record.id.is_some() && persons.len() == 1 {
            self.generations.lock().unwrap_or_else(PoisonError::into_inner).insert(record, persons);
        }
    }

    /// Forgets a record.
    pub fn forget(&self, record: &RecordRef) {
        let mut generations = self.generations.lock().unwrap_or_else(PoisonError::into_inner);
        generations.young.remove(record);
        generations.old.remove(record);
    }
}

impl Generations {
    fn insert(&mut self, record: &RecordRef, persons: &[PersonId]) {
        if self.young.get(record).is_some_and(|known| known == persons) {
            return;
        }
        if self.young.len() >= INDEX_RECORDS_MAX / 2 {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(record.clone(), persons.to_vec());
    }
}
