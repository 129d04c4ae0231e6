//! Users (利用者, art. 7) and their user IDs (art. 10).

use model::lifecycle::user_id;
use model::{FacilityId, Profession, Timestamp, UserId, UserKey};

use crate::credential::Sealed;

/// A user as a human being. What he may use are his user IDs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Who; stays for life (art. 10-6).
    pub key: UserKey,
    /// Name, 1 to 200 characters.
    pub name: String,
    /// When registered.
    pub registered_at: Timestamp,
}

/// A user ID. Never removed: an ID is never given twice, and history is told by it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserIdRecord {
    /// Which.
    pub id: UserId,
    /// Whose.
    pub user: UserKey,
    /// At which facility.
    pub facility: FacilityId,
    /// Category of art. 7.
    pub profession: Profession,
    /// Who recognised the user (art. 7-8 to 7-10 only).
    pub recognised_by: Option<String>,
    /// Where it stands, as last moved. For what holds at a point in time see [`crate::Snapshot::user_id_state`].
    pub state: user_id::State,
    /// Raised with every change of password and every end of all sessions; a session of an older epoch is over.
    pub credential_epoch: u32,
    /// When granted.
    pub granted_at: Timestamp,
    /// When ended.
    pub ended_at: Option<Timestamp>,
    /// The lost user ID that this one replaces (art. 10-6).
    pub replaces: Option<UserId>,
    /// The password's hash, sealed. None once the user ID has ended.
    pub(crate) credential: Option<Sealed>,
}

impl UserIdRecord {
    /// The first password has not been changed yet: only the change page may be reached (art. 10-3).
    #[must_use]
    pub const fn must_change(&self) -> bool {
        matches!(self.state, user_id::State::Granted | user_id::State::GrantedSuspended)
    }

    /// Not ended; it may be suspended.
    #[must_use]
    pub fn is_live(&self) -> bool {
        self.state != user_id::State::Ended
    }
}
