//! Facilities, users, their user IDs and roles, and what is suspended.

use model::lifecycle::{facility as facility_lifecycle, user_id as user_id_lifecycle};
use model::{FacilityId, SessionId, Target, Timestamp, UserId, UserKey};

use super::Snapshot;
use crate::state::{Duty, Facility, Suspension, User, UserIdRecord};

impl Snapshot {
    /// A facility.
    #[must_use]
    pub fn facility(&self, id: &FacilityId) -> Option<&Facility> {
        self.tables.facilities.get(id).map(AsRef::as_ref)
    }

    /// All facilities, by ID.
    pub fn facilities(&self) -> impl Iterator<Item = &Facility> {
        self.tables.facilities.values().map(AsRef::as_ref)
    }

    /// Where a facility stands at `at`: a suspension that is over by then is over, lifted or not.
    #[must_use]
    pub fn facility_state(&self, facility: &Facility, at: Timestamp) -> facility_lifecycle::State {
        let over = facility.state == facility_lifecycle::State::Suspended
            && self.suspension(&Target::Facility(facility.id.clone()), at).is_none();
        let resumed = facility.state.after(facility_lifecycle::Event::Resume);
        if over { resumed.unwrap_or(facility.state) } else { facility.state }
    }

    /// A user.
    #[must_use]
    pub fn user(&self, key: &UserKey) -> Option<&User> {
        self.tables.users.get(key).map(AsRef::as_ref)
    }

    /// All users, in no particular order.
    pub fn users(&self) -> impl Iterator<Item = &User> {
        self.tables.users.values().map(AsRef::as_ref)
    }

    /// A user ID, ended ones included.
    #[must_use]
    pub fn user_id(&self, id: &UserId) -> Option<&UserIdRecord> {
        self.tables.user_ids.get(id).map(AsRef::as_ref)
    }

    /// All user IDs, ended ones included, in no particular order.
    pub fn user_ids(&self) -> impl Iterator<Item = &UserIdRecord> {
        self.tables.user_ids.values().map(AsRef::as_ref)
    }

    /// All user IDs of a user, ended ones included, in the order they were granted: his history (art. 10-6).
    pub fn user_ids_of(&self, user: &UserKey) -> impl Iterator<Item = &UserIdRecord> {
        self.tables.user_ids_of.get(user).into_iter().flat_map(|ids| ids.iter()).filter_map(|id| self.user_id(id))
    }

    /// Where a user ID stands at `at`: a suspension that is over by then is over, lifted or not.
    #[must_use]
    pub fn user_id_state(&self, user_id: &UserIdRecord, at: Timestamp) -> user_id_lifecycle::State {
        use user_id_lifecycle::{Event, State};
        let over = matches!(user_id.state, State::Suspended | State::GrantedSuspended)
            && self.suspension(&Target::UserId(user_id.id.clone()), at).is_none();
        let resumed = user_id.state.after(Event::Resume);
        if over { resumed.unwrap_or(user_id.state) } else { user_id.state }
    }

    /// A user ID that has not been given yet: `U-0001`, `U-0002`, ... Somebody else may take it before you do.
    ///
    /// # Errors
    /// None but a fault of the grammar of identifiers.
    pub fn free_user_id(&self) -> Result<UserId, model::IdError> {
        let mut number = self.tables.user_ids.len() + 1;
        loop {
            let id = UserId::new(&format!("U-{number:04}"))?;
            if !self.tables.user_ids.contains_key(&id) {
                return Ok(id);
            }
            number += 1;
        }
    }

    /// A user's roles for whole facilities, present and future (past ones until the next `Tick`).
    pub fn duties_of(&self, user: &UserKey) -> impl Iterator<Item = &Duty> {
        self.tables.duties_of.get(user).into_iter().flat_map(|all| all.iter()).map(AsRef::as_ref)
    }

    /// All roles for whole facilities, in the order they were entered (past ones until the next `Tick`).
    pub fn duties(&self) -> impl Iterator<Item = &Duty> {
        self.tables.duties.values().map(AsRef::as_ref)
    }

    /// A suspension of this target that is in force at `at`: the one that holds longest.
    #[must_use]
    pub fn suspension(&self, target: &Target, at: Timestamp) -> Option<&Suspension> {
        let longest = |suspension: &&Suspension| suspension.until.unwrap_or(Timestamp::MAX);
        self.suspensions_of(target).filter(|suspension| suspension.holds_at(at)).max_by_key(longest)
    }

    /// All suspensions of a target (expired ones until the next `Tick`).
    pub fn suspensions_of(&self, target: &Target) -> impl Iterator<Item = &Suspension> {
        self.tables.suspensions_of.get(target).into_iter().flat_map(|all| all.iter()).map(AsRef::as_ref)
    }

    /// All suspensions, in the order they were made (expired ones until the next `Tick`).
    pub fn suspensions(&self) -> impl Iterator<Item = &Suspension> {
        self.tables.suspensions.values().map(AsRef::as_ref)
    }

    /// The session was ended before its time. That says nothing of sessions that are over by the clock or by their
    /// credential epoch.
    #[must_use]
    pub fn session_ended(&self, session: &SessionId) -> bool {
        self.tables.sessions.contains(session)
    }
}
