//! Conditional writes, patches and removals: decided on as the record that they mean or make, and never an answer to a question
//! about somebody else's.

use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::world::{Ask, Http, Plan, Reply, Terminal, Tls, World};

const FHIR: &str = "application/fhir+json";
const JSON_PATCH: &str = "application/json-patch+json";

/// An observation by the nurse Sato, known by an identifier of her own system.
fn observation(person: &str, number: &str, status: &str) -> Value {
    json!({
        "resourceType": "Observation",
        "identifier": [{ "system": "urn:sato", "value": number }],
        "status": status,
        "code": { "text": "体温" },
        "subject": { "reference": format!("Patient/{person}") },
        "performer": [{ "reference": "Practitioner/K-sato" }],
        "valueQuantity": { "value": 36.5 },
    })
}

async fn ask(terminal: &Terminal, cookie: &str, method: Method, target: &str, ask: Ask) -> Reply {
    terminal.ask(Ask { method, target: target.to_owned(), ..ask }.as_(cookie)).await.unwrap()
}

fn with_body(content_type: &str, body: &Value) -> Ask {
    Ask::post("", content_type, body.to_string())
}

fn id_of(reply: &Reply) -> String {
    reply.json()["id"].as_str().unwrap_or_else(|| panic!("no id: {}", reply.text())).to_owned()
}

/// What reached the store since `before`, without reads.
fn writes(world: &World) -> Vec<String> {
    world.store_saw().into_iter().filter(|request| !request.starts_with("GET")).collect()
}

#[tokio::test]
async fn a_retry_creates_once() {
    let world = World::start().await;
    let (terminal, cookie) = world.signed_in("U-sato", "D-sato").await;
    let create =
        || with_body(FHIR, &observation("P-0001", "17", "final")).with("if-none-exist", "identifier=urn:sato|17");
    let first = ask(&terminal, &cookie, Method::POST, "/fhir/Observation", create()).await;
    assert_eq!(first.status, StatusCode::CREATED, "{}", first.text());
    let again =
        ask(&terminal, &cookie, Method::POST, "/fhir/Observation", create().with("prefer", "return=minimal")).await;
    assert_eq!(again.status, StatusCode::OK, "{}", again.text());
    assert_eq!(id_of(&again), id_of(&first));
    // The one that was found is on record by name.
    let newest = world.audit.search(&audit::Query { limit: 1, ..audit::Query::default() }).unwrap().entries.remove(0);
    assert_eq!(newest.released, [format!("Observation/{}", id_of(&first))]);

    // The same identifier of another person is another record, and is not found here.
    let other = with_body(FHIR, &observation("P-0900", "17", "final")).with("if-none-exist", "identifier=urn:sato|17");
    let other = ask(&terminal, &cookie, Method::POST, "/fhir/Observation", other).await;
    assert_eq!(other.status, StatusCode::CREATED, "{}", other.text());
    // Two that fit: nothing is created.
    let third = with_body(FHIR, &observation("P-0001", "17", "final"));
    assert_eq!(ask(&terminal, &cookie, Method::POST, "/fhir/Observation", third).await.status, StatusCode::CREATED);
    let several = ask(&terminal, &cookie, Method::POST, "/fhir/Observation", create()).await;
    assert_eq!((several.status, several.code().as_str()), (StatusCode::PRECONDITION_FAILED, "several-fit"));
}

