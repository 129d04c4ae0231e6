//! What the entries of a transaction call each other, and whose each is.
//!
//! A reference `urn:uuid:...` leads to the entry of that `fullUrl`. Where that entry has an id already it is written in
//! place of the name, and read like any other reference. Where a condition says which record it is, that is done once it is
//! found (`joined.rs`). Where the store will give an id the name stays; the store puts in the id, wherever the name stands. So
//! wherever it stands, in an extension or in a sentence, it must lead to the same person.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use model::PersonId;

use super::entry::{Entry, NAME_BYTES, NAME_START, Name};
use super::{WithResource, in_entry};
use crate::error::{Unreadable, quote};
use crate::fhir::person::{self, Owner, Unclear};
use crate::fhir::types::FhirType;
use crate::json::{self, Json, Object};
use crate::touches::RecordId;

/// The entries that hold a record: new ones by their names, the others by what they replace.
#[derive(Clone, Debug, Default)]
pub(crate) struct Neighbours {
    named: HashMap<String, Neighbour>,
    /// Whose the others are that have a name as well. It is written out before anything else reads it.
    written_out: HashMap<String, PersonId>,
    replaced: HashMap<(FhirType, RecordId), PersonId>,
}

/// An entry, as it will be when all are carried out.
#[derive(Clone, Debug)]
pub(crate) struct Neighbour {
    pub(crate) fhir_type: FhirType,
    pub(crate) person: PersonId,
}

/// An entry with its resource, names of records that have an id replaced.
pub(super) type Renamed<'t, 'a> = (Entry, Option<Cow<'t, Object<'a>>>);

impl Neighbours {
    /// Whose each entry is.
    ///
    /// # Errors
    /// It cannot be told of one of them.
    pub(super) fn of(entries: &[Renamed<'_, '_>]) -> Result<Self, Unreadable> {
        let mut all = Self::default();
        for (entry, resource) in entries {
            let Some((fhir_type, owner)) = written(entry, resource.as_deref()) else { continue };
            let owner = owner.map_err(|unclear| in_entry(entry.number, unclear.into()))?;
            let Owner::Person(person) = owner else { continue };
            if let Some((_, id)) = entry.reference().and_then(|reference| reference.split_once('/')) {
                let id = RecordId::read(id).map_err(|cause| in_entry(entry.number, cause))?;
                if let Some(Name(name)) = &entry.name {
                    all.written_out.insert(name.clone(), person.clone());
                }
                all.replaced.insert((fhir_type, id), person);
            } else if let Some(Name(name)) = &entry.name {
                all.named.insert(name.clone(), Neighbour { fhir_type, person });
            }
        }
        Ok(all)
    }

    /// Whether every name in a resource, as the client wrote it, leads to a record of this person. Of new records that is asked
    /// of every text, since the store will look into each; here it is about those that are written out.
    pub(super) fn lead_home(&self, resource: &Object<'_>, person: &PersonId) -> Result<(), Unclear> {
        resource.members().try_for_each(|(name, value)| self.leads_home(name, value, person))
    }

    fn leads_home(&self, member: &str, value: &Json<'_>, person: &PersonId) -> Result<(), Unclear> {
        match value {
            Json::Text(_) if is_never_an_address(member) => Ok(()),
            Json::Text(text) => {
                let mut whose = names_within(text).filter_map(|(_, name)| self.written_out.get(name));
                if whose.all(|own| own == person) { Ok(()) } else { Err(Unclear::OtherPerson(quote(text))) }
            }
            Json::List(list) => list.iter().try_for_each(|value| self.leads_home(member, value, person)),
            Json::Object(object) => self.lead_home(object, person),
            Json::Null | Json::Bool(_) | Json::Number(_) => Ok(()),
        }
    }

    /// The new record of this name.
    pub(crate) fn named(&self, name: &str) -> Option<&Neighbour> {
        self.named.get(name)
    }

    /// Whose a record will be that another entry replaces.
    pub(crate) fn replaced(&self, fhir_type: FhirType, id: &RecordId) -> Option<&PersonId> {
        // The key is owned; transactions are small.
        self.replaced.get(&(fhir_type, id.clone()))
    }

    /// The new records whose names stand somewhere in a text.
    pub(crate) fn named_within<'n>(&'n self, text: &'n str) -> impl Iterator<Item = &'n Neighbour> {
        // Outside transactions nothing is named, and every text of every record is asked about.
        let text = Some(text).filter(|_| !self.named.is_empty());
        text.into_iter().flat_map(names_within).filter_map(|(_, name)| self.named.get(name))
    }
}

