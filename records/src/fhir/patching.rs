//! A part of a record changed (<https://hl7.org/fhir/R4/http.html#patch>). The whole stored version is looked up and the patch
//! applied here, so that what is decided on is the record as it will be; the store gets a plain update of that version.
//!
//! A `test` that fails, a path that finds nothing: each tells what is in the record. So a patch has to be permitted as a read
//! of the stored version beside the update, and what does not fit is said after the permit. Whose it is, is looked up first:
//! the record itself is not even asked for on behalf of whoever may not read and update it.

use std::sync::Arc;

use model::Action;

use super::bundle::Neighbours;
use super::condition::{Criteria, Matches, Selector, refused_by_the_store};
use super::draft::Draft;
use super::person::Owner;
use super::types::FhirType;
use crate::error::Unreadable;
use crate::json::Object;
use crate::need::{Need, Stored, StoredNeeded};
use crate::patch::{Patch, PatchKind, apply};
use crate::touches::{AnswerKind, Claim, RecordId, RecordRef, Touches};

/// See the module.
#[derive(Clone, Debug)]
pub(crate) struct Patching {
    pub(crate) fhir_type: FhirType,
    kind: PatchKind,
    selector: Selector,
    /// The version that the client named.
    named: Option<String>,
    minimal: bool,
    /// The patch, as it came; it has been read.
    body: Vec<u8>,
    /// What has to be permitted for finding the record.
    also: Option<Claim>,
    /// The other entries of its transaction: what comes of the patch may link to what they replace.
    pub(crate) neighbours: Arc<Neighbours>,
}

impl Patching {
    pub(crate) fn of(
        fhir_type: FhirType,
        kind: PatchKind,
        selector: Selector,
        named: Option<String>,
        minimal: bool,
    ) -> Self {
        Self { fhir_type, kind, selector, named, minimal, body: Vec::new(), also: None, neighbours: Arc::default() }
    }

    /// Reads the patch: whether it is one. What is wrong with it now is the client's own.
    pub(crate) fn read(mut self, body: &[u8]) -> Result<Need, Unreadable> {
        self.patch(body)?;
        self.body = body.to_vec();
        Ok(self.next())
    }

    fn patch<'a>(&self, body: &'a [u8]) -> Result<Patch<'a>, Unreadable> {
        Ok(match self.kind {
            PatchKind::Json => Patch::read_json(body)?,
            PatchKind::Fhirpath => Patch::read_parameters(body)?,
        })
    }

    fn next(self) -> Need {
        self.selector.clone().sought(self.fhir_type, self.into())
    }

    /// Takes what the criteria mean.
    pub(crate) fn found(mut self, criteria: &Criteria, found: Matches) -> Result<Need, Unreadable> {
        criteria.one(found, Action::Update, |id, claim| {
            self.selector = Selector::Id(id);
            self.also = Some(claim);
            self.next()
        })
    }

    /// Takes whose it is. The record itself comes next, for whoever is permitted this.
    pub(crate) fn whose(self, id: RecordId, stored: &Stored) -> Result<Need, Unreadable> {
        // Nothing has been applied: whoever is refused this first, and permitted it a moment later, hears no more than that.
        let first = self.unwritten(&id, stored, Unreadable::NotThere)?;
        Ok(Need::Stored(StoredNeeded::whole(self.fhir_type, id, self, first)))
    }

    /// Takes the version that is changed.
    pub(crate) fn changing(self, id: RecordId, stored: Stored, resource: &Object<'_>) -> Result<Need, Unreadable> {
        let draft = Draft::update(self.fhir_type, Selector::Id(id.clone()), self.named.clone()).patched(
            self.minimal,
            self.also(&stored)?,
            Arc::clone(&self.neighbours),
        );
        let written = self.patch(&self.body).and_then(|patch| draft.take(&apply(&patch, resource)?));
        match written {
            Ok(draft) => draft.replacing(id, stored, resource)?.next(),
            // What comes of it is no record, or reaches into another person's: that, too, tells of what is stored.
            Err(wrong) => Ok(Need::Done(self.unwritten(&id, &stored, wrong)?)),
        }
    }

    /// What has to be permitted beside the update.
    fn also(&self, stored: &Stored) -> Result<Vec<Claim>, Unreadable> {
        let mut also = vec![self.read_of(stored)?];
        also.extend(self.also.clone());
        Ok(also)
    }

    /// That the stored version is read.
    fn read_of(&self, stored: &Stored) -> Result<Claim, Unreadable> {
        // Without a version nothing could be written, whatever the patch does.
        stored.version()?;
        let Owner::Person(person) = &stored.owner else {
            return Err(Unreadable::Withheld("it is nobody's".to_owned()));
        };
        let claim = Claim::read(self.fhir_type.category(), vec![person.clone()], stored.sensitive);
        Ok(Claim { authors: stored.authors.clone(), ..claim })
    }

    /// That it is updated, in the names it has: the patch has not been applied, or cannot be.
    fn update_of(&self, stored: &Stored) -> Result<Claim, Unreadable> {
        Ok(Claim { action: Action::Update, written: stored.authors.clone(), ..self.read_of(stored)? })
    }

    /// All that has to be permitted, for a change that cannot be made: because of this, which is said after the permit.
    fn unwritten(&self, id: &RecordId, stored: &Stored, wrong: Unreadable) -> Result<Touches, Unreadable> {
        let record = RecordRef::one(self.fhir_type, id.clone());
        let forward = refused_by_the_store(&record);
        let answer = AnswerKind::Resource { fhir_type: self.fhir_type };
        let touches = Touches::new(self.update_of(stored)?, vec![record], forward, answer);
        Ok(self.also(stored)?.into_iter().fold(touches, Touches::and).but(wrong))
    }
}
