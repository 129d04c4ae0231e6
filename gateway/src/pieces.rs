//! Work that takes long, a piece at a time.
//!
//! A worker does one thing at a time, and what is ready stands in one line. Where fifty searches are ready, each with a piece of half a
//! millisecond, whoever asks for one record, or is to be refused, would stand behind all fifty. So such pieces take turns among
//! themselves, and between two of them all else that is ready has its own: nobody waits for more than one.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::Poll;
use std::time::Duration;

use futures_util::poll;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::{spawn_local, yield_now};
use tokio::time::Instant;

use crate::bounds::PIECE_AT_LEAST;

/// Work of one kind, of one worker.
#[derive(Debug)]
pub(crate) struct Pieces {
    one: Arc<Semaphore>,
    /// How long pieces have waited for their turn at most since it was last asked, in microseconds.
    waited: AtomicU32,
}

/// The turn of a piece. It is to be held over nothing that waits; [`PieceTurn::over`] gives it on.
#[must_use = "whoever has a turn has to give it on"]
pub(crate) struct PieceTurn(Option<OwnedSemaphorePermit>);

impl Default for Pieces {
    fn default() -> Self {
        Self { one: Arc::new(Semaphore::new(1)), waited: AtomicU32::new(0) }
    }
}

impl Pieces {
    /// The turn of the next piece. Whoever waits here has to be polled until he has it: a body of hyper's is, whatever its client takes.
    pub(crate) async fn turn(&self) -> PieceTurn {
        let one = Arc::clone(&self.one);
        let (turn, waited) = match Arc::clone(&one).try_acquire_owned() {
            Ok(turn) => (Some(turn), Duration::ZERO),
            Err(_) => {
                let since = Instant::now();
                // It is never closed.
                (one.acquire_owned().await.ok(), since.elapsed())
            }
        };
        self.waited.fetch_max(u32::try_from(waited.as_micros()).unwrap_or(u32::MAX), Ordering::Relaxed);
        PieceTurn(turn)
    }

    /// Work each of whose steps, from one waiting to the next, is a piece. A step of no length keeps nobody waiting: else whoever sends
    /// octet by octet would have each of them count as much as what takes long.
    pub(crate) async fn in_turns<F: Future + Unpin>(&self, mut work: F) -> F::Output {
        loop {
            let turn = self.turn().await;
            let begun = Instant::now();
            let step = poll!(&mut work);
            if begun.elapsed() >= PIECE_AT_LEAST {
                turn.over()
            } else {
                drop(turn)
            }
            if let Poll::Ready(done) = step {
                return done;
            }
            until_called().await;
        }
    }

    /// How long pieces have waited for their turn at most since this was last asked.
    pub(crate) fn waited(&self) -> Duration {
        Duration::from_micros(self.waited.swap(0, Ordering::Relaxed).into())
    }
}

impl PieceTurn {
    /// The piece is done: the next has its turn once all else that is ready, and whatever has come meanwhile, has had its own.
    pub(crate) fn over(self) {
        let Self(turn) = self;
        spawn_local(async move {
            yield_now().await;
            drop(turn);
        });
    }
}

