//! Old versions and histories: each version by its own owner, nothing of a record that was removed or handed over.

use http::StatusCode;
use serde_json::{Value, json};

use crate::world::{Ask, Plan, Reply, Terminal, World};

const FHIR: &str = "application/fhir+json";

/// An observation by the nurse Sato.
fn observation(person: &str, status: &str) -> Value {
    json!({
        "resourceType": "Observation",
        "status": status,
        "code": { "text": "体温" },
        "subject": { "reference": format!("Patient/{person}") },
        "performer": [{ "reference": "Practitioner/K-sato" }],
        "valueQuantity": { "value": 36.5 },
    })
}

async fn get(terminal: &Terminal, cookie: &str, target: &str) -> Reply {
    terminal.ask(Ask::get(target).as_(cookie)).await.unwrap()
}

/// Creates an observation; its address.
async fn created(terminal: &Terminal, cookie: &str, resource: &Value) -> String {
    let ask = Ask::post("/fhir/Observation", FHIR, resource.to_string()).as_(cookie);
    let reply = terminal.ask(ask).await.unwrap();
    assert_eq!(reply.status, StatusCode::CREATED, "{}", reply.text());
    reply.headers["location"].to_str().unwrap().to_owned()
}

/// Replaces it by this.
async fn updated(terminal: &Terminal, cookie: &str, target: &str, mut resource: Value) {
    resource["id"] = json!(target.rsplit('/').next().unwrap());
    let reply = terminal.ask(Ask::put(target, FHIR, resource.to_string()).as_(cookie)).await.unwrap();
    assert_eq!(reply.status, StatusCode::OK, "{}", reply.text());
}

fn versions(history: &Reply) -> Vec<String> {
    let document = history.json();
    let entries = document["entry"].as_array().cloned().unwrap_or_default();
    let version = |entry: &Value| entry["resource"]["meta"]["versionId"].as_str().unwrap_or("removed").to_owned();
    entries.iter().map(version).collect()
}

#[tokio::test]
async fn a_nurse_looks_at_what_a_record_was() {
    let world = World::start().await;
    let (terminal, cookie) = world.signed_in("U-sato", "D-sato").await;
    let target = created(&terminal, &cookie, &observation("P-0001", "preliminary")).await;
    updated(&terminal, &cookie, &target, observation("P-0001", "final")).await;

    let old = get(&terminal, &cookie, &format!("{target}/_history/1")).await;
    assert_eq!((old.status, old.json()["status"].as_str()), (StatusCode::OK, Some("preliminary")), "{}", old.text());
    assert_eq!(old.headers["etag"], "W/\"1\"");
    let history = get(&terminal, &cookie, &format!("{target}/_history")).await;
    assert_eq!(history.status, StatusCode::OK, "{}", history.text());
    assert_eq!(versions(&history), ["2", "1"]);
    let document = history.json();
    assert_eq!((document["type"].as_str(), document["total"].as_u64()), (Some("history"), Some(2)));
    assert_eq!(document["entry"][1]["request"]["method"], "POST");
    assert_eq!(document["entry"][0]["response"]["etag"], "W/\"2\"");
    assert!(!history.text().contains("127.0.0.1"), "the store's address: {}", history.text());
    assert!(!history.headers.contains_key("etag"), "a tag over what is left out");

    // Nothing of the past is remembered for the present, and the newest is what a read gives.
    assert_eq!(get(&terminal, &cookie, &target).await.json()["status"], "final");
    let newest = get(&terminal, &cookie, &format!("{target}/_history?_count=1")).await;
    assert_eq!(versions(&newest), ["2"]);
    assert!(newest.json().get("total").is_none() && !newest.text().contains("next"), "{}", newest.text());

    // On record like any read.
    let entries = world.entries();
    let of_the_record = entries.iter().filter(|entry| entry.records == [target.trim_start_matches("/fhir/")]);
    assert_eq!(of_the_record.filter(|entry| entry.action == Some(model::Action::Read)).count(), 4);
}

