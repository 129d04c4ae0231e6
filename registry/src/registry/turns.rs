//! Commands take turns, and whoever has the turn takes everybody's who waits: they are validated one after the other, each on the
//! state the one before it leads to, and written in one commit. So a hundred terminals that are enrolled at once wait for the
//! disk once (group commit), and a revocation among them waits no longer than they do.

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use model::{Author, SerialDraw, SerialNumber, Timestamp};

use super::inner::{Inner, Locked};
use crate::bounds::{TRIES_MAX, TURN_BYTES_MAX, TURN_COMMANDS_MAX};
use crate::change::Change;
use crate::command::Command;
use crate::error::RegistryError;
use crate::form::{Entry, write_entry};
use crate::state::{Generation, Snapshot};
use crate::validate::{Materials, validate};

/// What a command comes to: nothing has happened, or it is durable and published.
pub(super) type Outcome = Result<Done, RegistryError>;

/// A command that was carried out.
#[derive(Clone, Debug)]
pub(super) struct Done {
    pub(super) generation: Generation,
    pub(super) changes: Vec<Change>,
    /// The number it took, if it takes one.
    pub(super) serial: Option<SerialNumber>,
}

/// What a command is made of.
pub(super) enum Making {
    Given(Command),
    /// It takes the next serial number of the state it is carried out on.
    Numbered {
        draw: SerialDraw,
        command: Box<dyn Fn(SerialNumber) -> Command + Send + Sync>,
    },
}

/// A command that waits, and its outcome once it has one.
pub(super) struct Turn {
    pub(super) making: Making,
    pub(super) materials: Materials,
    pub(super) author: Author,
    pub(super) at: Timestamp,
    outcome: Mutex<Option<Outcome>>,
}

/// Those who wait, in their order.
#[derive(Default)]
pub(super) struct Turns(Mutex<VecDeque<Arc<Turn>>>);

impl Turns {
    /// The next to be carried out together. They are no longer among those who wait.
    fn take(&self) -> Vec<Arc<Turn>> {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = waiting.len().min(TURN_COMMANDS_MAX);
        waiting.drain(..count).collect()
    }

    fn push(&self, turn: &Arc<Turn>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push_back(Arc::clone(turn));
    }
}

impl Turn {
    pub(super) fn new(making: Making, materials: Materials, author: Author, at: Timestamp) -> Self {
        Self { making, materials, author, at, outcome: Mutex::default() }
    }

    fn make(&self, state: &Snapshot) -> Result<(Cow<'_, Command>, Option<SerialNumber>), RegistryError> {
        match &self.making {
            Making::Given(command) => Ok((Cow::Borrowed(command), None)),
            Making::Numbered { draw, command } => {
                let serial = state.next_serial(*draw).ok_or(RegistryError::NotNumbered)?;
                Ok((Cow::Owned(command(serial)), Some(serial)))
            }
        }
    }

    fn outcome(&self) -> Option<Outcome> {
        self.outcome.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn came_to(&self, outcome: Outcome) {
        *self.outcome.lock().unwrap_or_else(PoisonError::into_inner) = Some(outcome);
    }
}

/// What commands come to, one after the other, from a state on; nothing of it is written yet.
struct Drafted {
    outcomes: Vec<Outcome>,
    /// Of those that change something.
    steps: Vec<Step>,
}

/// An entry to be written, and the state it leads to.
pub(super) struct Step {
    pub(super) body: Vec<u8>,
    pub(super) next: Snapshot,
    pub(super) changes: Vec<Change>,
}

impl Drafted {
    /// As many as fit into one commit; all, unless they are uncommonly large.
    fn from(current: &Snapshot, turns: &[Arc<Turn>]) -> Self {
        let (mut drafted, mut octets) = (Self { outcomes: Vec::new(), steps: Vec::new() }, 0);
        for turn in turns {
            if octets > TURN_BYTES_MAX {
                break;
            }
            let state = drafted.steps.last().map_or(current, |step| &step.next);
            let outcome = draft(state, turn).map(|(done, step)| {
                octets += step.as_ref().map_or(0, |step| step.body.len());
                drafted.steps.extend(step);
                done
            });
            drafted.outcomes.push(outcome);
        }
        drafted
    }
}

fn draft(state: &Snapshot, turn: &Turn) -> Result<(Done, Option<Step>), RegistryError> {
    let (command, serial) = turn.make(state)?;
    let draft = validate(state, &command, &turn.materials, &turn.author, turn.at)?;
    if draft.changes.is_empty() {
        return Ok((Done { generation: state.generation(), changes: Vec::new(), serial }, None));
    }
    let (at, by, changes) = (draft.act.at, draft.act.by, draft.changes);
    let body = write_entry(&Entry { at, by, command: draft.kind, changes: changes.clone() });
    if body.len() > journal::ENTRY_BYTES_MAX {
        return Err(RegistryError::TooLarge { changes: changes.len() });
    }
    let mut next = draft.next;
    next.reached(state.position().following(), at);
    let done = Done { generation: next.generation(), changes: changes.clone(), serial };
    Ok((done, Some(Step { body, next, changes })))
}

impl Inner {
    /// Carries out a command when its turn comes, with whatever else waits then. Blocks until it has an outcome.
    pub(super) fn carry_out(&self, turn: Turn) -> Outcome {
        let turn = Arc::new(turn);
        self.turns.push(&turn);
        let listeners = self.lock();
        loop {
            if let Some(outcome) = turn.outcome() {
                return outcome;
            }
            let mut together = self.turns.take();
            if together.is_empty() {
                // Whoever had taken it did not come to its end.
                together.push(Arc::clone(&turn));
            }
            self.together(&listeners, &together);
        }
    }

    /// Each comes to its outcome.
    fn together(&self, listeners: &Locked<'_>, turns: &[Arc<Turn>]) {
        let mut rest = turns;
        while !rest.is_empty() {
            let outcomes = match self.commit_of(listeners, rest) {
                Ok(outcomes) => outcomes,
                // Nothing was written. What fails together may succeed alone: one finds the disk full, a revocation need not.
                Err(RegistryError::Journal { .. }) if rest.len() > 1 => {
                    let alone = |turn| self.commit_of(listeners, std::slice::from_ref(turn));
                    rest.iter().flat_map(|turn| alone(turn).unwrap_or_else(|error| vec![Err(error)])).collect()
                }
                Err(error) => vec![Err(error); rest.len()],
            };
            let (done, others) = rest.split_at(outcomes.len().min(rest.len()));
            done.iter().zip(outcomes).for_each(|(turn, outcome)| turn.came_to(outcome));
            rest = others;
        }
    }

    /// Validates commands on the newest state, and commits them where nobody was first: the outcomes of the first of them, at least
    /// of one.
    fn commit_of(&self, listeners: &Locked<'_>, turns: &[Arc<Turn>]) -> Result<Vec<Outcome>, RegistryError> {
        self.catch_up(listeners)?;
        for _ in 0..TRIES_MAX {
            let current = self.current.load_full();
            let Drafted { outcomes, steps } = Drafted::from(&current, turns);
            // Perhaps refused on a state that another process has left behind.
            if outcomes.iter().any(Result::is_err) && self.catch_up_from_database(listeners)? {
                continue;
            }
            if self.commit(listeners, &current, steps)? {
                return Ok(outcomes);
            }
        }
        Err(RegistryError::Crowded)
    }
}
