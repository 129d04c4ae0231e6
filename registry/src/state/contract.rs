//! The contract under which the contractor operates for the city (art. 4-2, 4-3).

use model::{Author, Timestamp};

use super::ContractId;

/// A contract. Outside of all contracts nobody acts as contractor. It names the company; which of its people act is the
/// contractor's to say, and stands in the journal act by act.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contract {
    /// Which.
    pub id: ContractId,
    /// With whom, 1 to 200 characters.
    pub contractor: String,
    /// From when.
    pub from: Timestamp,
    /// Until when (half-open).
    pub until: Timestamp,
    /// Who entered it.
    pub entered_by: Author,
    /// Why it ended before its time.
    pub ended: Option<String>,
}

impl Contract {
    /// In force at `at`.
    #[must_use]
    pub fn holds_at(&self, at: Timestamp) -> bool {
        self.from <= at && at < self.until
    }
}
