//! Clients are heard now and then while more is asked of a worker than it can do.
//!
//! To hear one request, refuse it and say so takes a read, a write and a walk through all of TLS and HTTP/2 for it alone, each in
//! memory that something else has had in between: several times what a refusal costs among others. While many are refused that is what
//! the worker does most. So whoever has something to say waits for some milliseconds then, and all that has come from him meanwhile is
//! heard at once. Nobody waits for whom nothing has come. A connection that is cut meanwhile is cut: only its task hears of it later.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use tokio::time::Instant;

use crate::bounds::HEARD_EVERY;

/// The clients of one worker, as far as they wait to be heard.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rounds(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    /// They wait at all.
    held: AtomicBool,
    /// How often that has ended: whoever waited before was called then.
    ended: AtomicU64,
    /// By when they are heard, the first first.
    waiting: Mutex<VecDeque<(Instant, Waker)>>,
}

impl Rounds {
    /// Whoever has something to say waits, from now on.
    pub(crate) fn begin(&self) {
        self.0.held.store(true, Ordering::Relaxed);
    }

    /// Calls whoever has waited long enough.
    pub(crate) fn call(&self, now: Instant) {
        if !self.0.held.load(Ordering::Relaxed) {
            return;
        }
        let mut waiting = self.waiting();
        while let Some((_, first)) = waiting.pop_front_if(|(due, _)| *due <= now) {
            first.wake();
        }
    }

    /// Everybody is heard at once again.
    pub(crate) fn end(&self) {
        if self.0.held.swap(false, Ordering::Relaxed) {
            self.0.ended.fetch_add(1, Ordering::Relaxed);
            self.waiting().drain(..).for_each(|(_, waker)| waker.wake());
        }
    }

    #[cfg(test)]
    pub(crate) fn are_held(&self) -> bool {
        self.0.held.load(Ordering::Relaxed)
    }

    /// A seat for one client.
    pub(crate) fn seat(&self) -> Seat {
        Seat { rounds: self.clone(), asked: None }
    }

    fn waiting(&self) -> MutexGuard<'_, VecDeque<(Instant, Waker)>> {
        self.0.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Of one client.
#[derive(Debug)]
pub(crate) struct Seat {
    rounds: Rounds,
    asked: Option<Asked>,
}

/// It had something to say, and stands in line.
#[derive(Debug)]
struct Asked {
    /// By when it is heard.
    due: Instant,
    /// Who is called then.
    called: Waker,
    /// How often rounds had ended.
    ended: u64,
}

impl Seat {
    /// Ready when what this client has to say may be heard. To be asked only when it has something to say.
    pub(crate) fn poll_heard(&mut self, cx: &Context<'_>) -> Poll<()> {
        if !self.rounds.0.held.load(Ordering::Relaxed) {
            self.asked = None;
            return Poll::Ready(());
        }
        self.poll_due(cx, Instant::now())
    }

