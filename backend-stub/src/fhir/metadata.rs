//! What the store says it can do: a CapabilityStatement made from the table of types.

use serde_json::{Value, json};

use super::types::{Compare, Kind};

/// The statement.
pub(crate) fn statement(base: &str) -> String {
    let interactions = |codes: &[&str]| -> Value { codes.iter().map(|code| json!({ "code": code })).collect() };
    let resources: Vec<Value> = Kind::all()
        .map(|kind| {
            let params: Vec<Value> = kind
                .served()
                .params
                .iter()
                .map(|param| {
                    let compare = match param.compare {
                        Compare::Token => "token",
                        Compare::Text => "string",
                        Compare::Link => "reference",
                        Compare::Date => "date",
                    };
                    json!({ "name": param.name, "type": compare })
                })
                .collect();
            let links = kind.served().params.iter().filter(|param| param.compare == Compare::Link);
            let includes: Vec<String> = links.map(|param| format!("{}:{}", kind.name(), param.name)).collect();
            json!({
                "type": kind.name(),
                "interaction": interactions(
                    &["read", "vread", "update", "delete", "history-instance", "create", "search-type"]),
                "versioning": "versioned",
                "updateCreate": true,
                "searchInclude": includes,
                "searchParam": params,
            })
        })
        .collect();
    json!({
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": "2026-11-23",
        "kind": "instance",
        "software": { "name": "backend-stub", "version": env!("CARGO_PKG_VERSION") },
        "implementation": { "description": "連携情報ストア(合成データ)", "url": base },
        "fhirVersion": "4.0.1",
        "format": ["json"],
        "rest": [{
            "mode": "server",
            "resource": resources,
            "interaction": interactions(&["batch", "transaction"]),
        }],
    })
    .to_string()
}
