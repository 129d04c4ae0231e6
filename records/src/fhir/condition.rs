//! Criteria of conditional interactions (<https://hl7.org/fhir/R4/http.html#ccreate>, `#cond-update`, `#cdelete`, `#patch`): a
//! search that says which record is meant.
//!
//! They are read with the search grammar of the type, and are about one person: the one of the body, or where there is no
//! body that says, the one whom the criteria name. A conditional create goes on to the store with its criteria, which looks
//! and creates in one step; for the others the one record is looked up here, and what follows is the plain form.
//!
//! Whoever may not see some records of a person could ask for them by criteria: created or not, changed or not is an answer.
//! So criteria are a search, and have to be permitted as one. Other than those by identifier, which nobody knows who has not
//! seen or written it, they are a search in sensitive records too; and so is one by a system or a value alone.

use model::{Action, PersonId};

use super::parameters::{Parameter, Value, parameters};
use super::person::{self, Owner};
use super::search::{allowed, canonical, may_follow};
use super::types::{FhirType, PersonElement};
use crate::error::{Unreadable, quote};
use crate::json::{self, Json, Object};
use crate::need::{Need, StoredNeeded, Work, person_element};
use crate::target::{self, Query};
use crate::touches::{AnswerKind, Claim, Forward, ForwardBody, RecordId, RecordRef, Touches};

/// On every list: what conditional interactions are mostly made with.
const IDENTIFIER: Parameter = Parameter { name: "identifier", alias: "", value: Value::Token };

/// Criteria that were read.
#[derive(Clone, Debug)]
pub(crate) struct Criteria {
    pub(crate) fhir_type: FhirType,
    /// What the type calls its person.
    person_parameter: &'static str,
    person: Option<PersonId>,
    /// Name and value, in the order of the list.
    given: Vec<(&'static str, String)>,
}

/// What selects the record that a request changes (FHIR R4 http.html#cond-update).
#[derive(Clone, Debug)]
pub(crate) enum Selector {
    /// Its logical id.
    Id(RecordId),
    /// Criteria that it alone is to meet.
    Where(Criteria),
}

/// How many records match the criteria, and which (FHIR R4 http.html#cond-update).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Matches {
    None,
    One(RecordId),
    /// More than one; this is the first.
    Several(RecordId),
}

impl Selector {
    /// What has to be looked up next: the version of the record, or first which record it is.
    pub(crate) fn sought(self, fhir_type: FhirType, work: Work) -> Need {
        Need::Stored(match self {
            Self::Id(id) => StoredNeeded::version_of(fhir_type, id, work),
            Self::Where(criteria) => StoredNeeded::meant_by(criteria, work),
        })
    }
}

impl Criteria {
    /// Reads what stands in a target behind `?`.
    pub(crate) fn read(fhir_type: FhirType, query: &Query<'_>) -> Result<Self, Unreadable> {
        let list = parameters(fhir_type);
        let person_parameter = list.iter().find(|one| matches!(one.value, Value::Person));
        let person_parameter = person_parameter
            .filter(|_| matches!(fhir_type.person_element(), PersonElement::Reference(_) | PersonElement::OneOf(..)));
        let person_parameter = person_parameter.ok_or(Unreadable::Interaction("a condition on this type"))?.name;
        let mut criteria = Self { fhir_type, person_parameter, person: None, given: Vec::new() };
        let list = || std::iter::once(&IDENTIFIER).chain(list);
        for (name, value) in &query.0 {
            let fault = |why| Unreadable::Parameter { name: quote(name), why };
            let known = list().find(|one| one.name == *name || (!one.alias.is_empty() && one.alias == *name));
            let known = known.ok_or_else(|| fault("is not on the list of this type"))?;
            match known.value {
                Value::Person => {
                    if criteria.person.replace(super::search::person(name, value)?).is_some() {
                        return Err(Unreadable::OnePerson);
                    }
                }
                Value::Id | Value::Token | Value::Date | Value::Name => {
                    let before: Vec<&str> = criteria
                        .given
                        .iter()
                        .filter(|(own, _)| *own == known.name)
                        .map(|(_, value)| &**value)
                        .collect();
                    let read = canonical(known.value, value)
                        .ok_or_else(|| Unreadable::Value { name: quote(name), allowed: allowed(known.value) })?;
                    // One record is meant, not the one or the other.
                    if read.contains(',') {
                        return Err(fault("has more than one value"));
                    }
                    if !may_follow(known.value, &before, &read) {
                        return Err(fault("is given twice"));
                    }
                    criteria.given.push((known.name, read));
                }
                _ => return Err(fault("says how to answer, and nothing about a record")),
            }
        }
        if criteria.given.is_empty() {
            return Err(Unreadable::Interaction("a condition that any record of the person fulfils"));
        }
        // One condition has one form.
        criteria.given.sort();
        Ok(criteria)
    }

