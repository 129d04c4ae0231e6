//! Sign-in: user ID and password on a device that stands (art. 10-1). One text and one cost for "no such user ID" and
//! "wrong password"; guessing gets slower, by user ID on this terminal and by terminal, and never locks anybody out.

use audit::SignInOutcome;
use http::header::SET_COOKIE;
use http::{HeaderMap, Request, Response, StatusCode};
use hyper::body::Incoming;
use model::{SessionId, UserId};
use registry::PasswordCheck;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::form::{Form, in_ascii};
use super::guessing::{Checked, check, pair};
use crate::answer;
use crate::bounds::{FORM_BYTES_MAX, FORM_TOKEN_SECONDS_MAX};
use crate::pages::{self, LocalPath, Page as _, Shown, SignInNotice, SignInProblem, paths};
use crate::pipeline::authenticate::set_cookie;
use crate::pipeline::extract::{read_body, whole};
use crate::pipeline::trace::Trace;
use crate::refusal::{Refusal, SignInReason, fault};
use crate::session::{Session, fresh_id};
use crate::store::pool::Body;
use crate::tls::device::VerifiedDevice;
use crate::worker::Worker;

/// Somebody who is signed in now.
pub struct SignedIn {
    user_id: UserId,
    sealed: String,
    must_change_password: bool,
}

/// In place of something typed that is no user ID.
const UNKNOWN: &str = "(unknown)";

/// Beside a problem nothing else need be said.
const NO_NOTICE: SignInNotice = SignInNotice::Because(SignInReason::NoSession);

/// What a program sends.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Credentials {
    user_id: String,
    password: Zeroizing<String>,
}

/// What a program is told.
#[derive(Serialize)]
struct Welcome<'a> {
    user_id: &'a str,
    must_change_password: bool,
    idle_seconds: i64,
    absolute_seconds: i64,
}

/// How signing in ended.
enum Tried {
    Welcome(SignedIn),
    Wrong,
    Wait(u32),
}

/// The sign-in page.
///
/// # Errors
/// The form cannot be sealed.
pub fn show(
    worker: &Worker,
    device: &VerifiedDevice,
    request: &Request<Incoming>,
    trace: &Trace,
) -> Result<Response<Body>, Refusal> {
    let query = request.uri().query().unwrap_or_default();
    let next = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "next").map(|(_, next)| next);
    let next = next.as_deref().and_then(LocalPath::new).unwrap_or_else(LocalPath::home);
    let why = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "why").map(|(_, why)| why);
    let reason = why.as_deref().map_or(SignInReason::NoSession, SignInReason::parse);
    page(worker, device, trace, None, &next, ("", SignInNotice::Because(reason)))
}

fn page(
    worker: &Worker,
    device: &VerifiedDevice,
    trace: &Trace,
    problem: Option<SignInProblem>,
    next: &LocalPath,
    (typed, notice): (&str, SignInNotice),
) -> Result<Response<Body>, Refusal> {
    let form_token =
        worker.sealer().form_token(device.serial(), worker.now()).map_err(fault("a form cannot be sealed"))?;
    let label = super::device_label(&worker.snapshot(), device.device());
    let status = if problem.is_some() { StatusCode::UNAUTHORIZED } else { StatusCode::OK };
    let page = pages::SignIn {
        frame: &worker.frame(trace),
        device: Shown(&label),
        next,
        form_token: &form_token,
        notice,
        problem,
        user_id: Shown(typed),
    };
    Ok(super::html(status, page.html()))
}

