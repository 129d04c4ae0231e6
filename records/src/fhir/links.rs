//! What a resource points to, anywhere in it: extensions, contained resources and plain texts included. A record of one
//! person must not be a window into another's.

use std::collections::HashSet;

use model::PersonId;

use super::bundle::Neighbours;
use super::person::{Owner, Unclear};
use super::types::FhirType;
use crate::bounds::{CONTAINED_MAX, LINKS_MAX};
use crate::error::quote;
use crate::json::{Json, Object};
use crate::touches::RecordId;

/// Who wrote the resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// A client: only what can be followed may be written.
    Client,
    /// The store: what was there before us may also name types that are not served, but never another person.
    Store,
}

/// Types that may stand inside another resource: none that belongs to a person.
const CONTAINABLE: &[&str] =
    &["Device", "Location", "Medication", "Organization", "Practitioner", "PractitionerRole", "Substance"];

/// How every reference to a person begins, or goes on behind an address.
const PERSON: &str = "Patient/";

/// Walks a resource. Returns the records that it links to and that belong to some person: whose, must be looked up.
pub(crate) fn check(
    resource: &Object<'_>,
    owner: &Owner,
    source: Source,
) -> Result<Vec<(FhirType, RecordId)>, Unclear> {
    check_among(resource, owner, source, &Neighbours::default())
}

/// The same for an entry of a transaction, which may also refer to its neighbours by their names. They need no look-up: whose
/// they are stands in the transaction itself, and every one of them is decided on.
pub(crate) fn check_among(
    resource: &Object<'_>,
    owner: &Owner,
    source: Source,
    neighbours: &Neighbours,
) -> Result<Vec<(FhirType, RecordId)>, Unclear> {
    let person = match owner {
        Owner::Person(person) => Some(person),
        Owner::Directory => None,
    };
    let mut walk = Walk { person, source, neighbours, fragments: HashSet::new(), links: Vec::new() };
    let contained = contained(resource)?;
    walk.fragments.extend(contained.iter().filter_map(|inner| inner.text("id")));
    for (name, value) in resource.members() {
        match name {
            "resourceType" | "contained" => {}
            _ => walk.value(name, value)?,
        }
    }
    for inner in contained {
        for (name, value) in inner.members() {
            match name {
                "contained" => return Err(Unclear::ResourceInside(name.to_owned())),
                "resourceType" => {}
                _ => walk.value(name, value)?,
            }
        }
    }
    Ok(walk.links)
}

fn contained<'t, 'a>(resource: &'t Object<'a>) -> Result<Vec<&'t Object<'a>>, Unclear> {
    let Some(contained) = resource.get("contained") else { return Ok(Vec::new()) };
    let mut found = Vec::new();
    let list = contained.list().ok_or_else(|| Unclear::Contained("?".to_owned()))?;
    if list.len() > CONTAINED_MAX {
        return Err(Unclear::TooMuchContained);
    }
    for inner in list {
        let inner = inner.object().ok_or_else(|| Unclear::Contained("?".to_owned()))?;
        let kind = inner.text("resourceType").unwrap_or("?");
        if !CONTAINABLE.contains(&kind) {
            return Err(Unclear::Contained(quote(kind)));
        }
        found.push(inner);
    }
    Ok(found)
}

struct Walk<'t> {
    person: Option<&'t PersonId>,
    source: Source,
    neighbours: &'t Neighbours,
    fragments: HashSet<&'t str>,
    links: Vec<(FhirType, RecordId)>,
}

