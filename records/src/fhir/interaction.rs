//! Which interaction is it (<https://hl7.org/fhir/R4/http.html>)? What is served is listed in `docs/fhir.md`; everything else
//! is refused by its name, so that whoever asks knows that it was understood.

use model::{Category, PersonId};

use super::condition::{Criteria, Selector};
use super::draft::Draft;
use super::metadata;
use super::patching::Patching;
use super::removal::Removal;
use super::types::FhirType;
use super::{reading, search};
use crate::error::{Unreadable, quote};
use crate::head::Fields;
use crate::json::Object;
use crate::media;
use crate::need::{BodyFor, BodyNeeded, Need, PageNeeded};
use crate::patch::PatchKind;
use crate::target::Query;
use crate::touches::RecordId;

/// Reads what stands behind `/fhir`.
pub(crate) fn read(method: &str, rest: &[&str], query: Query<'_>, fields: &Fields<'_>) -> Result<Need, Unreadable> {
    let Some((first, rest)) = rest.split_first() else { return bundle(method, query, fields) };
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
        (_, ["_history"]) => Err(Unreadable::Interaction("the history of a type")),
        ("GET", [id, "_history"]) => reading::history(fhir_type, RecordId::read(id)?, &query, fields),
        ("GET", [id, "_history", version]) => reading::version(fhir_type, RecordId::read(id)?, version, &query, fields),
        (_, [_, "_history", ..]) => Err(Unreadable::Interaction("changing the past")),
        ("GET", []) => {
            fields.no_body()?;
            fields.nothing_special()?;
            search::read(fhir_type, &query)
        }
        ("POST", ["_search"]) => search_form(fhir_type, None, query, fields),
        ("POST", []) => create(fhir_type, &query, fields),
        ("GET", [id]) => reading::newest(fhir_type, RecordId::read(id)?, &query, fields),
        ("PUT", [id]) => {
            query.none()?;
            update(fhir_type, Selector::Id(RecordId::read(id)?), fields)
        }
        ("PUT", []) => update(fhir_type, Selector::Where(Criteria::read(fhir_type, &query)?), fields),
        ("DELETE", [id]) => {
            query.none()?;
            remove(fhir_type, Selector::Id(RecordId::read(id)?), fields)
        }
        ("DELETE", []) => remove(fhir_type, Selector::Where(of_one_person(fhir_type, &query)?), fields),
        ("PATCH", [id]) => {
            query.none()?;
            patch(fhir_type, Selector::Id(RecordId::read(id)?), fields)
        }
        ("PATCH", []) => patch(fhir_type, Selector::Where(of_one_person(fhir_type, &query)?), fields),
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
        ("GET" | "POST" | "PUT" | "PATCH" | "DELETE", _) => Err(Unreadable::Interaction("this address")),
        _ => Err(Unreadable::Method(quote(method))),
    }
}

/// A batch or transaction; which of the two, its body says.
fn bundle(method: &str, query: Query<'_>, fields: &Fields<'_>) -> Result<Need, Unreadable> {
    if method != "POST" {
        return Err(Unreadable::Interaction("a search over all types"));
    }
    query.without_form()?.none()?;
    fields.nothing_special()?;
    if !fields.content_type.as_ref().is_some_and(media::MediaType::is_fhir_json) {
        return Err(Unreadable::Header { name: "content-type".to_owned(), why: "is not that of FHIR JSON in UTF-8" });
    }
    Ok(Need::Body(BodyNeeded(BodyFor::Bundle { minimal: fields.minimal })))
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

fn create(fhir_type: FhirType, query: &Query<'_>, fields: &Fields<'_>) -> Result<Need, Unreadable> {
    query.none()?;
    fields.nothing_but(&["if-none-exist", "x-security-context"])?;
    match fhir_type.category() {
        // A person is entered by the city's clerk; the store follows.
        Category::Demographics => return Err(Unreadable::Interaction("creating a person")),
        Category::Directory => return Err(Unreadable::Interaction("changing the directory")),
        _ => {}
    }
    let unless = fields.if_none_exist.map(|text| Criteria::read_field(fhir_type, text)).transpose()?;
    written(Draft::create(fhir_type, unless), fields)
}

fn update(fhir_type: FhirType, selector: Selector, fields: &Fields<'_>) -> Result<Need, Unreadable> {
    fields.nothing_but(&["if-match", "x-security-context"])?;
    if fhir_type.is_directory() {
        return Err(Unreadable::Interaction("changing the directory"));
    }
    let named = fields.if_match.map(tag).transpose()?;
    written(Draft::update(fhir_type, selector, named), fields)
}

fn remove(fhir_type: FhirType, selector: Selector, fields: &Fields<'_>) -> Result<Need, Unreadable> {
    fields.no_body()?;
    fields.nothing_but(&["if-match"])?;
    if fhir_type.is_directory() {
        return Err(Unreadable::Interaction("changing the directory"));
    }
    let named = fields.if_match.map(tag).transpose()?;
    Ok(Removal::of(fhir_type, selector, named).next())
}

fn patch(fhir_type: FhirType, selector: Selector, fields: &Fields<'_>) -> Result<Need, Unreadable> {
    fields.nothing_but(&["if-match"])?;
    if fhir_type.is_directory() {
        return Err(Unreadable::Interaction("changing the directory"));
    }
    if fhir_type == FhirType::Binary {
        return Err(Unreadable::Interaction("changing parts of a document"));
    }
    let header = |why| Unreadable::Header { name: "content-type".to_owned(), why };
    let kind = match fields.content_type.as_ref().ok_or_else(|| header("is missing"))? {
        media if media.is_json_patch() => PatchKind::Json,
        media if media.is_fhir_json() => PatchKind::Fhirpath,
        media if media.is_xml() => return Err(Unreadable::Interaction("a patch in XML")),
        _ => return Err(header("is that of no patch")),
    };
    let named = fields.if_match.map(tag).transpose()?;
    Ok(Need::Body(BodyNeeded(BodyFor::Patch(Box::new(Patching::of(fhir_type, kind, selector, named, fields.minimal))))))
}

/// Criteria that say themselves whom they are about, because no body does.
fn of_one_person(fhir_type: FhirType, query: &Query<'_>) -> Result<Criteria, Unreadable> {
    let criteria = Criteria::read(fhir_type, query)?;
    if criteria.person().is_some() { Ok(criteria) } else { Err(Unreadable::OnePerson) }
}

fn written(mut draft: Draft, fields: &Fields<'_>) -> Result<Need, Unreadable> {
    let header = |name: &str, why| Unreadable::Header { name: name.to_owned(), why };
    draft.minimal = fields.minimal;
    let content_type = fields.content_type.as_ref().ok_or_else(|| header("content-type", "is missing"))?;
    if content_type.is_fhir_json() {
        if fields.security_context.is_some() {
            return Err(header("x-security-context", "does not belong to this request"));
        }
        return Ok(Need::Body(BodyNeeded(BodyFor::Resource(Box::new(draft)))));
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
