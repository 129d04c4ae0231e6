//! A body that does not wait for its client for ever.
//!
//! Over HTTP/2 hyper asks for the next piece of a body only once its client has opened a window for it. A client that opens none
//! and answers pings would hold what is left of the answer for as long as it likes: half of the store's, and a connection to it.
//! hyper cannot be told to let go of such a stream, so it keeps a shell: what was in it is gone, and whoever asks on hears
//! that it is over. Other streams of the connection go on, if there are any: of a connection over which nothing has been taken for as
//! long, the shell would be all that is left, and it is cut.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use tokio::task::AbortHandle;
use tokio::time::{Instant, sleep_until};

use crate::bounds::UNTAKEN_MAX;
use crate::cut::live::Switch;
use crate::store::pool::{Body, BodyError};

/// See the module.
pub struct Untaken {
    held: Arc<Mutex<Held>>,
    watch: AbortHandle,
}

struct Held {
    /// None once it was let go of.
    body: Option<Body>,
    /// Since when the client is waited for; none while the store is.
    since: Option<Instant>,
}

/// The client took nothing for [`UNTAKEN_MAX`].
#[derive(Debug, thiserror::Error)]
#[error("the client takes nothing")]
pub struct TakesNothing;

impl Untaken {
    /// This body of this exchange, for at most [`UNTAKEN_MAX`] between two pieces.
    #[must_use]
    pub fn new(body: Body, switch: Arc<Switch>) -> Self {
        let held = Arc::new(Mutex::new(Held { body: Some(body), since: Some(Instant::now()) }));
        let watch = tokio::spawn(watch(Arc::clone(&held), switch)).abort_handle();
        Self { held, watch }
    }
}

/// Lets go of the body once its client has been waited for too long.
async fn watch(held: Arc<Mutex<Held>>, switch: Arc<Switch>) {
    loop {
        let since = lock(&held).since;
        let now = Instant::now();
        let until = since.unwrap_or(now).checked_add(UNTAKEN_MAX).unwrap_or(now);
        if until <= now {
            let mut held = lock(&held);
            // It may have come just now.
            if held.since == since {
                let body = held.body.take();
                drop(held);
                drop(body);
                switch.cut_untaken(UNTAKEN_MAX);
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
    }
}

fn lock(held: &Mutex<Held>) -> MutexGuard<'_, Held> {
    held.lock().unwrap_or_else(PoisonError::into_inner)
}
