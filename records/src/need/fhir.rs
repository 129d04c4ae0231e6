//! A look-up in FHIR: what for, in as few words as say what is decided on, and what it shows.

use model::{Action, PersonId};

use super::Need;
use super::stored::{LookUp, LookedUp, Needed, StoredNeeded};
use crate::error::Unreadable;
use crate::fhir::condition::{Criteria, NO_VERSION, Selector};
use crate::fhir::draft::Draft;
use crate::fhir::patching::Patching;
use crate::fhir::person::{self, Owner};
use crate::fhir::reading::Reading;
use crate::fhir::removal::Removal;
use crate::fhir::types::{FhirType, PersonElement};
use crate::fhir::{authors, interaction, labels};
use crate::json::{self, Json, Object};
use crate::target;
use crate::touches::{Authors, RecordId, RecordRef, Touches};

/// What is known of a stored version, or of a record whose owner needs no look-up.
#[derive(Clone, Debug)]
pub(crate) struct Stored {
    pub(crate) owner: Owner,
    /// As it came; empty if it did not.
    pub(crate) etag: String,
    pub(crate) authors: Authors,
    pub(crate) sensitive: bool,
}

impl Stored {
    /// Whose it is, and nothing more.
    pub(crate) const fn known(owner: Owner) -> Self {
        Self { owner, etag: String::new(), authors: Authors::Unknown, sensitive: false }
    }

    /// The version, as the condition of a write.
    pub(crate) fn version(&self) -> Result<String, Unreadable> {
        let version = interaction::tag(&self.etag).ok().filter(|version| version != NO_VERSION);
        version.ok_or_else(|| Unreadable::Withheld("it came without a version".to_owned()))
    }
}

/// What is to be done to a record that the request holds no words of, once it is known which one, whose, and in which version.
#[derive(Clone, Debug)]
pub(crate) enum Work {
    Remove(Removal),
    Patch(Patching),
}

impl Work {
    const fn action(&self) -> Action {
        match self {
            Self::Remove(_) => Action::Delete,
            Self::Patch(_) => Action::Update,
        }
    }
}

impl From<Removal> for Work {
    fn from(removal: Removal) -> Self {
        Self::Remove(removal)
    }
}

impl From<Patching> for Work {
    fn from(patching: Patching) -> Self {
        Self::Patch(patching)
    }
}

/// In FHIR.
#[derive(Clone, Debug)]
pub(super) struct FhirNeeded {
    fhir_type: FhirType,
    record: RecordRef,
    look_ups: Vec<LookUp>,
    purpose: Purpose,
}

#[derive(Clone, Debug)]
enum Purpose {
    /// Whose is the record that is to be read?
    Read(Reading),
    /// Are the linked records the same person's? Which version is to be replaced, and whose is it; or which record is it?
    Write(Box<Draft>),
    /// Which version is to be removed or patched, and whose is it?
    Version(RecordId, Box<Work>),
    /// What is in the record that is to be patched? With what has to be permitted first.
    Whole(RecordId, Box<(Patching, Touches)>),
    /// Which record is it?
    Meant(Box<(Criteria, Work)>),
}

impl StoredNeeded {
    pub(crate) fn read_of(fhir_type: FhirType, record: RecordRef, reading: Reading) -> Self {
        let target = with_elements(&reading.looked_up(&record), &about(fhir_type));
        Self::one(fhir_type, record, target, Purpose::Read(reading))
    }

    /// All that the words of a record on its way in name: its links, and then the version that it replaces, or which it is.
    pub(crate) fn write_of(draft: Draft) -> Self {
        let fhir_type = draft.fhir_type;
        let version = |fhir_type, id: &RecordId| {
            let record = RecordRef::one(fhir_type, id.clone());
            LookUp { target: with_elements(&format!("/fhir/{record}"), &about(fhir_type)), record }
        };
        let mut look_ups: Vec<LookUp> = draft.links().iter().map(|(linked, id)| version(*linked, id)).collect();
        let record = match draft.replaces() {
            Some(Selector::Id(id)) => {
                look_ups.push(version(fhir_type, id));
                RecordRef::one(fhir_type, id.clone())
            }
            Some(Selector::Where(criteria)) => {
                look_ups.push(LookUp { record: RecordRef::all(fhir_type), target: criteria.looked_up() });
                RecordRef::all(fhir_type)
            }
            None => RecordRef::all(fhir_type),
        };
        let purpose = Purpose::Write(Box::new(draft));
        Self(Needed::Fhir(FhirNeeded { fhir_type, record, look_ups, purpose }))
    }

    pub(crate) fn version_of(fhir_type: FhirType, id: RecordId, work: Work) -> Self {
        let record = RecordRef::one(fhir_type, id.clone());
        let target = with_elements(&format!("/fhir/{record}"), &about(fhir_type));
        Self::one(fhir_type, record, target, Purpose::Version(id, Box::new(work)))
    }

