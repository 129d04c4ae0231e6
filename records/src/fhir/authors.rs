//! Who wrote a record, as it says itself: one element decides for each type. Facilities, roles and the person are no authors
//! that policy asks about; they are passed over.

use super::types::FhirType;
use crate::json::{Json, Object};
use crate::touches::Authors;

/// Which elements name the author: a reference, a list of them, or a list of parts that name one in `actor`.
pub(crate) const fn elements(fhir_type: FhirType) -> &'static [&'static str] {
    match fhir_type {
        FhirType::AdverseEvent | FhirType::AllergyIntolerance | FhirType::Condition | FhirType::Procedure => {
            &["recorder"]
        }
        FhirType::ClinicalImpression => &["assessor"],
        FhirType::Communication => &["sender"],
        FhirType::CarePlan
        | FhirType::Composition
        | FhirType::DetectedIssue
        | FhirType::DocumentManifest
        | FhirType::DocumentReference
        | FhirType::Flag
        | FhirType::QuestionnaireResponse
        | FhirType::RequestGroup => &["author"],
        FhirType::DiagnosticReport
        | FhirType::Immunization
        | FhirType::MedicationAdministration
        | FhirType::MedicationDispense
        | FhirType::Observation
        | FhirType::RiskAssessment => &["performer"],
        FhirType::CommunicationRequest
        | FhirType::DeviceRequest
        | FhirType::MedicationRequest
        | FhirType::ServiceRequest
        | FhirType::SupplyRequest
        | FhirType::Task => &["requester"],
        FhirType::Goal => &["expressedBy"],
        FhirType::Media => &["operator"],
        FhirType::MedicationStatement => &["informationSource"],
        FhirType::NutritionOrder => &["orderer"],
        FhirType::VisionPrescription => &["prescriber"],
        _ => &[],
    }
}

/// The professionals that the resource names, by the id of their entry in the directory; sorted, each once.
pub(crate) fn authors(resource: &Object<'_>, fhir_type: FhirType) -> Vec<String> {
    let mut named = Vec::new();
    for element in elements(fhir_type) {
        match resource.get(element) {
            Some(Json::List(parts)) => named.extend(parts.iter().filter_map(Json::object).filter_map(practitioner)),
            Some(Json::Object(part)) => named.extend(practitioner(part)),
            _ => {}
        }
    }
    named.sort_unstable();
    named.dedup();
    named
}

fn practitioner(part: &Object<'_>) -> Option<String> {
    let reference = part.get("actor").and_then(Json::object).unwrap_or(part);
    let id = reference.text("reference")?.strip_prefix("Practitioner/")?;
    (!id.is_empty() && !id.contains('/')).then(|| id.to_owned())
}

/// Whose a record is that is read, created or removed.
pub(crate) fn named(authors: Vec<String>) -> Authors {
    if authors.is_empty() { Authors::Unknown } else { Authors::Named(authors) }
}

/// Whose a record is that is replaced by a version in these names.
pub(crate) fn replaced(stored: Vec<String>, now: &[String]) -> Authors {
    if stored == now { named(stored) } else { Authors::Changed }
}
