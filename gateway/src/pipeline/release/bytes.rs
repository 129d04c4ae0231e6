//! Bytes of a document, which are not read here.

use http::header::{
    ACCEPT_RANGES, CONTENT_DISPOSITION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG,
    HeaderName, HeaderValue,
};
use http::{Response, StatusCode};
use http_body_util::BodyExt as _;
use records::Misbehaviour;

use super::{Checking, PASSED, pass};
use crate::pipeline::forward::length;
use crate::refusal::Refusal;
use crate::store::flowing::Flowing;
use crate::store::going::StoreBody;
use crate::store::pool::Body;

/// Response headers that may pass, beside [`PASSED`].
const PASSED_OPAQUE: [HeaderName; 3] = [CONTENT_RANGE, ACCEPT_RANGES, CONTENT_ENCODING];
/// Codings that a client may have asked for (RFC 9110 8.4.1, and the registry's `br` and `zstd`).
const CODINGS: [&[u8]; 4] = [b"gzip", b"br", b"zstd", b"deflate"];

impl Checking<'_> {
    /// Bytes of a document: whose they are is known and permitted; they are streamed unread, never shown as a page.
    pub(super) async fn bytes(&self, response: Response<StoreBody>, version: &str) -> Result<Response<Body>, Refusal> {
        match response.status() {
            StatusCode::OK | StatusCode::PARTIAL_CONTENT | StatusCode::NOT_MODIFIED => {}
            StatusCode::RANGE_NOT_SATISFIABLE => return self.beyond(response).await,
            // An error: text of the store, to be read like any other.
            _ => return self.resources(response).await,
        }
        let (parts, body) = response.into_parts();
        let coded = parts.headers.contains_key(CONTENT_ENCODING);
        let mut tags = parts.headers.get_all(ETAG).into_iter();
        if !tags.next().is_some_and(|tag| is_of(tag, version, coded)) || tags.next().is_some() {
            // Between look-up and answer the document was replaced, and nobody has asked whose the new one is.
            tracing::warn!("a document changed while it was fetched; not passed on");
            return Err(Refusal::StoreMisbehaves);
        }
        if coded && !parts.headers.get_all(CONTENT_ENCODING).iter().all(is_known_coding) {
            return Err(self.misbehaves(&Misbehaviour::Shape("is coded in a way that is not known")));
        }
        let pieces = parts.headers.get_all(CONTENT_RANGE).iter().count();
        if pieces != usize::from(parts.status == StatusCode::PARTIAL_CONTENT) {
            return Err(self.misbehaves(&Misbehaviour::Shape("is not the one piece that was asked for")));
        }
        if parts.headers.get(CONTENT_TYPE).is_some_and(may_be_a_resource) {
            // Bytes were asked for; a record that comes instead would pass unread.
            return Err(self.misbehaves(&Misbehaviour::Shape("is a resource where bytes were asked for")));
        }
        let mut answer = Response::builder().status(parts.status);
        if let Some(headers) = answer.headers_mut() {
            pass(headers, &parts.headers, &PASSED);
            pass(headers, &parts.headers, &PASSED_OPAQUE);
            headers.insert(CONTENT_TYPE, harmless(parts.headers.get(CONTENT_TYPE)));
            headers.insert(CONTENT_DISPOSITION, HeaderValue::from_static("attachment"));
            if let Some(length) = length(&parts.headers) {
                headers.insert(CONTENT_LENGTH, length);
            }
        }
        let flowing = Flowing::new(body, self.read_within());
        answer.body(flowing.boxed_unsync()).map_err(|_| Refusal::StoreMisbehaves)
    }
}

impl Checking<'_> {
    /// Nothing of the document is where the client looks (RFC 9110 15.5.17): how long it is is told to whom it is permitted.
    async fn beyond(&self, response: Response<StoreBody>) -> Result<Response<Body>, Refusal> {
        let range = response.headers().get(CONTENT_RANGE).filter(|range| is_length(range)).cloned();
        let mut answer = self.resources(response).await?;
        if let Some(range) = range {
            answer.headers_mut().insert(CONTENT_RANGE, range);
        }
        Ok(answer)
    }
}

/// Whether bytes with this tag are of the version that was looked up. What codes them on their way out may weaken the tag (RFC
/// 9110 8.8.3.3): the version is the same, and only the octets are others.
fn is_of(tag: &HeaderValue, version: &str, coded: bool) -> bool {
    let (tag, version) = (tag.as_bytes(), version.as_bytes());
    let strong = |tag| <[u8]>::strip_prefix(tag, b"W/").unwrap_or(tag);
    if coded { strong(tag) == strong(version) } else { tag == version }
}

fn is_known_coding(given: &HeaderValue) -> bool {
    CODINGS.iter().any(|own| given.as_bytes().eq_ignore_ascii_case(own))
}

/// `bytes */100`.
fn is_length(range: &HeaderValue) -> bool {
    let length = range.as_bytes().strip_prefix(b"bytes */");
    length.is_some_and(|length| (1..=19).contains(&length.len()) && length.iter().all(u8::is_ascii_digit))
}

/// FHIR in any form. What is uploaded raw is never of such a type.
fn may_be_a_resource(given: &HeaderValue) -> bool {
    given.as_bytes().to_ascii_lowercase().windows(4).any(|word| word == b"fhir")
}

/// The type of a document, unless a browser would run or render it as a page.
fn harmless(given: Option<&HeaderValue>) -> HeaderValue {
    let plain = HeaderValue::from_static("application/octet-stream");
    let Some(given) = given else { return plain };
    let Ok(text) = given.to_str() else { return plain };
    let text = text.to_ascii_lowercase();
    let page = ["html", "xml", "svg", "script", "multipart"].iter().any(|word| text.contains(word));
    if page { plain } else { given.clone() }
}
