//! Which persons and records does the request touch? `records` says what must be read for that; here it is read: the
//! body, or the stored version at the store.

use std::collections::BTreeSet;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, ETAG, HOST};
use http::request::Parts;
use http::{HeaderValue, Method, Request};
use http_body_util::{BodyExt as _, Empty, Full, Limited};
use hyper::body::Incoming;
use model::{Category, PersonId};
use records::{Claim, Head, Need, Reader, StoredNeeded, Touches, Transaction, Unreadable};
use tokio::time::timeout;

use super::authenticate::Subject;
use super::client_body::ClientBody;
use super::decide;
use super::route::RecordRequest;
use super::trace::Trace;
use crate::bounds::{
    ANSWER_READ_BYTES_MAX, BODY_READ_BYTES_MAX, BODY_READ_MAX, STORE_ANSWER_MAX, STORE_READ_MAX,
    TRANSACTION_LOOK_UPS_MAX,
};
use crate::refusal::{Refusal, fault};
use crate::session::fresh_id;
use crate::store::pool::{Body, STORE_HOST, StoreError};
use crate::worker::Worker;

/// Proof: it is known which persons and records the request touches, and what would be sent to the store.
pub struct Extracted {
    pub(super) touches: Touches,
    pub(super) request: Request<ClientBody>,
}

/// Extracts.
///
/// # Errors
/// The message cannot be read in one way only, the record is not there, or the store does not answer.
pub async fn extract(
    worker: &Worker,
    subject: &Subject,
    mut request: RecordRequest,
    trace: &mut Trace,
) -> Result<Extracted, Refusal> {
    let begun = request.take_begun();
    let (parts, mut body) = request.into_request().into_parts();
    let need = begun.map_or_else(|| read_head(worker.reader(), &parts), |need| Ok(*need))?;
    let touches = match need {
        Need::Transaction(transaction) => {
            let joined = joined(worker, subject, transaction, trace);
            // Too long is "not available": how long it takes may depend on what there is.
            timeout(TRANSACTION_LOOK_UPS_MAX, joined).await.map_err(|_| Refusal::NotAvailable)??
        }
        need => touched(worker, subject, need, &mut body, trace).await?,
    };
    trace.touches(&touches);
    Ok(Extracted { touches, request: Request::from_parts(parts, body) })
}

/// Reads the head of a request.
pub(super) fn read_head(reader: &Reader, parts: &Parts) -> Result<Need, Refusal> {
    let target = parts.uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
    let headers: Vec<(&str, &[u8])> =
        parts.headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect();
    let head = Head { method: parts.method.as_str(), target, headers: &headers };
    reader.read_head(&head).map_err(refusal)
}

/// Brings whatever is needed until it is known what one request touches.
async fn touched(
    worker: &Worker,
    subject: &Subject,
    mut need: Need,
    body: &mut ClientBody,
    trace: &mut Trace,
) -> Result<Touches, Refusal> {
    loop {
        need = match need {
            Need::Done(touches) => return Ok(touches),
            Need::Body(needed) => {
                let read = body.read(needed.bytes_max().min(BODY_READ_BYTES_MAX)).await?;
                needed.read(&read).map_err(refusal)?
            }
            Need::Stored(needed) => stored(worker, subject, needed, trace).await?,
            Need::Persons(needed) => {
                let persons = cared_for(worker, subject, &needed.wanted());
                needed.read(persons).map_err(refusal)?
            }
            Need::Categories(needed) => {
                let permitted = permitted_categories(worker, subject, &needed.wanted());
                needed.read(&permitted).map_err(refusal)?
            }
            Need::Page(needed) => {
                let rules = worker.judge().point(&worker.snapshot()).map_err(|missing| {
                    tracing::error!(%missing, "the rules in force cannot be used; refused");
                    Refusal::NotAvailable
                })?;
                let whose = subject.turning_pages().under(rules.version());
                let ticket = worker.sealer().open_page(&whose, needed.sealed());
                needed.read(ticket.as_deref()).map_err(refusal)?
            }
            // `split` has taken a batch apart, and neither has a place within another.
            Need::Batch(_) | Need::Transaction(_) => {
                return Err(Refusal::Unreadable("a batch or transaction within another is not served".to_owned()));
            }
        };
    }
}

/// What the entries of a transaction touch, as one request. Whatever a look-up shows, all of them are made: the number of
/// look-ups, and what is said of other entries, tells nothing of what is there (promise P4).
async fn joined(
    worker: &Worker,
    subject: &Subject,
    transaction: Transaction,
    trace: &mut Trace,
) -> Result<Touches, Refusal> {
    let (needs, joining) = transaction.split();
    let (mut all, mut missing) = (Vec::with_capacity(needs.len()), None);
    for need in needs {
        match touched(worker, subject, need, &mut ClientBody::Read(Bytes::new()), trace).await {
            Ok(touches) => all.push(touches),
            Err(Refusal::NotAvailable) => missing = Some(Refusal::NotAvailable),
            Err(refusal) => return Err(refusal),
        }
    }
    missing.map_or(Ok(()), Err)?;
    joining.join(all).map_err(refusal)
}

