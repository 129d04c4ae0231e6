//! Nobody writes in somebody else's name (art. 18, 28, 39-1-8): a record names its writer or nobody, whichever way it comes, and
//! an update leaves it under the name it has. The nurse Sato is the one who tries.

use http::{Method, StatusCode};
use model::FacilityId;
use registry::Command;
use serde_json::{Value, json};

use crate::world::{Ask, Plan, Reply, Terminal, World};

const FHIR: &str = "application/fhir+json";
const JSON_PATCH: &str = "application/json-patch+json";
const RULE: &str = "F23-in-somebody-elses-name";

/// A note of P-0001, by whoever the element says.
fn note(sender: Value) -> Value {
    json!({
        "resourceType": "Communication",
        "status": "completed",
        "subject": { "reference": "Patient/P-0001" },
        "sender": sender,
    })
}

fn observation(performers: &[&str]) -> Value {
    let performers: Vec<Value> = performers.iter().map(|one| json!({ "reference": one })).collect();
    json!({
        "resourceType": "Observation",
        "identifier": [{ "system": "urn:sato", "value": "23" }],
        "status": "final",
        "code": { "text": "体温" },
        "subject": { "reference": "Patient/P-0001" },
        "performer": performers,
    })
}

fn document(author: &str) -> Value {
    json!({
        "resourceType": "DocumentReference",
        "status": "current",
        "subject": { "reference": "Patient/P-0001" },
        "author": [{ "reference": author }],
        "content": [{ "attachment": { "title": "手紙" } }],
    })
}

/// What reached the store, without reads and look-ups.
fn writes(world: &World) -> Vec<String> {
    world.store_saw().into_iter().filter(|request| !request.starts_with("GET")).collect()
}

async fn ask(terminal: &Terminal, cookie: &str, method: Method, target: &str, ask: Ask) -> Reply {
    terminal.ask(Ask { method, target: target.to_owned(), ..ask }.as_(cookie)).await.unwrap()
}

fn with_body(content_type: &str, body: &Value) -> Ask {
    Ask::post("", content_type, body.to_string())
}

/// Refused with the rule, its articles and its sentence in both languages.
#[track_caller]
fn told(reply: &Reply, what: &str) {
    assert_eq!((reply.status, reply.code().as_str()), (StatusCode::FORBIDDEN, "refused"), "{what}: {}", reply.text());
    let document = reply.json();
    assert_eq!(document["rule"], RULE, "{what}");
    assert!(document["text_ja"].as_str().unwrap().contains("本人の名前でのみ"), "{what}: {document}");
    assert!(document["text_en"].as_str().unwrap().contains("the writer's own"), "{what}: {document}");
}

#[track_caller]
fn not_available(reply: &Reply, what: &str) {
    let said = (reply.status, reply.code());
    assert_eq!(said, (StatusCode::NOT_FOUND, "not-available".to_owned()), "{what}: {}", reply.text());
}

