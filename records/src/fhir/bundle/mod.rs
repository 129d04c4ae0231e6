//! A batch or a transaction (<https://hl7.org/fhir/R4/http.html#transaction>): a Bundle whose entries are requests. Each
//! is read like a request of its own, so that nothing is decided in two places.
//!
//! The entries of a batch know nothing of each other: each is served or refused by itself. A transaction is one request
//! that needs every permit at once. Its entries may refer to each other by `urn:uuid:` before there is an id
//! (`neighbours.rs`), and it goes to the store as one Bundle, written anew (`joined.rs`).
//!
//! Conditions are those of single requests (`condition.rs`), about the person whom the body or the criteria name: which record
//! is to be changed or removed is looked up here, before anything is done, and becomes the plain form; a conditional create
//! goes on to the store with its criteria. Whoever refers to such an entry refers to the record that was found, so he has to
//! be permitted to find labelled ones too. References that are conditions themselves (`Patient?identifier=...`) are not
//! served: whose an entry is, and with it what has to be permitted before anything is looked up, must stand in its words.
//!
//! The words of all entries of a transaction are read before the store is asked about any: what is wrong with the last
//! one must not be said or left unsaid by whether the record of the first is there (promise P4).

mod entry;
mod joined;
mod neighbours;

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

pub use entry::Entry;
pub(crate) use neighbours::{Neighbours, written_out};

use crate::bounds::{BUNDLE_ENTRIES_MAX, BUNDLE_PERSONS_MAX, SEARCHED_PERSONS_MAX};
use crate::error::Unreadable;
use crate::json::{self, Json, Object};
use crate::need::Need;
use entry::Name;

/// A batch: every entry is a request of its own, or is refused by itself.
#[derive(Clone, Debug)]
pub struct Batch(Vec<Result<Entry, Unreadable>>);

impl Batch {
    /// The entries, in the order in which the answer must have them.
    #[must_use]
    pub fn entries(self) -> Vec<Result<Entry, Unreadable>> {
        self.0
    }
}

/// A transaction whose entries were read; what they touch may still have to be found out.
#[derive(Clone, Debug)]
pub struct Transaction {
    needs: Vec<Need>,
    joining: Joining,
}

/// What makes one request of the entries of a transaction, once it is known what each touches.
#[derive(Clone, Debug)]
pub struct Joining {
    /// By what records are called until their ids are known: that of a new one to the store, that of one which a condition means
    /// after the look-ups. One for each entry.
    names: Vec<Option<String>>,
    /// Which names stand in the words of each entry, and were read there as what they lead to. One for each entry.
    mentioned: Vec<HashSet<Name>>,
    minimal: bool,
}

impl Transaction {
    /// What each entry needs next, in order; none needs a body. Whoever has found out all of it, goes on with
    /// [`Joining::join`]. A look-up that finds nothing must not end the others: how many there were would tell.
    #[must_use]
    pub fn split(self) -> (Vec<Need>, Joining) {
        (self.needs, self.joining)
    }
}

/// Members of a Bundle that mean nothing to whoever carries it out. They stay here.
const IGNORED: [&str; 5] = ["resourceType", "id", "meta", "identifier", "timestamp"];

/// Reads the Bundle.
pub(crate) fn read(body: &[u8], minimal: bool) -> Result<Need, Unreadable> {
    let tree = json::parse(body)?;
    let bundle = tree.object().filter(|bundle| bundle.text("resourceType") == Some("Bundle"));
    let bundle = bundle.ok_or(Unreadable::Body("is no Bundle"))?;
    if bundle.members().any(|(name, _)| !IGNORED.contains(&name) && name != "type" && name != "entry") {
        return Err(Unreadable::Body("has a member that no batch or transaction has"));
    }
    let entries = bundle.get("entry").and_then(Json::list).filter(|entries| !entries.is_empty());
    let entries = entries.ok_or(Unreadable::Body("is a Bundle without entries"))?;
    if entries.len() > BUNDLE_ENTRIES_MAX {
        return Err(Unreadable::TooManyEntries);
    }
    no_name_twice(entries)?;
    let read = entries.iter().enumerate().map(|(index, entry)| entry::read(index + 1, entry, minimal));
    match bundle.text("type") {
        Some("batch") => Ok(Need::Batch(Batch(read.map(|read| read.map(|(entry, _)| entry)).collect()))),
        Some("transaction") => {
            let numbered = |(index, read): (usize, Result<_, _>)| read.map_err(|cause| in_entry(index + 1, cause));
            transaction(read.enumerate().map(numbered).collect::<Result<_, _>>()?, minimal)
        }
        Some("history") => Err(Unreadable::Interaction("a history that is sent in")),
        _ => Err(Unreadable::Body("is a Bundle that is no batch or transaction")),
    }
}

