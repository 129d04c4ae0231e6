//! Records: written, read, changed, removed, and all of their versions.

use serde_json::json;

use super::{World, note};
use crate::{Options, Trust, run};

#[tokio::test]
async fn a_record_lives_through_its_versions() {
    let world = World::new().await;
    let made = world.post("/fhir/Communication", &note("P-0001")).await;
    assert_eq!((made.status, made.header("etag")), (201, "W/\"1\""));
    let id = made.json()["id"].as_str().unwrap().to_owned();
    assert!(made.header("location").ends_with(&format!("/fhir/Communication/{id}/_history/1")), "{made:?}");
    assert_eq!(made.json()["meta"]["versionId"], "1");
    let at = format!("/fhir/Communication/{id}");

    let mut second = note("P-0001");
    second["id"] = json!(id);
    second["status"] = json!("entered-in-error");
    let changed = world.put(&at, "W/\"1\"", &second).await;
    assert_eq!((changed.status, changed.header("etag")), (200, "W/\"2\""));
    let stale = world.put(&at, "W/\"1\"", &second).await;
    assert_eq!((stale.status, stale.json()["resourceType"].as_str()), (412, Some("OperationOutcome")));

    let read = world.get(&at).await;
    assert_eq!((read.status, read.header("etag")), (200, "W/\"2\""));
    assert_eq!(read.json()["status"], "entered-in-error");
    assert!(read.header("last-modified").ends_with("GMT"));
    assert!(read.header("content-location").ends_with(&format!("{at}/_history/2")), "{read:?}");
    assert_eq!(world.get(&format!("{at}/_history/1")).await.json()["status"], "completed");

    assert_eq!(world.ask("DELETE", &at, &[("if-match", "W/\"1\"")], "").await.status, 412);
    assert_eq!(world.ask("DELETE", &at, &[], "").await.status, 204);
    assert_eq!(world.get(&at).await.status, 410);
    assert_eq!(world.get(&format!("{at}/_history/2")).await.status, 200);
    let history = world.get(&format!("{at}/_history")).await.json();
    let methods: Vec<_> = history["entry"].as_array().unwrap().iter().map(|e| e["request"]["method"].clone()).collect();
    assert_eq!(methods, ["DELETE", "PUT", "POST"]);
    assert!(!world.get("/fhir/Communication?patient=P-0001&_count=1000").await.ids().contains(&id));
}

#[tokio::test]
async fn numbers_come_back_as_they_were_written() {
    let world = World::new().await;
    let body = r#"{"resourceType":"Observation","id":"o-x","status":"final","subject":{"reference":"Patient/P-0001"},
        "valueQuantity":{"value":36.50,"unit":"Cel"},"component":[{"valueQuantity":{"value":1.0e2}}]}"#;
    let made = world.ask("PUT", "/fhir/Observation/o-x", &[("content-type", "application/fhir+json")], body).await;
    assert_eq!(made.status, 201);
    let text = String::from_utf8(world.get("/fhir/Observation/o-x").await.body.to_vec()).unwrap();
    assert!(text.contains("36.50") && text.contains("1.0e2"), "{text}");
}

