//! The two sides of the data agree: whoever the registry knows, the store knows, by the same ids.

use std::collections::{BTreeSet, HashMap};

use serde_json::Value;

const SEED: &str = include_str!("../../data/seed.ndjson");

fn seed() -> HashMap<String, Value> {
    let mut resources = HashMap::new();
    for line in SEED.lines() {
        let resource: Value = serde_json::from_str(line).unwrap();
        let name = format!("{}/{}", resource["resourceType"].as_str().unwrap(), resource["id"].as_str().unwrap());
        assert!(resources.insert(name.clone(), resource).is_none(), "{name} twice");
    }
    resources
}

fn texts<'a>(list: &'a Value, field: &str) -> BTreeSet<&'a str> {
    list.as_array().unwrap().iter().map(|row| row[field].as_str().unwrap()).collect()
}

#[test]
fn ids_are_the_same_on_both_sides_and_of_our_grammar() {
    let (city, seed): (Value, _) = (serde_json::from_str(crate::CITY).unwrap(), seed());
    let of = |kind: &str| -> BTreeSet<&str> {
        seed.keys().filter_map(|name| name.strip_prefix(&format!("{kind}/"))).collect()
    };
    assert_eq!(texts(&city["persons"], "id"), of("Patient"));
    assert_eq!(texts(&city["users"], "key"), of("Practitioner"));
    assert_eq!(texts(&city["facilities"], "id"), of("Organization"));
    for name in seed.keys() {
        let id = name.split_once('/').unwrap().1;
        assert!(id.len() <= 64 && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-'), "{name}");
    }
    let teams: BTreeSet<(String, String)> = seed
        .values()
        .filter(|resource| resource["resourceType"] == "CareTeam")
        .flat_map(|team| {
            let person = team["subject"]["reference"].as_str().unwrap().replace("Patient/", "");
            let members = team["participant"].as_array().unwrap().clone();
            members
                .into_iter()
                .map(move |m| (person.clone(), m["member"]["reference"].as_str().unwrap().replace("Practitioner/", "")))
        })
        .collect();
    let members: BTreeSet<(String, String)> = city["memberships"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| (row["person"].as_str().unwrap().to_owned(), row["user"].as_str().unwrap().to_owned()))
        .collect();
    assert_eq!(members, teams);
}

#[test]
fn every_row_refers_to_rows_that_are_there() {
    let city: Value = serde_json::from_str(crate::CITY).unwrap();
    let check = |list: &str, field: &str, to: &str, key: &str| {
        let known = texts(&city[to], key);
        for row in city[list].as_array().unwrap() {
            assert!(known.contains(row[field].as_str().unwrap()), "{list}.{field}: {row}");
        }
    };
    check("user_ids", "user", "users", "key");
    check("user_ids", "facility", "facilities", "id");
    check("devices", "holder", "users", "key");
    check("devices", "facility", "facilities", "id");
    check("consents", "person", "persons", "id");
    check("memberships", "person", "persons", "id");
    check("memberships", "user", "users", "key");
    check("memberships", "facility", "facilities", "id");
    check("stories", "user_id", "user_ids", "id");
    check("stories", "device", "devices", "id");
    check("stories", "person", "persons", "id");
    let professions = texts(&city["user_ids"], "profession");
    assert_eq!(professions.len(), 10, "all categories of art. 7: {professions:?}");
}

/// Every reference of a record stays with its person or leads to the directory, as a gateway demands of what it lets in.
#[test]
fn references_stay_with_the_person() {
    let seed = seed();
    for (name, resource) in &seed {
        let own = ["subject", "patient", "securityContext"]
            .iter()
            .find_map(|element| resource[element]["reference"].as_str())
            .or_else(|| resource["participant"][0]["actor"]["reference"].as_str())
            .map_or_else(|| name.clone(), str::to_owned);
        let mut references = Vec::new();
        collect(resource, &mut references);
        for reference in references {
            let target = seed.get(reference).unwrap_or_else(|| panic!("{name}: {reference} is not there"));
            let foreign = match target["resourceType"].as_str().unwrap() {
                "Practitioner" | "Organization" | "Questionnaire" => false,
                "Patient" => reference != own,
                _ => target["subject"]["reference"] != own.as_str(),
            };
            assert!(!foreign, "{name}: {reference}");
        }
    }
}

fn collect<'a>(value: &'a Value, references: &mut Vec<&'a str>) {
    match value {
        Value::Object(members) => {
            references.extend(members.get("reference").and_then(Value::as_str));
            members.values().for_each(|member| collect(member, references));
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, references)),
        _ => {}
    }
}
