//! Everyday care: what a team may read and write, and what nobody learns.

use http::StatusCode;
use http_body_util::BodyExt as _;
use serde_json::json;

use crate::world::{Ask, World, city};

const FHIR: &str = "application/fhir+json";

/// Every story that the data tells comes true.
#[tokio::test]
async fn the_stories_of_the_city_come_true() {
    let world = World::start().await;
    let mut sessions = std::collections::HashMap::new();
    let city = city::city();
    for story in city["stories"].as_array().unwrap() {
        let text = |field: &str| story[field].as_str().unwrap();
        let (user_id, device, because) = (text("user_id"), text("device"), text("because"));
        if because == "facility closed" {
            // Its certificates are revoked and its user IDs over: nothing is left to come in with, on whatever device.
            let terminal = world.terminal("D-sato");
            let refused = terminal.sign_in(user_id, &world.first_password(user_id)).await.unwrap_err();
            assert_eq!((refused.status, refused.code().as_str()), (StatusCode::UNAUTHORIZED, "wrong-credentials"));
            let serials = world.registry.snapshot().certificates_of(&device.parse().unwrap()).count();
            assert_eq!(serials, 0, "{because}: a certificate of the closed facility's device");
            continue;
        }
        if !sessions.contains_key(user_id) {
            sessions.insert(user_id.to_owned(), world.signed_in(user_id, device).await);
        }
        let (terminal, cookie) = &sessions[user_id];
        let reply = terminal.ask(Ask::get(text("target")).as_(cookie)).await.unwrap();
        let expected = if text("expected") == "permit" { StatusCode::OK } else { StatusCode::NOT_FOUND };
        assert_eq!(reply.status, expected, "{user_id} {}: {because}: {}", text("target"), reply.text());
    }
}

#[tokio::test]
async fn a_nurse_reads_and_writes_a_note_and_it_is_on_record() {
    let world = World::start().await;
    let (terminal, cookie) = world.signed_in("U-sato", "D-sato").await;
    let note = json!({
        "resourceType": "Communication",
        "status": "completed",
        "subject": { "reference": "Patient/P-0001" },
        "payload": [{ "contentString": "体温 36.50 度。" }],
    });
    let created = terminal.ask(Ask::post("/fhir/Communication", FHIR, note.to_string()).as_(&cookie)).await.unwrap();
    assert_eq!(created.status, StatusCode::CREATED, "{}", created.text());
    let location = created.headers["location"].to_str().unwrap().to_owned();
    assert!(location.starts_with("/fhir/Communication/"), "{location}");
    let id = created.json()["id"].as_str().unwrap().to_owned();

    let target = format!("/fhir/Communication/{id}");
    let read = terminal.ask(Ask::get(&target).as_(&cookie)).await.unwrap();
    assert_eq!(read.status, StatusCode::OK, "{}", read.text());
    assert_eq!(read.json()["payload"], note["payload"]);
    assert_eq!(read.headers["cache-control"], "no-store");
    assert_eq!(read.headers["sekisho-notice"], gateway::pages::reference::FIELD_VALUE);

    let entries = world.entries();
    let actions: Vec<String> = entries.iter().map(|entry| format!("{:?}", entry.action.unwrap())).collect();
    assert_eq!(actions, ["Create", "Read"]);
    assert!(entries.iter().all(|entry| entry.persons.len() == 1 && entry.rules.contains("P0")), "{entries:#?}");
    let incident = read.headers["sekisho-incident"].to_str().unwrap();
    assert_eq!(entries[1].id.to_string(), incident);
}