/// The form of the sign-in page.
///
/// # Errors
/// The form is not ours, or the audit entry cannot be written.
pub async fn by_form(
    worker: &Worker,
    device: VerifiedDevice,
    request: Request<Incoming>,
    trace: &Trace,
) -> Result<Response<Body>, Refusal> {
    let (parts, mut body) = request.into_parts();
    let body = Zeroizing::new(read_body(&mut body, FORM_BYTES_MAX).await?.to_vec());
    let form = Form::read(&parts.headers, &body)?;
    let next = LocalPath::new(form.field("next")).unwrap_or_else(LocalPath::home);
    let typed = form.field("user_id");
    if !worker.sealer().form_token_fits(form.field("form_token"), device.serial(), worker.now(), FORM_TOKEN_SECONDS_MAX)
    {
        return page(worker, &device, trace, Some(SignInProblem::FormTooOld), &next, (typed, NO_NOTICE));
    }
    let password = Zeroizing::new(form.field("password").to_owned());
    match try_password(worker, &device, typed, password, trace).await? {
        Tried::Wrong => page(worker, &device, trace, Some(SignInProblem::Wrong), &next, (typed, NO_NOTICE)),
        Tried::Wait(seconds) => {
            page(worker, &device, trace, Some(SignInProblem::Throttled(seconds)), &next, (typed, NO_NOTICE))
        }
        Tried::Welcome(signed_in) => {
            let mut response = super::redirect(paths::PASSWORD);
            if !signed_in.must_change_password {
                let location = http::HeaderValue::from_str(next.as_str()).map_err(|_| Refusal::NoSuchPage)?;
                response.headers_mut().insert(http::header::LOCATION, location);
            }
            cookie(response.headers_mut(), &signed_in)?;
            Ok(response)
        }
    }
}

/// `POST /.sekisho/session` with `{"user_id": "...", "password": "..."}`: the way in for programs. The session is the
/// same sealed cookie.
///
/// # Errors
/// Wrong, too fast, unreadable, or the audit entry cannot be written.
pub async fn by_program(
    worker: &Worker,
    device: VerifiedDevice,
    request: Request<Incoming>,
    trace: &Trace,
) -> Result<Response<Body>, Refusal> {
    let (parts, mut body) = request.into_parts();
    json_only(&parts.headers)?;
    let body = Zeroizing::new(read_body(&mut body, FORM_BYTES_MAX).await?.to_vec());
    let credentials: Credentials = serde_json::from_slice(&body)
        .map_err(|_| Refusal::Unreadable("expected {\"user_id\": \"…\", \"password\": \"…\"}".into()))?;
    match try_password(worker, &device, &credentials.user_id, credentials.password, trace).await? {
        Tried::Wrong => Err(Refusal::WrongCredentials),
        Tried::Wait(seconds) => Err(Refusal::TooMany { limit: "sign-in", retry_after_seconds: seconds }),
        Tried::Welcome(signed_in) => {
            let limits = worker.session_limits();
            let welcome = Welcome {
                user_id: signed_in.user_id.as_str(),
                must_change_password: signed_in.must_change_password,
                idle_seconds: limits.idle_seconds,
                absolute_seconds: limits.absolute_seconds,
            };
            let text = serde_json::to_vec(&welcome).map_err(|_| Refusal::Fault)?;
            let mut response = Response::new(whole(text.into()));
            answer::page_headers(response.headers_mut());
            answer::json(response.headers_mut());
            cookie(response.headers_mut(), &signed_in)?;
            Ok(response)
        }
    }
}

