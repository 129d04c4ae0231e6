//! A record on its way out (<https://hl7.org/fhir/R4/http.html#delete>). Who may remove is the policy's to say (art. 17-2,
//! 19-2); here it is found out whose record it is, so that it can. Nothing of it comes back.

use model::Action;

use super::condition::{Criteria, Matches, Selector};
use super::person::Owner;
use super::types::FhirType;
use crate::error::Unreadable;
use crate::need::{Need, Stored};
use crate::touches::{AnswerKind, Authors, Claim, Forward, ForwardBody, RecordId, RecordRef, Touches};

/// See the module.
#[derive(Clone, Debug)]
pub(crate) struct Removal {
    fhir_type: FhirType,
    selector: Selector,
    /// The version that the client named.
    named: Option<String>,
    /// What has to be permitted beside the removal itself.
    also: Vec<Claim>,
}

impl Removal {
    pub(crate) const fn of(fhir_type: FhirType, selector: Selector, named: Option<String>) -> Self {
        Self { fhir_type, selector, named, also: Vec::new() }
    }

    /// What is needed next.
    pub(crate) fn next(self) -> Need {
        self.selector.clone().sought(self.fhir_type, self.into())
    }

    /// Takes what the criteria mean.
    pub(crate) fn found(mut self, criteria: &Criteria, found: Matches) -> Result<Need, Unreadable> {
        criteria.one(found, Action::Delete, |id, claim| {
            self.selector = Selector::Id(id);
            self.also.push(claim);
            self.next()
        })
    }

    /// Takes the version that will be removed.
    pub(crate) fn removing(self, id: RecordId, stored: Stored) -> Result<Touches, Unreadable> {
        let version = stored.version()?;
        let Owner::Person(person) = stored.owner else {
            return Err(Unreadable::Withheld("it is nobody's".to_owned()));
        };
        let stale = self.named.is_some_and(|named| named != version);
        let record = RecordRef::one(self.fhir_type, id);
        let claim = Claim {
            action: Action::Delete,
            category: record.category(),
            persons: vec![person],
            authors: stored.authors,
            written: Authors::Unknown,
            beneath: Vec::new(),
            sensitive: stored.sensitive,
            record: Some(record.name()?),
        };
        let forward = Forward {
            method: "DELETE",
            target: format!("/fhir/{record}"),
            if_match: Some(format!("W/\"{version}\"")),
            content_type: None,
            headers: Vec::new(),
            body: ForwardBody::None,
            within: None,
        };
        let answer = AnswerKind::Resource { fhir_type: self.fhir_type };
        let touches = self.also.into_iter().fold(Touches::new(claim, vec![record], forward, answer), Touches::and);
        Ok(if stale { touches.but(Unreadable::Stale) } else { touches })
    }
}
