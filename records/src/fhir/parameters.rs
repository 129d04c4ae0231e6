//! What each type may be searched by (<https://hl7.org/fhir/R4/searchparameter-registry.html>).

use super::types::FhirType;
use crate::bounds::{COUNT_DEFAULT, COUNT_MAX, OFFSET_MAX};

/// A search parameter on the list of a type.
pub(crate) struct Parameter {
    /// Its name in FHIR R4, and the one that is sent on.
    pub(crate) name: &'static str,
    /// A second name that means the same.
    pub(crate) alias: &'static str,
    pub(crate) value: Value,
}

/// What values a parameter takes.
#[derive(Clone, Copy)]
pub(crate) enum Value {
    /// `Patient/ID` or `ID`.
    Person,
    /// An id.
    Id,
    /// `code`, `system|code`.
    Token,
    /// A date; twice where the two limit a range.
    Date,
    /// The beginning of a name, in any script.
    Name,
    /// A number up to a bound, and the one that is meant when none is given.
    Number { min: u32, max: u32, default: Option<u32> },
    /// `_lastUpdated` or the date of the type, by this name or as `date`; `-` in front for the newest first.
    Sort(&'static str),
    /// Records linked by these elements, as far as they are of the directory. Each once.
    Include(&'static [&'static str]),
}

const fn of(name: &'static str, value: Value) -> Parameter {
    Parameter { name, alias: "", value }
}
const fn alias(name: &'static str, alias: &'static str, value: Value) -> Parameter {
    Parameter { name, alias, value }
}
const fn include(elements: &'static [&'static str]) -> Parameter {
    of("_include", Value::Include(elements))
}

const PATIENT: Parameter = alias("patient", "subject", Value::Person);
const STATUS: Parameter = of("status", Value::Token);
const CATEGORY: Parameter = of("category", Value::Token);
const CODE: Parameter = of("code", Value::Token);
const DATE: Parameter = of("date", Value::Date);
const ID: Parameter = of("_id", Value::Id);
const COUNT: Parameter = of("_count", Value::Number { min: 1, max: COUNT_MAX, default: Some(COUNT_DEFAULT) });
const OFFSET: Parameter = of("_offset", Value::Number { min: 0, max: OFFSET_MAX, default: None });
const SORT: Parameter = of("_sort", Value::Sort("date"));

/// What a type may be searched by.
pub(crate) fn parameters(fhir_type: FhirType) -> &'static [Parameter] {
    match fhir_type {
        FhirType::Patient => const { &[of("_id", Value::Person)] },
        FhirType::CareTeam => {
            const { &[PATIENT, STATUS, CATEGORY, DATE, SORT, include(&["CareTeam:participant"]), COUNT, OFFSET] }
        }
        FhirType::Consent => {
            const {
                let patient = of("patient", Value::Person);
                &[patient, STATUS, CATEGORY, DATE, SORT, include(&["Consent:organization"]), COUNT, OFFSET]
            }
        }
        FhirType::Communication => {
            const {
                let (sent, sort) = (alias("sent", "date", Value::Date), of("_sort", Value::Sort("sent")));
                let links = include(&["Communication:sender", "Communication:recipient"]);
                &[PATIENT, STATUS, CATEGORY, sent, sort, links, COUNT, OFFSET]
            }
        }
        FhirType::Observation => {
            const { &[PATIENT, STATUS, CATEGORY, CODE, DATE, SORT, include(&["Observation:performer"]), COUNT, OFFSET] }
        }
        FhirType::DocumentReference => {
            const {
                let links = include(&["DocumentReference:author", "DocumentReference:custodian"]);
                &[PATIENT, STATUS, CATEGORY, of("type", Value::Token), DATE, SORT, links, COUNT, OFFSET]
            }
        }
        FhirType::CarePlan => {
            const {
                let links = include(&["CarePlan:author", "CarePlan:performer"]);
                &[PATIENT, STATUS, CATEGORY, DATE, SORT, links, COUNT, OFFSET]
            }
        }
        FhirType::MedicationStatement => {
            const {
                let (taken, sort) = (alias("effective", "date", Value::Date), of("_sort", Value::Sort("effective")));
                let links = include(&["MedicationStatement:source"]);
                &[PATIENT, STATUS, CATEGORY, CODE, taken, sort, links, COUNT, OFFSET]
            }
        }
        FhirType::Practitioner => {
            const {
                &[
                    ID,
                    of("name", Value::Name),
                    of("identifier", Value::Token),
                    of("active", Value::Token),
                    COUNT,
                    OFFSET,
                ]
            }
        }
        FhirType::Organization => {
            const {
                let kind = of("type", Value::Token);
                &[
                    ID,
                    of("name", Value::Name),
                    of("identifier", Value::Token),
                    kind,
                    of("active", Value::Token),
                    COUNT,
                    OFFSET,
                ]
            }
        }
        // FHIR R4 binary.html: no search.
        FhirType::Binary => &[],
    }
}
