//! Search (<https://hl7.org/fhir/R4/search.html>): each parameter stands on its type's list and has one value in its grammar.
//! The persons may be named, once, with commas; a search that names nobody is narrowed to those whom the subject may search
//! for. What is sent on is written anew in the order of the list.
//!
//! Why so strict: a store ignores what it does not know ("lenient handling"), takes the first or the last of two equal
//! names, and reads a comma as "or". Each of these turns a search about one person into one about everybody.

mod chain;
pub(crate) mod everything;
mod expected;
pub(crate) mod include;
mod ours;
pub(crate) mod page;
mod read;
mod record_links;
mod value;
mod view;

use model::{Category, PersonId};

use super::parameters::{Parameter, Value, parameters};
use super::types::FhirType;
use crate::bounds::{COUNT_DEFAULT, GATHERED_COUNT, QUESTIONS_MAX, SEARCHED_PERSONS_MAX, TARGET_BYTES_MAX};
use crate::error::Unreadable;
use crate::need::{Need, PersonsNeeded};
use crate::target::{self, Query};
use crate::touches::{AnswerKind, Claim, Forward, ForwardBody, RecordRef, Touches};

use everything::Everything;
pub(crate) use expected::{Expected, Linked, Total};
use include::Includes;
use ours::{Along, Ours};
use page::Ticket;
pub(crate) use page::{Page, Place};
pub(crate) use value::{DATE, allowed, canonical, may_follow, person, whole_number_in_words};
use view::View;

/// On every type's list, beside its own: when a record was last changed, and which records.
static EVERYWHERE: [Parameter; 2] = [
    Parameter { name: "_id", alias: "", value: Value::Id },
    Parameter { name: "_lastUpdated", alias: "", value: Value::Date },
];
/// Where parameters that are on no list stand among those that are sent on: before the length of a page.
const AFTER_THE_LIST: usize = 1_000;

/// Reads a search.
pub(crate) fn read(fhir_type: FhirType, query: &Query<'_>) -> Result<Need, Unreadable> {
    Search::read(fhir_type, query)?.next()
}

/// Reads a search within the compartment of a person (FHIR R4 http.html#search, `Patient/P-1/Observation?...`): the plain
/// search about that person. Which records are the person's is said by one element (`types.rs`), here as everywhere.
pub(crate) fn within(person: PersonId, fhir_type: FhirType, query: &Query<'_>) -> Result<Need, Unreadable> {
    let mut search = Search::read(fhir_type, query)?;
    if fhir_type.is_directory() {
        return Err(Unreadable::Interaction("a search of the directory within a compartment"));
    }
    if !search.persons.is_empty() {
        return Err(Unreadable::OnePerson);
    }
    search.persons.push(person);
    search.next()
}

/// Turns to a page: the search is read from the ticket's own words, under the type that its link names.
pub(crate) fn turn(fhir_type: FhirType, ticket: Ticket) -> Result<Need, Unreadable> {
    let asked = ticket.asked.clone();
    let (path, query) = asked.split_once('?').unwrap_or((&asked, ""));
    let query = if query.is_empty() { Query::default() } else { Query::read(query)? };
    let segments: Vec<&str> = path.split('/').skip(1).collect();
    match segments.as_slice() {
        ["fhir", name] if *name == fhir_type.as_str() => {
            let search = Search::read(fhir_type, &query)?;
            Search { turned: Some(ticket), ..search }.next()
        }
        ["fhir", "Patient", id, "$everything"] if fhir_type == FhirType::Patient => {
            Everything::read(person("id", id)?, &query)?.turned_to(ticket).next()
        }
        _ => Err(Unreadable::PageOver),
    }
}

/// What a type may be searched by, as the names and kinds that FHIR R4 gives them.
pub(crate) fn served(fhir_type: FhirType) -> Vec<(&'static str, &'static str)> {
    if parameters(fhir_type).is_empty() {
        return Vec::new();
    }
    let mut served = Vec::new();
    for (_, parameter) in places(fhir_type) {
        let kind = match parameter.value {
            Value::Person if parameter.name == "_id" => "token",
            Value::Person | Value::Link => "reference",
            Value::Id | Value::Token => "token",
            Value::Date => "date",
            Value::Name => "string",
            Value::Include(links) => {
                let names = links.iter().filter_map(|link| link.split_once(':'));
                served.extend(names.map(|(_, name)| (name, "reference")));
                continue;
            }
            // These ask for a form of the answer.
            Value::Number { .. } | Value::Sort(_) | Value::SortByName(_) => continue,
        };
        served.extend(
            [parameter.name, parameter.alias].into_iter().filter(|name| !name.is_empty()).map(|name| (name, kind)),
        );
    }
    served.sort_unstable();
    served.dedup();
    served
}

