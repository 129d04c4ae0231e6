//! What comes back is not believed: the entry must be durable before a byte is passed on, and every resource of the
//! answer is resolved to its person and judged again. A store that returns too much loses the surplus.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{
    ACCEPT_RANGES, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG, HeaderMap, HeaderName,
    HeaderValue, LAST_MODIFIED, LOCATION,
};
use http::{Response, StatusCode};
use http_body_util::{BodyExt as _, Limited, StreamBody};
use hyper::body::Frame;
use model::{Action, Category, PersonId, Timestamp};
use records::{AnswerKind, Misbehaviour, Touches};
use tokio::time::timeout;

use super::admit::Slot;
use super::authenticate::Subject;
use super::forward::{Answer, Forwarded, length};
use super::tunnel::Tunnel;
use crate::bounds::{ANSWER_READ_BYTES_MAX, PIECE_BYTES, STORE_READ_MAX};
use crate::cut::live::ExchangeEntry;
use crate::judge::Question;
use crate::refusal::Refusal;
use crate::store::pool::Body;
use crate::worker::Worker;

/// Proof: on record, checked, ready to go out.
pub struct Released {
    pub(super) response: Response<Body>,
    pub(super) tunnel: Option<Tunnel>,
    pub(super) living: ExchangeEntry,
    pub(super) slot: Slot,
    pub(super) entry: audit::EntryId,
    pub(super) audit: audit::Audit,
    pub(super) clock: crate::Clock,
    pub(super) records: Vec<String>,
}

/// Response headers that may pass, beside those that are made anew.
const PASSED: [HeaderName; 2] = [ETAG, LAST_MODIFIED];
/// And those of bytes that are not read here.
const PASSED_OPAQUE: [HeaderName; 2] = [CONTENT_RANGE, ACCEPT_RANGES];

/// Releases.
///
/// # Errors
/// The entry could not be made durable; the answer may not be passed on; the exchange was cut.
pub async fn release(worker: &Worker, answer: Answer) -> Result<Released, Refusal> {
    let Answer { recorded, response, slot, asked } = answer;
    let (permit, entry, _durable) = recorded.durable().await?;
    let Forwarded { subject, touches, living, at } = permit;
    if living.exchange.switch.is_cut() {
        return Err(Refusal::Cut);
    }
    let switch = Arc::clone(&living.exchange.switch);
    let mut tunnel = None;
    let (response, records) = match &touches.answer {
        AnswerKind::Resource { .. } | AnswerKind::Bundle => {
            tokio::select! {
                biased;
                () = switch.cut_off() => return Err(Refusal::Cut),
                checked = checked(worker, &subject, &touches, at, response) => checked?,
            }
        }
        AnswerKind::Opaque => (opaque(worker, &subject, &touches, at, response).await?, Vec::new()),
        AnswerKind::EventStream => (event_stream(response)?, Vec::new()),
        AnswerKind::WebSocket => {
            let (response, agreed) = super::tunnel::open(response, asked)?;
            tunnel = Some(agreed);
            (response, Vec::new())
        }
    };
    let mut response = response;
    if let Some(cookie) = subject.refreshed() {
        response.headers_mut().append(http::header::SET_COOKIE, cookie.clone());
    }
    Ok(Released {
        response,
        tunnel,
        living,
        slot,
        entry: entry.id,
        audit: worker.audit().clone(),
        clock: worker.clock(),
        records,
    })
}

/// FHIR JSON: read whole (bounded), checked, written anew.
async fn checked(
    worker: &Worker,
    subject: &Subject,
    touches: &Touches,
    at: Timestamp,
    response: Response<hyper::body::Incoming>,
) -> Result<(Response<Body>, Vec<String>), Refusal> {
    let (parts, body) = response.into_parts();
    let body = read(body, STORE_READ_MAX).await?;
    let content_type = parts.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    // The newest facts: consent may have been withdrawn while the store was thinking.
    let snapshot = worker.snapshot();
    let mut may_see = |person: &PersonId, category: Category| {
        // What was just written by right may be shown to its writer; everything else is a read.
        let action =
            if touches.action.writes() && touches.persons.contains(person) { touches.action } else { Action::Read };
        worker.judge().permits(
            &snapshot,
            Question {
                user_id: subject.user_id(),
                serial: subject.device().serial(),
                person: Some(person),
                action,
                category,
                at,
            },
        )
    };
    let status = parts.status.as_u16();
    let released = records::release(&touches.answer, touches, status, content_type, &body, &mut may_see)
        .map_err(|misbehaviour| misbehaves(worker, touches, &misbehaviour))?;
    if released.dropped > 0 {
        tracing::error!(dropped = released.dropped, "the store returned records it should not have; dropped");
    }
    if status == 404 || status == 410 {
        return Err(Refusal::NotAvailable);
    }
    if status == 412 {
        return Err(Refusal::Stale);
    }
    // What is wrong with the client's own message passes (400, 409, 416, 422); anything else is between the store and us: a
    // 401 of the store would have the user sign in again and again.
    if status >= 400 && !matches!(status, 400 | 409 | 416 | 422) {
        tracing::error!(status, "the store refused what it should serve");
        return Err(Refusal::StoreMisbehaves);
    }
    if touches.action.writes() {
        // The answer may be empty: what was known of the record is not known any more.
        touches.records.iter().for_each(|record| worker.index().forget(record));
    }
    for record in released.records.iter().filter(|record| record.category() != Category::Directory) {
        worker.index().learn(record, &released.persons);
    }
    let records = released.records.iter().map(ToString::to_string).collect();
    let mut answer = Response::builder().status(parts.status);
    if let Some(headers) = answer.headers_mut() {
        pass(headers, &parts.headers, &PASSED);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/fhir+json; charset=utf-8"));
        if let Some(location) = location(&parts.headers, touches) {
            headers.insert(LOCATION, location);
        }
    }
    let answer = answer.body(in_pieces(released.body)).map_err(|_| Refusal::StoreMisbehaves)?;
    Ok((answer, records))
}

