//! The grammar of a parameter's value. Each has one form; what is sent on is that form.

use model::PersonId;

use crate::error::{Unreadable, quote};
use crate::fhir::date::{self, Side};
use crate::fhir::parameters::Value;
use crate::touches::RecordId;

/// `Patient/ID` or `ID`.
pub(crate) fn person(name: &str, value: &str) -> Result<PersonId, Unreadable> {
    PersonId::new(value.strip_prefix("Patient/").unwrap_or(value))
        .map_err(|_| Unreadable::Parameter { name: quote(name), why: "names no single person" })
}

/// One person or several, with a comma between them: any of these (FHIR R4 search.html#combining).
pub(super) fn persons(name: &str, value: &str) -> Result<Vec<PersonId>, Unreadable> {
    let mut persons = Vec::new();
    for one in value.split(',') {
        let person = person(name, one)?;
        if persons.contains(&person) {
            return Err(Unreadable::Parameter { name: quote(name), why: "names somebody twice" });
        }
        persons.push(person);
    }
    persons.sort();
    Ok(persons)
}

/// Whether a value may stand beside one that was given before.
pub(crate) fn may_follow(kind: Value, before: &[&str], value: &str) -> bool {
    match (kind, before) {
        (_, []) => true,
        // A range: two dates, one for each side.
        (Value::Date, [first]) => matches!(
            (date::check(first), date::check(value)),
            (Some(Side::From), Some(Side::Until)) | (Some(Side::Until), Some(Side::From))
        ),
        _ => false,
    }
}

/// The one form of a value, if it is in its grammar. Persons and includes have files of their own.
pub(crate) fn canonical(kind: Value, value: &str) -> Option<String> {
    let fits = match kind {
        Value::Person | Value::Include(_) => return None,
        Value::Link => {
            let id = value.strip_prefix("Practitioner/").or_else(|| value.strip_prefix("Organization/"));
            id.is_some_and(|id| RecordId::new(id).is_ok())
        }
        Value::Id => value.split(',').all(|id| RecordId::new(id).is_ok()),
        Value::Token => value.len() <= 256 && value.split(',').all(token),
        Value::Date => date::check(value).is_some(),
        Value::Name => {
            let special =
                |c: char| c.is_control() || matches!(c, ',' | '|' | '$' | '\\' | '*' | '\u{2028}' | '\u{2029}');
            (1..=64).contains(&value.chars().count()) && !value.contains(special)
        }
        Value::Number { min, max, .. } => {
            let digits = (1..=7).contains(&value.len()) && value.bytes().all(|byte| byte.is_ascii_digit());
            let number = value.parse::<u32>().ok().filter(|number| digits && (min..=max).contains(number))?;
            return Some(number.to_string());
        }
        Value::Sort(key) | Value::SortByName(key) => {
            let (minus, by) = value.strip_prefix('-').map_or(("", value), |by| ("-", by));
            let by_date = by == "date" && matches!(kind, Value::Sort(_));
            let fits = by_date || by == key || by == "_lastUpdated";
            let by = if by_date { key } else { by };
            return fits.then(|| format!("{minus}{by}"));
        }
    };
    fits.then(|| value.to_owned())
}

/// The grammar in words, for whoever wrote another value.
pub(crate) fn allowed(kind: Value) -> String {
    const ID: &str = "letters, digits and -, at most 64";
    match kind {
        Value::Person => format!("Patient/ID or ID (ID: {ID})"),
        Value::Include(elements) => elements.join(", "),
        Value::Link => format!("Practitioner/ID or Organization/ID (ID: {ID})"),
        Value::Id => format!("one ID or several, with commas ({ID})"),
        Value::Token => "CODE, SYSTEM|CODE, |CODE or SYSTEM|, one or several with commas; letters, digits and -._, in SYSTEM also : and \
                         /; at most 128 characters each, 256 in all"
            .to_owned(),
        Value::Date => format!("{DATE}, with one of eq, ne, gt, lt, ge, le, sa, eb, ap before it or without"),
        Value::Name => "1 to 64 characters, none of , | $ \\ *".to_owned(),
        Value::Number { min, max, .. } => whole_number_in_words(min, max),
        Value::Sort("_lastUpdated") => "date or _lastUpdated, with - before it for the newest first".to_owned(),
        Value::Sort("date") => "date or _lastUpdated, with - before it for the newest first".to_owned(),
        Value::SortByName("_lastUpdated") => "_lastUpdated, with - before it for the newest first".to_owned(),
        Value::Sort(key) => format!("date, {key} or _lastUpdated, with - before it for the newest first"),
        Value::SortByName(key) => format!("{key} or _lastUpdated, with - before it for the newest first"),
    }
}

/// How a date is written.
pub(crate) const DATE: &str = "a date such as 2026, 2026-11, 2026-11-23 or 2026-11-23T09:00:00+09:00";

/// A whole number within these bounds, in words.
pub(crate) fn whole_number_in_words(least: u32, most: u32) -> String {
    format!("a whole number from {least} to {most}")
}

/// `code`, `system|code`, `|code`, `system|`. No comma and no backslash: nothing has to be escaped, so a comma is always
/// an "or".
fn token(value: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:/|".contains(&byte);
    let code = value.split_once('|').map_or(value, |(_, code)| code);
    !value.is_empty() && value.len() <= 128 && value.bytes().all(plain) && !code.contains(['|', '/', ':'])
}
