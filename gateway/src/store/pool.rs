//! Connections to the store, kept alive: one pool a worker, newest first, so that the rest may idle out.

use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Request, Response};
use http_body_util::combinators::UnsyncBoxBody;
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::bounds::{HEADERS_MAX, READ_BUFFER_BYTES_MAX, STORE_CONNECT_MAX, STORE_IDLE_PER_WORKER_MAX};
use crate::strict::answers::Answers;

/// The `Host` of every request to the store (RFC 9112 3.2): which host the client named is nothing it need know.
pub const STORE_HOST: HeaderValue = HeaderValue::from_static(super::identity::AUDIENCE);

/// What bodies may fail with.
pub type BodyError = Box<dyn std::error::Error + Send + Sync>;
/// A body towards the store or the client.
pub type Body = UnsyncBoxBody<Bytes, BodyError>;

/// Why the store did not answer.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// No connection.
    #[error("the store cannot be reached")]
    Connect(#[source] std::io::Error),
    /// The head of the answer did not arrive in time.
    #[error("the store does not answer in time")]
    Timeout,
    /// The connection broke, or what came is no HTTP.
    #[error("the store's answer broke off")]
    Broken(#[source] hyper::Error),
}

/// Connections of one worker to one store.
pub struct Pool {
    store: SocketAddr,
    idle: Mutex<Vec<SendRequest<Body>>>,
}

impl Pool {
    /// An empty pool.
    #[must_use]
    pub const fn new(store: SocketAddr) -> Self {
        Self { store, idle: Mutex::new(Vec::new()) }
    }

    /// Sends a request and waits for the head of the answer, at most `within`. A request that an idle connection refused because it was
    /// closed in the meantime, before anything was sent, goes out once more on a fresh connection; nothing that may have
    /// reached the store is ever repeated.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn send(&self, request: Request<Body>, within: Duration) -> Result<Response<Incoming>, StoreError> {
        timeout(within, self.send_within(request)).await.map_err(|_| StoreError::Timeout)?
    }

    async fn send_within(&self, mut request: Request<Body>) -> Result<Response<Incoming>, StoreError> {
        while let Some(mut sender) = self.take_idle() {
            match sender.try_send_request(request).await {
                Ok(answer) => {
                    self.give_back(sender);
                    return Ok(answer);
                }
                Err(mut error) => match error.take_message() {
                    Some(unsent) => request = unsent,
                    None => return Err(StoreError::Broken(error.into_error())),
                },
            }
        }
        let mut sender = self.connect().await?;
        let answer = sender.send_request(request).await.map_err(StoreError::Broken)?;
        self.give_back(sender);
        Ok(answer)
    }

    async fn connect(&self) -> Result<SendRequest<Body>, StoreError> {
        let refused = |error| StoreError::Connect(error);
        let stream = timeout(STORE_CONNECT_MAX, TcpStream::connect(self.store))
            .await
            .map_err(|_| refused(std::io::ErrorKind::TimedOut.into()))?
            .map_err(refused)?;
        stream.set_nodelay(true).map_err(refused)?;
        let (sender, connection) = http1::Builder::new()
            .max_headers(HEADERS_MAX)
            .max_buf_size(READ_BUFFER_BYTES_MAX)
            .handshake(TokioIo::new(Answers::new(stream)))
            .await
            .map_err(StoreError::Broken)?;
        tokio::spawn(async move {
            if let Err(error) = connection.with_upgrades().await {
                tracing::debug!(%error, "a connection to the store ended");
            }
        });
        Ok(sender)
    }

    fn take_idle(&self) -> Option<SendRequest<Body>> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        // A connection whose answer is still being read is not ready; look past it, newest first.
        let position = idle.iter().rposition(SendRequest::is_ready)?;
        Some(idle.remove(position))
    }

    /// A connection whose answer is still being read is kept too: it gets ready when the answer ends. When there are too
    /// many, those in long answers go first; dropping one does not end its answer.
    fn give_back(&self, sender: SendRequest<Body>) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.retain(|sender| !sender.is_closed());
        if idle.len() >= STORE_IDLE_PER_WORKER_MAX {
            let busy = idle.iter().position(|sender| !sender.is_ready()).unwrap_or(0);
            idle.remove(busy);
        }
        idle.push(sender);
    }
}