/// Art. 18, 28: what a colleague saw and wrote is hers. She is on the same team and the same facility, and does not change it.
#[tokio::test]
async fn nobody_changes_somebody_elses_note() {
    let world = World::start().await;
    let (sato, satos) = world.signed_in("U-sato", "D-sato").await;
    let note =
        json!({ "resourceType": "Communication", "status": "completed", "subject": { "reference": "Patient/P-0001" } });
    let created = sato.ask(Ask::post("/fhir/Communication", FHIR, note.to_string()).as_(&satos)).await.unwrap();
    let target = format!("/fhir/Communication/{}", created.json()["id"].as_str().unwrap());
    let (ono, onos) = world.signed_in("U-ono", "D-ono").await;
    let read = ono.ask(Ask::get(&target).as_(&onos)).await.unwrap();
    assert_eq!(read.status, StatusCode::OK, "{}", read.text());
    let mut changed = read.json();
    changed["status"] = json!("entered-in-error");
    world.store.clear_requests();
    let refused = ono.ask(Ask::put(&target, FHIR, changed.to_string()).as_(&onos)).await.unwrap();
    assert_eq!((refused.status, refused.code().as_str()), (StatusCode::NOT_FOUND, "not-available"));
    assert!(world.store_saw().is_empty(), "the change reached the store");
    assert_eq!(ono.ask(Ask::get(&target).as_(&onos)).await.unwrap().json()["status"], "completed");
}

/// A plan is kept by several hands: who is entitled amends it, whoever wrote it, on the version he has seen. Handed over to
/// another person it is not readable any more for whoever was right before, whatever was remembered.
#[tokio::test]
async fn a_plan_is_amended_by_who_is_entitled_and_handed_over() {
    let world = World::start().await;
    let (nakamura, nakamuras) = world.signed_in("U-nakamura", "D-nakamura").await;
    let (kato, katos) = world.signed_in("U-kato", "D-kato").await;
    let plan = json!({
        "resourceType": "CarePlan", "status": "active", "intent": "plan",
        "subject": { "reference": "Patient/P-0001" },
    });
    let created = kato.ask(Ask::post("/fhir/CarePlan", FHIR, plan.to_string()).as_(&katos)).await.unwrap();
    assert_eq!(created.status, StatusCode::CREATED, "{}", created.text());
    let target = format!("/fhir/CarePlan/{}", created.json()["id"].as_str().unwrap());
    let get = || kato.ask(Ask::get(&target).as_(&katos));
    let mut changed = get().await.unwrap().json();
    changed["status"] = json!("on-hold");
    let put = |body: &serde_json::Value| Ask::put(&target, FHIR, body.to_string()).as_(&nakamuras);
    let updated = nakamura.ask(put(&changed)).await.unwrap();
    assert_eq!(updated.status, StatusCode::OK, "{}", updated.text());
    let stale = nakamura.ask(put(&changed).with("if-match", "W/\"1\"")).await.unwrap();
    assert_eq!(stale.status, StatusCode::PRECONDITION_FAILED);
    changed["subject"]["reference"] = json!("Patient/P-0900");
    let moved = nakamura.ask(put(&changed)).await.unwrap();
    assert!(moved.status.is_success(), "{}", moved.text());
    assert_eq!(get().await.unwrap().status, StatusCode::NOT_FOUND);
    // A nurse on the team reads plans and leaves them alone.
    let (sato, satos) = world.signed_in("U-sato", "D-sato").await;
    assert_eq!(sato.ask(Ask::get(&target).as_(&satos)).await.unwrap().status, StatusCode::OK);
    let refused = sato.ask(Ask::put(&target, FHIR, changed.to_string()).as_(&satos)).await.unwrap();
    assert_eq!(refused.status, StatusCode::NOT_FOUND, "{}", refused.text());
    let updates: Vec<_> = world.entries().into_iter().filter(|entry| entry.rules.contains("P03-plan")).collect();
    assert_eq!(updates.len(), 4, "one creation, three changes asked for: {updates:#?}");
}

