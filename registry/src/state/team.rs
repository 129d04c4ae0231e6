//! Care teams: who looks after whom, in which role, through which facility, from when to when.

use model::{Author, FacilityId, PersonId, TeamRole, Timestamp, UserKey};

use super::MembershipId;

/// A user's place on a person's care team. It hangs on the human being, so that a new user ID for a lost one finds it
/// (art. 10-6), and on the facility, so that it does not follow him to another job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Membership {
    /// Which.
    pub id: MembershipId,
    /// Whose team.
    pub person: PersonId,
    /// Who is on it.
    pub user: UserKey,
    /// Through which facility: only a user ID of this facility uses it.
    pub facility: FacilityId,
    /// Why.
    pub role: TeamRole,
    /// From when.
    pub from: Timestamp,
    /// Until when (half-open); none: until further notice.
    pub until: Option<Timestamp>,
    /// Who entered it.
    pub added_by: Author,
}

impl Membership {
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