/// A record that is handed over: whoever cares for the second person only sees the versions of the second person only, and
/// the other way round; and nobody is told that something was left out as if the store were at fault.
#[tokio::test]
async fn a_record_handed_over_has_two_pasts() {
    let world = World::start().await;
    let (sato, satos) = world.signed_in("U-sato", "D-sato").await;
    let (kato, katos) = world.signed_in("U-kato", "D-kato").await;
    let target = created(&sato, &satos, &observation("P-0900", "preliminary")).await;
    let (first, second, history) =
        (format!("{target}/_history/1"), format!("{target}/_history/2"), format!("{target}/_history"));
    let not_there = get(&kato, &katos, "/fhir/Observation/o-9999-001/_history/1").await;
    for target in [&target, &first, &history] {
        let refused = get(&kato, &katos, target).await;
        assert_eq!((refused.status, refused.code()), (not_there.status, not_there.code()), "{target}");
    }
    updated(&sato, &satos, &target, observation("P-0001", "final")).await;
    assert_eq!(get(&kato, &katos, &target).await.status, StatusCode::OK);
    assert_eq!(get(&kato, &katos, &second).await.status, StatusCode::OK);
    assert_eq!(get(&kato, &katos, &first).await.status, StatusCode::NOT_FOUND, "it was another person's then");
    let seen = get(&kato, &katos, &history).await;
    assert_eq!(versions(&seen), ["2"], "{}", seen.text());
    assert_eq!(seen.json()["total"], 1);
    assert!(!seen.text().contains("P-0900"), "{}", seen.text());
    // Sato cares for both. One version of somebody else's is not read under the name of the first, though.
    assert_eq!(get(&sato, &satos, &first).await.status, StatusCode::OK);
    assert_eq!(versions(&get(&sato, &satos, &history).await), ["2"]);
    // The index was not led astray by the old version that was just read.
    assert_eq!(get(&kato, &katos, &target).await.status, StatusCode::OK);
    assert!(world.alerts().is_empty(), "{:?}", world.alerts());

    updated(&sato, &satos, &target, observation("P-0900", "amended")).await;
    for target in [&target, &history] {
        assert_eq!(get(&kato, &katos, target).await.status, StatusCode::NOT_FOUND, "{target}");
    }
}

#[tokio::test]
async fn what_is_refused_of_the_past() {
    let world = World::start().await;
    let (terminal, cookie) = world.signed_in("U-sato", "D-sato").await;
    for (target, status) in [
        ("/fhir/_history", 400),
        ("/fhir/Observation/_history", 400),
        ("/fhir/Observation/o-0001-001/_history?_at=2026", 400),
        ("/fhir/Observation/o-0001-001/_history?_offset=1", 400),
        ("/fhir/Observation/o-0001-001/_history/1/x", 400),
        ("/fhir/Observation/o-0001-001/_history/99", 404),
        ("/fhir/Observation/o-9999-001/_history", 404),
        ("/fhir/Observation/o-0008-001/_history", 404),
        ("/fhir/Observation/o-0008-001/_history/1", 404),
        ("/fhir/Patient/P-0008/_history", 404),
        ("/fhir/Patient/P-0008/_history/1", 404),
    ] {
        let refused = get(&terminal, &cookie, target).await;
        assert_eq!(refused.status.as_u16(), status, "{target}: {}", refused.text());
        assert!(!refused.text().contains("o-0008") && !refused.text().contains("P-0008"), "{}", refused.text());
    }
    // Nobody's past was asked for that may not be seen.
    let asked: Vec<String> = world.store_saw().into_iter().filter(|request| request.contains("_history")).collect();
    assert!(asked.is_empty(), "{asked:?}");
    for target in
        ["/fhir/Patient/P-0001/_history", "/fhir/Patient/P-0001/_history/1", "/fhir/Practitioner/K-sato/_history"]
    {
        assert_eq!(get(&terminal, &cookie, target).await.status, StatusCode::OK, "{target}");
    }
}

