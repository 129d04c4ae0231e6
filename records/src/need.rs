//! What must be read before it is known whose records a request touches: a body, a stored version, what a page stands for,
//! whom the subject may search for, or nothing more.

use model::{Category, PersonId};

use crate::bounds::FORM_BYTES_MAX;
use crate::error::Unreadable;
use crate::fhir::draft::Draft;
use crate::fhir::interaction::{self, Reading};
use crate::fhir::person::{self, Owner};
use crate::fhir::search::everything::Everything;
use crate::fhir::search::page::Ticket;
use crate::fhir::search::{self, Search};
use crate::fhir::types::{FhirType, PersonElement};
use crate::json;
use crate::target::{self, Query};
use crate::touches::{Claim, RecordId, RecordRef, Touches};

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
    /// `POST _search`, with the parameters of the target.
    /// Within the compartment of a person, if there is one.
    Search { fhir_type: FhirType, person: Option<PersonId>, query: Vec<(String, String)> },
    /// A create or an update.
    Resource(Draft),
}

impl BodyNeeded {
    /// How many bytes it may have; whoever reads it need not read more.
    #[must_use]
    pub const fn bytes_max(&self) -> usize {
        match &self.0 {
            BodyFor::Search { .. } => FORM_BYTES_MAX,
            BodyFor::Resource(draft) => draft.fhir_type.bytes_max(),
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
        }
    }
}

/// A stored version is needed: of the record itself, or of one that it links to.
#[derive(Clone, Debug)]
pub struct StoredNeeded {
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
            PersonElement::Reference(element) | PersonElement::OneOf(element, _) => element,
            PersonElement::OwnId | PersonElement::None => "id",
        };
        // What is replaced keeps its labels.
        let elements = match purpose {
            Purpose::Version(_) => format!("{element},meta"),
            Purpose::Read(_) | Purpose::Link(_) => element.to_owned(),
        };
        let target = target::build(&format!("/fhir/{record}"), [("_elements", elements.as_str())]);
        Self { fhir_type, id, record, target, purpose }
    }

    /// What to ask the store for: `GET`, `Accept: application/fhir+json`. Only the element that names the person is asked
    /// for; the record itself is not read before the decision.
    #[must_use]
    pub fn target(&self) -> &str {
        &self.target
    }

    /// Whether an index may answer instead. True for reads whose answer is read too: what the store then returns is
    /// resolved anew before release. False for the bytes of a document, which are not read, so that nothing would find
    /// out that the index is wrong; and for writes, where the version looked at is the one that will be replaced.
    #[must_use]
    pub const fn cacheable(&self) -> bool {
        matches!(&self.purpose, Purpose::Read(reading) if !reading.is_opaque())
    }

    /// Which record is looked up.
    #[must_use]
    pub const fn record(&self) -> &RecordRef {
        &self.record
    }

    /// What to ask the store for when it failed this look-up, to learn whether it fails every one: a record of the same type
    /// that nobody has.
    #[must_use]
    pub fn probe(&self, nobodys: &str) -> String {
        target::build(&format!("/fhir/{}/{nobodys}", self.fhir_type), [("_elements", "id")])
    }

    /// Reads the store's answer.
    ///
    /// # Errors
    /// [`Unreadable::NotThere`], also for a linked record that is another person's; [`Unreadable::Withheld`] when it cannot be
    /// told whose it is; [`Unreadable::StoreFailed`].
    pub fn read(self, status: u16, etag: Option<&str>, body: &[u8]) -> Result<Need, Unreadable> {
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

    /// Takes the answer from an index. An index that knows no single person, or may not be asked, changes nothing.
    pub fn from_index(self, persons: &[PersonId]) -> Need {
        match (self.purpose, persons) {
            (Purpose::Read(reading), [person]) if !reading.is_opaque() => {
                Need::Done(reading.done(self.fhir_type, self.record, Owner::Person(person.clone()), ""))
            }
            (purpose, _) => Need::Stored(Self { purpose, ..self }),
        }
    }
}

fn withheld(why: &dyn std::fmt::Display) -> Unreadable {
    Unreadable::Withheld(format!("it {why}"))
}
