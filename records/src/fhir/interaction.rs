//! Which interaction is it (<https://hl7.org/fhir/R4/http.html>)? Read, search, create and update of the types served;
//! everything else is refused by its name, so that whoever asks knows that it was understood.

use model::{Action, Category, PersonId};

use super::draft::Draft;
use super::metadata;
use super::person::Owner;
use super::search;
use super::types::{FhirType, PersonElement};
use crate::error::{Unreadable, quote};
use crate::head::Fields;
use crate::json::Object;
use crate::media;
use crate::need::{BodyFor, BodyNeeded, Need, PageNeeded, StoredNeeded};
use crate::target::{self, Query};
use crate::touches::{AnswerKind, Claim, Forward, RecordId, RecordRef, Touches};

/// Reads what stands behind `/fhir`.
pub(crate) fn read(method: &str, rest: &[&str], query: Query<'_>, fields: &Fields<'_>) -> Result<Need, Unreadable> {
    let whole = if method == "GET" { "a search over all types" } else { "a batch or transaction" };
    let (first, rest) = rest.split_first().ok_or(Unreadable::Interaction(whole))?;
    match *first {
        "metadata" if method == "GET" && rest.is_empty() => {
            fields.no_body()?;
            fields.nothing_special()?;
            query.without_form()?.none()?;
            return Ok(Need::Done(metadata::asked()));
        }
        "metadata" => return Err(Unreadable::Method(quote(method))),
        "_history" => return Err(Unreadable::Interaction("the history of the store")),
        "_search" => return Err(Unreadable::Interaction("a search over all types")),
        operation if operation.starts_with('$') => return Err(Unreadable::Interaction("an operation")),
        _ => {}
    }
    let fhir_type = FhirType::parse(first).map_err(|_| Unreadable::Type(quote(first)))?;
    let query = query.without_form()?;
    match (method, rest) {
        ("GET", [id, "$everything"]) if fhir_type == FhirType::Patient => {
            fields.no_body()?;
            fields.nothing_special()?;
            search::everything::read(person(id)?, &query)
        }
        (_, [.., operation]) if operation.starts_with('$') => Err(Unreadable::Interaction("an operation")),
        (_, ["_history"] | [_, "_history"]) => Err(Unreadable::Interaction("a history")),
        (_, [_, "_history", _]) => Err(Unreadable::Interaction("an old version")),
        ("GET", []) => {
            fields.no_body()?;
            fields.nothing_special()?;
            search::read(fhir_type, &query)
        }
        ("POST", ["_search"]) => search_form(fhir_type, None, query, fields),
        ("POST", []) => create(fhir_type, &query, fields),
        ("GET", [id]) => read_one(fhir_type, RecordId::read(id)?, &query, fields),
        ("PUT", [id]) => update(fhir_type, RecordId::read(id)?, &query, fields),
        ("PUT", []) => Err(Unreadable::Interaction("a conditional update")),
        ("DELETE", _) => Err(Unreadable::Interaction("removing records")),
        ("PATCH", _) => Err(Unreadable::Interaction("changing parts of a record")),
        ("GET", [id, name]) => {
            fields.no_body()?;
            fields.nothing_special()?;
            let (person, fhir_type) = compartment(fhir_type, id, name)?;
            search::within(person, fhir_type, &query)
        }
        ("POST", [id, name, "_search"]) => {
            let (person, fhir_type) = compartment(fhir_type, id, name)?;
            search_form(fhir_type, Some(person), query, fields)
        }
        ("GET" | "POST" | "PUT", _) => Err(Unreadable::Interaction("this address")),
        _ => Err(Unreadable::Method(quote(method))),
    }
}

/// Turns to a page of a search.
pub(crate) fn turn(method: &str, (name, sealed): (&str, &str), fields: &Fields<'_>) -> Result<Need, Unreadable> {
    if method != "GET" {
        return Err(Unreadable::Method(quote(method)));
    }
    fields.no_body()?;
    fields.nothing_special()?;
    let fhir_type = FhirType::parse(name).map_err(|_| Unreadable::Type(quote(name)))?;
    Ok(Need::Page(PageNeeded::of(fhir_type, sealed.to_owned())))
}

/// The compartment of a person, and the type that is searched for in it.
fn compartment(of: FhirType, id: &str, name: &str) -> Result<(PersonId, FhirType), Unreadable> {
    let fhir_type = FhirType::parse(name).map_err(|_| Unreadable::Type(quote(name)))?;
    if of != FhirType::Patient {
        return Err(Unreadable::Interaction("a search within another compartment than a person's"));
    }
    if fhir_type == FhirType::Patient {
        return Err(Unreadable::Interaction("a search for persons within a compartment"));
    }
    Ok((person(id)?, fhir_type))
}

fn person(id: &str) -> Result<PersonId, Unreadable> {
    PersonId::new(id).map_err(|cause| Unreadable::Id { given: quote(id), cause })
}

fn search_form(
    fhir_type: FhirType,
    person: Option<PersonId>,
    query: Query<'_>,
    fields: &Fields<'_>,
) -> Result<Need, Unreadable> {
    fields.nothing_special()?;
    if !fields.content_type.as_ref().is_some_and(media::MediaType::is_form) {
        return Err(Unreadable::Header { name: "content-type".to_owned(), why: "is not that of a form" });
    }
    let query = query.0.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    Ok(Need::Body(BodyNeeded(BodyFor::Search { fhir_type, person, query })))
}