#[tokio::test]
async fn an_old_version_of_a_document_comes_as_it_was() {
    let world = World::planned(Plan { trusting_store: true, ..Plan::default() }).await;
    let (terminal, cookie) = world.signed_in("U-sato", "D-sato").await;
    let (kato, katos) = world.signed_in("U-kato", "D-kato").await;
    let upload = |person: &str, body: &'static [u8]| {
        Ask::post("/fhir/Binary", "image/jpeg", body).as_(&cookie).with("x-security-context", person)
    };
    let created = terminal.ask(upload("Patient/P-0900", b"first")).await.unwrap();
    assert_eq!(created.status, StatusCode::CREATED, "{}", created.text());
    let target = created.headers["location"].to_str().unwrap().to_owned();
    let replaced = Ask { method: http::Method::PUT, target: target.clone(), ..upload("Patient/P-0001", b"second") };
    // Bytes do not say who wrote them, so nobody replaces them here. A store that is older than us may have done so.
    assert_eq!(terminal.ask(replaced).await.unwrap().status, StatusCode::NOT_FOUND);
    let id = target.rsplit('/').next().unwrap();
    let second = json!({
        "resourceType": "Binary", "id": id, "contentType": "image/jpeg",
        "securityContext": { "reference": "Patient/P-0001" }, "data": "c2Vjb25k",
    });
    put_at_the_store(&world, &second).await;
    for (version, body) in [("1", "first"), ("2", "second")] {
        let ask = Ask::get(&format!("{target}/_history/{version}")).as_(&cookie).with("accept", "image/jpeg");
        let reply = terminal.ask(ask).await.unwrap();
        assert_eq!((reply.status, reply.text().as_str()), (StatusCode::OK, body));
        assert_eq!(reply.headers["content-disposition"], "attachment");
    }
    // It was another person's when it held that.
    for (version, status) in [("1", StatusCode::NOT_FOUND), ("2", StatusCode::OK)] {
        let ask = Ask::get(&format!("{target}/_history/{version}")).as_(&katos).with("accept", "image/jpeg");
        assert_eq!(kato.ask(ask).await.unwrap().status, status, "{version}");
    }
}

/// A label is no part of what an index remembers: whose labelled record it is, is looked up each time.
#[tokio::test]
async fn a_labelled_record_is_looked_up_each_time() {
    let world = World::planned(Plan { trusting_store: true, workers: 1, ..Plan::default() }).await;
    let (terminal, cookie) = world.signed_in("U-sato", "D-sato").await;
    let mut plain = observation("P-0001", "final");
    plain["id"] = json!("plain");
    let mut labelled = observation("P-0001", "final");
    labelled["id"] = json!("labelled");
    let system = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality";
    labelled["meta"] = json!({ "security": [{ "system": system, "code": "R" }] });
    for resource in [&plain, &labelled] {
        put_at_the_store(&world, resource).await;
    }
    for (id, look_ups) in [("plain", 1), ("labelled", 3)] {
        for _ in 0..3 {
            let read = get(&terminal, &cookie, &format!("/fhir/Observation/{id}")).await;
            assert_eq!(read.status, StatusCode::OK, "{}", read.text());
        }
        let asked = world.store.requests();
        let look_up = format!("/fhir/Observation/{id}?_elements=");
        assert_eq!(asked.iter().filter(|request| request.target.starts_with(&look_up)).count(), look_ups, "{id}");
    }
}

/// As somebody who works at the store itself.
pub(crate) async fn put_at_the_store(world: &World, resource: &Value) {
    let stream = tokio::net::TcpStream::connect(world.store.address()).await.unwrap();
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(hyper_util::rt::TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    let part = |name: &str| resource[name].as_str().unwrap();
    let target = format!("/fhir/{}/{}", part("resourceType"), part("id"));
    let body = http_body_util::Full::new(bytes::Bytes::from(resource.to_string()));
    let request = http::Request::put(target).header("host", "store").header("content-type", FHIR).body(body).unwrap();
    assert!(sender.send_request(request).await.unwrap().status().is_success());
}
