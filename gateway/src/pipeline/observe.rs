//! The outcome: a drop guard in the body, so that a client that leaves, a store that breaks off and a cut are observed
//! like a whole answer.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};

use audit::{Ended, EntryId, Outcome};
use bytes::Bytes;
use http::{HeaderMap, Response, StatusCode};
use http_body_util::BodyExt as _;
use hyper::body::{Body as HttpBody, Frame, SizeHint};

use super::admit::Slot;
use super::release::Released;
use super::untaken::{Beside, TakesNothing, Untaken};
use crate::answer;
use crate::bounds::CALL_DRAIN_MAX;
use crate::connection::Client;
use crate::cut::live::{ExchangeEntry, Switch};
use crate::refusal::Refusal;
use crate::store::pool::{Body, BodyError};
use crate::worker::Handle;

/// Finishes the answer: standing headers, and a body that is watched to its end.
#[must_use]
pub fn observe(released: Released) -> Response<Body> {
    let Released { response, tunnel, farewell, up, endless, living, slot, entry, worker } = released;
    let (mut parts, body) = response.into_parts();
    answer::standing_headers(&mut parts.headers);
    answer::page_of_the_store(&mut parts.headers);
    answer::incident(&mut parts.headers, &entry);
    let drain = worker.drain_begun();
    let mut guard = Guard::of(worker, entry, parts.status);
    guard.also = up;
    let switch = Arc::clone(&living.exchange.switch);
    if let Some((tunnel, open)) = tunnel {
        // The bytes of a tunnel do not pass through the body: its task keeps the place among the living.
        tokio::spawn(async move {
            let (_living, _slot, _open, mut guard) = (living, slot, open, guard);
            let (carried, ended) = tunnel.run(&switch, drain).await;
            guard.carried(carried);
            guard.ended(ended);
        });
        return Response::from_parts(parts, body);
    }
    // A client of a stream comes again by itself, elsewhere if it can; a download is waited for.
    let drain: Option<Pin<Box<dyn Future<Output = ()> + Send>>> = match &farewell {
        _ if endless => Some(Box::pin(drain)),
        // Nobody knows whether a call ends by itself; it has some time to.
        Some(_) => Some(Box::pin(async {
            drain.await;
            tokio::time::sleep(CALL_DRAIN_MAX).await;
        })),
        None => None,
    };
    let holds_back = living.is_multiplexed();
    let body = match living.busy() {
        // An endless stream waits for news, and its client with it.
        Some(busy) if !endless => {
            let (scissors, busy) = (switch.scissors().clone(), Arc::downgrade(busy));
            bounded(body, Beside { scissors, busy, holds: 1 })
        }
        _ => body,
    };
    let part = Part { guard, switch, living: Some(living), counts: true };
    let watched = Watched { farewell, ..Watched::new(body, vec![part], holds_back, drain, slot) };
    Response::from_parts(parts, watched.boxed_unsync())
}

/// The answer to an entry of a batch, and what sees to its outcome once the whole answer is on its way. Its slot is free
/// again; the batch has one of its own.
#[must_use]
pub fn part(released: Released) -> (Response<Body>, Part) {
    let Released { response, living, entry, worker, .. } = released;
    let guard = Guard::of(worker, entry, response.status());
    let switch = Arc::clone(&living.exchange.switch);
    (response, Part { guard, switch, living: Some(living), counts: false })
}

/// Finishes the answer to a batch: the outcome of every part is that of the whole.
#[must_use]
pub fn together(client: &Client, response: Response<Body>, parts: Vec<Part>, mut slot: Slot) -> Response<Body> {
    let (mut head, body) = response.into_parts();
    answer::standing_headers(&mut head.headers);
    slot.goes_on_by_itself();
    let body = if client.multiplexed {
        let (scissors, busy) = (client.scissors.clone(), Arc::downgrade(&client.busy));
        bounded(body, Beside { scissors, busy, holds: parts.len() })
    } else {
        body
    };
    let watched = Watched::new(body, parts, client.multiplexed, None, slot);
    Response::from_parts(head, watched.boxed_unsync())
}

