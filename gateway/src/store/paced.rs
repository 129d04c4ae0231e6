//! An upload that must keep moving: a client that sends nothing for a while, or next to nothing for longer, loses its place. What
//! goes wrong with it is told apart from what goes wrong with the store. What comes behind its end (trailers) goes nowhere.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use tokio::time::{Instant, Sleep, sleep};

use super::pool::BodyError;
use crate::bounds::{UPLOAD_BYTES_PER_SECOND_MIN, UPLOAD_SILENCE_MAX};

/// Why an upload does not go on: the client's doing, not the store's.
#[derive(Debug, thiserror::Error)]
pub enum UploadError {
    /// It ended before its end: the client left, or was cut.
    #[error("the upload broke off")]
    BrokeOff(#[source] hyper::Error),
    /// Nothing came for [`UPLOAD_SILENCE_MAX`], or too little for longer.
    #[error("the upload stalled")]
    Stalled,
}

/// See the module.
pub struct Paced {
    inner: Incoming,
    patience: Patience,
    silence: Pin<Box<Sleep>>,
}

/// How long a client is waited for: what waiting takes away, octets give back, at the slowest rate that is taken.
#[derive(Debug)]
struct Patience {
    left: Duration,
    /// Since when it is waited for now. While the store does not ask, nobody waits.
    since: Option<Instant>,
}

impl Patience {
    const fn new() -> Self {
        Self { left: UPLOAD_SILENCE_MAX, since: None }
    }

    /// Until when there is patience, nothing having come yet.
    fn waits(&mut self, now: Instant) -> Instant {
        *self.since.get_or_insert(now) + self.left
    }

    /// So many octets have come.
    fn came(&mut self, octets: usize, now: Instant) {
        if let Some(since) = self.since.take() {
            self.left = self.left.saturating_sub(now.duration_since(since));
        }
        let octets = u64::try_from(octets).unwrap_or(u64::MAX);
        let given_back = Duration::from_millis(octets.saturating_mul(1000) / UPLOAD_BYTES_PER_SECOND_MIN);
        self.left = self.left.saturating_add(given_back).min(UPLOAD_SILENCE_MAX);
    }
}

impl Paced {
    /// A body whose frames may be [`UPLOAD_SILENCE_MAX`] apart, and not all of them.
    #[must_use]
    pub fn new(inner: Incoming) -> Self {
        Self { inner, patience: Patience::new(), silence: Box::pin(sleep(UPLOAD_SILENCE_MAX)) }
    }
}

impl Body for Paced {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let this = &mut *self;
        loop {
            match Pin::new(&mut this.inner).poll_frame(cx) {
                Poll::Ready(Some(Ok(frame))) => match frame.into_data() {
                    Ok(data) => {
                        this.patience.came(data.len(), Instant::now());
                        return Poll::Ready(Some(Ok(Frame::data(data))));
                    }
                    // Trailers: never merged with the fields, never passed on (RFC 9110 6.5.1).
                    Err(_) => continue,
                },
                Poll::Ready(Some(Err(error))) => return Poll::Ready(Some(Err(UploadError::BrokeOff(error).into()))),
                Poll::Ready(None) => return Poll::Ready(None),
                Poll::Pending => {
                    let until = this.patience.waits(Instant::now());
                    if this.silence.deadline() != until {
                        this.silence.as_mut().reset(until);
                    }
                    return this.silence.as_mut().poll(cx).map(|()| Some(Err(UploadError::Stalled.into())));
                }
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How long a client lasts that sends so many octets every so many seconds; none if it never loses its place.
    fn lasts(octets: usize, every: u64) -> Option<u64> {
        let (mut patience, begun) = (Patience::new(), Instant::now());
        let mut now = begun;
        while now < begun + Duration::from_secs(3600) {
            let next = now + Duration::from_secs(every);
            let until = patience.waits(now);
            if until < next {
                return Some(until.duration_since(begun).as_secs());
            }
            patience.came(octets, next);
            now = next;
        }
        None
    }

    #[tokio::test]
    async fn next_to_nothing_is_as_good_as_nothing() {
        assert_eq!(lasts(1, 29), Some(30));
        assert_eq!(lasts(1, 1), Some(30));
        assert_eq!(lasts(100, 1), Some(50));
        // A slow line is none.
        assert_eq!(lasts(240, 1), None);
        assert_eq!(lasts(7200, 29), None);
    }
}
