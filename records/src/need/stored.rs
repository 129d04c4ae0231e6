//! Look-ups at the store, in FHIR or by a route map.

use model::{Action, PersonId};

use super::Need;
use super::fhir::FhirNeeded;
use crate::error::Unreadable;
use crate::route_map::MappedNeeded;
use crate::target;
use crate::touches::{RecordKind, RecordRef, Touches};

/// Stored versions are needed: of the record itself, and of those that it links to; or which record a condition means. All
/// look-ups that the words of the request name are made, whatever one of them shows: how many there are, and how long they
/// take, tells nothing of what is stored (promise P4).
#[derive(Clone, Debug)]
pub struct StoredNeeded(pub(super) Needed);

#[derive(Clone, Debug)]
pub(super) enum Needed {
    Fhir(FhirNeeded),
    Mapped(MappedNeeded),
}

/// One look-up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LookUp {
    pub(crate) record: RecordRef,
    pub(crate) target: String,
}

impl LookUp {
    /// Which record is looked up; for a condition, of which type.
    #[must_use]
    pub const fn record(&self) -> &RecordRef {
        &self.record
    }

    /// What to ask the store for, by `GET`: as little as says whose the record is, where the store can be asked for so little.
    /// Two look-ups of one target show the same, and need not both be made.
    #[must_use]
    pub fn target(&self) -> &str {
        &self.target
    }

    /// In which form (`Accept`).
    #[must_use]
    pub const fn accept(&self) -> &'static str {
        match self.record.kind {
            RecordKind::Fhir(_) => "application/fhir+json",
            RecordKind::Mapped { .. } => "application/json",
        }
    }
}

/// What a look-up showed.
#[derive(Clone, Copy, Debug)]
pub struct LookedUp<'a> {
    /// Status of the store's answer.
    pub status: u16,
    /// Its entity tag.
    pub etag: Option<&'a str>,
    /// Its body.
    pub body: &'a [u8],
}

impl StoredNeeded {
    pub(crate) const fn mapped(needed: MappedNeeded) -> Self {
        Self(Needed::Mapped(needed))
    }

    /// What has to be looked up, in the order in which [`Self::read`] takes what it shows. Never empty.
    #[must_use]
    pub fn look_ups(&self) -> &[LookUp] {
        match &self.0 {
            Needed::Fhir(needed) => needed.look_ups(),
            Needed::Mapped(needed) => std::slice::from_ref(needed.look_up()),
        }
    }

    /// How many more follow by the words of the request, at most: the version of the record that a condition means, the whole
    /// of what is patched. Records that a patch links to are not among them.
    #[must_use]
    pub fn further(&self) -> usize {
        match &self.0 {
            Needed::Fhir(needed) => needed.further(),
            Needed::Mapped(_) => 0,
        }
    }

    /// In which form (`Accept`).
    #[must_use]
    pub const fn accept(&self) -> &'static str {
        match &self.0 {
            Needed::Fhir(_) => "application/fhir+json",
            Needed::Mapped(_) => "application/json",
        }
    }

    /// Whether an index may answer instead. True for reads whose answer is read too: what the store then returns is
    /// resolved anew before release. False for the bytes of a document, which are not read, so that nothing would find
    /// out that the index is wrong; for what a record was once; and for writes, where the version looked at is the one that
    /// will be replaced. Of what is false here an index may not learn either.
    #[must_use]
    pub fn cacheable(&self) -> bool {
        match &self.0 {
            Needed::Fhir(needed) => needed.cacheable(),
            Needed::Mapped(needed) => needed.cacheable(),
        }
    }

    /// Which record the request is about, or of which type.
    #[must_use]
    pub const fn record(&self) -> &RecordRef {
        match &self.0 {
            Needed::Fhir(needed) => needed.record(),
            Needed::Mapped(needed) => needed.look_up().record(),
        }
    }

    /// What is to be done to it: for the audit entry of a refusal.
    #[must_use]
    pub fn action(&self) -> Action {
        match &self.0 {
            Needed::Fhir(needed) => needed.action(),
            Needed::Mapped(needed) => needed.action(),
        }
    }

    /// Whose record is meant, where that is said by more than the record itself: for the audit entry of a refusal.
    #[must_use]
    pub fn person(&self) -> Option<&PersonId> {
        match &self.0 {
            Needed::Fhir(needed) => needed.person(),
            Needed::Mapped(_) => None,
        }
    }

    /// What has to be permitted before any look-up is made: what the request itself names, and whatever the look-ups would
    /// bring. Whoever is not permitted is refused on this, and the store is not asked.
    #[must_use]
    pub fn first(&self) -> Option<Touches> {
        match &self.0 {
            Needed::Fhir(needed) => needed.first(),
            Needed::Mapped(_) => None,
        }
    }

    /// What to ask the store for when it failed a look-up of such a record, to learn whether it fails every one: a record of the
    /// same kind that nobody has.
    #[must_use]
    pub fn probe(&self, failed: &RecordRef, nobodys: &str) -> String {
        match &self.0 {
            Needed::Fhir(_) => target::build(&format!("/fhir/{}/{nobodys}", failed.kind), [("_elements", "id")]),
            Needed::Mapped(needed) => needed.probe(nobodys),
        }
    }

    /// Reads the store's answers, one to each look-up.
    ///
    /// # Errors
    /// [`Unreadable::NotThere`], also for a linked record that is another person's, and where an answer is missing;
    /// [`Unreadable::Withheld`] when it cannot be told whose it is; [`Unreadable::StoreFailed`].
    pub fn read(self, shown: &[LookedUp<'_>]) -> Result<Need, Unreadable> {
        match (self.0, shown) {
            (Needed::Fhir(needed), shown) => needed.read(shown),
            (Needed::Mapped(needed), [shown]) => needed.read(shown),
            (Needed::Mapped(_), _) => Err(Unreadable::NotThere),
        }
    }

    /// Takes the answer from an index. An index that knows no single person, may not be asked, or says what the request
    /// contradicts, changes nothing.
    pub fn from_index(self, persons: &[PersonId]) -> Need {
        match (self.0, persons) {
            (Needed::Fhir(needed), persons) => needed.known_by_index(persons),
            (Needed::Mapped(needed), [person]) if needed.cacheable() => {
                let known = needed.clone().known_by_index(person);
                known.unwrap_or(Need::Stored(Self(Needed::Mapped(needed))))
            }
            (mapped, _) => Need::Stored(Self(mapped)),
        }
    }
}