/// A body that does not wait for its client for ever; one that is over needs no bound.
fn bounded(body: Body, beside: Beside) -> Body {
    if body.is_end_stream() { body } else { Untaken::new(body, beside).boxed_unsync() }
}

/// An exchange in an answer: all of it, or an entry of a batch.
pub struct Part {
    guard: Guard,
    switch: Arc<Switch>,
    living: Option<ExchangeEntry>,
    /// The answer is this part alone, and its octets are counted as they go.
    counts: bool,
}

impl Part {
    /// How much of the answer it is, in octets.
    pub fn holds(&mut self, bytes: usize) {
        self.guard.sent(bytes);
    }

    /// It is not part of the answer after all.
    pub fn failed(&mut self, refusal: &Refusal) {
        self.guard.status(refusal.status());
        self.guard.ended(if matches!(refusal, Refusal::StoreMisbehaves) { Ended::StoreFailed } else { Ended::Refused });
    }

    /// The answer is not given at all: a part of it was cut.
    pub fn cut(mut self) {
        self.guard.ended(Ended::Cut);
    }

    /// Ready once it is cut.
    pub fn poll_cut(&self, cx: &mut Context<'_>) -> Poll<()> {
        self.switch.poll_cut(cx)
    }
}

/// A body that ends when its exchange is cut, and, if it has no end of its own, when the drain begins.
///
/// Over HTTP/2 hyper lets go of a body as soon as it has its last piece, though the client may not have opened its window for
/// it; it asks for a piece only when the ones before have left. So the last octet goes as a piece of its own, and the exchange
/// stays among the living until all but that octet is gone.
struct Watched {
    inner: Body,
    last: Option<Bytes>,
    /// A drain has ended it.
    is_over: bool,
    holds_back: bool,
    drain: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
    /// Of a call: its trailers pass, and these stand for them when a drain ends it.
    farewell: Option<HeaderMap>,
    parts: Vec<Part>,
    _slot: Slot,
}

/// Writes the outcome when it goes out of scope.
struct Guard {
    worker: Handle,
    outcome: Option<Outcome>,
    /// Octets that went up in a call.
    also: Arc<AtomicU64>,
}

impl HttpBody for Watched {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        if self.is_over {
            return Poll::Ready(None);
        }
        self.parts.iter().for_each(|part| part.switch.asked_again());
        if self.parts.iter().any(|part| part.poll_cut(cx).is_ready()) {
            return self.poll_ended_by_cut();
        }
        if self.drain.as_mut().is_some_and(|drain| drain.as_mut().poll(cx).is_ready()) {
            self.drain = None;
            self.ended(Ended::Drained);
            self.is_over = true;
            return Poll::Ready(self.farewell.take().map(|trailers| Ok(Frame::trailers(trailers))));
        }
        if let Some(last) = self.last.take() {
            if !self.hand_out() {
                return self.poll_ended_by_cut();
            }
            self.sent(last.len());
            self.ended(Ended::Completed);
            return Poll::Ready(Some(Ok(Frame::data(last))));
        }
        match ready!(Pin::new(&mut self.inner).poll_frame(cx)) {
            Some(Ok(frame)) => {
                let mut data = match frame.into_data() {
                    Ok(data) => data,
                    Err(trailers) => {
                        self.ended(Ended::Completed);
                        // But for a call's, nobody has looked at the store's trailers.
                        return Poll::Ready(self.farewell.is_some().then_some(Ok(trailers)));
                    }
                };
                if !self.hand_out() {
                    return self.poll_ended_by_cut();
                }
                // hyper may never ask for the end of a body whose length it knows.
                if self.inner.is_end_stream() {
                    if self.holds_back && data.len() > 1 {
                        self.last = Some(data.split_off(data.len() - 1));
                    } else {
                        self.ended(Ended::Completed);
                    }
                }
                self.sent(data.len());
                Poll::Ready(Some(Ok(Frame::data(data))))
            }
            Some(Err(error)) => {
                self.ended(if error.is::<TakesNothing>() { Ended::ClientLeft } else { Ended::StoreFailed });
                Poll::Ready(Some(Err(error)))
            }
            None => {
                self.ended(Ended::Completed);
                Poll::Ready(None)
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.last.is_none() && (self.is_over || self.inner.is_end_stream())
    }

    fn size_hint(&self) -> SizeHint {
        match &self.last {
            Some(last) => SizeHint::with_exact(u64::try_from(last.len()).unwrap_or(u64::MAX)),
            None => self.inner.size_hint(),
        }
    }
}

impl Watched {
    fn new(
        inner: Body,
        parts: Vec<Part>,
        holds_back: bool,
        drain: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
        slot: Slot,
    ) -> Self {
        let mut watched =
            Self { inner, last: None, is_over: false, holds_back, drain, farewell: None, parts, _slot: slot };
        if watched.inner.is_end_stream() {
            watched.ended(Ended::Completed);
        }
        watched
    }

