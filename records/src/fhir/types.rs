//! The types that are served: which element names the person, which category policy sees, what may be done.

use model::{Category, words};

use crate::bounds::{BINARY_RESOURCE_BYTES_MAX, RESOURCE_BYTES_MAX};

words! {
    /// A FHIR R4 resource type that is served. All but the directory belong to one person each.
    pub enum FhirType ("FHIR type") {
        /// The person; its id is the person's.
        Patient = "Patient",
        /// Who cares for the person.
        CareTeam = "CareTeam",
        /// The consent form.
        Consent = "Consent",
        /// A note between professions.
        Communication = "Communication",
        /// A measurement.
        Observation = "Observation",
        /// A document's card.
        DocumentReference = "DocumentReference",
        /// A document's bytes.
        Binary = "Binary",
        /// A care plan.
        CarePlan = "CarePlan",
        /// A medicine taken.
        MedicationStatement = "MedicationStatement",
        /// A professional: directory.
        Practitioner = "Practitioner",
        /// A facility: directory.
        Organization = "Organization",
    }
}

/// Where a resource says whose it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PersonElement {
    /// Its own id.
    OwnId,
    /// This element, a reference to a Patient.
    Reference(&'static str),
    /// Nowhere: it belongs to no person.
    None,
}

impl FhirType {
    /// What policy calls it.
    #[must_use]
    pub const fn category(self) -> Category {
        match self {
            Self::Patient => Category::Demographics,
            Self::CareTeam => Category::Team,
            Self::Consent => Category::Consent,
            Self::Communication => Category::Note,
            Self::Observation => Category::Observation,
            Self::DocumentReference | Self::Binary => Category::Document,
            Self::CarePlan => Category::Plan,
            Self::MedicationStatement => Category::Medication,
            Self::Practitioner | Self::Organization => Category::Directory,
        }
    }

    /// The element of the FHIR R4 patient compartment that decides (<https://hl7.org/fhir/R4/compartmentdefinition-patient.html>),
    /// one per type: what merely mentions a person does not make the record his.
    pub(crate) const fn person_element(self) -> PersonElement {
        match self {
            Self::Patient => PersonElement::OwnId,
            Self::Consent => PersonElement::Reference("patient"),
            Self::Binary => PersonElement::Reference("securityContext"),
            Self::CareTeam
            | Self::Communication
            | Self::Observation
            | Self::DocumentReference
            | Self::CarePlan
            | Self::MedicationStatement => PersonElement::Reference("subject"),
            Self::Practitioner | Self::Organization => PersonElement::None,
        }
    }

    pub(crate) const fn is_directory(self) -> bool {
        matches!(self.person_element(), PersonElement::None)
    }

    /// Size of a resource in a request body, in bytes.
    pub(crate) const fn bytes_max(self) -> usize {
        match self {
            Self::Binary => BINARY_RESOURCE_BYTES_MAX,
            _ => RESOURCE_BYTES_MAX,
        }
    }
}