    fn poll_due(&mut self, cx: &Context<'_>, now: Instant) -> Poll<()> {
        let ended = self.rounds.0.ended.load(Ordering::Relaxed);
        let due = match &self.asked {
            Some(asked) if asked.due <= now => return Poll::Ready(()),
            Some(asked) if asked.ended == ended && asked.called.will_wake(cx.waker()) => return Poll::Pending,
            Some(asked) => asked.due,
            None => now + HEARD_EVERY,
        };
        self.asked = Some(Asked { due, called: cx.waker().clone(), ended });
        let mut waiting = self.rounds.waiting();
        // Behind all that are due sooner: but for who changes whom to call, at the end.
        let place = waiting.partition_point(|(other, _)| *other <= due);
        waiting.insert(place, (due, cx.waker().clone()));
        // It may have ended meanwhile, where another thread asks.
        if self.rounds.0.held.load(Ordering::Relaxed) { Poll::Pending } else { Poll::Ready(()) }
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
    use std::time::Duration;

    use super::*;

    #[derive(Default)]
    struct Calls(AtomicU32);

    impl Wake for Calls {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    impl Calls {
        fn count(&self) -> u32 {
            self.0.load(Ordering::Relaxed)
        }
    }

    fn caller() -> (Arc<Calls>, Waker) {
        let calls = Arc::<Calls>::default();
        (Arc::clone(&calls), Waker::from(calls))
    }

    /// Asks for this client, so many milliseconds later.
    fn ask(seat: &mut Seat, waker: &Waker, start: Instant, millis: u64) -> Poll<()> {
        let cx = Context::from_waker(waker);
        if seat.rounds.0.held.load(Ordering::Relaxed) {
            seat.poll_due(&cx, start + Duration::from_millis(millis))
        } else {
            seat.poll_heard(&cx)
        }
    }

    fn call(rounds: &Rounds, start: Instant, millis: u64) {
        rounds.call(start + Duration::from_millis(millis));
    }

    const EVERY: u64 = HEARD_EVERY.as_millis() as u64;

    #[test]
    fn without_rounds_everybody_is_heard_at_once() {
        let (rounds, (calls, waker), start) = (Rounds::default(), caller(), Instant::now());
        let mut seat = rounds.seat();
        assert!(ask(&mut seat, &waker, start, 0).is_ready());
        call(&rounds, start, 10 * EVERY);
        assert!(ask(&mut seat, &waker, start, 0).is_ready());
        assert_eq!(calls.count(), 0);
    }

    #[test]
    fn whoever_has_something_to_say_is_called_once_when_it_is_time_and_heard_to_the_end() {
        let (rounds, (calls, waker), start) = (Rounds::default(), caller(), Instant::now());
        let mut seat = rounds.seat();
        rounds.begin();
        assert!(ask(&mut seat, &waker, start, 0).is_pending() && ask(&mut seat, &waker, start, 1).is_pending());
        rounds.begin();
        call(&rounds, start, EVERY - 1);
        assert!(ask(&mut seat, &waker, start, EVERY - 1).is_pending() && calls.count() == 0, "it is not yet time");
        call(&rounds, start, EVERY);
        assert_eq!(calls.count(), 1);
        assert!(ask(&mut seat, &waker, start, EVERY).is_ready() && ask(&mut seat, &waker, start, EVERY).is_ready());
        seat.heard();
        assert!(ask(&mut seat, &waker, start, EVERY).is_pending());
        assert!(ask(&mut seat, &waker, start, 10 * EVERY).is_ready(), "however late it comes");
    }

    #[test]
    fn those_who_came_later_are_called_later() {
        let (rounds, first, second, start) = (Rounds::default(), caller(), caller(), Instant::now());
        rounds.begin();
        let mut seats = [rounds.seat(), rounds.seat()];
        assert!(ask(&mut seats[1], &second.1, start, EVERY / 2).is_pending());
        assert!(ask(&mut seats[0], &first.1, start, 0).is_pending());
        call(&rounds, start, EVERY);
        assert_eq!((first.0.count(), second.0.count()), (1, 0));
    }

    #[test]
    fn whoever_waits_is_called_when_rounds_end_and_when_somebody_else_asks_for_it() {
        let (rounds, first, second, start) = (Rounds::default(), caller(), caller(), Instant::now());
        let mut seat = rounds.seat();
        rounds.begin();
        assert!(ask(&mut seat, &first.1, start, 0).is_pending() && ask(&mut seat, &second.1, start, 0).is_pending());
        rounds.end();
        assert_eq!((first.0.count(), second.0.count()), (1, 1));
        assert!(ask(&mut seat, &second.1, start, 0).is_ready());
        rounds.begin();
        assert!(ask(&mut seat, &second.1, start, 0).is_pending(), "what was asked before is forgotten");
        rounds.end();
        rounds.begin();
        let before = second.0.count();
        assert!(ask(&mut seat, &second.1, start, 1).is_pending(), "ended and begun before it was asked again");
        call(&rounds, start, EVERY);
        assert_eq!(second.0.count(), before + 1, "it stands in line anew");
    }
}