    fn ended(&mut self, ended: Ended) {
        self.parts.iter_mut().for_each(|part| part.guard.ended(ended));
    }

    fn sent(&mut self, bytes: usize) {
        self.parts.iter_mut().filter(|part| part.counts).for_each(|part| part.guard.sent(bytes));
    }

    /// A piece may go out only if no part of the answer is cut.
    fn hand_out(&self) -> bool {
        self.parts.iter().all(|part| part.switch.hand_out())
    }

    fn poll_ended_by_cut(&mut self) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        self.ended(Ended::Cut);
        Poll::Ready(Some(Err("cut".into())))
    }
}

impl Drop for Part {
    /// hyper lets go of a body when its last piece is buffered, not when it is sent: over HTTP/1.1 the exchange stays
    /// among the living, so that a cut still takes back what its client has not read.
    fn drop(&mut self) {
        // Nobody asks for the rest of a body whose connection was cut.
        if self.switch.is_over() {
            self.guard.cut_off();
        }
        if let Some(living) = self.living.take() {
            living.linger();
        }
    }
}

impl Guard {
    fn of(worker: Handle, id: EntryId, status: StatusCode) -> Self {
        let (at, status) = (model::Timestamp::MIN, status.as_u16());
        Self {
            worker,
            also: Arc::default(),
            outcome: Some(Outcome { id, at, status, bytes: 0, ended: Ended::ClientLeft, cause: String::new() }),
        }
    }

    const fn status(&mut self, status: u16) {
        if let Some(outcome) = &mut self.outcome {
            outcome.status = status;
        }
    }

    fn sent(&mut self, bytes: usize) {
        if let Some(outcome) = &mut self.outcome {
            outcome.bytes = outcome.bytes.saturating_add(u64::try_from(bytes).unwrap_or(u64::MAX));
        }
    }

    /// So much passed in a tunnel.
    const fn carried(&mut self, octets: u64) {
        if let Some(outcome) = &mut self.outcome {
            outcome.bytes = outcome.bytes.saturating_add(octets);
        }
    }

    /// Its end was a cut, unless it had one before.
    fn cut_off(&mut self) {
        if let Some(outcome) = self.outcome.as_mut().filter(|outcome| outcome.ended == Ended::ClientLeft) {
            outcome.ended = Ended::Cut;
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
            outcome.at = self.worker.now();
            outcome.bytes = outcome.bytes.saturating_add(self.also.load(Ordering::Relaxed));
            if outcome.ended == Ended::ClientLeft && self.worker.is_stopped() {
                outcome.ended = Ended::Drained;
            }
            self.worker.audit().outcome(&outcome);
        }
    }
}