/// Art. 7, 18: what a profession has no need of stays closed, on the team as well: the city's volunteer reads the notes, and
/// neither medicines nor measurements.
#[tokio::test]
async fn a_profession_reads_what_it_needs() {
    let world = World::start().await;
    let (aoki, aokis) = world.signed_in("U-aoki", "D-aoki").await;
    for (kind, expected) in [
        ("Communication", StatusCode::OK),
        ("Observation", StatusCode::NOT_FOUND),
        ("MedicationStatement", StatusCode::NOT_FOUND),
        ("DocumentReference", StatusCode::NOT_FOUND),
    ] {
        let reply = aoki.ask(Ask::get(&format!("/fhir/{kind}?patient=P-0003")).as_(&aokis)).await.unwrap();
        assert_eq!(reply.status, expected, "{kind}: {}", reply.text());
    }
    let last = world.entries().pop().unwrap();
    assert!(last.rules.contains("F21-not-for-this-profession"), "{last:?}");
}

/// Promise P3: what a search found is on record by name before any of it leaves, not only the person it was about.
#[tokio::test]
async fn what_a_search_found_is_on_record_by_name() {
    let world = World::start().await;
    let (terminal, cookie) = world.signed_in("U-sato", "D-sato").await;
    let found = terminal.ask(Ask::get("/fhir/Observation?patient=P-0001&_count=5").as_(&cookie)).await.unwrap();
    assert_eq!(found.status, StatusCode::OK, "{}", found.text());
    let entries = found.json()["entry"].as_array().unwrap().clone();
    let mut given: Vec<String> =
        entries.iter().map(|entry| format!("Observation/{}", entry["resource"]["id"].as_str().unwrap())).collect();
    assert_eq!(given.len(), 5);
    let incident = found.headers["sekisho-incident"].to_str().unwrap();
    let on_record = world.audit.search(&audit::Query::default()).unwrap().entries;
    let mut recorded = on_record.into_iter().find(|found| found.entry.id.to_string() == incident).unwrap().released;
    given.sort();
    recorded.sort();
    assert_eq!(recorded, given);
}

/// Promise P4, afterwards: the own history says that something was refused, and not whose it was or whether it is there.
#[tokio::test]
async fn ones_own_history_tells_nothing_of_what_was_refused() {
    let world = World::start().await;
    let (terminal, cookie) = world.signed_in("U-sato", "D-sato").await;
    let page = Ask::get("/.sekisho/history").as_(&cookie).with("accept", "text/html").with("accept-language", "en");
    let mut histories = Vec::new();
    for target in ["/fhir/Observation/o-0008-001", "/fhir/Observation/o-9999-001"] {
        let refused = terminal.ask(Ask::get(target).as_(&cookie)).await.unwrap();
        assert_eq!(refused.status, StatusCode::NOT_FOUND, "{}", refused.text());
        let text = terminal.ask(page.clone()).await.unwrap().text();
        let rows: Vec<String> = text.split("<tr role=\"row\">").skip(2).map(str::to_owned).collect();
        let newest = rows.first().unwrap_or_else(|| panic!("no row: {text}"));
        // All but the time.
        histories.push(newest.split("</time>").nth(1).unwrap().split("</tr>").next().unwrap().to_owned());
    }
    assert_eq!(histories[0], histories[1]);
    assert!(!histories[0].contains("P-0008") && histories[0].contains("Not permitted"), "{}", histories[0]);
}