    /// The version with all that is in it, for whoever is permitted the first.
    pub(crate) fn whole(fhir_type: FhirType, id: RecordId, patching: Patching, first: Touches) -> Self {
        let record = RecordRef::one(fhir_type, id.clone());
        // Means nothing beside what is asked for, and tells a look-up from a read in the store's own log.
        let target = target::build(&format!("/fhir/{record}"), [("_summary", "false")]);
        Self::one(fhir_type, record, target, Purpose::Whole(id, Box::new((patching, first))))
    }

    pub(crate) fn meant_by(criteria: Criteria, work: Work) -> Self {
        let (fhir_type, target) = (criteria.fhir_type, criteria.looked_up());
        Self::one(fhir_type, RecordRef::all(fhir_type), target, Purpose::Meant(Box::new((criteria, work))))
    }

    fn one(fhir_type: FhirType, record: RecordRef, target: String, purpose: Purpose) -> Self {
        let look_ups = vec![LookUp { record: record.clone(), target }];
        Self(Needed::Fhir(FhirNeeded { fhir_type, record, look_ups, purpose }))
    }
}

impl FhirNeeded {
    /// Only what says whose it is, who wrote it and how it is labelled is asked for; the record itself is not read before the
    /// decision, unless it is to be patched.
    pub(super) fn look_ups(&self) -> &[LookUp] {
        &self.look_ups
    }

    pub(super) fn further(&self) -> usize {
        match &self.purpose {
            Purpose::Read(reading) => reading.further(),
            Purpose::Write(draft) => usize::from(matches!(draft.replaces(), Some(Selector::Where(_)))),
            Purpose::Version(_, work) => usize::from(matches!(**work, Work::Patch(_))),
            Purpose::Meant(meant) => 1 + usize::from(matches!(meant.1, Work::Patch(_))),
            Purpose::Whole(..) => 0,
        }
    }

    pub(super) const fn cacheable(&self) -> bool {
        matches!(&self.purpose, Purpose::Read(reading) if reading.is_cacheable())
    }

    pub(super) const fn record(&self) -> &RecordRef {
        &self.record
    }

    pub(super) fn action(&self) -> Action {
        match &self.purpose {
            Purpose::Read(_) => Action::Read,
            Purpose::Write(draft) => draft.action(),
            Purpose::Version(_, work) => work.action(),
            Purpose::Meant(meant) => meant.1.action(),
            Purpose::Whole(..) => Action::Update,
        }
    }

    pub(super) fn person(&self) -> Option<&PersonId> {
        match &self.purpose {
            Purpose::Meant(meant) => meant.0.person(),
            Purpose::Write(draft) => draft.person(),
            Purpose::Read(_) | Purpose::Version(..) | Purpose::Whole(..) => None,
        }
    }

    pub(super) fn first(&self) -> Option<Touches> {
        match &self.purpose {
            Purpose::Whole(_, whole) => Some(whole.1.clone()),
            Purpose::Meant(meant) => Some(meant.0.asked(meant.1.action())),
            Purpose::Write(draft) => draft.asked(),
            Purpose::Version(..) | Purpose::Read(_) => None,
        }
    }

