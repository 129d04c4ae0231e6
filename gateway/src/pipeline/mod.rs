//! A request's way. One function lists the steps; each step asks for the proof of the one before and hands on its own.
//!
//! ```text
//! accept - handshake            per connection   limits, TLS; the certificate is read once
//! route        -> Route                  which host, which page, or a record request
//! admit        -> Slot                   limits by device, before any costly work; later by user
//! authenticate -> Subject                session + device, against the current snapshot
//! split        -> Split                  one request, or the entries of a batch: each of them comes this way by itself
//! extract      -> Extracted              which persons and records; may look up stored versions
//! decide       -> Permit                 entered among the living first, then judged
//! record       -> Recorded<Permit>       the audit entry; a write waits for it here
//! forward      -> Answer                 to the store, rebuilt, with our identity and none of the client's
//! release      -> Released               the entry is durable; every resource of the answer judged again
//! observe      -> Response               the outcome, in a drop guard
//! ```
//!
//! What each may refuse with:
//!
//! - admit, for strangers before anything else: 429; for a device whose request comes to nothing in `route`, behind that.
//! - route:
//!   - 400 unreadable; 413, 414, 431 too long, by its head; 417; 501, 505 a method or version that nobody speaks here;
//!   - 401 no certificate; 403 one that has ended, or from another site;
//!   - 404 no such page; 405; 421 the other host;
//!   - 503 registry silent.
//! - admit: 401, 403 certificate; 429; 503 registry silent, gateway busy.
//! - authenticate: 401 sign in; 403 change the password first; 503 registry silent.
//! - split: 400; 413.
//! - extract:
//!   - 400; 403 with rule and article; 404 not available; 413; 429 for its look-ups;
//!   - 502/504 store; 503 stopped, store busy or resting.
//! - decide:
//!   - 400 a page that is over, what would reach into another person's record, more than can be decided on at once;
//!   - 401 session ended meanwhile; 403 certificate;
//!   - 403 with rule and article; 404; 412;
//!   - 413 a transaction that patches make too long;
//!   - 422 a patch that does not fit;
//!   - 503 stopped or silent.
//! - record: 503 audit.
//! - forward: 400; 413; 502/504 store; 503 cut, store busy or resting.
//! - release:
//!   - 400 no upgrade, a search that the store keeps no longer, what a mapped store does not take;
//!   - 404; 412;
//!   - 502/504 store;
//!   - 503 audit, cut, store busy or resting.
//!
//! Proofs have private fields and no public constructor, and are moved: leaving a step out does not compile
//! (`tests/compile-fail/`).

pub mod admit;
pub mod alarm;
pub mod authenticate;
pub mod batch;
pub mod call;
pub mod client_body;
pub mod decide;
pub mod enforcer;
pub mod extract;
pub mod feed;
pub mod forward;
pub mod gather;
pub mod held;
mod look_ups;
pub mod mark;
pub mod moment;
pub mod observe;
pub mod record;
pub mod release;
pub mod route;
pub mod sift;
pub mod split;
pub mod taken;
pub mod trace;
pub mod tunnel;
pub mod turns;
pub mod untaken;

use std::pin::pin;

use http::{Method, Request, Response};
use hyper::body::Incoming;

use crate::connection::Client;
use crate::refusal::Refusal;
use crate::store::pool::Body;
use crate::worker::Worker;
use crate::{answer, gate, public};
use trace::Trace;

/// Serves one request, whatever comes of it.
pub async fn serve(worker: &Worker, client: &Client, request: Request<Incoming>) -> Response<Body> {
    let mut trace = Trace::new(worker, client, &request);
    let head = *request.method() == Method::HEAD;
    let mut moment = pin!(moment::first(trace.arrived()));
    moment::enter(moment.as_mut()).await;
    let response = match steps(worker, client, request, &mut trace).await {
        Ok(response) => {
            // The body sees to its outcome.
            trace.settled();
            response
        }
        Err(refusal) => {
            Box::pin(trace.refused(worker, &refusal)).await;
            moment::one_time(moment, &refusal).await;
            taken::soon(worker, client, answer::refusal(worker, client, &trace, &refusal))
        }
    };
    // No record is asked for with HEAD (`route::METHODS`), so no body that sees to its outcome is dropped here.
    if head { answer::without_body(response) } else { response }
}

/// The steps.
async fn steps(
    worker: &Worker,
    client: &Client,
    request: Request<Incoming>,
    trace: &mut Trace,
) -> Result<Response<Body>, Refusal> {
    admit::stranger(worker, client)?;
    let routed = match route::route(worker, client, request, trace) {
        Ok(routed) => routed,
        Err(refusal) => {
            admit::in_passing(worker, client)?;
            return Err(refusal);
        }
    };
    let request = match routed {
        route::Route::Public(page) => {
            return public::serve(worker, page, trace).map(|answer| taken::soon(worker, client, answer));
        }
        route::Route::Gate(page) => {
            let answer = Box::pin(gate::serve(worker, client, page, trace)).await;
            return answer.map(|answer| taken::soon(worker, client, answer));
        }
        route::Route::Record(request) => request,
    };
    let weight = turns::Weight::of(&request);
    let (device, slot) = admit::admit(worker, request.device(worker, client)?, Some(weight))?;
    let subject = authenticate::authenticate(worker, device, &request, trace)?;
    let mut slot = slot.for_subject(worker, &subject)?;
    if request.is_still_coming() {
        slot.goes_on_by_itself();
    }
    let request = match split::split(request).await? {
        split::Split::One(request) => request,
        split::Split::Batch(entries) => {
            return Box::pin(batch::serve(worker, client, &subject, slot, entries, trace)).await;
        }
    };
    answered(worker, client, subject, slot, request, trace).await.map(observe::observe)
}

/// The steps behind the gate: the same for a request and for each entry of a batch.
async fn answered(
    worker: &Worker,
    client: &Client,
    subject: authenticate::Subject,
    slot: admit::Slot,
    request: route::RecordRequest,
    trace: &mut Trace,
) -> Result<release::Released, Refusal> {
    let extracted = extract::extract(worker, &subject, request, trace).await?;
    let permit = decide::decide(worker, client, subject, extracted, trace)?;
    let recorded = record::record(worker, permit, trace).await?;
    let answer = forward::forward(worker, recorded, slot).await?;
    let mut released = release::release(worker, answer).await?;
    released.slot.goes_on_by_itself();
    Ok(released)
}