impl Walk<'_> {
    /// `name` is the nearest name above the value.
    fn value(&mut self, name: &str, value: &Json<'_>) -> Result<(), Unclear> {
        match value {
            Json::Text(text) => self.text(text),
            Json::List(list) => list.iter().try_for_each(|inner| self.value(name, inner)),
            Json::Object(object) => self.object(name, object),
            Json::Null | Json::Bool(_) | Json::Number(_) => Ok(()),
        }
    }

    fn object(&mut self, name: &str, object: &Object<'_>) -> Result<(), Unclear> {
        let (mut reference, mut identifier, mut kind, mut url) = (None, None, None, None);
        for (inner, value) in object.members() {
            match inner {
                "resourceType" => return Err(Unclear::ResourceInside(quote(name))),
                "reference" => reference = value.text(),
                "identifier" => identifier = Some(value),
                "type" => kind = value.text(),
                "url" => url = value.text(),
                _ => {}
            }
        }
        match reference {
            Some(reference) => self.reference(reference)?,
            // An identifier as such is a list, or stands in an element of that name; one object beside no reference is a
            // logical reference (FHIR R4 references.html#logical).
            None => {
                let logical = identifier.and_then(Json::object).is_some();
                let kind = kind.map(|kind| kind.rsplit('/').next().unwrap_or(kind));
                let harmless = self.source == Source::Store && kind.is_some_and(|kind| CONTAINABLE.contains(&kind));
                if kind == Some("Patient") || (logical && !harmless) {
                    return Err(Unclear::Logical(quote(name)));
                }
            }
        }
        if self.source == Source::Client {
            if reference.is_some() && identifier.is_some() {
                // Two ways to say whom: readers differ in which they follow.
                return Err(Unclear::Logical(quote(name)));
            }
            let extension = matches!(name, "extension" | "modifierExtension");
            if let Some(url) = url.filter(|_| !extension) {
                self.attachment(url)?;
            }
        }
        object.members().try_for_each(|(inner, value)| self.value(inner, value))
    }

    fn reference(&mut self, reference: &str) -> Result<(), Unclear> {
        let form = || Unclear::ReferenceForm(quote(reference));
        if let Some(fragment) = reference.strip_prefix('#') {
            // Of a part of a record, the store may have left out what it contains: then it leads nowhere.
            let nowhere = self.source == Source::Store && self.fragments.is_empty();
            return if nowhere || self.fragments.contains(fragment) { Ok(()) } else { Err(form()) };
        }
        if let Some(neighbour) = self.neighbours.named(reference) {
            let own = self.person == Some(&neighbour.person);
            return if own { Ok(()) } else { Err(Unclear::OtherPerson(quote(reference))) };
        }
        if let Some(person) = reference.strip_prefix(PERSON).filter(|id| model::id::check(id).is_ok()) {
            let own = self.person.is_some_and(|own| own.as_str() == person);
            return if own { Ok(()) } else { Err(Unclear::OtherPerson(quote(reference))) };
        }
        let mut parts = reference.split('/');
        let (Some(kind), Some(id)) = (parts.next(), parts.next()) else { return Err(form()) };
        let rest: Vec<&str> = parts.collect();
        let versioned = matches!(rest.as_slice(), ["_history", version] if is_id(version));
        let allowed = rest.is_empty() || (versioned && self.source == Source::Store && kind != "Patient");
        if !allowed || !is_type_name(kind) || !is_id(id) {
            return Err(form());
        }
        match (FhirType::parse(kind), self.source) {
            (Ok(FhirType::Patient), _) => Err(form()),
            (Ok(fhir_type), _) if fhir_type.is_directory() => Ok(()),
            (_, Source::Store) => Ok(()),
            (Ok(fhir_type), Source::Client) => self.link(fhir_type, RecordId::new(id).map_err(|_| form())?),
            (Err(_), Source::Client) => Err(Unclear::ReferenceType(quote(reference))),
        }
    }

    /// A document's bytes are attached by `Binary/ID`; any other address would make readers fetch from elsewhere.
    fn attachment(&mut self, url: &str) -> Result<(), Unclear> {
        if self.neighbours.named(url).is_some_and(|neighbour| neighbour.fhir_type == FhirType::Binary) {
            // Whose it is, is asked of it as of every text.
            return Ok(());
        }
        let id = url.strip_prefix("Binary/").and_then(|id| RecordId::new(id).ok());
        self.link(FhirType::Binary, id.ok_or_else(|| Unclear::Attachment(quote(url)))?)
    }

    fn link(&mut self, fhir_type: FhirType, id: RecordId) -> Result<(), Unclear> {
        if let Some(person) = self.neighbours.replaced(fhir_type, &id) {
            let own = self.person == Some(person);
            return if own { Ok(()) } else { Err(Unclear::OtherPerson(format!("{fhir_type}/{id}"))) };
        }
        let link = (fhir_type, id);
        if !self.links.contains(&link) {
            if self.links.len() == LINKS_MAX {
                return Err(Unclear::TooManyLinks);
            }
            self.links.push(link);
        }
        Ok(())
    }

    /// A reference may hide in a plain text (a `uri`, a `canonical`, an extension's `valueString`): a text without blanks
    /// that ends a path in `Patient/` and an id counts as one.
    fn text(&self, text: &str) -> Result<(), Unclear> {
        // The store writes an id wherever it finds the name of a new record.
        if self.neighbours.named_within(text).any(|neighbour| self.person != Some(&neighbour.person)) {
            return Err(Unclear::OtherPerson(quote(text)));
        }
        // Byte by byte: a searcher would have to be made ready for each text, most of which are short.
        if !text.as_bytes().windows(PERSON.len()).any(|part| part == PERSON.as_bytes()) {
            return Ok(());
        }
        // Readers trim addresses; a sentence that mentions one is no address.
        let text = text.trim();
        if text.contains(char::is_whitespace) {
            return Ok(());
        }
        for (at, _) in text.match_indices(PERSON) {
            let before = text.get(..at).unwrap_or_default();
            let after = text.get(at + PERSON.len()..).unwrap_or_default();
            let id: &str =
                after.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-' || c == '.')).next().unwrap_or("");
            let begins = before.is_empty() || before.ends_with(['/', '=', '|', ',', '(', '%', '"', '\'', '#']);
            if begins && !id.is_empty() && self.person.is_none_or(|person| person.as_str() != id) {
                return Err(Unclear::OtherPerson(quote(text)));
            }
        }
        Ok(())
    }
}

/// FHIR's `id`, with the dot: the store may hold ids that are older than us.
pub(crate) fn is_id(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.')
}

fn is_type_name(text: &str) -> bool {
    text.len() <= 64
        && text.starts_with(|c: char| c.is_ascii_uppercase())
        && text.bytes().all(|byte| byte.is_ascii_alphabetic())
}
