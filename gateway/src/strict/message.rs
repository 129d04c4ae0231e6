//! A request as `http` sees it, looked at once for both versions of HTTP before anything asks what it wants.
//!
//! Over HTTP/1.1 the octets of the head have been read by [`super::head`]. Over HTTP/2 hyper has put the message together, and the
//! rules for what a message is (RFC 9113 8.2, 8.3) are held here. The target is for the route: [`super::target`] for pages, `records`
//! for records, whose refusals are on record.

use http::header::{CONNECTION, CONTENT_LENGTH, EXPECT, HOST, HeaderName, TE, TRANSFER_ENCODING, UPGRADE};
use http::{HeaderMap, Method, Request, Version};
use hyper::ext::Protocol;

use super::flaw::{Flaw, unreadable};
use super::guard::REFUSED;
use super::lines::Lengths;
use super::signs::Signs;
use crate::bounds::{HEADERS_MAX, UPLOAD_BYTES_MAX};
use crate::refusal::MessageProblem;

/// Proof: the message has one reading.
pub struct Readable(());

const KEEP_ALIVE: HeaderName = HeaderName::from_static("keep-alive");
const PROXY_CONNECTION: HeaderName = HeaderName::from_static("proxy-connection");
const HTTP2_SETTINGS: HeaderName = HeaderName::from_static("http2-settings");
/// RFC 9113 8.2.2.
const OF_CONNECTIONS: [HeaderName; 6] =
    [CONNECTION, KEEP_ALIVE, PROXY_CONNECTION, TRANSFER_ENCODING, UPGRADE, HTTP2_SETTINGS];

/// Looks at a request.
///
/// # Errors
/// It can be read in no way, or in more than one.
pub fn read<B>(request: &Request<B>, signs: &Signs) -> Result<Readable, Flaw> {
    if request.method().as_str() == REFUSED {
        return Err(signs.flaw().unwrap_or(Flaw::Of(MessageProblem::UnknownMethod)));
    }
    if request.version() == Version::HTTP_2 {
        multiplexed(request)?;
    }
    Ok(Readable(()))
}

fn multiplexed<B>(request: &Request<B>) -> Result<(), Flaw> {
    match *request.method() {
        Method::GET | Method::HEAD | Method::POST | Method::PUT | Method::PATCH | Method::DELETE | Method::OPTIONS => {}
        // RFC 8441 4: a WebSocket, which the route has to allow.
        Method::CONNECT if request.extensions().get::<Protocol>().is_some() => {}
        Method::CONNECT | Method::TRACE => return Err(Flaw::NotServed),
        _ => return Err(Flaw::Of(MessageProblem::UnknownMethod)),
    }
    // Without an authority, for which there is a Host then, hyper keeps no scheme.
    let uri = request.uri();
    if uri.scheme().map_or(uri.authority().is_some(), |scheme| *scheme != http::uri::Scheme::HTTPS) {
        return unreadable("a scheme other than https");
    }
    fields(request.headers())
}

/// RFC 9113 8.2.
fn fields(headers: &HeaderMap) -> Result<(), Flaw> {
    if headers.len() > HEADERS_MAX {
        return Err(Flaw::Of(MessageProblem::FieldsTooLarge));
    }
    for (name, value) in headers {
        if name.as_str().contains('_') {
            return unreadable("an underscore in a field's name");
        }
        let blank = |octet: Option<&u8>| matches!(octet, Some(b' ' | b'\t'));
        if blank(value.as_bytes().first()) || blank(value.as_bytes().last()) {
            return unreadable("blanks around a field's value");
        }
    }
    if OF_CONNECTIONS.iter().any(|name| headers.contains_key(name)) {
        return unreadable("a field about the connection, which is not this message's");
    }
    if headers.get_all(TE).iter().any(|value| value.as_bytes() != b"trailers") {
        return unreadable("a TE other than trailers");
    }
    if headers.get_all(HOST).iter().count() > 1 {
        return unreadable("more than one Host field");
    }
    expectation(headers)?;
    length(headers)
}

fn expectation(headers: &HeaderMap) -> Result<(), Flaw> {
    let mut expected = headers.get_all(EXPECT).iter();
    let fits = expected.next().is_none_or(|value| value.as_bytes().eq_ignore_ascii_case(b"100-continue"));
    if fits && expected.next().is_none() { Ok(()) } else { Err(Flaw::Of(MessageProblem::Expectation)) }
}

/// In the form that it has over HTTP/1.1. That it is as long as the body, hyper sees to.
fn length(headers: &HeaderMap) -> Result<(), Flaw> {
    let mut lengths = Lengths::default();
    headers.get_all(CONTENT_LENGTH).iter().try_for_each(|value| lengths.length(value.as_bytes(), UPLOAD_BYTES_MAX))
}
