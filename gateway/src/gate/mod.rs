//! The gateway's own pages on the care host: sign-in, first password, home, own access history, declaring an emergency,
//! reporting a terminal, confirming revocations, certificates that end soon, the connection check, sign-out.
//!
//! They reach no record. Each of them needs a device that stands, but for the style sheet, the choice of a language and
//! the pages that explain a problem; all but those, the sign-in page and the connection check need a session.

pub mod connection;
pub mod emergency;
pub mod expiring;
pub mod form;
pub mod guessing;
pub mod history;
pub mod home;
pub mod password;
pub mod revocations;
pub mod sign_in;
pub mod sign_out;
pub mod terminals;

use http::header::{CONTENT_TYPE, LOCATION, SET_COOKIE};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use hyper::body::Incoming;

use crate::answer;
use crate::connection::Client;
use crate::pages::paths::{
    CONNECTION, EMERGENCY, EMERGENCY_END, EXPIRING, HISTORY, HOME, PASSWORD, PROBLEMS, REVOCATION_CONFIRM, REVOCATIONS,
    SIGN_IN, SIGN_OUT, STYLE, TERMINAL_REPORT, TERMINALS,
};
use crate::pages::{self, Language};
use crate::pipeline::extract::whole;
use crate::pipeline::trace::Trace;
use crate::pipeline::turns::Weight;
use crate::pipeline::{admit, authenticate};
use crate::refusal::{Refusal, SignInReason};
use crate::store::pool::Body;
use crate::strict::target::Canonical;
use crate::worker::Worker;

/// Where programs sign in and out.
const SESSION: &str = "/.sekisho/session";
/// Remembers the language; not a secret.
pub const LANGUAGE_COOKIE: &str = "sekisho-language";

/// One of the gateway's own pages.
pub struct GatePage {
    kind: Kind,
    request: Request<Incoming>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Home,
    ShowSignIn,
    SignIn,
    Session,
    ShowPassword,
    Password,
    History,
    ShowEmergency,
    DeclareEmergency,
    EndEmergency,
    Terminals,
    ShowReport,
    Report,
    Revocations,
    ConfirmRevocation,
    Expiring,
    Connection,
    SignOut,
    Style,
    Problem,
}

impl GatePage {
    /// The page a request asks for.
    ///
    /// # Errors
    /// There is none, or not with this method.
    pub fn of(request: Request<Incoming>, _: Canonical) -> Result<Self, Refusal> {
        let kind = match (request.uri().path(), request.method()) {
            (HOME, &Method::GET) => Kind::Home,
            (SIGN_IN, &Method::GET) => Kind::ShowSignIn,
            (SIGN_IN, &Method::POST) => Kind::SignIn,
            (SESSION, &Method::POST) => Kind::Session,
            (SESSION, &Method::DELETE) | (SIGN_OUT, &Method::POST) => Kind::SignOut,
            (PASSWORD, &Method::GET) => Kind::ShowPassword,
            (PASSWORD, &Method::POST) => Kind::Password,
            (HISTORY, &Method::GET) => Kind::History,
            (EMERGENCY, &Method::GET) => Kind::ShowEmergency,
            (EMERGENCY, &Method::POST) => Kind::DeclareEmergency,
            (EMERGENCY_END, &Method::POST) => Kind::EndEmergency,
            (TERMINALS, &Method::GET) => Kind::Terminals,
            (TERMINAL_REPORT, &Method::GET) => Kind::ShowReport,
            (TERMINAL_REPORT, &Method::POST) => Kind::Report,
            (REVOCATIONS, &Method::GET) => Kind::Revocations,
            (REVOCATION_CONFIRM, &Method::POST) => Kind::ConfirmRevocation,
            (EXPIRING, &Method::GET) => Kind::Expiring,
            (CONNECTION, &Method::GET) => Kind::Connection,
            (STYLE, &Method::GET) => Kind::Style,
            (path, &Method::GET) if path.starts_with(PROBLEMS) => Kind::Problem,
            (HOME | HISTORY | TERMINALS | REVOCATIONS | EXPIRING | CONNECTION | STYLE, _) => {
                return Err(Refusal::MethodNotAllowed("GET"));
            }
            (SIGN_IN | PASSWORD | EMERGENCY | TERMINAL_REPORT, _) => {
                return Err(Refusal::MethodNotAllowed("GET, POST"));
            }
            (SESSION, _) => return Err(Refusal::MethodNotAllowed("POST, DELETE")),
            (SIGN_OUT | EMERGENCY_END | REVOCATION_CONFIRM, _) => return Err(Refusal::MethodNotAllowed("POST")),
            _ => return Err(Refusal::NoSuchPage),
        };
        Ok(Self { kind, request })
    }
}

