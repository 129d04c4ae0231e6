//! Transactions: one request, carried out as a whole or not at all.

use std::collections::BTreeSet;
use std::sync::Arc;

use audit::{Ended, Query, Verdict};
use http::StatusCode;
use model::PersonId;
use registry::Command;
use serde_json::{Value, json};
use tokio::sync::Notify;

use super::{A, B, FHIR, answers, bundle, get, measured, named, note, post, put, send, statuses, without_incident};
use crate::world::relay::{Relay, Twist};
use crate::world::{Ask, Http, Plan, Tls, World};

#[tokio::test]
async fn a_transaction_is_carried_out_as_one_and_answered_in_the_clients_order() {
    let world = World::start().await;
    let (terminal, cookie) = world.signed_in("U-sato", "D-sato").await;
    let own = "o-0001-001";
    let mut about = note("P-0001");
    about["about"] = json!([{ "reference": A }, { "reference": format!("Observation/{own}") }]);
    let mut changed = measured("P-0001");
    changed["id"] = json!(own);
    changed["note"] = json!([{ "text": "再検" }]);
    let transaction = bundle(
        "transaction",
        &[
            get("Observation?patient=P-0001&_count=3"),
            named(B, post(about)),
            put(changed),
            named(A, post(measured("P-0001"))),
        ],
    );
    world.store.clear_requests();
    let reply = send(&terminal, &cookie, &transaction).await.unwrap();
    let told = answers(&reply);
    assert_eq!(reply.json()["type"], "transaction-response");
    assert_eq!(statuses(&told), [200, 201, 200, 201]);
    assert_eq!(told[0]["resource"]["type"], "searchset");
    assert_eq!(told[2]["resource"]["note"][0]["text"], "再検");
    let new = told[3]["resource"]["id"].as_str().unwrap();
    assert_eq!(told[3]["response"]["location"], json!(format!("/fhir/Observation/{new}")));
    assert_eq!(told[1]["resource"]["about"][0]["reference"], json!(format!("Observation/{new}")));
    // One request to the store, with the versions that were looked at.
    assert_eq!(world.store_saw(), ["POST /fhir"]);
    // One entry, which names every record, and by which the person finds it.
    let note = told[1]["resource"]["id"].as_str().unwrap();
    let saw = world.audit.who_saw(&PersonId::new("P-0001").unwrap(), 10).unwrap();
    let [found] = saw.as_slice() else { panic!("{saw:#?}") };
    assert_eq!(found.entry.id.to_string(), reply.headers["sekisho-incident"].to_str().unwrap());
    assert!(found.entry.records.contains(&format!("Observation/{own}")), "{found:#?}");
    for named in [format!("Communication/{note}"), format!("Observation/{new}")] {
        assert!(found.released.contains(&named), "{found:#?}");
    }
    let asked: BTreeSet<String> = audit::facts::read_all(&found.entry.facts)
        .unwrap()
        .iter()
        .map(|(request, _)| format!("{} {}", request.action, request.category))
        .collect();
    let expected = ["create note", "create observation", "search observation", "update observation"];
    assert_eq!(asked, expected.map(str::to_owned).into());
}

/// All or nothing, and one answer that does not say which part was foreign, or whether it is there.
#[tokio::test]
async fn one_foreign_entry_refuses_all_of_a_transaction_and_tells_nothing() {
    let world = World::start().await;
    let (terminal, cookie) = world.signed_in("U-sato", "D-sato").await;
    let foreign = "o-0008-001";
    let mut lent = measured("P-0001");
    lent["id"] = json!(foreign);
    let mut nobodys = lent.clone();
    nobodys["id"] = json!("nobodys");
    let link = |id: &str| {
        let mut note = note("P-0001");
        note["about"] = json!([{ "reference": format!("Observation/{id}") }]);
        note
    };
    world.store.clear_requests();
    let mut said = BTreeSet::new();
    for refused in [
        vec![get(&format!("Observation/{foreign}"))],
        vec![get("Observation/nobodys")],
        vec![get("Observation?patient=P-0008")],
        vec![get("Observation?patient=P-9999")],
        vec![put(lent.clone())],
        vec![put(nobodys)],
        vec![post(note("P-0008"))],
        vec![post(note("P-9999"))],
        vec![post(link(foreign))],
        vec![post(link("nobodys"))],
        // An own record and a foreign one in the same breath, in both orders.
        vec![put(lent), get("Observation?patient=P-0001")],
        vec![get("Patient/P-0001"), get(&format!("Observation/{foreign}"))],
    ] {
        let mut entries = vec![post(note("P-0001"))];
        entries.extend(refused);
        let reply = send(&terminal, &cookie, &bundle("transaction", &entries)).await.unwrap();
        assert_eq!(reply.status, StatusCode::NOT_FOUND, "{entries:?}: {}", reply.text());
        said.insert(without_incident(&reply));
    }
    assert_eq!(said.len(), 1, "{said:#?}");
    assert_eq!(world.store_saw(), Vec::<String>::new());
    assert!(world.entries().iter().all(|entry| entry.verdict == Verdict::Refused));
}

