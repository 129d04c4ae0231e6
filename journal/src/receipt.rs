//! A receipt for an append: a future for async callers, `wait` for the others. No runtime needed.

use std::pin::Pin;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use crate::{Appended, JournalError};

/// What a receipt comes to. The error is shared: one failed commit fails every append in it.
pub(crate) type Outcome = Result<Appended, Arc<JournalError>>;

/// Comes to [`Appended`] once the entries are durable. Dropping it does not take the append back.
#[derive(Debug)]
#[must_use = "an append is durable only once its receipt says so"]
pub struct Receipt {
    slot: Arc<Slot>,
}

impl Receipt {
    /// A receipt, the promise that fulfils it, and what else is done then.
    pub(crate) fn pair(then: Option<Then>) -> (Self, Promise) {
        let slot = Arc::new(Slot::default());
        (Self { slot: Arc::clone(&slot) }, Promise { slot: Some(slot), then })
    }

    /// Blocks until the entries are durable or the append failed. Not for async code.
    ///
    /// # Errors
    /// The append failed; see [`JournalError`].
    pub fn wait(self) -> Result<Appended, Arc<JournalError>> {
        let mut state = self.slot.lock();
        loop {
            if let Some(outcome) = state.outcome.clone() {
                return outcome;
            }
            state.blocks = true;
            state = self.slot.done.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl Future for Receipt {
    type Output = Result<Appended, Arc<JournalError>>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut state = self.slot.lock();
        if let Some(outcome) = state.outcome.clone() {
            return Poll::Ready(outcome);
        }
        match &mut state.waker {
            Some(waker) => waker.clone_from(context.waker()),
            none => *none = Some(context.waker().clone()),
        }
        Poll::Pending
    }
}

/// What is done with the outcome on the writer's thread, before whoever waits is woken. Short: everybody behind it waits.
pub(crate) type Then = Box<dyn FnOnce(&Outcome) + Send>;

/// The writer's end. Dropped unfulfilled (the writer ended), the receipt fails with `Closed`: nobody waits for ever.
pub(crate) struct Promise {
    /// None: there is no receipt.
    slot: Option<Arc<Slot>>,
    then: Option<Then>,
}

impl std::fmt::Debug for Promise {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Promise").field("slot", &self.slot).finish_non_exhaustive()
    }
}

impl Promise {
    /// One that nobody has a receipt for; this is done when it is fulfilled.
    pub(crate) fn alone(then: Then) -> Self {
        Self { slot: None, then: Some(then) }
    }

    pub(crate) fn fulfil(mut self, outcome: Outcome) {
        self.end(outcome);
    }

    fn end(&mut self, outcome: Outcome) {
        if let Some(then) = self.then.take() {
            then(&outcome);
        }
        if let Some(slot) = self.slot.take() {
            slot.fulfil(outcome);
        }
    }
}

impl Drop for Promise {
    fn drop(&mut self) {
        // Either is there until it is fulfilled.
        if self.slot.is_some() || self.then.is_some() {
            self.end(Err(Arc::new(JournalError::Closed)));
        }
    }
}

#[derive(Debug, Default)]
struct Slot {
    state: Mutex<State>,
    done: Condvar,
}

#[derive(Debug, Default)]
struct State {
    outcome: Option<Outcome>,
    waker: Option<Waker>,
    /// A thread is blocked on it. Telling a condition variable costs a system call whether anybody waits or not.
    blocks: bool,
}

impl Slot {
    /// Once: the promise lets go of it.
    fn fulfil(&self, outcome: Outcome) {
        let mut state = self.lock();
        state.outcome = Some(outcome);
        let (waker, blocks) = (state.waker.take(), state.blocks);
        drop(state);
        if blocks {
            self.done.notify_all();
        }
        // Outside the lock: a waker may run the task at once, on this thread.
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// A poisoned lock is used all the same: no code that can panic runs while it is held.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
