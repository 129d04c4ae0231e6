//! Whose record is it? A bounded memory of what the store's answers said, so that a read need not look it up first. It
//! only ever saves a look-up: what the store then returns is resolved and judged anew.

use model::PersonId;
use records::RecordRef;

use crate::bounds::INDEX_RECORDS_MAX;
use crate::generations::Generations;

/// See the module.
pub struct Index(Generations<RecordRef, PersonId>);

impl Default for Index {
    fn default() -> Self {
        Self(Generations::of(INDEX_RECORDS_MAX))
    }
}

impl Index {
    /// The person of a record, if remembered.
    #[must_use]
    pub fn person(&self, record: &RecordRef) -> Option<PersonId> {
        self.0.get(record)
    }

    /// Remembers the person of a record. Only a record with exactly one person, and an id, is worth it.
    pub fn learn(&self, record: &RecordRef, persons: &[PersonId]) {
        if let ([person], Some(_)) = (persons, &record.id) {
            self.0.keep(record, person);
        }
    }

    /// Forgets a record.
    pub fn forget(&self, record: &RecordRef) {
        self.0.forget(record);
    }
}