/// A search that was read; whom it is about may still have to be found out.
#[derive(Clone, Debug)]
pub(crate) struct Search {
    fhir_type: FhirType,
    /// What is asked for, in the order in which it is sent on; without persons and includes.
    given: Vec<Given>,
    /// The persons named.
    persons: Vec<PersonId>,
    includes: Includes,
    /// What chains look at.
    through: Vec<Category>,
    view: View,
    total: Total,
    /// The page that is turned to, if it is not the first.
    turned: Option<Ticket>,
}

/// A parameter as it is sent on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Given {
    /// Its place on the list.
    place: usize,
    name: String,
    value: String,
}

impl Search {
    /// The types that may be found.
    fn found(&self) -> Vec<FhirType> {
        std::iter::once(self.fhir_type).chain(self.includes.types.iter().copied()).collect()
    }

    /// What is needed next.
    fn next(self) -> Result<Need, Unreadable> {
        match (self.fhir_type.is_directory(), self.persons.is_empty()) {
            (true, _) => Ok(Need::Done(self.about(Vec::new(), None)?)),
            (false, true) => Ok(Need::Persons(PersonsNeeded::of(self))),
            (false, false) => {
                let persons = self.persons.clone();
                Ok(Need::Done(self.about(persons, None)?))
            }
        }
    }

    /// What has to be permitted for every person that it is about; without the persons.
    pub(crate) fn wanted(&self) -> Vec<Claim> {
        let about = |category| Claim::search(category, Vec::new());
        // A number tells of records that are not shown, and so does a chain: whether they bear a label is not seen.
        let unseen = |category| Claim { sensitive: true, ..about(category) };
        let own = self.fhir_type.category();
        let counts = self.view == View::Count || self.total == Total::Accurate;
        // Of parts of records nobody can tell what came along with which, so nothing may have to be left out.
        let unsorted = self.view != View::Whole && !self.includes.types.is_empty();
        let main = if counts || unsorted { unseen(own) } else { about(own) };
        let includes = self.includes.types.iter().map(|fhir_type| about(fhir_type.category()));
        let through = self.through.iter().map(|category| unseen(*category));
        let mut wanted = Vec::new();
        for claim in std::iter::once(main).chain(includes).chain(through) {
            if !wanted.contains(&claim) {
                wanted.push(claim);
            }
        }
        wanted
    }

    /// The search about those whom the gateway found that it may be about.
    pub(crate) fn narrowed_to(self, mut persons: Vec<PersonId>) -> Result<Touches, Unreadable> {
        persons.sort();
        let ids: Vec<&str> = persons.iter().map(PersonId::as_str).collect();
        let narrowed_to = ids.join(",");
        if self.turned.as_ref().is_some_and(|ticket| ticket.narrowed_to.as_deref() != Some(narrowed_to.as_str())) {
            return Err(Unreadable::PageOver);
        }
        match persons.len() {
            0 => Err(Unreadable::NotThere),
            1..=SEARCHED_PERSONS_MAX => self.about(persons, Some(narrowed_to)),
            _ => Err(Unreadable::TooManyPersons),
        }
    }

    /// The search about these persons, and nobody else.
    fn about(self, persons: Vec<PersonId>, narrowed_to: Option<String>) -> Result<Touches, Unreadable> {
        // Each claim is a question about each person, and one audit entry holds the facts of every answer.
        if persons.len().saturating_mul(self.wanted().len()) > QUESTIONS_MAX {
            return Err(Unreadable::TooManyPersons);
        }
        let asked = self.written(&self.persons, self.view.asked(), None);
        let sent = self.view.sent(&self.found());
        // Most searches name their persons and want whole records: then the store is asked in the client's words.
        let in_its_words = narrowed_to.is_none() && sent == self.view.asked();
        let first = if in_its_words { asked.clone() } else { self.written(&persons, sent.clone(), None) };
        let first = within_a_target(first);
        let here = self.turned.as_ref().map_or(Page::FIRST, |ticket| ticket.page.clone());
        let ours = self.ours(&persons, sent.clone());
        let forward = match &here {
            Page::Stores(Place::Offset(0)) => first.clone(),
            Page::Stores(Place::Offset(offset)) => within_a_target(self.written(&persons, sent, Some(*offset))),
            Page::Stores(Place::Link(link)) => Forward::get(link.clone()),
            Page::Ours(place, _) => ours.at(place),
        };
        let record = RecordRef::all(self.fhir_type);
        let mut claims = self.wanted().into_iter().map(|claim| {
            let persons = if claim.category == Category::Directory { Vec::new() } else { persons.clone() };
            Claim { sensitive: claim.sensitive && !persons.is_empty(), persons, ..claim }
        });
        let none = || Claim::search(record.category(), persons.clone());
        let main = claims.next().unwrap_or_else(none);
        let touches = Touches::new(main, vec![record], forward, AnswerKind::Bundle);
        let touches = claims.fold(touches, Touches::and).searching(Expected {
            pages_at: self.fhir_type,
            matches: vec![self.fhir_type],
            includes: self.includes.types,
            ways: self.includes.ways,
            by_a_match: true,
            view: self.view,
            total: self.total,
            first,
            ours,
            here,
            asked,
            narrowed_to,
        });
        Ok(touches)
    }

