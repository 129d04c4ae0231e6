//! Where a value stands in JSON: a JSON pointer (RFC 6901) of plain names, `/entry/person`. In a body `*` stands for every
//! item of a list.

use std::fmt;

use crate::json::{self, Json};

/// A pointer; without a name it means the whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pointer(Vec<String>);

/// Any item of a list.
pub(super) const ANY_ITEM: &str = "*";

impl Pointer {
    /// Reads a pointer into an answer.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let pointer = Self::parse_with_items(text)?;
        if pointer.0.iter().any(|name| name == ANY_ITEM) {
            return Err(format!("`{text}` points to more than one place"));
        }
        Ok(pointer)
    }

    /// Reads a pointer into a body.
    pub(super) fn parse_with_items(text: &str) -> Result<Self, String> {
        let mut names = text.split('/');
        let rooted = names.next() == Some("");
        let names: Vec<String> = names.map(str::to_owned).collect();
        let plain = names.iter().all(|name| name == ANY_ITEM || json::mapped_name(name));
        if rooted && plain {
            Ok(Self(names))
        } else {
            Err(format!("`{text}` is no JSON pointer of plain names, such as /entry/person"))
        }
    }

    /// Its names, from the outside in.
    pub(super) fn names(&self) -> &[String] {
        &self.0
    }

    /// Whether one of the two leads to the other.
    pub(super) fn meets(&self, other: &Self) -> bool {
        self.0.iter().zip(&other.0).all(|(own, other)| own == other)
    }

    /// Whether `item` is any item of the list that this points to.
    pub(super) fn is_list_of(&self, item: &Self) -> bool {
        item.0.split_last().is_some_and(|(last, list)| last == ANY_ITEM && list == self.0)
    }

    /// What it points to.
    pub(super) fn find<'t, 'a>(&self, tree: &'t Json<'a>) -> Option<&'t Json<'a>> {
        self.0.iter().try_fold(tree, |tree, name| tree.object()?.get(name))
    }

    /// The identifier it points to: text, or a whole number as it is written.
    pub(super) fn id<'t>(&self, tree: &'t Json<'_>) -> Option<&'t str> {
        match self.find(tree)? {
            Json::Text(text) => Some(text),
            Json::Number(number) if number.bytes().all(|byte| byte.is_ascii_digit()) => Some(number),
            _ => None,
        }
    }
}

impl fmt::Display for Pointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|name| write!(f, "/{name}"))
    }
}
