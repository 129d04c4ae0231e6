//! A JSON object that comes in pieces: its members one by one, and those of one list element by element, so that no more
//! than one of them is held at a time. What stands between them is checked here; each part is read by [`super::parse`] like
//! any other text. Most elements stand whole in the piece that they begin in, and are read right there; the rest are held
//! until they are whole.

use super::parse::{parse_first, parse_noting};
use super::plain::plain;
use super::{JsonFault, Noted};

/// What was whole.
#[derive(Debug)]
pub(crate) enum Part<'p> {
    /// A member: its name, and the text of its value.
    Member(String, Vec<u8>),
    /// An element of the list.
    Element(Noted<'p>),
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Members {
    /// Name of the list that is taken apart.
    list: &'static str,
    /// Which member of its elements is noted.
    note: &'static str,
    state: State,
    /// The name or value that is being read.
    held: Vec<u8>,
    nesting: Nesting,
    name: String,
    /// In lower case: what differs in case only is one name to some readers.
    names: Vec<String>,
    /// Bytes read so far.
    at: usize,
    /// How long the last element was. Where less is left of a piece, the next is held at once: most are alike, and reading half
    /// of one is work for nothing.
    last_element: usize,
    bounds: Bounds,
}

/// How much may be held, in bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    /// Of a member other than the list.
    pub(crate) member: usize,
    /// Of an element of the list.
    pub(crate) element: usize,
    /// Members.
    pub(crate) members: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Start,
    /// After `{`.
    NameOrEnd,
    /// After `,` between members.
    Name,
    InName,
    Colon,
    Value,
    InValue,
    AfterValue,
    /// After `[`.
    ElementOrEnd,
    /// After `,` between elements.
    Element,
    InElement,
    AfterElement,
    End,
}

/// How far a value has come.
#[derive(Clone, Copy, Debug, Default)]
struct Nesting {
    depth: usize,
    in_text: bool,
    escaped: bool,
    /// A number or a word: it ends where something else begins.
    bare: bool,
}

impl Nesting {
    fn begin(byte: u8) -> Self {
        Self {
            depth: usize::from(matches!(byte, b'{' | b'[')),
            in_text: byte == b'"',
            escaped: false,
            bare: !matches!(byte, b'{' | b'[' | b'"'),
        }
    }

    /// Reads on: how many of these bytes belong to the value, and whether it is whole with them.
    fn take(&mut self, bytes: &[u8]) -> (usize, bool) {
        if self.bare {
            let end = bytes.iter().position(|byte| matches!(byte, b',' | b'}' | b']') || space(*byte));
            return (end.unwrap_or(bytes.len()), end.is_some());
        }
        let mut at = 0;
        loop {
            if self.in_text && !self.escaped {
                at += plain(bytes.get(at..).unwrap_or_default());
            }
            let Some(byte) = bytes.get(at) else { return (at, false) };
            at += 1;
            if self.step(*byte) {
                return (at, true);
            }
        }
    }

    /// Whether the value ends with this byte.
    fn step(&mut self, byte: u8) -> bool {
        if self.in_text {
            let was_escaped = std::mem::take(&mut self.escaped);
            match byte {
                _ if was_escaped => {}
                b'\\' => self.escaped = true,
                b'"' => {
                    self.in_text = false;
                    return self.depth == 0;
                }
                _ => {}
            }
            return false;
        }
        match byte {
            b'"' => self.in_text = true,
            b'{' | b'[' => self.depth += 1,
            b'}' | b']' => {
                self.depth = self.depth.saturating_sub(1);
                return self.depth == 0;
            }
            _ => {}
        }
        false
    }
}

impl Members {
    /// Takes the list of this name apart; of its elements the member `note` is noted.
    pub(crate) const fn new(list: &'static str, note: &'static str, bounds: Bounds) -> Self {
        let nesting = Nesting { depth: 0, in_text: false, escaped: false, bare: false };
        Self {
            list,
            note,
            state: State::Start,
            held: Vec::new(),
            nesting,
            name: String::new(),
            names: Vec::new(),
            at: 0,
            last_element: 0,
            bounds,
        }
    }

