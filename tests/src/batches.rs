//! Batches and transactions over real sockets, seen by the store's own log (FHIR R4 http.html#transaction).

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use anomaly::Quota;
use audit::{Ended, EntryId, Query, Verdict};
use base64::Engine as _;
use gateway::Rates;
use http::StatusCode;
use model::PersonId;
use registry::Command;
use serde_json::{Value, json};
use tokio::sync::Notify;

use crate::world::relay::{Relay, Twist};
use crate::world::{Ask, Http, Plan, Reply, Terminal, Tls, World};

const FHIR: &str = "application/fhir+json";
const A: &str = "urn:uuid:0a000000-0000-4000-8000-00000000000a";
const B: &str = "urn:uuid:0b000000-0000-4000-8000-00000000000b";

fn bundle(kind: &str, entries: &[Value]) -> Value {
    json!({ "resourceType": "Bundle", "type": kind, "entry": entries })
}

fn get(url: &str) -> Value {
    json!({ "request": { "method": "GET", "url": url } })
}

fn post(resource: Value) -> Value {
    let url = resource["resourceType"].clone();
    json!({ "resource": resource, "request": { "method": "POST", "url": url } })
}

fn named(name: &str, mut entry: Value) -> Value {
    entry["fullUrl"] = json!(name);
    entry
}

fn put(resource: Value) -> Value {
    let url = format!("{}/{}", resource["resourceType"].as_str().unwrap(), resource["id"].as_str().unwrap());
    json!({ "resource": resource, "request": { "method": "PUT", "url": url } })
}

fn note(person: &str) -> Value {
    json!({ "resourceType": "Communication", "status": "completed", "subject": { "reference": format!("Patient/{person}") } })
}

fn measured(person: &str) -> Value {
    json!({
        "resourceType": "Observation",
        "status": "final",
        "code": { "text": "体温" },
        "subject": { "reference": format!("Patient/{person}") },
        // Who wrote it says so; nobody else may change it.
        "performer": [{ "reference": "Practitioner/K-sato" }],
    })
}

async fn send(terminal: &Terminal, cookie: &str, bundle: &Value) -> Result<Reply, String> {
    terminal.ask(Ask::post("/fhir", FHIR, bundle.to_string()).as_(cookie)).await
}

/// The answers to the entries.
fn answers(reply: &Reply) -> Vec<Value> {
    assert_eq!(reply.status, StatusCode::OK, "{}", reply.text());
    assert_eq!(reply.json()["resourceType"], "Bundle");
    reply.json()["entry"].as_array().unwrap().clone()
}

fn statuses(answers: &[Value]) -> Vec<u16> {
    let status = |answer: &Value| answer["response"]["status"].as_str().unwrap().parse().unwrap();
    answers.iter().map(status).collect()
}

/// A refused request but for the incident's number.
fn without_incident(reply: &Reply) -> String {
    let incident = reply.headers["sekisho-incident"].to_str().unwrap();
    reply.text().replace(incident, "*")
}

#[tokio::test]
async fn a_batch_is_many_requests_and_each_is_answered_by_itself() {
    let world = World::start().await;
    let (terminal, cookie) = world.signed_in("U-sato", "D-sato").await;
    let own = "o-0001-001";
    let foreign = "o-0008-001";
    world.store.clear_requests();
    let batch = bundle(
        "batch",
        &[
            get(&format!("Observation/{own}")),
            get(&format!("Observation/{foreign}")),
            get("Observation/nobodys"),
            get("Observation?patient=P-0001&_count=2"),
            get("Observation?patient=P-0008&_count=2"),
            post(note("P-0001")),
            post(note("P-0008")),
            json!({ "resource": note("P-0001") }),
            get("../feeds/notes?patient=P-0001"),
            get("Patient/P-0001"),
        ],
    );
    let reply = send(&terminal, &cookie, &batch).await.unwrap();
    let told = answers(&reply);
    assert_eq!(reply.json()["type"], "batch-response");
    assert_eq!(statuses(&told), [200, 404, 404, 200, 404, 201, 404, 400, 400, 200], "{}", reply.text());
    assert_eq!(told[0]["resource"]["id"], json!(own));
    assert_eq!(told[3]["resource"]["type"], "searchset");
    assert_eq!(told[3]["resource"]["entry"].as_array().unwrap().len(), 2);
    let location = told[5]["response"]["location"].as_str().unwrap();
    assert!(location.starts_with("/fhir/Communication/"), "{location}");
    assert_eq!(told[5]["response"]["etag"], "W/\"1\"");
    assert_eq!(told[9]["resource"]["resourceType"], "Patient");
    assert_eq!(reply.headers["cache-control"], "no-store");
    for refused in [1, 2, 4, 6, 7, 8] {
        assert!(told[refused].get("resource").is_none() && told[refused]["response"]["outcome"].is_object());
    }
    // "Not there" and "not yours" are one answer, but for the number to ask about.
    let batch_number = reply.headers["sekisho-incident"].to_str().unwrap().to_owned();
    let outcome = |index: usize| {
        let text = told[index].to_string();
        let at = text.find(&batch_number).expect("no number to ask about");
        text.replace(&text[at..at + 32], "*")
    };
    assert_eq!(outcome(1), outcome(2));
    assert_eq!(outcome(4), outcome(6));
    assert_eq!(outcome(1), outcome(4));
    // Each on record by itself, all of them found by how their numbers begin.
    let entries = world.entries();
    assert_eq!(entries.len(), 10);
    for (index, entry) in entries.iter().enumerate() {
        assert_eq!(entry.id.to_string(), format!("{batch_number}{:04x}", index + 1));
        assert_eq!(entry.verdict == Verdict::Permitted, [0, 3, 5, 9].contains(&index), "{entry:#?}");
    }
    // What is foreign was looked up, as what is not there was, and nothing more.
    let saw = world.store_saw();
    assert_eq!(saw.len(), 4, "{saw:?}");
    assert!(saw.iter().all(|line| !line.contains("P-0008") && !line.contains(foreign)), "{saw:?}");
    // Every outcome is that of the whole answer.
    let ended = || world.audit.search(&Query::default()).unwrap().entries;
    world
        .until("the outcomes are on record", |_| {
            ended()
                .iter()
                .filter(|found| found.outcome.as_ref().is_some_and(|one| one.ended == Ended::Completed))
                .count()
                == 4
        })
        .await;
}

