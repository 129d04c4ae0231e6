//! A look-up in FHIR: what for, in as few words as say what is decided on, and what it shows.

use model::PersonId;

use super::Need;
use super::stored::{LookUp, StoredNeeded};
use crate::error::Unreadable;
use crate::fhir::condition::{Criteria, NO_VERSION};
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

/// What is to be done to a record, once it is known which one, whose, and in which version.
#[derive(Clone, Debug)]
pub(crate) enum Work {
    Write(Box<Draft>),
    Remove(Removal),
    Patch(Patching),
}

impl From<Draft> for Work {
    fn from(draft: Draft) -> Self {
        Self::Write(Box::new(draft))
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
pub(super) struct FhirLookUp {
    fhir_type: FhirType,
    record: RecordRef,
    target: String,
    purpose: Purpose,
}

#[derive(Clone, Debug)]
enum Purpose {
    /// Whose is the record that is to be read?
    Read(Reading),
    /// Is the linked record the same person's?
    Link(Box<Draft>),
    /// Which version is to be replaced or removed, and whose is it?
    Version(Box<Work>),
    /// What is in the record that is to be patched? With what has to be permitted first.
    Whole(Box<(Patching, Touches)>),
    /// Which record is it?
    Meant(Box<(Criteria, Work)>),
}

impl StoredNeeded {
    pub(crate) fn read_of(fhir_type: FhirType, record: RecordRef, reading: Reading) -> Self {
        let target = with_elements(&reading.looked_up(&record), &about(fhir_type));
        Self(LookUp::Fhir(FhirLookUp { fhir_type, record, target, purpose: Purpose::Read(reading) }))
    }

    pub(crate) fn link_of(fhir_type: FhirType, id: RecordId, draft: Draft) -> Self {
        let record = RecordRef::one(fhir_type, id);
        let target = with_elements(&format!("/fhir/{record}"), &[person_element(fhir_type)]);
        Self(LookUp::Fhir(FhirLookUp { fhir_type, record, target, purpose: Purpose::Link(Box::new(draft)) }))
    }

    pub(crate) fn version_of(fhir_type: FhirType, id: RecordId, work: Work) -> Self {
        let record = RecordRef::one(fhir_type, id);
        let target = with_elements(&format!("/fhir/{record}"), &about(fhir_type));
        Self(LookUp::Fhir(FhirLookUp { fhir_type, record, target, purpose: Purpose::Version(Box::new(work)) }))
    }

    /// The version with all that is in it, for whoever is permitted the first.
    pub(crate) fn whole(fhir_type: FhirType, id: RecordId, patching: Patching, first: Touches) -> Self {
        let record = RecordRef::one(fhir_type, id);
        // Means nothing beside what is asked for, and tells a look-up from a read in the store's own log.
        let target = target::build(&format!("/fhir/{record}"), [("_summary", "false")]);
        let purpose = Purpose::Whole(Box::new((patching, first)));
        Self(LookUp::Fhir(FhirLookUp { fhir_type, record, target, purpose }))
    }

    pub(crate) fn meant_by(criteria: Criteria, work: Work) -> Self {
        let fhir_type = criteria.fhir_type;
        let target = criteria.looked_up();
        let (record, purpose) = (RecordRef::all(fhir_type), Purpose::Meant(Box::new((criteria, work))));
        Self(LookUp::Fhir(FhirLookUp { fhir_type, record, target, purpose }))
    }
}

impl FhirLookUp {
    /// Only what says whose it is, who wrote it and how it is labelled is asked for; the record itself is not read before the
    /// decision, unless it is to be patched.
    pub(super) fn target(&self) -> &str {
        &self.target
    }

    pub(super) const fn cacheable(&self) -> bool {
        matches!(&self.purpose, Purpose::Read(reading) if reading.is_cacheable())
    }

    pub(super) const fn record(&self) -> &RecordRef {
        &self.record
    }

    pub(super) fn person(&self) -> Option<&PersonId> {
        match &self.purpose {
            Purpose::Meant(meant) => meant.0.person(),
            Purpose::Link(draft) => draft.person(),
            Purpose::Version(work) => match work.as_ref() {
                Work::Write(draft) => draft.person(),
                Work::Remove(_) | Work::Patch(_) => None,
            },
            Purpose::Read(_) | Purpose::Whole(_) => None,
        }
    }

    /// How many look-ups there are depends on what they show; so whoever may not do what the request itself names makes none.
    pub(super) fn first(&self) -> Option<Touches> {
        match &self.purpose {
            Purpose::Whole(whole) => Some(whole.1.clone()),
            Purpose::Meant(meant) => Some(meant.0.asked()),
            Purpose::Link(draft) => draft.asked(),
            Purpose::Version(work) => match work.as_ref() {
                Work::Write(draft) => draft.asked(),
                Work::Remove(_) | Work::Patch(_) => None,
            },
            Purpose::Read(_) => None,
        }
    }

    pub(super) fn probe(&self, nobodys: &str) -> String {
        with_elements(&format!("/fhir/{}/{nobodys}", self.fhir_type), &["id"])
    }

    pub(super) fn read(self, status: u16, etag: Option<&str>, body: &[u8]) -> Result<Need, Unreadable> {
        let Self { fhir_type, record, purpose, .. } = self;
        if let Purpose::Meant(meant) = purpose {
            let (criteria, work) = *meant;
            let found = criteria.found(status, body)?;
            return match work {
                Work::Write(draft) => draft.found(criteria, found),
                Work::Remove(removal) => removal.found(&criteria, found),
                Work::Patch(patching) => patching.found(&criteria, found),
            };
        }
        let tree = resource_in(status, body);
        let resource = tree
            .as_ref()
            .map_err(Clone::clone)
            .and_then(|tree| tree.object().ok_or_else(|| withheld(&"is no resource")));
        let stored = resource.clone().and_then(|resource| known(fhir_type, &record, etag, resource));
        if let Purpose::Read(reading) = purpose {
            let stored = stored.and_then(|stored| {
                // Without a tag nobody could tell whether the bytes that come next are of the version looked at.
                let untold = reading.is_opaque() && stored.etag.is_empty();
                if untold { Err(withheld(&"comes without an entity tag")) } else { Ok(stored) }
            });
            return reading.looked_at(fhir_type, record, stored);
        }
        let (stored, resource) = (stored?, resource?);
        match (purpose, record.id) {
            (Purpose::Link(draft), _) => draft.linked(fhir_type, &stored)?.next(),
            (Purpose::Version(work), Some(id)) => match *work {
                Work::Remove(removal) => Ok(Need::Done(removal.removing(id, stored)?)),
                Work::Write(draft) => draft.replacing(stored, resource)?.next(),
                Work::Patch(patching) => patching.whose(id, &stored),
            },
            (Purpose::Whole(whole), Some(id)) => whole.0.changing(id, stored, resource),
            (Purpose::Version(_) | Purpose::Whole(_) | Purpose::Read(_) | Purpose::Meant(_), _) => {
                Err(Unreadable::NotThere)
            }
        }
    }

    pub(super) fn known_by_index(self, persons: &[PersonId]) -> Need {
        match (self.purpose, persons) {
            (Purpose::Read(reading), [person]) if reading.is_cacheable() => {
                let stored = Stored::known(Owner::Person(person.clone()));
                Need::Done(reading.done(self.fhir_type, self.record, stored))
            }
            (purpose, _) => Need::Stored(StoredNeeded(LookUp::Fhir(Self { purpose, ..self }))),
        }
    }
}

/// The version as it came.
fn resource_in(status: u16, body: &[u8]) -> Result<Json<'_>, Unreadable> {
    match status {
        200 => json::parse(body).map_err(|fault| withheld(&fault)),
        404 | 410 => Err(Unreadable::NotThere),
        other => Err(Unreadable::StoreFailed(other)),
    }
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
    elements
}

fn with_elements(path: &str, elements: &[&str]) -> String {
    target::build(path, [("_elements", elements.join(",").as_str())])
}

fn withheld(why: &dyn std::fmt::Display) -> Unreadable {
    Unreadable::Withheld(format!("it {why}"))
}
