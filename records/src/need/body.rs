//! What a body is for, and what it shows.

use std::sync::Arc;

use model::PersonId;

use super::Need;
use crate::bounds::{BUNDLE_BYTES_MAX, FORM_BYTES_MAX};
use crate::error::Unreadable;
use crate::fhir::bundle::{self, Neighbours};
use crate::fhir::draft::Draft;
use crate::fhir::patching::Patching;
use crate::fhir::search;
use crate::fhir::types::FhirType;
use crate::route_map::Asked;
use crate::target::Query;

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
    Patch(Box<Patching>),
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

    /// A body within a transaction, which may refer to its neighbours, and be referred to.
    pub(crate) fn among(mut self, neighbours: &Arc<Neighbours>, referred_to: bool) -> Self {
        match &mut self.0 {
            BodyFor::Resource(draft) => {
                draft.neighbours = Arc::clone(neighbours);
                draft.referred_to = referred_to;
            }
            BodyFor::Patch(patching) => patching.neighbours = Arc::clone(neighbours),
            BodyFor::Search { .. } | BodyFor::Bundle { .. } | BodyFor::Mapped(_) => {}
        }
        self
    }
}