#[tokio::test]
async fn nothing_is_created_in_another_name() {
    let world = World::start().await;
    let (terminal, cookie) = world.signed_in("U-sato", "D-sato").await;
    let mut contained = note(json!({ "reference": "#writer" }));
    contained["contained"] = json!([{ "resourceType": "Practitioner", "id": "writer", "name": [{ "text": "加藤" }] }]);
    let forged = [
        ("a colleague's note", note(json!({ "reference": "Practitioner/K-kato" }))),
        ("the person's note", note(json!({ "reference": "Patient/P-0001" }))),
        ("a role's note", note(json!({ "reference": "PractitionerRole/r-1" }))),
        ("a contained professional's", contained),
        ("by display only", note(json!({ "display": "加藤 医師" }))),
        ("by her user ID", note(json!({ "reference": "Practitioner/U-sato" }))),
        ("a colleague's observation", observation(&["Practitioner/K-kato"])),
        ("a facility's observation", observation(&["Organization/F-nursing"])),
        ("a colleague's document", document("Practitioner/K-kato")),
    ];
    for (what, body) in &forged {
        let target = format!("/fhir/{}", body["resourceType"].as_str().unwrap());
        let reply = ask(&terminal, &cookie, Method::POST, &target, with_body(FHIR, body)).await;
        told(&reply, what);
    }
    // What leads nowhere is not even read.
    let nowhere = note(json!({ "identifier": { "value": "K-kato" } }));
    let reply = ask(&terminal, &cookie, Method::POST, "/fhir/Communication", with_body(FHIR, &nowhere)).await;
    assert_eq!(reply.status, StatusCode::BAD_REQUEST, "{}", reply.text());
    // On a condition, and by a condition that no record fulfils.
    let forged = with_body(FHIR, &observation(&["Practitioner/K-kato"]));
    let unless = forged.clone().with("if-none-exist", "identifier=urn:sato|23");
    told(&ask(&terminal, &cookie, Method::POST, "/fhir/Observation", unless).await, "if none exists");
    let target = "/fhir/Observation?identifier=urn:sato%7C23";
    told(&ask(&terminal, &cookie, Method::PUT, target, forged).await, "created by a condition");
    assert_eq!(writes(&world), [""; 0]);
    let entry = world.entries().pop().unwrap();
    assert!(entry.rules.contains(RULE) && entry.facts.contains(r#""written_as":"other""#), "{entry:?}");

    // In her own name, with her station's beside it, and in nobody's.
    for body in [
        note(json!({ "reference": "Practitioner/K-sato", "display": "佐藤" })),
        observation(&["Practitioner/K-sato", "Organization/F-nursing"]),
        observation(&[]),
        document("Practitioner/K-sato"),
    ] {
        let target = format!("/fhir/{}", body["resourceType"].as_str().unwrap());
        let reply = ask(&terminal, &cookie, Method::POST, &target, with_body(FHIR, &body)).await;
        assert_eq!(reply.status, StatusCode::CREATED, "{body}: {}", reply.text());
    }
}

/// A name one level down is a name as well: of a remark, of a section, of who drew the blood or read the picture.
#[tokio::test]
async fn no_part_is_written_in_another_name() {
    let world = World::start().await;
    let (terminal, cookie) = world.signed_in("U-sato", "D-sato").await;
    let remarked = |author: Value| {
        let mut body = observation(&["Practitioner/K-sato"]);
        body["note"] = json!([author]);
        body
    };
    let by = |key: &str| json!({ "text": "安定", "authorReference": { "reference": format!("Practitioner/{key}") } });
    let person = json!({ "reference": "Patient/P-0001" });
    let kato = json!({ "reference": "Practitioner/K-kato" });
    let forged = [
        ("a remark", remarked(by("K-kato"))),
        ("a remark of a role", remarked(json!({ "authorReference": { "reference": "PractitionerRole/r-1" } }))),
        ("a remark by a name alone", remarked(json!({ "text": "安定", "authorString": "加藤 医師" }))),
        (
            "a section of a section",
            json!({
                "resourceType": "Composition", "status": "final", "subject": person,
                "author": [{ "reference": "Practitioner/K-sato" }],
                "section": [{ "section": [{ "author": [kato] }] }],
            }),
        ),
        (
            "an interpreter",
            json!({
                "resourceType": "DiagnosticReport", "status": "final", "code": { "text": "血液" }, "subject": person,
                "performer": [{ "reference": "Practitioner/K-sato" }], "resultsInterpreter": [kato],
            }),
        ),
        (
            "an answer",
            json!({
                "resourceType": "QuestionnaireResponse", "status": "completed", "subject": person,
                "author": { "reference": "Practitioner/K-sato" }, "source": kato,
            }),
        ),
    ];
    for (what, body) in &forged {
        let target = format!("/fhir/{}", body["resourceType"].as_str().unwrap());
        told(&ask(&terminal, &cookie, Method::POST, &target, with_body(FHIR, body)).await, what);
    }
    assert_eq!(writes(&world), [""; 0]);
    // Her own remark; then a colleague's put beside it.
    let created = with_body(FHIR, &remarked(by("K-sato")));
    let created = ask(&terminal, &cookie, Method::POST, "/fhir/Observation", created).await;
    assert_eq!(created.status, StatusCode::CREATED, "{}", created.text());
    let id = created.json()["id"].clone();
    let target = format!("/fhir/Observation/{}", id.as_str().unwrap());
    let mut body = remarked(by("K-kato"));
    body["id"] = id;
    told(&ask(&terminal, &cookie, Method::PUT, &target, with_body(FHIR, &body)).await, "an update");
    let patch = json!([{ "op": "add", "path": "/note/-", "value": by("K-kato") }]);
    told(&ask(&terminal, &cookie, Method::PATCH, &target, with_body(JSON_PATCH, &patch)).await, "a patch");
    body["note"] = json!([by("K-sato"), by("K-sato")]);
    let amended = ask(&terminal, &cookie, Method::PUT, &target, with_body(FHIR, &body)).await;
    assert_eq!(amended.status, StatusCode::OK, "{}", amended.text());
}

/// Promise P4: whoever may write nothing of a person is not told of names. It would tell that the person is registered.
#[tokio::test]
async fn a_stranger_is_told_nothing() {
    let world = World::start().await;
    let (terminal, cookie) = world.signed_in("U-sato", "D-sato").await;
    for person in ["P-0008", "P-9999", "P-0005"] {
        for sender in ["Practitioner/K-kato", "Practitioner/K-sato"] {
            let mut body = note(json!({ "reference": sender }));
            body["subject"]["reference"] = json!(format!("Patient/{person}"));
            let reply = ask(&terminal, &cookie, Method::POST, "/fhir/Communication", with_body(FHIR, &body)).await;
            not_available(&reply, &format!("{person} by {sender}"));
        }
    }
    assert_eq!(writes(&world), [""; 0]);
}

#[tokio::test]
async fn an_author_hands_nothing_over() {
    let world = World::start().await;
    let (terminal, cookie) = world.signed_in("U-sato", "D-sato").await;
    let create = with_body(FHIR, &observation(&["Practitioner/K-sato"]));
    let created = ask(&terminal, &cookie, Method::POST, "/fhir/Observation", create).await;
    assert_eq!(created.status, StatusCode::CREATED, "{}", created.text());
    let id = created.json()["id"].as_str().unwrap().to_owned();
    let target = format!("/fhir/Observation/{id}");
    let by_condition = "/fhir/Observation?identifier=urn:sato%7C23";
    let before = writes(&world);
    for performers in [
        &["Practitioner/K-kato"][..],
        &["Practitioner/K-sato", "Practitioner/K-kato"],
        &["Practitioner/K-sato", "Patient/P-0001"],
        &["Practitioner/K-sato", "PractitionerRole/r-1"],
        &[],
    ] {
        let mut body = observation(performers);
        told(&ask(&terminal, &cookie, Method::PUT, by_condition, with_body(FHIR, &body)).await, "by a condition");
        body["id"] = json!(id);
        told(&ask(&terminal, &cookie, Method::PUT, &target, with_body(FHIR, &body)).await, &format!("{performers:?}"));
        let patch = json!([{ "op": "replace", "path": "/performer", "value": body["performer"] }]);
        let patched = ask(&terminal, &cookie, Method::PATCH, &target, with_body(JSON_PATCH, &patch)).await;
        told(&patched, &format!("patched: {performers:?}"));
    }
    let parameters = json!({ "resourceType": "Parameters", "parameter": [{ "name": "operation", "part": [
        { "name": "type", "valueCode": "replace" },
        { "name": "path", "valueString": "Observation.performer[0].reference" },
        { "name": "value", "valueString": "Practitioner/K-kato" },
    ] }] });
    told(&ask(&terminal, &cookie, Method::PATCH, &target, with_body(FHIR, &parameters)).await, "by FHIRPath");
    assert_eq!(writes(&world), before);
    // Hers as before, and amended as before.
    let mut body = observation(&["Practitioner/K-sato"]);
    body["id"] = json!(id);
    body["status"] = json!("amended");
    let amended = ask(&terminal, &cookie, Method::PUT, &target, with_body(FHIR, &body)).await;
    assert_eq!((amended.status, amended.json()["status"].as_str()), (StatusCode::OK, Some("amended")));
}

/// A colleague's note does not become her own by adding her name, and she is told as little as ever.
#[tokio::test]
async fn nobody_joins_the_authors_of_a_record() {
    let world = World::start().await;
    let (terminal, cookie) = world.signed_in("U-sato", "D-sato").await;
    let (kato, katos) = world.signed_in("U-kato", "D-kato").await;
    let theirs = with_body(FHIR, &observation(&["Practitioner/K-kato"]));
    let created = ask(&kato, &katos, Method::POST, "/fhir/Observation", theirs).await;
    assert_eq!(created.status, StatusCode::CREATED, "{}", created.text());
    let target = format!("/fhir/Observation/{}", created.json()["id"].as_str().unwrap());
    let before = writes(&world);
    for performers in
        [&["Practitioner/K-kato"][..], &["Practitioner/K-kato", "Practitioner/K-sato"], &["Practitioner/K-sato"]]
    {
        let mut body = observation(performers);
        body["id"] = created.json()["id"].clone();
        let reply = ask(&terminal, &cookie, Method::PUT, &target, with_body(FHIR, &body)).await;
        not_available(&reply, &format!("{performers:?}"));
    }
    assert_eq!(writes(&world), before);
}

#[tokio::test]
async fn entries_of_bundles_are_held_to_it() {
    let world = World::start().await;
    let (terminal, cookie) = world.signed_in("U-sato", "D-sato").await;
    let entry = |performer: &str| json!({ "resource": observation(&[performer]), "request": { "method": "POST", "url": "Observation" } });
    let bundle = |kind: &str| {
        let entries = [entry("Practitioner/K-sato"), entry("Practitioner/K-kato")];
        with_body(FHIR, &json!({ "resourceType": "Bundle", "type": kind, "entry": entries }))
    };
    told(&ask(&terminal, &cookie, Method::POST, "/fhir", bundle("transaction")).await, "a transaction");
    assert_eq!(writes(&world), [""; 0]);
    // Of a batch each entry is a request of its own.
    let reply = ask(&terminal, &cookie, Method::POST, "/fhir", bundle("batch")).await;
    let answers = reply.json()["entry"].clone();
    let status = |index: usize| answers[index]["response"]["status"].as_str().unwrap().to_owned();
    assert!(status(0).starts_with("201") && status(1).starts_with("403"), "{answers}");
    let outcome = answers[1]["response"]["outcome"].to_string();
    assert!(outcome.contains("本人の名前でのみ") && outcome.contains("the writer's own"), "{outcome}");
    assert_eq!(writes(&world), ["POST /fhir/Observation"]);
    // A professional who would be entered by the same transaction is nobody of ours.
    let name = "urn:uuid:6b2c1d52-0d3c-4c53-8b6f-4c1c8ed1a001";
    let new = json!({ "resourceType": "Bundle", "type": "transaction", "entry": [
        { "fullUrl": name, "resource": { "resourceType": "Practitioner" }, "request": { "method": "POST", "url": "Practitioner" } },
        entry(name),
    ] });
    let reply = ask(&terminal, &cookie, Method::POST, "/fhir", with_body(FHIR, &new)).await;
    assert!(reply.status.is_client_error(), "{}", reply.text());
    assert_eq!(writes(&world), ["POST /fhir/Observation"]);
}

/// On duty for the station's team, art. 18: the way in opens no other name.
#[tokio::test]
async fn whoever_stands_in_writes_in_her_own_name() {
    let world = World::start().await;
    let (ono, onos) = world.signed_in("U-ono", "D-ono").await;
    world.clerk(Command::EnterDuty {
        user: "K-ono".parse().unwrap(),
        facility: FacilityId::new("F-nursing").unwrap(),
        kind: model::DutyKind::OnDuty,
        from: world.now(),
        until: Some(world.now().plus_seconds(12 * 3600)),
    });
    let of = |key: &str| {
        let mut body = note(json!({ "reference": format!("Practitioner/{key}") }));
        body["subject"]["reference"] = json!("Patient/P-0002");
        with_body(FHIR, &body)
    };
    told(&ask(&ono, &onos, Method::POST, "/fhir/Communication", of("K-sato")).await, "whom she stands in for");
    assert_eq!(writes(&world), [""; 0]);
    let own = ask(&ono, &onos, Method::POST, "/fhir/Communication", of("K-ono")).await;
    assert_eq!(own.status, StatusCode::CREATED, "{}", own.text());
}

/// An application that takes the author from the body, behind a map that says so.
#[tokio::test]
async fn a_map_that_names_authors_is_held_to_it() {
    let world = World::planned(Plan { maps: vec!["tests/testdata/authored-notes.toml"], ..Plan::default() }).await;
    let (terminal, cookie) = world.signed_in("U-sato", "D-sato").await;
    let body = |author: &str| with_body("application/json", &json!({ "text": "体温 36.5", "author": author }));
    let entries = "/notes/people/P-0001/entries";
    told(&ask(&terminal, &cookie, Method::POST, entries, body("K-kato")).await, "a map");
    assert!(world.store.requests().is_empty(), "{:?}", world.store_saw());
    let created = ask(&terminal, &cookie, Method::POST, entries, body("K-sato")).await;
    assert_eq!(created.status, StatusCode::CREATED, "{}", created.text());
    let target = format!("/notes/entries/{}", created.json()["id"].as_str().unwrap());
    told(&ask(&terminal, &cookie, Method::PUT, &target, body("K-kato")).await, "handed over");
    let before = ask(&terminal, &cookie, Method::GET, &target, Ask::get("")).await;
    assert_eq!(before.json()["author"], "K-sato", "{}", before.text());
}
