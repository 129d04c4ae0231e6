//! Batches and transactions. A case is written as any request (see `cases.rs`); the Bundle is its body. In
//! `bundles/refused/` nothing may be served, in `bundles/served/` nothing refused.

use base64::Engine as _;
use serde_json::{Value, json};

use super::{Request, cases, check_folder};
use crate::bounds::JOINED_BYTES_MAX;
use crate::{Batch, ForwardBody, Unreadable};

/// What becomes of each entry of a batch.
pub(super) fn describe(batch: Batch) -> Vec<String> {
    let entries = batch.entries().into_iter().map(|entry| match entry {
        Err(unreadable) => format!("refused: {unreadable}"),
        Ok(entry) => {
            let headers: Vec<String> = entry.headers.iter().map(|(name, value)| format!("{name}: {value}")).collect();
            let body = String::from_utf8_lossy(&entry.body).into_owned();
            format!("{} {} {} {}", entry.method, entry.target, headers.join("; "), body).trim_end().to_owned()
        }
    });
    entries.enumerate().map(|(index, said)| format!("{}. {said}", index + 1)).collect()
}

#[test]
fn refused() {
    let count = check_folder("bundles/refused", |block| {
        let said = cases::run(block);
        assert!(said[0].starts_with("refused: "), "{block:#?} is served: {said:#?}");
        said
    });
    assert!(count >= 50, "only {count} cases");
}

#[test]
fn served() {
    let count = check_folder("bundles/served", |block| {
        let said = cases::run(block);
        assert!(!said[0].starts_with("refused: "), "{block:#?} is refused: {said:#?}");
        said
    });
    assert!(count >= 10, "only {count} cases");
}

/// Patches of a few bytes, each of a record that is nearly as long as one may be: said after the decision, and nothing is built.
#[test]
fn what_patches_make_of_long_records_is_bounded() {
    let patch = r#"[{"op":"add","path":"/status","value":"final"}]"#;
    let data = base64::engine::general_purpose::STANDARD.encode(patch);
    let binary = json!({ "resourceType": "Binary", "contentType": "application/json-patch+json", "data": data });
    let check = |count: usize, expected: Result<(), Unreadable>| {
        let patching =
            |id| json!({ "resource": binary, "request": { "method": "PATCH", "url": format!("Observation/o-{id}") } });
        let entries: Vec<Value> = (0..count).map(patching).collect();
        let bundle = json!({ "resourceType": "Bundle", "type": "transaction", "entry": entries });
        let mut request = Request {
            method: "POST".to_owned(),
            target: "/fhir".to_owned(),
            headers: vec![("content-type".to_owned(), b"application/fhir+json".to_vec())],
            body: bundle.to_string().into_bytes(),
            ..Request::default()
        };
        for id in 0..count {
            let own = json!({ "reference": "Patient/P-1" });
            let mut stored = json!({ "resourceType": "Observation", "id": format!("o-{id}"), "subject": own });
            let tag = || Some("W/\"3\"".to_owned());
            request.stored.push((200, tag(), stored.to_string().into_bytes()));
            stored["note"] = json!([{ "text": "x".repeat(1_000_000) }]);
            request.stored.push((200, tag(), stored.to_string().into_bytes()));
        }
        let touches = request.touches();
        assert_eq!(touches.check(), expected, "{count} records");
        let ForwardBody::Built(body) = &touches.forward.body else {
            return assert!(expected.is_err(), "{count} records");
        };
        assert!(body.len() < JOINED_BYTES_MAX + 64 * 1024 && expected.is_ok(), "{count} records: {}", body.len());
    };
    check(8, Ok(()));
    check(9, Err(Unreadable::BodyTooLarge(JOINED_BYTES_MAX)));
}

/// Properties: whatever a client writes into a transaction, what goes to the store is understood the same way by a second
/// reader that resolves names as stores do, and names nobody who was not asked about.
mod properties {
    use std::cell::Cell;
    use std::collections::{BTreeMap, BTreeSet};

    use proptest::prelude::*;
    use serde_json::{Value, json};

    use crate::{ForwardBody, Head, LookUp, Need, Touches, read_head};

