//! An upload that must keep moving: a client that sends nothing for a while loses its place. What goes wrong with it is
//! told apart from what goes wrong with the store.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use tokio::time::{Instant, Sleep, sleep};

use super::pool::BodyError;
use crate::bounds::UPLOAD_SILENCE_MAX;

/// Why an upload does not go on: the client's doing, not the store's.
#[derive(Debug, thiserror::Error)]
pub enum UploadError {
    /// It ended before its end: the client left, or was cut.
    #[error("the upload broke off")]
    BrokeOff(#[source] hyper::Error),
    /// Nothing came for [`UPLOAD_SILENCE_MAX`].
    #[error("the upload stalled")]
    Stalled,
}

/// See the module.
pub struct Paced {
    inner: Incoming,
    silence: Pin<Box<Sleep>>,
}

impl Paced {
    /// A body whose frames may be [`UPLOAD_SILENCE_MAX`] apart.
    #[must_use]
    pub fn new(inner: Incoming) -> Self {
        Self { inner, silence: Box::pin(sleep(UPLOAD_SILENCE_MAX)) }
    }
}

impl Body for Paced {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        match Pin::new(&mut self.inner).poll_frame(cx) {
            Poll::Ready(frame) => {
                self.silence.as_mut().reset(Instant::now() + UPLOAD_SILENCE_MAX);
                Poll::Ready(frame.map(|frame| frame.map_err(|error| UploadError::BrokeOff(error).into())))
            }
            Poll::Pending => match self.silence.as_mut().poll(cx) {
                Poll::Ready(()) => Poll::Ready(Some(Err(UploadError::Stalled.into()))),
                Poll::Pending => Poll::Pending,
            },
        }
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
