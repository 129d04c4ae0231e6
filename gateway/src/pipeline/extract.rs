//! Which persons and records does the request touch? `records` says what must be read for that; here it is read: the
//! body, or the stored version at the store.

use std::collections::BTreeSet;
use std::time::Duration;

use bytes::Bytes;
use http::header::UPGRADE;
use http::request::Parts;
use http::{Method, Request};
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Body as _, Incoming};
use model::{Category, PersonId};
use records::{Claim, Head, Need, Reader, StoredNeeded, Touches, Transaction, Unreadable, Words};
use tokio::time::timeout;

use super::authenticate::Subject;
use super::client_body::ClientBody;
use super::decide;
use super::look_ups::LookUps;
use super::route::RecordRequest;
use super::trace::Trace;
use crate::bounds::{BODY_READ_BYTES_MAX, BODY_READ_MAX, TRANSACTION_LOOK_UPS_MAX};
use crate::refusal::{Cause, Refusal};
use crate::store::pool::{Body, StoreError};
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
    // Over HTTP/2 no field says that there is one. What comes behind a handshake is a WebSocket's.
    if parts.method == Method::GET && !parts.headers.contains_key(UPGRADE) {
        body.none().await?;
    }
    let need = begun.map_or_else(|| read_head(worker.reader(), &parts), |need| Ok(*need))?;
    let touches = match need {
        Need::Transaction(transaction) => {
            let joined = Box::pin(joined(worker, subject, transaction, trace));
            // Too long is "not available": how long it takes may depend on what there is.
            timeout(TRANSACTION_LOOK_UPS_MAX, joined).await.map_err(|_| Refusal::NotAvailable)??
        }
        need => {
            let touched = touched(worker, subject, vec![need], &mut body, trace).await?;
            touched.into_iter().next().unwrap_or(Err(Refusal::NotAvailable))?
        }
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
    reader.read_head(&head).map_err(|unreadable| refusal_of(unreadable, Words::Address))
}

/// Brings whatever is needed until it is known what the request touches, or each entry of a transaction. What is not available
/// stands in its place; any other refusal is that of the whole, whatever else is missing.
///
/// The words of all are read first. Then come the look-ups, all that are needed at that time, whatever one of them shows: how
/// many there are, and what is said of other entries, tells nothing of what is there (promise P4).
async fn touched(
    worker: &Worker,
    subject: &Subject,
    needs: Vec<Need>,
    body: &mut ClientBody,
    trace: &mut Trace,
) -> Result<Vec<Result<Touches, Refusal>>, Refusal> {
    let mut look_ups = LookUps::of(worker, subject);
    let mut found = Vec::with_capacity(needs.len());
    for need in needs {
        found.push(or_missing(read(worker, subject, need, body).await)?);
    }
    let stored = |found: &[Result<Need, Refusal>]| -> Vec<StoredNeeded> {
        let stored = |need: &Result<Need, Refusal>| match need {
            Ok(Need::Stored(needed)) => Some(needed.clone()),
            _ => None,
        };
        found.iter().filter_map(stored).collect()
    };
    let named = stored(&found);
    named.iter().for_each(|needed| trace.looked_up(needed));
    look_ups.pay_for_all(&named)?;
    loop {
        found = found.into_iter().map(|need| need.map(|need| unasked(worker, subject, need))).collect();
        let needed = stored(&found);
        if needed.is_empty() {
            break;
        }
        // Nobody's look-up reaches the store who may not use the service at all.
        needed.iter().for_each(|needed| trace.looked_up(needed));
        decide::may_use_service(worker, &worker.snapshot(), subject, trace)?;
        Box::pin(look_ups.make(&needed, trace)).await?;
        let shown = |need| match need {
            Ok(Need::Stored(needed)) => or_missing(look_ups.read(needed)),
            other => Ok(other),
        };
        found = found.into_iter().map(shown).collect::<Result<_, _>>()?;
    }
    let touches = |need| match need {
        Ok(Need::Done(touches)) => Ok(touches),
        Ok(_) => Err(Refusal::NotAvailable),
        Err(refusal) => Err(refusal),
    };
    Ok(found.into_iter().map(touches).collect())
}

/// What is not available is kept in its place, so that it ends nothing else.
fn or_missing(need: Result<Need, Refusal>) -> Result<Result<Need, Refusal>, Refusal> {
    match need {
        Ok(need) => Ok(Ok(need)),
        Err(Refusal::NotAvailable) => Ok(Err(Refusal::NotAvailable)),
        Err(refusal) => Err(refusal),
    }
}

/// Brings all that is needed but look-ups.
async fn read(worker: &Worker, subject: &Subject, mut need: Need, body: &mut ClientBody) -> Result<Need, Refusal> {
    loop {
        need = match need {
            done @ (Need::Done(_) | Need::Stored(_)) => return Ok(done),
            Need::Body(needed) => {
                let read = body.read(needed.bytes_max().min(BODY_READ_BYTES_MAX)).await?;
                needed.read(&read).map_err(refusal)?
            }
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
                return Err(Refusal::Unreadable("a batch or transaction within another is not served".into()));
            }
        };
    }
}

