//! Search (<https://hl7.org/fhir/R4/search.html>): each parameter stands on its type's list and has one value in its grammar.
//! One person may be named, once; a search that names nobody is narrowed to those whom the subject may search for. What is
//! sent on is written anew in the order of the list.
//!
//! Why so strict: a store ignores what it does not know ("lenient handling"), takes the first or the last of two equal
//! names, and reads a comma as "or". Each of these turns a search about one person into one about everybody.

use model::{Action, Category, PersonId};

use super::date::{self, Side};
use super::parameters::{Value, parameters};
use super::types::FhirType;
use crate::bounds::TARGET_BYTES_MAX;
use crate::error::{Unreadable, quote};
use crate::need::{Need, PersonsNeeded};
use crate::target::{self, Query};
use crate::touches::{AnswerKind, Claim, Forward, ForwardBody, RecordId, RecordRef, Touches};

/// Reads a search.
pub(crate) fn read(fhir_type: FhirType, query: Query<'_>) -> Result<Need, Unreadable> {
    let list = parameters(fhir_type);
    if list.is_empty() {
        return Err(Unreadable::Interaction("a search of this type"));
    }
    let mut given: Vec<(usize, String)> = Vec::with_capacity(query.0.len() + 1);
    let mut persons = Vec::new();
    for (name, value) in &query.0 {
        let fault = |why| Unreadable::Parameter { name: quote(name), why };
        if name.contains(':') {
            return Err(fault("has a modifier"));
        }
        if name.contains('.') {
            return Err(fault("is chained"));
        }
        let place = list.iter().position(|one| one.name == *name || (!one.alias.is_empty() && one.alias == *name));
        let place = place.ok_or_else(|| fault("is not on the list of this type"))?;
        let Some(parameter) = list.get(place) else { continue };
        if matches!(parameter.value, Value::Person) {
            persons.push(person(name, value)?);
            continue;
        }
        for canonical in canonical(parameter.value, value).ok_or_else(|| fault("has a value outside its grammar"))? {
            let before: Vec<&str> =
                given.iter().filter(|(own, _)| *own == place).map(|(_, value)| value.as_str()).collect();
            if !may_follow(parameter.value, &before, &canonical) {
                return Err(fault("is given twice"));
            }
            given.push((place, canonical));
        }
    }
    let search = Search { fhir_type, given };
    match (fhir_type.is_directory(), persons.len()) {
        (true, 0) => Ok(Need::Done(search.about(Vec::new()))),
        (false, 0) => Ok(Need::Persons(PersonsNeeded::of(search))),
        (false, 1) => Ok(Need::Done(search.about(persons))),
        _ => Err(Unreadable::OnePerson),
    }
}

/// A search that was read; whom it is about may still have to be found out.
#[derive(Clone, Debug)]
pub(crate) struct Search {
    fhir_type: FhirType,
    /// Place on the list, and value; without the persons.
    given: Vec<(usize, String)>,
}

impl Search {
    /// What has to be permitted for every person that it is about.
    pub(crate) fn wanted(&self) -> Vec<(Action, Category)> {
        vec![(Action::Search, self.fhir_type.category())]
    }

    /// The search about these persons, and nobody else.
    pub(crate) fn about(mut self, persons: Vec<PersonId>) -> Touches {
        let list = parameters(self.fhir_type);
        for (place, parameter) in list.iter().enumerate() {
            match parameter.value {
                Value::Number { default: Some(default), .. } if !self.given.iter().any(|(own, _)| *own == place) => {
                    self.given.push((place, default.to_string()));
                }
                // FHIR R4 search.html#combining: a comma means "or".
                Value::Person => {
                    let ids: Vec<&str> = persons.iter().map(PersonId::as_str).collect();
                    self.given.push((place, ids.join(",")));
                }
                _ => {}
            }
        }
        // Order of the list; within a parameter, of the values: no reader minds, and one search has one form.
        self.given.sort();
        let pairs: Vec<(&str, &str)> = self
            .given
            .iter()
            .filter_map(|(place, value)| list.get(*place).map(|parameter| (parameter.name, value.as_str())))
            .filter(|(name, value)| !(*name == "_offset" && *value == "0"))
            .collect();
        let record = RecordRef::all(self.fhir_type);
        let claim = Claim::of(Action::Search, record.category(), persons);
        let target = target::build(&format!("/fhir/{record}"), pairs.iter().copied());
        Touches::new(claim, vec![record], within_a_target(target), AnswerKind::Bundle)
    }
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
        },
        _ => Forward::get(target),
    }
}

/// `Patient/ID` or `ID`.
pub(crate) fn person(name: &str, value: &str) -> Result<PersonId, Unreadable> {
    PersonId::new(value.strip_prefix("Patient/").unwrap_or(value))
        .map_err(|_| Unreadable::Parameter { name: quote(name), why: "names no single person" })
}

/// Whether a value may stand beside those that were given before.
pub(crate) fn may_follow(kind: Value, before: &[&str], value: &str) -> bool {
    match (kind, before) {
        (_, []) => true,
        (Value::Include(_), before) => !before.contains(&value),
        // A range: two dates, one for each side.
        (Value::Date, [first]) => matches!(
            (date::check(first), date::check(value)),
            (Some(Side::From), Some(Side::Until)) | (Some(Side::Until), Some(Side::From))
        ),
        _ => false,
    }
}

/// The one form of a value, if it is in its grammar; of an include one for each type that it may lead to.
pub(crate) fn canonical(kind: Value, value: &str) -> Option<Vec<String>> {
    let plain = |allowed: &[u8]| value.bytes().all(|byte| byte.is_ascii_alphanumeric() || allowed.contains(&byte));
    let fits = match kind {
        Value::Person => return None,
        Value::Id => RecordId::new(value).is_ok(),
        Value::Token => {
            let code = value.split_once('|').map_or(value, |(_, code)| code);
            !value.is_empty() && value.len() <= 128 && plain(b"-._:/|") && !code.contains(['|', '/', ':'])
        }
        Value::Date => date::check(value).is_some(),
        Value::Name => {
            let special =
                |c: char| c.is_control() || matches!(c, ',' | '|' | '$' | '\\' | '*' | '\u{2028}' | '\u{2029}');
            (1..=64).contains(&value.chars().count()) && !value.contains(special)
        }
        Value::Number { min, max, .. } => {
            let digits = (1..=7).contains(&value.len()) && value.bytes().all(|byte| byte.is_ascii_digit());
            let number = value.parse::<u32>().ok().filter(|number| digits && (min..=max).contains(number))?;
            return Some(vec![number.to_string()]);
        }
        Value::Sort(key) => {
            let (minus, by) = value.strip_prefix('-').map_or(("", value), |by| ("-", by));
            return match by {
                "_lastUpdated" => Some(vec![value.to_owned()]),
                "date" if key != "_lastUpdated" => Some(vec![format!("{minus}{key}")]),
                by if by == key => Some(vec![value.to_owned()]),
                _ => None,
            };
        }
        Value::Include(elements) => return included(elements, value),
    };
    fits.then(|| vec![value.to_owned()])
}

/// `Type:element` or `Type:element:Target`, towards the directory only.
fn included(elements: &[&str], value: &str) -> Option<Vec<String>> {
    const TARGETS: [&str; 2] = ["Organization", "Practitioner"];
    if elements.contains(&value) {
        return Some(TARGETS.iter().map(|target| format!("{value}:{target}")).collect());
    }
    let (element, target) = value.rsplit_once(':')?;
    (elements.contains(&element) && TARGETS.contains(&target)).then(|| vec![value.to_owned()])
}