/// A JSON body comes from a program; a page of another site cannot send one without asking first (CORS).
pub(super) fn json_only(headers: &HeaderMap) -> Result<(), Refusal> {
    let content_type =
        headers.get(http::header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if content_type.split(';').next().map(str::trim) == Some("application/json") {
        Ok(())
    } else {
        Err(Refusal::Unreadable("expected Content-Type: application/json".into()))
    }
}

/// Seals a session for a user ID with this credential epoch.
pub(super) fn session_for(
    worker: &Worker,
    device: &VerifiedDevice,
    user_id: &UserId,
    credential_epoch: u32,
    must_change_password: bool,
) -> Result<SignedIn, Refusal> {
    let now = worker.now();
    let id = fresh_id().map_err(fault("no random octets"))?;
    let id = SessionId::new(&id).map_err(|_| Refusal::Fault)?;
    let session = Session {
        id,
        user_id: user_id.clone(),
        serial: *device.serial(),
        credential_epoch,
        signed_in: now,
        last_used: now,
    };
    let sealed = worker.sealer().seal(&session).map_err(fault("a session cannot be sealed"))?;
    Ok(SignedIn { user_id: user_id.clone(), sealed, must_change_password })
}

pub(super) fn cookie(headers: &mut HeaderMap, signed_in: &SignedIn) -> Result<(), Refusal> {
    headers.append(SET_COOKIE, set_cookie(&signed_in.sealed).ok_or(Refusal::Fault)?);
    Ok(())
}

async fn try_password(
    worker: &Worker,
    device: &VerifiedDevice,
    typed: &str,
    password: Zeroizing<String>,
    trace: &Trace,
) -> Result<Tried, Refusal> {
    let shared = worker.shared();
    let typed = in_ascii(typed);
    let pair = pair(device.device(), &typed);
    worker.registry_is_fresh()?;
    if let Some(seconds) = shared.guessing.wait(&pair, worker.now()) {
        return Ok(Tried::Wait(seconds));
    }
    // Charged before the password is looked at, so that many tries at once are as slow as one after another.
    shared.guessing.wrong(pair.clone(), worker.now());
    // An ID that cannot be one costs as much as one that is not there.
    let user_id = meant(&worker.snapshot(), &typed);
    let check = match check(worker, user_id.clone(), password).await {
        Ok(Checked { check, .. }) => check,
        // Nothing was looked at: only this try is taken back. Wiping out the ones before would reward whoever keeps the
        // house busy.
        Err(busy) => {
            shared.guessing.take_back(&pair);
            return Err(busy);
        }
    };
    let outcome = match (&check, &user_id) {
        (PasswordCheck::Right { .. }, Some(user_id)) => may_use(worker, device, user_id),
        _ => Err(None),
    };
    let entry = audit::SignIn {
        at: worker.now(),
        user_id: on_record(worker, user_id.as_ref()),
        device: device.device().clone(),
        serial: *device.serial(),
        source: trace.source().to_string(),
        outcome: match &outcome {
            Ok(()) => SignInOutcome::Welcome,
            Err(None) => SignInOutcome::Wrong,
            Err(Some(_)) => SignInOutcome::Refused,
        },
    };
    // Signing in is on record before it counts.
    let _on_record: audit::Durable = shared.audit.sign_in(&entry).await.map_err(|error| {
        tracing::error!(%error, "the sign-in could not be recorded; refused");
        Refusal::AuditUnavailable
    })?;
    match (outcome, check, user_id) {
        (Ok(()), PasswordCheck::Right { credential_epoch, must_change, .. }, Some(user_id)) => {
            shared.guessing.right(&pair);
            session_for(worker, device, &user_id, credential_epoch, must_change).map(Tried::Welcome)
        }
        (Err(Some(refusal)), _, _) => {
            shared.guessing.right(&pair);
            Err(refusal)
        }
        _ => Ok(Tried::Wrong),
    }
}

/// What stands in the log for what was typed. A password typed into the wrong field must not stay there for ever, so only
/// what is a user ID of ours is kept.
fn on_record(worker: &Worker, user_id: Option<&UserId>) -> String {
    let snapshot = worker.snapshot();
    let known = user_id.filter(|user_id| snapshot.user_id(user_id).is_some());
    known.map_or_else(|| UNKNOWN.to_owned(), ToString::to_string)
}

/// The user ID that was meant: the one typed, or, where that is none of ours, the same in capitals if that is one. None for
/// what cannot be a user ID. Two look-ups in memory at most, beside which the password's check takes thousands of times as
/// long whatever they find.
fn meant(snapshot: &registry::Snapshot, typed: &str) -> Option<UserId> {
    let exact = UserId::new(typed).ok()?;
    if snapshot.user_id(&exact).is_some() {
        return Some(exact);
    }
    let capitals = UserId::new(&typed.to_ascii_uppercase()).ok()?;
    Some(if snapshot.user_id(&capitals).is_some() { capitals } else { exact })
}

/// The right password is not enough: suspended, closed and the like are told, now that it is he.
pub(super) fn may_use(worker: &Worker, device: &VerifiedDevice, user_id: &UserId) -> Result<(), Option<Refusal>> {
    let snapshot = worker.snapshot();
    if snapshot.user_id(user_id).is_none() {
        return Err(None);
    }
    let decision = worker
        .judge()
        .standing(&snapshot, user_id, device.serial(), worker.now())
        .map_err(|_| Some(Refusal::NotAvailable))?;
    if decision.is_permit() {
        return Ok(());
    }
    let told = decision.basis().told_to_subject().cloned();
    Err(Some(told.map_or(Refusal::NotAvailable, Refusal::Told)))
}
