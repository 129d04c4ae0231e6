//! To the store: a message rebuilt from what was understood. Of the client's own words only the values of a few header
//! fields pass, those that mean the same to every reader; hop-by-hop fields, every identity field and everything
//! unknown stay behind (RFC 9110 7.6.1), ours are added.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use bytes::Bytes;
use http::header::{
    ACCEPT, ACCEPT_ENCODING, ACCEPT_LANGUAGE, CONTENT_LENGTH, CONTENT_TYPE, HOST, HeaderMap, HeaderName, HeaderValue,
    IF_MATCH, IF_NONE_MATCH, IF_RANGE, RANGE,
};
use http::{Method, Request, Response};
use records::{AnswerKind, Forward, ForwardBody, Touches};
use tokio::time::Instant;

use super::admit::Slot;
use super::authenticate::Subject;
use super::client_body::ClientBody;
use super::decide::Permit;
use super::extract::{unavailable, whole};
use super::mark::Deletion;
use super::record::Recorded;
use super::tunnel::handshake::{Asked, Handshake};
use crate::bounds::{UPLOAD_BYTES_MAX, UPLOAD_SILENCE_MAX};
use crate::cut::live::ExchangeEntry;
use crate::refusal::Refusal;
use crate::store::errand::Errand;
use crate::store::going::StoreBody;
use crate::store::paced::UploadError;
use crate::store::pool::{Body, STORE_HOST, StoreError};
use crate::worker::{Handle, Shared, Worker};

/// Proof: the store has answered a recorded permit. Nothing of the answer can be reached but through `release`.
pub struct Answer {
    pub(super) recorded: Recorded<Forwarded>,
    pub(super) response: Response<StoreBody>,
    pub(super) slot: Slot,
    /// The tunnel that was asked for, if any.
    pub(super) asked: Option<Asked>,
    /// What goes up in a call, in octets, as it goes.
    pub(super) up: Arc<AtomicU64>,
}

/// What is left of a permit once its request is on its way.
pub(super) struct Forwarded {
    pub(super) subject: Arc<Subject>,
    pub(super) touches: Touches,
    pub(super) living: ExchangeEntry,
    pub(super) arrived: Instant,
    /// Which languages the client reads.
    pub(super) languages: Option<HeaderValue>,
}

/// Request headers that mean the same to every reader and may pass.
const PASSED: [HeaderName; 2] = [ACCEPT, ACCEPT_LANGUAGE];
const CLIENT_CERT: HeaderName = HeaderName::from_static("client-cert");
const FHIR_JSON: HeaderValue = HeaderValue::from_static("application/fhir+json");

/// Forwards.
///
/// # Errors
/// The store cannot be reached or does not answer; the exchange was cut meanwhile.
pub async fn forward(worker: &Worker, recorded: Recorded<Permit>, mut slot: Slot) -> Result<Answer, Refusal> {
    let ((request, ordered), mut recorded) = recorded.split(|permit| {
        let Permit { subject, touches, request, living, arrived, ordered } = permit;
        let languages = request.headers().get(ACCEPT_LANGUAGE).cloned();
        ((request, ordered), Forwarded { subject: Arc::new(subject), touches, living, arrived, languages })
    });
    let sent = &mut recorded.permit;
    let (mut parts, incoming) = request.into_parts();
    let errand = Errand::of(&sent.touches);
    if errand.class.goes_at_the_clients_pace() {
        slot.goes_on_by_itself();
    }
    let switch = Arc::clone(&sent.living.exchange.switch);
    let calls = matches!(sent.touches.answer, AnswerKind::Call(_));
    let sent_body = std::mem::replace(&mut sent.touches.forward.body, ForwardBody::None);
    let up = Arc::default();
    let body = if calls { incoming.messages(&switch, &up)? } else { body(sent_body, incoming)? };
    let mut client = passed(&parts.headers, &sent.touches.answer);
    let asked = match sent.touches.answer {
        AnswerKind::WebSocket | AnswerKind::Socket(_) => {
            let handshake = parts.extensions.remove::<Handshake>();
            let handshake = handshake.ok_or_else(|| Refusal::Unreadable("no upgrade was asked for".into()))?;
            Some(handshake.ask(&mut client)?)
        }
        _ => None,
    };
    let request = to_the_store(worker.shared(), &sent.subject, client, &sent.touches.forward, body)?;
    if switch.is_cut() {
        return Err(Refusal::Cut);
    }
    let answer = async {
        if ordered.is_empty() {
            return worker.way().send(request, errand).await;
        }
        // From here on it goes on without its client.
        let deletion = Deletion::of(worker, &sent.subject, &sent.living.exchange, &sent.touches);
        let told = Box::pin(deletion.send(request, errand, ordered, &recorded.entry.id));
        told.await.unwrap_or(Err(StoreError::Timeout))
    };
    let response = tokio::select! {
        biased;
        () = switch.cut_off() => return Err(Refusal::Cut),
        answer = answer => answer.map_err(|error| upload_failed(&error).unwrap_or_else(|| unavailable(&error)))?,
    };
    Ok(Answer { recorded, response, slot, asked, up })
}

