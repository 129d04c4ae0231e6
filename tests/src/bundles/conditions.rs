//! Conditions of the entries of a transaction: what they find, and what they must not tell.

use std::collections::BTreeSet;

use audit::Query;
use http::StatusCode;
use serde_json::{Value, json};

use super::{A, B, answers, bundle, measured, named, note, post, put, send, statuses, without_incident};
use crate::world::{Plan, World};

fn known_as(identifier: &str, mut resource: Value) -> Value {
    resource["identifier"] = json!([{ "system": "urn:sato", "value": identifier }]);
    resource
}

fn unless(criteria: &str, mut entry: Value) -> Value {
    entry["request"]["ifNoneExist"] = json!(criteria);
    entry
}

fn put_where(criteria: &str, resource: Value) -> Value {
    let url = format!("{}?{criteria}", resource["resourceType"].as_str().unwrap());
    json!({ "resource": resource, "request": { "method": "PUT", "url": url } })
}

/// What senders do that do not know whether they have sent something before: no record is made twice, and what refers to one
/// refers to the one that was there.
#[tokio::test]
async fn a_transaction_under_conditions_can_be_sent_again() {
    let world = World::start().await;
    let (terminal, cookie) = world.signed_in("U-sato", "D-sato").await;
    let mut about = note("P-0001");
    about["about"] = json!([{ "reference": A }, { "reference": B }]);
    let again = |status: &str| {
        let mut changed = known_as("2", measured("P-0001"));
        changed["status"] = json!(status);
        bundle(
            "transaction",
            &[
                post(about.clone()),
                named(A, unless("identifier=urn:sato|1", post(known_as("1", measured("P-0001"))))),
                named(B, put_where("identifier=urn:sato%7C2", changed)),
            ],
        )
    };
    world.store.clear_requests();
    let first = answers(&send(&terminal, &cookie, &again("preliminary")).await.unwrap());
    assert_eq!(statuses(&first), [201, 201, 201], "{first:#?}");
    let second = answers(&send(&terminal, &cookie, &again("final")).await.unwrap());
    assert_eq!(statuses(&second), [201, 200, 200], "{second:#?}");
    assert_eq!(world.store_saw(), ["POST /fhir", "POST /fhir"]);
    let id = |answer: &Value| format!("Observation/{}", answer["resource"]["id"].as_str().unwrap());
    assert_eq!((id(&first[1]), id(&first[2])), (id(&second[1]), id(&second[2])));
    assert_eq!(second[2]["resource"]["status"], "final");
    for told in [&first, &second] {
        let links = [0, 1].map(|link| told[0]["resource"]["about"][link]["reference"].clone());
        assert_eq!(links, [json!(id(&first[1])), json!(id(&first[2]))]);
    }
    // What was found instead is on record by its name.
    let newest = world.audit.search(&Query { limit: 1, ..Query::default() }).unwrap().entries.remove(0);
    assert!(newest.released.contains(&id(&first[1])), "{newest:#?}");
    // Two entries that turn out to change one record.
    let mut same = known_as("2", measured("P-0001"));
    same["id"] = second[2]["resource"]["id"].clone();
    let twice = [put(same), put_where("identifier=urn:sato%7C2", known_as("2", measured("P-0001")))];
    let refused = send(&terminal, &cookie, &bundle("transaction", &twice)).await.unwrap();
    assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{}", refused.text());
    assert!(refused.text().contains("another entry changes too"), "{}", refused.text());
}

/// The same for a removal, which takes an order of the city's.
#[tokio::test]
async fn a_transaction_removes_by_criteria_what_was_ordered() {
    let world = World::start().await;
    let (terminal, cookie) = world.signed_in("U-sato", "D-sato").await;
    let made = [post(known_as("3", measured("P-0001")))];
    let made = answers(&send(&terminal, &cookie, &bundle("transaction", &made)).await.unwrap());
    let record = format!("Observation/{}", made[0]["resource"]["id"].as_str().unwrap());
    let removal = |criteria: &str| {
        let url = format!("Observation?{criteria}");
        bundle("transaction", &[post(note("P-0001")), json!({ "request": { "method": "DELETE", "url": url } })])
    };
    let own = removal("patient=P-0001&identifier=urn:sato%7C3");
    let (nobodys, foreign) =
        (removal("patient=P-0001&identifier=urn:sato%7C4"), removal("patient=P-0008&identifier=urn:sato%7C3"));
    let mut said = BTreeSet::new();
    for refused in [&own, &nobodys, &foreign] {
        let reply = send(&terminal, &cookie, refused).await.unwrap();
        assert_eq!(reply.status, StatusCode::NOT_FOUND, "{}", reply.text());
        said.insert(without_incident(&reply));
    }
    assert_eq!(said.len(), 1, "{said:#?}");
    world.order_deletion("P-0001", Some(&record), "U-sato");
    let told = answers(&send(&terminal, &cookie, &own).await.unwrap());
    assert_eq!(statuses(&told), [201, 204], "{told:#?}");
}

/// A condition is a search: whoever may not see labelled records learns nothing of them by creating, or by a link to what was
/// found.
#[tokio::test]
async fn a_condition_within_a_transaction_finds_nothing_that_may_not_be_seen() {
    let world = World::planned(Plan { trusting_store: true, ..Plan::default() }).await;
    let (terminal, cookie) = world.signed_in("U-kato", "D-kato").await;
    let mut labelled = known_as("9", measured("P-0001"));
    labelled["id"] = json!("labelled");
    let system = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality";
    labelled["meta"] = json!({ "security": [{ "system": system, "code": "R" }] });
    crate::versions::put_at_the_store(&world, &labelled).await;
    let mut about = note("P-0001");
    about["about"] = json!([{ "reference": A }]);
    let create = |number: &str| {
        let mut own = known_as(number, note("P-0001"));
        own["resourceType"] = json!("Observation");
        own["code"] = json!({ "text": "体温" });
        own["status"] = json!("final");
        unless(&format!("identifier=urn:sato|{number}"), post(own))
    };
    world.store.clear_requests();
    // By identifier, as alone: that it is there is told, and nothing of it.
    let told = send(&terminal, &cookie, &bundle("transaction", &[create("9")])).await.unwrap();
    let told = answers(&told);
    assert_eq!(statuses(&told), [200]);
    assert!(told[0].get("resource").is_none() && told[0]["response"].get("location").is_none(), "{told:#?}");
    // A link to it is one that he may not make, whether it is there or not.
    let mut said = BTreeSet::new();
    for number in ["9", "10"] {
        let linked = [post(about.clone()), named(A, create(number))];
        let reply = send(&terminal, &cookie, &bundle("transaction", &linked)).await.unwrap();
        assert_eq!(reply.status, StatusCode::NOT_FOUND, "{}", reply.text());
        said.insert(without_incident(&reply));
    }
    assert_eq!(said.len(), 1, "{said:#?}");
    assert_eq!(world.store_saw(), ["POST /fhir"]);
}