#[tokio::test]
async fn every_entry_of_a_batch_counts_for_the_limits() {
    let few = Quota::new(5, 60, 5);
    let plenty = Quota::new(100_000, 1, 100_000);
    let rates = Rates { per_source: plenty, per_device: plenty, per_user: few };
    let world = World::planned(Plan { rates, workers: 1, ..Plan::default() }).await;
    let (terminal, cookie) = world.signed_in("U-sato", "D-sato").await;
    let reply = send(&terminal, &cookie, &bundle("batch", &vec![get("Patient/P-0001"); 8])).await.unwrap();
    // The batch itself is one of the five.
    assert_eq!(statuses(&answers(&reply)), [200, 200, 200, 200, 429, 429, 429, 429]);
}

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

/// The bypasses of issue 3's catalogue that belong to Bundles: each refused, none seen by the store.
#[tokio::test]
async fn no_way_around_leads_through_a_bundle() {
    let world = World::start().await;
    let (terminal, cookie) = world.signed_in("U-sato", "D-sato").await;
    let foreign = "o-0008-001";
    let with = |mut entry: Value, member: &str, value: Value| {
        entry["request"][member] = value;
        entry
    };
    let referring = |element: &str, value: Value| {
        let mut note = note("P-0001");
        note[element] = value;
        post(note)
    };
    let nested = bundle("batch", &[get("Observation?patient=P-0008")]);
    let absolute = format!("https://care.sekisho.localhost/fhir/Observation/{foreign}");
    let alone: Vec<(&str, Value)> = vec![
        ("a batch in a batch", json!({ "resource": nested.clone(), "request": { "method": "POST", "url": "" } })),
        ("as a resource", json!({ "resource": nested.clone(), "request": { "method": "POST", "url": "Bundle" } })),
        ("within a resource", referring("payload", json!([{ "contentReference": nested }]))),
        ("a conditional create", with(post(measured("P-0001")), "ifNoneExist", json!("patient=P-0008"))),
        (
            "a conditional update",
            json!({ "resource": measured("P-0001"), "request": { "method": "PUT", "url": "Observation?patient=P-0008" } }),
        ),
        ("a conditional removal", json!({ "request": { "method": "DELETE", "url": "Observation?patient=P-0008" } })),
        ("a foreign record's fullUrl", named(&absolute, post(measured("P-0001")))),
        ("over a read", named(&absolute, get("Observation?patient=P-0001"))),
        ("a method override", with(get("Observation?patient=P-0001"), "_method", json!("DELETE"))),
        (
            "another",
            with(
                get("Observation?patient=P-0001"),
                "extension",
                json!([{ "url": "x-http-method-override", "valueCode": "DELETE" }]),
            ),
        ),
        ("a header in a condition", with(get("Patient/P-0001"), "ifMatch", json!("W/\"1\"\r\nx-cascade: delete"))),
        ("an absolute url", get(&absolute)),
        ("a slash in front", get(&format!("/Observation/{foreign}"))),
        ("two persons", get("Observation?patient=P-0001,P-0008")),
        ("a conditional reference", referring("about", json!([{ "reference": "Observation?patient=P-0008" }]))),
        (
            "a conditional subject",
            post(
                json!({ "resourceType": "Communication", "status": "completed", "subject": { "reference": "Patient?_id=P-0008" } }),
            ),
        ),
        ("another person's reference", referring("about", json!([{ "reference": "Patient/P-0008" }]))),
        ("a new person", named(A, post(json!({ "resourceType": "Patient" })))),
        ("a history", get("_history")),
        ("an operation", get("Patient/P-0008/$graph")),
    ];
    world.store.clear_requests();
    for (what, entry) in &alone {
        for kind in ["batch", "transaction"] {
            let reply = send(&terminal, &cookie, &bundle(kind, std::slice::from_ref(entry))).await.unwrap();
            let status = if kind == "batch" { statuses(&answers(&reply))[0] } else { reply.status.as_u16() };
            assert!((400..500).contains(&status), "{what} in a {kind}: {}", reply.text());
            assert!(!reply.text().contains("\"resource\":{"), "{what} in a {kind}: {}", reply.text());
        }
    }
    // What takes two entries: names that lead from one person to another, though both may be written.
    let to = |element: &str, value: Value| {
        let mut note = note("P-0001");
        note[element] = value;
        note
    };
    let other = || named(A, post(measured("P-0002")));
    for (what, entry) in [
        ("a reference", to("about", json!([{ "reference": A }]))),
        ("an extension", to("extension", json!([{ "url": "http://x", "valueUri": A }]))),
        ("an attachment", to("payload", json!([{ "contentAttachment": { "url": A } }]))),
        (
            "a sentence",
            to(
                "text",
                json!({ "status": "generated", "div": format!("<div xmlns=\"http://www.w3.org/1999/xhtml\"><a href=\"{A}\">x</a></div>") }),
            ),
        ),
        ("a subject", to("subject", json!({ "reference": A }))),
    ] {
        for entries in [[other(), post(entry.clone())], [post(entry.clone()), other()]] {
            let reply = send(&terminal, &cookie, &bundle("transaction", &entries)).await.unwrap();
            assert_eq!((reply.status, reply.code().as_str()), (StatusCode::BAD_REQUEST, "unreadable"), "{what}");
        }
    }
    assert_eq!(world.store_saw(), Vec::<String>::new());
}

