//! The handshake of a WebSocket, towards both sides: of a client over HTTP/1.1 (RFC 6455 4) or over HTTP/2 (RFC 8441), and of the
//! store over HTTP/1.1. The two have nothing in common but the subprotocol: the store answers a key of ours.

use aws_lc_rs::{digest, rand};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{
    CONNECTION, HeaderName, HeaderValue, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_EXTENSIONS, SEC_WEBSOCKET_KEY,
    SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION, UPGRADE,
};
use http::{HeaderMap, Method, Request, Response, StatusCode, Version};
use http_body_util::{BodyExt as _, Empty};
use hyper::ext::Protocol;
use hyper::upgrade::OnUpgrade;
use records::Misbehaviour;

use crate::refusal::Refusal;
use crate::store::going::StoreBody;
use crate::store::pool::Body;

/// A handshake of a client that is in order: its side of the connection, and what answers its key.
#[derive(Clone)]
pub struct Handshake {
    client: OnUpgrade,
    /// None over HTTP/2, where there is no key (RFC 8441 5).
    accept: Option<HeaderValue>,
}

/// A tunnel that is being asked of the store: the client's side, and what has to answer our key.
pub struct Asked {
    client: OnUpgrade,
    to_client: Option<HeaderValue>,
    from_store: HeaderValue,
}

/// Both sides of a tunnel, agreed on but not yet joined.
pub(super) struct Agreed {
    pub(super) client: OnUpgrade,
    pub(super) store: OnUpgrade,
}

const WEBSOCKET: HeaderValue = HeaderValue::from_static("websocket");
const VERSION: HeaderValue = HeaderValue::from_static("13");
const NAMED_UPGRADE: HeaderValue = HeaderValue::from_static("upgrade");

/// An extended CONNECT (RFC 8441 4) as the GET that it stands for, so that it is read like the handshake over HTTP/1.1. Any
/// other request stays as it is.
///
/// # Errors
/// It asks for another protocol than WebSocket.
pub fn as_get<B>(request: Request<B>) -> Result<Request<B>, Refusal> {
    let (mut parts, body) = request.into_parts();
    if let Some(protocol) = parts.extensions.remove::<Protocol>() {
        if parts.method != Method::CONNECT || protocol.as_str() != "websocket" {
            return Err(Refusal::Unreadable("an upgrade to something other than websocket".into()));
        }
        parts.method = Method::GET;
        parts.headers.insert(UPGRADE, WEBSOCKET);
    }
    Ok(Request::from_parts(parts, body))
}

/// Reads the handshake of a request that asks for an upgrade, and keeps it in its extensions for the step that forwards.
///
/// # Errors
/// It is not the handshake of RFC 6455 4.2.1.
pub fn read<B>(request: &mut Request<B>) -> Result<(), Refusal> {
    let unreadable = |why: &'static str| Refusal::Unreadable(why.into());
    let headers = request.headers();
    if !headers.contains_key(UPGRADE) {
        return Ok(());
    }
    if one(headers, &SEC_WEBSOCKET_VERSION) != Some(&VERSION) {
        return Err(unreadable("a WebSocket of another version than 13"));
    }
    let accept = if request.version() == Version::HTTP_2 {
        None
    } else {
        let key = one(headers, &SEC_WEBSOCKET_KEY).filter(|key| is_key(key));
        Some(accept(key.ok_or_else(|| unreadable("a WebSocket without exactly one key of 16 octets"))?)?)
    };
    if request.version() != Version::HTTP_2 && !names_upgrade(headers) {
        return Err(unreadable("an upgrade that Connection does not name"));
    }
    // hyper has it where the version of HTTP knows of upgrades.
    let client = request.extensions_mut().remove::<OnUpgrade>();
    let client =
        client.ok_or_else(|| unreadable("an upgrade of something else than HTTP/1.1 or an extended CONNECT"))?;
    request.extensions_mut().insert(Handshake { client, accept });
    Ok(())
}

