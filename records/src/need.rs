//! What must be read before it is known whose records a request touches: a body, a stored version, or nothing more.

use model::{Action, Category, PersonId};

use crate::bounds::{FORM_BYTES_MAX, SEARCHED_PERSONS_MAX};
use crate::error::Unreadable;
use crate::fhir::draft::Draft;
use crate::fhir::interaction::{self, Reading};
use crate::fhir::person::{self, Owner};
use crate::fhir::search::{self, Search};
use crate::fhir::types::{FhirType, PersonElement};
use crate::json;
use crate::route_map::{Asked, MappedLookUp};
use crate::target::{self, Query};
use crate::touches::{RecordId, RecordRef, Touches};

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
}

/// It has to be known whose records the subject may search: no person is named.
#[derive(Clone, Debug)]
pub struct PersonsNeeded(Search);

impl PersonsNeeded {
    pub(crate) const fn of(search: Search) -> Self {
        Self(search)
    }

    /// What has to be permitted for a person to be searched for.
    #[must_use]
    pub fn wanted(&self) -> Vec<(Action, Category)> {
        self.0.wanted()
    }

    /// Goes on with these persons: those for whom all of it is permitted.
    ///
    /// # Errors
    /// There are none, or more than one search can name.
    pub fn read(self, persons: Vec<PersonId>) -> Result<Need, Unreadable> {
        match persons.len() {
            0 => Err(Unreadable::NotThere),
            1..=SEARCHED_PERSONS_MAX => Ok(Need::Done(self.0.about(persons))),
            _ => Err(Unreadable::TooManyPersons),
        }
    }
}

/// The body is needed.
#[derive(Clone, Debug)]
pub struct BodyNeeded(pub(crate) BodyFor);

/// What the body is for.
#[derive(Clone, Debug)]
pub(crate) enum BodyFor {
    /// `POST _search`, with the parameters of the target.
    Search { fhir_type: FhirType, query: Vec<(String, String)> },
    /// A create or an update.
    Resource(Draft),
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
            BodyFor::Search { fhir_type, query } => {
                let plain = std::str::from_utf8(body).map_err(|_| Unreadable::Body("is no form"))?;
                let form = if plain.is_empty() { Query::default() } else { Query::read(plain)? };
                let query = Query(query.iter().map(|(name, value)| (name.as_str(), value.clone())).collect());
                search::read(fhir_type, query.merged(form)?.without_form()?)
            }
            BodyFor::Resource(draft) => draft.read(body)?.next(),
            BodyFor::Mapped(asked) => asked.read_body(body),
        }
    }
}

/// A stored version is needed: of the record itself, or of one that it links to.
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
    id: RecordId,
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
    /// Which version is to be replaced, and whose is it?
    Version(Box<Draft>),
}

impl StoredNeeded {
    pub(crate) fn read_of(fhir_type: FhirType, id: RecordId, reading: Reading) -> Self {
        Self::new(fhir_type, id, Purpose::Read(reading))
    }

    pub(crate) fn link_of(fhir_type: FhirType, id: RecordId, draft: Draft) -> Self {
        Self::new(fhir_type, id, Purpose::Link(Box::new(draft)))
    }

    pub(crate) fn version_of(fhir_type: FhirType, id: RecordId, draft: Draft) -> Self {
        Self::new(fhir_type, id, Purpose::Version(Box::new(draft)))
    }

    fn new(fhir_type: FhirType, id: RecordId, purpose: Purpose) -> Self {
        let record = RecordRef::one(fhir_type, id.clone());
        let element = match fhir_type.person_element() {
            PersonElement::Reference(element) => element,
            PersonElement::OwnId | PersonElement::None => "id",
        };
        // What is replaced keeps its labels.
        let elements = match purpose {
            Purpose::Version(_) => format!("{element},meta"),
            Purpose::Read(_) | Purpose::Link(_) => element.to_owned(),
        };
        let target = target::build(&format!("/fhir/{record}"), [("_elements", elements.as_str())]);
        Self(LookUp::Fhir(FhirLookUp { fhir_type, id, record, target, purpose }))
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
    /// out that the index is wrong; and for writes, where the version looked at is the one that will be replaced.
    #[must_use]
    pub fn cacheable(&self) -> bool {
        match &self.0 {
            LookUp::Fhir(look_up) => look_up.cacheable(),
            LookUp::Mapped(look_up) => look_up.cacheable(),
        }
    }

    /// Which record is looked up.
    #[must_use]
    pub const fn record(&self) -> &RecordRef {
        match &self.0 {
            LookUp::Fhir(look_up) => look_up.record(),
            LookUp::Mapped(look_up) => look_up.record(),
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
            (LookUp::Fhir(look_up), persons) => look_up.from_index(persons),
            (LookUp::Mapped(look_up), [person]) if look_up.cacheable() => {
                let known = look_up.clone().from_index(person);
                known.unwrap_or(Need::Stored(Self(LookUp::Mapped(look_up))))
            }
            (mapped, _) => Need::Stored(Self(mapped)),
        }
    }
}

impl FhirLookUp {
    /// Only the element that names the person is asked for; the record itself is not read before the decision.
    fn target(&self) -> &str {
        &self.target
    }

    const fn cacheable(&self) -> bool {
        matches!(&self.purpose, Purpose::Read(reading) if !reading.is_opaque())
    }

    const fn record(&self) -> &RecordRef {
        &self.record
    }

    fn probe(&self, nobodys: &str) -> String {
        target::build(&format!("/fhir/{}/{nobodys}", self.fhir_type), [("_elements", "id")])
    }

    fn read(self, status: u16, etag: Option<&str>, body: &[u8]) -> Result<Need, Unreadable> {
        match status {
            200 => {}
            404 | 410 => return Err(Unreadable::NotThere),
            other => return Err(Unreadable::StoreFailed(other)),
        }
        let tree = json::parse(body).map_err(|fault| withheld(&fault))?;
        let resource = tree.object().ok_or_else(|| withheld(&"is no resource"))?;
        interaction::is_the_one(resource, self.fhir_type, Some(&self.id)).map_err(|why| withheld(&why))?;
        let owner = person::owner(resource, self.fhir_type).map_err(|unclear| withheld(&unclear))?;
        match self.purpose {
            // Without a tag nobody could tell whether the bytes that come next are of the version looked at.
            Purpose::Read(reading) if reading.is_opaque() && etag.is_none_or(str::is_empty) => {
                Err(withheld(&"comes without an entity tag"))
            }
            Purpose::Read(reading) => {
                Ok(Need::Done(reading.done(self.fhir_type, self.record, owner, etag.unwrap_or_default())))
            }
            Purpose::Link(draft) => draft.linked(&owner)?.next(),
            Purpose::Version(draft) => draft.replacing(owner, etag, resource)?.next(),
        }
    }

    fn from_index(self, persons: &[PersonId]) -> Need {
        match (self.purpose, persons) {
            (Purpose::Read(reading), [person]) if !reading.is_opaque() => {
                Need::Done(reading.done(self.fhir_type, self.record, Owner::Person(person.clone()), ""))
            }
            (purpose, _) => Need::Stored(StoredNeeded(LookUp::Fhir(Self { purpose, ..self }))),
        }
    }
}

fn withheld(why: &dyn std::fmt::Display) -> Unreadable {
    Unreadable::Withheld(format!("it {why}"))
}
