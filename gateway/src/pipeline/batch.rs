//! A batch: every entry a request of its own through the same steps, one after the other, each with its own audit entry and
//! its own place among the living. What one of them is refused changes nothing for the others. (FHIR R4
//! http.html#transaction)
//!
//! Nothing leaves before the last entry is done; until the whole answer is taken, every entry stays among the living. If
//! what one of them rests on is withdrawn, the answer is cut as a whole: it would hold what may not be told any more.

use std::pin::pin;
use std::task::Poll;

use http::header::{CONTENT_TYPE, ETAG, LOCATION};
use http::request::Parts;
use http::{HeaderMap, HeaderName, Response, StatusCode};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use records::{Answered, Entry, ResponseKind};
use tokio::time::Instant;

use super::admit::{self, Slot};
use super::authenticate::{self, Subject};
use super::observe::{self, Part};
use super::release::{FHIR_JSON, in_pieces};
use super::route::RecordRequest;
use super::split::Entries;
use super::trace::Trace;
use super::{answered, extract, moment};
use crate::answer;
use crate::bounds::{BATCH_ANSWER_BYTES_MAX, BATCH_MAX};
use crate::connection::Client;
use crate::pages;
use crate::refusal::Refusal;
use crate::store::pool::Body;
use crate::worker::Worker;

/// Serves a batch of this subject, whose place the slot is.
///
/// # Errors
/// It was cut before its answer was whole.
pub async fn serve(
    worker: &Worker,
    client: &Client,
    subject: &Subject,
    slot: Slot,
    entries: Entries,
    trace: &Trace,
) -> Result<Response<Body>, Refusal> {
    let Entries { head, batch } = entries;
    let begun = Instant::now();
    let mut room = BATCH_ANSWER_BYTES_MAX;
    let (mut told, mut parts): (Vec<Answered>, Vec<Part>) = (Vec::new(), Vec::new());
    for (index, entry) in batch.entries().into_iter().enumerate() {
        let mut trace = trace.of_entry(worker, index + 1, entry.as_ref().ok());
        let entry = if begun.elapsed() < BATCH_MAX { entry.map_err(extract::refusal) } else { Err(TOO_MUCH) };
        let one = one(worker, client, &head, entry, room, &mut trace);
        let done = tokio::select! {
            biased;
            () = any_cut(&parts) => None,
            done = Box::pin(one) => Some(done),
        };
        let Some((answered, part)) = done else {
            trace.cut_short();
            parts.into_iter().for_each(Part::cut);
            return Err(Refusal::Cut);
        };
        room = room.saturating_sub(answered.resource.len());
        told.push(answered);
        parts.extend(part);
    }
    let mut response = Response::builder()
        .status(StatusCode::OK)
        .header(CONTENT_TYPE, FHIR_JSON)
        .body(in_pieces(records::bundle_response(ResponseKind::Batch, &told)))
        .map_err(|_| Refusal::StoreMisbehaves)?;
    if let Some(cookie) = subject.refreshed() {
        response.headers_mut().append(http::header::SET_COOKIE, cookie.clone());
    }
    answer::batch(response.headers_mut(), trace.id());
    Ok(observe::together(client, response, parts, slot))
}

/// More than one batch may take up; what is left can be asked for in another.
const TOO_MUCH: Refusal = Refusal::TooMany { limit: "batch", retry_after_seconds: 1 };

/// What is told of one entry, and what keeps it among the living until the answer is taken.
async fn one(
    worker: &Worker,
    client: &Client,
    head: &Parts,
    entry: Result<Entry, Refusal>,
    room: usize,
    trace: &mut Trace,
) -> (Answered, Option<Part>) {
    let writes = entry.as_ref().is_ok_and(|entry| entry.method != "GET" && !entry.target.ends_with("/_search"));
    let mut moment = pin!(moment::first(trace.arrived()));
    moment::enter(moment.as_mut()).await;
    let refusal = match steps(worker, client, head, entry, trace).await {
        Ok((response, mut part)) => {
            // The part sees to its outcome.
            trace.settled();
            match collected(response, room, writes).await {
                Ok(answered) => {
                    part.holds(answered.resource.len());
                    return (answered, Some(part));
                }
                Err(refusal) => {
                    part.failed(&refusal);
                    refusal
                }
            }
        }
        Err(refusal) => {
            trace.refused(worker, &refusal).await;
            moment::one_time(moment, &refusal).await;
            refusal
        }
    };
    let outcome = pages::outcome(&refusal, &trace.id().to_string()).into_bytes();
    (Answered { status: refusal.status(), outcome, ..Answered::default() }, None)
}

/// The steps, again for each entry: whoever may do the first may not do the last if something was withdrawn in between.
async fn steps(
    worker: &Worker,
    client: &Client,
    head: &Parts,
    entry: Result<Entry, Refusal>,
    trace: &mut Trace,
) -> Result<(Response<Body>, Part), Refusal> {
    let request = RecordRequest::of_entry(head, entry?)?;
    // The batch has a turn: it would be no use to do half of it.
    let (device, slot) = admit::admit(worker, request.device(worker, client)?, None)?;
    let subject = authenticate::authenticate(worker, device, &request, trace)?;
    let slot = slot.for_subject(worker, &subject)?;
    let released = answered(worker, client, subject, slot, request, trace).await?;
    Ok(observe::part(released))
}

/// The answer to an entry, read to its end.
async fn collected(response: Response<Body>, room: usize, writes: bool) -> Result<Answered, Refusal> {
    let (head, body) = response.into_parts();
    let text = |name: HeaderName| text(&head.headers, &name);
    let mut answered =
        Answered { status: head.status.as_u16(), location: text(LOCATION), etag: text(ETAG), ..Answered::default() };
    match Limited::new(body, room).collect().await {
        Ok(body) if answered.status < 400 => answered.resource = body.to_bytes().to_vec(),
        Ok(body) => answered.outcome = body.to_bytes().to_vec(),
        // It was written, whether or not there is room to show it.
        Err(error) if error.is::<LengthLimitError>() && writes && answered.status < 300 => {}
        Err(error) if error.is::<LengthLimitError>() => return Err(TOO_MUCH),
        Err(error) => {
            tracing::warn!(%error, "the answer to an entry of a batch broke off");
            return Err(Refusal::StoreMisbehaves);
        }
    }
    Ok(answered)
}

fn text(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    headers.get(name)?.to_str().ok().map(str::to_owned)
}

/// Ready once one of them is cut.
async fn any_cut(parts: &[Part]) {
    std::future::poll_fn(|cx| {
        if parts.iter().any(|part| part.poll_cut(cx).is_ready()) { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}