/// "Not there", "not yours" and "stopped" are one answer: status, headers and body, but for the incident's number.
#[tokio::test]
async fn a_refusal_tells_nothing() {
    let world = World::start().await;
    let (terminal, cookie) = world.signed_in("U-sato", "D-sato").await;
    let mut answers = Vec::new();
    for target in [
        "/fhir/Patient/P-0008",
        "/fhir/Patient/P-9999",
        "/fhir/Patient/P-0005",
        "/fhir/Observation?patient=P-0008",
        "/fhir/Observation?patient=P-9999",
        "/fhir/Observation/nobodys-record",
        "/fhir/Observation/o-0008-001",
        "/feeds/notes?patient=P-0008",
        "/feeds/notes?patient=P-9999",
    ] {
        let reply = terminal.ask(Ask::get(target).as_(&cookie)).await.unwrap();
        let incident = reply.headers["sekisho-incident"].to_str().unwrap().to_owned();
        let mut headers: Vec<String> = reply
            .headers
            .iter()
            .filter(|(name, _)| *name != "date")
            .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap().replace(&incident, "*")))
            .collect();
        headers.sort();
        answers.push((reply.status, headers, reply.text().replace(&incident, "*")));
    }
    assert_eq!(answers[0].0, StatusCode::NOT_FOUND);
    for answer in &answers {
        assert_eq!(*answer, answers[0]);
    }
    assert!(world.store_saw().is_empty(), "the store was asked: {:?}", world.store_saw());
}

/// A record of a stranger's person, by its id: looked up, refused, never fetched.
#[tokio::test]
async fn a_strangers_record_is_refused_by_id() {
    let world = World::start().await;
    let (owner, owners) = world.signed_in("U-sato", "D-sato").await;
    let list = owner.ask(Ask::get("/fhir/Observation?patient=P-0001&_count=1").as_(&owners)).await.unwrap();
    let id = list.json()["entry"][0]["resource"]["id"].as_str().unwrap().to_owned();
    let target = format!("/fhir/Observation/{id}");
    assert_eq!(owner.ask(Ask::get(&target).as_(&owners)).await.unwrap().status, StatusCode::OK);
    let (terminal, cookie) = world.signed_in("U-tamura", "D-tamura").await;
    world.store.clear_requests();
    let reply = terminal.ask(Ask::get(&target).as_(&cookie)).await.unwrap();
    assert_eq!(reply.status, StatusCode::NOT_FOUND);
    assert_eq!(reply.code(), "not-available");
    assert!(world.store_saw().is_empty());
    // And a write into a stranger's record, under one's own name for it.
    let note =
        json!({ "resourceType": "Communication", "status": "completed", "subject": { "reference": "Patient/P-0001" } });
    let reply = terminal.ask(Ask::post("/fhir/Communication", FHIR, note.to_string()).as_(&cookie)).await.unwrap();
    assert_eq!(reply.status, StatusCode::NOT_FOUND);
    assert!(world.store_saw().is_empty());
}

#[tokio::test]
async fn what_the_gateway_does_not_understand_reaches_nobody() {
    let world = World::start().await;
    let (terminal, cookie) = world.signed_in("U-sato", "D-sato").await;
    for target in [
        "/fhir/Observation?patient=P-0001,P-0008",
        "/fhir/Observation?patient=P-0001&patient=P-0008",
        "/fhir/Observation?patient=P-0001&_has:x=1",
        "/fhir//Patient/P-0001",
        "/fhir/Patient/P-0001/../P-0008",
        "/fhir/Patient/P-0001%2f..%2fP-0008",
        "/fhir/patient/P-0001",
        "/fhir/Patient/P-0001;v=1",
        "/fhir/metadata?x=1",
        "/fhir/_history",
        "/fhir/$graphql",
        "/fhir/Binary?_id=1",
    ] {
        let reply = terminal.ask(Ask::get(target).as_(&cookie)).await.unwrap();
        assert!(matches!(reply.status.as_u16(), 400 | 404), "{target}: {} {}", reply.status, reply.text());
    }
    for (name, value) in
        [("x-http-method-override", "DELETE"), ("prefer", "respond-async"), ("if-none-exist", "identifier=1")]
    {
        let reply = terminal.ask(Ask::get("/fhir/Patient/P-0001").as_(&cookie).with(name, value)).await.unwrap();
        assert_eq!(reply.status, StatusCode::BAD_REQUEST, "{name}");
    }
    assert!(world.store_saw().is_empty(), "{:?}", world.store_saw());
}