#[tokio::test]
async fn what_cannot_be_done_is_said_in_an_operation_outcome() {
    let world = World::new().await;
    let check = async |method: &str, target: &str, body: &str, status: u16| {
        let told = world.ask(method, target, &[("content-type", "application/fhir+json")], body.to_owned()).await;
        assert_eq!(told.status, status, "{method} {target}: {told:?}");
        assert_eq!(told.json()["resourceType"], "OperationOutcome", "{method} {target}");
    };
    check("GET", "/fhir/Observation/nobody", "", 404).await;
    check("GET", "/fhir/Observation/o-0001-001/_history/9", "", 404).await;
    check("GET", "/fhir/Subscription?patient=P-0001", "", 404).await;
    check("GET", "/fhir/observation/o-0001-001", "", 404).await;
    check("GET", "/elsewhere", "", 404).await;
    check("PATCH", "/fhir/Observation/o-0001-001", "{}", 405).await;
    check("POST", "/fhir/Observation", "{", 400).await;
    check("POST", "/fhir/Observation", r#"{"resourceType":"Patient"}"#, 400).await;
    check("POST", "/fhir/Observation", r#"{"resourceType":"Subscription"}"#, 422).await;
    check("PUT", "/fhir/Observation/a", r#"{"resourceType":"Observation","id":"b"}"#, 400).await;
    check("PUT", "/fhir/Observation/a_b", r#"{"resourceType":"Observation","id":"a_b"}"#, 400).await;
    check("GET", "/fhir/Observation?date=heute", "", 400).await;
    check("GET", "/fhir/Observation?_sort=value", "", 400).await;
    check("GET", "/fhir/Observation?status:in=x", "", 400).await;
    check("GET", "/fhir/Patient/P-9999/$everything", "", 404).await;
}

#[tokio::test]
async fn an_unchanged_record_is_not_sent_again_and_a_head_has_no_body() {
    let world = World::new().await;
    let told = world.ask("GET", "/fhir/Patient/P-0001", &[("if-none-match", "W/\"1\"")], "").await;
    assert_eq!((told.status, told.body.len()), (304, 0));
    let told = world.ask("HEAD", "/fhir/Patient/P-0001", &[], "").await;
    assert_eq!((told.status, told.body.len(), told.header("etag")), (200, 0, "W/\"1\""));
    let headers = [("content-type", "application/fhir+json"), ("prefer", "return=minimal")];
    let told = world.ask("POST", "/fhir/Communication", &headers, note("P-0001").to_string()).await;
    assert_eq!((told.status, told.body.len()), (201, 0));
}

#[tokio::test]
async fn a_batch_does_what_it_can_and_a_transaction_all_or_nothing() {
    let world = World::new().await;
    let request = |method: &str, url: &str| json!({ "method": method, "url": url });
    let entries = json!([
        { "resource": note("P-0001"), "request": request("POST", "Communication") },
        { "request": request("GET", "Patient/P-0001") },
        { "request": request("GET", "Patient/nobody") },
    ]);
    let told =
        world.post("/fhir", &json!({ "resourceType": "Bundle", "type": "batch", "entry": entries })).await.json();
    let status = |n: usize| told["entry"][n]["response"]["status"].as_str().unwrap().to_owned();
    assert_eq!([status(0), status(1), status(2)], ["201", "200", "404"]);
    assert_eq!(told["entry"][1]["resource"]["id"], "P-0001");

    let notes = async || world.get("/fhir/Communication?_total=accurate&_count=0").await.json()["total"].clone();
    let before = notes().await;
    let mut entries = entries;
    let bundle =
        |entries: &serde_json::Value| json!({ "resourceType": "Bundle", "type": "transaction", "entry": entries });
    assert_eq!(world.post("/fhir", &bundle(&entries)).await.status, 404);
    assert_eq!(notes().await, before, "the note of the failed transaction stayed");

    let urn = "urn:uuid:61ebe359-bfdc-4613-8bf2-c5e300945f0a";
    entries = json!([
        { "resource": {
            "resourceType": "DocumentReference", "status": "current", "subject": { "reference": "Patient/P-0001" },
            "content": [{ "attachment": { "url": urn } }] }, "request": request("POST", "DocumentReference") },
        { "fullUrl": urn, "resource": {
            "resourceType": "Binary", "contentType": "text/plain", "securityContext": { "reference": "Patient/P-0001" },
            "data": "44GC" }, "request": request("POST", "Binary") },
    ]);
    let told = world.post("/fhir", &bundle(&entries)).await.json();
    let url = told["entry"][0]["resource"]["content"][0]["attachment"]["url"].as_str().unwrap();
    let read = world.ask("GET", &format!("/fhir/{url}"), &[("accept", "*/*")], "").await;
    assert_eq!((read.header("content-type"), &read.body[..]), ("text/plain", "あ".as_bytes()));
}

#[tokio::test]
async fn the_capability_statement_names_what_is_served() {
    let world = World::new().await;
    let told = world.get("/fhir/metadata").await.json();
    assert_eq!(told["fhirVersion"], "4.0.1");
    let rest = &told["rest"][0];
    let codes = |list: &serde_json::Value| -> Vec<String> {
        list.as_array().unwrap().iter().map(|row| row["code"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(codes(&rest["interaction"]), ["batch", "transaction", "history-system", "search-system"]);
    let types = rest["resource"].as_array().unwrap();
    assert_eq!(types.len(), 77);
    for resource in types {
        let name = resource["type"].as_str().unwrap();
        assert_eq!(codes(&resource["interaction"]).len(), 8, "{name}");
        assert_eq!(resource["conditionalDelete"], "single", "{name}");
        if !["Patient", "Observation", "Appointment", "Coverage"].contains(&name) {
            continue;
        }
        let params = resource["searchParam"].as_array().unwrap().iter().map(|row| row["name"].as_str().unwrap());
        for param in params.filter(|param| !["_id", "_lastUpdated"].contains(param)) {
            let target = format!("/fhir/{name}?{param}:missing=true&_count=1");
            let strict = world.ask("GET", &target, &[("prefer", "handling=strict")], "").await;
            assert_eq!(strict.status, 200, "{name}?{param} is named, but not served");
        }
        for include in resource["searchInclude"].as_array().unwrap() {
            let target = format!("/fhir/{name}?_count=1&_include={}", include.as_str().unwrap());
            assert_eq!(world.get(&target).await.status, 200, "{target}");
        }
    }
    let patient = types.iter().find(|row| row["type"] == "Patient").unwrap();
    assert_eq!(patient["operation"][0]["name"], "everything");
    assert!(patient["searchRevInclude"].as_array().unwrap().contains(&json!("Goal:patient")));
}

#[tokio::test]
async fn a_data_file_keeps_everything_and_is_not_seeded_twice() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("store.db");
    let world = World::with(|options| options.data_file = Some(file.clone())).await;
    let made = world.post("/fhir/Communication", &note("P-0001")).await.json();
    let mut patient = world.get("/fhir/Patient/P-0001").await.json();
    patient["active"] = json!(false);
    assert_eq!(world.put("/fhir/Patient/P-0001", "W/\"1\"", &patient).await.status, 200);
    let World { store, signer } = world;
    store.stop().await;

    let store = run(Options { data_file: Some(file), ..Options::new(Trust::Keys(signer.key_set())) }).await.unwrap();
    let world = World { store, signer };
    let read = world.get(&format!("/fhir/Communication/{}", made["id"].as_str().unwrap())).await;
    assert_eq!(read.json()["meta"]["lastUpdated"], made["meta"]["lastUpdated"]);
    assert_eq!(world.get("/fhir/Patient/P-0001").await.header("etag"), "W/\"2\"");
    let again = world.post("/fhir/Communication", &note("P-0001")).await.json();
    assert_ne!(again["id"], made["id"], "an id was given twice");
}

/// A file of an earlier store has no index of what this one searches by: it is made when the file is opened.
#[tokio::test]
async fn a_data_file_of_an_earlier_store_is_indexed_anew() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("store.db");
    let world = World::with(|options| options.data_file = Some(file.clone())).await;
    let World { store, signer } = world;
    store.stop().await;
    let db = rusqlite::Connection::open(&file).unwrap();
    db.execute_batch(
        "DELETE FROM link; DELETE FROM moment; DELETE FROM compartment; UPDATE current SET person = NULL;",
    )
    .unwrap();
    db.pragma_update(None, "user_version", 0).unwrap();
    drop(db);
    let store = run(Options { data_file: Some(file), ..Options::new(Trust::Keys(signer.key_set())) }).await.unwrap();
    let world = World { store, signer };
    assert_eq!(world.get("/fhir/Goal?patient=P-0001").await.ids(), ["goal-0001-01"]);
    assert_eq!(world.get("/fhir/Patient/P-0001/Appointment?date=2026-12-01").await.ids(), ["appt-0001-01"]);
}

#[tokio::test]
async fn a_seed_that_names_a_record_twice_is_refused_with_its_line() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("seed.ndjson");
    let line = r#"{"resourceType":"Patient","id":"P-0001"}"#;
    std::fs::write(&file, format!("{line}\n\n{line}\n")).unwrap();
    let options = Options { seed: crate::Seed::File(file), ..Options::new(Trust::Anyone) };
    let Err(error) = run(options).await else { panic!("it was taken") };
    assert_eq!(
        error.to_string(),
        "line 3 of the seed is no resource that is served here: Patient/P-0001 was there already"
    );
}
