//! The REST interactions of FHIR R4 (<https://hl7.org/fhir/R4/http.html>) beyond plain reading and writing: conditional
//! writes, histories of types and of everything, what a client has already.

use serde_json::{Value, json};

use super::{Told, World, note};

const FHIR: (&str, &str) = ("content-type", "application/fhir+json");

/// A weight of somebody, with an identifier that is used once.
fn weight(person: &str, number: &str) -> Value {
    json!({
        "resourceType": "Observation", "status": "final", "identifier": [{ "system": "urn:scale", "value": number }],
        "code": { "text": "体重" }, "subject": { "reference": format!("Patient/{person}") },
        "valueQuantity": { "value": 51.5, "unit": "kg" } })
}

#[tokio::test]
async fn a_conditional_create_makes_nothing_twice() {
    let world = World::new().await;
    let create = async |number: &str, condition: &str| {
        let headers = [FHIR, ("if-none-exist", condition)];
        world.ask("POST", "/fhir/Observation", &headers, weight("P-0001", number).to_string()).await
    };
    let first = create("1", "identifier=urn:scale|1").await;
    assert_eq!(first.status, 201);
    let again = create("1", "identifier=urn:scale|1").await;
    assert_eq!((again.status, &again.json()["id"]), (200, &first.json()["id"]));
    assert!(again.header("location").contains(first.json()["id"].as_str().unwrap()));
    // With the type and a question mark before it, as some clients send it.
    assert_eq!(create("1", "Observation?identifier=urn:scale|1").await.status, 200);
    assert_eq!(create("2", "identifier=urn:scale|2").await.status, 201);
    assert_eq!(create("3", "identifier=urn:scale|").await.status, 412, "two are found");
    assert_eq!(create("3", "").await.status, 412, "no condition at all");
    assert_eq!(create("3", "nonsense=1").await.status, 412, "a condition that is not understood finds everything");
    assert_eq!(world.get("/fhir/Observation?identifier=urn:scale%7C&_count=0").await.json()["total"], 2);
}

#[tokio::test]
async fn a_conditional_update_changes_the_one_or_makes_it() {
    let world = World::new().await;
    let put =
        async |condition: &str, body: &Value| world.put(&format!("/fhir/Observation?{condition}"), "", body).await;
    let made = put("identifier=urn:scale%7C7", &weight("P-0001", "7")).await;
    assert_eq!((made.status, made.header("etag")), (201, "W/\"1\""));
    let id = made.json()["id"].as_str().unwrap().to_owned();
    let changed = put("identifier=urn:scale%7C7", &weight("P-0002", "7")).await;
    assert_eq!((changed.status, changed.header("etag")), (200, "W/\"2\""));
    assert_eq!(changed.json()["id"], id.as_str());
    let mut other = weight("P-0001", "7");
    other["id"] = json!("another");
    assert_eq!(put("identifier=urn:scale%7C7", &other).await.status, 400, "the body names another one");
    assert_eq!(put("patient=P-0001", &weight("P-0001", "7")).await.status, 412, "many are found");
    assert_eq!(put("", &weight("P-0001", "7")).await.status, 412);
    other["id"] = json!("o-0001-001");
    assert_eq!(put("identifier=urn:scale%7C8", &other).await.status, 409, "none is found, but the id is taken");
    other["id"] = json!("scale-8");
    assert_eq!(put("identifier=urn:scale%7C8", &other).await.json()["id"], "scale-8");
    let stale = world.put("/fhir/Observation?identifier=urn:scale%7C7", "W/\"1\"", &weight("P-0001", "7")).await;
    assert!(matches!(stale.status, 412), "{stale:?}");
}

#[tokio::test]
async fn what_is_to_be_new_does_not_take_the_place_of_what_is_there() {
    let world = World::new().await;
    let mut body = weight("P-0001", "1");
    body["id"] = json!("new-1");
    let put = async |id: &str, none: &str, body: &Value| {
        world.ask("PUT", &format!("/fhir/Observation/{id}"), &[FHIR, ("if-none-match", none)], body.to_string()).await
    };
    assert_eq!(put("new-1", "*", &body).await.status, 201);
    assert_eq!(put("new-1", "*", &body).await.status, 412);
    assert_eq!(put("new-1", "W/\"1\"", &body).await.status, 412);
    assert_eq!(put("new-1", "W/\"7\"", &body).await.status, 200);
    world.ask("DELETE", "/fhir/Observation/new-1", &[], "").await;
    assert_eq!(put("new-1", "*", &body).await.status, 201, "what was deleted is not there");
    let if_match = [FHIR, ("if-match", "*")];
    body["id"] = json!("new-2");
    assert_eq!(world.ask("PUT", "/fhir/Observation/new-2", &if_match, body.to_string()).await.status, 412);
}

#[tokio::test]
async fn a_conditional_delete_deletes_one_and_never_many() {
    let world = World::new().await;
    let id = world.post("/fhir/Observation", &weight("P-0001", "9")).await.json()["id"].as_str().unwrap().to_owned();
    let delete = async |target: &str| world.ask("DELETE", &format!("/fhir/{target}"), &[], "").await.status;
    assert_eq!(delete("Observation?patient=P-0001").await, 412);
    assert_eq!(delete("Observation").await, 412);
    assert_eq!(delete("Observation?identifer=urn:scale%7C9").await, 412, "a misspelt condition deletes nothing");
    assert_eq!(delete("Observation?identifier=urn:scale%7C9").await, 204);
    assert_eq!(delete("Observation?identifier=urn:scale%7C9").await, 404);
    assert_eq!(world.get(&format!("/fhir/Observation/{id}")).await.status, 410);
    assert_eq!(world.get(&format!("/fhir/Observation/{id}/_history/2")).await.status, 410);
    let history = world.get(&format!("/fhir/Observation/{id}/_history")).await.json();
    let tombstone = &history["entry"][0];
    assert_eq!((&tombstone["request"]["method"], tombstone.get("resource")), (&json!("DELETE"), None));
    assert_eq!(history["entry"][1]["resource"]["id"], id.as_str());
}

