//! Searches in all their forms, against the gateway and a store that answers whatever it is asked.

mod along;
mod beside;
mod hidden;
mod laid_out;
mod pages;
mod shown;
mod whom;

use std::collections::BTreeSet;

use http::StatusCode;
use serde_json::Value;

use crate::world::{Ask, Reply, Terminal, World};

/// Whose records this nurse may see.
const HERS: [&str; 4] = ["Patient/P-0001", "Patient/P-0002", "Patient/P-0003", "Patient/P-0900"];

/// A nurse at her terminal.
struct Nurse {
    terminal: Terminal,
    cookie: String,
}

impl Nurse {
    async fn sato(world: &World) -> Self {
        let (terminal, cookie) = world.signed_in("U-sato", "D-sato").await;
        Self { terminal, cookie }
    }

    async fn get(&self, target: &str) -> Reply {
        self.terminal.ask(Ask::get(target).as_(&self.cookie)).await.unwrap()
    }

    /// A search that is served.
    async fn found(&self, target: &str) -> Value {
        let reply = self.get(target).await;
        assert_eq!(reply.status, StatusCode::OK, "{target}: {}", reply.text());
        reply.json()
    }

    async fn refused(&self, target: &str) -> (StatusCode, String) {
        let reply = self.get(target).await;
        assert!(!reply.status.is_success(), "{target}: {}", reply.text());
        (reply.status, reply.text())
    }
}

/// `Type/id` of all entries of a mode, in order.
fn records(bundle: &Value, mode: &str) -> Vec<String> {
    let entries = bundle["entry"].as_array().cloned().unwrap_or_default();
    let of_mode = entries.iter().filter(|entry| entry["search"]["mode"] == mode).map(|entry| &entry["resource"]);
    let text = |resource: &Value, name: &str| resource[name].as_str().unwrap().to_owned();
    of_mode.map(|resource| format!("{}/{}", text(resource, "resourceType"), text(resource, "id"))).collect()
}

/// Whose records they are, each once.
fn persons(bundle: &Value) -> BTreeSet<String> {
    let entries = bundle["entry"].as_array().cloned().unwrap_or_default();
    let resources = entries.iter().map(|entry| &entry["resource"]);
    let of = |resource: &Value| match resource["resourceType"].as_str() {
        Some("Patient") => Some(format!("Patient/{}", resource["id"].as_str().unwrap())),
        Some("Practitioner" | "Organization") => None,
        Some("Appointment") => {
            let actors = resource["participant"].as_array().unwrap().iter();
            let mut actors = actors.filter_map(|one| one["actor"]["reference"].as_str());
            Some(actors.find(|actor| actor.starts_with("Patient/")).unwrap_or("?").to_owned())
        }
        _ => {
            let named = ["subject", "patient"].iter().find_map(|name| resource[name]["reference"].as_str());
            Some(named.unwrap_or("?").to_owned())
        }
    };
    resources.filter_map(of).collect()
}

fn link(bundle: &Value, relation: &str) -> Option<String> {
    let links = bundle["link"].as_array().unwrap();
    let link = links.iter().find(|link| link["relation"] == relation)?;
    Some(link["url"].as_str().unwrap().to_owned())
}

/// What is listed is what is served; nobody learns it who may not use the service.
#[tokio::test]
async fn the_capability_statement_lists_what_is_enforced() {
    let world = World::start().await;
    let nurse = Nurse::sato(&world).await;
    let statement = nurse.found("/fhir/metadata").await;
    assert_eq!(
        (&statement["resourceType"], &statement["fhirVersion"]),
        (&"CapabilityStatement".into(), &"4.0.1".into())
    );
    let resources = statement["rest"][0]["resource"].as_array().unwrap();
    let named = |name: &str| resources.iter().find(|one| one["type"] == name);
    assert!(named("AuditEvent").is_none() && named("Group").is_none());
    let observation = named("Observation").unwrap().to_string();
    for listed in ["search-type", r#""name":"patient""#, "Observation:encounter"] {
        assert!(observation.contains(listed), "{listed}: {observation}");
    }
    for kept_out in ["history-type", r#""*""#, "_tag", "_text"] {
        assert!(!observation.contains(kept_out), "{kept_out}: {observation}");
    }
    assert!(!statement.to_string().contains("backend-stub"), "the store's own words");
    let stranger = nurse.terminal.ask(Ask::get("/fhir/metadata")).await.unwrap();
    assert_eq!(stranger.status, StatusCode::UNAUTHORIZED);
}
