//! JSON with one reading: what two parsers could read differently is refused (RFC 8259 4, 6, 8; FHIR R4 `json.html`).
//!
//! Why not `serde_json::Value`: it keeps the last of two equal names, and numbers as 64-bit floats, so `36.50` would come
//! out as `36.5`, which in FHIR is another statement about precision. Its feature `arbitrary_precision` would mend that,
//! but features are shared by the whole build: every crate's numbers would turn into maps with a private key. `RawValue`
//! keeps the text but hides what is inside, and what is inside must be walked. So this is a reader of its own: a borrowed
//! tree, numbers as their text. A property test holds it to `serde_json`: whatever this accepts, that reads the same.

mod parse;
mod write;

use std::borrow::Cow;

pub use parse::JsonFault;
pub(crate) use parse::{mapped_name, parse, parse_mapped};

/// A JSON value, borrowed from its text where nothing was escaped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Json<'a> {
    Null,
    Bool(bool),
    /// As written.
    Number(&'a str),
    Text(Cow<'a, str>),
    List(Vec<Json<'a>>),
    Object(Object<'a>),
}

/// Members in the order of the text, every name once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Object<'a> {
    members: Vec<(&'a str, Json<'a>)>,
}

impl<'a> Json<'a> {
    pub(crate) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(crate) const fn object(&self) -> Option<&Object<'a>> {
        match self {
            Self::Object(object) => Some(object),
            _ => None,
        }
    }

    pub(crate) fn list(&self) -> Option<&[Json<'a>]> {
        match self {
            Self::List(list) => Some(list),
            _ => None,
        }
    }

    /// Text that is ours.
    pub(crate) fn own(text: impl Into<Cow<'a, str>>) -> Self {
        Self::Text(text.into())
    }
}

impl<'a> Object<'a> {
    /// An object of ours; the caller sees to it that names differ.
    pub(crate) const fn of(members: Vec<(&'a str, Json<'a>)>) -> Self {
        Self { members }
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Json<'a>> {
        self.members.iter().find(|(own, _)| *own == name).map(|(_, value)| value)
    }

    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.get(name).and_then(Json::text)
    }

    pub(crate) fn members(&self) -> impl Iterator<Item = (&'a str, &Json<'a>)> {
        self.members.iter().map(|(name, value)| (*name, value))
    }
}

#[cfg(test)]
mod tests;
