//! What goes on after its answer has begun: a WebSocket (RFC 6455), a call of gRPC, or an event stream. What is said in it is not
//! read. Whose it is stands in the request, in the words that are decided on; and the store says it once more, in a field of its
//! answer's head that the map names, before anything of it passes.

use std::fmt;

use super::Route;
use super::answer::Form;
use super::body::GRPC_TYPES;
use crate::bounds::{CODING_CHARACTERS_MAX, FIELD_BYTES_MAX, TOKEN_CHARACTERS_MAX};
use crate::error::{Misbehaviour, Unreadable, quote};
use crate::head::Head;
use crate::touches::{Field, Touches};

/// A WebSocket as a route describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Socket {
    /// The client may say something: what it says may be written. Else it listens, and nothing but control frames goes up.
    pub speaks: bool,
    /// Subprotocols that client and map have in common, in the client's order; empty where the route has none.
    pub protocols: Vec<String>,
    /// The longest message either side may send, in octets over all its frames.
    pub message_bytes_max: u64,
    /// The field of the 101 that names the person.
    person: String,
}

/// A call of gRPC, or an event stream, as a route describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Streamed {
    /// The field of the answer's head that names the person.
    person: String,
}

/// What the map says of a WebSocket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SocketForm {
    pub(super) person: String,
    pub(super) protocols: Vec<String>,
    pub(super) message_bytes_max: u64,
}

impl Socket {
    /// The field of the store's 101 that says once more whose it is.
    #[must_use]
    pub fn person_field(&self) -> &str {
        &self.person
    }

    pub(super) fn of(form: &SocketForm, speaks: bool, protocols: Vec<String>) -> Self {
        Self { speaks, protocols, message_bytes_max: form.message_bytes_max, person: form.person.clone() }
    }
}

impl Streamed {
    /// The field of the answer's head in which the store says once more whose it is.
    #[must_use]
    pub fn person_field(&self) -> &str {
        &self.person
    }

    pub(super) fn of(person: &str) -> Self {
        Self { person: person.to_owned() }
    }
}

impl Touches {
    /// Whether the store means the same person; `named` is what stands in the field that the map names, each time it stands there.
    ///
    /// # Errors
    /// It names nobody, somebody else, or more than one: nothing of the answer may pass.
    pub fn is_of<'n>(&self, named: impl IntoIterator<Item = &'n [u8]>) -> Result<(), Misbehaviour> {
        let mut named = named.into_iter();
        let persons = self.persons();
        let foreign = |why: &str| {
            let record = self.records.first().map_or_else(|| "?".to_owned(), ToString::to_string);
            Err(Misbehaviour::ForeignRecord { record, why: why.to_owned() })
        };
        match (named.next(), named.next(), persons.as_slice()) {
            (Some(name), None, [person]) if name == person.as_str().as_bytes() => Ok(()),
            (None, ..) => foreign("the head of the answer does not say whose it is"),
            (Some(_), Some(_), _) => foreign("the head of the answer says twice whose it is"),
            _ => foreign("the head of the answer names somebody else"),
        }
    }
}

/// What of the client's handshake goes on: the subprotocols that the map knows (RFC 6455 4.1).
pub(super) fn protocols(form: &SocketForm, head: &Head<'_>) -> Result<Vec<String>, Unreadable> {
    const NAME: &str = "sec-websocket-protocol";
    let fault = |why| Unreadable::Header { name: NAME.to_owned(), why };
    let Some(given) = once(head, NAME)? else {
        return if form.protocols.is_empty() { Ok(Vec::new()) } else { Err(fault("is missing")) };
    };
    if form.protocols.is_empty() {
        return Err(fault("does not belong to this request"));
    }
    let mut known: Vec<String> = Vec::new();
    for protocol in given.split(',').map(|one| one.trim_matches(' ')) {
        if !token(protocol) || known.iter().any(|one| one == protocol) {
            return Err(fault("is no list of different names"));
        }
        if form.protocols.iter().any(|own| own == protocol) {
            known.push(protocol.to_owned());
        }
    }
    if known.is_empty() { Err(fault("names none that the map knows")) } else { Ok(known) }
}

/// What goes on of the head of a call, beside the person: how long it may take, and how its messages are coded, which nobody
/// here reads. All other metadata stays behind.
pub(super) fn call_fields(head: &Head<'_>) -> Result<Vec<Field>, Unreadable> {
    let fault = |name: &str, why| Err(Unreadable::Header { name: name.to_owned(), why });
    // Whoever does not take trailers cannot learn what became of the call.
    if once(head, "te")? != Some("trailers") {
        return fault("te", "does not say `trailers`, as every call does");
    }
    let mut fields: Vec<Field> = vec![("te".into(), "trailers".to_owned())];
    for (name, fits) in [
        ("grpc-timeout", timeout as fn(&str) -> bool),
        ("grpc-encoding", coding),
        ("grpc-accept-encoding", |text| text.split(',').all(|one| coding(one.trim_matches(' ')))),
    ] {
        let Some(text) = once(head, name)? else { continue };
        if !fits(text) {
            return fault(name, "is outside its grammar");
        }
        fields.push((name.into(), text.to_owned()));
    }
    Ok(fields)
}

/// A field that is given once, in plain ASCII; none if it is not there.
pub(super) fn once<'h>(head: &Head<'h>, name: &str) -> Result<Option<&'h str>, Unreadable> {
    let fault = |why| Unreadable::Header { name: quote(name), why };
    let mut given = head.headers.iter().filter(|(own, _)| *own == name).map(|(_, value)| *value);
    let Some(value) = given.next() else { return Ok(None) };
    if given.next().is_some() {
        return Err(fault("is given twice"));
    }
    let plain = value.len() <= FIELD_BYTES_MAX && value.iter().all(|byte| matches!(byte, b' '..=b'~'));
    let text = std::str::from_utf8(value).ok().filter(|_| plain).ok_or_else(|| fault("is not plain ASCII"))?;
    Ok(Some(text.trim_matches(' ')))
}

/// At most eight digits and a unit (gRPC over HTTP/2, `TimeoutValue`).
fn timeout(text: &str) -> bool {
    let Some((digits, unit)) = text.split_at_checked(text.len().saturating_sub(1)) else { return false };
    (1..=8).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit()) && "HMSmun".contains(unit)
}

fn coding(text: &str) -> bool {
    (1..=CODING_CHARACTERS_MAX).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

/// RFC 9110 5.6.2, of a length that anybody uses.
pub(super) fn token(text: &str) -> bool {
    (1..=TOKEN_CHARACTERS_MAX).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}

/// The content type of a call, as it is passed on.
pub(super) fn call_type(essence: &str) -> Option<&'static str> {
    GRPC_TYPES.into_iter().find(|own| *own == essence)
}

impl fmt::Display for SocketForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a WebSocket, person in `{}`", self.person)?;
        match self.protocols.as_slice() {
            [] => Ok(()),
            protocols => write!(f, ", subprotocol {}", protocols.join(" or ")),
        }
    }
}

impl Route {
    /// Whether it goes on after its answer has begun, so that what is permitted has to be permitted for as long as it does.
    pub(super) const fn goes_on(&self) -> bool {
        matches!(self.answer, Form::Socket(_) | Form::Call { .. } | Form::Events { .. })
    }
}