/// Which version is stored is told only to whoever may change it; nothing of the transaction is done.
#[tokio::test]
async fn a_transaction_over_a_version_that_is_gone_changes_nothing() {
    let world = World::start().await;
    let (terminal, cookie) = world.signed_in("U-sato", "D-sato").await;
    for (person, id, expected) in
        [("P-0001", "o-0001-001", StatusCode::PRECONDITION_FAILED), ("P-0008", "o-0008-001", StatusCode::NOT_FOUND)]
    {
        let mut entry = measured(person);
        entry["id"] = json!(id);
        let mut entry = put(entry);
        entry["request"]["ifMatch"] = json!("W/\"77\"");
        world.store.clear_requests();
        let reply = send(&terminal, &cookie, &bundle("transaction", &[post(note("P-0001")), entry])).await.unwrap();
        assert_eq!(reply.status, expected, "{}", reply.text());
        assert_eq!(world.store_saw(), Vec::<String>::new());
    }
}

pub(crate) async fn behind_a_relay() -> (World, Relay) {
    let relay = Relay::start().await;
    let world = World::planned(Plan { store: Some(relay.address), ..Plan::default() }).await;
    relay.lead_to(world.store.address());
    (world, relay)
}

/// Promise P2: consent is withdrawn while the store carries out a transaction. Its answer does not arrive, and that is on record.
#[tokio::test]
async fn a_transaction_is_cut_while_the_store_thinks() {
    for http in [Http::One, Http::Two] {
        let (world, relay) = behind_a_relay().await;
        let keys = world.keys("D-sato");
        let terminal = world.terminal_speaking(&keys, http, Tls::V13);
        let cookie = world.cookie(&world.terminal_with(&keys), "U-sato").await;
        let released = Arc::new(Notify::new());
        relay.twist(Twist::After(Arc::clone(&released)));
        world.store.clear_requests();
        let transaction = bundle("transaction", &[post(note("P-0001")), post(note("P-0002"))]);
        let newest = || world.audit.search(&Query::default()).unwrap().entries.remove(0);
        let withdrawing = async {
            world.until("the store is asked", |world| !world.store_saw().is_empty()).await;
            let person = PersonId::new("P-0002").unwrap();
            world.clerk(Command::WithdrawConsent { person, reason: "申出".to_owned() });
            // The store goes on only when it is over here.
            world.until("the outcome is on record", |_| newest().outcome.is_some()).await;
            released.notify_one();
        };
        let (reply, ()) = tokio::join!(send(&terminal, &cookie, &transaction), withdrawing);
        assert!(!reply.as_ref().is_ok_and(|reply| reply.status.is_success()), "{http:?}: {reply:?}");
        assert_eq!((newest().entry.verdict, newest().outcome.unwrap().ended), (Verdict::Permitted, Ended::Cut));
        let on_record: Vec<String> = newest().entry.persons.iter().map(ToString::to_string).collect();
        assert_eq!(on_record, ["P-0001", "P-0002"]);
    }
}