    const PERSONS: [&str; 3] = ["P-1", "P-2", "P-3"];

    fn name(number: usize) -> String {
        format!("urn:uuid:0{number}000000-0000-4000-8000-000000000000")
    }

    /// Something that may refer to something.
    fn target() -> impl Strategy<Value = String> {
        prop_oneof![
            3 => (0..5_usize).prop_map(name),
            3 => prop::sample::select(&PERSONS[..]).prop_map(|person| format!("Patient/{person}")),
            1 => Just("Practitioner/K-1".to_owned()),
            1 => (0..3_usize).prop_map(|id| format!("Observation/o-{id}")),
        ]
    }

    /// An entry: a new or replaced record of somebody, with references in places that stores look at, and in others.
    fn entry() -> impl Strategy<Value = Value> {
        let person = prop_oneof![
            4 => prop::sample::select(&PERSONS[..]).prop_map(|person| format!("Patient/{person}")),
            1 => (0..5_usize).prop_map(name),
        ];
        let place = prop::sample::select(&["hasMember", "valueUri", "div", "value", "attachment"][..]);
        let links = prop::collection::vec((place, target()), 0..3);
        (person, links, prop::option::of(0..5_usize), prop::option::of(0..3_usize), any::<bool>()).prop_map(
            |(person, links, named, id, patient)| {
                let mut resource = json!({ "resourceType": "Observation", "subject": { "reference": person } });
                for (place, target) in links {
                    let place = match target.split_once('/') {
                        // An id of a stored record says nothing outside a reference.
                        Some(("Observation", _)) => "hasMember",
                        // A sentence that mentions somebody is no address; the name of an entry is one anywhere.
                        Some(_) if place == "div" => "valueUri",
                        _ => place,
                    };
                    match place {
                        "hasMember" => resource["hasMember"] = json!([{ "reference": target }]),
                        "valueUri" => resource["extension"] = json!([{ "url": "http://x", "valueUri": target }]),
                        "div" => resource["text"] = json!({ "status": "generated", "div": format!("<a href=\"{target}\">") }),
                        "value" => resource["identifier"] = json!([{ "value": target }]),
                        _ => resource["extension"] = json!([{ "url": "http://x", "valueAttachment": { "url": target } }]),
                    }
                }
                let mut entry = match id {
                    Some(id) if patient => {
                        let id = PERSONS[id % PERSONS.len()];
                        let resource = json!({ "resourceType": "Patient", "id": id });
                        json!({ "resource": resource, "request": { "method": "PUT", "url": format!("Patient/{id}") } })
                    }
                    Some(id) => {
                        resource["id"] = json!(format!("o-{id}"));
                        json!({ "resource": resource, "request": { "method": "PUT", "url": format!("Observation/o-{id}") } })
                    }
                    None => json!({ "resource": resource, "request": { "method": "POST", "url": "Observation" } }),
                };
                if let Some(named) = named {
                    entry["fullUrl"] = json!(name(named));
                }
                entry
            },
        )
    }

    /// Whose a record is that is stored already.
    fn stored_owner(reference: &str) -> &str {
        match reference.split_once('/').unwrap() {
            ("Patient", person) => person,
            (_, "o-2") => "P-2",
            _ => "P-1",
        }
    }

    fn settled(mut need: Need) -> Option<Touches> {
        loop {
            need = match need {
                Need::Done(touches) => return Some(touches),
                Need::Stored(needed) => {
                    let stored = |one: &LookUp| {
                        let reference = one.record().to_string();
                        let (kind, id) = reference.split_once('/').unwrap();
                        let person = format!("Patient/{}", stored_owner(&reference));
                        json!({ "resourceType": kind, "id": id, "subject": { "reference": person } }).to_string()
                    };
                    let answer = |one: &LookUp| (200, Some("W/\"1\"".to_owned()), stored(one).into_bytes());
                    let bodies: Vec<crate::tests::Lookup> = needed.look_ups().iter().map(answer).collect();
                    let shown: Vec<_> = bodies.iter().map(crate::tests::shown).collect();
                    needed.read(&shown).ok()?
                }
                other => panic!("{other:?}"),
            }
        }
    }

