//! Calls of gRPC to the store: over HTTP/2 with prior knowledge (RFC 9113 3.3), at the same address as all else. One connection a
//! worker carries all of them; a fresh one is opened once it has ended.

use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use http::header::HOST;
use http::uri::{Authority, PathAndQuery, Scheme};
use http::{Request, Response, Uri};
use hyper::body::Incoming;
use hyper::client::conn::http2::{self, SendRequest};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::identity::AUDIENCE;
use super::pool::{Body, StoreError};
use crate::bounds::{
    H2_CONNECTION_WINDOW_BYTES, H2_PING_AFTER, H2_PING_ANSWER_MAX, H2_SEND_BUFFER_BYTES_MAX, H2_STREAM_WINDOW_BYTES,
    HEADER_BYTES_MAX, STORE_CONNECT_MAX,
};

/// See the module.
pub struct Calls {
    store: SocketAddr,
    open: Mutex<Option<SendRequest<Body>>>,
}

impl Calls {
    /// No connection yet.
    #[must_use]
    pub const fn new(store: SocketAddr) -> Self {
        Self { store, open: Mutex::new(None) }
    }

    /// Makes a call and waits for the head of its answer, at most `within`. Nothing that may have reached the store is ever
    /// repeated.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn send(&self, request: Request<Body>, within: Duration) -> Result<Response<Incoming>, StoreError> {
        let request = absolute(request);
        let sent = async {
            let mut sender = self.sender().await?;
            sender.send_request(request).await.map_err(StoreError::Broken)
        };
        timeout(within, sent).await.map_err(|_| StoreError::Timeout)?
    }

    /// The connection that is open and takes one more, or a fresh one.
    async fn sender(&self) -> Result<SendRequest<Body>, StoreError> {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(mut open) = open.filter(|open| !open.is_closed())
            && open.ready().await.is_ok()
        {
            return Ok(open);
        }
        let fresh = self.connect().await?;
        *self.open.lock().unwrap_or_else(PoisonError::into_inner) = Some(fresh.clone());
        Ok(fresh)
    }

    async fn connect(&self) -> Result<SendRequest<Body>, StoreError> {
        let refused = |error| StoreError::Connect(error);
        let stream = timeout(STORE_CONNECT_MAX, TcpStream::connect(self.store))
            .await
            .map_err(|_| refused(std::io::ErrorKind::TimedOut.into()))?
            .map_err(refused)?;
        stream.set_nodelay(true).map_err(refused)?;
        let (sender, connection) = http2::Builder::new(TokioExecutor::new())
            .timer(TokioTimer::new())
            .initial_stream_window_size(H2_STREAM_WINDOW_BYTES)
            .initial_connection_window_size(H2_CONNECTION_WINDOW_BYTES)
            .max_send_buf_size(H2_SEND_BUFFER_BYTES_MAX)
            .max_header_list_size(u32::try_from(HEADER_BYTES_MAX).unwrap_or(u32::MAX))
            .keep_alive_interval(H2_PING_AFTER)
            .keep_alive_timeout(H2_PING_ANSWER_MAX)
            .handshake(TokioIo::new(stream))
            .await
            .map_err(StoreError::Broken)?;
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection for calls to the store ended");
            }
        });
        Ok(sender)
    }
}

/// With the store's name as its authority (RFC 9113 8.3.1) instead of a `Host`.
fn absolute(mut request: Request<Body>) -> Request<Body> {
    let mut parts = http::uri::Parts::default();
    parts.scheme = Some(Scheme::HTTP);
    parts.authority = Some(Authority::from_static(AUDIENCE));
    parts.path_and_query =
        Some(request.uri().path_and_query().cloned().unwrap_or_else(|| PathAndQuery::from_static("/")));
    if let Ok(uri) = Uri::from_parts(parts) {
        *request.uri_mut() = uri;
    }
    request.headers_mut().remove(HOST);
    request
}
