//! A body that does not wait for its client for ever.
//!
//! Over HTTP/2 hyper asks for the next piece of a body only once its client has opened a window for it. A client that opens none
//! and answers pings would hold what is left of the answer for as long as it likes: half of the store's, and a connection to it.
//! hyper cannot be told to let go of such a stream, so it keeps a shell: what was in it is gone, and whoever asks on hears
//! that it is over. Whatever else goes on over the connection goes on. Where nothing does but shells, nor anything was
//! asked for as long, it is ended.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use tokio::task::AbortHandle;
use tokio::time::{Instant, sleep_until};

use crate::bounds::UNTAKEN_MAX;
use crate::cut::socket::Scissors;
use crate::store::pool::{Body, BodyError};

/// See the module.
pub struct Untaken {
    held: Arc<Mutex<Held>>,
    beside: Arc<Beside>,
    watch: AbortHandle,
}

struct Held {
    /// None once it was let go of.
    body: Option<Body>,
    /// Since when the client is waited for; none while the store is.
    since: Option<Instant>,
}

/// The connection of an answer, and what else goes on over it.
pub struct Beside {
    /// Ends the connection.
    pub scissors: Scissors,
    /// Held by the connection, and by whatever goes on over it.
    pub busy: Weak<()>,
    /// So often by this answer: once for each exchange in it.
    pub holds: usize,
}

impl Beside {
    /// The answer has become a shell. Whether nothing else goes on, nor has for as long.
    fn leave_shell(&self) -> bool {
        let shells = self.scissors.leave_shell(self.holds);
        let alone = self.busy.strong_count() <= shells.saturating_add(1);
        alone && self.scissors.last_asked_ago().is_none_or(|ago| ago >= UNTAKEN_MAX)
    }
}

/// The client took nothing for [`UNTAKEN_MAX`].
#[derive(Debug, thiserror::Error)]
#[error("the client takes nothing")]
pub struct TakesNothing;

impl Untaken {
    /// This body, for at most [`UNTAKEN_MAX`] between two pieces.
    #[must_use]
    pub fn new(body: Body, beside: Beside) -> Self {
        let held = Arc::new(Mutex::new(Held { body: Some(body), since: Some(Instant::now()) }));
        let beside = Arc::new(beside);
        let watch = tokio::spawn(watch(Arc::clone(&held), Arc::clone(&beside))).abort_handle();
        Self { held, beside, watch }
    }
}

/// Lets go of the body once its client has been waited for too long.
async fn watch(held: Arc<Mutex<Held>>, beside: Arc<Beside>) {
    loop {
        let since = lock(&held).since;
        let now = Instant::now();
        let until = since.unwrap_or(now).checked_add(UNTAKEN_MAX).unwrap_or(now);
        if until <= now {
            let mut held = lock(&held);
            // It may have come just now.
            if held.since == since {
                let body = held.body.take();
                let alone = beside.leave_shell();
                drop(held);
                drop(body);
                if alone {
                    tracing::debug!("a client takes nothing of all that it asked for");
                    beside.scissors.let_go();
                }
                return;
            }
            continue;
        }
        sleep_until(until).await;
    }
}

impl HttpBody for Untaken {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let mut held = lock(&self.held);
        held.since = None;
        let Some(body) = held.body.as_mut() else { return Poll::Ready(Some(Err(TakesNothing.into()))) };
        let polled = Pin::new(body).poll_frame(cx);
        if let Poll::Ready(Some(Ok(_))) = &polled {
            held.since = Some(Instant::now());
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        lock(&self.held).body.as_ref().is_some_and(HttpBody::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        lock(&self.held).body.as_ref().map(HttpBody::size_hint).unwrap_or_default()
    }
}

impl Drop for Untaken {
    fn drop(&mut self) {
        self.watch.abort();
        if lock(&self.held).body.is_none() {
            self.beside.scissors.clear_shell(self.beside.holds);
        }
    }
}

fn lock(held: &Mutex<Held>) -> MutexGuard<'_, Held> {
    held.lock().unwrap_or_else(PoisonError::into_inner)
}