    fn touched(bundle: &Value) -> Option<Touches> {
        let headers: &[(&str, &[u8])] = &[("content-type", b"application/fhir+json")];
        let head = Head { method: "POST", target: "/fhir", headers };
        let Ok(Need::Body(needed)) = read_head(&head) else { panic!("a Bundle is not read") };
        let Need::Transaction(transaction) = needed.read(bundle.to_string().as_bytes()).ok()? else {
            panic!("a transaction is something else")
        };
        let (needs, joining) = transaction.split();
        joining.join(needs.into_iter().map(settled).collect::<Option<_>>()?).ok()
    }

    fn texts<'v>(value: &'v Value, found: &mut Vec<&'v str>) {
        match value {
            Value::String(text) => found.push(text),
            Value::Array(list) => list.iter().for_each(|value| texts(value, found)),
            Value::Object(object) => object.values().for_each(|value| texts(value, found)),
            _ => {}
        }
    }

    /// As a store does it: ids for what is new, and each in place of its name, wherever that stands.
    fn carried_out(bundle: &Value) -> BTreeMap<String, Value> {
        let entries = bundle["entry"].as_array().unwrap();
        let text = |entry: &Value| entry["resource"].to_string();
        let mut ids = Vec::new();
        let mut records = BTreeMap::new();
        for (number, entry) in entries.iter().enumerate() {
            let url = entry["request"]["url"].as_str().unwrap();
            let reference = if url.contains('/') { url.to_owned() } else { format!("{url}/new-{number}") };
            if let Some(name) = entry["fullUrl"].as_str() {
                ids.push((name.to_owned(), reference.clone()));
            }
            records.insert(reference, text(entry));
        }
        let resolve = |text: String| ids.iter().fold(text, |text, (name, reference)| text.replace(name, reference));
        records.into_iter().map(|(id, text)| (id, serde_json::from_str(&resolve(text)).unwrap())).collect()
    }

    fn owner(record: &Value) -> String {
        match record["resourceType"].as_str().unwrap() {
            "Patient" => record["id"].as_str().unwrap().to_owned(),
            _ => record["subject"]["reference"].as_str().unwrap().strip_prefix("Patient/").unwrap().to_owned(),
        }
    }

    #[test]
    fn what_is_forwarded_names_nobody_but_the_claims_persons_and_leads_from_nobody_to_another() {
        let served = [Cell::new(0), Cell::new(0)];
        proptest!(ProptestConfig::with_cases(4096), |(entries in prop::collection::vec(entry(), 1..5))| {
            let bundle = json!({ "resourceType": "Bundle", "type": "transaction", "entry": entries });
            let Some(touches) = touched(&bundle) else { return Ok(()) };
            let ForwardBody::Built(body) = &touches.forward.body else { panic!("{touches:?}") };
            let sent: Value = serde_json::from_slice(body).unwrap();
            prop_assert_eq!(sent["entry"].as_array().unwrap().len(), bundle["entry"].as_array().unwrap().len());
            let claimed: BTreeSet<String> = touches.persons().iter().map(ToString::to_string).collect();
            let records = carried_out(&sent);
            for record in records.values() {
                let own = owner(record);
                prop_assert!(claimed.contains(&own), "{own} was not asked about: {sent}");
                let mut all = Vec::new();
                texts(record, &mut all);
                for text in all {
                    for person in PERSONS.iter().filter(|person| text.contains(&format!("Patient/{person}"))) {
                        prop_assert_eq!(*person, own.as_str(), "{}", sent);
                    }
                    for (other, record) in records.iter().filter(|(other, _)| text.contains(other.as_str())) {
                        prop_assert_eq!(owner(record), own.as_str(), "{} leads to {}: {}", text, other, sent);
                    }
                    if text.starts_with("Observation/o-") && !records.contains_key(text) {
                        prop_assert_eq!(stored_owner(text), own.as_str(), "{}", sent);
                    }
                }
            }
            served[0].update(|count| count + 1);
            served[1].update(|count| count + usize::from(body.windows(9).any(|word| word == b"urn:uuid:")));
        });
        // Otherwise it would show little.
        assert!(served[0].get() > 400 && served[1].get() > 100, "{served:?} served");
    }
}
