//! What a search looks through, and what comes along.

use http::StatusCode;

use super::{HERS, Nurse, persons, records};
use crate::world::World;

/// A chain that ends at the same persons or in the directory finds what is there; others are refused by name.
#[tokio::test]
async fn chains_end_where_they_began() {
    let world = World::start().await;
    let nurse = Nurse::sato(&world).await;
    let all = records(&nurse.found("/fhir/Condition?patient=P-0001").await, "match");
    let found = |target: &'static str| async { records(&nurse.found(target).await, "match") };
    assert_eq!(found("/fhir/Condition?patient.name=%E6%96%8E%E8%97%A4").await, all);
    assert_eq!(found("/fhir/Condition?patient=P-0001&patient.name=%E9%88%B4%E6%9C%A8").await, Vec::<String>::new());
    let hers =
        found("/fhir/Observation?patient=P-0001&performer:Practitioner.name=%E4%BD%90%E8%97%A4&_count=100").await;
    assert!(!hers.is_empty());
    assert_eq!(found("/fhir/Observation?patient=P-0001&performer=Practitioner/K-sato&_count=100").await, hers);
    assert_eq!(found("/fhir/Observation?patient=P-0001&performer:Practitioner.name=zz").await, Vec::<String>::new());

    // Of whom there is such a record: of those she cares for, whoever else there may be.
    let whom = found("/fhir/Patient?_has:DiagnosticReport:patient:status=final").await;
    assert_eq!(whom, HERS);
    let asked = world.store_saw().pop().unwrap();
    assert!(asked.contains("_id=P-0001%2CP-0002%2CP-0003%2CP-0900&_has"), "{asked}");
    world.store.clear_requests();
    for target in [
        "/fhir/Patient?_id=P-0008&_has:DiagnosticReport:patient:status=final",
        "/fhir/Observation?patient=P-0008&patient.name=x",
    ] {
        assert_eq!(nurse.refused(target).await.0, StatusCode::NOT_FOUND, "{target}");
    }
    for target in [
        "/fhir/Practitioner?_has:Observation:performer:patient=P-0008",
        "/fhir/Observation?patient=P-0001&encounter.patient=P-0008",
        "/fhir/Observation?patient=P-0001&patient._id=P-0008",
        "/fhir/Organization?_has:Patient:organization:name=x",
    ] {
        assert_eq!(nurse.refused(target).await.0, StatusCode::BAD_REQUEST, "{target}");
    }
    assert!(world.store_saw().is_empty(), "{:?}", world.store_saw());
}

/// What comes along is the person's or the directory's, in as many steps as are asked for.
#[tokio::test]
async fn what_comes_along_is_the_same_persons() {
    let world = World::start().await;
    let nurse = Nurse::sato(&world).await;
    let report = nurse
        .found(
            "/fhir/DiagnosticReport?patient=P-0001&_include=DiagnosticReport:patient\
             &_include=DiagnosticReport:result&_include:iterate=Observation:performer:Practitioner",
        )
        .await;
    assert_eq!(records(&report, "match"), ["DiagnosticReport/report-0001-01"]);
    let along = records(&report, "include");
    for kind in ["Patient/P-0001", "Observation/", "Practitioner/"] {
        assert!(along.iter().any(|record| record.starts_with(kind)), "{kind}: {along:?}");
    }
    assert_eq!(persons(&report), ["Patient/P-0001".to_owned()].into());

    let person =
        nurse.found("/fhir/Patient?_id=P-0001&_revinclude=Condition:patient&_revinclude=CarePlan:subject").await;
    assert_eq!(records(&person, "match"), ["Patient/P-0001"]);
    assert_eq!(records(&person, "include").len(), 4, "three problems and a plan: {person}");
    assert_eq!(persons(&person), ["Patient/P-0001".to_owned()].into());

    // The store adds somebody nobody asked for; somebody else; what was asked for, of somebody else.
    for target in [
        "/fhir/Observation?patient=P-0900&code=broken-include",
        "/fhir/Observation?patient=P-0900&code=broken-include&_include=Observation:patient",
        "/fhir/Observation?patient=P-0900&code=broken-fullurl",
        "/fhir/Observation?patient=P-0900&code=broken-surplus&_total=accurate",
    ] {
        let found = nurse.found(target).await;
        assert!(persons(&found).iter().all(|person| person == "Patient/P-0900"), "{target}: {found}");
        assert!(!found.to_string().contains("P-0001"), "{target}: {found}");
    }
    for target in ["_include=*", "_include=Observation:*", "_revinclude=*", "_revinclude=Provenance:target"] {
        let target = format!("/fhir/Observation?patient=P-0001&{target}");
        assert_eq!(nurse.refused(&target).await.0, StatusCode::BAD_REQUEST, "{target}");
    }
}
