//! Which host, which page, or a record request. The message must be readable in one way only before anything looks at
//! what it asks for.

use http::header::{CONTENT_TYPE, HOST, UPGRADE};
use http::request::Parts;
use http::{Method, Request, Version};
use hyper::body::Incoming;
use records::Need;

use super::call;
use super::client_body::ClientBody;
use super::trace::Trace;
use super::tunnel::handshake;
use crate::connection::Client;
use crate::gate::{GatePage, form};
use crate::public::PublicPage;
use crate::refusal::Refusal;
use crate::strict::lines::is_port;
use crate::strict::message::{self, Readable};
use crate::strict::target::{self, Canonical};
use crate::tls::device::VerifiedDevice;
use crate::tls::hosts::Host;
use crate::worker::Worker;

/// Prefix of the gateway's own pages on the care host; the store never sees it.
pub const GATE_PREFIX: &str = "/.sekisho/";

/// What a record may be asked for with. No HEAD: its answer would be released and recorded like a GET's, and shown to nobody.
/// No OPTIONS: nothing here is for other sites, and what is served stands in the capability statement.
const METHODS: [Method; 5] = [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE];

/// Where a request goes.
pub enum Route {
    /// Public information (art. 22): no certificate, no session, no store.
    Public(PublicPage),
    /// A page of the gateway itself on the care host.
    Gate(GatePage),
    /// Records.
    Record(RecordRequest),
}

/// Proof: a well-framed request on the care host, for the store.
pub struct RecordRequest {
    request: Request<ClientBody>,
    begun: Option<Box<Need>>,
}

impl RecordRequest {
    /// The head of the request.
    #[must_use]
    pub const fn request(&self) -> &Request<ClientBody> {
        &self.request
    }

    /// The request itself, for the step that forwards it.
    pub(super) fn into_request(self) -> Request<ClientBody> {
        self.request
    }

    pub(super) const fn of(request: Request<ClientBody>) -> Self {
        Self { request, begun: None }
    }

    /// The same request, as far as it has been read.
    pub(super) fn begun(parts: Parts, body: ClientBody, need: Need) -> Self {
        Self { request: Request::from_parts(parts, body), begun: Some(Box::new(need)) }
    }

    /// What is needed next, if it has been read already.
    pub(super) const fn take_begun(&mut self) -> Option<Box<Need>> {
        self.begun.take()
    }

    /// Whether there is a body, for which its client may take his time.
    pub(super) fn is_still_coming(&self) -> bool {
        self.request.body().is_still_coming()
    }

    /// The device behind this request's connection, checked against the current snapshot.
    ///
    /// # Errors
    /// What is wrong with its certificate.
    pub fn device(&self, worker: &Worker, client: &Client) -> Result<VerifiedDevice, Refusal> {
        client.device(&worker.snapshot(), worker.now())
    }
}

/// Routes.
///
/// # Errors
/// The message is ambiguous, or there is no such page.
pub fn route(
    worker: &Worker,
    client: &Client,
    request: Request<Incoming>,
    trace: &mut Trace,
) -> Result<Route, Refusal> {
    // As it came; what a handshake over HTTP/2 means is said in HTTP/1.1's words only then.
    let readable = message::read(&request, &client.signs)?;
    let request = handshake::as_get(request)?;
    let host = named_host(worker, &request, &readable)?;
    if host != client.host {
        // RFC 9110 7.4. A browser may send requests for both hosts over one connection, since one certificate names both.
        return Err(Refusal::Misdirected);
    }
    let path = request.uri().path();
    let gate = path == "/" || path.starts_with(GATE_PREFIX);
    if (host == Host::Public || gate) && request.version() == Version::HTTP_2 && request.headers().contains_key(UPGRADE)
    {
        // Only an extended CONNECT has one there, and what answers it may have no body.
        return Err(Refusal::Unreadable("a WebSocket where there is none".into()));
    }
    match host {
        Host::Public => {
            let canonical = canonical(&request)?;
            PublicPage::of(&request, canonical).map(Route::Public)
        }
        Host::Care if gate => {
            let canonical = canonical(&request)?;
            GatePage::of(request, canonical).map(Route::Gate)
        }
        Host::Care => record(worker, client, request, trace).map(Route::Record),
    }
}

/// A request for records: for whom a certificate stands, with a method that they have, from no other site, and for an address that
/// is one of theirs.
fn record(
    worker: &Worker,
    client: &Client,
    mut request: Request<Incoming>,
    trace: &mut Trace,
) -> Result<RecordRequest, Refusal> {
    trace.about_records();
    // Said before anything else is looked at: whoever has no standing certificate learns nothing of what exists.
    client.device(&worker.snapshot(), worker.now())?;
    if !METHODS.contains(request.method()) {
        return Err(Refusal::MethodNotAllowed("GET, POST, PUT, PATCH, DELETE"));
    }
    // A page of a sibling host is "same-site" to the browser, and a WebSocket asks nobody (no CORS).
    let changes = *request.method() != Method::GET;
    if changes || request.headers().contains_key(UPGRADE) {
        form::same_origin(request.headers(), form::authority(&request))?;
    }
    let path = request.uri().path();
    let fhir = path.starts_with("/fhir/") || path == "/fhir" || path.starts_with("/feeds/");
    if !fhir && !worker.reader().is_mapped(path) {
        canonical(&request)?;
        return Err(Refusal::NoSuchPage);
    }
    handshake::read(&mut request)?;
    if !client.multiplexed && call::is_call(request.headers().get(CONTENT_TYPE)) {
        return Err(Refusal::Unreadable("a call of gRPC over anything but HTTP/2".into()));
    }
    Ok(RecordRequest::of(request.map(ClientBody::Arriving)))
}

/// The target of a page has one reading. (That of a record is read by `records`, as strictly, once it is known who asks: so that a
/// refusal is on record.)
fn canonical(request: &Request<Incoming>) -> Result<Canonical, Refusal> {
    let target = request.uri().path_and_query().map_or("", http::uri::PathAndQuery::as_str);
    Ok(target::canonical(target)?)
}

/// The host that the message names: the authority of the target (HTTP/2, absolute form), which must agree with `Host`
/// where both are there (RFC 9113 8.3.1, RFC 9112 3.2.2).
fn named_host(worker: &Worker, request: &Request<Incoming>, _: &Readable) -> Result<Host, Refusal> {
    let unreadable = || Refusal::Unreadable("no Host, or one that is not ours".into());
    let field = match request.headers().get(HOST) {
        Some(value) => Some(value.to_str().map_err(|_| unreadable())?),
        None => None,
    };
    let authority = request.uri().authority().map(http::uri::Authority::as_str);
    let named = match (authority, field) {
        (Some(authority), Some(field)) if !authority.eq_ignore_ascii_case(field) => return Err(unreadable()),
        (Some(named), _) | (None, Some(named)) => named,
        (None, None) => return Err(unreadable()),
    };
    let name = match named.rsplit_once(':') {
        Some((name, port)) if is_port(port.as_bytes()) => name,
        Some(_) => return Err(unreadable()),
        None => named,
    };
    worker.hosts().by_name(name).ok_or_else(unreadable)
}
