//! Supported persons (支援対象者, art. 3) and their consent (参加同意書, art. 17, 21-2).

use model::lifecycle::consent;
use model::{PersonId, Timestamp, words};

words! {
    /// On which ground a person is eligible (art. 3).
    pub enum EligibilityKind ("kind of eligibility") {
        /// Insured by the city (Long-Term Care Insurance Act, art. 9).
        Insured = "insured",
        /// Lives in a facility of another municipality and stays insured by this city (the same Act, art. 13).
        AddressException = "address-exception",
    }
}

words! {
    /// Who gave consent (art. 17-1).
    pub enum GivenBy ("giver of consent") {
        /// The person.
        Person = "person",
        /// A member of the family, where the person cannot.
        Family = "family",
        /// A relative, where the person cannot.
        Relative = "relative",
    }
}

/// Why and from when to when a person is eligible (art. 3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Eligibility {
    /// On which ground.
    pub kind: EligibilityKind,
    /// The insuring municipality.
    pub municipality: String,
    /// From when.
    pub from: Timestamp,
    /// Until when (half-open); none: not foreseen.
    pub until: Option<Timestamp>,
}

impl Eligibility {
    /// Holds at `at`.
    #[must_use]
    pub fn holds_at(&self, at: Timestamp) -> bool {
        self.from <= at && self.until.is_none_or(|until| at < until)
    }
}

/// A supported person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// Who. Equal to the id of the FHIR Patient.
    pub id: PersonId,
    /// Name, 1 to 200 characters.
    pub name: String,
    /// District of the city where the person lives, as disaster use names it (art. 21); may be empty.
    pub area: String,
    /// Eligibility.
    pub eligibility: Eligibility,
    /// When registered.
    pub registered_at: Timestamp,
}

/// What stands on a consent form (art. 17-1, 21-2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsentForm {
    /// Records may be stored.
    pub store: bool,
    /// Records may be shared.
    pub share: bool,
    /// Records may be read in disaster use (art. 21-2).
    pub disaster: bool,
    /// Who gave it.
    pub given_by: GivenBy,
    /// Why it was not the person; needed for family and relatives (art. 17-1).
    pub reason: Option<String>,
    /// The date on the form.
    pub signed_at: Timestamp,
    /// When the city received it.
    pub received_at: Timestamp,
    /// SHA-256 of the scanned form.
    pub form_hash: Option<[u8; 32]>,
}

/// Where a person's consent stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Consent {
    /// Whose.
    pub person: PersonId,
    /// Where it stands.
    pub state: consent::State,
    /// The newest form, if there ever was one. Its scopes count only while `state` is given.
    pub form: Option<ConsentForm>,
    /// Why support was stopped (art. 17-2); none while it is not.
    pub withdrawal: Option<String>,
    /// Since when it stands so.
    pub since: Timestamp,
}

impl Consent {
    /// Storing is agreed to. False unless given.
    #[must_use]
    pub fn store(&self) -> bool {
        self.in_force().is_some_and(|form| form.store)
    }

    /// Sharing is agreed to. False unless given.
    #[must_use]
    pub fn share(&self) -> bool {
        self.in_force().is_some_and(|form| form.share)
    }

    /// Disaster use is agreed to (art. 21-2). False unless given.
    #[must_use]
    pub fn disaster(&self) -> bool {
        self.in_force().is_some_and(|form| form.disaster)
    }

    fn in_force(&self) -> Option<&ConsentForm> {
        self.form.as_ref().filter(|_| self.state == consent::State::Given)
    }
}