/// Asks the store on, in the name of the same subject, for as long as an answer is being made of what it says.
pub(super) struct AskingOn {
    pub(super) handle: Handle,
    pub(super) subject: Arc<Subject>,
    pub(super) languages: Option<HeaderValue>,
}

impl AskingOn {
    /// What the store is asked next: a search, which is all that is gone on with.
    ///
    /// # Errors
    /// The store cannot be reached or does not answer.
    pub(super) async fn send(&self, forward: Forward) -> Result<Response<StoreBody>, Refusal> {
        let mut forward = forward;
        let body = match std::mem::replace(&mut forward.body, ForwardBody::None) {
            ForwardBody::None => Bytes::new(),
            ForwardBody::Built(built) => built.into(),
            ForwardBody::Stream => return Err(Refusal::Fault),
        };
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, FHIR_JSON);
        if let Some(languages) = &self.languages {
            headers.insert(ACCEPT_LANGUAGE, languages.clone());
        }
        let request = to_the_store(self.handle.shared(), &self.subject, headers, &forward, whole(body))?;
        self.handle.way().send(request, Errand::going_on()).await.map_err(|error| unavailable(&error))
    }
}

/// The certificate, as the store is told of it (RFC 9440).
fn certificate(subject: &Subject) -> Result<HeaderValue, Refusal> {
    HeaderValue::from_str(subject.device().client_cert_header()).map_err(|_| Refusal::StoreMisbehaves)
}

/// A request to the store: whatever is asked there is asked in this form. `from` is what passes of the client's header fields; ours
/// take their place.
pub(super) fn to_the_store(
    shared: &Shared,
    subject: &Subject,
    from: HeaderMap,
    forward: &Forward,
    body: Body,
) -> Result<Request<Body>, Refusal> {
    let method = Method::from_bytes(forward.method.as_bytes())
        .map_err(|_| Refusal::Unreadable("no method for the store".into()))?;
    let request = Request::builder().method(method).uri(forward.target.as_str()).body(body);
    let mut request = request.map_err(|_| Refusal::Unreadable("no target for the store".into()))?;
    let ours = |text: &str| HeaderValue::from_str(text).map_err(|_| Refusal::Unreadable("a header value".into()));
    let to = request.headers_mut();
    *to = from;
    to.insert(HOST, STORE_HOST);
    if let Some(version) = &forward.if_match {
        to.insert(IF_MATCH, ours(version)?);
    }
    if let Some(content_type) = &forward.content_type {
        to.insert(CONTENT_TYPE, ours(content_type)?);
    }
    for (name, value) in &forward.headers {
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| Refusal::Unreadable("a header name".into()))?;
        to.insert(name, ours(value)?);
    }
    shared.identify(to, subject)?;
    to.insert(CLIENT_CERT, certificate(subject)?);
    Ok(request)
}

/// To ask the store for something of our own accord.
pub(super) fn asking(target: &str) -> Forward {
    Forward {
        method: "GET",
        target: target.to_owned(),
        if_match: None,
        content_type: None,
        headers: Vec::new(),
        body: ForwardBody::None,
        within: None,
    }
}

/// What passes of the client's header fields where an event stream is asked for: the least that passes anywhere.
#[must_use]
pub fn passed_to_event_streams(from: &HeaderMap) -> HeaderMap {
    passed(from, &AnswerKind::EventStream)
}

/// What passes of the client's header fields, for an answer of this kind.
fn passed(from: &HeaderMap, answer: &AnswerKind) -> HeaderMap {
    let mut to = HeaderMap::new();
    let mut pass = |name: &HeaderName| {
        // One field only: a list in two fields could be read differently. What is no plain ASCII means something else to everybody.
        let plain = |value: &&HeaderValue| value.as_bytes().iter().all(|octet| matches!(octet, b' '..=b'~'));
        if let Some(value) = from.get(name).filter(plain) {
            to.insert(name.clone(), value.clone());
        }
    };
    PASSED.iter().for_each(&mut pass);
    match answer {
        // A range without its condition would join pieces of two versions (RFC 9110 13.1.5).
        // "Not modified" is an answer that nobody can resolve to its person: only where the version was looked up.
        // So are bytes that are coded: nobody here has to read them.
        AnswerKind::Opaque { .. } => {
            [IF_NONE_MATCH, ACCEPT_ENCODING].iter().for_each(&mut pass);
            if is_one_range(from) {
                [RANGE, IF_RANGE].iter().for_each(&mut pass);
            }
        }
        // A map says itself what it takes.
        AnswerKind::EventStream | AnswerKind::Events(_) | AnswerKind::Mapped(_) => {}
        // Of a handshake nothing passes as it came, and a call says itself what it takes along.
        AnswerKind::WebSocket | AnswerKind::Socket(_) | AnswerKind::Call(_) => to.clear(),
        // What must be read before release comes as plain FHIR JSON.
        AnswerKind::Resource { .. }
        | AnswerKind::Version { .. }
        | AnswerKind::History { .. }
        | AnswerKind::Bundle
        | AnswerKind::Capabilities
        | AnswerKind::Transaction(_) => {
            to.insert(ACCEPT, FHIR_JSON);
        }
    }
    to
}

