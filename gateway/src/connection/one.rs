//! HTTP/1.1 over a connection: spoken by hyper while something goes on, and by nobody in between.

use std::convert::Infallible;
use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use http::{Request, Response};
use hyper::body::{Body, Incoming};
use hyper::service::Service;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _};
use tokio::time::{Instant, sleep, sleep_until};

use super::http1;
use crate::bounds::{H1_IDLE_MAX, H1_REST_LOOK_EVERY};
use crate::strict::lent::Lent;
use crate::strict::signs::Signs;
use crate::worker::Draining;

/// What tells whether anything goes on over a connection.
pub(super) struct Going<'a> {
    /// What its guard and whoever answers tell each other.
    pub(super) signs: &'a Signs,
    /// Held by whatever goes on; nobody else holding it means nothing does.
    pub(super) busy: &'a Arc<()>,
    /// How often it is looked.
    pub(super) pace: Pace,
}

/// How soon an idle connection rests, and how soon it ends.
#[derive(Clone, Copy)]
pub(super) struct Pace {
    look_every: Duration,
    idle_max: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self { look_every: H1_REST_LOOK_EVERY, idle_max: H1_IDLE_MAX }
    }
}

impl Going<'_> {
    /// How many messages have come, if nothing goes on any more: each of them has come to whoever answers, each answer is written
    /// to its end, and no other has begun.
    fn nothing_since<T>(&self, lent: &Lent<T>) -> Option<u64> {
        let over = Arc::strong_count(self.busy) == 1 && lent.is_between_messages();
        self.signs.all_taken().filter(|_| over)
    }
}

/// Serves a connection to its end.
pub(super) async fn serve<T, S, B>(
    lent: Lent<T>,
    going: Going<'_>,
    service: S,
    mut draining: Draining,
) -> hyper::Result<()>
where
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible> + Clone,
    B: Body + 'static,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    while let Some(since) = spoken(&lent, &going, service.clone(), &mut draining).await? {
        if !rested(&lent, since + going.pace.idle_max, &mut draining).await {
            let mut lent = lent;
            // Whether or not it hears the goodbye.
            let _ = lent.shutdown().await;
            break;
        }
    }
    Ok(())
}

/// Speaks until the connection ends, or until nothing has gone on for a while: then gives since when.
async fn spoken<T, S, B>(
    lent: &Lent<T>,
    going: &Going<'_>,
    service: S,
    draining: &mut Draining,
) -> hyper::Result<Option<Instant>>
where
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible>,
    B: Body + 'static,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    let connection = http1().serve_connection(TokioIo::new(lent.clone()), service).with_upgrades();
    // In a box of its own, which is given back with it.
    let mut connection = Box::pin(connection);
    tokio::select! {
        biased;
        ended = &mut connection => return ended.map(|()| None),
        () = draining.begun() => connection.as_mut().graceful_shutdown(),
        since = quiet(lent, going) => return Ok(Some(since)),
    }
    connection.await.map(|()| None)
}

/// Ready when nothing goes on, and did not when it was looked last either. Looking now and then costs a request nothing.
async fn quiet<T>(lent: &Lent<T>, going: &Going<'_>) -> Instant {
    let mut before: Option<(u64, Instant)> = None;
    loop {
        sleep(going.pace.look_every).await;
        let now = going.nothing_since(lent);
        match before {
            Some((count, since)) if now == Some(count) => return since,
            _ => before = now.map(|count| (count, Instant::now())),
        }
    }
}

/// Waits for the client with nothing held for it: whether it has more to say.
async fn rested<T: AsyncRead + Unpin>(lent: &Lent<T>, until: Instant, draining: &mut Draining) -> bool {
    tokio::select! {
        biased;
        stirred = lent.stirred() => return matches!(stirred, Ok(true)),
        () = draining.begun() => {}
        () = sleep_until(until) => {}
    }
    false
}

#[cfg(test)]
mod tests;
