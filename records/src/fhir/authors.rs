//! Who wrote a record, as the record itself says: for rules such as "a note is amended by its author".
//!
//! One element for each type, the one that means "wrote this down" rather than "said so" or "took part". Asked of the stored
//! version, it says who may amend it; of a version that a client writes, in whose name it would stand.
//!
//! Beneath that element others are named as authors of parts ([`beneath`]). They amend nothing by that; but nobody writes them in
//! for somebody else.

use super::types::FhirType;
use crate::json::{Json, Object};
use crate::touches::{Authors, RecordId};

/// Under which path a type names its author.
enum AuthorPath {
    /// A reference, or a list of them.
    Element(&'static str),
    /// A list of backbone elements (the first) for those who took part, each in an element (the second).
    Backbone(&'static str, &'static str),
    /// Nowhere.
    Nowhere,
}

const fn author_path(fhir_type: FhirType) -> AuthorPath {
    match fhir_type {
        FhirType::Communication => AuthorPath::Element("sender"),
        FhirType::CarePlan
        | FhirType::Composition
        | FhirType::DetectedIssue
        | FhirType::DocumentManifest
        | FhirType::DocumentReference
        | FhirType::Flag
        | FhirType::QuestionnaireResponse
        | FhirType::RequestGroup => AuthorPath::Element("author"),
        FhirType::DiagnosticReport | FhirType::Observation | FhirType::RiskAssessment => {
            AuthorPath::Element("performer")
        }
        FhirType::MedicationStatement => AuthorPath::Element("informationSource"),
        FhirType::CommunicationRequest
        | FhirType::DeviceRequest
        | FhirType::MedicationRequest
        | FhirType::ServiceRequest
        | FhirType::SupplyRequest
        | FhirType::Task => AuthorPath::Element("requester"),
        FhirType::AdverseEvent | FhirType::AllergyIntolerance | FhirType::Condition | FhirType::Procedure => {
            AuthorPath::Element("recorder")
        }
        FhirType::ClinicalImpression => AuthorPath::Element("assessor"),
        FhirType::DeviceUseStatement => AuthorPath::Element("source"),
        FhirType::Goal => AuthorPath::Element("expressedBy"),
        FhirType::Media => AuthorPath::Element("operator"),
        FhirType::NutritionOrder => AuthorPath::Element("orderer"),
        FhirType::SupplyDelivery => AuthorPath::Element("supplier"),
        FhirType::VisionPrescription => AuthorPath::Element("prescriber"),
        FhirType::Immunization | FhirType::MedicationAdministration | FhirType::MedicationDispense => {
            AuthorPath::Backbone("performer", "actor")
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
        | FhirType::Substance => AuthorPath::Nowhere,
    }
}

/// The element that has to be asked for to learn who wrote a record of this type.
pub(crate) const fn element(fhir_type: FhirType) -> Option<&'static str> {
    match author_path(fhir_type) {
        AuthorPath::Element(element) | AuthorPath::Backbone(element, _) => Some(element),
        AuthorPath::Nowhere => None,
    }
}

/// Where a type names professionals as the authors of a part of it, or as who found or took what it says: elements within elements,
/// each a list or not. Of notes, observations and documents only: no other rule asks for them (F23).
const fn beneath_of(fhir_type: FhirType) -> &'static [&'static [&'static str]] {
    /// FHIR R4 datatypes.html#Annotation.
    const AUTHOR: &[&str] = &["note", "authorReference"];
    const AUTHOR_TEXT: &[&str] = &["note", "authorString"];
    match fhir_type {
        // FHIR R4 communication.html, communicationrequest.html, observation.html, media.html: `note`.
        FhirType::Communication | FhirType::CommunicationRequest | FhirType::Observation | FhirType::Media => {
            &[AUTHOR, AUTHOR_TEXT]
        }
        // FHIR R4 composition.html: `section.author`, sections within sections.
        FhirType::Composition => &[&["section", "author"]],
        // FHIR R4 diagnosticreport.html: `resultsInterpreter`.
        FhirType::DiagnosticReport => &[&["resultsInterpreter"]],
        // FHIR R4 imagingstudy.html: `interpreter`, `note`, `series.performer.actor`.
        FhirType::ImagingStudy => &[&["interpreter"], AUTHOR, AUTHOR_TEXT, &["series", "performer", "actor"]],
        // FHIR R4 questionnaireresponse.html: `source`, who answered.
        FhirType::QuestionnaireResponse => &[&["source"]],
        // FHIR R4 specimen.html: `collection.collector`, `note`.
        FhirType::Specimen => &[&["collection", "collector"], AUTHOR, AUTHOR_TEXT],
        _ => &[],
    }
}

/// The elements that have to be asked for to learn who is named beneath.
pub(crate) fn elements_beneath(fhir_type: FhirType) -> impl Iterator<Item = &'static str> {
    beneath_of(fhir_type).iter().filter_map(|path| path.first().copied())
}