/// A condition that reaches for another person's records is refused before the store hears of it.
#[tokio::test]
async fn a_condition_is_no_question_about_others() {
    let world = World::start().await;
    let (terminal, cookie) = world.signed_in("U-sato", "D-sato").await;
    let body = || with_body(FHIR, &observation("P-0001", "1", "final"));
    for criteria in [
        "patient=P-0008&status=final",
        "status=final&patient=P-0001&patient=P-0008",
        "_has:Observation:patient:status=final",
        "subject:Patient.name=x",
        "status=final,amended",
        "patient=P-0001",
    ] {
        let refused =
            ask(&terminal, &cookie, Method::POST, "/fhir/Observation", body().with("if-none-exist", criteria)).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{criteria}: {}", refused.text());
        let target = format!("/fhir/Observation?{criteria}");
        let refused = ask(&terminal, &cookie, Method::PUT, &target, body()).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{criteria}: {}", refused.text());
    }
    // A person whom she does not care for: one answer, whether there is such a record or not.
    for criteria in ["status=final", "status=nothing-like-it"] {
        let theirs = with_body(FHIR, &observation("P-0008", "1", "final"));
        let target = format!("/fhir/Observation?{criteria}");
        let refused = ask(&terminal, &cookie, Method::PUT, &target, theirs.clone()).await;
        assert_eq!((refused.status, refused.code().as_str()), (StatusCode::NOT_FOUND, "not-available"), "{criteria}");
        let refused =
            ask(&terminal, &cookie, Method::POST, "/fhir/Observation", theirs.with("if-none-exist", criteria)).await;
        assert_eq!((refused.status, refused.code().as_str()), (StatusCode::NOT_FOUND, "not-available"), "{criteria}");
        let target = format!("/fhir/Observation?patient=P-0008&{criteria}");
        let patch = with_body(JSON_PATCH, &json!([{ "op": "replace", "path": "/status", "value": "amended" }]));
        let refused = ask(&terminal, &cookie, Method::PATCH, &target, patch).await;
        assert_eq!((refused.status, refused.code().as_str()), (StatusCode::NOT_FOUND, "not-available"), "{criteria}");
    }
    assert_eq!(writes(&world), [""; 0]);
}

#[tokio::test]
async fn a_conditional_update_becomes_the_plain_one() {
    let world = World::start().await;
    let (terminal, cookie) = world.signed_in("U-sato", "D-sato").await;
    let target = "/fhir/Observation?identifier=urn:sato%7C5";
    let put = |status| with_body(FHIR, &observation("P-0001", "5", status));
    let created = ask(&terminal, &cookie, Method::PUT, target, put("preliminary")).await;
    assert_eq!(created.status, StatusCode::CREATED, "{}", created.text());
    let updated = ask(&terminal, &cookie, Method::PUT, target, put("final")).await;
    assert_eq!((updated.status, id_of(&updated)), (StatusCode::OK, id_of(&created)), "{}", updated.text());
    assert_eq!(updated.json()["status"], "final");
    let id = id_of(&created);
    assert_eq!(writes(&world), ["POST /fhir/Observation".to_owned(), format!("PUT /fhir/Observation/{id}")]);
    let stale = ask(&terminal, &cookie, Method::PUT, target, put("final").with("if-match", "W/\"1\"")).await;
    assert_eq!((stale.status, stale.code().as_str()), (StatusCode::PRECONDITION_FAILED, "version-conflict"));
    let patch = with_body(JSON_PATCH, &json!([{ "op": "replace", "path": "/status", "value": "amended" }]));
    let patched = ask(&terminal, &cookie, Method::PATCH, &format!("{target}&patient=P-0001"), patch).await;
    assert_eq!((patched.status, patched.json()["status"].as_str()), (StatusCode::OK, Some("amended")));
    // A second one that fits: said to whom may search for both, and nothing is written.
    let twin = with_body(FHIR, &observation("P-0001", "5", "final"));
    assert_eq!(ask(&terminal, &cookie, Method::POST, "/fhir/Observation", twin).await.status, StatusCode::CREATED);
    let before = writes(&world).len();
    let several = ask(&terminal, &cookie, Method::PUT, target, put("final")).await;
    assert_eq!((several.status.as_u16(), several.code().as_str()), (412, "several-fit"), "{}", several.text());
    assert_eq!(writes(&world).len(), before);
}

