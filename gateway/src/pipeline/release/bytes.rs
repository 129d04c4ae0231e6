//! Bytes of a document, which are not read here.

use http::header::{
    ACCEPT_RANGES, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG, HeaderName, HeaderValue,
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
const PASSED_OPAQUE: [HeaderName; 2] = [CONTENT_RANGE, ACCEPT_RANGES];

impl Checking<'_> {
    /// Bytes of a document: whose they are is known and permitted; they are streamed unread, never shown as a page.
    pub(super) async fn bytes(&self, response: Response<StoreBody>, version: &str) -> Result<Response<Body>, Refusal> {
        match response.status() {
            StatusCode::OK | StatusCode::PARTIAL_CONTENT | StatusCode::NOT_MODIFIED => {}
            // An error: text of the store, to be read like any other.
            _ => return self.resources(response).await,
        }
        let (parts, body) = response.into_parts();
        let mut tags = parts.headers.get_all(ETAG).into_iter();
        if tags.next().map(HeaderValue::as_bytes) != Some(version.as_bytes()) || tags.next().is_some() {
            // Between look-up and answer the document was replaced, and nobody has asked whose the new one is.
            tracing::warn!("a document changed while it was fetched; not passed on");
            return Err(Refusal::StoreMisbehaves);
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
