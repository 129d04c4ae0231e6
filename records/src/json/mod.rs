//! JSON with one reading: what two parsers could read differently is refused (RFC 8259 4, 6, 8; FHIR R4 `json.html`).
//!
//! Why not `serde_json::Value`: it keeps the last of two equal names, and numbers as 64-bit floats, so `36.50` would come
//! out as `36.5`, which in FHIR is another statement about precision. Its feature `arbitrary_precision` would mend that,
//! but features are shared by the whole build: every crate's numbers would turn into maps with a private key. `RawValue`
//! keeps the text but hides what is inside, and what is inside must be walked. So this is a reader of its own: a borrowed
//! tree, numbers as their text. A property test holds it to `serde_json`: whatever this accepts, that reads the same.

pub(crate) mod members;
mod parse;
mod plain;
mod write;

use std::borrow::Cow;

pub use parse::JsonFault;
pub(crate) use parse::{Noted, is_element_name, mapped_name, parse, parse_as_is, parse_mapped};

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

    pub(crate) const fn object_mut(&mut self) -> Option<&mut Object<'a>> {
        match self {
            Self::Object(object) => Some(object),
            _ => None,
        }
    }

    pub(crate) const fn list_mut(&mut self) -> Option<&mut Vec<Json<'a>>> {
        match self {
            Self::List(list) => Some(list),
            _ => None,
        }
    }

    /// Levels of lists and objects.
    pub(crate) fn depth(&self) -> usize {
        match self {
            Self::List(list) => 1 + list.iter().map(Self::depth).max().unwrap_or(0),
            Self::Object(object) => 1 + object.members().map(|(_, value)| value.depth()).max().unwrap_or(0),
            Self::Null | Self::Bool(_) | Self::Number(_) | Self::Text(_) => 0,
        }
    }

    /// How many values it is, itself included.
    pub(crate) fn values(&self) -> usize {
        match self {
            Self::List(list) => 1 + list.iter().map(Self::values).sum::<usize>(),
            Self::Object(object) => 1 + object.members().map(|(_, value)| value.values()).sum::<usize>(),
            Self::Null | Self::Bool(_) | Self::Number(_) | Self::Text(_) => 1,
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

    pub(crate) fn get_mut(&mut self, name: &str) -> Option<&mut Json<'a>> {
        self.members.iter_mut().find(|(own, _)| *own == name).map(|(_, value)| value)
    }

    /// Puts a value in the place of the one of this name, or behind all others. False, and nothing is changed, where the name
    /// is none of an element or differs from another one in upper and lower case only: nobody could read it back.
    pub(crate) fn set(&mut self, name: &'a str, value: Json<'a>) -> bool {
        if let Some(place) = self.get_mut(name) {
            *place = value;
            return true;
        }
        let new = is_element_name(name) && !self.members.iter().any(|(own, _)| own.eq_ignore_ascii_case(name));
        if new {
            self.members.push((name, value));
        }
        new
    }

    pub(crate) fn remove(&mut self, name: &str) -> Option<Json<'a>> {
        let at = self.members.iter().position(|(own, _)| *own == name)?;
        Some(self.members.remove(at).1)
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    pub(crate) fn into_members(self) -> impl Iterator<Item = (&'a str, Json<'a>)> {
        self.members.into_iter()
    }

    pub(crate) fn members(&self) -> impl Iterator<Item = (&'a str, &Json<'a>)> {
        self.members.iter().map(|(name, value)| (*name, value))
    }
}

#[cfg(test)]
mod tests;
