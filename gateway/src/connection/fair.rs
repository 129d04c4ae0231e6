//! Streams of one HTTP/2 connection, a few at a time.
//!
//! What is ready stands in one line, and a connection may have a hundred streams: whoever has one would stand behind them all. So of a
//! connection with more than a few streams only a few go a step further in a round of the worker; between two rounds all else that is
//! ready has its turn. A connection with few of them does not notice, and a worker with nothing else to do has its rounds at once.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker, ready};

use hyper::body::{Body, Frame, SizeHint};
use tokio::task::{spawn_local, yield_now};

use crate::bounds::H2_STEPS_A_ROUND;

/// The streams of one connection.
#[derive(Default)]
pub(super) struct Streams {
    open: Cell<u32>,
    /// Steps in this round.
    steps: Cell<u32>,
    /// Somebody sees to the next round.
    is_seen_to: Cell<bool>,
    waiting: RefCell<VecDeque<Waker>>,
    /// How many have been called of those who ever waited.
    called: Cell<u64>,
}

/// What one stream does: its request, and then the body of its answer.
pub(super) struct Fair<T> {
    inner: T,
    place: Place,
}

/// Of one stream, counted until it is dropped.
struct Place {
    streams: Rc<Streams>,
    /// Its number among those who ever waited.
    ticket: Option<u64>,
}

impl Streams {
    /// One more.
    pub(super) fn with<T>(self: &Rc<Self>, inner: T) -> Fair<T> {
        self.open.set(self.open.get().saturating_add(1));
        Fair { inner, place: Place { streams: Rc::clone(self), ticket: None } }
    }

    /// Sees to it that there is a next round.
    fn see_to_it(self: &Rc<Self>) {
        if self.is_seen_to.replace(true) {
            return;
        }
        let streams = Rc::clone(self);
        spawn_local(async move {
            while streams.steps.replace(0) > 0 || !streams.waiting.borrow().is_empty() {
                streams.call();
                yield_now().await;
            }
            streams.is_seen_to.set(false);
        });
    }

    fn call(&self) {
        for _ in 0..H2_STEPS_A_ROUND {
            let Some(first) = self.waiting.borrow_mut().pop_front() else { return };
            self.called.set(self.called.get().wrapping_add(1));
            first.wake();
        }
    }
}

impl Place {
    /// Ready when this stream may go a step further.
    fn poll_step(&mut self, cx: &Context<'_>) -> Poll<()> {
        let Self { streams, ticket } = self;
        if streams.open.get() <= H2_STEPS_A_ROUND {
            return Poll::Ready(());
        }
        streams.see_to_it();
        let steps = streams.steps.get();
        if steps < H2_STEPS_A_ROUND {
            streams.steps.set(steps.saturating_add(1));
            *ticket = None;
            return Poll::Ready(());
        }
        // Called, and somebody else was sooner; or never in line.
        if ticket.is_none_or(|ticket| ticket < streams.called.get()) {
            let mut waiting = streams.waiting.borrow_mut();
            *ticket = Some(streams.called.get().wrapping_add(u64::try_from(waiting.len()).unwrap_or(u64::MAX)));
            waiting.push_back(cx.waker().clone());
        }
        Poll::Pending
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.streams.open.set(self.streams.open.get().saturating_sub(1));
    }
}

impl<T: Future + Unpin> Future for Fair<T> {
    type Output = T::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T::Output> {
        ready!(self.place.poll_step(cx));
        Pin::new(&mut self.inner).poll(cx)
    }
}

impl<T: Body + Unpin> Body for Fair<T> {
    type Data = T::Data;
    type Error = T::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<T::Data>, T::Error>>> {
        ready!(self.place.poll_step(cx));
        Pin::new(&mut self.inner).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use tokio::runtime::{Builder, LocalOptions};

    use super::*;

    fn on_a_worker<F: Future>(work: F) -> F::Output {
        Builder::new_current_thread().enable_all().build_local(LocalOptions::default()).unwrap().block_on(work)
    }

    /// Work of so many steps, each of which calls itself again and is noted.
    fn steps(count: u32, name: char, order: &Rc<RefCell<String>>) -> impl Future<Output = ()> + Unpin + use<> {
        let (mut left, order) = (count, Rc::clone(order));
        poll_fn(move |cx| {
            order.borrow_mut().push(name);
            left -= 1;
            if left == 0 {
                return Poll::Ready(());
            }
            cx.waker().wake_by_ref();
            Poll::Pending
        })
    }

    #[test]
    fn of_many_streams_a_few_go_a_step_further_before_somebody_else_has_his_turn_and_all_come_to_their_end() {
        on_a_worker(async {
            let (streams, order) = (Rc::<Streams>::default(), Rc::<RefCell<String>>::default());
            let all: Vec<_> = (0..50).map(|_| streams.with(steps(3, 's', &order))).map(spawn_local).collect();
            let neighbour = Rc::clone(&order);
            let neighbour = spawn_local(async move {
                for _ in 0..20 {
                    neighbour.borrow_mut().push('.');
                    yield_now().await;
                }
            });
            for one in all {
                one.await.unwrap();
            }
            neighbour.await.unwrap();
            let order = order.borrow();
            assert_eq!(order.matches('s').count(), 150);
            let most = order.split('.').map(str::len).take(20).max().unwrap();
            // What was called beside what came by itself.
            assert!(most <= 2 * H2_STEPS_A_ROUND as usize, "{order}");
            assert_eq!(streams.open.get(), 0);
        });
    }

    #[test]
    fn a_few_streams_wait_for_nobody() {
        on_a_worker(async {
            let (streams, order) = (Rc::<Streams>::default(), Rc::<RefCell<String>>::default());
            let mut few: Vec<_> = (0..H2_STEPS_A_ROUND).map(|_| streams.with(steps(10, 's', &order))).collect();
            for one in &mut few {
                for _ in 0..9 {
                    assert!(poll_fn(|cx| Poll::Ready(Pin::new(&mut *one).poll(cx))).await.is_pending());
                }
            }
            assert_eq!(order.borrow().len(), 9 * few.len(), "each poll is a step");
            assert!(!streams.is_seen_to.get());
        });
    }

    #[test]
    fn streams_that_are_reset_while_they_wait_keep_nobody_waiting() {
        on_a_worker(async {
            let (streams, order) = (Rc::<Streams>::default(), Rc::<RefCell<String>>::default());
            let mut all: Vec<_> = (0..50).map(|_| spawn_local(streams.with(steps(1000, 's', &order)))).collect();
            for _ in 0..5 {
                yield_now().await;
            }
            all.drain(..40).for_each(|reset| reset.abort());
            let last = spawn_local(streams.with(steps(3, 'l', &order)));
            last.await.unwrap();
            all.iter().for_each(tokio::task::JoinHandle::abort);
            for one in all {
                assert!(one.await.is_err());
            }
            assert_eq!(streams.open.get(), 0);
        });
    }
}
