//! The outcome: a drop guard in the body, so that a client that leaves, a store that breaks off and a cut are observed
//! like a whole answer.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use audit::{Audit, Ended, Outcome};
use bytes::Bytes;
use http::Response;
use http_body_util::BodyExt as _;
use hyper::body::{Body as HttpBody, Frame, SizeHint};

use super::admit::Slot;
use super::release::Released;
use crate::answer;
use crate::cut::live::{ExchangeEntry, Switch};
use crate::store::pool::{Body, BodyError};

/// Finishes the answer: standing headers, and a body that is watched to its end.
#[must_use]
pub fn observe(released: Released) -> Response<Body> {
    let Released { response, tunnel, living, slot, entry, audit, clock } = released;
    let (mut parts, body) = response.into_parts();
    answer::standing_headers(&mut parts.headers);
    answer::incident(&mut parts.headers, &entry);
    let mut guard = Guard {
        audit,
        clock,
        outcome: Some(Outcome {
            id: entry,
            at: model::Timestamp::MIN,
            status: parts.status.as_u16(),
            bytes: 0,
            ended: Ended::ClientLeft,
        }),
    };
    let switch = Arc::clone(&living.exchange.switch);
    if let Some((tunnel, feed)) = tunnel {
        // The bytes of a tunnel do not pass through the body: its task keeps the place among the living.
        tokio::spawn(async move {
            let (_living, _slot, mut guard) = (living, slot, guard);
            guard.ended(tunnel.run(&feed, &switch).await);
        });
        return Response::from_parts(parts, body);
    }
    if body.is_end_stream() {
        guard.ended(Ended::Completed);
    }
    let watched = Watched { inner: body, switch, guard, living: Some(living), _slot: slot };
    Response::from_parts(parts, watched.boxed_unsync())
}

/// A body that ends when its exchange is cut.
struct Watched {
    inner: Body,
    switch: Arc<Switch>,
    guard: Guard,
    living: Option<ExchangeEntry>,
    _slot: Slot,
}

/// Writes the outcome when it goes out of scope.
struct Guard {
    audit: Audit,
    clock: crate::Clock,
    outcome: Option<Outcome>,
}

impl HttpBody for Watched {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        if self.switch.poll_cut(cx).is_ready() {
            self.guard.ended(Ended::Cut);
            return Poll::Ready(Some(Err("cut".into())));
        }
        let polled = Pin::new(&mut self.inner).poll_frame(cx);
        match &polled {
            Poll::Ready(Some(Ok(frame))) => {
                let Some(data) = frame.data_ref() else {
                    // Trailers of the store: nobody has looked at them.
                    self.guard.ended(Ended::Completed);
                    return Poll::Ready(None);
                };
                self.guard.sent(data.len());
                // hyper may never ask for the end of a body whose length it knows.
                if self.inner.is_end_stream() {
                    self.guard.ended(Ended::Completed);
                }
            }
            Poll::Ready(Some(Err(_))) => self.guard.ended(Ended::StoreFailed),
            Poll::Ready(None) => self.guard.ended(Ended::Completed),
            Poll::Pending => {}
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

impl Drop for Watched {
    /// hyper lets go of a body when its last piece is buffered, not when it is sent: over HTTP/1.1 the exchange stays
    /// among the living, so that a cut still takes back what its client has not read.
    fn drop(&mut self) {
        if let Some(living) = self.living.take() {
            living.linger();
        }
    }
}

impl Guard {
    fn sent(&mut self, bytes: usize) {
        if let Some(outcome) = &mut self.outcome {
            outcome.bytes = outcome.bytes.saturating_add(u64::try_from(bytes).unwrap_or(u64::MAX));
        }
    }

    fn ended(&mut self, ended: Ended) {
        if let Some(outcome) = &mut self.outcome {
            outcome.ended = ended;
        }
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        if let Some(mut outcome) = self.outcome.take() {
            outcome.at = (self.clock)();
            self.audit.outcome(&outcome);
        }
    }
}
