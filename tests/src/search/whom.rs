//! Whom a search is about: several persons, a compartment, everything of one; and never nobody.

use std::collections::BTreeSet;

use backend_stub::Paging;
use http::StatusCode;

use super::{HERS, Nurse, link, persons, records};
use crate::world::{Ask, World};

const FORM: &str = "application/x-www-form-urlencoded";

/// All of several persons must be permitted; one who is not makes the answer what it is for him alone.
#[tokio::test]
async fn several_persons_are_all_or_nobody() {
    let world = World::start().await;
    let nurse = Nurse::sato(&world).await;
    let both = nurse.found("/fhir/Condition?patient=P-0001,P-0002").await;
    assert_eq!(persons(&both), ["Patient/P-0001", "Patient/P-0002"].map(str::to_owned).into());
    world.store.clear_requests();
    let alone = nurse.get("/fhir/Condition?patient=P-0008").await;
    for target in ["/fhir/Condition?patient=P-0001,P-0008", "/fhir/Patient?_id=P-0001,P-9999"] {
        let refused = nurse.get(target).await;
        assert_eq!((refused.status, refused.code()), (alone.status, alone.code()), "{target}");
    }
    assert!(world.store_saw().is_empty(), "{:?}", world.store_saw());
    // By a name: among those whom she may search for.
    let named = nurse.found("/fhir/Patient?name=%E6%96%8E%E8%97%A4").await;
    assert_eq!(records(&named, "match"), ["Patient/P-0001"]);
    let asked = world.store_saw().pop().unwrap();
    assert!(asked.contains("_id=P-0001%2CP-0002"), "{asked}");
}

/// A compartment is a search about its person; by GET and as a form.
#[tokio::test]
async fn a_compartment_is_a_search_about_its_person() {
    let world = World::start().await;
    let nurse = Nurse::sato(&world).await;
    let plain = records(&nurse.found("/fhir/Observation?patient=P-0001&_count=100").await, "match");
    let within = nurse.found("/fhir/Patient/P-0001/Observation?_count=100").await;
    assert_eq!(records(&within, "match"), plain);
    let form = |target: &str, body: &'static str| Ask::post(target, FORM, body).as_(&nurse.cookie);
    for (target, body) in [
        ("/fhir/Patient/P-0001/Observation/_search", "_count=100"),
        ("/fhir/Observation/_search", "patient=P-0001&patient.name=%E6%96%8E%E8%97%A4&_count=100"),
        ("/fhir/Observation/_search?_count=100", "patient=Patient%2FP-0001&_include=Observation:patient"),
    ] {
        let found = nurse.terminal.ask(form(target, body)).await.unwrap();
        assert_eq!(found.status, StatusCode::OK, "{target}: {}", found.text());
        assert_eq!(records(&found.json(), "match"), plain, "{target}");
    }
    world.store.clear_requests();
    for target in ["/fhir/Patient/P-0008/Observation", "/fhir/Patient/P-9999/Observation"] {
        assert_eq!(nurse.refused(target).await.0, StatusCode::NOT_FOUND, "{target}");
    }
    for target in [
        "/fhir/Patient/P-0001/Observation?patient=P-0008",
        "/fhir/Patient/P-0001/*",
        "/fhir/Practitioner/K-sato/Observation",
        "/fhir/Encounter/visit-0008-01/Observation",
    ] {
        assert_eq!(nurse.refused(target).await.0, StatusCode::BAD_REQUEST, "{target}");
    }
    let lenient = Ask::get("/fhir/Observation?patient=P-0001").as_(&nurse.cookie).with("prefer", "handling=lenient");
    assert_eq!(nurse.terminal.ask(lenient).await.unwrap().status, StatusCode::BAD_REQUEST);
    assert!(world.store_saw().is_empty(), "{:?}", world.store_saw());
}

/// Everything of a person, over all pages, however the store finds them.
#[tokio::test]
async fn everything_of_a_person_is_that_persons() {
    let world = World::start().await;
    let nurse = Nurse::sato(&world).await;
    let mut ways = Vec::new();
    for paging in [Paging::Offset, Paging::Token] {
        world.store.page_by(paging);
        let (mut found, mut next) = (Vec::new(), Some("/fhir/Patient/P-0001/$everything?_count=20".to_owned()));
        while let Some(target) = next {
            let page = nurse.found(&target).await;
            assert!(persons(&page).iter().all(|person| person == "Patient/P-0001"), "{page}");
            found.extend(records(&page, "match"));
            next = link(&page, "next");
        }
        for kind in ["Patient/P-0001", "Observation/", "Communication/", "Condition/", "Consent/", "Appointment/"] {
            assert!(found.iter().any(|record| record.starts_with(kind)), "{kind}: {found:?}");
        }
        assert!(found.iter().all(|record| !record.contains("-0008") && !record.starts_with("Binary/")), "{found:?}");
        assert_eq!(found.iter().collect::<BTreeSet<_>>().len(), found.len());
        ways.push(found);
    }
    assert_eq!(ways[0], ways[1]);
    let some = nurse.found("/fhir/Patient/P-0001/$everything?_type=Condition,Patient&_count=50").await;
    assert_eq!(records(&some, "match").len(), 4, "{some}");
    let entry = world.entries().pop().unwrap();
    assert_eq!(entry.persons.iter().map(ToString::to_string).collect::<Vec<_>>(), ["P-0001"]);
    world.store.clear_requests();
    for target in ["/fhir/Patient/P-0008/$everything", "/fhir/Patient/P-9999/$everything?_type=Observation"] {
        assert_eq!(nurse.refused(target).await.0, StatusCode::NOT_FOUND, "{target}");
    }
    for target in ["/fhir/Patient/$everything", "/fhir/Practitioner/K-sato/$everything", "/fhir/Patient/P-0001/$export"]
    {
        assert_eq!(nurse.refused(target).await.0, StatusCode::BAD_REQUEST, "{target}");
    }
    assert!(world.store_saw().is_empty(), "{:?}", world.store_saw());
}

/// Promise P4 in the store's own log: whatever was asked above, nothing reaches it that is about everybody.
#[tokio::test]
async fn no_search_reaches_the_store_that_names_nobody() {
    let world = World::start().await;
    let nurse = Nurse::sato(&world).await;
    for target in [
        "/fhir/Observation",
        "/fhir/Observation?_id=o-0008-001",
        "/fhir/Observation?code=8867-4&_summary=count",
        "/fhir/Communication?_lastUpdated=ge2020&_sort=-_lastUpdated",
        "/fhir/Patient?_has:Observation:patient:code=8867-4",
        "/fhir/Patient?_revinclude=Observation:patient",
        "/fhir/DiagnosticReport?_include=DiagnosticReport:result",
    ] {
        let found = nurse.found(target).await;
        assert!(persons(&found).iter().all(|person| HERS.contains(&person.as_str())), "{target}: {found}");
    }
    for asked in world.store_saw() {
        assert!(asked.contains("patient=P-0001%2C") || asked.contains("_id=P-0001%2C"), "{asked}");
    }
}