#[tokio::test]
async fn a_patch_is_applied_here_and_decided_on_as_what_it_makes() {
    let world = World::start().await;
    let (terminal, cookie) = world.signed_in("U-sato", "D-sato").await;
    let created = ask(
        &terminal,
        &cookie,
        Method::POST,
        "/fhir/Observation",
        with_body(FHIR, &observation("P-0001", "9", "final")),
    );
    let id = id_of(&created.await);
    let target = format!("/fhir/Observation/{id}");
    let patch = |operations: Value| with_body(JSON_PATCH, &operations);
    let amend = json!([{ "op": "test", "path": "/status", "value": "final" }, { "op": "replace", "path": "/status", "value": "amended" }]);
    let patched = ask(&terminal, &cookie, Method::PATCH, &target, patch(amend.clone())).await;
    assert_eq!(
        (patched.status, patched.json()["status"].as_str()),
        (StatusCode::OK, Some("amended")),
        "{}",
        patched.text()
    );
    assert_eq!(writes(&world).last().unwrap(), &format!("PUT {target}"), "the store sees an update");
    let parameters = json!({ "resourceType": "Parameters", "parameter": [{ "name": "operation", "part": [
        { "name": "type", "valueCode": "replace" },
        { "name": "path", "valueString": "Observation.status" },
        { "name": "value", "valueCode": "corrected" },
    ] }] });
    let patched = ask(&terminal, &cookie, Method::PATCH, &target, with_body(FHIR, &parameters)).await;
    assert_eq!((patched.status, patched.json()["status"].as_str()), (StatusCode::OK, Some("corrected")));

    let before = writes(&world).len();
    // It does not fit any more.
    let unfit = ask(&terminal, &cookie, Method::PATCH, &target, patch(amend.clone())).await;
    assert_eq!((unfit.status, unfit.code().as_str()), (StatusCode::UNPROCESSABLE_ENTITY, "does-not-fit"));
    let rewrite = json!([{ "op": "replace", "path": "/status", "value": "final" }]);
    let stale = ask(&terminal, &cookie, Method::PATCH, &target, patch(rewrite).with("if-match", "W/\"1\"")).await;
    assert_eq!(stale.status, StatusCode::PRECONDITION_FAILED);
    // Handed to somebody whom she does not care for, or made into a window on his record.
    let away = json!([{ "op": "replace", "path": "/subject/reference", "value": "Patient/P-0008" }]);
    let refused = ask(&terminal, &cookie, Method::PATCH, &target, patch(away)).await;
    assert_eq!((refused.status, refused.code().as_str()), (StatusCode::NOT_FOUND, "not-available"));
    let window = json!([{ "op": "add", "path": "/focus", "value": [{ "reference": "Patient/P-0008" }] }]);
    assert_eq!(ask(&terminal, &cookie, Method::PATCH, &target, patch(window)).await.status, StatusCode::BAD_REQUEST);
    let xml = Ask::post("", "application/xml-patch+xml", "<diff/>");
    assert_eq!(ask(&terminal, &cookie, Method::PATCH, &target, xml).await.status, StatusCode::BAD_REQUEST);

    // Of another's record a patch is no question: whether its `test` holds or not, and whether it is there or not.
    let mut answers = Vec::new();
    for target in ["/fhir/Observation/o-0008-001", "/fhir/Observation/o-9999-001"] {
        for value in ["final", "nothing-like-it"] {
            let test = json!([{ "op": "test", "path": "/status", "value": value }]);
            let refused = ask(&terminal, &cookie, Method::PATCH, target, patch(test)).await;
            let mut document = refused.json();
            document.as_object_mut().unwrap().retain(|name, _| name != "incident" && name != "instance");
            answers.push((refused.status, document));
        }
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:#?}");
    assert_eq!(answers[0].0, StatusCode::NOT_FOUND);
    assert_eq!(writes(&world).len(), before);
}

/// Only an order of the city's removes (art. 17-2, 19-2), and there is none.
#[tokio::test]
async fn nobody_removes_by_himself() {
    let world = World::start().await;
    let (terminal, cookie) = world.signed_in("U-sato", "D-sato").await;
    let created = ask(
        &terminal,
        &cookie,
        Method::POST,
        "/fhir/Observation",
        with_body(FHIR, &observation("P-0001", "3", "final")),
    );
    let own = format!("/fhir/Observation/{}", id_of(&created.await));
    let nothing = || Ask::get("");
    for target in [
        own.as_str(),
        "/fhir/Observation/o-0008-001",
        "/fhir/Observation/o-9999-001",
        "/fhir/Observation?patient=P-0001&identifier=urn:sato%7C3",
        "/fhir/Observation?patient=P-0008&status=final",
        "/fhir/Patient/P-0001",
    ] {
        let refused = ask(&terminal, &cookie, Method::DELETE, target, nothing()).await;
        assert_eq!((refused.status, refused.code().as_str()), (StatusCode::NOT_FOUND, "not-available"), "{target}");
    }
    for target in ["/fhir/Observation?patient=P-0001", "/fhir/Observation", "/fhir/Practitioner/K-sato"] {
        assert_eq!(ask(&terminal, &cookie, Method::DELETE, target, nothing()).await.status, StatusCode::BAD_REQUEST);
    }
    assert!(writes(&world).iter().all(|request| !request.starts_with("DELETE")), "{:?}", writes(&world));
    assert_eq!(ask(&terminal, &cookie, Method::GET, &own, nothing()).await.status, StatusCode::OK);
    // On record as what it was, also where the condition may not even be asked.
    let removal = |entry: &audit::Entry| entry.action == Some(model::Action::Delete) && !entry.reason.is_empty();
    assert_eq!(world.entries().iter().filter(|entry| removal(entry)).count(), 6);
}

/// What the city orders is removed, by whom it names, and nothing else (art. 17-2, 19-2).
#[tokio::test]
async fn an_order_of_the_city_removes_what_it_names() {
    let world = World::start().await;
    let (terminal, cookie) = world.signed_in("U-sato", "D-sato").await;
    let (kato, katos) = world.signed_in("U-kato", "D-kato").await;
    let mut ids = Vec::new();
    for number in ["1", "2"] {
        let created = terminal
            .ask(Ask::post("/fhir/Observation", FHIR, observation("P-0001", number, "final").to_string()).as_(&cookie));
        ids.push(id_of(&created.await.unwrap()));
    }
    let target = |id: &str| format!("/fhir/Observation/{id}");
    let nothing = || Ask::get("");
    world.order_deletion("P-0001", Some(&format!("Observation/{}", ids[0])), "U-sato");
    // Somebody else on the team, and another record of the same person: the order is not theirs.
    let others = ask(&kato, &katos, Method::DELETE, &target(&ids[0]), nothing()).await;
    assert_eq!(others.status, StatusCode::NOT_FOUND, "{}", others.text());
    let another = ask(&terminal, &cookie, Method::DELETE, &target(&ids[1]), nothing()).await;
    assert_eq!(another.status, StatusCode::NOT_FOUND, "{}", another.text());
    let mut connection = terminal.connect().await.unwrap();
    let delete = Ask { method: Method::DELETE, ..Ask::get(&target(&ids[0])) }.as_(&cookie);
    let removed = connection.ask(delete).await.unwrap();
    assert!(removed.status.is_success(), "{}", removed.text());
    assert!(!removed.text().contains("体温"));
    // The answer lingers, and a change has it judged anew: it does not rest on the order any more, which is used up.
    world.clerk(registry::Command::ChangePerson {
        person: "P-0001".parse().unwrap(),
        name: "斎藤 典子".to_owned(),
        area: "honcho".to_owned(),
    });
    let next = connection.ask(Ask::get(&target(&ids[1])).as_(&cookie)).await.expect("the connection was cut");
    assert_eq!(next.status, StatusCode::OK);
    assert_eq!(terminal.ask(Ask::get(&target(&ids[0])).as_(&cookie)).await.unwrap().status, StatusCode::NOT_FOUND);
    assert_eq!(terminal.ask(Ask::get(&target(&ids[1])).as_(&cookie)).await.unwrap().status, StatusCode::OK);
    let entry = world.entries().into_iter().rfind(|entry| entry.method == "DELETE" && entry.rules.contains("P12"));
    let entry = entry.expect("the removal is on record");
    assert_eq!(entry.records, [format!("Observation/{}", ids[0])]);
    assert!(entry.articles.contains("19-2"), "{}", entry.articles);
    // The order says what was done, and is used up by it; the other record is as it was.
    let snapshot = world.registry.snapshot();
    let order = snapshot.deletions().last().unwrap();
    assert_eq!(order.state, model::lifecycle::deletion::State::CarriedOut);
    let deleted: Vec<_> = snapshot.deleted_under(order.id).collect();
    assert_eq!(deleted.len(), 1);
    assert_eq!((deleted[0].record.as_str(), deleted[0].by.as_str()), (entry.records[0].as_str(), "U-sato"));
    assert_eq!(deleted[0].request, entry.id.to_string());
    // A second deletion needs a second order.
    let (person, record) = ("P-0001".parse().unwrap(), entry.records[0].parse().unwrap());
    let user_id = "U-sato".parse().unwrap();
    assert!(snapshot.deletion_orders(&person, Some(&record), &user_id, world.now()).next().is_none());
    let twice = ask(&terminal, &cookie, Method::DELETE, &target(&ids[0]), nothing()).await;
    assert_eq!(twice.status, StatusCode::NOT_FOUND, "{}", twice.text());
    let deletions = || writes(&world).iter().filter(|request| request.starts_with("DELETE")).count();
    assert_eq!(deletions(), 1, "the second one reached the store");
    assert!(world.alerts().is_empty(), "{:?}", world.alerts());
}

/// An order for all of a person's records stays open; each deletion is marked on it once. Also those of a transaction and a
/// batch.
#[tokio::test]
async fn an_order_for_all_records_says_what_was_deleted() {
    let world = World::start().await;
    let (terminal, cookie) = world.signed_in("U-sato", "D-sato").await;
    world.order_deletion("P-0001", None, "U-sato");
    let order = world.registry.snapshot().deletions().last().unwrap().id;
    let target = |id: &str| format!("/fhir/Observation/{id}");
    for id in ["o-0001-001", "o-0001-002"] {
        let removed = ask(&terminal, &cookie, Method::DELETE, &target(id), Ask::get("")).await;
        assert!(removed.status.is_success(), "{}", removed.text());
    }
    for (kind, id) in [("batch", "o-0001-003"), ("transaction", "o-0001-004")] {
        let entry = json!({ "request": { "method": "DELETE", "url": format!("Observation/{id}") } });
        let bundle = json!({ "resourceType": "Bundle", "type": kind, "entry": [entry] });
        let told = terminal.ask(Ask::post("/fhir", FHIR, bundle.to_string()).as_(&cookie)).await.unwrap();
        assert_eq!(told.status, StatusCode::OK, "{kind}: {}", told.text());
    }
    // What is not there is not deleted, and not marked.
    let gone = ask(&terminal, &cookie, Method::DELETE, &target("o-0001-001"), Ask::get("")).await;
    assert_eq!(gone.status, StatusCode::NOT_FOUND);
    let snapshot = world.registry.snapshot();
    let deleted: Vec<&str> = snapshot.deleted_under(order).map(|one| one.record.as_str()).collect();
    assert_eq!(
        deleted,
        ["Observation/o-0001-001", "Observation/o-0001-002", "Observation/o-0001-003", "Observation/o-0001-004"]
    );
    assert_eq!(snapshot.deletion(order).unwrap().state, model::lifecycle::deletion::State::Approved);
}

/// From when the store is asked, a deletion and its mark go on without the client: it may leave, or be told of an error.
#[tokio::test]
async fn a_deletion_is_marked_though_its_client_is_gone_or_hears_of_an_error() {
    let world = World::planned(Plan { trusting_store: true, ..Plan::default() }).await;
    for (id, http) in [("slow-2s", Http::One), ("slow-2s", Http::Two), ("broken-500", Http::One)] {
        let record = format!("Observation/{id}");
        if world.registry.snapshot().deletions().next().is_some() && id == "slow-2s" {
            let mut again = observation("P-0900", "1", "final");
            again["id"] = json!(id);
            crate::versions::put_at_the_store(&world, &again).await;
        }
        world.order_deletion("P-0900", Some(&record), "U-sato");
        let order = world.registry.snapshot().deletions().last().unwrap().id;
        let keys = world.keys("D-sato");
        let terminal = world.terminal_speaking(&keys, http, Tls::V13);
        let cookie = world.cookie(&world.terminal_with(&keys), "U-sato").await;
        world.store.clear_requests();
        let target = format!("/fhir/{record}");
        let delete = terminal.ask(Ask { method: Method::DELETE, ..Ask::get(&target) }.as_(&cookie));
        let sent = |world: &World| world.store_saw().iter().any(|line| line.starts_with("DELETE"));
        if id == "broken-500" {
            assert_eq!(delete.await.unwrap().status, StatusCode::BAD_GATEWAY);
        } else {
            tokio::select! {
                biased;
                () = world.until("the store is asked", sent) => {}
                reply = delete => panic!("it was not slow: {reply:?}"),
            }
        }
        let marked = |world: &World| world.registry.snapshot().deleted_under(order).count() == 1;
        world.until("the order says what was deleted", marked).await;
        let state = world.registry.snapshot().deletion(order).unwrap().state;
        assert_eq!(state, model::lifecycle::deletion::State::CarriedOut, "{id} {http:?}");
    }
    assert!(world.alerts().is_empty(), "{:?}", world.alerts());
}

/// A transaction that was carried out is not believed to have deleted each of its records: what is still there is not marked, and
/// the officer is told.
#[tokio::test]
async fn what_a_transaction_did_not_delete_is_not_marked() {
    let world = World::planned(Plan { trusting_store: true, ..Plan::default() }).await;
    let (terminal, cookie) = world.signed_in("U-sato", "D-sato").await;
    let mut stays = observation("P-0001", "1", "final");
    stays["id"] = json!("broken-stays");
    crate::versions::put_at_the_store(&world, &stays).await;
    world.order_deletion("P-0001", None, "U-sato");
    let order = world.registry.snapshot().deletions().last().unwrap().id;
    let entry = |id: &str| json!({ "request": { "method": "DELETE", "url": format!("Observation/{id}") } });
    let entries = [entry("broken-stays"), entry("o-0001-001")];
    let bundle = json!({ "resourceType": "Bundle", "type": "transaction", "entry": entries });
    let told = terminal.ask(Ask::post("/fhir", FHIR, bundle.to_string()).as_(&cookie)).await.unwrap();
    assert_eq!(told.status, StatusCode::OK, "{}", told.text());
    let snapshot = world.registry.snapshot();
    let deleted: Vec<&str> = snapshot.deleted_under(order).map(|one| one.record.as_str()).collect();
    assert_eq!(deleted, ["Observation/o-0001-001"]);
    for _ in 0..200 {
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        if !world.alerts().is_empty() {
            break;
        }
    }
    let alerts = world.alerts();
    assert_eq!((alerts.len(), alerts[0].kind), (1, audit::AlertKind::DeletionNotMarked));
    assert_eq!((alerts[0].count, alerts[0].seen[0].starts_with("Observation/broken-stays")), (1, true), "{alerts:?}");
}

#[tokio::test]
async fn methods_that_would_tell_without_showing() {
    let world = World::start().await;
    let (terminal, cookie) = world.signed_in("U-sato", "D-sato").await;
    for target in ["/fhir/Observation/o-0001-001", "/fhir/Observation/o-0008-001", "/fhir/metadata"] {
        for (method, allowed) in [
            (Method::HEAD, "GET, POST, PUT, PATCH, DELETE"),
            (Method::OPTIONS, "GET, POST, PUT, PATCH, DELETE"),
            // Served nowhere, so it is refused before anybody asks what for.
            (Method::TRACE, "GET, HEAD, POST, PUT, PATCH, DELETE"),
        ] {
            let refused = ask(&terminal, &cookie, method.clone(), target, Ask::get("")).await;
            assert_eq!(refused.status, StatusCode::METHOD_NOT_ALLOWED, "{method} {target}");
            assert_eq!(refused.headers["allow"], allowed, "{method}");
        }
    }
}
