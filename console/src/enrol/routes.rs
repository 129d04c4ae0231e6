//! The addresses of EST. What blocks (journal, signature) is done beside the connections.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::map_response;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{any, get, post};
use axum::{Extension, Router};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ca::Issued;
use enrolment::{ACME_OCTETS_MAX, BODY_OCTETS_MAX, Turned};
use model::Timestamp;

use super::sources::{Source, Try};
use super::{EnrolmentDoor, acme, check, page, scep};
use crate::problem::{Problem, too_many};
use crate::routes::protect;

/// Characters of a line of base64 (RFC 2045 6.8).
const LINE: usize = 76;

/// The certificate that the client has shown in the handshake, in DER.
#[derive(Clone)]
pub(super) struct Shown(pub(super) Option<Arc<Vec<u8>>>);

pub(super) fn router(door: EnrolmentDoor) -> Router {
    Router::new()
        .route("/.well-known/est/cacerts", get(authorities))
        .route("/.well-known/est/csrattrs", get(attributes))
        .route("/.well-known/est/simpleenroll", post(enrol))
        .route("/.well-known/est/simplereenroll", post(renew))
        .route("/enrol", get(page::show).post(page::send))
        .route("/enrol/container", get(page::show_container).post(page::send_container))
        .route("/acme/for/{device}/{code}/{*rest}", any(acme::bound))
        .route("/acme/{*rest}", any(acme::general))
        .route("/enrol/connection", get(check::show))
        .route("/enrol/profile", get(page::profile))
        .route("/scep", get(scep::get).post(scep::post))
        .route("/scep/{*program}", get(scep::get).post(scep::post))
        .route("/enrol.css", get(page::style))
        .route("/enrol/root.pem", get(page::root))
        .route("/", get(|| async { Redirect::temporary("/enrol") }))
        .fallback(|| async { Problem::NotFound })
        .method_not_allowed_fallback(|| async { Problem::OtherMethod })
        .layer(DefaultBodyLimit::max(ACME_OCTETS_MAX.max(BODY_OCTETS_MAX)))
        .layer(map_response(protect))
        .with_state(door)
}

async fn authorities(State(door): State<EnrolmentDoor>) -> Response {
    certificates(&[door.desk.root().der(), door.desk.issuing().der()])
}

async fn attributes() -> Response {
    encoded("application/csrattrs", &enrolment::attributes())
}

async fn enrol(
    State(door): State<EnrolmentDoor>,
    Extension(source): Extension<Source>,
    asked: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    let body = body.map_err(|_| Problem::TooLarge)?;
    let Some((device, code)) = basic(&asked) else { return Err(Problem::NotEnrolled) };
    let tried = match door.sources.begin(source, Some(&device), (door.clock)()).await {
        Ok(tried) => tried,
        Err(held) => return Ok(too_many(held)),
    };
    let given = trying(&door, tried, move |desk, now| desk.by_code(&device, &code, &body, now)).await;
    answered(&door, given, Problem::NotEnrolled).await
}

async fn renew(
    State(door): State<EnrolmentDoor>,
    Extension(Shown(shown)): Extension<Shown>,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    let body = body.map_err(|_| Problem::TooLarge)?;
    let shown = shown.ok_or(Problem::NotRenewed)?;
    let given = blocking(&door, move |desk, now| desk.by_certificate(&shown, &body, now)).await;
    answered(&door, given, Problem::NotRenewed).await
}

pub(super) async fn blocking<T: Send + 'static>(
    door: &EnrolmentDoor,
    work: impl FnOnce(&enrolment::Desk, Timestamp) -> Result<T, Turned> + Send + 'static,
) -> Result<T, Turned> {
    let (desk, now) = (door.desk.clone(), (door.clock)());
    let done = tokio::task::spawn_blocking(move || work(&desk, now)).await;
    done.unwrap_or_else(|error| Err(Turned::Fault(Box::new(error))))
}

/// The same for whoever shows a code. A wrong one is counted where it is found out: who hangs up before the answer comes has
/// tried all the same, and the registry has counted it too.
pub(super) async fn trying<T: Send + 'static>(
    door: &EnrolmentDoor,
    tried: Try,
    work: impl FnOnce(&enrolment::Desk, Timestamp) -> Result<T, Turned> + Send + 'static,
) -> Result<T, Turned> {
    blocking(door, move |desk, now| {
        let given = work(desk, now);
        if matches!(given, Err(Turned::NotAllowed)) {
            tried.wrong();
        }
        given
    })
    .await
}

/// The certificate alone (RFC 7030 4.2.3), or why not, in no more words than the client may have.
async fn answered(
    door: &EnrolmentDoor,
    given: Result<Issued, Turned>,
    not_allowed: Problem,
) -> Result<Response, Problem> {
    let turned = match given {
        Ok(issued) => {
            tracing::info!(serial = %issued.serial(), "a terminal has its certificate");
            return Ok(certificates(&[issued.der()]));
        }
        Err(turned) => turned,
    };
    let error: &dyn std::error::Error = &turned;
    match &turned {
        Turned::Request(why) => Ok(Problem::Unusable.with(&[why.to_string()])),
        Turned::NotAllowed | Turned::NoCode | Turned::Spent => {
            tracing::info!("a code or certificate that does not open was turned away");
            // Whoever guesses waits, and holds one of few places meanwhile.
            tokio::time::sleep(door.bounds.wrong_pause).await;
            Err(not_allowed)
        }
        Turned::Refused(_) => {
            tracing::warn!(error, "the registry refuses an enrolment");
            Ok(Problem::RefusedByRegistry.with(&turned.obstacle().into_iter().collect::<Vec<_>>()))
        }
        Turned::Fault(_) => {
            tracing::error!(error, "an enrolment failed");
            Err(Problem::NotNow)
        }
    }
}

/// Name and password of HTTP Basic (RFC 7617).
fn basic(asked: &HeaderMap) -> Option<(String, String)> {
    let value = asked.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    let decoded = STANDARD.decode(token.trim()).ok().filter(|_| scheme.eq_ignore_ascii_case("basic"))?;
    let text = String::from_utf8(decoded).ok()?;
    text.split_once(':').map(|(name, password)| (name.to_owned(), password.to_owned()))
}

fn certificates(ders: &[&[u8]]) -> Response {
    match ca::certs_only(ders) {
        Ok(der) => encoded("application/pkcs7-mime; smime-type=certs-only", &der),
        Err(error) => {
            tracing::error!(%error, "certificates could not be packed");
            Problem::NotNow.into_response()
        }
    }
}

/// A body in base64, in lines, as RFC 7030 4 (erratum 5107) has it.
fn encoded(content_type: &'static str, der: &[u8]) -> Response {
    let text = STANDARD.encode(der);
    let mut body = String::with_capacity(text.len() + text.len() / LINE + 2);
    for (place, character) in text.chars().enumerate() {
        if place > 0 && place % LINE == 0 {
            body.push_str("\r\n");
        }
        body.push(character);
    }
    body.push_str("\r\n");
    let mut response = (StatusCode::OK, body).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert("content-transfer-encoding", HeaderValue::from_static("base64"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
