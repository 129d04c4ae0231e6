//! Requests of one HTTP/2 connection begin a few at a time.
//!
//! What is ready stands in one line, and a connection may bring a hundred requests at once: whoever comes behind would stand behind them
//! all. So of a connection with more than a few streams only a few begin in a round of the worker; between two rounds all else that is
//! ready has its turn. What has begun goes on whenever it is called: it may hold what others wait for. A connection with few
//! streams does not notice, and a worker with nothing else to do has its rounds at once.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker, ready};

use hyper::service::Service;
use tokio::task::{spawn_local, yield_now};

use crate::bounds::H2_BEGUN_A_ROUND;

/// A service whose requests begin a few at a time.
#[derive(Clone)]
pub(super) struct Fairly<S> {
    service: S,
    requests: Rc<Requests>,
}

impl<S> Fairly<S> {
    pub(super) fn new(service: S) -> Self {
        Self { service, requests: Rc::default() }
    }
}

impl<S: Service<R, Future: Unpin>, R> Service<R> for Fairly<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = Fair<S::Future>;

    fn call(&self, request: R) -> Self::Future {
        self.requests.with(self.service.call(request))
    }
}

/// The requests of one connection.
#[derive(Default)]
struct Requests {
    open: Cell<u32>,
    /// Begun in this round.
    begun: Cell<u32>,
    /// Somebody sees to the next round.
    is_seen_to: Cell<bool>,
    waiting: RefCell<VecDeque<Waker>>,
    /// How many have been called of those who ever waited.
    called: Cell<u64>,
}

/// One request.
pub(super) struct Fair<F> {
    inner: F,
    requests: Rc<Requests>,
    begun: bool,
    /// Its number among those who ever waited.
    ticket: Option<u64>,
}

impl Requests {
    /// One more.
    fn with<F>(self: &Rc<Self>, inner: F) -> Fair<F> {
        self.open.set(self.open.get().saturating_add(1));
        Fair { inner, requests: Rc::clone(self), begun: false, ticket: None }
    }

    /// Ready when a request may begin that has this ticket, or none yet.
    fn poll_begin(self: &Rc<Self>, ticket: &mut Option<u64>, cx: &Context<'_>) -> Poll<()> {
        if self.open.get() <= H2_BEGUN_A_ROUND {
            return Poll::Ready(());
        }
        self.see_to_it();
        let begun = self.begun.get();
        if begun < H2_BEGUN_A_ROUND {
            self.begun.set(begun.saturating_add(1));
            return Poll::Ready(());
        }
        // Called, and somebody else was sooner; or never in line.
        if ticket.is_none_or(|ticket| ticket < self.called.get()) {
            let mut waiting = self.waiting.borrow_mut();
            *ticket = Some(self.called.get().wrapping_add(u64::try_from(waiting.len()).unwrap_or(u64::MAX)));
            waiting.push_back(cx.waker().clone());
        }
        Poll::Pending
    }

    /// Sees to it that there is a next round.
    fn see_to_it(self: &Rc<Self>) {
        if self.is_seen_to.replace(true) {
            return;
        }
        let requests = Rc::clone(self);
        spawn_local(async move {
            while requests.begun.replace(0) > 0 || !requests.waiting.borrow().is_empty() {
                requests.call();
                yield_now().await;
            }
            requests.is_seen_to.set(false);
        });
    }

    fn call(&self) {
        for _ in 0..H2_BEGUN_A_ROUND {
            let Some(first) = self.waiting.borrow_mut().pop_front() else { return };
            self.called.set(self.called.get().wrapping_add(1));
            first.wake();
        }
    }
}

impl<F: Future + Unpin> Future for Fair<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = &mut *self;
        if !this.begun {
            ready!(this.requests.poll_begin(&mut this.ticket, cx));
            this.begun = true;
        }
        Pin::new(&mut this.inner).poll(cx)
    }
}