/// (method, resource or what was deleted) of a history, newest first.
fn story(told: &Told) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let bundle = told.json();
    assert_eq!(bundle["type"], "history");
    let url = |entry: &Value| text(&entry["fullUrl"]).split("/fhir/").nth(1).unwrap().to_owned();
    bundle["entry"].as_array().unwrap().iter().map(|entry| (text(&entry["request"]["method"]), url(entry))).collect()
}

#[tokio::test]
async fn histories_of_a_type_and_of_everything_tell_all_in_pages() {
    let world = World::new().await;
    let before = world.get("/fhir/_history?_count=1").await.json()["meta"]["lastUpdated"].clone();
    assert!(before.is_null());
    let started = world.get("/fhir/Patient/P-0001").await.json()["meta"]["lastUpdated"].as_str().unwrap().to_owned();
    let id = world.post("/fhir/Communication", &note("P-0001")).await.json()["id"].as_str().unwrap().to_owned();
    world.post("/fhir/Observation", &weight("P-0001", "1")).await;
    world.ask("DELETE", &format!("/fhir/Communication/{id}"), &[], "").await;
    let newest = world.get("/fhir/_history?_count=3").await;
    let name = format!("Communication/{id}");
    assert_eq!(story(&newest)[0], ("DELETE".to_owned(), name.clone()));
    assert!(story(&newest)[1].1.starts_with("Observation/"));
    assert_eq!(story(&newest)[2], ("POST".to_owned(), name.clone()));
    let second = world.get(&newest.link("next").unwrap()).await;
    assert_eq!(story(&second).len(), 3);
    let of_type = world.get("/fhir/Communication/_history?_count=2").await;
    assert_eq!(story(&of_type), [("DELETE".to_owned(), name.clone()), ("POST".to_owned(), name.clone())]);
    let since = world.get("/fhir/Communication/_history?_since=2100-01-01").await.json();
    assert_eq!((&since["total"], since["entry"].as_array().unwrap().len()), (&json!(0), 0));
    let at = started.split('T').next().unwrap();
    assert!(world.get(&format!("/fhir/Patient/_history?_at={at}")).await.json()["total"].as_u64().unwrap() >= 13);
    let mut pages = 0;
    let mut target = Some("/fhir/Patient/_history?_count=5".to_owned());
    while let Some(at) = target {
        target = world.get(&at).await.link("next");
        pages += 1;
    }
    assert_eq!(pages, 3, "thirteen persons in pages of five");
    assert_eq!(world.get("/fhir/Patient/_history?_count=x").await.status, 400);
    assert_eq!(world.get("/fhir/Patient/nobody/_history").await.status, 404);
}

#[tokio::test]
async fn what_the_client_has_is_not_sent_again() {
    let world = World::new().await;
    let read = async |name: &str, value: &str| {
        world
            .ask("GET", "/fhir/Condition/cond-0001-01", &[("accept", "application/fhir+json"), (name, value)], "")
            .await
    };
    for known in ["W/\"1\"", "\"1\"", "W/\"7\", W/\"1\"", "*"] {
        let told = read("if-none-match", known).await;
        assert_eq!((told.status, told.body.len(), told.header("etag")), (304, 0, "W/\"1\""), "{known}");
    }
    assert_eq!(read("if-none-match", "W/\"11\"").await.status, 200);
    let modified = read("accept-language", "ja").await.header("last-modified").to_owned();
    assert_eq!(read("if-modified-since", &modified).await.status, 304);
    assert_eq!(read("if-modified-since", "Sun, 06 Nov 1994 08:49:37 GMT").await.status, 200);
    assert_eq!(read("if-modified-since", "yesterday").await.status, 200);
}

#[tokio::test]
async fn a_writer_chooses_what_comes_back() {
    let world = World::new().await;
    let post = async |wish: &str| {
        world.ask("POST", "/fhir/Communication", &[FHIR, ("prefer", wish)], note("P-0001").to_string()).await
    };
    assert_eq!(post("return=representation").await.json()["resourceType"], "Communication");
    assert_eq!(post("return=OperationOutcome").await.json()["resourceType"], "OperationOutcome");
    let minimal = post("handling=lenient, return=minimal").await;
    assert_eq!((minimal.status, minimal.body.len(), minimal.header("etag")), (201, 0, "W/\"1\""));
    let patch = world.ask("PATCH", "/fhir/Patient/P-0001", &[], "[]").await;
    assert_eq!((patch.status, patch.header("allow")), (405, "GET, HEAD, POST, PUT, DELETE"));
    let lenient = world.get("/fhir/Observation?patient=P-0001&nonsense=1").await;
    assert_eq!(lenient.status, 200);
    let strict = world.ask("GET", "/fhir/Observation?nonsense=1", &[("prefer", "handling=strict")], "").await;
    assert_eq!(strict.status, 400);
}