/// Whom this subject may do all of this to, of those on whose care teams he is: what a search that names nobody is about.
/// Decided on again with the whole request, on facts that are looked up after it has entered the register of what is alive.
fn cared_for(worker: &Worker, subject: &Subject, wanted: &[Claim]) -> Vec<PersonId> {
    let (snapshot, asker) = (worker.snapshot(), subject.asking(worker.now()));
    let (nobodys, persons): (Vec<&Claim>, Vec<&Claim>) =
        wanted.iter().partition(|claim| claim.category == Category::Directory);
    if !nobodys.iter().all(|claim| worker.judge().permits_claim(&snapshot, asker, claim)) {
        return Vec::new();
    }
    let cared_for: BTreeSet<&PersonId> = snapshot.persons_of(subject.user()).map(|one| &one.person).collect();
    let permitted = |person: &&PersonId| {
        persons.iter().all(|claim| {
            let about = Claim { persons: vec![(*person).clone()], ..(*claim).clone() };
            worker.judge().permits_claim(&snapshot, asker, &about)
        })
    };
    cared_for.into_iter().filter(permitted).cloned().collect()
}

/// Which of these kinds of records this subject may see. Decided on again with the whole request.
fn permitted_categories(worker: &Worker, subject: &Subject, wanted: &[Claim]) -> Vec<Category> {
    let (snapshot, asker) = (worker.snapshot(), subject.asking(worker.now()));
    let permitted = wanted.iter().filter(|claim| worker.judge().permits_claim(&snapshot, asker, claim));
    permitted.map(|claim| claim.category).collect()
}

/// Learns whose a stored record is: from the index where that may be and the answer will be a permit, else from the
/// store. A refusal always costs one look-up, as "not there" does, so that time tells nothing (promise P4).
async fn stored(worker: &Worker, subject: &Subject, needed: StoredNeeded, trace: &mut Trace) -> Result<Need, Refusal> {
    if needed.cacheable()
        && let Some(persons) = worker.index().persons(needed.record())
    {
        let known = needed.clone().from_index(&persons);
        if matches!(&known, Need::Done(touches) if permitted(worker, subject, touches)) {
            return Ok(known);
        }
    }
    if let Some(first) = needed.first()
        && !permitted(worker, subject, &first)
    {
        // Decided on once more, and refused with its reasons, in the step that decides.
        return Ok(Need::Done(first));
    }
    // Nobody's look-up reaches the store who may not use the service at all.
    trace.looked_up(&needed);
    decide::may_use_service(worker, &worker.snapshot(), subject, trace)?;
    let record = needed.record().clone();
    let found = match look_up(worker, subject, needed.target(), needed.accept()).await? {
        Ok(found) => found,
        // A store that fails this one only would tell by it that there is such a record.
        Err(failed) if fails_every(worker, subject, &needed).await? => return Err(failed),
        Err(failed) => {
            tracing::error!(%record, ?failed, "the store fails look-ups of this record, and not of others");
            return Err(Refusal::NotAvailable);
        }
    };
    let (status, etag, body) = found;
    let tells = needed.cacheable();
    let next = needed.read(status, etag.as_deref(), &body).map_err(refusal)?;
    if let Need::Done(touches) = &next
        && tells
        && !touches.main().sensitive
    {
        worker.index().learn(&record, &touches.persons());
    }
    Ok(next)
}

/// Whether a redirect of a mapped store leads to a record of one of these persons: read as its client would ask for it, and
/// looked up. Whoever has written by right must not be shown to somebody else's record for it.
pub(super) async fn leads_to(
    worker: &Worker,
    subject: &Subject,
    target: &str,
    persons: &[PersonId],
) -> Result<bool, Refusal> {
    let mut need = worker.reader().read_head(&Head { method: "GET", target, headers: &[] });
    loop {
        need = match need {
            Ok(Need::Done(touches)) => {
                let led_to = touches.persons();
                return Ok(!led_to.is_empty() && led_to.iter().all(|person| persons.contains(person)));
            }
            Ok(Need::Stored(needed)) => match look_up(worker, subject, needed.target(), needed.accept()).await? {
                Ok((status, etag, body)) => needed.read(status, etag.as_deref(), &body),
                Err(_) => return Ok(false),
            },
            // Whatever would need more is nothing that a redirect leads to.
            Ok(_) | Err(_) => return Ok(false),
        };
    }
}

/// What the store answered: there or not, under which entity tag.
type Found = (u16, Option<String>, Bytes);