/// The professionals named beneath, each once: by the id of their entry in the directory, or, where it cannot be told who it is, by
/// what stands there. Whoever does not sign in (the person who answered, a facility) is not among them.
pub(crate) fn beneath(resource: &Object<'_>, fhir_type: FhirType) -> Vec<String> {
    let mut names = Vec::new();
    for path in beneath_of(fhir_type) {
        walk(resource, path, &mut names);
    }
    names.sort();
    names.dedup();
    names
}

fn walk(object: &Object<'_>, path: &[&str], names: &mut Vec<String>) {
    let Some((element, rest)) = path.split_first() else { return };
    let Some(value) = object.get(element) else { return };
    for one in value.list().unwrap_or(std::slice::from_ref(value)) {
        match (rest.is_empty(), one.object()) {
            (true, _) => match author(one) {
                // `Type/id`: it does not sign in.
                Some(name) if name.contains('/') => {}
                Some(name) => names.push(name),
                None => names.push(unclear(one)),
            },
            (false, Some(inner)) => {
                walk(inner, rest, names);
                // A section holds sections.
                if inner.get(element).is_some() {
                    walk(inner, path, names);
                }
            }
            (false, None) => names.push(unclear(one)),
        }
    }
}

/// What stands there, in a form that is no id of anybody's.
fn unclear(value: &Json<'_>) -> String {
    let mut text = Vec::new();
    value.write(&mut text);
    format!("?{}", String::from_utf8_lossy(&text))
}

/// See the module. One who cannot be told makes the whole list unclear.
pub(crate) fn authors(resource: &Object<'_>, fhir_type: FhirType) -> Authors {
    let (value, part) = match author_path(fhir_type) {
        AuthorPath::Nowhere => return Authors::Unknown,
        AuthorPath::Element(element) => (resource.get(element), None),
        AuthorPath::Backbone(list, element) => (resource.get(list), Some(element)),
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
    use super::{authors, beneath};
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

    #[test]
    fn who_is_named_beneath() {
        let note =
            r#"{"note":[{"authorReference":{"reference":"Practitioner/N-1"}},{"authorString":"N-2"},{"text":"x"}]}"#;
        for (fhir_type, resource, expected) in [
            (FhirType::Observation, note, r#"?"N-2" N-1"#),
            (FhirType::Communication, note, r#"?"N-2" N-1"#),
            (FhirType::CommunicationRequest, note, r#"?"N-2" N-1"#),
            (FhirType::Media, note, r#"?"N-2" N-1"#),
            (FhirType::ImagingStudy, note, r#"?"N-2" N-1"#),
            (FhirType::Specimen, note, r#"?"N-2" N-1"#),
            // A plan is kept by several hands.
            (FhirType::CarePlan, note, ""),
            (FhirType::Observation, r#"{"performer":[{"reference":"Practitioner/N-1"}]}"#, ""),
            (FhirType::Observation, r#"{"note":[{"authorReference":{"reference":"Patient/P-1"}}]}"#, ""),
            (
                FhirType::Observation,
                r#"{"note":[{"authorReference":{"reference":"PractitionerRole/r"}}]}"#,
                r#"?{"reference":"PractitionerRole/r"}"#,
            ),
            (FhirType::Observation, r#"{"note":["x"]}"#, r#"?"x""#),
            (
                FhirType::Composition,
                r#"{"section":[{"author":[{"reference":"Practitioner/N-1"}],"section":[{"author":[{"reference":"Practitioner/N-2"}]}]}]}"#,
                "N-1 N-2",
            ),
            (FhirType::DiagnosticReport, r#"{"resultsInterpreter":[{"reference":"Practitioner/N-1"}]}"#, "N-1"),
            (FhirType::ImagingStudy, r#"{"interpreter":[{"reference":"Practitioner/N-1"}]}"#, "N-1"),
            (
                FhirType::ImagingStudy,
                r#"{"series":[{"performer":[{"actor":{"reference":"Practitioner/N-1"}}]}]}"#,
                "N-1",
            ),
            (FhirType::Specimen, r#"{"collection":{"collector":{"reference":"Practitioner/N-1"}}}"#, "N-1"),
            (FhirType::QuestionnaireResponse, r#"{"source":{"reference":"Practitioner/N-1"}}"#, "N-1"),
            (FhirType::QuestionnaireResponse, r#"{"source":{"reference":"Patient/P-1"}}"#, ""),
        ] {
            let tree = json::parse(resource.as_bytes()).unwrap();
            assert_eq!(beneath(tree.object().unwrap(), fhir_type).join(" "), expected, "{resource}");
        }
    }
}
