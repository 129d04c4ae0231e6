//! What the measuring tools share: the tests' city, the stand-in store's records, and figures.

#![allow(dead_code, unused_imports, unreachable_pub, missing_docs, reason = "no tool needs all of it")]

pub(crate) mod statistics;
pub(crate) mod store;
#[path = "../../src/world/mod.rs"]
pub(crate) mod world;

/// What the tests' city asks of the house.
pub(crate) mod house {
    pub(crate) fn root() -> std::path::PathBuf {
        std::path::PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
    }
}

/// The records of a type and a person that the stand-in store begins with.
pub(crate) fn seed(fhir_type: &str, person: &str) -> Vec<serde_json::Value> {
    let person = format!("Patient/{person}");
    let all = include_str!("../../../backend-stub/data/seed.ndjson").lines();
    let all = all.map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    all.filter(|one| one["resourceType"] == fhir_type && one["subject"]["reference"] == *person).collect()
}
