//! Connections of one worker to one store, kept alive: newest first, so that the rest may idle out.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::header::UPGRADE;
use http::{HeaderValue, Request, Response, StatusCode};
use http_body_util::combinators::UnsyncBoxBody;
use hyper::body::Incoming;
use hyper::client::conn::http1::SendRequest;
use hyper::client::conn::{TrySendError, http2};
use tokio::time::{Instant, timeout_at};

use super::circuit::Failure;
use super::dial::Line;
use super::errand::{Class, Errand};
use super::going::{Going, OneMore, StoreBody};
use super::settings::Protocol;
use super::station::{Asked, Station};
use super::stores::Stores;
use super::streams::Streams;
use crate::bounds::{STORE_IDLE_DOUBTED, STORE_IDLE_LOOK_EVERY, STORE_IDLE_MAX, STORE_IDLE_PER_WORKER_MAX};

/// The `Host` of every request to the store (RFC 9112 3.2): which host the client named is nothing it need know.
pub const STORE_HOST: HeaderValue = HeaderValue::from_static(super::identity::AUDIENCE);

/// What bodies may fail with.
pub type BodyError = Box<dyn std::error::Error + Send + Sync>;
/// A body towards the store or the client.
pub type Body = UnsyncBoxBody<Bytes, BodyError>;

