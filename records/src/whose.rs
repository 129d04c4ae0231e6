//! Whose is this resource, asked by itself: no request, no store. For tests over other people's data, for import, and for
//! whoever wants to know before sending.
//!
//! A bundle is read entry by entry. What its entries call each other by (`fullUrl`, mostly `urn:uuid:`) is resolved inside the
//! bundle (<https://hl7.org/fhir/R4/bundle.html#references>) and nowhere else: a reference that leads out of it stays as it
//! is, and is refused like in any other resource.

use std::collections::{HashMap, HashSet};

use model::PersonId;

use crate::bounds::{ANSWER_BYTES_MAX, ENTRIES_MAX};
use crate::error::{Unreadable, quote};
use crate::fhir::authors;
use crate::fhir::bundle::written_out;
use crate::fhir::labels;
use crate::fhir::links::{self, Source};
use crate::fhir::person::{self, Owner};
use crate::fhir::types::FhirType;
use crate::json::{self, Json, Object};
use crate::touches::Authors;

/// What was found out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Whose {
    /// About one resource.
    One(Known),
    /// About each entry of a bundle, in its order.
    Bundle(Vec<Result<Known, Unreadable>>),
}

/// What a resource says about itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// Its type.
    pub fhir_type: FhirType,
    /// Whose it is. A person in the same bundle who has no id yet is called `new-entry-` and the number of the entry.
    pub owner: Whom,
    /// Who wrote it, as it says.
    pub authors: Authors,
    /// Labelled as sensitive, or not readably labelled as anything else.
    pub sensitive: bool,
}

/// Whose a resource is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Whom {
    /// This person's.
    Person(PersonId),
    /// A person's whom the same bundle is to create; the number is that of the Patient's entry, from 0.
    NewPerson(usize),
    /// Nobody's: the directory.
    Directory,
}

/// Reads a resource or a bundle.
///
/// # Errors
/// Not readable in one way, of a type that is not served, or of nobody or several persons; a bundle only if it has no single
/// reading as a whole.
pub fn whose(resource: &[u8]) -> Result<Whose, Unreadable> {
    if resource.len() > ANSWER_BYTES_MAX {
        return Err(Unreadable::BodyTooLarge(ANSWER_BYTES_MAX));
    }
    let tree = json::parse(resource)?;
    let resource = tree.object().ok_or(Unreadable::Body("is no resource"))?;
    if resource.text("resourceType") == Some("Bundle") {
        return bundle(resource).map(Whose::Bundle);
    }
    known(resource, &HashMap::new()).map(Whose::One)
}

/// `new` holds the ids given to persons for the time of reading, with the number of their entry.
fn known(resource: &Object<'_>, new: &HashMap<String, usize>) -> Result<Known, Unreadable> {
    let name = resource.text("resourceType").ok_or(Unreadable::Body("is no resource"))?;
    let fhir_type = FhirType::parse(name).map_err(|_| Unreadable::Type(quote(name)))?;
    let owner = person::owner(resource, fhir_type)?;
    links::check(resource, &owner, Source::Store)?;
    let owner = match owner {
        Owner::Person(person) => new.get(person.as_str()).map_or(Whom::Person(person), |entry| Whom::NewPerson(*entry)),
        Owner::Directory => Whom::Directory,
    };
    let (authors, sensitive) = (authors::authors(resource, fhir_type), labels::is_sensitive(resource));
    Ok(Known { fhir_type, owner, authors, sensitive })
}

fn bundle(bundle: &Object<'_>) -> Result<Vec<Result<Known, Unreadable>>, Unreadable> {
    let entries = match bundle.get("entry") {
        None => &[],
        Some(entries) => entries.list().ok_or(Unreadable::Body("has entries that are no list"))?,
    };
    if entries.len() > ENTRIES_MAX {
        return Err(Unreadable::Body("has too many entries"));
    }
    let names = Names::of(entries)?;
    let behind: HashMap<&str, &str> = names.behind.iter().map(|(name, plain)| (*name, plain.as_str())).collect();
    let read = |(index, entry): (usize, &Json<'_>)| {
        let resource = entry.object().and_then(|entry| entry.get("resource")).and_then(Json::object);
        let resource = resource.ok_or(Unreadable::Body("has an entry without a resource"))?;
        let mut resolved = written_out(resource, &behind);
        if let Some(id) = names.given.get(&index) {
            resolved.set("id", Json::own(id.clone()));
        }
        known(&resolved, &names.new)
    };
    Ok(entries.iter().enumerate().map(read).collect())
}

/// What the entries of a bundle are called, in it and outside.
struct Names<'t> {
    /// `Type/id` behind each `fullUrl`.
    behind: HashMap<&'t str, String>,
    /// Ids for entries that have none yet, by number.
    given: HashMap<usize, String>,
    /// The persons among those.
    new: HashMap<String, usize>,
}

impl<'t> Names<'t> {
    fn of(entries: &'t [Json<'_>]) -> Result<Self, Unreadable> {
        let mut names = Self { behind: HashMap::new(), given: HashMap::new(), new: HashMap::new() };
        let mut taken: HashSet<&str> = HashSet::new();
        for (index, entry) in entries.iter().enumerate() {
            let Some(entry) = entry.object() else { continue };
            let Some(resource) = entry.get("resource").and_then(Json::object) else { continue };
            let (Some(kind), Some(url)) = (resource.text("resourceType"), entry.text("fullUrl")) else { continue };
            let id = match resource.text("id") {
                Some(id) => id.to_owned(),
                // The store will give one. Until then it is told from all others by its number.
                None => {
                    let id = format!("new-entry-{index}");
                    names.given.insert(index, id.clone());
                    if kind == FhirType::Patient.as_str() {
                        names.new.insert(id.clone(), index);
                    }
                    id
                }
            };
            if resource.text("id").is_some_and(|id| id.starts_with("new-entry-")) {
                return Err(Unreadable::Body("holds an id that is taken for entries without one"));
            }
            // A history names one record again and again; one name for two records has two readings.
            let named = format!("{kind}/{id}");
            if names.behind.get(url).is_some_and(|before| *before != named)
                || (!taken.insert(url) && url.starts_with("urn:"))
            {
                return Err(Unreadable::Body("calls two entries by one name"));
            }
            names.behind.insert(url, named);
        }
        Ok(names)
    }
}