/// RFC 9110 14.1.2: one range of bytes. Several at once are not asked for, and the client gets the whole: their answer would be a
/// body of several parts, of a type that a document may not have.
fn is_one_range(from: &HeaderMap) -> bool {
    let mut given = from.get_all(RANGE).iter();
    let (Some(range), None) = (given.next(), given.next()) else { return false };
    let Some((first, last)) = range.to_str().ok().and_then(|text| text.strip_prefix("bytes=")?.split_once('-')) else {
        return false;
    };
    let number = |text: &str| text.len() <= 19 && text.bytes().all(|octet| octet.is_ascii_digit());
    number(first) && number(last) && !(first.is_empty() && last.is_empty())
}

/// The body towards the store: what was understood, written anew, or the stream of an upload.
fn body(forward: ForwardBody, client: ClientBody) -> Result<Body, Refusal> {
    match forward {
        ForwardBody::None => Ok(whole(Bytes::new())),
        ForwardBody::Built(built) => Ok(whole(built.into())),
        ForwardBody::Stream => client.upload(),
    }
}

/// What went wrong with the upload, where that and not the store is why there is no answer.
fn upload_failed(error: &StoreError) -> Option<Refusal> {
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        match error.downcast_ref::<UploadError>() {
            Some(UploadError::BrokeOff(_)) => return Some(Refusal::Cut),
            Some(UploadError::Stalled) => {
                let seconds = UPLOAD_SILENCE_MAX.as_secs();
                return Some(Refusal::Unreadable(format!("too little of the body came for {seconds} s").into()));
            }
            None if error.is::<http_body_util::LengthLimitError>() => {
                return Some(Refusal::BodyTooLarge(usize::try_from(UPLOAD_BYTES_MAX).unwrap_or(usize::MAX)));
            }
            None => cause = error.source(),
        }
    }
    None
}

/// Copies the length of an answer that is streamed unread.
pub(super) fn length(from: &HeaderMap) -> Option<HeaderValue> {
    from.get(CONTENT_LENGTH).cloned()
}

#[cfg(test)]
mod tests {
    use futures_util::stream;
    use http_body_util::{BodyExt as _, Limited, StreamBody};
    use hyper::body::Frame;
    use hyper::client::conn::http1;
    use hyper_util::rt::TokioIo;

    use super::*;

    /// What the store's connection fails with when this is the body that goes to it.
    async fn failed(pieces: Vec<Result<Frame<Bytes>, UploadError>>, limit: usize) -> StoreError {
        let (near, _far) = tokio::io::duplex(1024);
        let (mut sender, connection) = http1::handshake::<_, Body>(TokioIo::new(near)).await.unwrap();
        tokio::spawn(connection);
        let body = StreamBody::new(stream::iter(pieces));
        let request = Request::post("/").body(Limited::new(body, limit).boxed_unsync()).unwrap();
        StoreError::Broken(sender.send_request(request).await.unwrap_err())
    }

    #[test]
    fn several_ranges_are_not_asked_for() {
        for (range, one) in [
            ("bytes=0-99", true),
            ("bytes=100-", true),
            ("bytes=-100", true),
            ("bytes=0-9,20-29", false),
            ("bytes=0-9, 20-29", false),
            ("bytes=-", false),
            ("bytes=a-b", false),
            ("bytes= 0-9", false),
            ("bytes=0-9-", false),
            ("octets=0-9", false),
            ("bytes=0-99999999999999999999", false),
        ] {
            let headers = HeaderMap::from_iter([(RANGE, HeaderValue::from_static(range))]);
            let opaque = AnswerKind::Opaque { version: "\"1\"".to_owned() };
            assert_eq!(passed(&headers, &opaque).contains_key(RANGE), one, "{range}");
        }
        let mut two = HeaderMap::from_iter([(RANGE, HeaderValue::from_static("bytes=0-9"))]);
        two.append(RANGE, HeaderValue::from_static("bytes=10-19"));
        assert!(!is_one_range(&two));
    }

    #[tokio::test]
    async fn an_upload_that_fails_is_not_laid_at_the_stores_door() {
        let octets = || Ok(Frame::data(Bytes::from_static(b"12345678")));
        let stalled = failed(vec![octets(), Err(UploadError::Stalled)], 100).await;
        assert!(matches!(upload_failed(&stalled), Some(Refusal::Unreadable(_))), "{stalled:?}");
        let too_large = failed(vec![octets(), octets()], 10).await;
        assert!(matches!(upload_failed(&too_large), Some(Refusal::BodyTooLarge(_))), "{too_large:?}");
        let unreachable = StoreError::Connect(std::io::ErrorKind::ConnectionRefused.into());
        assert_eq!(upload_failed(&unreachable), None);
    }
}
