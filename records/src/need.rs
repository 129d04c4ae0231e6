//! What must be read before it is known whose records a request touches: a body, a stored version, what a page stands for,
//! whom the subject may search for, or nothing more.

use std::sync::Arc;

use model::{Category, PersonId};

use crate::bounds::{BUNDLE_BYTES_MAX, FORM_BYTES_MAX};
use crate::error::Unreadable;
use crate::fhir::bundle::{self, Batch, Neighbours, Transaction};
use crate::fhir::condition::{Criteria, NO_VERSION};
use crate::fhir::draft::Draft;
use crate::fhir::patching::Patching;
use crate::fhir::person::{self, Owner};
use crate::fhir::reading::Reading;
use crate::fhir::removal::Removal;
use crate::fhir::search::everything::Everything;
use crate::fhir::search::page::Ticket;
use crate::fhir::search::{self, Search};
use crate::fhir::types::{FhirType, PersonElement};
use crate::fhir::{authors, interaction, labels};
use crate::json::{self, Json, Object};
use crate::route_map::{Asked, MappedLookUp};
use crate::target::{self, Query};
use crate::touches::{Authors, Claim, RecordId, RecordRef, Touches};

/// What is needed next.
#[derive(Clone, Debug)]
#[must_use]
pub enum Need {
    /// Nothing: this is what the request touches.
    Done(Touches),
    /// The whole body.
    Body(BodyNeeded),
    /// A version at the store.
    Stored(StoredNeeded),
    /// Whom the subject may search for.
    Persons(PersonsNeeded),
    /// Which kinds of a person's records the subject may search for.
    Categories(CategoriesNeeded),
    /// What a page of a search stands for.
    Page(PageNeeded),
    /// A batch: not one request, but as many as it has entries.
    Batch(Batch),
    /// What each entry of a transaction needs.
    Transaction(Transaction),
}

/// It has to be known whose records the subject may search: no person is named.
#[derive(Clone, Debug)]
pub struct PersonsNeeded(Search);

impl PersonsNeeded {
    pub(crate) const fn of(search: Search) -> Self {
        Self(search)
    }

    /// What has to be permitted for a person to be searched for. The persons are yet to be put in; where none is wanted
    /// ([`Category::Directory`]) it is asked once, for nobody.
    #[must_use]
    pub fn wanted(&self) -> Vec<Claim> {
        self.0.wanted()
    }

    /// Goes on with these persons: those for whom all of it is permitted.
    ///
    /// # Errors
    /// There are none, or more than one search can name; they are others than when the page was sealed.
    pub fn read(self, persons: Vec<PersonId>) -> Result<Need, Unreadable> {
        self.0.narrowed_to(persons).map(Need::Done)
    }
}

/// It has to be known which kinds of a person's records the subject may search: none is named.
#[derive(Clone, Debug)]
pub struct CategoriesNeeded(Everything);

impl CategoriesNeeded {
    pub(crate) const fn of(everything: Everything) -> Self {
        Self(everything)
    }

    /// What may be permitted, or not: a claim for each kind.
    #[must_use]
    pub fn wanted(&self) -> Vec<Claim> {
        self.0.wanted()
    }

    /// Goes on with these: those that are permitted.
    ///
    /// # Errors
    /// They are others than when the page was sealed.
    pub fn read(self, permitted: &[Category]) -> Result<Need, Unreadable> {
        self.0.narrowed_to(permitted).map(Need::Done)
    }
}

/// A page of a search is turned to: what it stands for is sealed.
#[derive(Clone, Debug)]
pub struct PageNeeded {
    fhir_type: FhirType,
    sealed: String,
}

impl PageNeeded {
    pub(crate) const fn of(fhir_type: FhirType, sealed: String) -> Self {
        Self { fhir_type, sealed }
    }

    /// As it was sealed ([`crate::Gatekeeper::seal_page`]), and has to be opened for the same subject.
    #[must_use]
    pub fn sealed(&self) -> &str {
        &self.sealed
    }

