//! The types that are served: which element names the person, which category policy sees, what may be done. And those
//! that are not, each with the reason (`refused.rs`).
//!
//! The patient compartment lists up to four elements for a type
//! (<https://hl7.org/fhir/R4/compartmentdefinition-patient.html>): the person it is about, and whoever took part. Here one
//! element decides, the one that means "whose record is it": a sister who recorded an allergy, or is paid for a claim,
//! does not own it.

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

        /// A harm that was done, or nearly.
        AdverseEvent = "AdverseEvent",
        /// What the person does not tolerate.
        AllergyIntolerance = "AllergyIntolerance",
        /// A visit that is agreed on.
        Appointment = "Appointment",
        /// The person's answer to an appointment.
        AppointmentResponse = "AppointmentResponse",
        /// A place on the person's body.
        BodyStructure = "BodyStructure",
        /// What a professional makes of the person's state.
        ClinicalImpression = "ClinicalImpression",
        /// A request to tell somebody something.
        CommunicationRequest = "CommunicationRequest",
        /// A letter or summary, section by section.
        Composition = "Composition",
        /// A diagnosis or problem.
        Condition = "Condition",
        /// The insurance card.
        Coverage = "Coverage",
        /// A danger in what was ordered: two medicines that do not go together.
        DetectedIssue = "DetectedIssue",
        /// A device of one person: the pump, the ventilator.
        Device = "Device",
        /// An order of a device.
        DeviceRequest = "DeviceRequest",
        /// That the person uses a device.
        DeviceUseStatement = "DeviceUseStatement",
        /// A finding with its measurements.
        DiagnosticReport = "DiagnosticReport",
        /// A set of documents.
        DocumentManifest = "DocumentManifest",
        /// A visit that took place.
        Encounter = "Encounter",
        /// The time in which a facility cares for the person.
        EpisodeOfCare = "EpisodeOfCare",
        /// Illnesses in the family.
        FamilyMemberHistory = "FamilyMemberHistory",
        /// A warning to whoever visits.
        Flag = "Flag",
        /// What care is to reach.
        Goal = "Goal",
        /// Pictures of an examination.
        ImagingStudy = "ImagingStudy",
        /// A vaccination.
        Immunization = "Immunization",
        /// Whether a vaccination counts.
        ImmunizationEvaluation = "ImmunizationEvaluation",
        /// Which vaccination is due.
        ImmunizationRecommendation = "ImmunizationRecommendation",
        /// A photograph or a recording.
        Media = "Media",
        /// A medicine given.
        MedicationAdministration = "MedicationAdministration",
        /// A medicine handed out.
        MedicationDispense = "MedicationDispense",
        /// A prescription.
        MedicationRequest = "MedicationRequest",
        /// An order of food.
        NutritionOrder = "NutritionOrder",
        /// Something done to the person.
        Procedure = "Procedure",
        /// A form filled in.
        QuestionnaireResponse = "QuestionnaireResponse",
        /// Family and friends.
        RelatedPerson = "RelatedPerson",
        /// Several orders that belong together.
        RequestGroup = "RequestGroup",
        /// What may befall the person, and how likely.
        RiskAssessment = "RiskAssessment",
        /// An order: home-visit nursing, an examination.
        ServiceRequest = "ServiceRequest",
        /// A sample taken.
        Specimen = "Specimen",
        /// Supplies brought.
        SupplyDelivery = "SupplyDelivery",
        /// Supplies ordered.
        SupplyRequest = "SupplyRequest",
        /// Something to be done.
        Task = "Task",
        /// Glasses prescribed.
        VisionPrescription = "VisionPrescription",

        /// What a facility offers: directory.
        HealthcareService = "HealthcareService",
        /// A place: directory.
        Location = "Location",
        /// A medicine as such: directory.
        Medication = "Medication",
        /// What a professional does at which facility: directory.
        PractitionerRole = "PractitionerRole",
        /// A substance as such: directory.
        Substance = "Substance",
    }
}

/// Where a resource says whose it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PersonElement {
    /// Its own id.
    OwnId,
    /// This element, a reference to a Patient.
    Reference(&'static str),
    /// A list (the first) of those who take part, each in an element (the second): exactly one of them is a Patient.
    OneOf(&'static str, &'static str),
    /// Nowhere: it belongs to no person.
    None,
}