    /// Reads a field `If-None-Exist`.
    pub(crate) fn read_field(fhir_type: FhirType, text: &str) -> Result<Self, Unreadable> {
        Self::read(fhir_type, &Query::read(text)?)
    }

    /// The criteria about this person, and nobody else.
    pub(crate) fn about(mut self, person: &PersonId) -> Result<Self, Unreadable> {
        match self.person.replace(person.clone()) {
            Some(named) if named != *person => Err(Unreadable::OnePerson),
            _ => Ok(self),
        }
    }

    /// Whom they are about, if that is said.
    pub(crate) const fn person(&self) -> Option<&PersonId> {
        self.person.as_ref()
    }

    fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        let person = self.person.as_ref().map(|person| (self.person_parameter, person.as_str()));
        person.into_iter().chain(self.given.iter().map(|(name, value)| (*name, value.as_str())))
    }

    /// As a query, for `If-None-Exist`.
    pub(crate) fn query(&self) -> String {
        target::build("", self.pairs()).trim_start_matches('?').to_owned()
    }

    /// Where to ask which record they mean: two are enough to know that there are several.
    pub(crate) fn looked_up(&self) -> String {
        let pairs = self.pairs().chain([("_count", "2"), ("_elements", person_element(self.fhir_type))]);
        target::build(&format!("/fhir/{}", self.fhir_type), pairs)
    }

    /// What has to be permitted for asking: see the module.
    pub(crate) fn claim(&self) -> Claim {
        let sensitive = self.given.iter().any(|(name, value)| *name != IDENTIFIER.name || !is_whole(value));
        let persons = self.person.iter().cloned().collect();
        Claim { sensitive, ..Claim::search(self.fhir_type.category(), persons) }
    }

    /// The same as a request by itself, for whoever is not permitted it; what he wanted is on record. Should he be permitted by the
    /// time it is decided on, nothing has been looked up for him, and it is not there.
    pub(crate) fn asked(&self, wanted: Action) -> Touches {
        let record = RecordRef::all(self.fhir_type);
        let forward = refused_by_the_store(&record);
        let answer = AnswerKind::Resource { fhir_type: self.fhir_type };
        Touches::new(self.claim(), vec![record], forward, answer).wanting(wanted).but(Unreadable::NotThere)
    }

    /// Reads the store's answer to the look-up.
    pub(crate) fn found(&self, status: u16, body: &[u8]) -> Result<Matches, Unreadable> {
        if status != 200 {
            return Err(Unreadable::StoreFailed(status));
        }
        let withheld = |why: String| Unreadable::Withheld(why);
        let tree = json::parse(body).map_err(|fault| withheld(format!("the searchset {fault}")))?;
        let bundle = tree
            .object()
            .filter(|bundle| bundle.text("resourceType") == Some("Bundle") && bundle.text("type") == Some("searchset"));
        let bundle = bundle.ok_or_else(|| withheld("no searchset came".to_owned()))?;
        let entries = match bundle.get("entry") {
            None => &[],
            Some(entries) => entries.list().ok_or_else(|| withheld("its entries are no list".to_owned()))?,
        };
        let mut ids = Vec::new();
        for entry in entries {
            let entry = entry.object().ok_or_else(|| withheld("an entry is no object".to_owned()))?;
            let mode = entry.get("search").and_then(Json::object).and_then(|search| search.text("mode"));
            if matches!(mode, Some("outcome")) {
                continue;
            }
            let resource = entry.get("resource").and_then(Json::object);
            ids.push(self.is_one(resource).map_err(|why| withheld(format!("an entry {why}")))?);
        }
        Ok(match ids.as_slice() {
            // A store that gives a page and keeps the rest may keep the record that is meant.
            [] | [_] if goes_on(bundle) => return Err(withheld("a page of it is missing".to_owned())),
            [] => Matches::None,
            [id] => Matches::One(id.clone()),
            [first, ..] => Matches::Several(first.clone()),
        })
    }

    /// The id of a record that was found, if it is of this type and person.
    fn is_one(&self, resource: Option<&Object<'_>>) -> Result<RecordId, String> {
        let resource = resource.ok_or("holds no resource")?;
        super::interaction::is_the_one(resource, self.fhir_type, None)?;
        match person::owner(resource, self.fhir_type).map_err(|unclear| unclear.to_string())? {
            Owner::Person(person) if Some(&person) == self.person.as_ref() => {}
            _ => return Err("is somebody else's".to_owned()),
        }
        RecordId::new(resource.text("id").unwrap_or_default()).map_err(|error| error.to_string())
    }

    /// Goes on with the one record that was found, where one has to be there. The claim has to be permitted for finding it.
    pub(crate) fn one(
        &self,
        found: Matches,
        wanted: Action,
        go_on: impl FnOnce(RecordId, Claim) -> Need,
    ) -> Result<Need, Unreadable> {
        match found {
            Matches::None => Err(Unreadable::NotThere),
            Matches::Several(first) => Ok(Need::Done(self.several(first, wanted))),
            Matches::One(id) => Ok(go_on(id, self.claim())),
        }
    }

    /// The request that fits several records: nothing is done. It is said to whoever may search for all that may be among
    /// them, labelled or not; whether he could have written any of them is another question, and is not answered.
    pub(crate) fn several(&self, first: RecordId, wanted: Action) -> Touches {
        let record = RecordRef::one(self.fhir_type, first);
        let claim = Claim { sensitive: true, ..self.claim() };
        let forward = refused_by_the_store(&record);
        let answer = AnswerKind::Resource { fhir_type: self.fhir_type };
        Touches::new(claim, vec![record], forward, answer).wanting(wanted).but(Unreadable::Several)
    }
}

/// Whether a token names one identifier: with a system alone any of its values would do, with a value alone that of any system,
/// and neither has to be known to ask whether there is one.
fn is_whole(token: &str) -> bool {
    token.split_once('|').is_some_and(|(system, code)| !system.is_empty() && !code.is_empty())
}

/// A version that no record has: versions are counted from 1. What carries it is refused by the store (412).
pub(crate) const NO_VERSION: &str = "0";

/// What stands in for a request of which something is wrong that is said after the permit: should nobody ask for that, no
/// store takes it, for want of a body and of such a version.
pub(crate) fn refused_by_the_store(record: &RecordRef) -> Forward {
    Forward {
        method: "PUT",
        target: format!("/fhir/{record}"),
        if_match: Some(format!("W/\"{NO_VERSION}\"")),
        content_type: None,
        headers: Vec::new(),
        body: ForwardBody::None,
        within: None,
    }
}

/// Whether a bundle says that there is more than it holds.
pub(crate) fn goes_on(bundle: &Object<'_>) -> bool {
    let links = bundle.get("link").and_then(Json::list).unwrap_or_default();
    links.iter().filter_map(Json::object).any(|link| link.text("relation") == Some("next"))
}
