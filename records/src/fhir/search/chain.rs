//! Searches that look through one record at another: chains (`patient.name`, `performer:Practitioner.name`) and chains
//! backwards (`_has:Observation:patient:code`), FHIR R4 search.html#chaining and #has.
//!
//! What is looked at does not come back, but whether something is found tells what it says. So a chain may end only where
//! the same search would be asked about the same persons: at the person whom the search is narrowed to, at records of that
//! person, or in the directory. It needs the same permit as a search there.

use model::Category;

use super::include::directory_link;
use crate::fhir::parameters::{Parameter, Value, parameters};
use crate::fhir::types::FhirType;

/// A chain that was understood.
pub(super) struct Chain {
    /// As it is sent on.
    pub(super) name: String,
    /// Which values its end takes.
    pub(super) value: Value,
    /// What it looks at.
    pub(super) through: Category,
}

/// Reads the name of a parameter with a point in it, or of one that begins with `_has:`. The error says what is wrong.
pub(super) fn read(fhir_type: FhirType, name: &str) -> Result<Chain, &'static str> {
    match name.strip_prefix("_has:") {
        Some(backwards) => has(fhir_type, backwards),
        None => forwards(fhir_type, name),
    }
}

fn forwards(fhir_type: FhirType, name: &str) -> Result<Chain, &'static str> {
    let (link, end) = name.split_once('.').ok_or("is no chain")?;
    if end.contains(['.', ':']) {
        return Err("is chained more than once");
    }
    let (link, to) = link.split_once(':').map_or((link, None), |(link, to)| (link, Some(to)));
    if let Some(person) = person_parameter(fhir_type).filter(|person| person.is_called(link)) {
        if person.name == "_id" || to.is_some_and(|to| to != "Patient") {
            return Err("is chained to where nobody may look");
        }
        let last = ending(FhirType::Patient, end)?;
        // Without the type, `subject` could lead to a device or a group.
        let name =
            if link == "patient" { format!("patient.{}", last.name) } else { format!("{link}:Patient.{}", last.name) };
        return Ok(Chain { name, value: last.value, through: Category::Demographics });
    }
    if let Some(types) = directory_link(fhir_type, link) {
        let to = to.ok_or("is chained to no single type; name it")?;
        let to = types.iter().find(|own| own.as_str() == to).ok_or("is chained to where nobody may look")?;
        let last = ending(*to, end)?;
        let name = format!("{link}:{to}.{}", last.name);
        return Ok(Chain { name, value: last.value, through: Category::Directory });
    }
    Err("is chained to where nobody may look")
}

/// `Type:link:parameter`, of a search for persons: those of whom there is such a record.
fn has(fhir_type: FhirType, backwards: &str) -> Result<Chain, &'static str> {
    if fhir_type != FhirType::Patient {
        return Err("looks backwards from something else than a person");
    }
    let mut parts = backwards.split(':');
    let (Some(from), Some(link), Some(end), None) = (parts.next(), parts.next(), parts.next(), parts.next()) else {
        return Err("looks backwards in a form that is not read");
    };
    let from = FhirType::parse(from).map_err(|_| "looks at a type that is not served")?;
    let person = person_parameter(from).filter(|person| person.name != "_id" && person.is_called(link));
    let person = person.ok_or("looks backwards through what does not say whose the record is")?;
    let last = ending(from, end)?;
    let name = format!("_has:{from}:{}:{}", person.name, last.name);
    Ok(Chain { name, value: last.value, through: from.category() })
}

/// The parameter at the end: one that stands in the record itself, and names nobody.
fn ending(fhir_type: FhirType, end: &str) -> Result<&'static Parameter, &'static str> {
    let found = parameters(fhir_type).iter().find(|parameter| parameter.is_called(end));
    let plain = |parameter: &&Parameter| {
        matches!(parameter.value, Value::Token | Value::Date | Value::Name | Value::Id) && !parameter.name.contains(':')
    };
    found.filter(plain).ok_or("ends in a parameter that is not on the list of that type")
}

/// The parameter that says whose records are searched for.
pub(super) fn person_parameter(fhir_type: FhirType) -> Option<&'static Parameter> {
    parameters(fhir_type).iter().find(|parameter| matches!(parameter.value, Value::Person))
}
