//! The body of an answer, as a connection has it: over HTTP/1.1, something goes on while it is there.
//!
//! Over HTTP/2 it says nothing of that: a client that opens no window would keep it, and with it the connection, for as long as it liked.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body as HttpBody, Frame, SizeHint};

use crate::store::pool::{Body, BodyError};

/// See the module.
pub(super) struct Answering {
    body: Body,
    _busy: Option<Arc<()>>,
}

impl Answering {
    pub(super) const fn new(body: Body, busy: Option<Arc<()>>) -> Self {
        Self { body, _busy: busy }
    }
}

impl HttpBody for Answering {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
