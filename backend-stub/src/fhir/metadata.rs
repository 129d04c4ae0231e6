//! What the store says it can do: a CapabilityStatement (<https://hl7.org/fhir/R4/capabilitystatement.html>) made from the
//! table of types.

use serde_json::{Value, json};

use super::types::{Compare, Kind};

/// Parameters of every search, beside those of the type.
const COMMON: [(&str, &str); 5] =
    [("_id", "token"), ("_lastUpdated", "date"), ("_tag", "token"), ("_security", "token"), ("_profile", "uri")];

/// The statement.
pub(crate) fn statement(base: &str) -> String {
    let codes = |codes: &[&str]| -> Value { codes.iter().map(|code| json!({ "code": code })).collect() };
    let everything = json!([{
        "name": "everything", "definition": "http://hl7.org/fhir/OperationDefinition/Patient-everything" }]);
    let resources: Vec<Value> = Kind::all()
        .map(|kind| {
            let mut resource = json!({
                "type": kind.name(),
                "profile": format!("http://hl7.org/fhir/StructureDefinition/{}", kind.name()),
                "interaction": codes(&[
                    "read", "vread", "update", "delete", "history-instance", "history-type", "create", "search-type"]),
                "versioning": "versioned-update",
                "readHistory": true,
                "updateCreate": true,
                "conditionalCreate": true,
                "conditionalRead": "full-support",
                "conditionalUpdate": true,
                "conditionalDelete": "single",
                "referencePolicy": ["literal", "logical"],
                "searchInclude": includes(kind),
                "searchRevInclude": reverse_includes(kind),
                "searchParam": parameters(kind),
            });
            if let (Some(members), "Patient") = (resource.as_object_mut(), kind.name()) {
                members.insert("operation".to_owned(), everything.clone());
            }
            resource
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
            "interaction": codes(&["batch", "transaction", "history-system", "search-system"]),
            "searchParam": COMMON.map(|(name, compare)| json!({ "name": name, "type": compare })),
            "compartment": ["http://hl7.org/fhir/CompartmentDefinition/patient"],
        }],
    })
    .to_string()
}

fn parameters(kind: Kind) -> Vec<Value> {
    let common = COMMON.map(|(name, compare)| json!({ "name": name, "type": compare }));
    let own = kind.served().params.iter().filter(|param| !param.name.starts_with('_'));
    common.into_iter().chain(own.map(|param| json!({ "name": param.name, "type": param.compare.name() }))).collect()
}

fn includes(kind: Kind) -> Vec<String> {
    let links = kind.served().params.iter().filter(|param| param.compare == Compare::Link);
    std::iter::once("*".to_owned()).chain(links.map(|param| format!("{}:{}", kind.name(), param.name))).collect()
}

/// What may refer to it, by name; a parameter that may lead anywhere is left out.
fn reverse_includes(kind: Kind) -> Vec<String> {
    let mut all = Vec::new();
    for source in Kind::all() {
        let links = source.served().params.iter().filter(|param| param.targets.contains(&kind.name()));
        all.extend(links.map(|param| format!("{}:{}", source.name(), param.name)));
    }
    all
}