/// Whatever identity a client claims, the store hears ours.
#[tokio::test]
async fn identity_is_ours_alone() {
    let world = World::start().await;
    let (terminal, cookie) = world.signed_in("U-sato", "D-sato").await;
    // Each alone, because some are refused outright; what is not refused stays behind.
    for (name, value) in [
        ("sekisho-identity", "forged"),
        ("client-cert", ":Zm9yZ2Vk:"),
        ("x-forwarded-user", "U-nakamura"),
        ("x-forwarded-for", "10.0.0.1"),
        ("x_client_dn", "CN=D-nakamura"),
        ("authorization", "Bearer x"),
        ("connection", "sekisho-identity"),
        ("x-original-url", "/fhir/Patient/P-0008"),
    ] {
        world.store.clear_requests();
        let reply = terminal.ask(Ask::get("/fhir/Patient/P-0001").as_(&cookie).with(name, value)).await.unwrap();
        if reply.status == StatusCode::BAD_REQUEST {
            assert!(world.store.requests().is_empty(), "{name} was refused, and reached the store");
            continue;
        }
        assert_eq!(reply.status, StatusCode::OK, "{name}: {}", reply.text());
        let requests = world.store.requests();
        let seen = &requests.last().unwrap().headers;
        assert!(!seen.iter().any(|(n, v)| n == "cookie" || n == "authorization" || v == value), "{name}: {seen:?}");
        for ours in ["sekisho-identity", "client-cert"] {
            assert_eq!(seen.iter().filter(|(n, _)| n == ours).count(), 1, "{name}: {ours}");
        }
    }
}

#[tokio::test]
async fn a_store_that_returns_too_much_loses_the_surplus() {
    let world = World::start().await;
    let (terminal, cookie) = world.signed_in("U-sato", "D-sato").await;
    let get = |target: &'static str| terminal.ask(Ask::get(target).as_(&cookie));
    // A store that fails at this one only would tell a stranger by it that there is such a record. First of all: once a search
    // has told a worker whose it is, no look-up is needed, and she is permitted.
    let failed = get("/fhir/Observation/broken-look-up").await.unwrap();
    assert_eq!(failed.status, StatusCode::NOT_FOUND, "{}", failed.text());
    let surplus = get("/fhir/Observation?patient=P-0900&code=broken-surplus").await.unwrap();
    assert_eq!(surplus.status, StatusCode::OK, "{}", surplus.text());
    let text = surplus.text();
    assert!(text.contains("Patient/P-0900") && !text.contains("P-0008") && !text.contains("P-0001"), "{text}");
    // The surplus is lost in silence to the client, and not to the officer.
    world.until("an alert", |world| !world.alerts().is_empty()).await;
    let alerts = world.alerts();
    let about_surplus = world.entries().into_iter().find(|entry| entry.target.contains("broken-surplus")).unwrap();
    assert_eq!(alerts[0].id, about_surplus.id);
    assert!(alerts[0].seen.iter().any(|seen| seen.contains("P-0008") || seen.contains("P-0001")), "{alerts:?}");
    for (target, status) in [
        ("/fhir/Observation/broken-foreign", 404),
        ("/fhir/Observation/broken-swapped", 404),
        ("/fhir/Observation/broken-truncated", 502),
        ("/fhir/Observation/broken-json", 502),
        ("/fhir/Observation/broken-contenttype", 502),
        ("/fhir/Observation/broken-close", 502),
        ("/fhir/Observation/broken-500", 502),
        ("/fhir/Observation/slow-2s", 200),
        ("/fhir/Binary/broken-version", 502),
    ] {
        let accept = if target.contains("Binary") { "*/*" } else { FHIR };
        let reply = terminal.ask(Ask::get(target).as_(&cookie).with("accept", accept)).await.unwrap();
        assert_eq!(reply.status.as_u16(), status, "{target}: {}", reply.text());
        if status != 200 {
            assert!(!reply.text().contains("Observation"), "{target} tells: {}", reply.text());
        }
    }
}

