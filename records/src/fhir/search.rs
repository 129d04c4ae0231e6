//! Search by person (<https://hl7.org/fhir/R4/search.html>): each parameter stands on its type's list, has one value in its
//! grammar, and exactly one person is named exactly once. What is sent on is written anew in the order of the list.
//!
//! Why so strict: a store ignores what it does not know ("lenient handling"), takes the first or the last of two equal
//! names, and reads a comma as "or". Each of these turns a search about one person into one about everybody.

use model::{Action, PersonId};

use super::date::{self, Side};
use super::parameters::{Parameter, Value, parameters};
use super::types::{FhirType, PersonElement};
use crate::error::{Unreadable, quote};
use crate::target::{self, Query};
use crate::touches::{AnswerKind, Forward, RecordId, RecordRef, Touches};

/// Reads a search.
pub(crate) fn read(fhir_type: FhirType, query: Query<'_>) -> Result<Touches, Unreadable> {
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
            let person = person(name, value)?;
            given.push((place, person.as_str().to_owned()));
            persons.push(person);
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
    let wanted = usize::from(!matches!(fhir_type.person_element(), PersonElement::None));
    if persons.len() != wanted {
        return Err(Unreadable::OnePerson);
    }
    Ok(touches(fhir_type, list, given, persons))
}

fn touches(
    fhir_type: FhirType,
    list: &[Parameter],
    mut given: Vec<(usize, String)>,
    persons: Vec<PersonId>,
) -> Touches {
    for (place, parameter) in list.iter().enumerate() {
        if let Value::Number { default: Some(default), .. } = parameter.value
            && !given.iter().any(|(own, _)| *own == place)
        {
            given.push((place, default.to_string()));
        }
    }
    // Order of the list; within a parameter, of the values: no reader minds, and one search has one form.
    given.sort();
    let pairs: Vec<(&str, &str)> = given
        .iter()
        .filter_map(|(place, value)| list.get(*place).map(|parameter| (parameter.name, value.as_str())))
        .filter(|(name, value)| !(*name == "_offset" && *value == "0"))
        .collect();
    let record = RecordRef::all(fhir_type);
    Touches {
        action: Action::Search,
        category: record.category(),
        persons,
        forward: Forward::get(target::build(&format!("/fhir/{record}"), pairs)),
        records: vec![record],
        answer: AnswerKind::Bundle,
        stale: false,
    }
}

/// `Patient/ID` or `ID`.
pub(crate) fn person(name: &str, value: &str) -> Result<PersonId, Unreadable> {
    PersonId::new(value.strip_prefix("Patient/").unwrap_or(value))
        .map_err(|_| Unreadable::Parameter { name: quote(name), why: "names no single person" })
}

/// Whether a value may stand beside those that were given before.
fn may_follow(kind: Value, before: &[&str], value: &str) -> bool {
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
fn canonical(kind: Value, value: &str) -> Option<Vec<String>> {
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
        Value::Sort(key) | Value::SortByName(key) => {
            let (minus, by) = value.strip_prefix('-').map_or(("", value), |by| ("-", by));
            let by_date = by == "date" && matches!(kind, Value::Sort(_));
            let fits = by_date || by == key || by == "_lastUpdated";
            let by = if by_date { key } else { by };
            return fits.then(|| vec![format!("{minus}{by}")]);
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
