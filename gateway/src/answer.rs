//! Standing headers, and refusals as answers: a page for people, a problem document (RFC 9457) for programs.

use audit::EntryId;
use bytes::Bytes;
use http::header::{
    ALLOW, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_SECURITY_POLICY, CONTENT_TYPE, LOCATION, REFERRER_POLICY,
    RETRY_AFTER, STRICT_TRANSPORT_SECURITY, WWW_AUTHENTICATE, X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use hyper::body::Body as _;

use crate::connection::Client;
use crate::pages::{self, reference};
use crate::pipeline::call;
use crate::pipeline::extract::whole;
use crate::pipeline::trace::Trace;
use crate::refusal::Refusal;
use crate::store::pool::Body;
use crate::tls::hosts::Host;
use crate::worker::Worker;

const INCIDENT: HeaderName = HeaderName::from_static("sekisho-incident");

/// Headers of every answer that holds a record: never kept (art. 33), never guessed at, never run; for reference only
/// (art. 20-1).
pub fn standing_headers(headers: &mut HeaderMap) {
    for (name, value) in &STANDING {
        headers.insert(name, value.clone());
    }
}

/// Checked and hashed when this is compiled, not for every answer.
static STANDING: [(HeaderName, HeaderValue); 7] = [
    (CACHE_CONTROL, HeaderValue::from_static("no-store")),
    (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000")),
    (HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("same-origin")),
    (CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'; sandbox")),
    (HeaderName::from_static(reference::FIELD_NAME), HeaderValue::from_static(reference::FIELD_VALUE)),
];

/// A page of a mapped store is shown in a browser: its forms work, and its own styles and images. No script of it runs, so
/// nothing in it can act on the gateway's pages beside it. (A page in FHIR's answers does not exist.)
pub fn page_of_the_store(headers: &mut HeaderMap) {
    if headers.get(CONTENT_TYPE).is_some_and(|value| value.as_bytes().starts_with(b"text/html")) {
        headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(STORE_PAGE_POLICY));
        // As for the gateway's own forms: under `no-referrer` a browser would say `Origin: null`.
        headers.insert(REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    }
}

/// Without `allow-same-origin` the page would be of no origin, and its forms would look like a stranger's.
const STORE_PAGE_POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; \
     frame-ancestors 'none'; sandbox allow-forms allow-same-origin";

/// The number under which the exchange can be asked about.
pub fn incident(headers: &mut HeaderMap, id: &EntryId) {
    if let Ok(value) = HeaderValue::from_str(&id.to_string()) {
        headers.insert(INCIDENT, value);
    }
}

/// The same of a batch: how the numbers of all its entries begin.
pub fn batch(headers: &mut HeaderMap, id: &EntryId) {
    if let Ok(value) = HeaderValue::from_str(&id.of_batch()) {
        headers.insert(INCIDENT, value);
    }
}

/// Headers of the gateway's own pages.
pub fn page_headers(headers: &mut HeaderMap) {
    standing_headers(headers);
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(pages::CONTENT_SECURITY_POLICY));
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(pages::CONTENT_TYPE));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // Under `no-referrer` a browser says `Origin: null` even to the page's own host (Fetch 3.2), and every form would look
    // like a stranger's.
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    headers.remove(reference::FIELD_NAME);
}

/// An answer of ours in JSON.
pub fn json(headers: &mut HeaderMap) {
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
}

/// The same answer to a HEAD: its fields as for a GET, and no body (RFC 9110 9.3.2). Over HTTP/1.1 hyper leaves a body out by
/// itself; over HTTP/2 it would send it, and the client would give the stream up (RFC 9113 8.1.1).
pub fn without_body(response: Response<Body>) -> Response<Body> {
    let (mut parts, body) = response.into_parts();
    if let Some(length) = body.size_hint().exact()
        && !parts.headers.contains_key(CONTENT_LENGTH)
    {
        parts.headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
    }
    Response::from_parts(parts, whole(Bytes::new()))
}

/// A refusal as an answer.
pub fn refusal(worker: &Worker, client: &Client, trace: &Trace, refusal: &Refusal) -> Response<Body> {
    if trace.is_call {
        let mut response = Response::new(whole(Bytes::new()));
        *response.headers_mut() = call::refusal(refusal);
        standing_headers(response.headers_mut());
        incident(response.headers_mut(), trace.id());
        return response;
    }
    let incident_number = trace.id().to_string();
    if trace.wants_page && client.host == Host::Care {
        // A person without a session is led to the sign-in page instead of being told a code.
        match refusal {
            Refusal::SignInRequired(reason) => return crate::gate::to_sign_in(&trace.here, *reason),
            Refusal::PasswordChangeRequired => return crate::gate::redirect(pages::paths::PASSWORD),
            _ => {}
        }
    }
    let status = StatusCode::from_u16(refusal.status()).unwrap_or(StatusCode::SERVICE_UNAVAILABLE);
    let (body, content_type) = if trace.wants_page {
        (pages::refused(&worker.frame(trace), refusal, &incident_number), pages::CONTENT_TYPE)
    } else {
        (pages::problem(refusal, &incident_number), "application/problem+json")
    };
    let mut response = Response::new(whole(body.into()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    page_headers(headers);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    incident(headers, trace.id());
    headers.remove(LOCATION);
    if let Some(seconds) = refusal.retry_after_seconds() {
        headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    match refusal {
        Refusal::MethodNotAllowed(allowed) => {
            headers.insert(ALLOW, HeaderValue::from_static(allowed));
        }
        // RFC 9110 15.5.2 asks for a challenge; these are the two factors of the care host.
        Refusal::Certificate(_) if refusal.status() == 401 => {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("ClientCertificate realm=\"sekisho\""));
        }
        Refusal::SignInRequired(_) => {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Session realm=\"sekisho\""));
        }
        _ => {}
    }
    response
}
