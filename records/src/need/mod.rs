//! What must be read before it is known whose records a request touches: a body, a stored version, what a page stands for,
//! whom the subject may search for, or nothing more.

mod body;
mod fhir;
mod stored;

use model::{Category, PersonId};

use crate::error::Unreadable;
use crate::fhir::bundle::{Batch, Transaction};
use crate::fhir::search::everything::Everything;
use crate::fhir::search::page::Ticket;
use crate::fhir::search::{self, Search};
use crate::fhir::types::FhirType;
use crate::touches::{Claim, Touches};

pub(crate) use body::BodyFor;
pub use body::BodyNeeded;
pub(crate) use fhir::{Stored, Work, person_element};
pub use stored::{LookUp, LookedUp, StoredNeeded};

/// What is needed next.
#[derive(Clone, Debug)]
#[must_use]
pub enum Need {
    /// Nothing: this is what the request touches.
    Done(Touches),
    /// The whole body.
    Body(BodyNeeded),
    /// Versions at the store.
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
