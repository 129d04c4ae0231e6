//! Roles for a whole facility: who stands in for its team members, and who runs it (art. 7, 18).

use model::{Author, DutyKind, FacilityId, Timestamp, UserKey};

use super::DutyId;

/// A user's role for his whole facility. Opens only persons on whose team somebody else of the facility is, at that time.
/// Hangs on the human being and the facility, as a membership does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Duty {
    /// Which.
    pub id: DutyId,
    /// Who.
    pub user: UserKey,
    /// For which facility: only a user ID of this facility uses it.
    pub facility: FacilityId,
    /// Which role.
    pub kind: DutyKind,
    /// From when.
    pub from: Timestamp,
    /// Until when (half-open); none: until further notice.
    pub until: Option<Timestamp>,
    /// Who entered it.
    pub added_by: Author,
}

impl Duty {
    /// Holds at `at`.
    #[must_use]
    pub fn holds_at(&self, at: Timestamp) -> bool {
        self.from <= at && self.until.is_none_or(|until| at < until)
    }

    /// Both hold at some instant.
    pub(crate) fn meets(&self, from: Timestamp, until: Option<Timestamp>) -> bool {
        self.until.is_none_or(|own| from < own) && until.is_none_or(|other| self.from < other)
    }
}
