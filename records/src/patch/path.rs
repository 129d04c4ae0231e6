//! The part of FHIRPath that leads to an element (<https://hl7.org/fhir/R4/fhirpatch.html>): names, `[n]`, `.first()`,
//! `.where(name = 'value')`, `.extension('url')`. Whatever else FHIRPath can say is refused by its name: a patch that two
//! readers evaluate differently would change another element than the one that was decided on.

use super::elements::{self, Element};
use super::fault::PatchCause;
use super::place::{self, Step};
use crate::bounds::{JSON_DEPTH_MAX, PATCH_ELEMENTS_MAX, PATCH_PATH_BYTES_MAX};
use crate::error::quote;
use crate::json::{Json, Object};

/// An expression, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Path {
    pub(super) text: String,
    /// The type of the resource.
    pub(super) root: String,
    pub(super) invocations: Vec<Invocation>,
}

/// A step of an expression: what FHIRPath's grammar calls an invocation, and the indexer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Invocation {
    Child(String),
    /// Of all that was found so far, counted from 0.
    Index(usize),
    /// Those whose element (the first) is this text.
    Where(String, String),
    /// Those extensions that have this URL.
    Extension(String),
}

/// What an expression leads to, a node of the tree: an element, or the resource itself.
#[derive(Clone, Debug)]
pub(super) struct Node<'a> {
    pub(super) steps: Vec<Step<'a>>,
    /// Its type.
    pub(super) of: &'static str,
    /// What is known about it; nothing about the resource as such.
    pub(super) element: Option<&'static Element>,
}

impl Path {
    pub(super) fn read(text: &str) -> Result<Self, PatchCause> {
        let fault = |why| PatchCause::Path { path: quote(text), why };
        if text.len() > PATCH_PATH_BYTES_MAX {
            return Err(fault("is too long"));
        }
        let (root, mut rest) = word(text);
        if !root.starts_with(|c: char| c.is_ascii_uppercase()) {
            return Err(fault("does not begin with the type of the record"));
        }
        let mut invocations = Vec::new();
        while !rest.is_empty() {
            if let Some(inside) = rest.strip_prefix('[') {
                let (digits, behind) = inside.split_once(']').ok_or_else(|| fault("has a `[` that is not closed"))?;
                let plain = (1..=6).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
                let index = digits.parse().ok().filter(|_| plain);
                invocations.push(Invocation::Index(index.ok_or_else(|| fault("has an index that is no number"))?));
                rest = behind;
                continue;
            }
            let behind = rest.strip_prefix('.').ok_or_else(|| fault("holds an operator, and only paths are read"))?;
            let (name, behind) = word(behind);
            if !name.starts_with(|c: char| c.is_ascii_lowercase()) {
                return Err(fault("holds what is no name of an element"));
            }
            match behind.strip_prefix('(') {
                None => {
                    invocations.push(Invocation::Child(name.to_owned()));
                    rest = behind;
                }
                Some(inside) => {
                    let (invocation, behind) = function(name, inside).map_err(fault)?;
                    invocations.push(invocation);
                    rest = behind;
                }
            }
        }
        if invocations.len() > JSON_DEPTH_MAX {
            return Err(fault("leads deeper than a record goes"));
        }
        Ok(Self { text: text.to_owned(), root: root.to_owned(), invocations })
    }

    /// The name of the element of the resource that it goes through first.
    pub(super) fn first(&self) -> Option<&str> {
        self.invocations.iter().find_map(|invocation| match invocation {
            Invocation::Child(name) => Some(name.as_str()),
            Invocation::Extension(_) => Some("extension"),
            Invocation::Index(_) | Invocation::Where(..) => None,
        })
    }

    /// The path to the list's owner and the list's name, if that is what it is.
    pub(super) fn list(&self) -> Option<(&[Invocation], &str)> {
        match self.invocations.split_last() {
            Some((Invocation::Child(name), above)) => Some((above, name)),
            _ => None,
        }
    }

    /// All elements that `invocations` of this path lead to.
    pub(super) fn find<'a>(
        &self,
        invocations: &[Invocation],
        root: &'static str,
        tree: &Json<'a>,
    ) -> Result<Vec<Node<'a>>, PatchCause> {
        let mut found = vec![Node { steps: Vec::new(), of: root, element: None }];
        for invocation in invocations {
            found = match invocation {
                Invocation::Child(name) => children(&found, name, tree)?,
                Invocation::Index(index) => found.into_iter().nth(*index).into_iter().collect(),
                Invocation::Where(name, text) => matching(found, name, text, tree)?,
                Invocation::Extension(url) => matching(children(&found, "extension", tree)?, "url", url, tree)?,
            };
        }
        Ok(found)
    }

    /// The one element that `invocations` of this path lead to.
    pub(super) fn one<'a>(
        &self,
        invocations: &[Invocation],
        root: &'static str,
        tree: &Json<'a>,
    ) -> Result<Node<'a>, PatchCause> {
        let mut found = self.find(invocations, root, tree)?.into_iter();
        match (found.next(), found.next()) {
            (Some(one), None) => Ok(one),
            (None, _) => Err(PatchCause::Nothing(quote(&self.text))),
            (Some(_), Some(_)) => Err(PatchCause::Several(quote(&self.text))),
        }
    }
}

