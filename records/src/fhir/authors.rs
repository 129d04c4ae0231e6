//! Who wrote a record, as the record itself says: for rules such as "a note is amended by its author".
//!
//! One element for each type, the one that means "wrote this down" rather than "said so" or "took part". What a client claims
//! about a record that it writes is not yet true; to be asked of the stored version.

use super::types::FhirType;
use crate::json::{Json, Object};
use crate::touches::{Authors, RecordId};

/// Where a type names its author.
enum Place {
    /// A reference, or a list of them.
    Element(&'static str),
    /// A list (the first) of those who took part, each in an element (the second).
    Part(&'static str, &'static str),
    /// Nowhere.
    Nowhere,
}

const fn place(fhir_type: FhirType) -> Place {
    match fhir_type {
        FhirType::Communication => Place::Element("sender"),
        FhirType::CarePlan
        | FhirType::Composition
        | FhirType::DetectedIssue
        | FhirType::DocumentManifest
        | FhirType::DocumentReference
        | FhirType::Flag
        | FhirType::QuestionnaireResponse
        | FhirType::RequestGroup => Place::Element("author"),
        FhirType::DiagnosticReport | FhirType::Observation | FhirType::RiskAssessment => Place::Element("performer"),
        FhirType::MedicationStatement => Place::Element("informationSource"),
        FhirType::CommunicationRequest
        | FhirType::DeviceRequest
        | FhirType::MedicationRequest
        | FhirType::ServiceRequest
        | FhirType::SupplyRequest
        | FhirType::Task => Place::Element("requester"),
        FhirType::AdverseEvent | FhirType::AllergyIntolerance | FhirType::Condition | FhirType::Procedure => {
            Place::Element("recorder")
        }
        FhirType::ClinicalImpression => Place::Element("assessor"),
        FhirType::DeviceUseStatement => Place::Element("source"),
        FhirType::Goal => Place::Element("expressedBy"),
        FhirType::Media => Place::Element("operator"),
        FhirType::NutritionOrder => Place::Element("orderer"),
        FhirType::SupplyDelivery => Place::Element("supplier"),
        FhirType::VisionPrescription => Place::Element("prescriber"),
        FhirType::Immunization | FhirType::MedicationAdministration | FhirType::MedicationDispense => {
            Place::Part("performer", "actor")
        }
        FhirType::Appointment
        | FhirType::AppointmentResponse
        | FhirType::Binary
        | FhirType::BodyStructure
        | FhirType::CareTeam
        | FhirType::Consent
        | FhirType::Coverage
        | FhirType::Device
        | FhirType::Encounter
        | FhirType::EpisodeOfCare
        | FhirType::FamilyMemberHistory
        | FhirType::HealthcareService
        | FhirType::ImagingStudy
        | FhirType::ImmunizationEvaluation
        | FhirType::ImmunizationRecommendation
        | FhirType::Location
        | FhirType::Medication
        | FhirType::Organization
        | FhirType::Patient
        | FhirType::Practitioner
        | FhirType::PractitionerRole
        | FhirType::RelatedPerson
        | FhirType::Specimen
        | FhirType::Substance => Place::Nowhere,
    }
}

/// The element that has to be asked for to learn who wrote a record of this type.
pub(crate) const fn element(fhir_type: FhirType) -> Option<&'static str> {
    match place(fhir_type) {
        Place::Element(element) | Place::Part(element, _) => Some(element),
        Place::Nowhere => None,
    }
}

/// In whose names a record is that is replaced: the same as before, or others.
pub(crate) fn replaced(stored: Authors, now: &Authors) -> Authors {
    if stored == *now { stored } else { Authors::Changed }
}

/// See the module. None of the professionals is named where only others are: the person, the family, a facility.
pub(crate) fn authors(resource: &Object<'_>, fhir_type: FhirType) -> Authors {
    let named = match place(fhir_type) {
        Place::Nowhere => None,
        Place::Element(element) => resource.get(element).and_then(|value| match value {
            Json::List(list) => list.iter().map(author).collect(),
            one => author(one).map(|author| vec![author]),
        }),
        Place::Part(list, element) => resource.get(list).and_then(Json::list).and_then(|parts| {
            parts.iter().map(|part| author(part.object()?.get(element)?)).collect::<Option<Vec<_>>>()
        }),
    };
    match named {
        Some(named) if !named.is_empty() => {
            let mut practitioners: Vec<String> = named.into_iter().flatten().map(|id| id.as_str().to_owned()).collect();
            practitioners.sort();
            practitioners.dedup();
            Authors::Named(practitioners)
        }
        _ => Authors::Unknown,
    }
}