    /// Reads the next piece, wherever it was cut; gives what is whole now to `part`.
    ///
    /// # Errors
    /// No JSON object, a name twice, a part beyond its bound; or what `part` says.
    pub(crate) fn read<F: From<JsonFault>>(
        &mut self,
        piece: &[u8],
        mut part: impl FnMut(Part<'_>) -> Result<(), F>,
    ) -> Result<(), F> {
        let readable = Readable::of(piece);
        let mut rest = piece;
        while let Some((&byte, behind)) = rest.split_first() {
            if byte == b'{'
                && let State::ElementOrEnd | State::Element = self.state
                && rest.len() >= self.last_element
                && let Some((element, taken)) = readable.element(piece.len() - rest.len(), self.note)
                && taken <= self.bounds.element
            {
                rest = rest.get(taken..).unwrap_or_default();
                self.at += taken;
                self.last_element = taken;
                self.state = State::AfterElement;
                part(Part::Element(element))?;
                continue;
            }
            if let State::InValue | State::InElement = self.state {
                let (taken, whole) = self.inside(rest)?;
                rest = rest.get(taken..).unwrap_or_default();
                self.at += taken;
                if whole {
                    let value = std::mem::take(&mut self.held);
                    if self.state == State::InElement {
                        self.state = State::AfterElement;
                        self.last_element = value.len();
                        part(Part::Element(parse_noting(&value, self.note)?))?;
                    } else {
                        self.state = State::AfterValue;
                        part(Part::Member(std::mem::take(&mut self.name), value))?;
                    }
                }
                continue;
            }
            if let State::InName = self.state {
                self.name_byte(byte)?;
            } else if !space(byte) {
                self.between(byte)?;
            }
            self.at += 1;
            rest = behind;
        }
        Ok(())
    }

    /// Whether the object has come to its end.
    ///
    /// # Errors
    /// It broke off.
    pub(crate) const fn end(&self) -> Result<(), JsonFault> {
        match self.state {
            State::End => Ok(()),
            _ => Err(JsonFault::Syntax(self.at)),
        }
    }

    /// Takes what belongs to the value; how many bytes those are, and whether it is whole.
    fn inside(&mut self, rest: &[u8]) -> Result<(usize, bool), JsonFault> {
        let end = self.nesting.take(rest);
        let bound = if self.state == State::InElement { self.bounds.element } else { self.bounds.member };
        if self.held.len().saturating_add(end.0) > bound {
            return Err(JsonFault::TooLong(self.at));
        }
        self.held.extend_from_slice(rest.get(..end.0).unwrap_or_default());
        Ok(end)
    }

    fn name_byte(&mut self, byte: u8) -> Result<(), JsonFault> {
        match byte {
            b'"' => {
                let name = String::from_utf8(std::mem::take(&mut self.held)).map_err(|_| JsonFault::Encoding)?;
                if !super::parse::is_element_name(&name) {
                    return Err(JsonFault::Name(crate::error::quote(&name)));
                }
                let lower = name.to_ascii_lowercase();
                if self.names.contains(&lower) {
                    return Err(JsonFault::TwiceNamed(crate::error::quote(&name)));
                }
                if self.names.len() >= self.bounds.members {
                    return Err(JsonFault::TooLong(self.at));
                }
                self.names.push(lower);
                self.name = name;
                self.state = State::Colon;
            }
            byte if byte.is_ascii_alphanumeric() || byte == b'_' => self.held.push(byte),
            _ => {
                let name = String::from_utf8_lossy(&self.held).into_owned();
                return Err(JsonFault::Name(crate::error::quote(&name)));
            }
        }
        if self.held.len() > 65 { Err(JsonFault::TooLong(self.at)) } else { Ok(()) }
    }

    /// A byte between the parts.
    fn between(&mut self, byte: u8) -> Result<(), JsonFault> {
        self.state = match (self.state, byte) {
            (State::Start, b'{') => State::NameOrEnd,
            (State::NameOrEnd, b'}') | (State::AfterValue, b'}') => State::End,
            (State::NameOrEnd | State::Name, b'"') => State::InName,
            (State::Colon, b':') => State::Value,
            (State::Value, b'[') if self.name == self.list => State::ElementOrEnd,
            (State::ElementOrEnd | State::AfterElement, b']') => State::AfterValue,
            (State::AfterElement, b',') => State::Element,
            (State::AfterValue, b',') => State::Name,
            (
                State::Value | State::ElementOrEnd | State::Element,
                b'{' | b'[' | b'"' | b'-' | b'0'..=b'9' | b'a'..=b'z',
            ) => {
                self.nesting = Nesting::begin(byte);
                self.held.push(byte);
                if self.state == State::Value { State::InValue } else { State::InElement }
            }
            (State::End, _) => return Err(JsonFault::Trailing(self.at)),
            _ => return Err(JsonFault::Syntax(self.at)),
        };
        Ok(())
    }
}

/// What of a piece is text: a cut may have gone through a character at either end.
struct Readable<'p> {
    text: &'p str,
    /// Where in the piece it begins.
    begins: usize,
}

impl<'p> Readable<'p> {
    fn of(piece: &'p [u8]) -> Self {
        // RFC 3629 3: up to three bytes belong to a character that began before.
        let begins = piece.iter().take(3).take_while(|byte| **byte & 0xc0 == 0x80).count();
        let rest = piece.get(begins..).unwrap_or_default();
        let text = std::str::from_utf8(rest)
            .or_else(|error| std::str::from_utf8(rest.get(..error.valid_up_to()).unwrap_or_default()))
            .unwrap_or_default();
        Self { text, begins }
    }

    /// The object that begins there, and how many bytes it is. None if it is not whole, or faulty, which is found when it is
    /// read as one that is held.
    fn element(&self, at: usize, note: &'static str) -> Option<(Noted<'p>, usize)> {
        parse_first(self.text.get(at.checked_sub(self.begins)?..)?, note).ok()
    }
}

const fn space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}