/// Asks the store. The inner error is the store's failing of this look-up: what it would be to the client if it were no
/// secret that there is something to fail at.
async fn look_up(
    worker: &Worker,
    subject: &Subject,
    target: &str,
    accept: &'static str,
) -> Result<Result<Found, Refusal>, Refusal> {
    let mut request = Request::builder().method(Method::GET).uri(target);
    if let Some(headers) = request.headers_mut() {
        headers.insert(HOST, STORE_HOST);
        headers.insert(ACCEPT, HeaderValue::from_static(accept));
        worker.identify(headers, subject)?;
    }
    let empty = Empty::<Bytes>::new().map_err(|never| match never {}).boxed_unsync();
    let request = request.body(empty).map_err(|_| Refusal::Unreadable("no target for the store".to_owned()))?;
    let answer = match worker.pool().send(request, STORE_ANSWER_MAX).await {
        Ok(answer) => answer,
        Err(error) => return Ok(Err(unavailable(&error))),
    };
    let status = answer.status().as_u16();
    if !matches!(status, 200 | 404 | 410) {
        tracing::warn!(status, "the store failed a look-up");
        return Ok(Err(Refusal::StoreMisbehaves));
    }
    let etag = answer.headers().get(ETAG).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let body = timeout(STORE_READ_MAX, Limited::new(answer.into_body(), ANSWER_READ_BYTES_MAX).collect()).await;
    Ok(match body {
        Ok(Ok(body)) => Ok((status, etag, body.to_bytes())),
        Ok(Err(error)) => {
            tracing::warn!(%error, "the store's answer to a look-up broke off or is too large");
            Err(Refusal::StoreMisbehaves)
        }
        Err(_) => Err(Refusal::StoreTimeout),
    })
}

/// Whether the store fails look-ups as such: asked for a record that nobody has.
async fn fails_every(worker: &Worker, subject: &Subject, needed: &StoredNeeded) -> Result<bool, Refusal> {
    let nobodys = fresh_id().map_err(fault("no random octets"))?;
    let probed = look_up(worker, subject, &needed.probe(&nobodys), needed.accept()).await?;
    Ok(!matches!(probed, Ok((404 | 410, ..))))
}

fn permitted(worker: &Worker, subject: &Subject, touches: &Touches) -> bool {
    let (snapshot, asker) = (worker.snapshot(), subject.asking(worker.now()));
    touches.claims().all(|claim| worker.judge().permits_claim(&snapshot, asker, claim))
}

/// Reads a body to its end, within `bytes_max`.
///
/// # Errors
/// Too large, too slow, or broken off.
pub async fn read_body(incoming: &mut Incoming, bytes_max: usize) -> Result<Bytes, Refusal> {
    let limited = Limited::new(incoming, bytes_max);
    match timeout(BODY_READ_MAX, limited.collect()).await {
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
        Ok(Err(error)) if error.is::<http_body_util::LengthLimitError>() => Err(Refusal::BodyTooLarge(bytes_max)),
        Ok(Err(_)) => Err(Refusal::Unreadable("the body broke off".to_owned())),
        Err(_) => Err(Refusal::Unreadable(format!("the body took more than {} s", seconds(BODY_READ_MAX)))),
    }
}

/// A body that has been read, as a body again.
#[must_use]
pub fn whole(bytes: Bytes) -> Body {
    Full::new(bytes).map_err(|never| match never {}).boxed_unsync()
}

/// What the client is told when the store fails; the cause is logged.
#[must_use]
pub fn unavailable(error: &StoreError) -> Refusal {
    tracing::warn!(error = %error, cause = ?std::error::Error::source(error), "the store failed");
    match error {
        StoreError::Connect(_) => Refusal::StoreUnreachable,
        StoreError::Timeout => Refusal::StoreTimeout,
        StoreError::Broken(_) => Refusal::StoreMisbehaves,
    }
}

/// What the client is told. What a look-up at the store showed is one answer, whatever it was (promise P4); the cause
/// goes to the log.
pub(super) fn refusal(unreadable: Unreadable) -> Refusal {
    match unreadable {
        // Which version is stored is said after a permit only; before it, it would tell that there is one.
        Unreadable::NotThere | Unreadable::Stale | Unreadable::Several => Refusal::NotAvailable,
        Unreadable::Withheld(why) => {
            tracing::warn!(%why, "a stored record cannot be attributed; withheld");
            Refusal::NotAvailable
        }
        // Looked at in `look_up` already.
        Unreadable::StoreFailed(_) => Refusal::NotAvailable,
        Unreadable::BodyTooLarge(bytes_max) => Refusal::BodyTooLarge(bytes_max),
        other => Refusal::Unreadable(other.to_string()),
    }
}

const fn seconds(duration: Duration) -> u64 {
    duration.as_secs()
}