/// Types whose records are nobody who signs in.
const OTHERS: [&str; 5] = ["CareTeam", "Device", "Organization", "Patient", "RelatedPerson"];

/// A reference: to a Practitioner, or beyond doubt to somebody else (`None` inside). A PractitionerRole is a Practitioner that
/// would have to be looked up; it leaves the author unknown, and so does every form that is not plain.
fn author(reference: &Json<'_>) -> Option<Option<RecordId>> {
    let reference = reference.object()?;
    let (kind, id) = reference.text("reference")?.split_once('/')?;
    let id = RecordId::new(id).ok()?;
    if reference.get("type").is_some_and(|claimed| claimed.text() != Some(kind)) {
        return None;
    }
    match kind {
        "Practitioner" => Some(Some(id)),
        other if OTHERS.contains(&other) => Some(None),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::types::FhirType;
    use super::authors;
    use crate::json;
    use crate::touches::Authors;

    fn said(fhir_type: FhirType, resource: &str) -> String {
        match authors(json::parse(resource.as_bytes()).unwrap().object().unwrap(), fhir_type) {
            Authors::Named(ids) => ids.join(" "),
            Authors::Unknown | Authors::Changed => "unknown".to_owned(),
        }
    }

    #[test]
    fn who_wrote_it() {
        for (fhir_type, resource, expected) in [
            (FhirType::Communication, r#"{"sender":{"reference":"Practitioner/N-1"}}"#, "N-1"),
            (FhirType::Communication, r#"{"sender":{"reference":"Practitioner/N-1","type":"Practitioner"}}"#, "N-1"),
            (FhirType::Communication, r#"{"sender":{"reference":"Patient/P-1"}}"#, ""),
            (FhirType::Communication, r#"{"sender":{"reference":"Practitioner/N-1","type":"Patient"}}"#, "unknown"),
            (FhirType::Communication, r#"{"sender":{"reference":"Practitioner/N-1/_history/1"}}"#, "unknown"),
            (
                FhirType::Communication,
                r#"{"sender":{"reference":"http://elsewhere.example/Practitioner/N-1"}}"#,
                "unknown",
            ),
            (FhirType::Communication, r##"{"sender":{"reference":"#n"}}"##, "unknown"),
            (FhirType::Communication, r#"{"sender":{"reference":"PractitionerRole/r"}}"#, "unknown"),
            (FhirType::Communication, r#"{"sender":{"identifier":{"value":"N-1"}}}"#, "unknown"),
            (FhirType::Communication, r#"{"sender":{"display":"N-1"}}"#, "unknown"),
            (FhirType::Communication, r#"{"recipient":[{"reference":"Practitioner/N-1"}]}"#, "unknown"),
            (
                FhirType::Observation,
                r#"{"performer":[{"reference":"Practitioner/N-2"},{"reference":"Organization/F-1"},{"reference":"Practitioner/N-1"},{"reference":"Practitioner/N-2"}]}"#,
                "N-1 N-2",
            ),
            // One that cannot be read makes the whole list unreadable: it may be anybody.
            (
                FhirType::Observation,
                r##"{"performer":[{"reference":"Practitioner/N-2"},{"reference":"#x"}]}"##,
                "unknown",
            ),
            (FhirType::Observation, r#"{"performer":[]}"#, "unknown"),
            (FhirType::Condition, r#"{"asserter":{"reference":"Practitioner/N-1"}}"#, "unknown"),
            (FhirType::Condition, r#"{"recorder":{"reference":"Practitioner/N-1"}}"#, "N-1"),
            (FhirType::MedicationDispense, r#"{"performer":[{"actor":{"reference":"Practitioner/N-1"}}]}"#, "N-1"),
            (FhirType::MedicationDispense, r#"{"performer":[{"function":{}}]}"#, "unknown"),
            (FhirType::MedicationDispense, r#"{"performer":[{"reference":"Practitioner/N-1"}]}"#, "unknown"),
            (FhirType::Encounter, r#"{"participant":[{"individual":{"reference":"Practitioner/N-1"}}]}"#, "unknown"),
        ] {
            assert_eq!(said(fhir_type, resource), expected, "{resource}");
        }
    }
}
