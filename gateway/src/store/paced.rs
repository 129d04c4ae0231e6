//! An upload that must keep moving: a client that sends nothing for a while loses its place.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use tokio::time::{Instant, Sleep, sleep};

use super::pool::BodyError;
use crate::bounds::UPLOAD_SILENCE_MAX;

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
                Poll::Ready(frame.map(|frame| frame.map_err(BodyError::from)))
            }
            Poll::Pending => match self.silence.as_mut().poll(cx) {
                Poll::Ready(()) => Poll::Ready(Some(Err("the upload stalled".into()))),
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
