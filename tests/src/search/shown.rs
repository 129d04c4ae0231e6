//! How much is shown: parts, texts, numbers.

use http::StatusCode;
use serde_json::Value;

use super::{HERS, Nurse, records};
use crate::world::World;

/// Parts, texts and numbers: whose they are is read all the same, and not shown unless asked for.
#[tokio::test]
async fn parts_and_numbers_are_attributed_too() {
    let world = World::start().await;
    let nurse = Nurse::sato(&world).await;
    let parts = nurse.found("/fhir/Observation?patient=P-0001&_elements=code&_count=3").await;
    let entries = parts["entry"].as_array().unwrap();
    assert_eq!(entries.len(), 3);
    for entry in entries {
        let resource = &entry["resource"];
        assert!(resource["code"].is_object() && resource["subject"].is_null(), "{resource}");
        assert_eq!(resource["meta"]["tag"][0]["code"], "SUBSETTED", "{resource}");
        assert!(resource["valueQuantity"].is_null() && resource["effectiveDateTime"].is_null(), "{resource}");
    }
    let asked = world.store.requests().pop().unwrap().target;
    assert!(asked.contains("_elements=code%2Ccontained%2Cmeta%2Csubject"), "{asked}");
    for summary in ["true", "text", "data", "false"] {
        let found = nurse.found(&format!("/fhir/Observation?patient=P-0001&_summary={summary}&_count=100")).await;
        assert_eq!(records(&found, "match").len(), 40, "{summary}");
    }
    let counted = nurse.found("/fhir/Observation?patient=P-0001&_summary=count").await;
    assert_eq!((&counted["total"], &counted["entry"]), (&Value::from(40), &Value::Null));
    let total = |bundle: Value| bundle["total"].clone();
    assert_eq!(total(nurse.found("/fhir/Observation?patient=P-0001&_count=5&_total=accurate").await), 40);
    assert_eq!(total(nurse.found("/fhir/Observation?patient=P-0001&_count=5").await), Value::Null);
    assert_eq!(total(nurse.found("/fhir/Observation?patient=P-0001&_count=100").await), 40);
    // Narrowed: the number of those persons' records, and no others'.
    let mut own = 0;
    for person in HERS {
        let counted = nurse.found(&format!("/fhir/Observation?patient={person}&_summary=count")).await;
        own += counted["total"].as_u64().unwrap();
    }
    assert_eq!(total(nurse.found("/fhir/Observation?_summary=count").await), own);
    // A number that cannot be true is not passed on.
    let wrong = nurse.found("/fhir/Observation?patient=P-0900&code=broken-total&_total=accurate&_count=200").await;
    assert_eq!(total(wrong.clone()), records(&wrong, "match").len());
    world.store.clear_requests();
    assert_eq!(nurse.refused("/fhir/Observation?patient=P-0008&_summary=count").await.0, StatusCode::NOT_FOUND);
    assert_eq!(nurse.refused("/fhir/Observation?patient=P-0001&_total=estimate").await.0, StatusCode::BAD_REQUEST);
    assert!(world.store_saw().is_empty(), "{:?}", world.store_saw());
}

/// What is looked through or counted is not seen, so it counts as labelled: who may not see labelled records may search, but
/// not count or look through.
#[tokio::test]
async fn what_is_not_seen_needs_the_permit_for_labelled_records() {
    let world = World::start().await;
    let nurse = Nurse::sato(&world).await;
    let (terminal, cookie) = world.signed_in("U-kato", "D-kato").await;
    let care_manager = Nurse { terminal, cookie };
    let found = care_manager.found("/fhir/Observation?patient=P-0001&_count=100").await;
    assert!(!records(&found, "match").is_empty());
    world.store.clear_requests();
    for target in [
        "/fhir/Observation?patient=P-0001&_summary=count",
        "/fhir/Observation?patient=P-0001&_total=accurate",
        "/fhir/Observation?patient=P-0001&patient.gender=female",
        "/fhir/Patient?_id=P-0001&_has:Observation:patient:code=8867-4",
        "/fhir/Patient?_has:Observation:patient:code=8867-4",
    ] {
        assert_eq!(care_manager.refused(target).await.0, StatusCode::NOT_FOUND, "{target}");
    }
    assert!(world.store_saw().is_empty(), "{:?}", world.store_saw());
    // Of a questionnaire that is labelled, the nurse sees more than the care manager; and no number tells of it.
    let hers = records(&nurse.found("/fhir/QuestionnaireResponse?patient=P-0001").await, "match");
    assert_eq!(hers, ["QuestionnaireResponse/answers-0001-01"]);
    let his = care_manager.found("/fhir/QuestionnaireResponse?patient=P-0001").await;
    assert_eq!((records(&his, "match"), &his["total"]), (Vec::new(), &Value::from(0)));
}
