//! HTTP/2 to one store: few connections with many streams each. The oldest is filled first, and another opened when all are full.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use http::header::HOST;
use http::uri::{Authority, Scheme};
use http::{Request, Uri};
use hyper::client::conn::http2::SendRequest;

use super::going::OneMore;
use super::pool::{Body, StoreError};
use crate::bounds::STORE_H2_STREAMS_MAX;

/// Connections of one worker to one store.
#[derive(Default)]
pub(super) struct Streams {
    open: Mutex<Vec<Open>>,
    /// Held while one connects: the others wait for what comes of it.
    connecting: tokio::sync::Mutex<()>,
}

struct Open {
    sender: SendRequest<Body>,
    streams: Arc<AtomicU32>,
}

impl Streams {
    /// Opens another connection, unless somebody else does so just now; gives one with room for one more stream, which is counted
    /// until it is dropped.
    ///
    /// # Errors
    /// Whatever `connect` fails with.
    pub(super) async fn opened(
        &self,
        connect: impl Future<Output = Result<SendRequest<Body>, StoreError>>,
    ) -> Result<(SendRequest<Body>, OneMore), StoreError> {
        let _connecting = self.connecting.lock().await;
        if let Some(line) = self.with_room() {
            return Ok(line);
        }
        let open = Open { sender: connect.await?, streams: Arc::default() };
        let line = open.one_more();
        self.open().push(open);
        Ok(line)
    }

    /// An open connection with room for one more stream.
    pub(super) fn with_room(&self) -> Option<(SendRequest<Body>, OneMore)> {
        let mut open = self.open();
        open.retain(|one| !one.sender.is_closed());
        let one = open.iter().find(|one| one.streams.load(Ordering::Relaxed) < STORE_H2_STREAMS_MAX)?;
        Some(one.one_more())
    }

    fn open(&self) -> std::sync::MutexGuard<'_, Vec<Open>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Open {
    fn one_more(&self) -> (SendRequest<Body>, OneMore) {
        (self.sender.clone(), OneMore::of(&self.streams))
    }
}

/// Puts `:scheme` and `:authority` in the place of `Host` (RFC 9113 8.3.1).
pub(super) fn address(request: &mut Request<Body>, scheme: Scheme) {
    request.headers_mut().remove(HOST);
    let mut parts = std::mem::take(request.uri_mut()).into_parts();
    parts.scheme = Some(scheme);
    parts.authority = Some(Authority::from_static(super::identity::AUDIENCE));
    // Of a target that has a path, which all of ours have, nothing can be wrong.
    *request.uri_mut() = Uri::from_parts(parts).unwrap_or_default();
}