/// Ready when the task is called again, by whatever was asked last.
async fn until_called() {
    let mut called = false;
    std::future::poll_fn(|_| if std::mem::replace(&mut called, true) { Poll::Ready(()) } else { Poll::Pending }).await;
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::rc::Rc;

    use tokio::runtime::{Builder, LocalOptions};
    use tokio::sync::oneshot;

    use super::*;

    fn on_a_worker<F: Future>(work: F) -> F::Output {
        Builder::new_current_thread().enable_all().build_local(LocalOptions::default()).unwrap().block_on(work)
    }

    #[test]
    fn between_two_pieces_whatever_is_ready_has_its_turn() {
        on_a_worker(async {
            let (pieces, order) = (Rc::new(Pieces::default()), Rc::new(RefCell::new(String::new())));
            let long = ['a', 'b', 'c'].map(|name| {
                let (pieces, order) = (Rc::clone(&pieces), Rc::clone(&order));
                spawn_local(async move {
                    for _ in 0..3 {
                        yield_now().await;
                        let turn = pieces.turn().await;
                        order.borrow_mut().push(name);
                        turn.over();
                    }
                })
            });
            let other = Rc::clone(&order);
            let other = spawn_local(async move {
                for _ in 0..20 {
                    other.borrow_mut().push('.');
                    yield_now().await;
                }
            });
            for one in long {
                one.await.unwrap();
            }
            other.await.unwrap();
            let order = order.borrow();
            let names = order.replace('.', "");
            let (round, rest) = names.split_at(3);
            assert_eq!(rest, round.repeat(2), "in turns");
            assert!(['a', 'b', 'c'].iter().all(|name| round.contains(*name)), "{order}");
            assert!(order.split('.').all(|pieces| pieces.len() <= 1), "never two in a row: {order}");
        });
    }

    #[test]
    fn steps_of_no_length_keep_nobody_waiting() {
        on_a_worker(async {
            let pieces = Rc::new(Pieces::default());
            let rounds = Rc::new(RefCell::new(0_u32));
            let counted = Rc::clone(&rounds);
            let counting = spawn_local(async move {
                loop {
                    *counted.borrow_mut() += 1;
                    yield_now().await;
                }
            });
            let short = (0..100).map(|_| {
                let pieces = Rc::clone(&pieces);
                spawn_local(async move { pieces.in_turns(std::future::ready(())).await })
            });
            futures_util::future::join_all(short).await;
            assert!(*rounds.borrow() <= 5, "{} rounds for a hundred steps", rounds.borrow());
            counting.abort();
        });
    }

    #[test]
    fn whoever_gives_up_waiting_or_is_gone_keeps_no_turn() {
        on_a_worker(async {
            let pieces = Rc::new(Pieces::default());
            let held = pieces.turn().await;
            let waits = Rc::clone(&pieces);
            let waiting = spawn_local(async move { waits.turn().await.over() });
            yield_now().await;
            waiting.abort();
            drop(held);
            tokio::time::timeout(Duration::from_secs(20), pieces.turn()).await.unwrap().over();
        });
    }

    #[test]
    fn work_in_turns_goes_on_whenever_it_is_called() {
        on_a_worker(async {
            let pieces = Rc::new(Pieces::default());
            let (first, second) = (oneshot::channel::<u8>(), oneshot::channel::<u8>());
            let (calls, waits) = ((first.0, second.0), (first.1, second.1));
            let own = Rc::clone(&pieces);
            let work = spawn_local(async move {
                own.in_turns(Box::pin(async { waits.0.await.unwrap() + waits.1.await.unwrap() })).await
            });
            yield_now().await;
            // It waits for what it was promised, and not for a turn: nobody else is kept from theirs.
            tokio::time::timeout(Duration::from_secs(20), pieces.turn()).await.unwrap().over();
            let held = pieces.turn().await;
            calls.0.send(1).unwrap();
            yield_now().await;
            calls.1.send(2).unwrap();
            for _ in 0..5 {
                yield_now().await;
            }
            assert!(!work.is_finished(), "somebody else's turn");
            held.over();
            assert_eq!(tokio::time::timeout(Duration::from_secs(20), work).await.unwrap().unwrap(), 3);
        });
    }

    #[test]
    fn how_long_pieces_waited_is_known_once() {
        on_a_worker(async {
            let pieces = Rc::new(Pieces::default());
            pieces.turn().await.over();
            assert_eq!(pieces.waited(), Duration::ZERO);
            for _ in 0..3 {
                yield_now().await;
            }
            let held = pieces.turn().await;
            let own = Rc::clone(&pieces);
            let next = spawn_local(async move { own.turn().await.over() });
            yield_now().await;
            std::thread::sleep(Duration::from_millis(5));
            held.over();
            next.await.unwrap();
            assert!(pieces.waited() >= Duration::from_millis(5));
            assert_eq!(pieces.waited(), Duration::ZERO, "told before");
        });
    }
}
