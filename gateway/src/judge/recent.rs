//! What was answered a moment ago. A request asks about the same thing three times (before the store is asked, before it is
//! forwarded, before it is released), and a page asks about one person many times: on the same facts the answer is the same.
//!
//! Facts are the same in one state of the registry and at one time. Any change is another state, and nothing that was answered in
//! the one before counts any more. Time counts to [`DECISION_COUNTS_MAX`]: what begins or ends by the clock alone does so that much
//! later at most, far within the time in which whatever is alive is asked about again.

use std::sync::Arc;

use foldhash::HashMap;
use model::{Action, Authorship, Category, PersonId, RecordName, SerialNumber, Timestamp, UserId};
use registry::{Generation, Snapshot};

use super::{Asker, Judgement, Question};
use crate::bounds::{DECISION_COUNTS_MAX, DECISIONS_REMEMBERED_MAX};

/// All that a decision about reading depends on, beside the state of the registry and the time.
#[derive(PartialEq, Eq, Hash)]
pub(super) struct Asked {
    user_id: UserId,
    serial: SerialNumber,
    person: Option<PersonId>,
    record: Option<RecordName>,
    action: Action,
    category: Category,
    authorship: Authorship,
    sensitive: bool,
}

impl Asked {
    /// The human being behind the user ID is a fact of the registry, and what is written is nothing.
    pub(super) fn of(asker: &Asker<'_>, question: &Question<'_>) -> Self {
        Self {
            user_id: asker.user_id.clone(),
            serial: *asker.serial,
            person: question.person.cloned(),
            record: question.record.cloned(),
            action: question.action,
            category: question.category,
            authorship: question.authorship(asker),
            sensitive: question.sensitive,
        }
    }
}

/// Answers of one moment.
#[derive(Default)]
pub(super) struct Recent {
    of: Option<Moment>,
    answers: HashMap<Asked, Arc<Judgement>>,
}

/// One state of the registry, from a time on.
#[derive(Clone, Copy)]
struct Moment {
    generation: Generation,
    /// Where that state lies in memory: two registries count their states alike.
    place: usize,
    since: Timestamp,
}

impl Moment {
    fn of(snapshot: &Snapshot, since: Timestamp) -> Self {
        Self { generation: snapshot.generation(), place: std::ptr::from_ref(snapshot).addr(), since }
    }

    /// Whether it is still this moment. A clock that went back begins another one.
    fn lasts(&self, snapshot: &Snapshot, at: Timestamp) -> bool {
        let Self { generation, place, .. } = Self::of(snapshot, at);
        let age = at.millis_since(self.since);
        self.generation == generation && self.place == place && (0..=DECISION_COUNTS_MAX).contains(&age)
    }
}

impl Recent {
    /// What was answered to this, a moment ago.
    pub(super) fn answer(&self, snapshot: &Snapshot, at: Timestamp, asked: &Asked) -> Option<Arc<Judgement>> {
        self.of.filter(|moment| moment.lasts(snapshot, at))?;
        self.answers.get(asked).cloned()
    }

    /// Keeps an answer, and forgets those of another moment.
    pub(super) fn keep(&mut self, snapshot: &Snapshot, at: Timestamp, asked: Asked, judgement: &Arc<Judgement>) {
        let lasts = self.of.is_some_and(|moment| moment.lasts(snapshot, at));
        if !lasts || self.answers.len() >= DECISIONS_REMEMBERED_MAX {
            self.answers.clear();
            self.of = Some(Moment::of(snapshot, at));
        }
        self.answers.insert(asked, Arc::clone(judgement));
    }
}

#[cfg(test)]
mod tests;
