//! Change notice: who waits for news of the head, and how long ago the database was last heard.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::Position;

/// What is known of the head, shared by the threads of one journal.
#[derive(Debug)]
pub(crate) struct Notice {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug)]
struct State {
    head: Position,
    heard: Instant,
    /// When our own writer committed last.
    committed: Option<Instant>,
    closed: bool,
}

impl Notice {
    pub(crate) fn new(head: Position) -> Self {
        let state = State { head, heard: Instant::now(), committed: None, closed: false };
        Self { state: Mutex::new(state), changed: Condvar::new() }
    }

    /// The database answered; perhaps with a newer head.
    pub(crate) fn heard(&self, head: Option<Position>) {
        self.told(self.lock(), head);
    }

    /// Our own writer has committed, behind whatever others had.
    pub(crate) fn committed(&self, head: Position) {
        let mut state = self.lock();
        state.committed = Some(Instant::now());
        self.told(state, Some(head));
    }

    fn told(&self, mut state: MutexGuard<'_, State>, head: Option<Position>) {
        state.heard = Instant::now();
        if let Some(head) = head
            && head > state.head
        {
            state.head = head;
            drop(state);
            self.changed.notify_all();
        }
    }

    /// Whether our own writer committed within so long.
    pub(crate) fn committed_within(&self, length: Duration) -> bool {
        self.lock().committed.is_some_and(|at| at.elapsed() < length)
    }

    /// How long ago the database last answered.
    pub(crate) fn silent_for(&self) -> Duration {
        self.lock().heard.elapsed()
    }

    pub(crate) fn close(&self) {
        self.lock().closed = true;
        self.changed.notify_all();
    }

    /// Waits so long, or until the journal is closed; then whether it is closed.
    pub(crate) fn pause(&self, length: Duration) -> bool {
        let state = self.lock();
        let wait = self.changed.wait_timeout_while(state, length, |state| !state.closed);
        wait.unwrap_or_else(PoisonError::into_inner).0.closed
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Tells when the journal has grown, by whomever.
#[derive(Clone, Debug)]
pub struct Watch {
    notice: Arc<Notice>,
}

impl Watch {
    pub(crate) fn new(notice: Arc<Notice>) -> Self {
        Self { notice }
    }

    /// Blocks until the head is known to lie past `seen`, or the time is over; gives the newest known head. Appends of
    /// this handle count once durable; those of other processes within some milliseconds (SQLite) or a network's way
    /// (PostgreSQL).
    pub fn wait_past(&mut self, seen: Position, timeout: Duration) -> Position {
        let state = self.notice.lock();
        let wait = self.notice.changed.wait_timeout_while(state, timeout, |state| state.head <= seen);
        wait.unwrap_or_else(PoisonError::into_inner).0.head
    }

    /// The journal was closed: nothing more will come.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.notice.lock().closed
    }
}