    /// Reads what was opened; none if it could not be. The search is read like a new one, and decided on anew.
    ///
    /// # Errors
    /// [`Unreadable::PageOver`].
    pub fn read(self, ticket: Option<&[u8]>) -> Result<Need, Unreadable> {
        let ticket = ticket.and_then(Ticket::read).ok_or(Unreadable::PageOver)?;
        search::turn(self.fhir_type, ticket)
    }
}

/// The body is needed.
#[derive(Clone, Debug)]
pub struct BodyNeeded(pub(crate) BodyFor);

/// What the body is for.
#[derive(Clone, Debug)]
pub(crate) enum BodyFor {
    /// `POST _search`, with the parameters of the target; within the compartment of a person, if one is named.
    Search { fhir_type: FhirType, person: Option<PersonId>, query: Vec<(String, String)> },
    /// A create or an update.
    Resource(Box<Draft>),
    /// A patch.
    Patch(Patching),
    /// A batch or transaction, whose answer may leave out what was written.
    Bundle { minimal: bool },
    /// What a route of a map takes.
    Mapped(Box<Asked>),
}

impl BodyNeeded {
    /// How many bytes it may have; whoever reads it need not read more.
    #[must_use]
    pub fn bytes_max(&self) -> usize {
        match &self.0 {
            BodyFor::Search { .. } => FORM_BYTES_MAX,
            BodyFor::Resource(draft) => draft.fhir_type.bytes_max(),
            BodyFor::Bundle { .. } => BUNDLE_BYTES_MAX,
            BodyFor::Patch(patching) => patching.fhir_type.bytes_max(),
            BodyFor::Mapped(asked) => asked.bytes_max(),
        }
    }

    /// Reads it.
    ///
    /// # Errors
    /// Too large, not readable in one way, not what the target says, or reaching into another person's records.
    pub fn read(self, body: &[u8]) -> Result<Need, Unreadable> {
        if body.len() > self.bytes_max() {
            return Err(Unreadable::BodyTooLarge(self.bytes_max()));
        }
        match self.0 {
            BodyFor::Search { fhir_type, person, query } => {
                let plain = std::str::from_utf8(body).map_err(|_| Unreadable::Body("is no form"))?;
                let form = if plain.is_empty() { Query::default() } else { Query::read(plain)? };
                let query = Query(query.iter().map(|(name, value)| (name.as_str(), value.clone())).collect());
                let query = query.merged(form)?.without_form()?;
                match person {
                    Some(person) => search::within(person, fhir_type, &query),
                    None => search::read(fhir_type, &query),
                }
            }
            BodyFor::Resource(draft) => draft.read(body)?.next(),
            BodyFor::Bundle { minimal } => bundle::read(body, minimal),
            BodyFor::Patch(patching) => patching.read(body),
            BodyFor::Mapped(asked) => asked.read_body(body),
        }
    }

    /// A body within a transaction, which may refer to its neighbours.
    pub(crate) fn among(mut self, neighbours: &Arc<Neighbours>) -> Self {
        if let BodyFor::Resource(draft) = &mut self.0 {
            draft.neighbours = Arc::clone(neighbours);
        }
        self
    }
}

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

/// A stored version is needed: of the record itself, or of one that it links to; or which record a condition means.
#[derive(Clone, Debug)]
pub struct StoredNeeded(LookUp);

#[derive(Clone, Debug)]
enum LookUp {
    Fhir(FhirLookUp),
    Mapped(MappedLookUp),
}

/// In FHIR.
#[derive(Clone, Debug)]
struct FhirLookUp {
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

    pub(crate) const fn mapped(look_up: MappedLookUp) -> Self {
        Self(LookUp::Mapped(look_up))
    }

    /// What to ask the store for, by `GET`: as little as says whose the record is, where the store can be asked for so little.
    #[must_use]
    pub fn target(&self) -> &str {
        match &self.0 {
            LookUp::Fhir(look_up) => look_up.target(),
            LookUp::Mapped(look_up) => look_up.target(),
        }
    }