/// Letters and digits at the beginning, and what follows them.
fn word(text: &str) -> (&str, &str) {
    let end = text.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(text.len());
    text.split_at_checked(end).unwrap_or((text, ""))
}

/// A function behind its `(`, and what follows its `)`.
fn function<'t>(name: &str, inside: &'t str) -> Result<(Invocation, &'t str), &'static str> {
    const NOT_CLOSED: &str = "has a `(` that is not closed";
    match name {
        "first" => {
            let behind = inside.trim_start_matches(' ').strip_prefix(')').ok_or(NOT_CLOSED)?;
            Ok((Invocation::Index(0), behind))
        }
        "extension" => {
            let (url, behind) = literal(inside)?;
            Ok((Invocation::Extension(url.to_owned()), behind.strip_prefix(')').ok_or(NOT_CLOSED)?))
        }
        "where" => {
            const FORM: &str = "has a criterion that is not of the form `name = 'value'`";
            let (name, behind) = word(inside.trim_start_matches(' '));
            let behind = behind.trim_start_matches(' ').strip_prefix('=').ok_or(FORM)?;
            let (value, behind) = literal(behind)?;
            let behind = behind.strip_prefix(')').ok_or(FORM)?;
            if !name.starts_with(|c: char| c.is_ascii_lowercase()) {
                return Err(FORM);
            }
            Ok((Invocation::Where(name.to_owned(), value.to_owned()), behind))
        }
        _ => Err("calls a function other than `where`, `first` and `extension`"),
    }
}

/// A text in single quotes with nothing escaped, and what follows it. Blanks around it do not count.
fn literal(text: &str) -> Result<(&str, &str), &'static str> {
    let inside = text.trim_start_matches(' ').strip_prefix('\'').ok_or("compares with what is no text in quotes")?;
    let (value, behind) = inside.split_once('\'').ok_or("holds a text that is not closed")?;
    if value.contains('\\') || value.chars().any(char::is_control) {
        return Err("holds a text with an escaped character");
    }
    Ok((value, behind.trim_start_matches(' ')))
}

fn children<'a>(of: &[Node<'a>], name: &str, tree: &Json<'a>) -> Result<Vec<Node<'a>>, PatchCause> {
    let mut found = Vec::new();
    for parent in of {
        if found.len() > PATCH_ELEMENTS_MAX {
            return Err(PatchCause::Several(place::shown(&parent.steps)));
        }
        let element = elements::element(parent.of, name);
        let element = element.ok_or_else(|| PatchCause::NoElement(format!("{}.{}", parent.of, quote(name))))?;
        let Some(object) = place::find(tree, &parent.steps).and_then(Json::object) else { continue };
        let mut there = element.members.iter().filter(|(member, _)| object.get(member).is_some());
        let Some((member, child)) = there.next() else { continue };
        let mut steps = parent.steps.clone();
        steps.push(Step::Name(member));
        if there.next().is_some() {
            // Two values of one choice: readers differ in which they see.
            return Err(PatchCause::Several(place::shown(&steps)));
        }
        match (object.get(member), element.repeats) {
            (Some(Json::List(list)), true) => {
                for index in list.iter().enumerate().filter(|(_, item)| **item != Json::Null).map(|(index, _)| index) {
                    let steps = steps.iter().copied().chain([Step::Index(index)]).collect();
                    found.push(Node { steps, of: child, element: Some(element) });
                }
            }
            (Some(Json::Null | Json::List(_)), _) | (Some(_), true) => {
                return Err(PatchCause::NoPlace(place::shown(&steps)));
            }
            (Some(_), false) => found.push(Node { steps, of: child, element: Some(element) }),
            (None, _) => {}
        }
    }
    Ok(found)
}

fn matching<'a>(
    mut found: Vec<Node<'a>>,
    name: &str,
    text: &str,
    tree: &Json<'a>,
) -> Result<Vec<Node<'a>>, PatchCause> {
    if let Some(unknown) = found.iter().find(|found| elements::element(found.of, name).is_none()) {
        return Err(PatchCause::NoElement(format!("{}.{}", unknown.of, quote(name))));
    }
    let holds = |object: &Object<'_>| match object.get(name) {
        Some(Json::Text(own)) => own == text,
        // FHIRPath compares a list of one item like the item.
        Some(Json::List(list)) => matches!(list.as_slice(), [Json::Text(own)] if own == text),
        _ => false,
    };
    found.retain(|found| place::find(tree, &found.steps).and_then(Json::object).is_some_and(holds));
    Ok(found)
}
