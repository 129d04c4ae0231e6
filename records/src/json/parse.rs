//! Reading JSON, strictly.

use std::borrow::Cow;
use std::collections::HashSet;

use super::plain::plain;
use super::{Json, Object};
use crate::bounds::{EXPONENT_MAX, JSON_DEPTH_MAX, JSON_MEMBERS_MAX, JSON_VALUES_MAX, NUMBER_LENGTH_MAX};
use crate::error::quote;

/// Why a text is not one JSON value with one reading. Reads behind "the body ..." or "the answer of the store ...".
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JsonFault {
    /// Not UTF-8 (RFC 8259 8.1): UTF-16, overlong forms, half characters.
    #[error("is not UTF-8")]
    Encoding,
    /// Begins with U+FEFF, which some readers skip and some do not.
    #[error("begins with a byte order mark")]
    ByteOrderMark,
    /// No JSON, or it breaks off.
    #[error("is no JSON at byte {0}")]
    Syntax(usize),
    /// Something follows the value.
    #[error("goes on behind its end, at byte {0}")]
    Trailing(usize),
    /// One name twice in an object, upper and lower case taken as one: the first reader sees one, the next the other.
    #[error("names `{0}` twice in one object")]
    TwiceNamed(String),
    /// No name of a FHIR element: `_`, then a lower-case letter, then letters and digits, nothing escaped.
    #[error("holds `{0}`, which names no FHIR element")]
    Name(String),
    /// No name in a mapped store's JSON: letters, digits, `_` and `-`, nothing escaped, not `__proto__` and its like.
    #[error("holds `{0}`, which is no plain name")]
    MappedName(String),
    /// Lists and objects within each other beyond the bound.
    #[error("is nested more than {JSON_DEPTH_MAX} deep")]
    Depth,
    /// More values than the bound, or more members in one object.
    #[error("holds more than {JSON_VALUES_MAX} values, or {JSON_MEMBERS_MAX} in one object")]
    Size,
    /// A part of something that comes in pieces is larger than may be held.
    #[error("holds a part that is too long, at byte {0}")]
    TooLong(usize),
    /// A number that others would round, or see as infinite.
    #[error("holds number `{0}`, which is out of bounds")]
    Number(String),
    /// A control character other than tab and line ends, which FHIR R4 forbids in strings, or half a surrogate pair.
    #[error("holds a character at byte {0} that no string may hold")]
    Character(usize),
}

/// Reads one JSON value that fills `bytes`.
///
/// # Errors
/// See [`JsonFault`].
pub(crate) fn parse(bytes: &[u8]) -> Result<Json<'_>, JsonFault> {
    read(bytes, Naming::Fhir)
}

/// The same for a store that does not speak FHIR: names of letters, digits, `_` and `-`.
///
/// # Errors
/// See [`JsonFault`].
pub(crate) fn parse_mapped(bytes: &[u8]) -> Result<Json<'_>, JsonFault> {
    read(bytes, Naming::Mapped)
}

/// What a member may be called.
#[derive(Clone, Copy)]
enum Naming {
    Fhir,
    Mapped,
}

/// Not `__proto__` and its like, which some readers take for more than a name.
pub(crate) fn mapped_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && !name.starts_with("__")
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-')
        && name.len() <= 64
}

/// Reads a FHIR resource that fills `bytes`, and whether writing it anew would give the same bytes.
///
/// # Errors
/// See [`JsonFault`].
pub(crate) fn parse_as_is(bytes: &[u8]) -> Result<(Json<'_>, bool), JsonFault> {
    read_whole(bytes, Naming::Fhir)
}

fn read(bytes: &[u8], naming: Naming) -> Result<Json<'_>, JsonFault> {
    read_whole(bytes, naming).map(|(value, _)| value)
}

fn read_whole(bytes: &[u8], naming: Naming) -> Result<(Json<'_>, bool), JsonFault> {
    if bytes.starts_with(&[0xef, 0xbb, 0xbf]) {
        return Err(JsonFault::ByteOrderMark);
    }
    let text = std::str::from_utf8(bytes).map_err(|_| JsonFault::Encoding)?;
    let mut reader = Reader::new(text, naming);
    let value = reader.value(0)?;
    reader.space();
    if reader.at < bytes.len() {
        return Err(JsonFault::Trailing(reader.at));
    }
    Ok((value, reader.otherwise == 0))
}

/// A value, and the text of one of its members.
#[derive(Debug)]
pub(crate) struct Noted<'a> {
    pub(crate) tree: Json<'a>,
    /// The member that was to be noted, as it stands in the text. None if there is none, or if writing it anew would give
    /// another text: white space in it, or an escape.
    pub(crate) member: Option<&'a str>,
}

/// Reads the JSON value that a text begins with, whatever stands behind it, and how many bytes it is. Of an object, the
/// member called `note` is noted.
///
/// # Errors
/// See [`JsonFault`]; also if the text ends first.
pub(super) fn parse_first<'a>(text: &'a str, note: &'static str) -> Result<(Noted<'a>, usize), JsonFault> {
    let mut reader = Reader::new(text, Naming::Fhir);
    reader.note = note;
    let tree = reader.value(0)?;
    Ok((Noted { tree, member: reader.noted }, reader.at))
}