    /// In which form (`Accept`).
    #[must_use]
    pub const fn accept(&self) -> &'static str {
        match &self.0 {
            LookUp::Fhir(_) => "application/fhir+json",
            LookUp::Mapped(_) => "application/json",
        }
    }

    /// Whether an index may answer instead. True for reads whose answer is read too: what the store then returns is
    /// resolved anew before release. False for the bytes of a document, which are not read, so that nothing would find
    /// out that the index is wrong; for what a record was once; and for writes, where the version looked at is the one that
    /// will be replaced. Of what is false here an index may not learn either.
    #[must_use]
    pub fn cacheable(&self) -> bool {
        match &self.0 {
            LookUp::Fhir(look_up) => look_up.cacheable(),
            LookUp::Mapped(look_up) => look_up.cacheable(),
        }
    }

    /// Which record is looked up; for a condition, of which type.
    #[must_use]
    pub const fn record(&self) -> &RecordRef {
        match &self.0 {
            LookUp::Fhir(look_up) => look_up.record(),
            LookUp::Mapped(look_up) => look_up.record(),
        }
    }

    /// Whose record is meant, where that is said by more than the record itself: for the audit entry of a refusal.
    #[must_use]
    pub fn person(&self) -> Option<&PersonId> {
        match &self.0 {
            LookUp::Fhir(look_up) => look_up.person(),
            LookUp::Mapped(_) => None,
        }
    }

    /// What has to be permitted before this look-up is made: what the request itself names, and whatever the look-up would
    /// bring. Whoever is not permitted is refused on this, and the store is not asked.
    #[must_use]
    pub fn first(&self) -> Option<Touches> {
        match &self.0 {
            LookUp::Fhir(look_up) => look_up.first(),
            LookUp::Mapped(_) => None,
        }
    }

    /// What to ask the store for when it failed this look-up, to learn whether it fails every one: a record of the same kind
    /// that nobody has.
    #[must_use]
    pub fn probe(&self, nobodys: &str) -> String {
        match &self.0 {
            LookUp::Fhir(look_up) => look_up.probe(nobodys),
            LookUp::Mapped(look_up) => look_up.probe(nobodys),
        }
    }

    /// Reads the store's answer.
    ///
    /// # Errors
    /// [`Unreadable::NotThere`], also for a linked record that is another person's; [`Unreadable::Withheld`] when it cannot be
    /// told whose it is; [`Unreadable::StoreFailed`].
    pub fn read(self, status: u16, etag: Option<&str>, body: &[u8]) -> Result<Need, Unreadable> {
        match self.0 {
            LookUp::Fhir(look_up) => look_up.read(status, etag, body),
            LookUp::Mapped(look_up) => look_up.read(status, etag, body),
        }
    }

    /// Takes the answer from an index. An index that knows no single person, may not be asked, or says what the request
    /// contradicts, changes nothing.
    pub fn from_index(self, persons: &[PersonId]) -> Need {
        match (self.0, persons) {
            (LookUp::Fhir(look_up), persons) => look_up.known_by_index(persons),
            (LookUp::Mapped(look_up), [person]) if look_up.cacheable() => {
                let known = look_up.clone().known_by_index(person);
                known.unwrap_or(Need::Stored(Self(LookUp::Mapped(look_up))))
            }
            (mapped, _) => Need::Stored(Self(mapped)),
        }
    }
}

impl FhirLookUp {
    /// Only what says whose it is, who wrote it and how it is labelled is asked for; the record itself is not read before the
    /// decision, unless it is to be patched.
    fn target(&self) -> &str {
        &self.target
    }

    const fn cacheable(&self) -> bool {
        matches!(&self.purpose, Purpose::Read(reading) if reading.is_cacheable())
    }

    const fn record(&self) -> &RecordRef {
        &self.record
    }

    fn person(&self) -> Option<&PersonId> {
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
    fn first(&self) -> Option<Touches> {
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

    fn probe(&self, nobodys: &str) -> String {
        with_elements(&format!("/fhir/{}/{nobodys}", self.fhir_type), &["id"])
    }

    fn read(self, status: u16, etag: Option<&str>, body: &[u8]) -> Result<Need, Unreadable> {
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

    fn known_by_index(self, persons: &[PersonId]) -> Need {
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
