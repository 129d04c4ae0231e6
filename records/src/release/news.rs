//! News of one person, as the store tells them on a feed: which record is new or changed, and nothing of what is in it.
//!
//! The form is agreed with the store: `{"resourceType":"Communication","id":"c-1","person":"P-1"}`. What goes out is written
//! anew from what was read, so that a store that says more, or speaks of somebody else, gives nothing away.

use model::{Category, PersonId};

use crate::bounds::NEWS_BYTES_MAX;
use crate::error::{Misbehaviour, quote};
use crate::fhir::types::FhirType;
use crate::json::{self, Json, Object};
use crate::touches::{Claim, RecordId, Touches};

/// What may be told on a feed: records of one category, of the persons that were decided on.
#[derive(Clone, Debug)]
pub struct Feed {
    persons: Vec<PersonId>,
    category: Category,
}

/// What became of a piece of news.
type Told = Result<Vec<u8>, Misbehaviour>;

impl Feed {
    /// The feed that this request asked for.
    #[must_use]
    pub fn of(touches: &Touches) -> Self {
        let Claim { persons, category, .. } = touches.main();
        Self { persons: persons.clone(), category: *category }
    }

    /// One piece of news, written anew.
    ///
    /// # Errors
    /// It is about somebody else, about another kind of record, or says something that is not agreed on.
    pub fn news(&self, data: &[u8]) -> Told {
        if data.len() > NEWS_BYTES_MAX {
            return Err(Misbehaviour::Shape("is no news: too long"));
        }
        let tree = json::parse(data)?;
        let given = tree.object().ok_or(Misbehaviour::Shape("is no news"))?;
        let part = |name| given.text(name).ok_or(Misbehaviour::Shape("is no news: a member is missing"));
        let (kind, id, person) = (part("resourceType")?, part("id")?, part("person")?);
        if given.members().count() != 3 {
            return Err(Misbehaviour::Shape("says more than which record is new"));
        }
        let foreign = |why: &str| Misbehaviour::ForeignRecord {
            record: format!("{}/{}", quote(kind), quote(id)),
            why: why.to_owned(),
        };
        let fhir_type = FhirType::parse(kind).map_err(|_| foreign("of a type that is not served"))?;
        let id = RecordId::new(id).map_err(|_| foreign("whose id is none"))?;
        if fhir_type.category() != self.category {
            return Err(foreign("of a kind that was not asked for"));
        }
        if !self.persons.iter().any(|own| own.as_str() == person) {
            return Err(foreign("of a person who was not asked about"));
        }
        let text = |text| Json::own(text);
        let told = Object::of(vec![
            ("resourceType", text(fhir_type.as_str())),
            ("id", text(id.as_str())),
            ("person", text(person)),
        ]);
        Ok(told.to_bytes())
    }
}

/// An event stream on its way through (HTML Living Standard 9.2.6): fed with what the store sends, gives what may go out.
/// Comments go out empty, for they keep the connection alive; of event names only the one agreed on goes out; ids and retry
/// times do not.
#[derive(Debug)]
pub struct EventStream {
    feed: Feed,
    line: Vec<u8>,
    data: Vec<u8>,
    has_data: bool,
    /// The event bears the name that is agreed on.
    named: bool,
    /// The last line ended in CR: an LF that follows belongs to it.
    after_cr: bool,
    /// Whether something has been read: a byte order mark may only stand before that.
    begun: bool,
}

/// What a piece of an event stream comes to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Passed {
    /// What goes out.
    pub bytes: Vec<u8>,
    /// What was left out, and why: the store misbehaves.
    pub dropped: Vec<Misbehaviour>,
}

impl EventStream {
    /// The stream of a feed.
    #[must_use]
    pub const fn new(feed: Feed) -> Self {
        Self { feed, line: Vec::new(), data: Vec::new(), has_data: false, named: false, after_cr: false, begun: false }
    }

    /// Reads the next piece, wherever it was cut.
    ///
    /// # Errors
    /// A line or an event is longer than any news: the stream cannot go on.
    pub fn read(&mut self, piece: &[u8]) -> Result<Passed, Misbehaviour> {
        let mut passed = Passed::default();
        for &byte in piece {
            let after_cr = std::mem::take(&mut self.after_cr);
            match byte {
                b'\n' if after_cr => {}
                b'\n' | b'\r' => {
                    self.after_cr = byte == b'\r';
                    self.end_of_line(&mut passed)?;
                }
                _ if self.line.len() >= LINE_BYTES_MAX => return Err(Misbehaviour::Shape("has a line without an end")),
                _ => self.line.push(byte),
            }
        }
        Ok(passed)
    }

    fn end_of_line(&mut self, passed: &mut Passed) -> Result<(), Misbehaviour> {
        let line = std::mem::take(&mut self.line);
        let line = if self.begun { &*line } else { line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&line) };
        self.begun = true;
        if line.is_empty() {
            self.end_of_event(passed);
            return Ok(());
        }
        if line.starts_with(b":") {
            passed.bytes.extend_from_slice(b":\n\n");
            return Ok(());
        }
        let (name, value) = match line.iter().position(|byte| *byte == b':') {
            Some(at) => {
                let (name, rest) = line.split_at(at);
                let value = rest.strip_prefix(b":").unwrap_or(rest);
                (name, value.strip_prefix(b" ").unwrap_or(value))
            }
            None => (line, &b""[..]),
        };
        match name {
            b"data" => {}
            b"event" => {
                self.named = value == EVENT_NAME;
                return Ok(());
            }
            // Ids and retry times are not agreed on; an unknown field is ignored by every reader.
            _ => return Ok(()),
        }
        if self.data.len() + value.len() >= NEWS_BYTES_MAX {
            return Err(Misbehaviour::Shape("has an event that is too long"));
        }
        if self.has_data {
            self.data.push(b'\n');
        }
        self.data.extend_from_slice(value);
        self.has_data = true;
        Ok(())
    }

    fn end_of_event(&mut self, passed: &mut Passed) {
        let (data, named) = (std::mem::take(&mut self.data), std::mem::take(&mut self.named));
        if !std::mem::take(&mut self.has_data) {
            return;
        }
        match self.feed.news(&data) {
            Ok(told) => {
                if named {
                    passed.bytes.extend_from_slice(&[b"event: ", EVENT_NAME, b"\n"].concat());
                }
                passed.bytes.extend_from_slice(b"data: ");
                passed.bytes.extend_from_slice(&told);
                passed.bytes.extend_from_slice(b"\n\n");
            }
            Err(misbehaviour) => passed.dropped.push(misbehaviour),
        }
    }
}

/// What the store calls an event.
const EVENT_NAME: &[u8] = b"note";
/// A line of an event stream: `data: ` and a piece of news.
const LINE_BYTES_MAX: usize = NEWS_BYTES_MAX + 16;