impl<F> Drop for Fair<F> {
    fn drop(&mut self) {
        self.requests.open.set(self.requests.open.get().saturating_sub(1));
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::time::Duration;

    use tokio::runtime::{Builder, LocalOptions};
    use tokio::time::timeout;

    use super::*;
    use crate::pieces::Pieces;

    fn on_a_worker<F: Future>(work: F) -> F::Output {
        let runtime = Builder::new_current_thread().enable_all().build_local(LocalOptions::default()).unwrap();
        runtime.block_on(async { timeout(Duration::from_secs(30), work).await.expect("somebody waits for ever") })
    }

    /// Work of so many steps, each of which calls itself again; its beginning is noted.
    fn steps(count: u32, order: &Rc<RefCell<String>>) -> impl Future<Output = ()> + Unpin + use<> {
        let (mut left, order) = (count, Rc::clone(order));
        poll_fn(move |cx| {
            if left == count {
                order.borrow_mut().push('b');
            }
            left -= 1;
            if left == 0 {
                return Poll::Ready(());
            }
            cx.waker().wake_by_ref();
            Poll::Pending
        })
    }

    #[test]
    fn of_many_requests_a_few_begin_before_somebody_else_has_his_turn_and_all_come_to_their_end() {
        on_a_worker(async {
            let (requests, order) = (Rc::<Requests>::default(), Rc::<RefCell<String>>::default());
            let all: Vec<_> = (0..50).map(|_| requests.with(steps(30, &order))).map(spawn_local).collect();
            let neighbour = Rc::clone(&order);
            let neighbour = spawn_local(async move {
                for _ in 0..40 {
                    neighbour.borrow_mut().push('.');
                    yield_now().await;
                }
            });
            for one in all {
                one.await.unwrap();
            }
            neighbour.await.unwrap();
            let order = order.borrow();
            assert_eq!(order.matches('b').count(), 50);
            let most = order.split('.').map(str::len).max().unwrap();
            // The first round may begin in the middle of one of the neighbour's.
            assert!(most <= 2 * H2_BEGUN_A_ROUND as usize, "{order}");
            assert_eq!(requests.open.get(), 0);
        });
    }

    #[test]
    fn a_few_requests_wait_for_nobody() {
        on_a_worker(async {
            let (requests, order) = (Rc::<Requests>::default(), Rc::<RefCell<String>>::default());
            let mut few: Vec<_> = (0..H2_BEGUN_A_ROUND).map(|_| requests.with(steps(10, &order))).collect();
            for one in &mut few {
                assert!(poll_fn(|cx| Poll::Ready(Pin::new(&mut *one).poll(cx))).await.is_pending());
            }
            assert_eq!(order.borrow().len(), few.len());
            assert!(!requests.is_seen_to.get());
        });
    }

    #[test]
    fn requests_that_are_reset_while_they_wait_keep_nobody_waiting() {
        on_a_worker(async {
            let (requests, order) = (Rc::<Requests>::default(), Rc::<RefCell<String>>::default());
            let mut all: Vec<_> = (0..50).map(|_| spawn_local(requests.with(steps(100_000, &order)))).collect();
            for _ in 0..5 {
                yield_now().await;
            }
            all.drain(..40).for_each(|reset| reset.abort());
            spawn_local(requests.with(steps(3, &order))).await.unwrap();
            all.iter().for_each(tokio::task::JoinHandle::abort);
            for one in all {
                assert!(one.await.is_err());
            }
            assert_eq!(requests.open.get(), 0);
        });
    }

    #[test]
    fn who_has_the_turn_that_others_wait_for_goes_on_however_many_stand_in_line() {
        on_a_worker(async {
            let (requests, pieces) = (Rc::<Requests>::default(), Rc::new(Pieces::default()));
            let order = Rc::<RefCell<String>>::default();
            let search = |pieces: &Rc<Pieces>| {
                let pieces = Rc::clone(pieces);
                Box::pin(async move {
                    for _ in 0..20 {
                        pieces.turn().await.over();
                    }
                })
            };
            let crowd: Vec<_> = (0..100).map(|_| spawn_local(requests.with(steps(u32::MAX, &order)))).collect();
            let own = spawn_local(requests.with(search(&pieces)));
            let neighbour = spawn_local(search(&pieces));
            let mut rounds = 0;
            while !neighbour.is_finished() {
                yield_now().await;
                rounds += 1;
            }
            assert!(rounds < 400, "{rounds} rounds for twenty pieces");
            own.abort();
            crowd.iter().for_each(tokio::task::JoinHandle::abort);
        });
    }
}