/// FHIR R4 bundle.html#bundle-unique: two resources of one name could each be meant.
fn no_name_twice(entries: &[Json<'_>]) -> Result<(), Unreadable> {
    let mut names = HashSet::new();
    for entry in entries.iter().filter_map(Json::object) {
        if entry.text("fullUrl").is_some_and(|name| !names.insert(name)) {
            return Err(Unreadable::Body("calls two entries by one fullUrl"));
        }
    }
    Ok(())
}

/// An entry, and the resource in it.
type WithResource<'t, 'a> = (Entry, Option<&'t Object<'a>>);

fn transaction(read: Vec<WithResource<'_, '_>>, minimal: bool) -> Result<Need, Unreadable> {
    let mut written = HashSet::new();
    for (entry, _) in &read {
        entry.within_a_transaction().map_err(|cause| in_entry(entry.number, cause))?;
        // FHIR R4 http.html#trules: by its identity a record may be changed once only.
        if entry.names_a_record() && entry.method != "GET" && !written.insert(entry.target.as_str()) {
            return Err(in_entry(entry.number, CHANGED_TWICE));
        }
    }
    let heads = read.iter().map(|(entry, _)| entry.read_head().map_err(|cause| in_entry(entry.number, cause)));
    let heads: Vec<Need> = heads.collect::<Result<_, _>>()?;
    let renamed = neighbours::renamed(&read);
    let neighbours = Arc::new(Neighbours::of(&renamed)?);
    let mentioned = neighbours::mentioned(&renamed);
    for ((entry, given), (_, resource)) in read.iter().zip(&renamed) {
        if let (Some(given), Some(person)) = (given, neighbours::person(entry, resource.as_deref())) {
            neighbours.lead_home(given, &person).map_err(|unclear| in_entry(entry.number, unclear.into()))?;
        }
    }
    let mut needs = Vec::with_capacity(heads.len());
    for ((entry, resource), head) in renamed.iter().zip(heads) {
        let body = match resource {
            Some(resource) if entry.method != "PATCH" => resource.to_bytes(),
            // A patch goes into a record that knows no names, and none of them may get there by it.
            _ if entry.method == "PATCH" && neighbours::stands_in(&entry.body) => {
                return Err(in_entry(entry.number, Unreadable::Interaction("the name of an entry within a patch")));
            }
            _ => entry.body.clone(),
        };
        let need = match head {
            Need::Body(needed) => {
                let referred_to =
                    entry.name.as_ref().is_some_and(|name| mentioned.iter().any(|names| names.contains(name)));
                needed.among(&neighbours, referred_to).read(&body)
            }
            other => Ok(other),
        };
        needs.push(need.map_err(|cause| in_entry(entry.number, cause))?);
    }
    within_bounds(&needs)?;
    let unknown = |entry: &Entry| entry.method == "POST" || entry.is_conditional();
    let names = renamed.iter().map(|(entry, _)| entry.name.clone().filter(|_| unknown(entry)));
    let names = names.map(|name| name.map(|Name(urn)| urn)).collect();
    Ok(Need::Transaction(Transaction { needs, joining: Joining { names, mentioned, minimal } }))
}

const CHANGED_TWICE: Unreadable = Unreadable::EntryForm("changes a record that another entry changes too");

/// A refused transaction is on record too, with all its persons. Whatever is looked up names two at most: whose the record is
/// and whose it was. Counted before that, so that what it shows makes no difference.
fn within_bounds(needs: &[Need]) -> Result<(), Unreadable> {
    let (mut named, mut more) = (BTreeSet::new(), 0);
    for need in needs {
        match need {
            Need::Done(touches) => named.extend(touches.persons()),
            // A page may be one of a search that named nobody.
            Need::Persons(_) | Need::Page(_) => more += SEARCHED_PERSONS_MAX,
            Need::Categories(_) | Need::Stored(_) | Need::Body(_) | Need::Batch(_) | Need::Transaction(_) => more += 2,
        }
    }
    if named.len() + more > BUNDLE_PERSONS_MAX { Err(Unreadable::TooManyQuestions) } else { Ok(()) }
}

/// What is wrong with an entry, by its number; but not what only a look-up could have shown.
fn in_entry(number: usize, cause: Unreadable) -> Unreadable {
    match cause {
        Unreadable::NotThere | Unreadable::Withheld(_) | Unreadable::StoreFailed(_) | Unreadable::Stale => cause,
        cause => Unreadable::Entry { number, cause: Box::new(cause) },
    }
}
