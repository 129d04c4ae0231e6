//! What comes back is not believed: the entry must be durable before a byte is passed on, and every resource of the
//! answer is resolved to its person and judged again. A store that returns too much loses the surplus.

mod bytes;
mod evidence;
mod live;
mod searchset;
mod transaction;

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use ::bytes::Bytes;
use audit::Entry;
use http::header::{CONTENT_TYPE, ETAG, HeaderMap, HeaderName, HeaderValue, LAST_MODIFIED, LOCATION};
use http::{Response, StatusCode};
use http_body_util::{BodyExt as _, Limited, StreamBody};
use hyper::body::Frame;
use model::{Action, Category};
use records::{AnswerKind, EventStream, Feed, Located, Misbehaviour, RecordRef, Touches};
use tokio::time::timeout;

use crate::bounds::{ANSWER_READ_BYTES_MAX, PIECE_BYTES};
use crate::cut::live::ExchangeEntry;
use crate::pipeline::admit::Slot;
use crate::pipeline::alarm::Alarm;
use crate::pipeline::authenticate::Subject;
use crate::pipeline::call;
use crate::pipeline::enforcer::Requester;
use crate::pipeline::feed::FeedBody;
use crate::pipeline::forward::{Answer, Forwarded};
use crate::pipeline::look_ups;
use crate::pipeline::tunnel::Tunnel;
use crate::refusal::Refusal;
use crate::store::errand::Class;
use crate::store::going::StoreBody;
use crate::store::pool::Body;
use crate::worker::{Handle, Worker};

/// Proof: on record, checked, ready to go out.
pub struct Released {
    pub(super) response: Response<Body>,
    /// With its place among the open connections.
    pub(super) tunnel: Option<(Tunnel, Arc<()>)>,
    /// What its client is told when it ends with a drain, of a call.
    pub(super) farewell: Option<HeaderMap>,
    /// What has gone up in a call, in octets.
    pub(super) up: Arc<AtomicU64>,
    /// It has no end of its own.
    pub(super) endless: bool,
    pub(super) living: ExchangeEntry,
    pub(super) slot: Slot,
    pub(super) entry: audit::EntryId,
    pub(super) worker: Handle,
}

/// Response headers that may pass, beside those that are made anew. Not of a searchset: the store reckons them over what is
/// left out of it, too.
const PASSED: [HeaderName; 2] = [ETAG, LAST_MODIFIED];
/// What everything that was read here is.
pub(super) const FHIR_JSON: HeaderValue = HeaderValue::from_static("application/fhir+json; charset=utf-8");

/// Releases.
///
/// # Errors
/// The entry could not be made durable; the answer may not be passed on; the exchange was cut.
pub async fn release(worker: &Worker, answer: Answer) -> Result<Released, Refusal> {
    let Answer { recorded, response, slot, asked, up } = answer;
    let (permit, entry, _durable) = recorded.durable().await?;
    let Forwarded { subject, touches, living, arrived, languages } = permit;
    if living.exchange.switch.is_cut() {
        return Err(Refusal::Cut);
    }
    let switch = Arc::clone(&living.exchange.switch);
    let (mut tunnel, mut farewell) = (None, None);
    let alarm = Alarm::of(worker, &entry.id);
    let checking = Checking { worker, subject: &subject, touches: &touches, entry: &entry, alarm };
    let mut response = match &touches.answer {
        AnswerKind::Resource { .. }
        | AnswerKind::Version { .. }
        | AnswerKind::History { .. }
        | AnswerKind::Capabilities
        | AnswerKind::Mapped(_) => {
            tokio::select! {
                biased;
                () = switch.cut_off() => return Err(Refusal::Cut),
                checked = checking.resources(response) => checked?,
            }
        }
        AnswerKind::Bundle => {
            tokio::select! {
                biased;
                () = switch.cut_off() => return Err(Refusal::Cut),
                checked = Box::pin(checking.searchset(response, arrived, languages)) => checked?,
            }
        }
        AnswerKind::Transaction(parts) => {
            tokio::select! {
                biased;
                () = switch.cut_off() => return Err(Refusal::Cut),
                checked = Box::pin(checking.transaction(response, parts)) => checked?,
            }
        }
        AnswerKind::Opaque { version } => checking.bytes(response, version).await?,
        AnswerKind::EventStream => event_stream(response, Feed::of(&touches), checking.alarm.clone())?,
        AnswerKind::WebSocket => {
            let asked = asked.ok_or(Refusal::Fault)?;
            let (response, agreed) = Tunnel::of_news(response, asked, Feed::of(&touches), &checking.alarm)?;
            tunnel = Some((agreed, worker.hold_open()));
            response
        }
        AnswerKind::Socket(socket) => {
            let (response, agreed) = checking.messages(response, asked.ok_or(Refusal::Fault)?, socket)?;
            tunnel = Some((agreed, worker.hold_open()));
            response
        }
        AnswerKind::Events(events) => checking.events(response, events)?,
        AnswerKind::Call(call) => {
            farewell = Some(call::farewell());
            checking.call(response, call)?
        }
    };
    if let Some(cookie) = subject.refreshed() {
        response.headers_mut().append(http::header::SET_COOKIE, cookie.clone());
    }
    Ok(Released {
        response,
        tunnel,
        farewell,
        up,
        endless: matches!(touches.answer, AnswerKind::EventStream | AnswerKind::Events(_)),
        living,
        slot,
        entry: entry.id,
        worker: Handle::of(worker),
    })
}

