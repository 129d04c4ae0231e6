//! The head of a request over HTTP/1.1, octet by octet (RFC 9112 2-6), as strictly as the RFC can be read.
//!
//! A head is looked at once: a reader that finds it unfinished goes on where it stopped when there is more. Nothing is copied.

use super::flaw::{Flaw, unreadable};
use super::lines::{Lengths, Lines, field, is_port, is_token, plain};
use crate::bounds::{HEADER_BYTES_MAX, HEADERS_MAX, REQUEST_LINE_BYTES_MAX, UPLOAD_BYTES_MAX};
use crate::refusal::MessageProblem;

/// Where the body ends (RFC 9112 6.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// There is none, or one of no octets.
    None,
    /// After so many octets, at least one.
    Length(u64),
    /// With its last chunk.
    Chunked,
}

/// A head that is whole and has one reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// How many octets it has.
    pub octets: usize,
    /// Where its body ends.
    pub body: Framing,
    /// It asks for a WebSocket: whether HTTP goes on after it is for the answer to say.
    pub upgrade: bool,
}

/// Reads a head. See the module.
#[derive(Debug, Default)]
pub struct HeadReader {
    lines: Lines,
    begun: Begun,
    fields: Fields,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Begun {
    #[default]
    Nothing,
    /// One empty line before the request (RFC 9112 2.2).
    EmptyLine,
    RequestLine(Method),
}

/// What is served of methods; anything else is refused with its line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Method {
    Get,
    Other,
}

/// What the fields have said so far about the message itself.
#[derive(Debug, Default)]
struct Fields {
    count: usize,
    host: bool,
    lengths: Lengths,
    connection: Option<Named>,
    upgrade: bool,
    expect: bool,
}

/// What `Connection` names.
#[derive(Clone, Copy, Debug, Default)]
struct Named {
    upgrade: bool,
    close: bool,
    keep_alive: bool,
}

impl HeadReader {
    /// Reads on. `octets` are all of the message so far, the ones of earlier calls first. None where the head is not whole yet.
    ///
    /// # Errors
    /// It has no single reading, or is too long.
    pub fn read(&mut self, octets: &[u8]) -> Result<Option<Head>, Flaw> {
        while let Some(line) = self.lines.next(octets)? {
            if self.lines.octets() > HEADER_BYTES_MAX {
                return Err(Flaw::Of(MessageProblem::FieldsTooLarge));
            }
            match self.begun {
                Begun::Nothing if line.is_empty() => self.begun = Begun::EmptyLine,
                Begun::Nothing | Begun::EmptyLine => self.begun = Begun::RequestLine(request_line(line)?),
                Begun::RequestLine(method) if line.is_empty() => {
                    return self.fields.end(method, self.lines.octets()).map(Some);
                }
                Begun::RequestLine(_) => self.fields.line(line)?,
            }
        }
        self.unfinished(octets.len())
    }

    /// More has to come, if there is room for it.
    fn unfinished(&self, octets: usize) -> Result<Option<Head>, Flaw> {
        let request_line = !matches!(self.begun, Begun::RequestLine(_));
        if request_line && octets - self.lines.octets() > REQUEST_LINE_BYTES_MAX {
            return Err(Flaw::Of(MessageProblem::TargetTooLong));
        }
        if octets > HEADER_BYTES_MAX {
            return Err(Flaw::Of(MessageProblem::FieldsTooLarge));
        }
        Ok(None)
    }
}

/// RFC 9112 3: method, target and version, with one blank between each.
fn request_line(line: &[u8]) -> Result<Method, Flaw> {
    if line.len() > REQUEST_LINE_BYTES_MAX {
        return Err(Flaw::Of(MessageProblem::TargetTooLong));
    }
    let mut parts = line.split(|octet| *octet == b' ');
    let (Some(method), Some(target), Some(version), None) = (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return unreadable("a request line of other than three parts");
    };
    if method.is_empty() || !method.iter().all(|octet| is_token(*octet)) {
        return unreadable("a method that is no token");
    }
    if target.is_empty() || !target.iter().all(u8::is_ascii_graphic) {
        return unreadable("a target with a character that no address has");
    }
    match version {
        b"HTTP/1.1" => {}
        // No Host, no chunks, and an end that is the connection's: nobody speaks it to a gateway any more.
        [b'H', b'T', b'T', b'P', b'/', major, b'.', minor] if major.is_ascii_digit() && minor.is_ascii_digit() => {
            return Err(Flaw::Of(MessageProblem::Version));
        }
        _ => return unreadable("no version of HTTP at the end of the request line"),
    }
    let method = match method {
        b"GET" => Method::Get,
        b"HEAD" | b"POST" | b"PUT" | b"PATCH" | b"DELETE" => Method::Other,
        b"OPTIONS" if target != b"*" => Method::Other,
        b"OPTIONS" | b"CONNECT" | b"TRACE" => return Err(Flaw::NotServed),
        _ => return Err(Flaw::Of(MessageProblem::UnknownMethod)),
    };
    // Absolute form (RFC 9112 3.2.2) is for proxies, and names a second host.
    if target.first() != Some(&b'/') {
        return unreadable("a target in other than origin form");
    }
    // That it has one reading otherwise, whoever serves it says, and a refusal of records is on record.
    let no_address = |octet: &u8| matches!(octet, b'#' | b'"' | b'<' | b'>' | b'\\' | b'^' | b'`' | b'{' | b'}');
    if target.iter().any(no_address) { unreadable("a target with a character that no address has") } else { Ok(method) }
}

