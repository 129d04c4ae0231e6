//! Calls of gRPC (<https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md>): messages stream up and down unread, what
//! became of a call stands in its trailers, and a refusal of ours is a call that has failed.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use http::{HeaderMap, Response, StatusCode};
use http_body_util::BodyExt as _;
use hyper::body::{Body as HttpBody, Frame, Incoming};
use records::Misbehaviour;

use crate::cut::live::Switch;
use crate::refusal::Refusal;
use crate::store::going::StoreBody;
use crate::store::paced::UploadError;
use crate::store::pool::{Body, BodyError};

const STATUS: HeaderName = HeaderName::from_static("grpc-status");
const MESSAGE: HeaderName = HeaderName::from_static("grpc-message");
const DETAILS: HeaderName = HeaderName::from_static("grpc-status-details-bin");
/// What passes of trailers, and of a head that has none behind it; all other metadata of the store stays behind.
const TRAILERS: [HeaderName; 3] = [STATUS, MESSAGE, DETAILS];
/// What passes of the head: how messages are coded.
const PASSED: [HeaderName; 2] =
    [HeaderName::from_static("grpc-encoding"), HeaderName::from_static("grpc-accept-encoding")];
const GRPC: &[u8] = b"application/grpc";
/// UNAVAILABLE: the client may come again.
const UNAVAILABLE: u16 = 14;

/// Whether this is the content type of a call.
#[must_use]
pub fn is_call(content_type: Option<&HeaderValue>) -> bool {
    let rest = content_type.and_then(|value| value.as_bytes().strip_prefix(GRPC));
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(b"+") || rest.starts_with(b";"))
}

/// Whether the store's answer is nothing but a failure: there is no message in it that could be anybody's.
pub(super) fn has_failed(response: &Response<StoreBody>) -> bool {
    let status = response.headers().get(STATUS);
    response.body().is_end_stream() && status.is_some_and(|status| status != "0")
}

/// The answer of the store to a call, as far as it may pass.
///
/// # Errors
/// It is no answer to a call.
pub(super) fn answer(response: Response<StoreBody>) -> Result<Response<Body>, Misbehaviour> {
    let (parts, body) = response.into_parts();
    if parts.status != StatusCode::OK {
        return Err(Misbehaviour::Status(parts.status.as_u16()));
    }
    let content_type = parts.headers.get(CONTENT_TYPE).filter(|value| is_call(Some(value)));
    let content_type = content_type.ok_or(Misbehaviour::Shape("is no answer to a call"))?;
    let mut headers = passed(&parts.headers, &PASSED);
    headers.insert(CONTENT_TYPE, content_type.clone());
    if body.is_end_stream() {
        headers.extend(passed(&parts.headers, &TRAILERS));
    }
    let mut answer = Response::new(Downwards(body).boxed_unsync());
    *answer.headers_mut() = headers;
    Ok(answer)
}

/// A refusal, as a call that has failed. The message is the code that problem documents have, and says nothing more.
pub fn refusal(refusal: &Refusal) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    headers.insert(STATUS, HeaderValue::from(code(refusal)));
    headers.insert(MESSAGE, HeaderValue::from_static(refusal.code()));
    headers
}

/// What is said to the clients of calls that a drain ends.
pub(super) fn farewell() -> HeaderMap {
    let mut trailers = HeaderMap::new();
    trailers.insert(STATUS, HeaderValue::from(UNAVAILABLE));
    trailers.insert(MESSAGE, HeaderValue::from_static("draining"));
    trailers
}

/// <https://grpc.github.io/grpc/core/md_doc_statuscodes.html>
fn code(refusal: &Refusal) -> u16 {
    const INVALID_ARGUMENT: u16 = 3;
    const DEADLINE_EXCEEDED: u16 = 4;
    const NOT_FOUND: u16 = 5;
    const PERMISSION_DENIED: u16 = 7;
    const RESOURCE_EXHAUSTED: u16 = 8;
    const FAILED_PRECONDITION: u16 = 9;
    const ABORTED: u16 = 10;
    const UNIMPLEMENTED: u16 = 12;
    const INTERNAL: u16 = 13;
    const UNAUTHENTICATED: u16 = 16;
    match (refusal, refusal.status()) {
        (Refusal::NoSuchPage | Refusal::MethodNotAllowed(_), _) => UNIMPLEMENTED,
        (_, 400 | 415 | 422) => INVALID_ARGUMENT,
        (_, 401) => UNAUTHENTICATED,
        (_, 403) => PERMISSION_DENIED,
        (_, 404) => NOT_FOUND,
        (_, 409) => ABORTED,
        (_, 412) => FAILED_PRECONDITION,
        (_, 413 | 429) => RESOURCE_EXHAUSTED,
        (_, 421 | 502 | 503) => UNAVAILABLE,
        (_, 504) => DEADLINE_EXCEEDED,
        _ => INTERNAL,
    }
}

/// These fields, each only if it stands there once.
fn passed(from: &HeaderMap, names: &[HeaderName]) -> HeaderMap {
    let mut to = HeaderMap::new();
    for name in names {
        let mut values = from.get_all(name).iter();
        if let (Some(value), None) = (values.next(), values.next()) {
            to.insert(name.clone(), value.clone());
        }
    }
    to
}

/// Messages of the store, and of its trailers those that are on the list.
struct Downwards(StoreBody);

impl HttpBody for Downwards {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let frame = match ready!(Pin::new(&mut self.0).poll_frame(cx)) {
            None => return Poll::Ready(None),
            Some(frame) => frame?,
        };
        Poll::Ready(Some(Ok(match frame.into_trailers() {
            Ok(trailers) => Frame::trailers(passed(&trailers, &TRAILERS)),
            Err(frame) => frame,
        })))
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_end_stream()
    }
}

/// Messages of the client. They have no bound in all, and may be as far apart as their client likes: a call goes on until one
/// side ends it or it is cut, and each message waits for the store to take it.
pub struct Upwards {
    client: Incoming,
    switch: Arc<Switch>,
    octets: Arc<AtomicU64>,
}

impl Upwards {
    /// Counts what goes up in `octets`.
    #[must_use]
    pub fn new(client: Incoming, switch: &Arc<Switch>, octets: &Arc<AtomicU64>) -> Self {
        Self { client, switch: Arc::clone(switch), octets: Arc::clone(octets) }
    }
}

impl HttpBody for Upwards {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        loop {
            let frame = ready!(Pin::new(&mut self.client).poll_frame(cx));
            // What comes after a cut goes nowhere.
            if self.switch.is_over() {
                return Poll::Ready(Some(Err("cut".into())));
            }
            match frame {
                None => return Poll::Ready(None),
                Some(Err(error)) => return Poll::Ready(Some(Err(UploadError::BrokeOff(error).into()))),
                Some(Ok(frame)) => {
                    // A client has no trailers to say anything in.
                    let Ok(data) = frame.into_data() else { continue };
                    self.octets.fetch_add(u64::try_from(data.len()).unwrap_or(0), Ordering::Relaxed);
                    return Poll::Ready(Some(Ok(Frame::data(data))));
                }
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.client.is_end_stream()
    }
}