/// An answer, and what it is checked against.
struct Checking<'a> {
    worker: &'a Worker,
    subject: &'a Arc<Subject>,
    touches: &'a Touches,
    entry: &'a Entry,
    alarm: Alarm,
}

impl Checking<'_> {
    /// FHIR JSON: read whole (bounded), checked, written anew.
    async fn resources(&self, response: Response<StoreBody>) -> Result<Response<Body>, Refusal> {
        let Self { worker, touches, .. } = *self;
        let (parts, body) = response.into_parts();
        let body = read(body, self.read_within()).await?;
        let content_type = parts.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        // The newest facts: consent may have been withdrawn while the store was thinking.
        let snapshot = worker.snapshot();
        let handle = Handle::of(worker);
        let requester = Requester::of(self.subject, touches);
        let status = parts.status.as_u16();
        let released = records::release(
            &touches.answer,
            touches,
            status,
            content_type,
            &body,
            &mut requester.enforcer(&handle, &snapshot),
        )
        .map_err(|misbehaviour| self.misbehaves(&misbehaviour))?;
        self.alarm.left_out(released.dropped, &released.why);
        told(status, touches)?;
        self.learn(&released);
        let mut located = located(&parts.headers, touches);
        if matches!(touches.answer, AnswerKind::Mapped(_))
            && let Some(to) = &located
            && !Box::pin(self.leads_to_its_own(&to.target)).await?
        {
            self.alarm.misbehaves(&Misbehaviour::Shape("leads to a record that was not asked about"));
            located = None;
        }
        if located.is_none() && parts.status.is_redirection() && parts.status != StatusCode::NOT_MODIFIED {
            return Err(self.misbehaves(&Misbehaviour::Shape("redirects to where it should not")));
        }
        self.on_record(&snapshot, &released, located.as_ref()).await?;
        // 302 leaves open whether the method stays (RFC 9110 15.4.3); what is meant is always a GET.
        let status = if parts.status == StatusCode::FOUND { StatusCode::SEE_OTHER } else { parts.status };
        let mut answer = Response::builder().status(status);
        if let Some(headers) = answer.headers_mut() {
            // A tag of many would speak of what is left out of them.
            let one = match &touches.answer {
                AnswerKind::Mapped(answer) => answer.is_one_record(),
                answer => !matches!(answer, AnswerKind::Bundle | AnswerKind::Capabilities | AnswerKind::History { .. }),
            };
            if one {
                pass(headers, &parts.headers, &PASSED);
            }
            let given = parts.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
            if let Some(text) = records::content_type(&touches.answer, given) {
                headers.insert(CONTENT_TYPE, HeaderValue::try_from(text).map_err(|_| Refusal::StoreMisbehaves)?);
            }
            if let Some(location) = located.and_then(|located| HeaderValue::try_from(located.target).ok()) {
                headers.insert(LOCATION, location);
            }
        }
        answer.body(in_pieces(released.body)).map_err(|_| Refusal::StoreMisbehaves)
    }

    /// How long an answer that is read whole may take.
    fn read_within(&self) -> Duration {
        self.touches.forward.within.unwrap_or(self.worker.way().timeouts().of(Class::of(self.touches)).whole)
    }

    /// Whether a redirect leads to records of nobody but those whom the request was about.
    async fn leads_to_its_own(&self, target: &str) -> Result<bool, Refusal> {
        let persons = self.touches.persons();
        look_ups::leads_to(self.worker, self.subject, target, &persons, &self.entry.id).await
    }

    /// An answer that may not be passed on: the officer hears of it, the client learns nothing.
    fn misbehaves(&self, misbehaviour: &Misbehaviour) -> Refusal {
        if *misbehaviour != Misbehaviour::NotSeen {
            self.alarm.misbehaves(misbehaviour);
        }
        for record in &self.touches.records {
            self.worker.index().forget(record);
        }
        match misbehaviour {
            Misbehaviour::ForeignRecord { .. } | Misbehaviour::NotSeen => Refusal::NotAvailable,
            _ => Refusal::StoreMisbehaves,
        }
    }

    /// What the index may remember of this answer, and must forget.
    fn learn(&self, released: &records::Released) {
        let index = self.worker.index();
        if self.touches.writes() {
            // The answer may be empty: what was known of the record is not known any more.
            self.touches.records.iter().for_each(|record| index.forget(record));
        }
        if matches!(self.touches.answer, AnswerKind::Version { .. } | AnswerKind::History { .. }) {
            // What a record was says nothing about what it is.
            return;
        }
        let told =
            |record: &&RecordRef| record.category() != Category::Directory && !released.sensitive.contains(record);
        for record in released.records.iter().filter(told) {
            index.learn(record, &released.persons);
        }
    }
}

