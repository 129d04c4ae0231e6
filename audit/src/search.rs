//! What is searched for.

use journal::Position;
use model::{Action, DeviceId, FacilityId, PersonId, Timestamp, UserId, UserKey};

use crate::{Entry, IdPrefix, SignIn, Verdict};

/// A search: every condition given must hold. Without any, everything is found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query {
    /// Its number begins so.
    pub id: Option<IdPrefix>,
    /// Touches this person.
    pub person: Option<PersonId>,
    /// Under one of these user IDs; empty: under any.
    pub user_ids: Vec<UserId>,
    /// By this human being, under whatever user ID.
    pub user: Option<UserKey>,
    /// With this terminal.
    pub device: Option<DeviceId>,
    /// From this facility.
    pub facility: Option<FacilityId>,
    /// At this time or later.
    pub from: Option<Timestamp>,
    /// Before this time.
    pub until: Option<Timestamp>,
    /// This action.
    pub action: Option<Action>,
    /// Decided so.
    pub verdict: Option<Verdict>,
    /// Only what disaster use alone made possible (art. 21): the report that is owed afterwards.
    pub disaster: bool,
    /// Only what break-glass alone made possible (art. 41).
    pub break_glass: bool,
    /// Only entries before this position: where an earlier search was cut ([`crate::Found::more_before`]).
    pub before: Option<Position>,
    /// At most so many, and never more than [`crate::FOUND_MAX`]. 0 asks for [`crate::FOUND_MAX`].
    pub limit: usize,
}

impl Query {
    /// Whether an entry meets the conditions (all but the position).
    #[must_use]
    pub fn matches(&self, entry: &Entry) -> bool {
        fn holds<T: PartialEq>(wanted: &Option<T>, found: &T) -> bool {
            wanted.as_ref().is_none_or(|wanted| wanted == found)
        }
        self.id.as_ref().is_none_or(|id| id.begins(&entry.id))
            && self.person.as_ref().is_none_or(|person| entry.persons.contains(person))
            && (self.user_ids.is_empty() || self.user_ids.contains(&entry.user_id))
            && holds(&self.user, &entry.user)
            && holds(&self.device, &entry.device)
            && holds(&self.facility, &entry.facility)
            && self.from.is_none_or(|from| entry.at >= from)
            && self.until.is_none_or(|until| entry.at < until)
            && self.action.is_none_or(|action| entry.action == Some(action))
            && holds(&self.verdict, &entry.verdict)
            && (!self.disaster || entry.disaster)
            && (!self.break_glass || entry.break_glass)
    }
}

/// A search for sign-ins: every condition given must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SignInQuery {
    /// With this user ID. What was typed and is no user ID is found without this condition only.
    pub user_id: Option<UserId>,
    /// From this terminal.
    pub device: Option<DeviceId>,
    /// At this time or later.
    pub from: Option<Timestamp>,
    /// Before this time.
    pub until: Option<Timestamp>,
    /// At most so many, and never more than [`crate::FOUND_MAX`]. 0 asks for [`crate::FOUND_MAX`].
    pub limit: usize,
}

impl SignInQuery {
    /// Whether a sign-in meets the conditions.
    #[must_use]
    pub fn matches(&self, sign_in: &SignIn) -> bool {
        self.user_id.as_ref().is_none_or(|wanted| wanted.as_str() == sign_in.user_id)
            && self.device.as_ref().is_none_or(|wanted| *wanted == sign_in.device)
            && self.from.is_none_or(|from| sign_in.at >= from)
            && self.until.is_none_or(|until| sign_in.at < until)
    }
}