/// The record that an entry writes, and whose it is.
fn written(entry: &Entry, resource: Option<&Object<'_>>) -> Option<(FhirType, Result<Owner, Unclear>)> {
    let resource = resource.filter(|_| matches!(entry.method, "POST" | "PUT"))?;
    let fhir_type = FhirType::parse(entry.target.split(['/', '?']).nth(2)?).ok()?;
    Some((fhir_type, person::owner(resource, fhir_type)))
}

/// Whose the record is that an entry writes, if it is somebody's.
pub(super) fn person(entry: &Entry, resource: Option<&Object<'_>>) -> Option<PersonId> {
    match written(entry, resource) {
        Some((_, Ok(Owner::Person(person)))) => Some(person),
        _ => None,
    }
}

/// The names that stand anywhere in each record. A patch is none: what comes of it is not known yet.
pub(super) fn mentioned(entries: &[Renamed<'_, '_>]) -> Vec<HashSet<Name>> {
    let names = |(entry, resource): &Renamed<'_, '_>| {
        let written = resource.as_deref().filter(|_| entry.method != "PATCH").map(Object::to_bytes);
        names_in(&written.unwrap_or_default()).map(|name| Name(name.to_owned())).collect()
    };
    entries.iter().map(names).collect()
}

/// The names that stand anywhere in a resource, written by us: nothing in them is escaped then.
pub(super) fn names_in(written: &[u8]) -> impl Iterator<Item = &str> {
    let text = str::from_utf8(written).unwrap_or_default();
    names_within(text).map(|(_, name)| name)
}

/// Whether something like a name stands in a patch, however it is escaped. What does not read at all is refused where it is
/// read.
pub(super) fn stands_in(patch: &[u8]) -> bool {
    let mut written = Vec::with_capacity(patch.len());
    let Ok(tree) = json::parse(patch) else { return false };
    tree.write(&mut written);
    written.windows(NAME_START.len()).any(|word| word.eq_ignore_ascii_case(NAME_START.as_bytes()))
}

/// Where something of a name's length stands that begins like one.
fn names_within(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.match_indices(NAME_START).filter_map(|(at, _)| Some((at, text.get(at..at + NAME_BYTES)?)))
}

/// Writes `Type/ID` wherever an entry is named that has an id already.
pub(super) fn renamed<'t, 'a>(entries: &[WithResource<'t, 'a>]) -> Vec<Renamed<'t, 'a>> {
    let known = entries.iter().filter_map(|(entry, _)| {
        let Name(name) = entry.name.as_ref()?;
        Some((name.as_str(), entry.reference()?))
    });
    let known: HashMap<&str, &str> = known.collect();
    let within = |resource: &'t Object<'a>| match known.is_empty() {
        true => Cow::Borrowed(resource),
        false => Cow::Owned(written_out(resource, &known)),
    };
    entries.iter().map(|(entry, resource)| (entry.clone(), resource.map(within))).collect()
}

/// What is called `value` is a text in FHIR: an identifier may well be a UUID.
fn is_never_an_address(member: &str) -> bool {
    member == "value"
}

/// A resource with a reference in place of every name that is known; names may stand anywhere in a text.
pub(crate) fn written_out<'a>(given: &Object<'a>, known: &HashMap<&str, &str>) -> Object<'a> {
    let member = |(name, value): (&'a str, &Json<'a>)| match value {
        Json::Text(_) if is_never_an_address(name) => (name, value.clone()),
        _ => (name, self::value(value, known)),
    };
    Object::of(given.members().map(member).collect())
}

fn value<'a>(given: &Json<'a>, known: &HashMap<&str, &str>) -> Json<'a> {
    match given {
        Json::Text(given) => Json::Text(text(given, known).map_or_else(|| given.clone(), Cow::Owned)),
        Json::List(list) => Json::List(list.iter().map(|inner| value(inner, known)).collect()),
        Json::Object(given) => Json::Object(written_out(given, known)),
        Json::Null | Json::Bool(_) | Json::Number(_) => given.clone(),
    }
}

/// The text with references in place of names; none if it holds no such name.
fn text(given: &str, known: &HashMap<&str, &str>) -> Option<String> {
    if let Some(reference) = known.get(given) {
        return Some((*reference).to_owned());
    }
    let (mut written, mut from) = (String::new(), 0);
    for (at, name) in names_within(given) {
        let Some(reference) = known.get(name) else { continue };
        written.push_str(given.get(from..at)?);
        written.push_str(reference);
        from = at + NAME_BYTES;
    }
    if from == 0 {
        return None;
    }
    written.push_str(given.get(from..)?);
    Some(written)
}