    pub(super) fn read(self, shown: &[LookedUp<'_>]) -> Result<Need, Unreadable> {
        let Self { fhir_type, record, look_ups, purpose } = self;
        if shown.len() != look_ups.len() {
            return Err(Unreadable::NotThere);
        }
        let one = || if let [shown] = shown { Ok(shown) } else { Err(Unreadable::NotThere) };
        match purpose {
            Purpose::Write(draft) => written(*draft, &look_ups, shown),
            Purpose::Meant(meant) => {
                let (criteria, work) = *meant;
                let shown = one()?;
                let found = criteria.found(shown.status, shown.body)?;
                match work {
                    Work::Remove(removal) => removal.found(&criteria, found),
                    Work::Patch(patching) => patching.found(&criteria, found),
                }
            }
            Purpose::Read(reading) => {
                let shown = one()?;
                let tree = resource_in(shown);
                let stored = object_in(&tree).and_then(|resource| known(fhir_type, &record, shown.etag, resource));
                let stored = stored.and_then(|stored| {
                    // Without a tag nobody could tell whether the bytes that come next are of the version looked at.
                    let untold = reading.is_opaque() && stored.etag.is_empty();
                    if untold { Err(withheld(&"comes without an entity tag")) } else { Ok(stored) }
                });
                reading.looked_at(fhir_type, record, stored)
            }
            Purpose::Version(id, work) => {
                let shown = one()?;
                let tree = resource_in(shown);
                let stored = known(fhir_type, &record, shown.etag, object_in(&tree)?)?;
                match *work {
                    Work::Remove(removal) => Ok(Need::Done(removal.removing(id, stored)?)),
                    Work::Patch(patching) => patching.whose(id, &stored),
                }
            }
            Purpose::Whole(id, whole) => {
                let shown = one()?;
                let tree = resource_in(shown);
                let resource = object_in(&tree)?;
                let stored = known(fhir_type, &record, shown.etag, resource)?;
                whole.0.changing(id, stored, resource)
            }
        }
    }

    pub(super) fn known_by_index(self, persons: &[PersonId]) -> Need {
        match (self.purpose, persons) {
            (Purpose::Read(reading), [person]) if reading.is_cacheable() => {
                let stored = Stored::known(Owner::Person(person.clone()));
                Need::Done(reading.done(self.fhir_type, self.record, stored))
            }
            (purpose, _) => Need::Stored(StoredNeeded(Needed::Fhir(Self { purpose, ..self }))),
        }
    }
}

/// Takes what was looked up for a record on its way in: its links first, then what it replaces.
fn written(mut draft: Draft, look_ups: &[LookUp], shown: &[LookedUp<'_>]) -> Result<Need, Unreadable> {
    let links = draft.take_links();
    for (((fhir_type, _), look_up), shown) in links.iter().zip(look_ups).zip(shown) {
        let tree = resource_in(shown);
        let linked = object_in(&tree).and_then(|resource| known(*fhir_type, look_up.record(), shown.etag, resource));
        draft.linked(*fhir_type, linked);
    }
    let shown = shown.get(links.len());
    match (draft.replaces().cloned(), shown) {
        (None, None) => draft.next(),
        (Some(Selector::Where(criteria)), Some(shown)) => {
            let found = criteria.found(shown.status, shown.body)?;
            draft.found(criteria, found)
        }
        (Some(Selector::Id(id)), Some(shown)) => {
            let (fhir_type, tree) = (draft.fhir_type, resource_in(shown));
            let resource = object_in(&tree)?;
            let stored = known(fhir_type, &RecordRef::one(fhir_type, id.clone()), shown.etag, resource)?;
            draft.replacing(id, stored, resource)?.next()
        }
        (Some(_), None) | (None, Some(_)) => Err(Unreadable::NotThere),
    }
}

/// The version as it came.
fn resource_in<'a>(shown: &LookedUp<'a>) -> Result<Json<'a>, Unreadable> {
    match shown.status {
        200 => json::parse(shown.body).map_err(|fault| withheld(&fault)),
        404 | 410 => Err(Unreadable::NotThere),
        other => Err(Unreadable::StoreFailed(other)),
    }
}

fn object_in<'t, 'a>(tree: &'t Result<Json<'a>, Unreadable>) -> Result<&'t Object<'a>, Unreadable> {
    tree.as_ref().map_err(Clone::clone)?.object().ok_or_else(|| withheld(&"is no resource"))
}

/// What it says of itself.
fn known(
    fhir_type: FhirType,
    record: &RecordRef,
    etag: Option<&str>,
    resource: &Object<'_>,
) -> Result<Stored, Unreadable> {
    interaction::is_the_one(resource, fhir_type, record.id.as_ref()).map_err(|why| withheld(&why))?;
    Ok(Stored {
        owner: person::owner(resource, fhir_type).map_err(|unclear| withheld(&unclear))?,
        etag: etag.unwrap_or_default().to_owned(),
        authors: authors::authors(resource, fhir_type),
        sensitive: labels::is_sensitive(resource),
    })
}

/// The element that names the person.
pub(crate) const fn person_element(fhir_type: FhirType) -> &'static str {
    match fhir_type.person_element() {
        PersonElement::Reference(element) | PersonElement::OneOf(element, _) => element,
        PersonElement::OwnId | PersonElement::None => "id",
    }
}

/// The elements that say what is decided on: whose it is, how it is labelled (also what it contains), and who wrote it.
fn about(fhir_type: FhirType) -> Vec<&'static str> {
    let mut elements = vec![person_element(fhir_type), "meta"];
    if fhir_type != FhirType::Binary {
        // A Binary contains nothing (FHIR R4 binary.html).
        elements.push("contained");
    }
    elements.extend(authors::element(fhir_type));
    for element in authors::elements_beneath(fhir_type) {
        if !elements.contains(&element) {
            elements.push(element);
        }
    }
    elements
}

fn with_elements(path: &str, elements: &[&str]) -> String {
    target::build(path, [("_elements", elements.join(",").as_str())])
}

fn withheld(why: &dyn std::fmt::Display) -> Unreadable {
    Unreadable::Withheld(format!("it {why}"))
}