    /// The same search where pages are made here: matches alone, and then what comes along with those that are shown.
    fn ours(&self, persons: &[PersonId], sent: Option<(&'static str, String)>) -> Ours {
        let is_count = |given: &&Given| given.name == "_count";
        let count = self.given.iter().find(is_count).and_then(|given| given.value.parse().ok());
        let mut matches = Self { includes: Includes::default(), ..self.clone() };
        matches.given.retain(|given| given.name != "_count");
        matches.given.push(Given { place: usize::MAX, name: "_count".to_owned(), value: GATHERED_COUNT.to_string() });
        let along = (!self.includes.types.is_empty()).then(|| Along {
            path: format!("/fhir/{}", self.fhir_type),
            person: places(self.fhir_type)
                .find(|(_, one)| matches!(one.value, Value::Person))
                .filter(|(_, parameter)| parameter.name != "_id")
                .map(|(_, parameter)| (parameter.name, persons.to_vec())),
            asked: self.includes.pairs.clone(),
            view: sent.clone(),
        });
        Ours { target: matches.written(persons, sent, None), count: count.unwrap_or(COUNT_DEFAULT), along }
    }

    /// The target: what is asked for in the order of the list, about these persons.
    fn written(&self, persons: &[PersonId], view: Option<(&'static str, String)>, offset: Option<u32>) -> String {
        let mut pairs: Vec<(usize, &str, String)> =
            self.given.iter().map(|given| (given.place, given.name.as_str(), given.value.clone())).collect();
        if !persons.is_empty()
            && let Some((place, parameter)) = places(self.fhir_type).find(|(_, one)| matches!(one.value, Value::Person))
        {
            // FHIR R4 search.html#combining: a comma means "or".
            let ids: Vec<&str> = persons.iter().map(PersonId::as_str).collect();
            pairs.push((place, parameter.name, ids.join(",")));
        }
        pairs.extend(self.includes.pairs.iter().map(|(name, value)| (AFTER_THE_LIST, name.as_str(), value.clone())));
        pairs.extend(view.map(|(name, value)| (AFTER_THE_LIST, name, value)));
        pairs.extend(self.total.written().map(|value| (AFTER_THE_LIST, "_total", value.to_owned())));
        // One search has one form.
        pairs.sort();
        let offset = offset.map(|offset| offset.to_string());
        let all = pairs.iter().map(|(_, name, value)| (*name, value.as_str()));
        target::build(
            &format!("/fhir/{}", self.fhir_type),
            all.chain(offset.as_deref().map(|offset| ("_offset", offset))),
        )
    }
}

/// Names that searches know beside those on the lists.
const BESIDE_THE_LISTS: [&str; 8] =
    ["_elements", "_format", "_offset", "_page", "_pretty", "_since", "_summary", "_total"];

/// Whether any search knows a parameter of this name.
pub(crate) fn is_a_parameter(name: &str) -> bool {
    let listed = |fhir_type: &FhirType| places(*fhir_type).any(|(_, parameter)| parameter.is_called(name));
    BESIDE_THE_LISTS.contains(&name) || FhirType::ALL.iter().any(listed)
}

/// The parameters of a type with their places among those that are sent on.
fn places(fhir_type: FhirType) -> impl Iterator<Item = (usize, &'static Parameter)> {
    // How long a page is stands at the end.
    let place = |(place, parameter): (usize, &'static Parameter)| match parameter.name {
        "_count" => (usize::MAX, parameter),
        _ => (place, parameter),
    };
    parameters(fhir_type).iter().chain(&EVERYWHERE).enumerate().map(place)
}

/// As a `GET`, or where its target would be longer than servers take, as a form (FHIR R4 http.html#search).
fn within_a_target(target: String) -> Forward {
    match target.split_once('?') {
        Some((path, query)) if target.len() > TARGET_BYTES_MAX => Forward {
            method: "POST",
            target: format!("{path}/_search"),
            if_match: None,
            content_type: Some("application/x-www-form-urlencoded".to_owned()),
            headers: Vec::new(),
            body: ForwardBody::Built(query.as_bytes().to_vec()),
            within: None,
        },
        _ => Forward::get(target),
    }
}
