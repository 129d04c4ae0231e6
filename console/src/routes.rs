//! Which address gives what. Everything is read only; everything carries the same protective headers.

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::map_response;
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use crate::Console;
use crate::problem::Problem;

/// On every answer, refusals included. Nothing here is a page, so a browser may do nothing with it.
const PROTECTIVE: [(&str, &str); 5] = [
    ("content-security-policy", "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"),
    ("cross-origin-opener-policy", "same-origin"),
    ("referrer-policy", "no-referrer"),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
];

/// The whole of it.
pub(crate) fn router(console: Console) -> Router {
    Router::new()
        .route("/ca/root.pem", get(root))
        .route("/ca/issuing.pem", get(issuing))
        .route("/crl/devices.crl", get(list))
        .route("/healthz", get(healthy))
        .route("/readyz", get(ready))
        .fallback(|| async { Problem::NotFound })
        .method_not_allowed_fallback(|| async { Problem::MethodNotAllowed })
        .layer(map_response(protect))
        .with_state(console)
}

pub(crate) async fn protect(mut response: Response) -> Response {
    let headers = response.headers_mut();
    for (name, value) in PROTECTIVE {
        // A page says more exactly what it may do.
        headers.entry(HeaderName::from_static(name)).or_insert(HeaderValue::from_static(value));
    }
    response
}

async fn root(State(console): State<Console>, asked: HeaderMap) -> Response {
    certificate(&asked, console.root.pem(), &console.root.fingerprint_sha256())
}

async fn issuing(State(console): State<Console>, asked: HeaderMap) -> Response {
    certificate(&asked, console.issuing.pem(), &console.issuing.fingerprint_sha256())
}

fn certificate(asked: &HeaderMap, pem: &str, fingerprint: &str) -> Response {
    // RFC 8555 9.1 registers this type; browsers show it as text or save it, and do not install it unasked.
    document(asked, "application/pem-certificate-chain", fingerprint, pem.as_bytes())
}

async fn list(State(console): State<Console>, asked: HeaderMap) -> Response {
    match console.list.current() {
        // RFC 2585 4.2.
        Some(list) => document(&asked, "application/pkix-crl", &list.number().to_string(), list.der()),
        None => Problem::NoList.into_response(),
    }
}

/// One document under a tag that names its content. Kept copies must be asked for again each time: a copy of the list
/// that is a minute old does not know the terminal that was lost in this minute.
fn document(asked: &HeaderMap, content_type: &'static str, tag: &str, content: &[u8]) -> Response {
    let tag = format!("\"{tag}\"");
    let held = asked
        .get(header::IF_NONE_MATCH)
        .and_then(|held| held.to_str().ok())
        .is_some_and(|held| held.split(',').any(|one| one.trim() == tag || one.trim() == "*"));
    let mut response = if held { StatusCode::NOT_MODIFIED.into_response() } else { content.to_vec().into_response() };
    let headers = response.headers_mut();
    if !held {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("public, no-cache"));
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        headers.insert(header::ETAG, tag);
    }
    response
}

async fn healthy() -> Response {
    plain("healthy\n")
}

async fn ready(State(console): State<Console>) -> Response {
    let no_list = console.list.current().is_none().then(|| "no current revocation list".to_owned());
    let at = (console.clock)();
    let authority_over = (at > console.issuing.not_after()).then(|| "the issuing certificate has expired".to_owned());
    let obstacles: Vec<_> = [no_list, authority_over, (console.obstacle)()].into_iter().flatten().collect();
    if obstacles.is_empty() { plain("ready\n") } else { Problem::NotReady.with(&obstacles) }
}

fn plain(text: &'static str) -> Response {
    ([(header::CACHE_CONTROL, "no-store")], text).into_response()
}