/// The same of a value that fills `bytes`.
///
/// # Errors
/// See [`JsonFault`].
pub(super) fn parse_noting<'a>(bytes: &'a [u8], note: &'static str) -> Result<Noted<'a>, JsonFault> {
    let text = std::str::from_utf8(bytes).map_err(|_| JsonFault::Encoding)?;
    let (noted, taken) = parse_first(text, note)?;
    if taken < bytes.len() { Err(JsonFault::Trailing(taken)) } else { Ok(noted) }
}

/// Whether a FHIR element may be called that; see [`JsonFault::Name`].
pub(crate) fn is_element_name(name: &str) -> bool {
    let ([b'_', letters @ ..] | letters) = name.as_bytes();
    match letters {
        [b'a'..=b'z', rest @ ..] => rest.len() < 64 && rest.iter().all(u8::is_ascii_alphanumeric),
        _ => false,
    }
}

struct Reader<'a> {
    text: &'a str,
    bytes: &'a [u8],
    naming: Naming,
    at: usize,
    values: usize,
    /// How much was read that would be written otherwise: white space and escapes.
    otherwise: usize,
    /// Which member of the outermost object is noted; and what was.
    note: &'static str,
    noted: Option<&'a str>,
    /// Elements of the lists that are being read, the innermost last: each list is taken off it in one step, of the right
    /// size, once its end has come.
    elements: Vec<Json<'a>>,
    /// Members of the objects that are being read, likewise.
    members: Vec<(&'a str, Json<'a>)>,
}

