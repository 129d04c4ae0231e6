//! Batches and transactions over real sockets, seen by the store's own log (FHIR R4 http.html#transaction). Here is what the
//! tests about them write their Bundles with.

mod batches;
mod bypasses;
mod conditions;
pub(crate) mod transactions;

use http::StatusCode;
use serde_json::{Value, json};

use crate::world::{Ask, Reply, Terminal};

pub(crate) const FHIR: &str = "application/fhir+json";
pub(crate) const A: &str = "urn:uuid:0a000000-0000-4000-8000-00000000000a";
pub(crate) const B: &str = "urn:uuid:0b000000-0000-4000-8000-00000000000b";

pub(crate) fn bundle(kind: &str, entries: &[Value]) -> Value {
    json!({ "resourceType": "Bundle", "type": kind, "entry": entries })
}

pub(crate) fn get(url: &str) -> Value {
    json!({ "request": { "method": "GET", "url": url } })
}

pub(crate) fn post(resource: Value) -> Value {
    let url = resource["resourceType"].clone();
    json!({ "resource": resource, "request": { "method": "POST", "url": url } })
}

pub(crate) fn named(name: &str, mut entry: Value) -> Value {
    entry["fullUrl"] = json!(name);
    entry
}

pub(crate) fn put(resource: Value) -> Value {
    let url = format!("{}/{}", resource["resourceType"].as_str().unwrap(), resource["id"].as_str().unwrap());
    json!({ "resource": resource, "request": { "method": "PUT", "url": url } })
}

pub(crate) fn note(person: &str) -> Value {
    json!({ "resourceType": "Communication", "status": "completed", "subject": { "reference": format!("Patient/{person}") } })
}

pub(crate) fn measured(person: &str) -> Value {
    json!({
        "resourceType": "Observation",
        "status": "final",
        "code": { "text": "体温" },
        "subject": { "reference": format!("Patient/{person}") },
        // Who wrote it says so; nobody else may change it.
        "performer": [{ "reference": "Practitioner/K-sato" }],
    })
}

pub(crate) async fn send(terminal: &Terminal, cookie: &str, bundle: &Value) -> Result<Reply, String> {
    terminal.ask(Ask::post("/fhir", FHIR, bundle.to_string()).as_(cookie)).await
}

/// The answers to the entries.
pub(crate) fn answers(reply: &Reply) -> Vec<Value> {
    assert_eq!(reply.status, StatusCode::OK, "{}", reply.text());
    assert_eq!(reply.json()["resourceType"], "Bundle");
    reply.json()["entry"].as_array().unwrap().clone()
}

pub(crate) fn statuses(answers: &[Value]) -> Vec<u16> {
    let status = |answer: &Value| answer["response"]["status"].as_str().unwrap().parse().unwrap();
    answers.iter().map(status).collect()
}

/// A refused request but for the incident's number.
pub(crate) fn without_incident(reply: &Reply) -> String {
    let incident = reply.headers["sekisho-incident"].to_str().unwrap();
    reply.text().replace(incident, "*")
}