/// Serves a page.
///
/// # Errors
/// The device does not stand, nobody is signed in, or the form is not ours.
pub async fn serve(
    worker: &Worker,
    client: &Client,
    page: GatePage,
    trace: &mut Trace,
) -> Result<Response<Body>, Refusal> {
    let GatePage { kind, request } = page;
    let chosen = chosen_language(&request);
    if chosen.is_some() || matches!(kind, Kind::Style | Kind::Problem) {
        admit::in_passing(worker, client)?;
    }
    if kind == Kind::Style {
        return Ok(style());
    }
    if let Some(language) = chosen {
        return Ok(remember_language(&request, language));
    }
    if kind == Kind::Problem {
        let code = request.uri().path().strip_prefix(PROBLEMS).unwrap_or_default();
        let page = pages::explained(&worker.frame(trace), code).ok_or(Refusal::NoSuchPage)?;
        return Ok(html(StatusCode::OK, page));
    }
    // Before anything else: the terminal. A page that explains is the answer to everything without a device.
    let device = client.device(&worker.snapshot(), worker.now())?;
    let (device, mut slot) = admit::admit(worker, device, Some(Weight::Care))?;
    // A form may take its time to come.
    slot.goes_on_by_itself();
    if request.method() != Method::GET {
        form::same_origin(request.headers(), form::authority(&request))?;
    }
    match kind {
        Kind::Connection => return connection::show(worker, client, &device, trace),
        Kind::ShowSignIn => return sign_in::show(worker, &device, &request, trace),
        Kind::SignIn => return sign_in::by_form(worker, device, request, trace).await,
        Kind::Session => return sign_in::by_program(worker, device, request, trace).await,
        _ => {}
    }
    let subject = authenticate::subject(worker, device, request.headers())?;
    let _slot = slot.for_subject(worker, &subject)?;
    if kind != Kind::SignOut {
        sign_in::may_use(worker, subject.device(), subject.user_id())
            .map_err(|refusal| refusal.unwrap_or(Refusal::SignInRequired(SignInReason::Ended)))?;
    }
    let must_change = subject.must_change_password();
    let refreshed = subject.refreshed().cloned();
    let mut response = match kind {
        Kind::SignOut => return sign_out::serve(worker, &subject, request, trace).await,
        Kind::ShowPassword => password::show(worker, &subject, trace, None)?,
        Kind::Password => return password::change(worker, subject, request, trace).await,
        _ if must_change => return Err(Refusal::PasswordChangeRequired),
        Kind::ShowEmergency => emergency::show(worker, &subject, trace)?,
        Kind::DeclareEmergency => emergency::declare(worker, &subject, request, trace).await?,
        Kind::EndEmergency => emergency::end(worker, &subject, request).await?,
        Kind::Terminals => terminals::list(worker, &subject, trace)?,
        Kind::ShowReport => terminals::show(worker, &subject, &request, trace)?,
        Kind::Report => terminals::report(worker, &subject, request, trace).await?,
        Kind::Revocations => revocations::show(worker, &subject, trace)?,
        Kind::ConfirmRevocation => revocations::confirm(worker, &subject, request, trace).await?,
        Kind::Expiring => expiring::show(worker, &subject, trace)?,
        Kind::History => history::serve(worker, &subject, &request, trace).await?,
        _ => home::serve(worker, &subject, trace).await?,
    };
    if let Some(cookie) = refreshed {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    Ok(response)
}

/// An answer that is a page.
pub(crate) fn html(status: StatusCode, page: String) -> Response<Body> {
    let mut response = Response::new(whole(page.into()));
    *response.status_mut() = status;
    answer::page_headers(response.headers_mut());
    response
}

/// Go and see there (RFC 9110 15.4.4): a form sent once is never sent twice.
pub(crate) fn redirect(to: &'static str) -> Response<Body> {
    let mut response = Response::new(whole(bytes::Bytes::new()));
    *response.status_mut() = StatusCode::SEE_OTHER;
    answer::page_headers(response.headers_mut());
    response.headers_mut().insert(LOCATION, HeaderValue::from_static(to));
    response
}

/// To the sign-in page, which leads back to `here` and says why one is there.
pub(crate) fn to_sign_in(here: &pages::LocalPath, reason: SignInReason) -> Response<Body> {
    let mut response = redirect(SIGN_IN);
    let to = here.sign_in();
    let mark = if to.as_str().contains('?') { '&' } else { '?' };
    let to = match reason {
        SignInReason::NoSession => to.to_string(),
        told => format!("{to}{mark}why={}", told.as_str()),
    };
    if let Ok(location) = HeaderValue::from_str(&to) {
        response.headers_mut().insert(LOCATION, location);
    }
    response
}

/// The style sheet.
pub(crate) fn style() -> Response<Body> {
    let mut response = Response::new(whole(bytes::Bytes::from_static(pages::STYLE.as_bytes())));
    answer::page_headers(response.headers_mut());
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/css; charset=utf-8"));
    response.headers_mut().insert(http::header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=3600"));
    response
}

/// `?lang=en` and nothing else.
pub(crate) fn chosen_language(request: &Request<Incoming>) -> Option<Language> {
    if request.method() != Method::GET {
        return None;
    }
    request.uri().query()?.split('&').find_map(|pair| pair.strip_prefix("lang=")).and_then(Language::parse)
}

/// Back to the same page, in the language chosen.
pub(crate) fn remember_language(request: &Request<Incoming>, language: Language) -> Response<Body> {
    let mut response = redirect(HOME);
    // The path is one of ours: it was routed. What else was asked for stays.
    let query: Vec<&str> = request
        .uri()
        .query()
        .unwrap_or_default()
        .split('&')
        .filter(|pair| !pair.is_empty() && !pair.starts_with("lang="))
        .collect();
    let mark = if query.is_empty() { "" } else { "?" };
    let here = format!("{}{mark}{}", request.uri().path(), query.join("&"));
    if let Ok(location) = HeaderValue::from_str(&here) {
        response.headers_mut().insert(LOCATION, location);
    }
    let cookie = match language {
        Language::Ja => "sekisho-language=ja; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=31536000",
        Language::En => "sekisho-language=en; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=31536000",
    };
    response.headers_mut().append(SET_COOKIE, HeaderValue::from_static(cookie));
    response
}

/// Reads the audit log off the worker's thread: others are being served on it meanwhile.
pub(crate) async fn read_audit<T: Send + 'static>(
    read: impl FnOnce() -> Result<T, audit::AuditError> + Send + 'static,
) -> Result<T, Refusal> {
    match tokio::task::spawn_blocking(read).await {
        Ok(Ok(found)) => Ok(found),
        Ok(Err(error)) => {
            tracing::error!(%error, "the audit log cannot be read");
            Err(Refusal::AuditUnavailable)
        }
        Err(error) => {
            tracing::error!(%error, "reading the audit log ended early");
            Err(Refusal::AuditUnavailable)
        }
    }
}

/// What is written on the terminal, so that its holder sees that it was recognised.
pub(crate) fn device_label(snapshot: &registry::Snapshot, device: &model::DeviceId) -> String {
    snapshot.device(device).map_or_else(String::new, |device| device.label.clone())
}
