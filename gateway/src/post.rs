//! Calls from other threads, a round at a time.
//!
//! The journal's writer makes some twenty entries durable at once, each of which a task of a worker waits for. Waking a task of another
//! thread's runtime is a lock and a system call each; waking one of one's own is neither. So whoever waits leaves a letter, and the
//! first of a round calls the worker's carrier, which wakes all of them where they are.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

/// A worker's letter box.
#[derive(Clone, Debug, Default)]
pub(crate) struct Post(Arc<Mutex<Letters>>);

#[derive(Debug, Default)]
struct Letters {
    waiting: Vec<Waker>,
    /// The carrier, while it sleeps.
    carrier: Option<Waker>,
}

impl Post {
    /// What comes from another thread, waited for by letter. Without a carrier it never comes.
    pub(crate) fn bring<F>(&self, future: F) -> Brought<F> {
        Brought { future, post: self.clone(), letter: None }
    }

    /// Carries letters, on the thread of those they are for; it never ends.
    pub(crate) fn carrier(&self) -> impl Future<Output = ()> + use<> {
        let post = self.clone();
        // The two take turns, so that neither is made anew.
        let mut round = Vec::new();
        std::future::poll_fn(move |context| {
            let mut letters = post.letters();
            std::mem::swap(&mut letters.waiting, &mut round);
            match &mut letters.carrier {
                Some(carrier) => carrier.clone_from(context.waker()),
                none => *none = Some(context.waker().clone()),
            }
            drop(letters);
            round.drain(..).for_each(Waker::wake);
            Poll::Pending
        })
    }

    fn letters(&self) -> MutexGuard<'_, Letters> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// See [`Post::bring`].
#[derive(Debug)]
pub(crate) struct Brought<F> {
    future: F,
    post: Post,
    /// What the future has, and for whom it is.
    letter: Option<(Waker, Waker)>,
}

impl<F: Future + Unpin> Future for Brought<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let this = &mut *self;
        let to = context.waker();
        let letter = match &mut this.letter {
            Some((letter, addressee)) if addressee.will_wake(to) => letter,
            outdated => {
                let letter = Letter { to: to.clone(), post: this.post.clone() };
                &mut outdated.insert((Waker::from(Arc::new(letter)), to.clone())).0
            }
        };
        Pin::new(&mut this.future).poll(&mut Context::from_waker(letter))
    }
}

struct Letter {
    to: Waker,
    post: Post,
}

impl Wake for Letter {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let mut letters = self.post.letters();
        letters.waiting.push(self.to.clone());
        // Behind the first of a round it is awake, or has been called.
        let carrier = if letters.waiting.len() == 1 { letters.carrier.take() } else { None };
        drop(letters);
        if let Some(carrier) = carrier {
            carrier.wake();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;
    use std::time::Duration;

    use tokio::sync::oneshot;

    use super::*;

    /// Counts how often it is called.
    #[derive(Default)]
    struct Calls(AtomicUsize);

    impl Wake for Calls {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn a_round_calls_the_carrier_once_and_each_addressee_once() {
        let post = Post::default();
        let (carried, addressees) =
            (Arc::<Calls>::default(), [const { None::<Arc<Calls>> }; 5].map(|_| Arc::default()));
        let carrier_waker = Waker::from(Arc::clone(&carried));
        let mut carrier = std::pin::pin!(post.carrier());
        let mut carry = || carrier.as_mut().poll(&mut Context::from_waker(&carrier_waker)).is_pending();
        assert!(carry());
        for round in 1..=3 {
            let (calls, mut waiting): (Vec<_>, Vec<_>) = addressees
                .iter()
                .map(|addressee: &Arc<Calls>| {
                    let (call, called) = oneshot::channel::<()>();
                    let mut brought = post.bring(called);
                    let waker = Waker::from(Arc::clone(addressee));
                    // Asked twice, it is one letter.
                    for _ in 0..2 {
                        assert!(Pin::new(&mut brought).poll(&mut Context::from_waker(&waker)).is_pending());
                    }
                    (call, brought)
                })
                .unzip();
            thread::spawn(|| calls.into_iter().for_each(|call| call.send(()).unwrap())).join().unwrap();
            assert_eq!(carried.0.load(Ordering::Relaxed), round, "called once a round");
            assert!(
                addressees.iter().all(|addressee| addressee.0.load(Ordering::Relaxed) == round - 1),
                "nobody before"
            );
            assert!(carry());
            for (addressee, brought) in addressees.iter().zip(&mut waiting) {
                assert_eq!(addressee.0.load(Ordering::Relaxed), round);
                let polled = Pin::new(brought).poll(&mut Context::from_waker(Waker::noop()));
                assert_eq!(polled, Poll::Ready(Ok(())));
            }
        }
    }

    #[test]
    fn whoever_waits_is_woken_whenever_the_letter_comes() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let post = Post::default();
            tokio::spawn(post.carrier());
            for round in 0..2000_u32 {
                let (call, called) = oneshot::channel();
                let sender = (round % 3 > 0).then(|| thread::spawn(move || call.send(round).unwrap()));
                let brought = tokio::time::timeout(Duration::from_secs(20), post.bring(called)).await;
                assert_eq!(brought.unwrap().ok(), sender.is_some().then_some(round));
                if let Some(sender) = sender {
                    sender.join().unwrap();
                }
            }
        });
    }
}
