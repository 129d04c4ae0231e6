//! Appends waiting for the writer: bounded, in order.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::bounds::{
    BATCH_BYTES_MAX, BATCH_ENTRIES_MAX, COMMITS_APART, COMMITS_APART_TIMES_MAX, QUEUE_BYTES_MAX, QUEUE_ENTRIES_MAX,
    RUSH_CALLS, SOON_MAX,
};
use crate::receipt::Promise;
use crate::{JournalError, Position};

/// What the writer does next.
enum Wait {
    Not,
    Until(Duration),
    ForWork,
}

impl State {
    fn next(&self, now: Instant) -> (Writer, Wait) {
        if self.closed {
            return (Writer::Busy, Wait::Not);
        }
        if self.urgent > 0 {
            let rest = self.last.and_then(|(at, urgent)| apart(urgent).checked_sub(now.saturating_duration_since(at)));
            return match rest.filter(|rest| !rest.is_zero()) {
                Some(rest) => (Writer::Busy, Wait::Until(rest)),
                None => (Writer::Busy, Wait::Not),
            };
        }
        match self.since {
            Some(since) => {
                match SOON_MAX.checked_sub(now.saturating_duration_since(since)).filter(|rest| !rest.is_zero()) {
                    Some(rest) => (Writer::Lingers, Wait::Until(rest)),
                    None => (Writer::Busy, Wait::Not),
                }
            }
            None => (Writer::Idle, Wait::ForWork),
        }
    }
}

/// How long after a batch that so many waited for the next one is taken. In a rush it pays to let some more come: each commit costs
/// a dozen system calls, a sync, and what of the file is written besides the entries.
fn apart(urgent: usize) -> Duration {
    COMMITS_APART * u32::try_from(urgent / RUSH_CALLS).unwrap_or(u32::MAX).min(COMMITS_APART_TIMES_MAX)
}

/// One call of `append`.
#[derive(Debug)]
pub(crate) struct Wanted {
    /// Only if the head is still here.
    pub(crate) expected: Option<Position>,
    /// The entries; at least one.
    pub(crate) entries: Vec<Vec<u8>>,
    /// Sum of their lengths.
    pub(crate) bytes: usize,
    /// Who waits.
    pub(crate) promise: Promise,
    /// Nobody waits: it may be written together with what comes next.
    pub(crate) soon: bool,
}

/// The queue between callers and the writer.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    waiting: VecDeque<Wanted>,
    entries: usize,
    bytes: usize,
    /// Calls among them that somebody waits for.
    urgent: usize,
    /// When the first of those that wait came, that nobody waits for.
    since: Option<Instant>,
    closed: bool,
    writer: Writer,
    /// When the last batch was taken, and how many calls that somebody waited for it held.
    last: Option<(Instant, usize)>,
}

/// What the writer does. Calling it costs a system call each time, so it is called only if it would come.
#[derive(Debug, Default, PartialEq, Eq)]
enum Writer {
    /// It writes, or has been called.
    #[default]
    Busy,
    /// It waits for anything.
    Idle,
    /// It waits for what somebody waits for.
    Lingers,
}

impl Queue {
    /// Puts a call at the end; it fails at once with `Busy` when the queue is full, with `Closed` when it is closed.
    pub(crate) fn push(&self, wanted: Wanted) {
        let mut state = self.lock();
        let entries = state.entries.saturating_add(wanted.entries.len());
        let bytes = state.bytes.saturating_add(wanted.bytes);
        let refused = if state.closed {
            Some(JournalError::Closed)
        } else if entries > QUEUE_ENTRIES_MAX || bytes > QUEUE_BYTES_MAX {
            Some(JournalError::Busy)
        } else {
            None
        };
        if let Some(error) = refused {
            drop(state);
            return wanted.promise.fulfil(Err(Arc::new(error)));
        }
        (state.entries, state.bytes) = (entries, bytes);
        let called = match (&state.writer, wanted.soon) {
            (Writer::Idle, _) | (Writer::Lingers, false) => true,
            (Writer::Busy, _) | (Writer::Lingers, true) => false,
        };
        if wanted.soon {
            state.since.get_or_insert_with(Instant::now);
        } else {
            state.urgent += 1;
        }
        state.waiting.push_back(wanted);
        if called {
            state.writer = Writer::Busy;
        }
        drop(state);
        if called {
            self.changed.notify_one();
        }
    }

    /// Waits, then takes what one transaction should carry. Empty: closed, and everything was taken.
    pub(crate) fn take_batch(&self) -> Vec<Wanted> {
        let mut state = self.lock();
        loop {
            let (writer, wait) = state.next(Instant::now());
            state.writer = writer;
            state = match wait {
                Wait::Not => break,
                Wait::Until(length) => {
                    self.changed.wait_timeout(state, length).unwrap_or_else(PoisonError::into_inner).0
                }
                Wait::ForWork => self.changed.wait(state).unwrap_or_else(PoisonError::into_inner),
            };
        }
        let (mut batch, mut entries, mut bytes, mut urgent) = (Vec::new(), 0, 0, 0);
        while entries < BATCH_ENTRIES_MAX && bytes < BATCH_BYTES_MAX {
            let Some(wanted) = state.waiting.pop_front() else { break };
            entries += wanted.entries.len();
            bytes += wanted.bytes;
            urgent += usize::from(!wanted.soon);
            batch.push(wanted);
        }
        state.entries = state.entries.saturating_sub(entries);
        state.bytes = state.bytes.saturating_sub(bytes);
        state.urgent = state.urgent.saturating_sub(urgent);
        // What is left, if anything, is the rest of a flood: it is taken next.
        state.since = state.since.filter(|_| !state.waiting.is_empty());
        state.last = Some((Instant::now(), urgent));
        batch
    }

    /// Nothing more is taken in; what waits is still written.
    pub(crate) fn close(&self) {
        self.lock().closed = true;
        self.changed.notify_all();
    }

    /// Closes; what still waits fails with `Closed`.
    pub(crate) fn abandon(&self) {
        self.close();
        let waiting = std::mem::take(&mut self.lock().waiting);
        drop(waiting);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
