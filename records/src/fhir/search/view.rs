//! How much of the found is shown: `_elements` and `_summary` (FHIR R4 search.html#elements, #summary).
//!
//! Whose a record is must be read before it is released, whatever the client wants to see of it. So the element that says
//! so is asked of the store as well, with the labels, and taken out again afterwards.

use crate::bounds::ELEMENTS_MAX;
use crate::error::Unreadable;
use crate::fhir::types::{FhirType, PersonElement};
use crate::json::{Json, Object};

/// What is shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum View {
    /// Records as they are.
    #[default]
    Whole,
    /// These elements, in their order.
    Elements(Vec<String>),
    /// What is marked for a summary.
    Summary,
    /// The text for people.
    Text,
    /// All but the text.
    Data,
    /// How many there are, and nothing else.
    Count,
}

/// What tells a reader that parts are missing, so that nobody sends it back for the whole.
const SUBSETTED: (&str, &str) = ("http://terminology.hl7.org/CodeSystem/v3-ObservationValue", "SUBSETTED");

impl View {
    /// Reads `_elements`.
    pub(super) fn of_elements(value: &str) -> Option<Self> {
        let mut names: Vec<String> = Vec::new();
        for name in value.split(',') {
            let plain =
                name.starts_with(|c: char| c.is_ascii_lowercase()) && name.bytes().all(|b| b.is_ascii_alphanumeric());
            if !plain || names.len() == ELEMENTS_MAX || names.iter().any(|own| own == name) {
                return None;
            }
            names.push(name.to_owned());
        }
        names.sort();
        Some(Self::Elements(names))
    }

    /// Reads `_summary`.
    /// What `_elements` and `_summary` take, in words.
    pub(super) fn allowed(name: &str) -> String {
        if name == "_elements" {
            format!("names of elements at the top with commas, each once, at most {ELEMENTS_MAX}")
        } else {
            "true, false, text, data or count".to_owned()
        }
    }

    pub(super) fn of_summary(value: &str) -> Option<Self> {
        Some(match value {
            "false" => Self::Whole,
            "true" => Self::Summary,
            "text" => Self::Text,
            "data" => Self::Data,
            "count" => Self::Count,
            _ => return None,
        })
    }

    /// Refuses what could not be attributed, or what FHIR leaves open.
    pub(super) fn check(&self, found: &[FhirType], with_includes: bool) -> Result<(), Unreadable> {
        let fault = |why| Err(Unreadable::Parameter { name: "_summary".to_owned(), why });
        match self {
            Self::Summary if found.iter().any(|fhir_type| !says_whose_in_summary(*fhir_type)) => {
                fault("would leave out whose the records are; use _elements")
            }
            Self::Text | Self::Count if with_includes => fault("leaves no room for what comes along"),
            _ => Ok(()),
        }
    }

    /// As the client asked for it.
    pub(super) fn asked(&self) -> Option<(&'static str, String)> {
        match self {
            Self::Whole => None,
            Self::Elements(names) => Some(("_elements", names.join(","))),
            Self::Summary => Some(("_summary", "true".to_owned())),
            Self::Text => Some(("_summary", "text".to_owned())),
            Self::Data => Some(("_summary", "data".to_owned())),
            Self::Count => Some(("_summary", "count".to_owned())),
        }
    }

    /// As the store is asked: with what is needed to attribute records of these types.
    pub(super) fn sent(&self, found: &[FhirType]) -> Option<(&'static str, String)> {
        let mut names = match self {
            Self::Elements(names) => names.clone(),
            // FHIR's own summary of texts would say whose they are for some types only.
            Self::Text => vec!["text".to_owned()],
            _ => return self.asked(),
        };
        // `contained` is what references inside a record lead to.
        names.extend(["meta", "contained"].map(str::to_owned));
        names.extend(found.iter().filter_map(|fhir_type| says_whose(*fhir_type)).map(str::to_owned));
        names.sort();
        names.dedup();
        Some(("_elements", names.join(",")))
    }

    /// A resource as it is shown, without what only we asked for. None: as it is.
    pub(crate) fn show<'a>(&self, resource: &Object<'a>, fhir_type: FhirType) -> Option<Object<'a>> {
        let asked: &[String] = match self {
            Self::Elements(names) => names,
            Self::Text => &[],
            _ => return None,
        };
        let asked = |name: &str| asked.iter().any(|own| own == name);
        let whose = says_whose(fhir_type).filter(|name| !asked(name));
        let meta = asked("meta") || *self == Self::Text;
        let kept = |name: &str| (meta || name != "meta") && Some(name) != whose;
        let mut members: Vec<(&str, Json<'a>)> =
            resource.members().filter(|(name, _)| kept(name)).map(|(name, value)| (name, value.clone())).collect();
        if !meta {
            members.push(("meta", subsetted()));
        }
        Some(Object::of(members))
    }
}

/// The element that names the person.
const fn says_whose(fhir_type: FhirType) -> Option<&'static str> {
    match fhir_type.person_element() {
        PersonElement::Reference(element) | PersonElement::OneOf(element, _) => Some(element),
        // The id is always there.
        PersonElement::OwnId | PersonElement::None => None,
    }
}

/// Whether that element is one of those that FHIR R4 marks for a summary.
const fn says_whose_in_summary(fhir_type: FhirType) -> bool {
    !matches!(
        fhir_type,
        FhirType::Appointment
            | FhirType::CommunicationRequest
            | FhirType::Device
            | FhirType::RequestGroup
            | FhirType::SupplyDelivery
            | FhirType::SupplyRequest
    )
}

fn subsetted<'a>() -> Json<'a> {
    let (system, code) = SUBSETTED;
    let tag = Object::of(vec![("system", Json::own(system)), ("code", Json::own(code))]);
    Json::Object(Object::of(vec![("tag", Json::List(vec![Json::Object(tag)]))]))
}
