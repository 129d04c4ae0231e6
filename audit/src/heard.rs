//! What this process wrote itself, for the index: it need not be read back from the journal, checked and parsed to be known.
//!
//! Bounded: what does not fit is read from the journal like the lines of other processes.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use journal::{Appended, Position};
use model::{PersonId, UserId};

use crate::bounds::{HEARD_WEIGHT_MAX, STRIDE};
use crate::index::Index;
use crate::{Entry, EntryId, Event, SignIn, Verdict};

/// What the index needs to know of a line.
#[derive(Clone, Debug)]
pub(crate) enum Seen {
    /// Of an entry: whose, and, if it was permitted, about whom. Refused requests are not what a person asks about.
    Entry { id: EntryId, user_id: UserId, persons: Vec<PersonId> },
    /// Of what an answer holds: of which entry.
    Release(EntryId),
    /// Of an outcome: of which entry.
    Outcome(EntryId),
    /// A try at signing in.
    SignIn(Box<SignIn>),
    /// Nothing.
    Alert,
}

impl Seen {
    pub(crate) fn of_entry(entry: &Entry) -> Self {
        let persons = if entry.verdict == Verdict::Permitted { entry.persons.clone() } else { Vec::new() };
        Self::Entry { id: entry.id.clone(), user_id: entry.user_id.clone(), persons }
    }

    pub(crate) fn of(event: &Event) -> Self {
        match event {
            Event::Entry(entry) => Self::of_entry(entry),
            Event::Release(release) => Self::Release(release.id.clone()),
            Event::Outcome(outcome) => Self::Outcome(outcome.id.clone()),
            Event::SignIn(sign_in) => Self::SignIn(Box::new(sign_in.clone())),
            Event::Alert(_) => Self::Alert,
        }
    }

    /// What it takes to keep, in units of an identifier.
    fn weight(&self) -> usize {
        match self {
            Self::Entry { persons, .. } => 1 + persons.len(),
            _ => 1,
        }
    }
}

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Heard(Mutex<Waiting>);

#[derive(Debug, Default)]
struct Waiting {
    lines: VecDeque<(Position, Seen)>,
    weight: usize,
}

impl Heard {
    /// Notes lines that are durable, all of one kind. Called in the order of the journal.
    pub(crate) fn note(&self, appended: &Appended, seen: Seen) {
        let mut waiting = self.lock();
        let weight = seen.weight();
        let lines = usize::try_from(appended.last.get() - appended.first.get()).map_or(usize::MAX, |behind| behind + 1);
        let mut position = appended.first;
        // The last one takes what was given: mostly there is one.
        for seen in std::iter::repeat_n(seen, lines) {
            if waiting.weight + weight > HEARD_WEIGHT_MAX {
                return;
            }
            waiting.weight += weight;
            waiting.lines.push_back((position, seen));
            position = position.following();
        }
    }

    /// Folds what follows the index without a gap, a stride at most. Whether there was any.
    pub(crate) fn fold_into(&self, index: &mut Index) -> bool {
        let mut folded = 0;
        let mut waiting = self.lock();
        while folded < STRIDE
            && let Some((position, _)) = waiting.lines.front()
            && *position <= index.seen().following()
        {
            let Some((position, seen)) = waiting.lines.pop_front() else { break };
            waiting.weight = waiting.weight.saturating_sub(seen.weight());
            // What was read from the journal meanwhile is known already.
            if position > index.seen() {
                index.fold(position, seen);
                folded += 1;
            }
        }
        folded > 0
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
