//! A look-up at the store, in FHIR or by a route map.

use model::PersonId;

use super::Need;
use super::fhir::FhirLookUp;
use crate::error::Unreadable;
use crate::route_map::MappedLookUp;
use crate::touches::{RecordRef, Touches};

/// A stored version is needed: of the record itself, or of one that it links to; or which record a condition means.
#[derive(Clone, Debug)]
pub struct StoredNeeded(pub(super) LookUp);

#[derive(Clone, Debug)]
pub(super) enum LookUp {
    Fhir(FhirLookUp),
    Mapped(MappedLookUp),
}

impl StoredNeeded {
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