impl<'a> Reader<'a> {
    fn new(text: &'a str, naming: Naming) -> Self {
        let (elements, members) = (Vec::with_capacity(16), Vec::with_capacity(32));
        Self {
            text,
            bytes: text.as_bytes(),
            naming,
            at: 0,
            values: 0,
            otherwise: 0,
            note: "",
            noted: None,
            elements,
            members,
        }
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
            self.otherwise += 1;
        }
    }

    const fn syntax<T>(&self) -> Result<T, JsonFault> {
        Err(JsonFault::Syntax(self.at))
    }

    fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn since(&self, start: usize) -> Result<&'a str, JsonFault> {
        match self.text.get(start..self.at) {
            Some(text) => Ok(text),
            None => Err(JsonFault::Syntax(start)),
        }
    }

    fn value(&mut self, depth: usize) -> Result<Json<'a>, JsonFault> {
        self.values += 1;
        if self.values > JSON_VALUES_MAX {
            return Err(JsonFault::Size);
        }
        self.space();
        match self.peek() {
            Some(b'{') => self.object(depth + 1),
            Some(b'[') => self.list(depth + 1),
            Some(b'"') => Ok(Json::Text(self.string()?)),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b't') => self.word("true", Json::Bool(true)),
            Some(b'f') => self.word("false", Json::Bool(false)),
            Some(b'n') => self.word("null", Json::Null),
            _ => self.syntax(),
        }
    }

    fn word(&mut self, word: &str, value: Json<'a>) -> Result<Json<'a>, JsonFault> {
        match self.text.get(self.at..) {
            Some(rest) if rest.starts_with(word) => {
                self.at += word.len();
                Ok(value)
            }
            _ => self.syntax(),
        }
    }

    fn list(&mut self, depth: usize) -> Result<Json<'a>, JsonFault> {
        if depth > JSON_DEPTH_MAX {
            return Err(JsonFault::Depth);
        }
        self.at += 1;
        self.space();
        if self.take(b']') {
            return Ok(Json::List(Vec::new()));
        }
        let start = self.elements.len();
        loop {
            let value = self.value(depth)?;
            self.elements.push(value);
            self.space();
            if self.take(b']') {
                return Ok(Json::List(self.elements.drain(start..).collect()));
            }
            if !self.take(b',') {
                return self.syntax();
            }
        }
    }

    fn object(&mut self, depth: usize) -> Result<Json<'a>, JsonFault> {
        if depth > JSON_DEPTH_MAX {
            return Err(JsonFault::Depth);
        }
        self.at += 1;
        self.space();
        if self.take(b'}') {
            return Ok(Json::Object(Object::default()));
        }
        let start = self.members.len();
        let mut names = Names::default();
        loop {
            self.space();
            let name = self.name()?;
            let members = self.members.get(start..).unwrap_or_default();
            if !names.insert(name, members) {
                return Err(JsonFault::TwiceNamed(quote(name)));
            }
            if members.len() == JSON_MEMBERS_MAX {
                return Err(JsonFault::Size);
            }
            self.space();
            if !self.take(b':') {
                return self.syntax();
            }
            self.space();
            let (begins, otherwise) = (self.at, self.otherwise);
            let value = self.value(depth)?;
            if depth == 1 && name == self.note && self.otherwise == otherwise {
                self.noted = self.text.get(begins..self.at);
            }
            self.members.push((name, value));
            self.space();
            if self.take(b'}') {
                return Ok(Json::Object(Object { members: self.members.drain(start..).collect() }));
            }
            if !self.take(b',') {
                return self.syntax();
            }
        }
    }

    /// The name of a member. None needs an escape, so an escaped one only hides something.
    fn name(&mut self) -> Result<&'a str, JsonFault> {
        if !self.take(b'"') {
            return self.syntax();
        }
        let start = self.at;
        self.at += plain(self.bytes.get(self.at..).unwrap_or_default());
        // Only in a name that is refused is there more before the quote.
        while !matches!(self.peek(), None | Some(b'"')) {
            self.at += 1;
        }
        let name = self.since(start)?;
        if !self.take(b'"') {
            return self.syntax();
        }
        match self.naming {
            Naming::Fhir if !is_element_name(name) => Err(JsonFault::Name(quote(name))),
            Naming::Mapped if !mapped_name(name) => Err(JsonFault::MappedName(quote(name))),
            Naming::Fhir | Naming::Mapped => Ok(name),
        }
    }

    fn string(&mut self) -> Result<Cow<'a, str>, JsonFault> {
        self.at += 1;
        let mut start = self.at;
        let mut built = String::new();
        loop {
            self.at += plain(self.bytes.get(self.at..).unwrap_or_default());
            match self.peek() {
                None => return self.syntax(),
                Some(b'"') => {
                    let plain = self.since(start)?;
                    self.at += 1;
                    if built.is_empty() {
                        return Ok(Cow::Borrowed(plain));
                    }
                    built.push_str(plain);
                    return Ok(Cow::Owned(built));
                }
                Some(b'\\') => {
                    built.push_str(self.since(start)?);
                    built.push(self.escape()?);
                    start = self.at;
                }
                // RFC 8259 7: control characters must be escaped.
                Some(_) => return Err(JsonFault::Character(self.at)),
            }
        }
    }

    fn escape(&mut self) -> Result<char, JsonFault> {
        let start = self.at;
        self.otherwise += 1;
        self.at += 1;
        let escaped = self.peek();
        self.at += 1;
        let character = match escaped {
            Some(plain @ (b'"' | b'\\' | b'/')) => char::from(plain),
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'b' | b'f') => return Err(JsonFault::Character(start)),
            Some(b'u') => self.unicode(start)?,
            _ => return Err(JsonFault::Syntax(start)),
        };
        let control = u32::from(character) < 0x20 && !matches!(character, '\n' | '\r' | '\t');
        if control { Err(JsonFault::Character(start)) } else { Ok(character) }
    }

    fn unicode(&mut self, start: usize) -> Result<char, JsonFault> {
        let first = self.hexadecimal()?;
        let point = match first {
            0xd800..0xdc00 => {
                if !(self.take(b'\\') && self.take(b'u')) {
                    return Err(JsonFault::Character(start));
                }
                let second = self.hexadecimal()?;
                if !(0xdc00..0xe000).contains(&second) {
                    return Err(JsonFault::Character(start));
                }
                0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00)
            }
            other => other,
        };
        char::from_u32(point).ok_or(JsonFault::Character(start))
    }

    fn hexadecimal(&mut self) -> Result<u32, JsonFault> {
        let mut value = 0;
        for _ in 0..4 {
            let digit = self.peek().and_then(|byte| char::from(byte).to_digit(16));
            let Some(digit) = digit else { return self.syntax() };
            value = value * 16 + digit;
            self.at += 1;
        }
        Ok(value)
    }

    /// RFC 8259 6, kept as written.
    fn number(&mut self) -> Result<Json<'a>, JsonFault> {
        let start = self.at;
        self.take(b'-');
        if !self.take(b'0') {
            self.digits()?;
        }
        if self.take(b'.') {
            self.digits()?;
        }
        let mut exponent = 0;
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if !self.take(b'+') {
                self.take(b'-');
            }
            let digits = self.at;
            self.digits()?;
            exponent = self.since(digits)?.parse::<u32>().unwrap_or(u32::MAX);
        }
        let number = self.since(start)?;
        if number.len() > NUMBER_LENGTH_MAX || exponent > EXPONENT_MAX {
            return Err(JsonFault::Number(quote(number)));
        }
        Ok(Json::Number(number))
    }

    fn digits(&mut self) -> Result<(), JsonFault> {
        let start = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        if self.at == start { self.syntax() } else { Ok(()) }
    }
}

/// Names seen in one object. Few: compared one by one. Many: a set, so that a large object costs no square.
#[derive(Default)]
struct Names {
    many: Option<HashSet<String>>,
}

impl Names {
    const FEW: usize = 24;

    /// Whether the name is new.
    fn insert(&mut self, name: &str, members: &[(&str, Json<'_>)]) -> bool {
        if members.len() < Self::FEW {
            return !members.iter().any(|(own, _)| own.eq_ignore_ascii_case(name));
        }
        let lower = |name: &str| name.to_ascii_lowercase();
        let seen = self.many.get_or_insert_with(|| members.iter().map(|(own, _)| lower(own)).collect());
        seen.insert(lower(name))
    }
}