/// Why the store did not answer.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// No connection. Nothing was sent.
    #[error("the store cannot be reached")]
    Connect(#[source] std::io::Error),
    /// The head of the answer did not arrive in time.
    #[error("the store does not answer in time")]
    Timeout,
    /// The connection broke, or what came is no HTTP.
    #[error("the store's answer broke off")]
    Broken(#[source] hyper::Error),
    /// The stores are asked as much as may be. Nothing was sent.
    #[error("the stores are busy")]
    Busy,
    /// No store has answered lately; it is tried again after so many seconds. Nothing was sent.
    #[error("no store has answered lately")]
    Resting {
        /// Seconds until one is tried again.
        seconds: u32,
    },
}

impl StoreError {
    /// Whether nothing of the request can have reached the store.
    #[must_use]
    pub const fn is_unsent(&self) -> bool {
        matches!(self, Self::Connect(_) | Self::Busy | Self::Resting { .. })
    }
}

/// Connections of one worker to one store.
pub(super) struct Pool {
    pub(super) station: Arc<Station>,
    stores: Arc<Stores>,
    /// HTTP/1.1.
    idle: Mutex<IdleLines>,
    /// HTTP/2.
    streams: Streams,
    /// Answers on their way, from the question to their last octet.
    pub(super) going: AtomicU32,
}

#[derive(Default)]
struct IdleLines {
    /// The newest last.
    lines: Vec<Idle>,
    /// When those that are closed, or idle for too long, were last let go of. Looking at all of them for each answer would cost more
    /// than the question.
    looked: Option<Instant>,
}

struct Idle {
    sender: SendRequest<Body>,
    since: Instant,
}

/// A request without an answer.
pub(super) struct Unanswered {
    pub(super) error: StoreError,
    /// The request, where it may be asked again.
    pub(super) again: Option<Again>,
}

/// A request that may be asked again.
pub(super) enum Again {
    /// Nothing of it was sent: whatever it is, another store may be asked.
    Unsent(Request<Body>),
    /// It changes nothing, and not one octet of an answer has come.
    Harmless(Request<Body>),
}

/// What is known of a request that is under way.
struct Sending {
    request: Request<Body>,
    class: Class,
    /// Whether it may be asked once more although the store may have it.
    harmless: bool,
    /// Whether there is somebody else to ask.
    several: bool,
    /// When it was sent.
    now: Instant,
}

impl Pool {
    pub(super) fn new(station: Arc<Station>, stores: Arc<Stores>) -> Self {
        Self { station, stores, idle: Mutex::default(), streams: Streams::default(), going: AtomicU32::default() }
    }

    /// What is under way here.
    pub(super) fn going(&self) -> u32 {
        self.going.load(Ordering::Relaxed)
    }

    /// An answer has come, and was an answer.
    pub(super) fn answered(&self) {
        if self.station.answered() {
            self.stores.reckon();
        }
    }

    /// The store has failed.
    pub(super) fn failed(&self, how: Failure) {
        if self.station.failed(how) {
            self.stores.reckon();
        }
    }

    /// Sends a request and waits for the head of the answer until `deadline`.
    ///
    /// # Errors
    /// See [`StoreError`]; with the request, where it may be asked again.
    pub(super) async fn send(
        self: &Arc<Self>,
        request: Request<Body>,
        errand: Errand,
        (now, deadline): (Instant, Instant),
        several: bool,
    ) -> Result<Response<StoreBody>, Unanswered> {
        let asked = self.station.ask();
        let going = Going::to(self);
        let harmless = errand.class.may_be_repeated(&request);
        let sending = Sending { request, class: errand.class, harmless, several, now };
        let sent = timeout_at(deadline, self.exchange(sending)).await;
        let sent = sent.unwrap_or(Err(Unanswered { error: StoreError::Timeout, again: None }));
        match sent {
            Ok((answer, stream)) => {
                asked.has_head();
                Ok(self.received(answer, errand, going, stream))
            }
            Err(unanswered) => {
                match blame(&unanswered.error, errand, &asked) {
                    Blame::Failed(how) => self.failed(how),
                    Blame::Suspected => self.station.suspect(),
                    Blame::Nobody => {}
                }
                Err(unanswered)
            }
        }
    }

    fn received(
        &self,
        answer: Response<Incoming>,
        errand: Errand,
        going: Going,
        stream: Option<OneMore>,
    ) -> Response<StoreBody> {
        let fails = fails(answer.status());
        if fails {
            self.failed(Failure::Answer);
        } else if errand.class.has_no_end() {
            // It has no end that could be waited for.
            self.answered();
        }
        let waits = !fails && !errand.class.has_no_end();
        answer.map(|body| StoreBody::new(body, going.until_its_end(waits), stream))
    }

    async fn exchange(&self, sending: Sending) -> Result<(Response<Incoming>, Option<OneMore>), Unanswered> {
        // An HTTP/1.1 upgrade stays one: few stores know RFC 8441.
        if self.is_http1(&sending) {
            self.over_http1(sending).await.map(|answer| (answer, None))
        } else {
            self.over_http2(sending).await.map(|(answer, stream)| (answer, Some(stream)))
        }
    }

    fn is_http1(&self, sending: &Sending) -> bool {
        match (sending.class, self.stores.protocol()) {
            (Class::Call, _) => false,
            (_, Protocol::Http1) => true,
            (_, Protocol::Http2) => sending.request.headers().contains_key(UPGRADE),
        }
    }

    /// A request that an idle connection refused because it was closed in the meantime, before anything was sent, goes out
    /// on the next, and in the end on a fresh one.
    async fn over_http1(&self, mut sending: Sending) -> Result<Response<Incoming>, Unanswered> {
        while let Some((mut sender, idle)) = self.take_idle(sending.now) {
            // It may be closed while we send. On a busy connection that hardly happens, and a copy costs.
            let spare = sending.spare(idle > STORE_IDLE_DOUBTED);
            match sender.try_send_request(sending.request).await {
                Ok(answer) => {
                    self.give_back(sender);
                    return Ok(answer);
                }
                Err(mut error) => match error.take_message() {
                    Some(unsent) => sending.request = unsent,
                    None => return Err(broken(error.into_error(), spare)),
                },
            }
        }
        let mut sender = match self.connect(Protocol::Http1).await {
            Ok(Line::Http1(sender)) => sender,
            Ok(Line::Http2(_)) => return Err(sending.not_sent(StoreError::Connect(std::io::ErrorKind::Other.into()))),
            Err(error) => return Err(sending.not_sent(error)),
        };
        let spare = sending.spare(false);
        let answer = sender.try_send_request(sending.request).await.map_err(|error| unanswered(error, spare))?;
        self.give_back(sender);
        Ok(answer)
    }

    async fn over_http2(&self, mut sending: Sending) -> Result<(Response<Incoming>, OneMore), Unanswered> {
        super::streams::address(&mut sending.request, self.station.dial.scheme());
        let line = match self.streams.with_room() {
            Some(line) => Ok(line),
            None => Box::pin(self.streams.opened(self.connect_http2())).await,
        };
        let (mut sender, stream) = match line {
            Ok(line) => line,
            Err(error) => return Err(sending.not_sent(error)),
        };
        let spare = sending.spare(false);
        let answer = sender.try_send_request(sending.request).await.map_err(|error| unanswered(error, spare))?;
        Ok((answer, stream))
    }

    async fn connect_http2(&self) -> Result<http2::SendRequest<Body>, StoreError> {
        match self.connect(Protocol::Http2).await? {
            Line::Http2(sender) => Ok(sender),
            Line::Http1(_) => Err(StoreError::Connect(std::io::ErrorKind::Other.into())),
        }
    }

    async fn connect(&self, protocol: Protocol) -> Result<Line, StoreError> {
        let connected = self.station.connects().ok_or(StoreError::Busy)?;
        // In a box: a handshake takes room that most requests do not need.
        Box::pin(self.station.dial.connect(protocol, connected)).await
    }

    /// The newest connection that is ready, and for how long it has been idle.
    fn take_idle(&self, now: Instant) -> Option<(SendRequest<Body>, Duration)> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        // A connection whose answer is still being read is not ready, nor is one that is closed; look past it, newest first.
        let position = idle.lines.iter().rposition(|one| one.sender.is_ready())?;
        let one = idle.lines.remove(position);
        let age = now.saturating_duration_since(one.since);
        // The newest is too old, and so are all before it.
        (age < STORE_IDLE_MAX).then_some((one.sender, age))
    }

    /// A connection whose answer is still being read is kept too: it gets ready when the answer ends. When there are too
    /// many, those in long answers go first; dropping one does not end its answer.
    fn give_back(&self, sender: SendRequest<Body>) {
        let now = Instant::now();
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.looked.is_none_or(|looked| now.duration_since(looked) >= STORE_IDLE_LOOK_EVERY) {
            idle.looked = Some(now);
            idle.lines.retain(|one| !one.sender.is_closed() && now.duration_since(one.since) < STORE_IDLE_MAX);
        }
        if idle.lines.len() >= STORE_IDLE_PER_WORKER_MAX {
            let busy = idle.lines.iter().position(|one| !one.sender.is_ready()).unwrap_or(0);
            idle.lines.remove(busy);
        }
        idle.lines.push(Idle { sender, since: now });
    }
}

