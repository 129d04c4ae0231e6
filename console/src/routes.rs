//! Which address gives what. Nothing is changed here; everything carries the same protective headers.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::map_response;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use ca::{OcspRefusal, REQUEST_OCTETS_MAX, Shard, certs_only};

use crate::problem::Problem;
use crate::{Console, Issuer};

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
    let issuers: Vec<Issuer> = console.issuers().cloned().collect();
    let told = issuers.into_iter().fold(Router::new(), |router, issuer| {
        let path = issuer.path();
        router.merge(status_of(&path).with_state(issuer))
    });
    Router::new()
        .route("/ca/root.pem", get(root))
        .route("/ca/issuing.pem", get(issuing))
        .route("/ca/servers.pem", get(servers))
        .route("/ca/chain.p7b", get(chain))
        .route("/crl/root.crl", get(root_list))
        .route("/healthz", get(healthy))
        .route("/readyz", get(ready))
        .fallback(|| async { Problem::NotFound })
        .method_not_allowed_fallback(|| async { Problem::MethodNotAllowed })
        .with_state(console)
        .merge(told)
        .layer(map_response(protect))
}

/// Where the status of one issuing authority's certificates is told, below `path`.
fn status_of(path: &str) -> Router<Issuer> {
    Router::new()
        .route(&format!("{path}/devices.crl"), get(list))
        .route(&format!("{path}/issuing.cer"), get(issuing_der))
        .route(&format!("{path}/ocsp"), post(status_posted).fallback(|| async { Problem::OnlyPost }))
        .route(&format!("{path}/ocsp/{{*question}}"), get(status_got))
        .route(&format!("{path}/{{shard}}"), get(shard))
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

async fn servers(State(console): State<Console>, asked: HeaderMap) -> Response {
    match (console.servers)() {
        Some(issuing) => certificate(&asked, issuing.pem(), &issuing.fingerprint_sha256()),
        None => Problem::NotFound.into_response(),
    }
}

/// Signed by hand, once a year or when an authority is revoked; whoever reads it sees until when it is good.
async fn root_list(State(console): State<Console>, asked: HeaderMap) -> Response {
    match &console.root_list {
        Some(list) => document(&asked, "application/pkix-crl", &list.number().to_string(), list.der()),
        None => Problem::NotFound.into_response(),
    }
}

async fn issuing(State(console): State<Console>, asked: HeaderMap) -> Response {
    let issuing = &console.issuer.issuing;
    certificate(&asked, issuing.pem(), &issuing.fingerprint_sha256())
}

/// RFC 2585 4.1.
async fn issuing_der(State(issuer): State<Issuer>, asked: HeaderMap) -> Response {
    document(&asked, "application/pkix-cert", &issuer.issuing.fingerprint_sha256(), issuer.issuing.der())
}

async fn chain(State(console): State<Console>, asked: HeaderMap) -> Response {
    let mut chain: Vec<&[u8]> = console.issuers().map(|issuer| issuer.issuing.der()).collect();
    chain.push(console.root.der());
    match certs_only(&chain) {
        // RFC 8551 3.2.2; the name ends as Windows wants it.
        Ok(chain) => {
            let tags: Vec<_> = console.issuers().map(|issuer| issuer.issuing.fingerprint_sha256()).collect();
            let tag = tags.join("-");
            document(&asked, "application/pkcs7-mime; smime-type=certs-only", &tag, &chain)
        }
        Err(error) => {
            tracing::error!(%error, "the chain could not be packed");
            Problem::NotReady.into_response()
        }
    }
}

fn certificate(asked: &HeaderMap, pem: &str, fingerprint: &str) -> Response {
    // RFC 8555 9.1 registers this type; browsers show it as text or save it, and do not install it unasked.
    document(asked, "application/pem-certificate-chain", fingerprint, pem.as_bytes())
}

async fn list(State(issuer): State<Issuer>, asked: HeaderMap) -> Response {
    match issuer.list.current() {
        // RFC 2585 4.2.
        Some(list) => document(&asked, "application/pkix-crl", &list.number().to_string(), list.der()),
        None => Problem::NoList.into_response(),
    }
}

async fn shard(State(issuer): State<Issuer>, Path(file): Path<String>, asked: HeaderMap) -> Response {
    let Some(shard) = Shard::from_file_name(&file) else { return Problem::NotFound.into_response() };
    match issuer.list.current_shard(shard) {
        Some(list) => document(&asked, "application/pkix-crl", &list.number().to_string(), list.der()),
        None => Problem::NoList.into_response(),
    }
}

/// RFC 6960 A.1: the question in the body.
async fn status_posted(State(issuer): State<Issuer>, body: Body) -> Response {
    // What is too long, or breaks off, is no question.
    let question = axum::body::to_bytes(body, REQUEST_OCTETS_MAX).await.unwrap_or_default();
    status(issuer, question.to_vec()).await
}

/// RFC 6960 A.1, RFC 5019 5: the question in the path, in base64.
async fn status_got(State(issuer): State<Issuer>, Path(question): Path<String>) -> Response {
    let question = BASE64_STANDARD.decode(question.as_bytes()).unwrap_or_default();
    status(issuer, question).await
}

async fn status(issuer: Issuer, question: Vec<u8>) -> Response {
    let desk = Arc::clone(&issuer.status);
    // Signing is work, and the first answer waits for the authority's key to be opened.
    let answer = tokio::task::spawn_blocking(move || desk.answer(&question)).await;
    let answer = answer.unwrap_or_else(|error| {
        tracing::error!(%error, "answering a question about a certificate broke off");
        OcspRefusal::InternalError.der().to_vec()
    });
    // A kept copy would not know of the terminal that was lost a minute ago.
    ([(header::CONTENT_TYPE, "application/ocsp-response"), (header::CACHE_CONTROL, "no-cache")], answer).into_response()
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
    let at = (console.clock)();
    let missing = console.issuers().any(|issuer| !issuer.is_over(at) && !issuer.list.is_complete());
    let no_list = missing.then(|| "no current revocation list".to_owned());
    let authority_over = console.issuer.is_over(at).then(|| "the issuing certificate has expired".to_owned());
    let obstacles: Vec<_> = [no_list, authority_over, (console.obstacle)()].into_iter().flatten().collect();
    if obstacles.is_empty() { plain("ready\n") } else { Problem::NotReady.with(&obstacles) }
}

fn plain(text: &'static str) -> Response {
    ([(header::CACHE_CONTROL, "no-store")], text).into_response()
}
