//! An event stream on its way to the client: read and written anew, piece by piece.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use hyper::body::{Body, Frame};
use records::EventStream;

use super::alarm::Alarm;
use crate::store::going::StoreBody;
use crate::store::pool::BodyError;

/// See the module.
pub struct FeedBody {
    store: StoreBody,
    stream: EventStream,
    alarm: Alarm,
}

impl FeedBody {
    /// The store's stream, as far as it may pass.
    #[must_use]
    pub const fn new(store: StoreBody, stream: EventStream, alarm: Alarm) -> Self {
        Self { store, stream, alarm }
    }
}

impl Body for FeedBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        loop {
            let Some(frame) = ready!(Pin::new(&mut self.store).poll_frame(cx)) else { return Poll::Ready(None) };
            // Trailers are nobody's news.
            let Ok(piece) = frame?.into_data() else { return Poll::Ready(None) };
            let passed = self.stream.read(&piece);
            let passed = passed.inspect_err(|misbehaviour| self.alarm.misbehaves(misbehaviour))?;
            passed.dropped.iter().for_each(|misbehaviour| self.alarm.misbehaves(misbehaviour));
            if !passed.bytes.is_empty() {
                return Poll::Ready(Some(Ok(Frame::data(passed.bytes.into()))));
            }
        }
    }
}
