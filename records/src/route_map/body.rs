//! Bodies: read by the fields that the route lists, refused for any other, written anew.

use model::PersonId;

use super::asked::named_in;
use super::form;
use super::grammar::{Field, Grammar};
use super::pointer::{ANY_ITEM, Pointer};
use crate::error::{Unreadable, quote};
use crate::json::{self, Json};
use crate::media::MediaType;
use crate::touches::Authors;

/// What calls of gRPC are sent as.
pub(super) const GRPC_TYPES: [&str; 3] = ["application/grpc", "application/grpc+proto", "application/grpc+json"];

/// What a route takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Body {
    /// Nothing.
    None,
    /// Messages of a call of gRPC, which are not read.
    Messages,
    /// JSON of these members and no others.
    Json { bytes_max: usize, authors: Option<Pointer>, members: Vec<(Pointer, Field)> },
    /// A form of these fields and no others.
    Form { bytes_max: usize, authors: Option<String>, fields: Vec<(String, Field)> },
}

/// A body that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Written {
    /// Written anew.
    pub(super) bytes: Vec<u8>,
    /// Whom it names, where a field does.
    pub(super) person: Option<PersonId>,
    /// Whom it names as authors; none where it has no place for them.
    pub(super) authors: Option<Authors>,
}

impl Body {
    pub(super) const fn bytes_max(&self) -> usize {
        match self {
            Self::None | Self::Messages => 0,
            Self::Json { bytes_max, .. } | Self::Form { bytes_max, .. } => *bytes_max,
        }
    }

    /// What the store is told; a call says itself how its messages are written.
    pub(super) const fn content_type(&self) -> Option<&'static str> {
        match self {
            Self::None | Self::Messages => None,
            Self::Json { .. } => Some("application/json"),
            Self::Form { .. } => Some("application/x-www-form-urlencoded"),
        }
    }

    /// Whether a body of this type is meant. Without a body there is none to have a type.
    pub(super) fn takes(&self, content_type: Option<&MediaType>) -> bool {
        match self {
            Self::None => content_type.is_none(),
            Self::Messages => content_type.is_some_and(|given| GRPC_TYPES.contains(&given.essence())),
            Self::Json { .. } => content_type.is_some_and(MediaType::is_json),
            Self::Form { .. } => content_type.is_some_and(MediaType::is_form),
        }
    }

    /// Whether one request can be meant for both.
    pub(super) const fn meets(&self, other: &Self) -> bool {
        matches!(
            (self, other),
            (Self::None, Self::None)
                | (Self::Messages, Self::Messages)
                | (Self::Json { .. }, Self::Json { .. })
                | (Self::Form { .. }, Self::Form { .. })
        )
    }

    /// Every field, whatever it is in.
    pub(super) fn fields(&self) -> Vec<&Field> {
        match self {
            Self::None | Self::Messages => Vec::new(),
            Self::Json { members, .. } => members.iter().map(|(_, field)| field).collect(),
            Self::Form { fields, .. } => fields.iter().map(|(_, field)| field).collect(),
        }
    }

    /// Whether a client can fill in what stands here in the answer to a look-up.
    pub(super) fn reaches(&self, pointer: &Pointer) -> bool {
        match self {
            Self::None | Self::Messages => false,
            Self::Json { members, .. } => members.iter().any(|(own, _)| own.meets(pointer)),
            Self::Form { fields, .. } => fields.iter().any(|(name, _)| pointer.names() == std::slice::from_ref(name)),
        }
    }

    /// Whether it says where its authors are named.
    pub(super) const fn names_authors(&self) -> bool {
        matches!(self, Self::Json { authors: Some(_), .. } | Self::Form { authors: Some(_), .. })
    }

    /// Reads a body.
    pub(super) fn read(&self, body: &[u8]) -> Result<Written, Unreadable> {
        if body.len() > self.bytes_max() {
            return Err(Unreadable::BodyTooLarge(self.bytes_max()));
        }
        match self {
            Self::None | Self::Messages => Err(Unreadable::Body("does not belong to this request")),
            Self::Json { members, authors, .. } => read_json(members, authors.as_ref(), body),
            Self::Form { fields, authors, .. } => {
                let text = std::str::from_utf8(body).map_err(|_| Unreadable::Body("is no form"))?;
                let pairs = if text.is_empty() { Vec::new() } else { form::read(text)? };
                let pairs = checked(fields, pairs)?;
                let person = person_of(fields, &pairs);
                let author = |name: &String| match pairs.iter().find(|(own, _)| own == name) {
                    Some((_, value)) => Authors::Named(vec![value.clone()]),
                    None => Authors::Unknown,
                };
                let authors = authors.as_ref().map(author);
                let written: Vec<(&str, &str)> = pairs.iter().map(|(name, value)| (*name, value.as_str())).collect();
                Ok(Written { bytes: form::write(&written).into_bytes(), person, authors })
            }
        }
    }
}

