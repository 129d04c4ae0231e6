//! The switch of one exchange: thrown from any thread, felt by whoever serves it.

use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use futures_util::task::AtomicWaker;

use super::socket::Scissors;
use crate::bounds::LET_GO_MAX;

/// Ends one exchange from any thread. Over HTTP/1.1 and for tunnels the whole connection goes, since nothing else is on
/// it; over HTTP/2 only the stream, and the connection after all if its client has not taken what hyper holds for it, or does
/// not let go of the stream.
pub struct Switch {
    off: AtomicBool,
    off_since: OnceLock<Instant>,
    /// hyper holds a piece of the answer that it has not sent: resetting the stream from here would not take it back.
    in_hand: AtomicBool,
    waker: AtomicWaker,
    scissors: Scissors,
    alone: bool,
}

impl Switch {
    /// A switch of an exchange on the connection of these scissors; `alone` on it or not.
    #[must_use]
    pub const fn new(scissors: Scissors, alone: bool) -> Self {
        let (off, in_hand) = (AtomicBool::new(false), AtomicBool::new(false));
        Self { off, off_since: OnceLock::new(), in_hand, waker: AtomicWaker::new(), scissors, alone }
    }

    /// Ends the connection too, if the stream was cut [`LET_GO_MAX`] ago: its client has not taken what hyper holds for it. The
    /// worker that serves it may only not have come to it yet, and others are on the connection.
    pub fn cut_connection(&self) {
        if self.off_since.get().is_some_and(|since| since.elapsed() >= LET_GO_MAX) {
            self.scissors.cut();
        }
    }

    /// Ends the exchange now.
    pub fn cut(&self) {
        self.off_since.get_or_init(Instant::now);
        self.off.store(true, Ordering::SeqCst);
        if self.alone || self.in_hand.load(Ordering::SeqCst) {
            self.scissors.cut();
        }
        self.waker.wake();
    }

    /// A piece of the answer is about to be handed to hyper; false if it may not be any more. With [`Self::cut`] on another
    /// thread at the same time, one of the two sees the other.
    #[must_use]
    pub fn hand_out(&self) -> bool {
        self.in_hand.store(true, Ordering::SeqCst);
        !self.off.load(Ordering::SeqCst)
    }

    /// hyper asks for more: what it had is sent.
    pub fn asked_again(&self) {
        self.in_hand.store(false, Ordering::SeqCst);
    }

    /// Whether it was ended.
    #[must_use]
    pub fn is_cut(&self) -> bool {
        self.off.load(Ordering::Acquire)
    }

    /// Whether it was ended, by itself or with its connection; a client that takes nothing has ended it himself.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.is_cut() || (self.scissors.is_cut() && !self.scissors.is_let_go())
    }

    /// The cut side of its connection.
    #[must_use]
    pub fn scissors(&self) -> &Scissors {
        &self.scissors
    }

    /// How long ago the kernel last took an octet on its connection; none when it never did.
    #[must_use]
    pub fn last_octet_ago(&self) -> Option<Duration> {
        self.scissors.last_octet_ago()
    }

    /// Ready once it is cut; one waiter at a time.
    pub fn poll_cut(&self, cx: &mut Context<'_>) -> Poll<()> {
        if self.is_cut() {
            return Poll::Ready(());
        }
        self.waker.register(cx.waker());
        if self.is_cut() { Poll::Ready(()) } else { Poll::Pending }
    }

    /// Waits until it is cut; one waiter at a time.
    pub fn cut_off(self: &Arc<Self>) -> CutOff {
        CutOff(Arc::clone(self))
    }
}

/// See [`Switch::cut_off`].
pub struct CutOff(Arc<Switch>);

impl Future for CutOff {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.0.poll_cut(cx)
    }
}
