//! What the guard of a connection and whoever answers on it tell each other.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::task::{Context, Poll};

use futures_util::task::AtomicWaker;

use super::flaw::Flaw;

/// See the module. One a connection.
#[derive(Debug, Default)]
pub struct Signs {
    /// What is wrong with the message that stands for all that the client says from there on.
    flaw: OnceLock<Flaw>,
    /// Messages whose head has passed, and those of them that somebody answers or has answered.
    passed: AtomicU64,
    taken: AtomicU64,
    upgrade: AtomicU8,
    waker: AtomicWaker,
}

const NONE: u8 = 0;
const ASKED: u8 = 1;
const SWITCHED: u8 = 2;
const DECLINED: u8 = 3;

impl Signs {
    /// The guard has refused a message, and lets nothing more through.
    pub(super) fn refuse(&self, flaw: Flaw) {
        // It refuses once.
        let _ = self.flaw.set(flaw);
    }

    /// Why the guard has refused a message, if it has.
    #[must_use]
    pub fn flaw(&self) -> Option<Flaw> {
        self.flaw.get().copied()
    }

    /// The head of a message has passed.
    pub(super) fn passed(&self) {
        self.passed.fetch_add(1, Ordering::Relaxed);
    }

    /// A message has come to whoever answers.
    pub fn taken(&self) {
        self.taken.fetch_add(1, Ordering::Relaxed);
    }

    /// How many messages have come, if none is still on its way from the guard to whoever answers.
    #[must_use]
    pub fn all_taken(&self) -> Option<u64> {
        let taken = self.taken.load(Ordering::Relaxed);
        (taken == self.passed.load(Ordering::Relaxed)).then_some(taken)
    }

    /// The guard lets a request for an upgrade through, and nothing behind it until that is answered.
    pub(super) fn asked(&self) {
        self.upgrade.store(ASKED, Ordering::Release);
    }

    /// A request for an upgrade is answered: the connection switches, or HTTP goes on.
    pub fn answered(&self, switched: bool) {
        let answer = if switched { SWITCHED } else { DECLINED };
        if self.upgrade.compare_exchange(ASKED, answer, Ordering::AcqRel, Ordering::Acquire).is_ok() {
            self.waker.wake();
        }
    }

    /// How the request for an upgrade was answered: whether the connection switches.
    pub(super) fn poll_answered(&self, cx: &Context<'_>) -> Poll<bool> {
        self.waker.register(cx.waker());
        let switched = match self.upgrade.load(Ordering::Acquire) {
            SWITCHED => true,
            DECLINED => false,
            _ => return Poll::Pending,
        };
        self.upgrade.store(NONE, Ordering::Release);
        Poll::Ready(switched)
    }
}