/// What the entries of a transaction touch, as one request.
async fn joined(
    worker: &Worker,
    subject: &Subject,
    transaction: Transaction,
    trace: &mut Trace,
) -> Result<Touches, Refusal> {
    let (needs, joining) = transaction.split();
    let touched = touched(worker, subject, needs, &mut ClientBody::Read(Bytes::new()), trace).await?;
    joining.join(touched.into_iter().collect::<Result<_, _>>()?).map_err(refusal)
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

/// What can be said before the store is asked: by the index where that may be and the answer will be a permit, or because what
/// the request names is not permitted. A refusal always costs as many look-ups as "not there" does, so that time tells nothing
/// (promise P4).
fn unasked(worker: &Worker, subject: &Subject, need: Need) -> Need {
    let Need::Stored(needed) = need else { return need };
    if needed.cacheable()
        && let Some(person) = worker.index().person(needed.record())
    {
        let known = needed.clone().from_index(std::slice::from_ref(&person));
        if matches!(&known, Need::Done(touches) if permitted(worker, subject, touches)) {
            return known;
        }
    }
    match needed.first() {
        // Decided on once more, and refused with its reasons, in the step that decides.
        Some(first) if !permitted(worker, subject, &first) => Need::Done(first),
        _ => Need::Stored(needed),
    }
}

fn permitted(worker: &Worker, subject: &Subject, touches: &Touches) -> bool {
    let (snapshot, asker) = (worker.snapshot(), subject.asking(worker.now()));
    touches.claims().all(|claim| worker.judge().permits_claim(&snapshot, asker, claim))
}

/// Reads a body to its end, within `bytes_max`. A client that asks before it sends (`Expect`, RFC 9110 10.1.1) is told to go on here:
/// where it stands in the body whose the record is, before the decision; an upload only after it is on record.
///
/// # Errors
/// Too large, too slow, or broken off.
pub async fn read_body(incoming: &mut Incoming, bytes_max: usize) -> Result<Bytes, Refusal> {
    // Who says that more is coming is not waited for.
    if usize::try_from(incoming.size_hint().lower()).is_ok_and(|lower| lower > bytes_max) {
        return Err(Refusal::BodyTooLarge(bytes_max));
    }
    match timeout(BODY_READ_MAX, gather(incoming, bytes_max)).await {
        Ok(read) => read,
        Err(_) => Err(Refusal::Unreadable(format!("the body took more than {} s", seconds(BODY_READ_MAX)).into())),
    }
}

/// All of a body in one piece. Pieces are not kept as they come: one octet each, they would take many times what is allowed.
/// Trailers are dropped.
async fn gather(incoming: &mut Incoming, bytes_max: usize) -> Result<Bytes, Refusal> {
    let mut first = Bytes::new();
    let mut whole: Vec<u8> = Vec::new();
    while let Some(frame) = incoming.frame().await {
        let frame = frame.map_err(|_| Refusal::Unreadable("the body broke off".into()))?;
        let Ok(piece) = frame.into_data() else { continue };
        if first.len() + whole.len() + piece.len() > bytes_max {
            return Err(Refusal::BodyTooLarge(bytes_max));
        }
        if first.is_empty() && whole.is_empty() {
            // Most bodies are one piece.
            first = piece;
        } else {
            whole.extend_from_slice(&std::mem::take(&mut first));
            whole.extend_from_slice(&piece);
        }
    }
    Ok(if whole.is_empty() { first } else { whole.into() })
}

/// A body that has been read, as a body again.
#[must_use]
pub fn whole(bytes: Bytes) -> Body {
    Full::new(bytes).map_err(|never| match never {}).boxed_unsync()
}

/// What the client is told when the store fails; the cause is logged.
#[must_use]
pub fn unavailable(error: &StoreError) -> Refusal {
    match error {
        // Said once of the store, not of each request.
        StoreError::Busy | StoreError::Resting { .. } => tracing::debug!(%error, "refused"),
        _ => tracing::warn!(%error, cause = ?std::error::Error::source(error), "the store failed"),
    }
    match error {
        StoreError::Connect(_) => Refusal::StoreUnreachable,
        StoreError::Timeout => Refusal::StoreTimeout,
        StoreError::Broken(_) => Refusal::StoreMisbehaves,
        StoreError::Busy => Refusal::StoreBusy,
        StoreError::Resting { seconds } => Refusal::StoreResting { retry_after_seconds: *seconds },
    }
}

/// What the client is told. What a look-up at the store showed is one answer, whatever it was (promise P4); the cause
/// goes to the log. Its words may be those of a body or of what is stored, so they do not go on record.
pub(super) fn refusal(unreadable: Unreadable) -> Refusal {
    refusal_of(unreadable, Words::Body)
}

fn refusal_of(unreadable: Unreadable, words: Words) -> Refusal {
    match unreadable {
        // Which version is stored is said after a permit only; before it, it would tell that there is one.
        Unreadable::NotThere | Unreadable::Stale | Unreadable::Several => Refusal::NotAvailable,
        Unreadable::Withheld(why) => {
            tracing::warn!(%why, "a stored record cannot be attributed; withheld");
            Refusal::NotAvailable
        }
        // `look_ups` lets through "here" and "not there" only; the latter is no answer to a search for what criteria mean.
        Unreadable::StoreFailed(status) => {
            tracing::error!(status, "the store fails the search for what criteria mean");
            Refusal::StoreMisbehaves
        }
        Unreadable::BodyTooLarge(bytes_max) => Refusal::BodyTooLarge(bytes_max),
        other => Refusal::Unreadable(Cause::of(&other, words)),
    }
}

const fn seconds(duration: Duration) -> u64 {
    duration.as_secs()
}