impl FhirType {
    /// What policy calls it.
    #[must_use]
    pub const fn category(self) -> Category {
        match self {
            Self::Patient | Self::RelatedPerson | Self::Coverage => Category::Demographics,
            Self::CareTeam => Category::Team,
            Self::Consent => Category::Consent,
            Self::Communication | Self::CommunicationRequest => Category::Note,
            Self::Observation
            | Self::DiagnosticReport
            | Self::ImagingStudy
            | Self::QuestionnaireResponse
            | Self::Specimen => Category::Observation,
            Self::AdverseEvent
            | Self::AllergyIntolerance
            | Self::BodyStructure
            | Self::ClinicalImpression
            | Self::Condition
            | Self::DetectedIssue
            | Self::Device
            | Self::DeviceUseStatement
            // A visit and a time of care name the diagnosis they were for.
            | Self::Encounter
            | Self::EpisodeOfCare
            | Self::FamilyMemberHistory
            | Self::Flag
            | Self::Immunization
            | Self::ImmunizationEvaluation
            | Self::ImmunizationRecommendation
            | Self::Procedure
            | Self::RiskAssessment => Category::Condition,
            Self::DocumentReference | Self::Binary | Self::Composition | Self::DocumentManifest | Self::Media => {
                Category::Document
            }
            // Plans, and the orders and visits that carry them out.
            Self::CarePlan
            | Self::Appointment
            | Self::AppointmentResponse
            | Self::DeviceRequest
            | Self::Goal
            | Self::NutritionOrder
            | Self::RequestGroup
            | Self::ServiceRequest
            | Self::SupplyDelivery
            | Self::SupplyRequest
            | Self::Task
            | Self::VisionPrescription => Category::Plan,
            Self::MedicationStatement
            | Self::MedicationAdministration
            | Self::MedicationDispense
            | Self::MedicationRequest => Category::Medication,
            Self::Practitioner
            | Self::Organization
            | Self::HealthcareService
            | Self::Location
            | Self::Medication
            | Self::PractitionerRole
            | Self::Substance => Category::Directory,
        }
    }

    /// The element that decides, one per type. See the module.
    pub(crate) const fn person_element(self) -> PersonElement {
        match self {
            Self::Patient => PersonElement::OwnId,
            Self::Binary => PersonElement::Reference("securityContext"),
            Self::AllergyIntolerance
            | Self::BodyStructure
            | Self::Consent
            | Self::DetectedIssue
            // Not in the compartment of R4; but a device that names nobody is of no use to a visiting nurse, and one that
            // does tells what its owner suffers from.
            | Self::Device
            | Self::EpisodeOfCare
            | Self::FamilyMemberHistory
            | Self::Immunization
            | Self::ImmunizationEvaluation
            | Self::ImmunizationRecommendation
            | Self::NutritionOrder
            | Self::RelatedPerson
            | Self::SupplyDelivery
            | Self::VisionPrescription => PersonElement::Reference("patient"),
            Self::AdverseEvent
            | Self::CarePlan
            | Self::CareTeam
            | Self::ClinicalImpression
            | Self::Communication
            | Self::CommunicationRequest
            | Self::Composition
            | Self::Condition
            | Self::DeviceRequest
            | Self::DeviceUseStatement
            | Self::DiagnosticReport
            | Self::DocumentManifest
            | Self::DocumentReference
            | Self::Encounter
            | Self::Flag
            | Self::Goal
            | Self::ImagingStudy
            | Self::Media
            | Self::MedicationAdministration
            | Self::MedicationDispense
            | Self::MedicationRequest
            | Self::MedicationStatement
            | Self::Observation
            | Self::Procedure
            | Self::QuestionnaireResponse
            | Self::RequestGroup
            | Self::RiskAssessment
            | Self::ServiceRequest
            | Self::Specimen => PersonElement::Reference("subject"),
            // Whose card it is; the policy holder and the payer may be others.
            Self::Coverage => PersonElement::Reference("beneficiary"),
            Self::SupplyRequest => PersonElement::Reference("deliverTo"),
            // Not in the compartment of R4, which counts by who does it. `for` is who benefits.
            Self::Task => PersonElement::Reference("for"),
            Self::AppointmentResponse => PersonElement::Reference("actor"),
            Self::Appointment => PersonElement::OneOf("participant", "actor"),
            Self::Practitioner
            | Self::Organization
            | Self::HealthcareService
            | Self::Location
            | Self::Medication
            | Self::PractitionerRole
            | Self::Substance => PersonElement::None,
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
