//! The types of FHIR R4 that are not served, each with the reason. With `types.rs` this is the whole list of R4
//! (<https://hl7.org/fhir/R4/resourcelist.html>); a test over the published definitions holds that.

/// A reason, and the types that it keeps out.
type Refused = (&'static str, &'static [&'static str]);

const REFUSED: &[Refused] = &[
    (
        // Whoever may write these may forge what others did; whoever may read them learns who looked at whose record. The
        // evidence is the gateway's own audit log.
        "is evidence, which is kept by nobody but us",
        &["AuditEvent", "Provenance", "VerificationResult"],
    ),
    (
        // One decision is about one person.
        "may be about several persons at once",
        &["Group", "Linkage", "MeasureReport", "Person", "ResearchSubject"],
    ),
    (
        // Policy decides by kind of record, which these do not show by their type.
        "does not show by its type what kind of record it holds",
        &["Basic", "GuidanceResponse", "List"],
    ),
    (
        "wraps other resources and is no record of its own",
        &["Bundle", "MessageHeader", "OperationOutcome", "Parameters"],
    ),
    (
        // Art. 16: what is shared is for care.
        "is for billing, which is no shared information",
        &[
            "Account",
            "ChargeItem",
            "ChargeItemDefinition",
            "Claim",
            "ClaimResponse",
            "Contract",
            "CoverageEligibilityRequest",
            "CoverageEligibilityResponse",
            "EnrollmentRequest",
            "EnrollmentResponse",
            "ExplanationOfBenefit",
            "InsurancePlan",
            "Invoice",
            "PaymentNotice",
            "PaymentReconciliation",
        ],
    ),
    (
        // It tells of the whole family, and no care in the home needs it.
        "holds a genome, which is no shared information",
        &["MolecularSequence"],
    ),
    (
        // Who is free when is the facilities' own; what is agreed on is an Appointment.
        "is a calendar or a feed, which is no shared information",
        &["Schedule", "Slot", "Subscription"],
    ),
    (
        // Addresses of machines and who trusts whom: of use to nobody in care, and to an attacker.
        "describes machines or contracts between institutions",
        &["DeviceMetric", "Endpoint", "OrganizationAffiliation"],
    ),
    (
        "is a definition or a study and no record of care",
        &[
            "ActivityDefinition",
            "BiologicallyDerivedProduct",
            "CapabilityStatement",
            "CatalogEntry",
            "CodeSystem",
            "CompartmentDefinition",
            "ConceptMap",
            "DeviceDefinition",
            "EffectEvidenceSynthesis",
            "EventDefinition",
            "Evidence",
            "EvidenceVariable",
            "ExampleScenario",
            "GraphDefinition",
            "ImplementationGuide",
            "Library",
            "Measure",
            "MedicationKnowledge",
            "MedicinalProduct",
            "MedicinalProductAuthorization",
            "MedicinalProductContraindication",
            "MedicinalProductIndication",
            "MedicinalProductIngredient",
            "MedicinalProductInteraction",
            "MedicinalProductManufactured",
            "MedicinalProductPackaged",
            "MedicinalProductPharmaceutical",
            "MedicinalProductUndesirableEffect",
            "MessageDefinition",
            "NamingSystem",
            "ObservationDefinition",
            "OperationDefinition",
            "PlanDefinition",
            "Questionnaire",
            "ResearchDefinition",
            "ResearchElementDefinition",
            "ResearchStudy",
            "RiskEvidenceSynthesis",
            "SearchParameter",
            "SpecimenDefinition",
            "StructureDefinition",
            "StructureMap",
            "SubstanceNucleicAcid",
            "SubstancePolymer",
            "SubstanceProtein",
            "SubstanceReferenceInformation",
            "SubstanceSourceMaterial",
            "SubstanceSpecification",
            "TerminologyCapabilities",
            "TestReport",
            "TestScript",
            "ValueSet",
        ],
    ),
];

/// Why a type that [`super::types::FhirType`] does not know is not served. Reads behind the type's name.
pub(crate) fn why(name: &str) -> &'static str {
    let found = REFUSED.iter().find(|(_, types)| types.contains(&name));
    found.map_or("is no type of FHIR R4", |(why, _)| why)
}

/// Whether FHIR R4 has a type of this name, served or not.
pub(crate) fn is_a_type(name: &str) -> bool {
    super::types::FhirType::parse(name).is_ok() || REFUSED.iter().any(|(_, types)| types.contains(&name))
}

#[cfg(test)]
mod tests {
    use super::super::types::FhirType;
    use super::{REFUSED, why};

    #[test]
    fn a_type_is_served_or_refused_once() {
        let refused: Vec<&str> = REFUSED.iter().flat_map(|(_, types)| types.iter().copied()).collect();
        for (at, name) in refused.iter().enumerate() {
            assert!(FhirType::parse(name).is_err(), "`{name}` is served and refused");
            assert!(!refused[..at].contains(name), "`{name}` is refused twice");
        }
        // FHIR R4 has 146 types that are not abstract.
        assert_eq!(refused.len() + FhirType::ALL.len(), 146);
        assert_eq!(why("AuditEvent"), "is evidence, which is kept by nobody but us");
        assert_eq!(why("observation"), "is no type of FHIR R4");
    }
}