/// What is served alone is served in a Bundle: patches, old versions, and a condition within a batch.
#[tokio::test]
async fn patches_and_old_versions_pass_through_a_bundle() {
    let world = World::start().await;
    let (terminal, cookie) = world.signed_in("U-sato", "D-sato").await;
    let patch = |id: &str, operations: Value| {
        let data = base64::engine::general_purpose::STANDARD.encode(operations.to_string());
        let resource = json!({ "resourceType": "Binary", "contentType": "application/json-patch+json", "data": data });
        json!({ "resource": resource, "request": { "method": "PATCH", "url": format!("Observation/{id}") } })
    };
    let note = |text: &str| json!([{ "op": "add", "path": "/note", "value": [{ "text": text }] }]);
    let to_another = json!([{ "op": "replace", "path": "/subject/reference", "value": "Patient/P-0008" }]);
    let does_not_fit = json!([{ "op": "test", "path": "/status", "value": "no such" }]);
    let entries = [
        patch("o-0001-001", note("一")),
        patch("o-0008-001", note("二")),
        patch("o-0001-001", to_another.clone()),
        patch("o-0001-001", does_not_fit.clone()),
        get("Observation/o-0001-001/_history/1"),
        get("Observation/o-0008-001/_history/1"),
    ];
    let told = answers(&send(&terminal, &cookie, &bundle("batch", &entries)).await.unwrap());
    assert_eq!(statuses(&told), [200, 404, 404, 422, 200, 404], "{told:#?}");
    assert_eq!(told[0]["resource"]["note"][0]["text"], "一");
    assert!(told[4]["resource"].get("note").is_none());
    let entries = [get("Observation/o-0001-001/_history/1"), patch("o-0001-001", note("三"))];
    let told = answers(&send(&terminal, &cookie, &bundle("transaction", &entries)).await.unwrap());
    assert_eq!(statuses(&told), [200, 200], "{told:#?}");
    assert_eq!(told[1]["resource"]["note"][0]["text"], "三");
    world.store.clear_requests();
    for (entry, status, said) in [
        (patch("o-0001-001", does_not_fit), 422, "entry 2: "),
        (patch("o-0001-001", to_another), 404, ""),
        (patch("o-0008-001", note("四")), 404, ""),
    ] {
        let entries = [post(measured("P-0001")), entry];
        let reply = send(&terminal, &cookie, &bundle("transaction", &entries)).await.unwrap();
        assert_eq!(reply.status.as_u16(), status, "{}", reply.text());
        assert!(reply.text().contains(said), "{}", reply.text());
    }
    assert!(!world.store_saw().iter().any(|line| line == "POST /fhir"), "{:?}", world.store_saw());
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

async fn behind_a_relay() -> (World, Relay) {
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
        let withdrawing = async {
            world.until("the store is asked", |world| !world.store_saw().is_empty()).await;
            let person = PersonId::new("P-0002").unwrap();
            world.clerk(Command::WithdrawConsent { person, reason: "申出".to_owned() });
            tokio::time::sleep(Duration::from_millis(50)).await;
            released.notify_one();
        };
        let (reply, ()) = tokio::join!(send(&terminal, &cookie, &transaction), withdrawing);
        assert!(!reply.as_ref().is_ok_and(|reply| reply.status.is_success()), "{http:?}: {reply:?}");
        let newest = || world.audit.search(&Query::default()).unwrap().entries.remove(0);
        world.until("the outcome is on record", |_| newest().outcome.is_some()).await;
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

/// Consent is withdrawn between two entries of a batch: what comes after is refused, what was before of somebody else stays.
#[tokio::test]
async fn consent_that_is_withdrawn_within_a_batch_refuses_what_comes_after() {
    let world = World::start().await;
    let (terminal, cookie) = world.signed_in("U-sato", "D-sato").await;
    let batch = bundle(
        "batch",
        &[get("Patient/P-0002"), get("Observation/slow-2s"), get("Patient/P-0001"), get("Patient/P-0002")],
    );
    world.store.clear_requests();
    let withdrawing = async {
        world
            .until("the slow one is asked for", |world| world.store_saw().iter().any(|line| line.contains("slow-2s")))
            .await;
        let person = PersonId::new("P-0001").unwrap();
        world.clerk(Command::WithdrawConsent { person, reason: "申出".to_owned() });
    };
    let (reply, ()) = tokio::join!(send(&terminal, &cookie, &batch), withdrawing);
    assert_eq!(statuses(&answers(&reply.unwrap())), [200, 200, 404, 200]);
}

/// And what is waiting to go out already does not go out any more, whatever the connection.
#[tokio::test]
async fn consent_that_is_withdrawn_within_a_batch_takes_back_what_came_before() {
    let world = World::start().await;
    let keys = world.keys("D-sato");
    let cookie = world.cookie(&world.terminal_with(&keys), "U-sato").await;
    for (http, person) in [(Http::One, "P-0001"), (Http::Two, "P-0002")] {
        let terminal = world.terminal_speaking(&keys, http, Tls::V13);
        let batch = bundle("batch", &[get(&format!("Patient/{person}")), get("Observation/slow-2s")]);
        world.store.clear_requests();
        let before = world.entries().len();
        let withdrawing = async {
            world
                .until("the slow one is asked for", |world| {
                    world.store_saw().iter().any(|line| line.contains("slow-2s"))
                })
                .await;
            let person = PersonId::new(person).unwrap();
            world.clerk(Command::WithdrawConsent { person, reason: "申出".to_owned() });
        };
        let (reply, ()) = tokio::join!(send(&terminal, &cookie, &batch), withdrawing);
        assert!(!reply.as_ref().is_ok_and(|reply| reply.text().contains(person)), "{http:?}: {reply:?}");
        assert!(!reply.as_ref().is_ok_and(|reply| reply.status.is_success()), "{http:?}: {reply:?}");
        let of_the_batch = || {
            let found = world.audit.search(&Query::default()).unwrap().entries;
            let permitted = found.into_iter().filter(|found| found.entry.verdict == Verdict::Permitted);
            permitted.take(2).map(|found| found.outcome.map(|outcome| outcome.ended)).collect::<Vec<_>>()
        };
        world.until("both ended by the cut", |_| of_the_batch() == [Some(Ended::Cut), Some(Ended::Cut)]).await;
        assert!(world.entries().len() >= before + 2);
    }
}

/// PyPI `carebundle` 0.5.0 (Apache-2.0): `urn:uuid:` everywhere. Its patient is entered by the city, its professional stands in
/// the directory, and its labels are the store's; everything else passes as it is.
#[tokio::test]
async fn a_transaction_of_carebundle_passes_for_a_registered_person() {
    let world = World::start().await;
    let (terminal, cookie) = world.signed_in("U-nakamura", "D-nakamura").await;
    let text = include_str!("../testdata/carebundle-transaction.json");
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

/// An officer finds every entry of a batch by how its number begins, as it is read out on the telephone.
#[test]
fn the_number_of_an_entry_begins_with_that_of_its_batch() {
    let batch = EntryId::fresh();
    let third = batch.of_entry(3);
    let begins = audit::IdPrefix::parse(&batch.of_batch()).unwrap();
    assert!(begins.begins(&third) && begins.begins(&batch.of_entry(128)) && third != batch.of_entry(4));
    assert!(EntryId::new([0; 16]).of_entry(1).is_empty(), "nobody's number would become somebody's");
}