impl Handshake {
    /// Asks the store for the same, with a key of ours; in the head of the request to it.
    ///
    /// # Errors
    /// The system gives no random octets.
    pub fn ask(self, to_the_store: &mut HeaderMap) -> Result<Asked, Refusal> {
        let mut octets = [0_u8; 16];
        rand::fill(&mut octets).map_err(|_| Refusal::Fault)?;
        let key = HeaderValue::try_from(STANDARD.encode(octets)).map_err(|_| Refusal::Fault)?;
        let from_store = accept(&key)?;
        to_the_store.insert(CONNECTION, NAMED_UPGRADE);
        to_the_store.insert(UPGRADE, WEBSOCKET);
        to_the_store.insert(SEC_WEBSOCKET_VERSION, VERSION);
        to_the_store.insert(SEC_WEBSOCKET_KEY, key);
        let Self { client, accept: to_client } = self;
        Ok(Asked { client, to_client, from_store })
    }
}

impl Asked {
    /// What the client is answered, and both sides: only after the store's own 101, which answers our key and asks for nothing
    /// that was not offered.
    ///
    /// # Errors
    /// The store did not agree, or not to what it was asked.
    pub(super) fn agree(
        self,
        response: Response<StoreBody>,
        offered: &[String],
    ) -> Result<(Response<Body>, Agreed), Misbehaviour> {
        if response.status() != StatusCode::SWITCHING_PROTOCOLS {
            return Err(Misbehaviour::Status(response.status().as_u16()));
        }
        let Self { client, to_client, from_store } = self;
        let headers = response.headers();
        if one(headers, &SEC_WEBSOCKET_ACCEPT) != Some(&from_store) {
            return Err(Misbehaviour::Shape("does not answer the key of the handshake"));
        }
        if !one(headers, &UPGRADE).is_some_and(|to| to.as_bytes().eq_ignore_ascii_case(b"websocket")) {
            return Err(Misbehaviour::Shape("switches to something other than websocket"));
        }
        if headers.contains_key(SEC_WEBSOCKET_EXTENSIONS) {
            return Err(Misbehaviour::Shape("takes an extension that nobody offered"));
        }
        let protocol = match headers.get(SEC_WEBSOCKET_PROTOCOL) {
            None if offered.is_empty() => None,
            None => return Err(Misbehaviour::Shape("takes none of the subprotocols")),
            Some(_) => {
                let chosen = one(headers, &SEC_WEBSOCKET_PROTOCOL);
                let known = chosen.filter(|chosen| offered.iter().any(|own| own.as_bytes() == chosen.as_bytes()));
                Some(known.ok_or(Misbehaviour::Shape("takes a subprotocol that nobody offered"))?.clone())
            }
        };
        // Over HTTP/2 any success agrees, and nothing is switched (RFC 8441 5).
        let mut answer = Response::new(Empty::new().map_err(|never| match never {}).boxed_unsync());
        if let Some(accept) = to_client {
            *answer.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
            answer.headers_mut().insert(CONNECTION, NAMED_UPGRADE);
            answer.headers_mut().insert(UPGRADE, WEBSOCKET);
            answer.headers_mut().insert(SEC_WEBSOCKET_ACCEPT, accept);
        }
        if let Some(protocol) = protocol {
            answer.headers_mut().insert(SEC_WEBSOCKET_PROTOCOL, protocol);
        }
        Ok((answer, Agreed { client, store: hyper::upgrade::on(response) }))
    }
}

/// The value of a field that stands there once.
fn one<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h HeaderValue> {
    let mut values = headers.get_all(name).iter();
    values.next().filter(|_| values.next().is_none())
}

/// RFC 6455 4.2.1: among the options of the connection (RFC 9110 7.6.1) is the upgrade.
fn names_upgrade(headers: &HeaderMap) -> bool {
    let options = headers.get_all(CONNECTION).iter().flat_map(|value| value.as_bytes().split(|octet| *octet == b','));
    options.into_iter().any(|option| option.trim_ascii().eq_ignore_ascii_case(b"upgrade"))
}

/// RFC 6455 4.1: 16 octets in base64.
fn is_key(key: &HeaderValue) -> bool {
    STANDARD.decode(key.as_bytes()).is_ok_and(|octets| octets.len() == 16)
}

/// RFC 6455 4.2.2: what answers a key. SHA-1 here is a handshake, not a safeguard.
fn accept(key: &HeaderValue) -> Result<HeaderValue, Refusal> {
    let mut text = key.as_bytes().to_vec();
    text.extend_from_slice(b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
    let digest = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, &text);
    HeaderValue::try_from(STANDARD.encode(digest)).map_err(|_| Refusal::Fault)
}
