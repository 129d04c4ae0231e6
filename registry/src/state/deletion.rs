//! Deletion orders (art. 17-2, 19-2): the only way to delete through the care host.

use model::lifecycle::deletion;
use model::{Author, PersonId, RecordName, Timestamp, UserId};

use super::{Approval, DeletionId};

/// The city's order to delete records of a person. Kept for ever: what was deleted by whose order must be told later.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeletionOrder {
    /// Which.
    pub id: DeletionId,
    /// Whose records.
    pub person: PersonId,
    /// Which record; none: all of the person's.
    pub record: Option<RecordName>,
    /// Why, 1 to 1000 characters.
    pub reason: String,
    /// Who carries it out: this user ID alone. A new one in its place (art. 10-6) needs a new order.
    pub executor: UserId,
    /// Until when (half-open) it may be carried out.
    pub until: Timestamp,
    /// Where it stands, as last moved.
    pub state: deletion::State,
    /// Who ordered it, and when.
    pub ordered: Approval,
    /// The second officer, and when.
    pub approved: Option<Approval>,
    /// Who took it back, when and why.
    pub cancelled: Option<Cancellation>,
}

/// One record that was deleted under an order. Kept as long as the order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deleted {
    /// Under which order.
    pub order: DeletionId,
    /// Which record.
    pub record: RecordName,
    /// When it was marked, right behind the store's answer.
    pub at: Timestamp,
    /// Under which user ID.
    pub by: UserId,
    /// The number of the request in the audit log.
    pub request: String,
}

/// Who took a deletion order back, when and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cancellation {
    /// When.
    pub at: Timestamp,
    /// By whom.
    pub by: Author,
    /// Why.
    pub reason: String,
}

impl DeletionOrder {
    /// In force at `at`: approved, and not past its end.
    #[must_use]
    pub fn holds_at(&self, at: Timestamp) -> bool {
        self.state == deletion::State::Approved && at < self.until
    }

    /// Covers this record; a record that is not known is covered by an order for all of them only.
    #[must_use]
    pub fn covers(&self, record: Option<&RecordName>) -> bool {
        self.record.is_none() || self.record.as_ref() == record
    }
}