/// How a record is to be read, once it is known whose it is.
#[derive(Clone, Debug)]
pub(crate) struct Reading {
    opaque: bool,
}

impl Reading {
    /// The answer is bytes that are not read.
    pub(crate) const fn is_opaque(&self) -> bool {
        self.opaque
    }

    /// What is touched; `version` is the entity tag of what was looked up, which bytes need and nothing else does.
    pub(crate) fn done(&self, fhir_type: FhirType, record: RecordRef, owner: Owner, version: &str) -> Touches {
        let mut forward = Forward::get(target::build(&format!("/fhir/{record}"), []));
        let answer = if self.opaque {
            // The native form: a resource in JSON would have to be read before release.
            forward.headers.push(("accept", "*/*".to_owned()));
            AnswerKind::Opaque { version: version.to_owned() }
        } else {
            AnswerKind::Resource { fhir_type }
        };
        let persons = match owner {
            Owner::Person(person) => vec![person],
            Owner::Directory => Vec::new(),
        };
        let claim = Claim::of(Action::Read, record.category(), persons);
        Touches::new(claim, vec![record], forward, answer)
    }
}

fn read_one(fhir_type: FhirType, id: RecordId, query: &Query<'_>, fields: &Fields<'_>) -> Result<Need, Unreadable> {
    fields.no_body()?;
    fields.nothing_special()?;
    query.none()?;
    let opaque = fhir_type == FhirType::Binary && !fields.accept.is_some_and(media::accepts_fhir_json);
    let reading = Reading { opaque };
    Ok(match fhir_type.person_element() {
        PersonElement::None => Need::Done(reading.done(fhir_type, RecordRef::one(fhir_type, id), Owner::Directory, "")),
        PersonElement::OwnId => {
            let person = person(id.as_str())?;
            Need::Done(reading.done(fhir_type, RecordRef::one(fhir_type, id), Owner::Person(person), ""))
        }
        PersonElement::Reference(_) | PersonElement::OneOf(..) => {
            Need::Stored(StoredNeeded::read_of(fhir_type, id, reading))
        }
    })
}

fn create(fhir_type: FhirType, query: &Query<'_>, fields: &Fields<'_>) -> Result<Need, Unreadable> {
    query.none()?;
    if fields.if_match.is_some() {
        return Err(Unreadable::Header { name: "if-match".to_owned(), why: "does not belong to this request" });
    }
    match fhir_type.category() {
        // A person is entered by the city's clerk; the store follows.
        Category::Demographics => return Err(Unreadable::Interaction("creating a person")),
        Category::Directory => return Err(Unreadable::Interaction("changing the directory")),
        _ => {}
    }
    written(Draft::create(fhir_type), fields)
}

fn update(fhir_type: FhirType, id: RecordId, query: &Query<'_>, fields: &Fields<'_>) -> Result<Need, Unreadable> {
    query.none()?;
    if fhir_type.is_directory() {
        return Err(Unreadable::Interaction("changing the directory"));
    }
    let named = fields.if_match.map(tag).transpose()?;
    written(Draft::update(fhir_type, id, named), fields)
}

fn written(mut draft: Draft, fields: &Fields<'_>) -> Result<Need, Unreadable> {
    let header = |name: &str, why| Unreadable::Header { name: name.to_owned(), why };
    if fields.upgrade.is_some() {
        return Err(header("upgrade", "does not belong to this request"));
    }
    draft.minimal = fields.minimal;
    let content_type = fields.content_type.as_ref().ok_or_else(|| header("content-type", "is missing"))?;
    if content_type.is_fhir_json() {
        if fields.security_context.is_some() {
            return Err(header("x-security-context", "does not belong to this request"));
        }
        return Ok(Need::Body(BodyNeeded(BodyFor::Resource(draft))));
    }
    if draft.fhir_type != FhirType::Binary || !content_type.is_plain_bytes() {
        return Err(header("content-type", "is not that of FHIR JSON in UTF-8"));
    }
    // FHIR R4 binary.html#rest: raw bytes say whose they are in a header field.
    let context = fields.security_context.ok_or_else(|| header("x-security-context", "is missing"))?;
    let person = super::person::patient(context)
        .ok_or_else(|| header("x-security-context", "is no reference of the form Patient/ID"))?;
    draft.upload(person, content_type).next()
}

/// One entity tag as FHIR writes them: `W/"3"` (<https://hl7.org/fhir/R4/http.html#concurrency>). Returns what is inside.
pub(crate) fn tag(text: &str) -> Result<String, Unreadable> {
    let inside = text.strip_prefix("W/").unwrap_or(text).strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    let id = |inside: &str| {
        (1..=64).contains(&inside.len()) && inside.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'.')
    };
    inside
        .filter(|inside| id(inside))
        .map(str::to_owned)
        .ok_or_else(|| Unreadable::Header { name: "if-match".to_owned(), why: "names no single version" })
}

/// Whether a resource is the one that a reference names.
pub(crate) fn is_the_one(
    resource: &Object<'_>,
    fhir_type: FhirType,
    id: Option<&RecordId>,
) -> Result<(), &'static str> {
    if resource.text("resourceType") != Some(fhir_type.as_str()) {
        return Err("is of another type than the target");
    }
    if let Some(id) = id
        && resource.text("id") != Some(id.as_str())
    {
        return Err("has another id than the target");
    }
    Ok(())
}
