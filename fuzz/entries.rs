//! What each fuzz target does with its bytes: nothing panics, and what holds for our own cases holds for these too. The same
//! functions run over the seed corpora in the ordinary tests (`records/src/tests/fuzz.rs`), so that they stay alive.

#![allow(dead_code, reason = "each target uses one of them")]

use records::{
    Gatekeeper, Head, Need, PatchKind, ResourceAttributes, Touches, Whom, Whose, patched, read_head, release, whose,
};
use serde_json::Value;

fn get(target: &str) -> Option<Need> {
    read_head(&Head { method: "GET", target, headers: &[] }).ok()
}

/// A request target: what is forwarded, and what is looked up, has one reading and is read as it is.
pub(crate) fn target(data: &[u8]) {
    let Ok(target) = std::str::from_utf8(data) else { return };
    let plain = |target: &str| {
        assert!(target.starts_with("/fhir/") || target.starts_with("/feeds/"), "{target}");
        assert!(target.bytes().all(|byte| byte.is_ascii_graphic() && !b"#\\;<>\"{}^`".contains(&byte)), "{target}");
    };
    match get(target) {
        Some(Need::Done(touches)) => {
            plain(&touches.forward.target);
            // Parts of a record are asked for with what says whose it is, which the client may not have asked for.
            let same = |again: &Touches| again.forward == touches.forward && again.claims().eq(touches.claims());
            if target.starts_with("/fhir/") {
                let again = get(&touches.forward.target);
                assert!(matches!(&again, Some(Need::Done(again)) if same(again)), "{target}: {again:?}");
            }
        }
        Some(Need::Stored(needed)) => needed.look_ups().iter().for_each(|one| plain(one.target())),
        // What else is needed is no target.
        Some(_) | None => {}
    }
}

const SEARCHED: [&str; 8] = [
    "Observation",
    "Communication",
    "Condition",
    "Appointment",
    "MedicationRequest",
    "Coverage",
    "Practitioner",
    "Location",
];

/// The query of a search, of the type that the first byte says: in the target and as a form it means the same.
pub(crate) fn search(data: &[u8]) {
    let Some((first, query)) = data.split_first() else { return };
    let Ok(query) = std::str::from_utf8(query) else { return };
    let searched = SEARCHED[usize::from(*first) % SEARCHED.len()];
    let given = match get(&format!("/fhir/{searched}?{query}")) {
        Some(Need::Done(touches)) => Some(touches),
        _ => None,
    };
    if let Some(touches) = &given {
        // Nobody is searched for who was not named: a comma stands between two.
        let commas = [",", "%2C", "%2c"].iter().map(|comma| query.matches(comma).count()).sum::<usize>();
        assert!(touches.persons().len() <= 1 + commas, "{query}");
        target(touches.forward.target.as_bytes());
    }
    let target = format!("/fhir/{searched}/_search");
    let headers: &[(&str, &[u8])] = &[("content-type", b"application/x-www-form-urlencoded"), ("content-length", b"9")];
    let Ok(Need::Body(needed)) = read_head(&Head { method: "POST", target: &target, headers }) else {
        panic!("a form is not asked for")
    };
    // A target is shorter than a form may be, and does not end in `?`.
    if target.len() + query.len() < 2000 && !query.is_empty() {
        let form = match needed.read(query.as_bytes()) {
            Ok(Need::Done(touches)) => Some(touches),
            _ => None,
        };
        assert_eq!(form, given, "{query}");
    }
}

/// A resource: `serde_json` reads it too, and finds the same person at the same place.
pub(crate) fn json(data: &[u8]) {
    let Ok(Whose::One(known)) = whose(data) else { return };
    let second: Value = serde_json::from_slice(data).unwrap();
    assert_eq!(second["resourceType"], known.fhir_type.as_str());
    if let Whom::Person(person) = known.owner {
        let named = format!("Patient/{person}");
        let own = known.fhir_type.as_str() == "Patient" && second["id"] == person.as_str();
        assert!(own || references(&second).contains(&named), "{named}");
        for reference in references(&second) {
            assert!(!reference.starts_with("Patient/") || reference == named, "{reference} beside {named}");
        }
    }
}

/// All references in a resource.
fn references(value: &Value) -> Vec<String> {
    match value {
        Value::Array(list) => list.iter().flat_map(references).collect(),
        Value::Object(object) => {
            let own = object.get("reference").and_then(Value::as_str).map(str::to_owned);
            own.into_iter().chain(object.values().flat_map(references)).collect()
        }
        _ => Vec::new(),
    }
}

/// Whoever may see P-1, and nobody else.
struct OnlyP1;

impl Gatekeeper for OnlyP1 {
    fn may_see(&mut self, attributes: &ResourceAttributes<'_>) -> bool {
        attributes.person.as_str() == "P-1"
    }

    fn seal_page(&mut self, ticket: &[u8]) -> Option<String> {
        Some(ticket.iter().map(|byte| format!("{byte:02x}")).collect())
    }
}

fn searching() -> Touches {
    match get("/fhir/Observation?patient=P-1") {
        Some(Need::Done(touches)) => touches.in_pages(records::Pages::Stores).expect("the first page"),
        other => panic!("{other:?}"),
    }
}

/// A bundle, by itself and as the store's answer: nobody else is in what goes out, and that goes out the same once more.
pub(crate) fn bundle(data: &[u8]) {
    let _ = whose(data);
    let touches = searching();
    let out = |body: &[u8]| release(&touches.answer, &touches, 200, Some("application/fhir+json"), body, &mut OnlyP1);
    let Ok(released) = out(data) else { return };
    let value: Value = serde_json::from_slice(&released.body).unwrap();
    for reference in references(&value) {
        assert!(!reference.starts_with("Patient/") || reference == "Patient/P-1", "{reference}");
    }
    assert!(released.persons.iter().all(|person| person.as_str() == "P-1"));
    // A total is written where a page is known to be the whole; one whose link to the next was no page of ours is not. Our
    // own links to pages are sealed, and mean nothing to a store.
    let again = out(&released.body).unwrap();
    let mut second: Value = serde_json::from_slice(&again.body).unwrap();
    let mut value = value;
    for body in [&mut value, &mut second] {
        let members = body.as_object_mut().unwrap();
        members.remove("total");
        members["link"].as_array_mut().unwrap().retain(|link| link["relation"] == "self");
    }
    assert_eq!((again.records, second), (released.records, value));
}

/// A patch: a line with its kind, a line with the resource, and the patch.
pub(crate) fn patch(data: &[u8]) {
    let mut parts = data.splitn(3, |byte| *byte == b'\n');
    let (Some(kind), Some(resource), Some(patch)) = (parts.next(), parts.next(), parts.next()) else { return };
    let kind = if kind == b"json" { PatchKind::Json } else { PatchKind::Fhirpath };
    let Ok(after) = patched(kind, patch, resource) else { return };
    let (before, after): (Value, Value) =
        (serde_json::from_slice(resource).unwrap(), serde_json::from_slice(&after).unwrap());
    for kept in ["resourceType", "id", "meta", "implicitRules"] {
        assert_eq!(before.get(kept), after.get(kept));
    }
    let written = after.to_string();
    // One reading: nothing that was put in makes it unreadable.
    if matches!(whose(resource), Ok(Whose::One(_))) {
        assert!(!matches!(whose(written.as_bytes()), Err(records::Unreadable::Json(_))), "{written}");
    }
}
