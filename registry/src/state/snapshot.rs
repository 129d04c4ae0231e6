//! The state as an immutable snapshot: tables in persistent maps, so that the next snapshot shares almost all of this
//! one. Looking up copies nothing.

mod members;
mod persons;
mod service;
mod terminals;

use model::Timestamp;

use super::{Generation, Tables};

/// What the city has decided, as of one generation.
#[derive(Clone, Debug, PartialEq)]
pub struct Snapshot {
    pub(crate) generation: Generation,
    pub(crate) last_at: Option<Timestamp>,
    pub(crate) tables: Tables,
}

impl Default for Snapshot {
    fn default() -> Self {
        Self { generation: Generation::START, last_at: None, tables: Tables::default() }
    }
}

impl Snapshot {
    /// Which state this is.
    #[must_use]
    pub const fn generation(&self) -> Generation {
        self.generation
    }

    /// The time of the newest command in it; none in the empty registry.
    #[must_use]
    pub const fn last_at(&self) -> Option<Timestamp> {
        self.last_at
    }

    /// How many objects it holds: for metrics, and for deciding when to store it.
    #[must_use]
    pub fn objects(&self) -> u64 {
        let tables = &self.tables;
        let lengths = [
            tables.facilities.len(),
            tables.users.len(),
            tables.user_ids.len(),
            tables.devices.len(),
            tables.certificates.len(),
            tables.persons.len(),
            tables.consents.len(),
            tables.membership_count,
            tables.suspensions.len(),
            tables.reports.len(),
            tables.sessions.len(),
            tables.duties.len(),
            tables.contracts.len(),
            tables.deletions.len(),
            tables.emergencies.len(),
            tables.deleted_count,
            tables.enrolments.len(),
            tables.retiring.len(),
            tables.tasks.len(),
        ];
        lengths.iter().map(|length| u64::try_from(*length).unwrap_or(u64::MAX)).fold(0, u64::saturating_add)
    }
}