/// What the store fails at in the middle is not half an answer; what it lies about does not pass.
#[tokio::test]
async fn a_store_that_fails_or_lies_about_a_transaction_gives_nothing_away() {
    let (world, relay) = behind_a_relay().await;
    let (terminal, cookie) = world.signed_in("U-sato", "D-sato").await;
    let transaction = bundle("transaction", &[post(note("P-0001")), get("Observation?patient=P-0001&_count=1")]);
    let twists: Vec<(&str, Twist, u16)> = vec![
        ("lost", Twist::Lost, 502),
        ("full", Twist::Refused(StatusCode::INSUFFICIENT_STORAGE), 502),
        ("forbidden", Twist::Refused(StatusCode::FORBIDDEN), 502),
        ("gone", Twist::Refused(StatusCode::GONE), 404),
        ("a conflict", Twist::Refused(StatusCode::CONFLICT), 409),
        ("another version", Twist::Refused(StatusCode::PRECONDITION_FAILED), 412),
        ("no Bundle", Twist::Instead(|_| json!({ "resourceType": "Parameters" })), 502),
        ("a searchset", Twist::Instead(|answer| changed(answer, |answer| answer["type"] = json!("searchset"))), 502),
        (
            "an entry less",
            Twist::Instead(|answer| changed(answer, |answer| drop(answer["entry"].as_array_mut().unwrap().pop()))),
            502,
        ),
        (
            "an entry more",
            Twist::Instead(|answer| {
                changed(answer, |answer| {
                    answer["entry"].as_array_mut().unwrap().push(json!({ "response": { "status": "200" } }))
                })
            }),
            502,
        ),
        (
            "an entry refused",
            Twist::Instead(|answer| {
                changed(answer, |answer| answer["entry"][0]["response"]["status"] = json!("404 Patient/P-0008"))
            }),
            502,
        ),
        (
            "a foreign record",
            Twist::Instead(|answer| {
                changed(answer, |answer| {
                    answer["entry"][0]["resource"]["subject"]["reference"] = json!("Patient/P-0008")
                })
            }),
            200,
        ),
        (
            "another of one's own",
            Twist::Instead(|answer| {
                changed(answer, |answer| {
                    answer["entry"][1]["resource"] = json!({ "resourceType": "Patient", "id": "P-0001" })
                })
            }),
            200,
        ),
    ];
    for (what, twist, expected) in twists {
        relay.twist(twist);
        let reply = send(&terminal, &cookie, &transaction).await.unwrap();
        assert_eq!(reply.status.as_u16(), expected, "{what}: {}", reply.text());
        // What was carried out is told as such; of a part that may not be shown, its status alone.
        let (carried_out, shown) = (expected == 200, reply.text());
        assert!(!shown.contains("P-0008") && (carried_out || !shown.contains("searchset")), "{what}: {shown}");
    }
    // A foreign entry in a search among them is left out; a foreign address is not told.
    relay.twist(Twist::Instead(|answer| {
        changed(answer, |answer| {
            answer["entry"][0]["response"]["location"] = json!("http://store/fhir/Patient/P-0008/_history/1");
            answer["entry"][0]["response"]["outcome"] = json!({ "resourceType": "OperationOutcome", "text": "P-0008" });
            let found = &mut answer["entry"][1]["resource"]["entry"];
            let mut surplus = found[0].clone();
            surplus["resource"]["subject"]["reference"] = json!("Patient/P-0008");
            found.as_array_mut().unwrap().push(surplus);
        })
    }));
    let reply = send(&terminal, &cookie, &transaction).await.unwrap();
    let told = answers(&reply);
    assert_eq!(statuses(&told), [201, 200]);
    assert!(told[0]["response"].get("location").is_none());
    assert_eq!(told[1]["resource"]["entry"].as_array().unwrap().len(), 1);
    assert!(!reply.text().contains("P-0008"), "{}", reply.text());
    assert_eq!(world.entries().len(), 14);
}

fn changed(mut answer: Value, change: impl FnOnce(&mut Value)) -> Value {
    change(&mut answer);
    answer
}

/// PyPI `carebundle` 0.5.0 (Apache-2.0): `urn:uuid:` everywhere. Its patient is entered by the city, its professional stands in
/// the directory, and its labels are the store's; everything else passes as it is.
#[tokio::test]
async fn a_transaction_of_carebundle_passes_for_a_registered_person() {
    let world = World::start().await;
    let (terminal, cookie) = world.signed_in("U-nakamura", "D-nakamura").await;
    let text = include_str!("../../testdata/carebundle-transaction.json");
    let given: Value = serde_json::from_str(text).unwrap();
    // As it comes it would enter a person.
    let refused = send(&terminal, &cookie, &given).await.unwrap();
    assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{}", refused.text());
    let name_of = |kind: &str| {
        let entries = given["entry"].as_array().unwrap();
        let entry = entries.iter().find(|entry| entry["resource"]["resourceType"] == kind).unwrap();
        entry["fullUrl"].as_str().unwrap().to_owned()
    };
    let text = text
        .replace(&name_of("Patient"), "Patient/P-0001")
        .replace(&name_of("Practitioner"), "Practitioner/K-nakamura");
    let mut rewritten: Value = serde_json::from_str(&text).unwrap();
    let entries = rewritten["entry"].as_array_mut().unwrap();
    entries.retain(|entry| !matches!(entry["resource"]["resourceType"].as_str(), Some("Patient" | "Practitioner")));
    for entry in entries.iter_mut() {
        entry["resource"]["meta"].as_object_mut().unwrap().remove("security");
    }
    let count = entries.len();
    world.store.clear_requests();
    let reply = send(&terminal, &cookie, &rewritten).await.unwrap();
    let told = answers(&reply);
    assert_eq!(statuses(&told), vec![201; count]);
    assert!(!reply.text().contains("urn:uuid:") || reply.text().matches("urn:uuid:").count() <= 2, "{}", reply.text());
    assert_eq!(world.store_saw(), ["POST /fhir"]);
    let report = told.iter().find(|answer| answer["resource"]["resourceType"] == "DiagnosticReport").unwrap();
    let result = report["resource"]["result"][0]["reference"].as_str().unwrap();
    assert!(told.iter().any(|answer| answer["response"]["location"] == json!(format!("/fhir/{result}"))), "{result}");
    // The same for somebody of another team is refused as a whole.
    let foreign = rewritten.to_string().replace("Patient/P-0001", "Patient/P-0008");
    let reply = terminal.ask(Ask::post("/fhir", FHIR, foreign).as_(&cookie)).await.unwrap();
    assert_eq!(reply.status, StatusCode::NOT_FOUND, "{}", reply.text());
}
