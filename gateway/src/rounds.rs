//! Clients are heard in rounds while more is asked of a worker than it can do.
//!
//! To hear one request, refuse it and say so takes a read, a write and a walk through all of TLS and HTTP/2 for it alone, each in
//! memory that something else has had in between: five times what a refusal costs among others. While many are refused that is what
//! the worker does most. So clients wait for the next round then, some milliseconds away, and all that has come up to then is heard at
//! once. Nobody waits for whom nothing has come, and a cut is heard at once.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

/// The rounds of one worker.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rounds(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    /// There are any.
    held: AtomicBool,
    /// Which round it is, of all there ever were.
    number: AtomicU64,
    waiting: Mutex<Vec<Waker>>,
}

impl Rounds {
    /// Whoever has something to say is heard in the next round, from now on.
    pub(crate) fn begin(&self) {
        self.0.held.store(true, Ordering::Relaxed);
    }

    /// The next round, if there are any.
    pub(crate) fn next(&self) {
        if self.0.held.load(Ordering::Relaxed) {
            self.call();
        }
    }

    /// Everybody is heard at once again.
    pub(crate) fn end(&self) {
        self.0.held.store(false, Ordering::Relaxed);
        self.call();
    }

    /// A seat for one client.
    pub(crate) fn seat(&self) -> Seat {
        Seat { rounds: self.clone(), asked: None }
    }

    fn call(&self) {
        self.0.number.fetch_add(1, Ordering::Relaxed);
        let waiting = std::mem::take(&mut *self.waiting());
        waiting.into_iter().for_each(Waker::wake);
    }

    fn waiting(&self) -> MutexGuard<'_, Vec<Waker>> {
        self.0.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Of one client.
#[derive(Debug)]
pub(crate) struct Seat {
    rounds: Rounds,
    /// In which round it had something to say first, and who is called for it.
    asked: Option<(u64, Waker)>,
}

impl Seat {
    /// Ready when what this client has to say may be heard. To be asked only when it has something to say.
    pub(crate) fn poll_round(&mut self, cx: &Context<'_>) -> Poll<()> {
        if !self.rounds.0.held.load(Ordering::Relaxed) {
            self.asked = None;
            return Poll::Ready(());
        }
        let number = self.rounds.0.number.load(Ordering::Relaxed);
        match &self.asked {
            Some((round, _)) if *round != number => return Poll::Ready(()),
            Some((_, called)) if called.will_wake(cx.waker()) => return Poll::Pending,
            _ => {}
        }
        self.asked = Some((number, cx.waker().clone()));
        let mut waiting = self.rounds.waiting();
        waiting.push(cx.waker().clone());
        // It may have come meanwhile, where somebody else's thread asks.
        if self.rounds.0.number.load(Ordering::Relaxed) == number { Poll::Pending } else { Poll::Ready(()) }
    }

    /// All that this client had to say was heard.
    pub(crate) fn heard(&mut self) {
        self.asked = None;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU32;
    use std::task::Wake;

    use super::*;

    #[derive(Default)]
    struct Calls(AtomicU32);

    impl Wake for Calls {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn caller() -> (Arc<Calls>, Waker) {
        let calls = Arc::<Calls>::default();
        (Arc::clone(&calls), Waker::from(calls))
    }

    #[test]
    fn without_rounds_everybody_is_heard_at_once() {
        let (rounds, (calls, waker)) = (Rounds::default(), caller());
        let mut seat = rounds.seat();
        assert!(seat.poll_round(&Context::from_waker(&waker)).is_ready());
        rounds.next();
        assert!(seat.poll_round(&Context::from_waker(&waker)).is_ready(), "there are none to come");
        assert_eq!(calls.0.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn whoever_has_something_to_say_is_called_once_in_the_next_round_and_heard_to_the_end() {
        let (rounds, (calls, waker)) = (Rounds::default(), caller());
        let cx = Context::from_waker(&waker);
        let mut seat = rounds.seat();
        rounds.begin();
        assert!(seat.poll_round(&cx).is_pending() && seat.poll_round(&cx).is_pending());
        rounds.begin();
        assert!(seat.poll_round(&cx).is_pending(), "what has begun does not begin again");
        rounds.next();
        assert_eq!(calls.0.load(Ordering::Relaxed), 1);
        assert!(seat.poll_round(&cx).is_ready() && seat.poll_round(&cx).is_ready(), "it has not said all");
        seat.heard();
        assert!(seat.poll_round(&cx).is_pending());
        rounds.next();
        rounds.next();
        assert!(seat.poll_round(&cx).is_ready(), "however late it comes");
        assert_eq!(calls.0.load(Ordering::Relaxed), 2);
    }

    #[test]
    fn whoever_waits_is_called_when_rounds_end_and_when_somebody_else_asks_for_it() {
        let (rounds, (first, first_waker), (second, second_waker)) = (Rounds::default(), caller(), caller());
        let mut seat = rounds.seat();
        rounds.begin();
        assert!(seat.poll_round(&Context::from_waker(&first_waker)).is_pending());
        assert!(seat.poll_round(&Context::from_waker(&second_waker)).is_pending());
        rounds.end();
        assert_eq!((first.0.load(Ordering::Relaxed), second.0.load(Ordering::Relaxed)), (1, 1));
        assert!(seat.poll_round(&Context::from_waker(&second_waker)).is_ready());
        rounds.begin();
        assert!(
            seat.poll_round(&Context::from_waker(&second_waker)).is_pending(),
            "what was asked before is forgotten"
        );
        rounds.end();
        rounds.begin();
        rounds.next();
        assert!(
            seat.poll_round(&Context::from_waker(&second_waker)).is_ready(),
            "ended and begun before it was asked again"
        );
    }
}
