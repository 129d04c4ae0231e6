//! What each type may be searched by (<https://hl7.org/fhir/R4/searchparameter-registry.html>).
//!
//! Safe are the person, what stands in the record itself (its status, its codes, its dates), and what leads into the
//! directory. What leads on from the person, or to the person's other records, is in `search`. Names and kinds are held to
//! the published definitions by a test.

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

impl Parameter {
    /// Whether a client may call it so.
    pub(crate) fn is_called(&self, name: &str) -> bool {
        self.name == name || (!self.alias.is_empty() && self.alias == name)
    }
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
    /// `Practitioner/ID`, `Organization/ID`.
    Link,
    /// A number up to a bound, and the one that is meant when none is given.
    Number { min: u32, max: u32, default: Option<u32> },
    /// `_lastUpdated` or the date of the type, by this name or as `date`; `-` in front for the newest first.
    Sort(&'static str),
    /// The same, by this name only: on a type whose `date` is another one, or that has none.
    SortByName(&'static str),
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

const fn token(name: &'static str) -> Parameter {
    of(name, Value::Token)
}
const fn date(name: &'static str) -> Parameter {
    of(name, Value::Date)
}
/// By the date that is named; it may also be called `date`.
const fn sort(by: &'static str) -> Parameter {
    of("_sort", Value::Sort(by))
}

/// By the date that is named, and `date` is none of its names.
const fn sort_by_name(by: &'static str) -> Parameter {
    of("_sort", Value::SortByName(by))
}

/// A list in the order in which it is sent on; how far to page stands at the end.
macro_rules! list {
    ($($parameter:expr),+ $(,)?) => { const { &[$($parameter),+, COUNT, OFFSET] } };
}

const PATIENT: Parameter = alias("patient", "subject", Value::Person);
/// For types that know no `subject`.
const PATIENT_ONLY: Parameter = of("patient", Value::Person);
/// For types that know no `patient`.
const SUBJECT_ONLY: Parameter = of("subject", Value::Person);
const STATUS: Parameter = of("status", Value::Token);
const CATEGORY: Parameter = of("category", Value::Token);
const CODE: Parameter = of("code", Value::Token);
const DATE: Parameter = of("date", Value::Date);
const ID: Parameter = of("_id", Value::Id);
const COUNT: Parameter = of("_count", Value::Number { min: 1, max: COUNT_MAX, default: Some(COUNT_DEFAULT) });
const OFFSET: Parameter = of("_offset", Value::Number { min: 0, max: OFFSET_MAX, default: None });
const SORT: Parameter = sort("date");
/// For types without a date: by when they were last changed.
const SORT_BY_CHANGE: Parameter = sort_by_name("_lastUpdated");

/// What a type may be searched by.
pub(crate) fn parameters(fhir_type: FhirType) -> &'static [Parameter] {
    match fhir_type {
        FhirType::Patient => {
            const {
                &[
                    of("_id", Value::Person),
                    of("name", Value::Name),
                    of("family", Value::Name),
                    of("given", Value::Name),
                    token("identifier"),
                    token("gender"),
                    date("birthdate"),
                    include(&["Patient:general-practitioner", "Patient:organization"]),
                    COUNT,
                ]
            }
        }
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
                let links = include(&["CarePlan:performer"]);
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
        FhirType::AdverseEvent => {
            list![SUBJECT_ONLY, CATEGORY, token("event"), token("seriousness"), token("severity"), DATE, SORT]
        }
        FhirType::AllergyIntolerance => list![
            PATIENT_ONLY,
            token("clinical-status"),
            token("verification-status"),
            CATEGORY,
            CODE,
            token("criticality"),
            token("type"),
            DATE,
            SORT,
        ],
        FhirType::Appointment => {
            list![
                PATIENT_ONLY,
                STATUS,
                token("service-type"),
                token("appointment-type"),
                token("reason-code"),
                DATE,
                SORT,
                include(&["Appointment:actor", "Appointment:practitioner"])
            ]
        }
        FhirType::AppointmentResponse => list![PATIENT_ONLY, token("part-status"), SORT_BY_CHANGE],
        FhirType::BodyStructure => list![PATIENT_ONLY, token("location"), token("morphology"), SORT_BY_CHANGE],
        FhirType::ClinicalImpression => {
            list![PATIENT, STATUS, token("finding-code"), DATE, SORT, include(&["ClinicalImpression:assessor"])]
        }
        FhirType::CommunicationRequest => list![
            PATIENT,
            STATUS,
            CATEGORY,
            token("priority"),
            date("authored"),
            date("occurrence"),
            sort("authored"),
            include(&["CommunicationRequest:requester", "CommunicationRequest:recipient"]),
        ],
        FhirType::Composition => {
            list![PATIENT, STATUS, CATEGORY, token("type"), DATE, SORT, include(&["Composition:author"])]
        }
        FhirType::Condition => list![
            PATIENT,
            token("clinical-status"),
            token("verification-status"),
            CATEGORY,
            CODE,
            token("severity"),
            date("onset-date"),
            date("recorded-date"),
            sort("recorded-date"),
            include(&["Condition:asserter"]),
        ],
        FhirType::Coverage => {
            list![alias("patient", "beneficiary", Value::Person), STATUS, token("type"), SORT_BY_CHANGE]
        }
        FhirType::DetectedIssue => {
            list![PATIENT_ONLY, CODE, date("identified"), sort("identified"), include(&["DetectedIssue:author"])]
        }
        FhirType::Device => list![PATIENT_ONLY, STATUS, token("type"), SORT_BY_CHANGE],
        FhirType::DeviceRequest => list![
            PATIENT,
            STATUS,
            CODE,
            token("intent"),
            date("authored-on"),
            date("event-date"),
            sort("authored-on"),
            include(&["DeviceRequest:requester", "DeviceRequest:performer"]),
        ],
        FhirType::DeviceUseStatement => list![PATIENT, SORT_BY_CHANGE],
        FhirType::DiagnosticReport => list![
            PATIENT,
            STATUS,
            CATEGORY,
            CODE,
            DATE,
            date("issued"),
            SORT,
            include(&["DiagnosticReport:performer", "DiagnosticReport:results-interpreter"]),
        ],
        FhirType::DocumentManifest => {
            list![
                PATIENT,
                STATUS,
                token("type"),
                date("created"),
                sort("created"),
                include(&["DocumentManifest:author"])
            ]
        }
        FhirType::Encounter => list![
            PATIENT,
            STATUS,
            token("class"),
            token("type"),
            token("reason-code"),
            DATE,
            SORT,
            include(&["Encounter:practitioner", "Encounter:service-provider"]),
        ],
        FhirType::EpisodeOfCare => list![
            PATIENT_ONLY,
            STATUS,
            token("type"),
            DATE,
            SORT,
            include(&["EpisodeOfCare:care-manager", "EpisodeOfCare:organization"]),
        ],
        FhirType::FamilyMemberHistory => list![PATIENT_ONLY, STATUS, CODE, token("relationship"), DATE, SORT],
        FhirType::Flag => list![PATIENT, DATE, SORT, include(&["Flag:author"])],
        FhirType::Goal => list![
            PATIENT,
            token("lifecycle-status"),
            token("achievement-status"),
            CATEGORY,
            date("start-date"),
            date("target-date"),
            sort("start-date"),
        ],
        FhirType::ImagingStudy => {
            list![PATIENT, STATUS, token("modality"), token("bodysite"), date("started"), sort("started")]
        }
        FhirType::Immunization => list![
            PATIENT_ONLY,
            STATUS,
            token("vaccine-code"),
            token("target-disease"),
            DATE,
            SORT,
            include(&["Immunization:performer"]),
        ],
        FhirType::ImmunizationEvaluation => {
            list![PATIENT_ONLY, STATUS, token("dose-status"), token("target-disease"), DATE, SORT]
        }
        FhirType::ImmunizationRecommendation => {
            list![PATIENT_ONLY, STATUS, token("vaccine-type"), token("target-disease"), DATE, SORT]
        }
        FhirType::Media => list![
            PATIENT,
            STATUS,
            token("type"),
            token("modality"),
            token("view"),
            date("created"),
            sort("created"),
            include(&["Media:operator"]),
        ],
        FhirType::MedicationAdministration => {
            const PERFORMER: Parameter = include(&["MedicationAdministration:performer"]);
            list![PATIENT, STATUS, CODE, date("effective-time"), sort("effective-time"), PERFORMER]
        }
        FhirType::MedicationDispense => list![
            PATIENT,
            STATUS,
            CODE,
            token("type"),
            date("whenhandedover"),
            date("whenprepared"),
            sort("whenhandedover"),
            include(&["MedicationDispense:performer"]),
        ],
        FhirType::MedicationRequest => list![
            PATIENT,
            STATUS,
            CATEGORY,
            CODE,
            token("intent"),
            token("priority"),
            date("authoredon"),
            DATE,
            sort_by_name("authoredon"),
            include(&["MedicationRequest:requester"]),
        ],
        FhirType::NutritionOrder => list![
            PATIENT_ONLY,
            STATUS,
            token("oraldiet"),
            token("supplement"),
            date("datetime"),
            sort("datetime"),
            include(&["NutritionOrder:provider"]),
        ],
        FhirType::Procedure => {
            list![PATIENT, STATUS, CATEGORY, CODE, token("reason-code"), DATE, SORT, include(&["Procedure:performer"])]
        }
        FhirType::QuestionnaireResponse => {
            list![PATIENT, STATUS, date("authored"), sort("authored"), include(&["QuestionnaireResponse:author"])]
        }
        FhirType::RelatedPerson => list![PATIENT_ONLY, token("active"), token("relationship"), SORT_BY_CHANGE],
        FhirType::RequestGroup => list![
            PATIENT,
            STATUS,
            CODE,
            token("intent"),
            token("priority"),
            date("authored"),
            sort("authored"),
            include(&["RequestGroup:author"]),
        ],
        FhirType::RiskAssessment => {
            list![PATIENT, token("method"), token("risk"), DATE, SORT, include(&["RiskAssessment:performer"])]
        }
        FhirType::ServiceRequest => list![
            PATIENT,
            STATUS,
            CATEGORY,
            CODE,
            token("intent"),
            token("priority"),
            date("authored"),
            date("occurrence"),
            sort("authored"),
            include(&["ServiceRequest:requester", "ServiceRequest:performer"]),
        ],
        FhirType::Specimen => {
            list![
                PATIENT,
                STATUS,
                token("type"),
                date("collected"),
                sort("collected"),
                include(&["Specimen:collector"])
            ]
        }
        FhirType::SupplyDelivery => list![PATIENT_ONLY, STATUS, SORT_BY_CHANGE, include(&["SupplyDelivery:supplier"])],
        FhirType::SupplyRequest => {
            list![
                SUBJECT_ONLY,
                STATUS,
                CATEGORY,
                DATE,
                SORT,
                include(&["SupplyRequest:requester", "SupplyRequest:supplier"])
            ]
        }
        FhirType::Task => list![
            PATIENT,
            STATUS,
            token("business-status"),
            CODE,
            token("intent"),
            token("priority"),
            date("authored-on"),
            date("modified"),
            date("period"),
            sort("authored-on"),
            include(&["Task:requester", "Task:owner"]),
        ],
        FhirType::VisionPrescription => {
            const PRESCRIBER: Parameter = include(&["VisionPrescription:prescriber"]);
            list![PATIENT_ONLY, STATUS, date("datewritten"), sort("datewritten"), PRESCRIBER]
        }
        FhirType::HealthcareService => {
            list![
                ID,
                of("name", Value::Name),
                token("identifier"),
                token("service-type"),
                token("specialty"),
                token("active")
            ]
        }
        FhirType::Location => {
            list![ID, of("name", Value::Name), token("identifier"), token("type"), STATUS]
        }
        FhirType::Medication => list![ID, CODE, token("identifier"), token("form"), STATUS],
        FhirType::PractitionerRole => {
            const LINKS: Parameter = include(&["PractitionerRole:practitioner", "PractitionerRole:organization"]);
            list![ID, token("identifier"), token("role"), token("specialty"), token("active"), LINKS]
        }
        FhirType::Substance => list![ID, CODE, token("identifier"), CATEGORY, STATUS],
        // FHIR R4 binary.html: no search.
        FhirType::Binary => &[],
    }
}
