//! Batches and transactions (<https://hl7.org/fhir/R4/http.html#transaction>) as clients send them.

use serde_json::{Value, json};

use super::{Told, World, note};

const URN: &str = "urn:uuid:61ebe359-bfdc-4613-8bf2-c5e300945f0a";

fn bundle(kind: &str, entries: &Value) -> Value {
    json!({ "resourceType": "Bundle", "type": kind, "entry": entries })
}

fn entry(method: &str, url: &str, resource: &Value) -> Value {
    let mut entry = json!({ "request": { "method": method, "url": url } });
    if !resource.is_null() {
        entry["resource"] = resource.clone();
    }
    entry
}

fn statuses(told: &Told) -> Vec<String> {
    let bundle = told.json();
    let entries = bundle["entry"].as_array().unwrap_or_else(|| panic!("{bundle}")).clone();
    entries.iter().map(|entry| entry["response"]["status"].as_str().unwrap().to_owned()).collect()
}

/// A person and a record of his, which calls him by what the Bundle calls him.
fn newcomer(number: &str) -> (Value, Value) {
    let person = json!({ "resourceType": "Patient", "identifier": [{ "system": "urn:new", "value": number }] });
    let record = json!({ "resourceType": "Condition", "subject": { "reference": URN }, "code": { "text": "骨折" },
        "identifier": [{ "system": "urn:ietf:rfc:3986", "value": URN }], "abatementAge": { "value": 81 } });
    (person, record)
}

#[tokio::test]
async fn entries_call_one_another_whatever_their_order() {
    let world = World::new().await;
    let (person, record) = newcomer("1");
    let mut first = entry("POST", "Condition", &record);
    first["fullUrl"] = json!("urn:uuid:00000000-0000-4000-8000-000000000001");
    let mut second = entry("POST", "Patient", &person);
    second["fullUrl"] = json!(URN);
    let told = world.post("/fhir", &bundle("transaction", &json!([first, second]))).await;
    assert_eq!(
        (told.json()["type"].as_str(), statuses(&told)),
        (Some("transaction-response"), vec!["201".to_owned(); 2])
    );
    let (condition, patient) = (&told.json()["entry"][0]["resource"], &told.json()["entry"][1]["resource"]);
    let name = format!("Patient/{}", patient["id"].as_str().unwrap());
    assert_eq!(condition["subject"]["reference"], name.as_str());
    assert_eq!(condition["identifier"][0]["value"], URN, "an identifier is no reference");
    let found = world.get(&format!("/fhir/Condition?subject={name}")).await.ids();
    assert_eq!(found, [condition["id"].as_str().unwrap()]);
}

#[tokio::test]
async fn a_transaction_deletes_creates_updates_and_reads_in_this_order_and_answers_in_its_own() {
    let world = World::new().await;
    let mut plan = world.get("/fhir/CarePlan/plan-0001").await.json();
    plan["title"] = json!("改訂");
    let entries = json!([
        entry("GET", "CarePlan?patient=P-0001", &json!(null)),
        entry("GET", "Goal/goal-0001-01", &json!(null)),
        entry("PUT", "CarePlan/plan-0001", &plan),
        entry("POST", "Communication", &note("P-0001")),
        entry("DELETE", "Goal/goal-0002-01", &json!(null)),
    ]);
    let told = world.post("/fhir", &bundle("transaction", &entries)).await;
    assert_eq!(statuses(&told), ["200", "200", "200", "201", "204"]);
    let told = told.json();
    assert_eq!(told["entry"][0]["resource"]["entry"][0]["resource"]["title"], "改訂", "reads come last");
    assert_eq!(told["entry"][2]["response"]["etag"], "W/\"2\"");
    assert!(told["entry"][3]["response"]["location"].as_str().unwrap().contains("/Communication/"));
    assert_eq!(world.get("/fhir/Goal/goal-0002-01").await.status, 410);
}