impl Fields {
    /// RFC 9112 5: a field, which has no control character in it.
    fn line(&mut self, line: &[u8]) -> Result<(), Flaw> {
        self.count += 1;
        if self.count > HEADERS_MAX {
            return Err(Flaw::Of(MessageProblem::FieldsTooLarge));
        }
        let (name, value) = field(line)?;
        // Many a server takes `_` for `-`.
        if name.contains(&b'_') {
            return unreadable("an underscore in a field's name");
        }
        self.named(name, value)
    }

    /// What this field says about the message. Of those that frame it, only the plainest form is taken.
    fn named(&mut self, name: &[u8], value: &[u8]) -> Result<(), Flaw> {
        match name.len() {
            4 if name.eq_ignore_ascii_case(b"host") => self.host(plain(value)?),
            6 if name.eq_ignore_ascii_case(b"expect") => self.expect(plain(value)?),
            7 if name.eq_ignore_ascii_case(b"upgrade") => self.upgrade(plain(value)?),
            10 if name.eq_ignore_ascii_case(b"connection") => self.connection(value),
            14 if name.eq_ignore_ascii_case(b"content-length") => self.lengths.length(plain(value)?, UPLOAD_BYTES_MAX),
            14 if name.eq_ignore_ascii_case(b"http2-settings") => {
                unreadable("an upgrade to something other than websocket")
            }
            17 if name.eq_ignore_ascii_case(b"transfer-encoding") => self.lengths.coding(plain(value)?),
            _ => Ok(()),
        }
    }

    fn host(&mut self, value: &[u8]) -> Result<(), Flaw> {
        if std::mem::replace(&mut self.host, true) {
            return unreadable("more than one Host field");
        }
        // Whether it is ours, the route says; names and IPv4 addresses are enough to tell.
        let mut parts = value.split(|octet| *octet == b':');
        let (name, port) = (parts.next().unwrap_or_default(), parts.next());
        let named = |octet: &u8| octet.is_ascii_alphanumeric() || matches!(octet, b'.' | b'-');
        let fits = !name.is_empty() && name.iter().all(named);
        if fits && port.is_none_or(is_port) && parts.next().is_none() {
            Ok(())
        } else {
            unreadable("a Host that is no name")
        }
    }

    fn expect(&mut self, value: &[u8]) -> Result<(), Flaw> {
        let twice = std::mem::replace(&mut self.expect, true);
        if twice || !value.eq_ignore_ascii_case(b"100-continue") {
            return Err(Flaw::Of(MessageProblem::Expectation));
        }
        Ok(())
    }

    fn upgrade(&mut self, value: &[u8]) -> Result<(), Flaw> {
        if std::mem::replace(&mut self.upgrade, true) || !value.eq_ignore_ascii_case(b"websocket") {
            return unreadable("an upgrade to something other than websocket");
        }
        Ok(())
    }

    /// RFC 9110 7.6.1. Whatever else it named would be a field that somebody takes out of the message.
    fn connection(&mut self, value: &[u8]) -> Result<(), Flaw> {
        if self.connection.is_some() {
            return unreadable("more than one Connection field");
        }
        let mut named = Named::default();
        for option in value.split(|octet| *octet == b',') {
            let option = option.trim_ascii();
            match option.len() {
                5 if option.eq_ignore_ascii_case(b"close") => named.close = true,
                10 if option.eq_ignore_ascii_case(b"keep-alive") => named.keep_alive = true,
                7 if option.eq_ignore_ascii_case(b"upgrade") => named.upgrade = true,
                // It passes no further in any case.
                2 if option.eq_ignore_ascii_case(b"te") => {}
                _ => return unreadable("a Connection field that names something other than the connection"),
            }
        }
        if named.close && named.keep_alive {
            return unreadable("a connection that is to be kept and closed");
        }
        self.connection = Some(named);
        Ok(())
    }

    /// The head is whole: what its fields say together.
    fn end(&self, method: Method, octets: usize) -> Result<Head, Flaw> {
        if !self.host {
            return unreadable("no Host field");
        }
        let given = self.lengths.given()?;
        let body = match given {
            (_, true) => Framing::Chunked,
            (None | Some(0), false) => Framing::None,
            (Some(length), false) => Framing::Length(length),
        };
        let asked = self.connection.is_some_and(|named| named.upgrade);
        if self.upgrade != asked {
            return unreadable("an upgrade that Connection does not name, or the other way round");
        }
        if self.upgrade && (method != Method::Get || given != (None, false) || self.expect) {
            return unreadable("an upgrade with anything but a plain GET");
        }
        Ok(Head { octets, body, upgrade: self.upgrade })
    }
}