/// Bytes of a document: whose they are is known and permitted; they are streamed unread, never shown as a page.
async fn opaque(
    worker: &Worker,
    subject: &Subject,
    touches: &Touches,
    at: Timestamp,
    response: Response<hyper::body::Incoming>,
) -> Result<Response<Body>, Refusal> {
    match response.status() {
        StatusCode::OK | StatusCode::PARTIAL_CONTENT | StatusCode::NOT_MODIFIED => {}
        // An upload's answer, or an error: text of the store, to be read like any other.
        _ => return checked(worker, subject, touches, at, response).await.map(|(answer, _)| answer),
    }
    let (parts, body) = response.into_parts();
    let mut answer = Response::builder().status(parts.status);
    if let Some(headers) = answer.headers_mut() {
        pass(headers, &parts.headers, &PASSED);
        pass(headers, &parts.headers, &PASSED_OPAQUE);
        headers.insert(CONTENT_TYPE, harmless(parts.headers.get(CONTENT_TYPE)));
        headers.insert(CONTENT_DISPOSITION, HeaderValue::from_static("attachment"));
        if let Some(length) = length(&parts.headers) {
            headers.insert(CONTENT_LENGTH, length);
        }
    }
    answer.body(body.map_err(Into::into).boxed_unsync()).map_err(|_| Refusal::StoreMisbehaves)
}

/// The type of a document, unless a browser would run or render it as a page.
fn harmless(given: Option<&HeaderValue>) -> HeaderValue {
    let plain = HeaderValue::from_static("application/octet-stream");
    let Some(given) = given else { return plain };
    let Ok(text) = given.to_str() else { return plain };
    let text = text.to_ascii_lowercase();
    let page = ["html", "xml", "svg", "script", "multipart"].iter().any(|word| text.contains(word));
    if page { plain } else { given.clone() }
}

/// News of one person: references, no contents. Streamed until one side leaves or the exchange is cut.
fn event_stream(response: Response<hyper::body::Incoming>) -> Result<Response<Body>, Refusal> {
    let (parts, body) = response.into_parts();
    let content_type = parts.headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes).unwrap_or_default();
    if parts.status != StatusCode::OK || !content_type.starts_with(b"text/event-stream") {
        tracing::warn!(status = %parts.status, "the store gave no event stream");
        return Err(Refusal::StoreMisbehaves);
    }
    Response::builder()
        .status(StatusCode::OK)
        .header(CONTENT_TYPE, "text/event-stream")
        .body(body.map_err(Into::into).boxed_unsync())
        .map_err(|_| Refusal::StoreMisbehaves)
}

/// An answer in pieces, so that a client that stops reading leaves most of it here, where a cut takes it back.
fn in_pieces(body: Vec<u8>) -> Body {
    let whole = Bytes::from(body);
    if whole.len() <= PIECE_BYTES {
        return super::extract::whole(whole);
    }
    let pieces = (0..whole.len().div_ceil(PIECE_BYTES)).map(move |number| {
        let start = number.saturating_mul(PIECE_BYTES);
        Ok(Frame::data(whole.slice(start..whole.len().min(start.saturating_add(PIECE_BYTES)))))
    });
    StreamBody::new(futures_util::stream::iter(pieces)).boxed_unsync()
}

async fn read(body: hyper::body::Incoming, within: Duration) -> Result<Bytes, Refusal> {
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

/// `Location` of a created record, made anew from what it names; a foreign or unreadable one is left out.
fn location(from: &HeaderMap, touches: &Touches) -> Option<HeaderValue> {
    let text = from.get(LOCATION)?.to_str().ok()?;
    let path = records::location(text, touches)?;
    HeaderValue::try_from(path).ok()
}

/// An answer that may not be passed on: the officer hears of it, the client learns nothing.
fn misbehaves(worker: &Worker, touches: &Touches, misbehaviour: &Misbehaviour) -> Refusal {
    tracing::error!(%misbehaviour, "the store misbehaves; its answer was not passed on");
    for record in &touches.records {
        worker.index().forget(record);
    }
    match misbehaviour {
        Misbehaviour::ForeignRecord { .. } => Refusal::NotAvailable,
        _ => Refusal::StoreMisbehaves,
    }
}