/// What the store tells on a feed is read like any other answer: news of somebody else, and contents, stay behind.
#[tokio::test]
async fn a_feed_tells_of_this_person_only() {
    let world = World::start().await;
    let (terminal, cookie) = world.signed_in("U-sato", "D-sato").await;
    let mut connection = terminal.connect().await.unwrap();
    let ask = Ask::get("/feeds/notes?patient=P-0001").as_(&cookie).with("accept", "text/event-stream");
    let mut stream = connection.start(ask).await.unwrap().into_body();
    let mut next = async || stream.frame().await.unwrap().unwrap().into_data().unwrap();
    assert_eq!(next().await, ":\n\n", "the store is listened to");
    let news =
        |id: &str, person: &str| format!(r#"{{"resourceType":"Communication","id":"{id}","person":"{person}"}}"#);
    world.store.tell("P-0001", &news("n-1", "P-0002"));
    world
        .store
        .tell("P-0001", r#"{"resourceType":"Communication","id":"n-2","person":"P-0001","text":"体温 37.2 度"}"#);
    world.store.tell("P-0001", &news("n-3", "P-0001"));
    assert_eq!(next().await, format!("event: note\ndata: {}\n\n", news("n-3", "P-0001")));
}

#[tokio::test]
async fn documents_go_up_and_down() {
    let world = World::start().await;
    let (terminal, cookie) = world.signed_in("U-sato", "D-sato").await;
    let body = vec![0xa5_u8; 300_000];
    let upload =
        Ask::post("/fhir/Binary", "image/jpeg", body.clone()).as_(&cookie).with("x-security-context", "Patient/P-0001");
    let created = terminal.ask(upload).await.unwrap();
    assert_eq!(created.status, StatusCode::CREATED, "{}", created.text());
    let location = created.headers["location"].to_str().unwrap().to_owned();
    let target = location.split("/_history").next().unwrap();
    // Nothing but its address came back, and that is on record.
    let newest = world.audit.search(&audit::Query { limit: 1, ..audit::Query::default() }).unwrap().entries.remove(0);
    assert_eq!(format!("/fhir/{}", newest.released.join(" ")), target);
    let read = terminal.ask(Ask::get(target).as_(&cookie).with("accept", "image/jpeg")).await.unwrap();
    assert_eq!(read.status, StatusCode::OK);
    assert_eq!(read.body, body);
    assert_eq!(read.headers["content-type"], "image/jpeg");
    let part = Ask::get(target).as_(&cookie).with("accept", "*/*").with("range", "bytes=10-19");
    let part = terminal.ask(part).await.unwrap();
    assert_eq!((part.status, part.body.len()), (StatusCode::PARTIAL_CONTENT, 10));
    // A condition that does not hold asks for the whole: pieces of two versions would be joined.
    let ranged = || Ask::get(target).as_(&cookie).with("accept", "*/*").with("range", "bytes=10-19");
    let whole = terminal.ask(ranged().with("if-range", "\"another\"")).await.unwrap();
    assert_eq!((whole.status, whole.body.len()), (StatusCode::OK, body.len()));
    // Bytes do not say who wrote them, so nobody replaces them; a new document is added instead.
    let replaced = Ask { method: http::Method::PUT, ..Ask::post(target, "image/jpeg", body.clone()) }
        .as_(&cookie)
        .with("x-security-context", "Patient/P-0001");
    assert_eq!(terminal.ask(replaced).await.unwrap().status, StatusCode::NOT_FOUND);
    let (other, others) = world.signed_in("U-tamura", "D-tamura").await;
    let refused = other.ask(Ask::get(target).as_(&others).with("accept", "image/jpeg")).await.unwrap();
    assert_eq!(refused.status, StatusCode::NOT_FOUND);
}