/// Checks the fields of a form or a query, and puts them in the order of the route. A field that is there and empty, as
/// browsers send what was not filled in, is as good as absent, and is left out.
pub(super) fn checked<'f>(
    fields: &'f [(String, Field)],
    mut given: Vec<(&str, String)>,
) -> Result<Vec<(&'f str, String)>, Unreadable> {
    let fault = |name: &str, why| Unreadable::Parameter { name: quote(name), why };
    if let Some((name, _)) = given.iter().find(|(name, _)| !fields.iter().any(|(own, _)| own == name)) {
        return Err(fault(name, "is not served here"));
    }
    let mut checked = Vec::with_capacity(given.len());
    for (name, field) in fields {
        let position = given.iter().position(|(own, value)| own == name && !value.is_empty());
        match position.map(|position| given.swap_remove(position)) {
            Some((_, value)) => {
                if !field.grammar.takes(&value) {
                    return Err(Unreadable::Value { name: quote(name), allowed: field.grammar.allowed() });
                }
                checked.push((name.as_str(), value));
            }
            None if field.required => return Err(Unreadable::Missing(quote(name))),
            None => {}
        }
    }
    Ok(checked)
}

/// Whom checked fields name.
pub(super) fn person_of(fields: &[(String, Field)], checked: &[(&str, String)]) -> Option<PersonId> {
    let (name, _) = fields.iter().find(|(_, field)| field.grammar == Grammar::Person)?;
    let (_, value) = checked.iter().find(|(own, _)| own == name)?;
    PersonId::new(value).ok()
}

fn read_json(members: &[(Pointer, Field)], authors: Option<&Pointer>, body: &[u8]) -> Result<Written, Unreadable> {
    let tree = json::parse_mapped(body)?;
    if tree.object().is_none() {
        return Err(Unreadable::Body("is no JSON object"));
    }
    walk(members, &tree, &mut Vec::new())?;
    for (pointer, _) in members.iter().filter(|(_, field)| field.required) {
        let filled = match pointer.find(&tree) {
            Some(Json::Text(text)) => !text.is_empty(),
            Some(_) => true,
            None => false,
        };
        if !filled {
            return Err(Unreadable::Missing(quote(&pointer.to_string())));
        }
    }
    let person = members.iter().find(|(_, field)| field.grammar == Grammar::Person);
    let person = person.and_then(|(pointer, _)| PersonId::new(pointer.find(&tree)?.text()?).ok());
    let authors = authors.map(|pointer| named_in(pointer.find(&tree)));
    let mut bytes = Vec::with_capacity(body.len());
    tree.write(&mut bytes);
    Ok(Written { bytes, person, authors })
}

/// Every value of the tree is one that the route lists, or leads to one.
fn walk<'t>(members: &[(Pointer, Field)], value: &'t Json<'_>, names: &mut Vec<&'t str>) -> Result<(), Unreadable> {
    if let Some((pointer, field)) = members.iter().find(|(pointer, _)| pointer.names() == names.as_slice()) {
        let outside = || Unreadable::Value { name: quote(&pointer.to_string()), allowed: field.grammar.in_json() };
        return field.grammar.takes_json(value).then_some(()).ok_or_else(outside);
    }
    let leads_on = members.iter().any(|(pointer, _)| {
        pointer.names().len() > names.len() && pointer.names().iter().zip(names.iter()).all(|(own, name)| own == name)
    });
    let own = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<String>>();
    match value {
        Json::Object(object) if leads_on => {
            for (name, value) in object.members() {
                names.push(name);
                walk(members, value, names)?;
                names.pop();
            }
            Ok(())
        }
        Json::List(list) if leads_on => {
            for value in list {
                names.push(ANY_ITEM);
                walk(members, value, names)?;
                names.pop();
            }
            Ok(())
        }
        _ => Err(at(&own(names), "is not served here")),
    }
}

fn at(names: &[String], why: &'static str) -> Unreadable {
    Unreadable::Parameter { name: quote(&format!("/{}", names.join("/"))), why }
}