#[tokio::test]
async fn conditions_stand_for_ids() {
    let world = World::new().await;
    let (person, mut record) = newcomer("5");
    let mut create = entry("POST", "Patient", &person);
    create["fullUrl"] = json!(URN);
    create["request"]["ifNoneExist"] = json!("identifier=urn:new|5");
    let both = bundle("transaction", &json!([create, entry("POST", "Condition", &record)]));
    let first = world.post("/fhir", &both).await;
    let again = world.post("/fhir", &both).await;
    assert_eq!((statuses(&first), statuses(&again)), (vec!["201".into(); 2], vec!["200".to_owned(), "201".to_owned()]));
    let subject = |told: &Told| told.json()["entry"][1]["resource"]["subject"]["reference"].clone();
    assert_eq!(subject(&first), subject(&again), "the second refers to the person that the first made");
    record["subject"]["reference"] = json!("Patient?identifier=urn:new|5");
    let third = world.post("/fhir", &bundle("transaction", &json!([entry("POST", "Condition", &record)]))).await;
    assert_eq!(third.json()["entry"][0]["resource"]["subject"]["reference"], subject(&first));
    for (condition, why) in
        [("Patient?identifier=urn:new|6", "nobody"), ("Patient?active=true", "many"), ("Patient?x=1", "not understood")]
    {
        record["subject"]["reference"] = json!(condition);
        let told = world.post("/fhir", &bundle("transaction", &json!([entry("POST", "Condition", &record)]))).await;
        assert_eq!(told.status, 412, "{why}");
    }
    let goal = json!({ "resourceType": "Goal", "lifecycleStatus": "active", "subject": { "reference": "Patient/P-0001" },
        "identifier": [{ "system": "urn:new", "value": "g" }], "description": { "text": "歩く" } });
    let update = bundle("transaction", &json!([entry("PUT", "Goal?identifier=urn:new%7Cg", &goal)]));
    assert_eq!(statuses(&world.post("/fhir", &update).await), ["201"]);
    assert_eq!(statuses(&world.post("/fhir", &update).await), ["200"]);
    let delete = bundle("transaction", &json!([entry("DELETE", "Goal?identifier=urn:new%7Cg", &json!(null))]));
    assert_eq!(statuses(&world.post("/fhir", &delete).await), ["204"]);
}

#[tokio::test]
async fn a_transaction_that_cannot_be_done_does_nothing() {
    let world = World::new().await;
    let count = async || world.get("/fhir/Communication?_count=0").await.json()["total"].clone();
    let before = count().await;
    let plan = world.get("/fhir/CarePlan/plan-0001").await.json();
    let mut stale = entry("PUT", "CarePlan/plan-0001", &plan);
    stale["request"]["ifMatch"] = json!("W/\"7\"");
    let mut twice = entry("POST", "Patient", &newcomer("8").0);
    twice["fullUrl"] = json!(URN);
    let check = async |failing: Value, status: u16, why: &str| {
        let mut entries = vec![entry("POST", "Communication", &note("P-0001"))];
        entries.extend(failing.as_array().unwrap().clone());
        let told = world.post("/fhir", &bundle("transaction", &json!(entries))).await;
        assert_eq!((told.status, &told.json()["resourceType"]), (status, &json!("OperationOutcome")), "{why}");
        assert_eq!(count().await, before, "{why}");
    };
    check(json!([stale]), 412, "another version").await;
    check(
        json!([entry("PUT", "CarePlan/plan-0001", &plan), entry("DELETE", "CarePlan/plan-0001", &json!(null))]),
        400,
        "one record twice",
    )
    .await;
    check(json!([twice, twice]), 400, "two of one name").await;
    let mut again = entry("POST", "Goal", &world.get("/fhir/Goal/goal-0001-01").await.json());
    again["request"]["ifNoneExist"] = json!("_id=goal-0001-01");
    let delete = entry("DELETE", "Goal?_id=goal-0001-01", &json!(null));
    check(json!([delete, again]), 400, "deleted and created as the same one").await;
    check(json!([entry("PATCH", "CarePlan/plan-0001", &plan)]), 405, "patch").await;
    check(json!([entry("POST", "Communication", &json!({ "resourceType": "Goal" }))]), 400, "another type").await;
    check(json!([{ "resource": plan }]), 400, "no request").await;
}

#[tokio::test]
async fn a_batch_does_each_for_itself() {
    let world = World::new().await;
    let mut known = entry("GET", "Patient/P-0001", &json!(null));
    known["request"]["ifNoneMatch"] = json!("W/\"1\"");
    let mut again = entry("POST", "Communication", &note("P-0001"));
    again["request"]["ifNoneExist"] = json!("patient=P-0001");
    let entries = json!([
        entry("DELETE", "Goal/goal-0001-01", &json!(null)),
        entry("GET", "Goal/goal-0001-01", &json!(null)),
        entry("GET", "Patient/P-0001/Goal", &json!(null)),
        known,
        again,
        entry("POST", "Observation/_search?patient=P-0001&_count=1", &json!(null)),
    ]);
    let told = world.post("/fhir", &bundle("batch", &entries)).await;
    assert_eq!(statuses(&told), ["204", "410", "200", "304", "412", "200"]);
    assert_eq!(told.json()["entry"][1]["response"]["outcome"]["issue"][0]["code"], "deleted");
    assert_eq!(told.json()["entry"][3].get("resource"), None);
    assert_eq!(told.json()["entry"][5]["resource"]["total"], 40);
    for wrong in [bundle("collection", &json!([])), json!({}), json!([])] {
        assert_eq!(world.post("/fhir", &wrong).await.status, 400);
    }
}
