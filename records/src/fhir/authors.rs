//! Who wrote a record, as the record itself says: for rules such as "a note is amended by its author".
//!
//! One element for each type, the one that means "wrote this down" rather than "said so" or "took part". Asked of the stored
//! version, it says who may amend it; of a version that a client writes, in whose name it would stand.

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

/// See the module. One who cannot be told makes the whole list unclear.
pub(crate) fn authors(resource: &Object<'_>, fhir_type: FhirType) -> Authors {
    let (value, part) = match place(fhir_type) {
        Place::Nowhere => return Authors::Unknown,
        Place::Element(element) => (resource.get(element), None),
        Place::Part(list, element) => (resource.get(list), Some(element)),
    };
    let Some(value) = value else { return Authors::Unknown };
    let list = value.list().unwrap_or(std::slice::from_ref(value));
    let named = list.iter().map(|one| match part {
        None => author(one),
        Some(element) => author(one.object()?.get(element)?),
    });
    match named.collect::<Option<Vec<String>>>() {
        None => Authors::Unclear,
        Some(named) if named.is_empty() => Authors::Unknown,
        Some(mut named) => {
            named.sort();
            named.dedup();
            Authors::Named(named)
        }
    }
}

/// Types whose records are nobody who signs in.
const OTHERS: [&str; 5] = ["CareTeam", "Device", "Organization", "Patient", "RelatedPerson"];

/// A reference: to a Practitioner, or beyond doubt to somebody else. A PractitionerRole is a Practitioner that would have to be
/// looked up; it leaves the author unclear, and so does every form that is not plain (contained, an identifier, a name alone).
fn author(reference: &Json<'_>) -> Option<String> {
    let reference = reference.object()?;
    let (kind, id) = reference.text("reference")?.split_once('/')?;
    let id = RecordId::new(id).ok()?;
    if reference.get("type").is_some_and(|claimed| claimed.text() != Some(kind)) {
        return None;
    }
    match kind {
        "Practitioner" => Some(id.to_string()),
        other if OTHERS.contains(&other) => Some(format!("{other}/{id}")),
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
            Authors::Unknown => "nobody".to_owned(),
            Authors::Unclear => "unclear".to_owned(),
        }
    }

    #[test]
    fn who_wrote_it() {
        for (fhir_type, resource, expected) in [
            (FhirType::Communication, r#"{"sender":{"reference":"Practitioner/N-1"}}"#, "N-1"),
            (FhirType::Communication, r#"{"sender":{"reference":"Practitioner/N-1","type":"Practitioner"}}"#, "N-1"),
            (FhirType::Communication, r#"{"sender":{"reference":"Patient/P-1"}}"#, "Patient/P-1"),
            (FhirType::Communication, r#"{"sender":{"reference":"Practitioner/N-1","type":"Patient"}}"#, "unclear"),
            (FhirType::Communication, r#"{"sender":{"reference":"Practitioner/N-1/_history/1"}}"#, "unclear"),
            (
                FhirType::Communication,
                r#"{"sender":{"reference":"http://elsewhere.example/Practitioner/N-1"}}"#,
                "unclear",
            ),
            (FhirType::Communication, r##"{"sender":{"reference":"#n"}}"##, "unclear"),
            (FhirType::Communication, r#"{"sender":{"reference":"PractitionerRole/r"}}"#, "unclear"),
            (FhirType::Communication, r#"{"sender":{"identifier":{"value":"N-1"}}}"#, "unclear"),
            (FhirType::Communication, r#"{"sender":{"display":"N-1"}}"#, "unclear"),
            (FhirType::Communication, r#"{"recipient":[{"reference":"Practitioner/N-1"}]}"#, "nobody"),
            (FhirType::Communication, r#"{"sender":"Practitioner/N-1"}"#, "unclear"),
            (FhirType::Communication, r#"{"sender":{}}"#, "unclear"),
            (
                FhirType::Observation,
                r#"{"performer":[{"reference":"Practitioner/N-2"},{"reference":"Organization/F-1"},{"reference":"Practitioner/N-1"},{"reference":"Practitioner/N-2"}]}"#,
                "N-1 N-2 Organization/F-1",
            ),
            // One that cannot be read makes the whole list unreadable: it may be anybody.
            (
                FhirType::Observation,
                r##"{"performer":[{"reference":"Practitioner/N-2"},{"reference":"#x"}]}"##,
                "unclear",
            ),
            (FhirType::Observation, r#"{"performer":[]}"#, "nobody"),
            (FhirType::Condition, r#"{"asserter":{"reference":"Practitioner/N-1"}}"#, "nobody"),
            (FhirType::Condition, r#"{"recorder":{"reference":"Practitioner/N-1"}}"#, "N-1"),
            (FhirType::MedicationDispense, r#"{"performer":[{"actor":{"reference":"Practitioner/N-1"}}]}"#, "N-1"),
            (FhirType::MedicationDispense, r#"{"performer":[{"function":{}}]}"#, "unclear"),
            (FhirType::MedicationDispense, r#"{"performer":[{"reference":"Practitioner/N-1"}]}"#, "unclear"),
            (FhirType::Encounter, r#"{"participant":[{"individual":{"reference":"Practitioner/N-1"}}]}"#, "nobody"),
        ] {
            assert_eq!(said(fhir_type, resource), expected, "{resource}");
        }
    }
}