impl Sending {
    /// A copy, for when the connection breaks: where it is likely, or where another store may be asked.
    fn spare(&self, doubted: bool) -> Option<Again> {
        (self.harmless && (doubted || self.several)).then(|| {
            let mut copy = Request::new(crate::pipeline::extract::whole(Bytes::new()));
            copy.method_mut().clone_from(self.request.method());
            copy.uri_mut().clone_from(self.request.uri());
            copy.headers_mut().clone_from(self.request.headers());
            Again::Harmless(copy)
        })
    }

    fn not_sent(self, error: StoreError) -> Unanswered {
        Unanswered { error, again: Some(Again::Unsent(self.request)) }
    }
}

fn broken(error: hyper::Error, again: Option<Again>) -> Unanswered {
    Unanswered { error: StoreError::Broken(error), again }
}

/// What was not even begun comes back; of what may have been, the copy that is kept of it, if there is one.
fn unanswered(mut error: TrySendError<Request<Body>>, spare: Option<Again>) -> Unanswered {
    let again = error.take_message().map(Again::Unsent).or(spare);
    broken(error.into_error(), again)
}

/// What a store says that does not serve now, or a gateway in front of one.
pub(super) const fn fails(status: StatusCode) -> bool {
    matches!(status, StatusCode::BAD_GATEWAY | StatusCode::SERVICE_UNAVAILABLE | StatusCode::GATEWAY_TIMEOUT)
}

/// What an error says of the store.
enum Blame {
    Failed(Failure),
    /// What was asked may take long by itself.
    Suspected,
    /// It was not the store, or that is not known.
    Nobody,
}

fn blame(error: &StoreError, errand: Errand, asked: &Asked<'_>) -> Blame {
    match error {
        StoreError::Connect(_) => Blame::Failed(Failure::Silence),
        StoreError::Timeout if asked.others_were_answered() => Blame::Nobody,
        StoreError::Timeout if errand.is_quick() => Blame::Failed(Failure::Silence),
        StoreError::Timeout => Blame::Suspected,
        // It may be the body of the request that broke off.
        StoreError::Broken(error) if error.is_user() || errand.class.goes_at_the_clients_pace() => Blame::Nobody,
        StoreError::Broken(_) => Blame::Failed(Failure::Answer),
        StoreError::Busy | StoreError::Resting { .. } => Blame::Nobody,
    }
}
