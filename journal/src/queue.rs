//! Appends waiting for the writer: bounded, in order.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use crate::bounds::{BATCH_BYTES_MAX, BATCH_ENTRIES_MAX, QUEUE_BYTES_MAX, QUEUE_ENTRIES_MAX};
use crate::receipt::Promise;
use crate::{JournalError, Position};

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
    closed: bool,
    /// The writer waits for work, and nobody has called it yet. A call costs a system call each time.
    idle: bool,
}

impl Queue {
    /// Puts a call at the end.
    ///
    /// # Errors
    /// `Busy` when the queue is full, `Closed` when it is closed; the call comes back.
    pub(crate) fn push(&self, wanted: Wanted) -> Result<(), (Wanted, JournalError)> {
        let mut state = self.lock();
        if state.closed {
            return Err((wanted, JournalError::Closed));
        }
        let entries = state.entries.saturating_add(wanted.entries.len());
        let bytes = state.bytes.saturating_add(wanted.bytes);
        if entries > QUEUE_ENTRIES_MAX || bytes > QUEUE_BYTES_MAX {
            return Err((wanted, JournalError::Busy));
        }
        (state.entries, state.bytes) = (entries, bytes);
        state.waiting.push_back(wanted);
        let called = std::mem::take(&mut state.idle);
        drop(state);
        if called {
            self.changed.notify_one();
        }
        Ok(())
    }

    /// Waits, then takes what one transaction should carry. Empty: closed, and everything was taken.
    pub(crate) fn take_batch(&self) -> Vec<Wanted> {
        let mut state = self.lock();
        while state.waiting.is_empty() && !state.closed {
            state.idle = true;
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.idle = false;
        let (mut batch, mut entries, mut bytes) = (Vec::new(), 0, 0);
        while entries < BATCH_ENTRIES_MAX && bytes < BATCH_BYTES_MAX {
            let Some(wanted) = state.waiting.pop_front() else { break };
            entries += wanted.entries.len();
            bytes += wanted.bytes;
            batch.push(wanted);
        }
        state.entries = state.entries.saturating_sub(entries);
        state.bytes = state.bytes.saturating_sub(bytes);
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
