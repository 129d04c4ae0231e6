//! Sessions that were ended before their time. Bounded: an end is remembered until the session would be over anyway, and
//! only so many for one user ID.

use std::sync::Arc;

use imbl::{HashMap, OrdSet};
use model::{SessionId, Timestamp, UserId};

/// A session that was ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndedSession {
    /// Which.
    pub session: SessionId,
    /// Whose.
    pub user_id: UserId,
    /// When it would have been over at the latest.
    pub over_at: Timestamp,
}

/// All of them.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct EndedSessions {
    by_id: HashMap<SessionId, Arc<EndedSession>>,
    by_end: OrdSet<(Timestamp, SessionId)>,
    by_user_id: HashMap<UserId, Arc<Vec<SessionId>>>,
}

impl EndedSessions {
    pub(crate) fn contains(&self, session: &SessionId) -> bool {
        self.by_id.contains_key(session)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Arc<EndedSession>> {
        self.by_id.values()
    }

    pub(crate) fn len(&self) -> usize {
        self.by_id.len()
    }

    pub(crate) fn count_of(&self, user_id: &UserId) -> usize {
        self.by_user_id.get(user_id).map_or(0, |sessions| sessions.len())
    }

    /// The earliest end, if any is remembered.
    pub(crate) fn first_over(&self) -> Option<Timestamp> {
        self.by_end.get_min().map(|(over_at, _)| *over_at)
    }

    pub(crate) fn insert(&mut self, ended: EndedSession) {
        self.by_end.insert((ended.over_at, ended.session.clone()));
        let of_user_id = self.by_user_id.entry(ended.user_id.clone()).or_default();
        Arc::make_mut(of_user_id).push(ended.session.clone());
        self.by_id.insert(ended.session.clone(), Arc::new(ended));
    }

    /// Forgets what would be over by `at` anyway.
    pub(crate) fn forget_over_by(&mut self, at: Timestamp) {
        while let Some((_, session)) = self.by_end.get_min().filter(|(over_at, _)| *over_at <= at).cloned() {
            self.remove(&session);
        }
    }

    /// Forgets all of a user ID: its credential epoch says it already.
    pub(crate) fn forget_user_id(&mut self, user_id: &UserId) {
        let sessions = self.by_user_id.get(user_id).map(|sessions| sessions.to_vec()).unwrap_or_default();
        for session in sessions {
            self.remove(&session);
        }
    }

    fn remove(&mut self, session: &SessionId) {
        let Some(ended) = self.by_id.remove(session) else { return };
        self.by_end.remove(&(ended.over_at, session.clone()));
        let emptied = self.by_user_id.get_mut(&ended.user_id).is_some_and(|sessions| {
            let sessions = Arc::make_mut(sessions);
            sessions.retain(|one| one != session);
            sessions.is_empty()
        });
        if emptied {
            self.by_user_id.remove(&ended.user_id);
        }
    }
}