/// Whether an answer of this status goes out. What is wrong with the client's own message does (400, 409, 416, 422); most
/// else is between the store and us: a 401 of the store would have the user sign in again and again.
fn told(status: u16, touches: &Touches) -> Result<(), Refusal> {
    let transaction = matches!(touches.answer, AnswerKind::Transaction(_));
    let mapped = matches!(touches.answer, AnswerKind::Mapped(_));
    match status {
        404 | 410 => Err(Refusal::NotAvailable),
        // A create has no version to conflict with: its condition fits several records.
        412 if !transaction && touches.main().action == Action::Create => Err(Refusal::Several),
        412 => Err(Refusal::Stale),
        // In FHIR an error is an answer of its own; a mapped store's is a page or a text that nobody here can read.
        400 | 409 | 416 | 422 if mapped => {
            Err(Refusal::Unreadable("something in it that the store does not take".into()))
        }
        // Where a mapped store leads to was read, and written anew.
        300..=399 if mapped => Ok(()),
        200..=299 | 304 | 400 | 409 | 416 | 422 => Ok(()),
        // It says itself that it has too much to do; so is the client told. Of a write nobody knows what came of it: who says so may
        // stand before the store.
        429 | 503 if !touches.writes() => {
            tracing::warn!(status, "the store is busy, or does not serve now");
            Err(Refusal::StoreBusy)
        }
        401 => {
            tracing::error!(status, "the store does not believe our identity token; does it have our keys?");
            Err(Refusal::StoreMisbehaves)
        }
        _ => {
            tracing::error!(status, "the store refused what it should serve");
            Err(Refusal::StoreMisbehaves)
        }
    }
}

/// News of one person: references, no contents. Read and streamed until one side leaves or the exchange is cut.
fn event_stream(response: Response<StoreBody>, feed: Feed, alarm: Alarm) -> Result<Response<Body>, Refusal> {
    let (parts, body) = response.into_parts();
    let content_type = parts.headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes).unwrap_or_default();
    if parts.status != StatusCode::OK || !content_type.starts_with(b"text/event-stream") {
        tracing::warn!(status = %parts.status, "the store gave no event stream");
        return Err(Refusal::StoreMisbehaves);
    }
    Response::builder()
        .status(StatusCode::OK)
        .header(CONTENT_TYPE, "text/event-stream")
        .body(FeedBody::new(body, EventStream::new(feed), alarm).boxed_unsync())
        .map_err(|_| Refusal::StoreMisbehaves)
}

/// An answer in pieces, so that a client that stops reading leaves most of it here, where a cut takes it back.
pub(super) fn in_pieces(body: Vec<u8>) -> Body {
    let whole = Bytes::from(body);
    if whole.len() <= PIECE_BYTES {
        return crate::pipeline::extract::whole(whole);
    }
    let pieces = (0..whole.len().div_ceil(PIECE_BYTES)).map(move |number| {
        let start = number.saturating_mul(PIECE_BYTES);
        Ok(Frame::data(whole.slice(start..whole.len().min(start.saturating_add(PIECE_BYTES)))))
    });
    StreamBody::new(futures_util::stream::iter(pieces)).boxed_unsync()
}

async fn read(body: StoreBody, within: Duration) -> Result<Bytes, Refusal> {
    match timeout(within, Limited::new(body, ANSWER_READ_BYTES_MAX).collect()).await {
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
        Ok(Err(error)) => {
            tracing::warn!(%error, "the store's answer broke off or is too large");
            Err(Refusal::StoreMisbehaves)
        }
        Err(_) => Err(Refusal::StoreTimeout),
    }
}

fn pass(to: &mut HeaderMap, from: &HeaderMap, names: &[HeaderName]) {
    for name in names {
        if let Some(value) = from.get(name) {
            to.insert(name.clone(), value.clone());
        }
    }
}

/// `Location` of a created record or of a redirect, made anew from what it names; a foreign or unreadable one is left out.
fn located(from: &HeaderMap, touches: &Touches) -> Option<Located> {
    records::located(from.get(LOCATION)?.to_str().ok()?, touches)
}
