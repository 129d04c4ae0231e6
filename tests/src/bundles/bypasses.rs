//! Ways around that a Bundle might be, and what passes through one as it does alone.

use base64::Engine as _;
use http::StatusCode;
use serde_json::{Value, json};

use super::{A, answers, bundle, get, measured, named, note, post, send, statuses};
use crate::world::World;

/// The bypasses of issue 3's catalogue that belong to Bundles: each refused, none seen by the store.
#[tokio::test]
async fn no_way_around_leads_through_a_bundle() {
    let world = World::start().await;
    let (terminal, cookie) = world.signed_in("U-sato", "D-sato").await;
    let foreign = "o-0008-001";
    let with = |mut entry: Value, member: &str, value: Value| {
        entry["request"][member] = value;
        entry
    };
    let referring = |element: &str, value: Value| {
        let mut note = note("P-0001");
        note[element] = value;
        post(note)
    };
    let nested = bundle("batch", &[get("Observation?patient=P-0008")]);
    let absolute = format!("https://care.sekisho.localhost/fhir/Observation/{foreign}");
    let alone: Vec<(&str, Value)> = vec![
        ("a batch in a batch", json!({ "resource": nested.clone(), "request": { "method": "POST", "url": "" } })),
        ("as a resource", json!({ "resource": nested.clone(), "request": { "method": "POST", "url": "Bundle" } })),
        ("within a resource", referring("payload", json!([{ "contentReference": nested }]))),
        ("a conditional create", with(post(measured("P-0001")), "ifNoneExist", json!("patient=P-0008"))),
        (
            "a conditional update",
            json!({ "resource": measured("P-0001"), "request": { "method": "PUT", "url": "Observation?patient=P-0008" } }),
        ),
        ("a conditional removal", json!({ "request": { "method": "DELETE", "url": "Observation?patient=P-0008" } })),
        ("a foreign record's fullUrl", named(&absolute, post(measured("P-0001")))),
        ("over a read", named(&absolute, get("Observation?patient=P-0001"))),
        ("a method override", with(get("Observation?patient=P-0001"), "_method", json!("DELETE"))),
        (
            "another",
            with(
                get("Observation?patient=P-0001"),
                "extension",
                json!([{ "url": "x-http-method-override", "valueCode": "DELETE" }]),
            ),
        ),
        ("a header in a condition", with(get("Patient/P-0001"), "ifMatch", json!("W/\"1\"\r\nx-cascade: delete"))),
        ("an absolute url", get(&absolute)),
        ("a slash in front", get(&format!("/Observation/{foreign}"))),
        ("two persons", get("Observation?patient=P-0001,P-0008")),
        ("a conditional reference", referring("about", json!([{ "reference": "Observation?patient=P-0008" }]))),
        (
            "a conditional subject",
            post(
                json!({ "resourceType": "Communication", "status": "completed", "subject": { "reference": "Patient?_id=P-0008" } }),
            ),
        ),
        ("another person's reference", referring("about", json!([{ "reference": "Patient/P-0008" }]))),
        ("a new person", named(A, post(json!({ "resourceType": "Patient" })))),
        ("a history", get("_history")),
        ("an operation", get("Patient/P-0008/$graph")),
    ];
    world.store.clear_requests();
    for (what, entry) in &alone {
        for kind in ["batch", "transaction"] {
            let reply = send(&terminal, &cookie, &bundle(kind, std::slice::from_ref(entry))).await.unwrap();
            let status = if kind == "batch" { statuses(&answers(&reply))[0] } else { reply.status.as_u16() };
            assert!((400..500).contains(&status), "{what} in a {kind}: {}", reply.text());
            assert!(!reply.text().contains("\"resource\":{"), "{what} in a {kind}: {}", reply.text());
        }
    }
    // What takes two entries: names that lead from one person to another, though both may be written.
    let to = |element: &str, value: Value| {
        let mut note = note("P-0001");
        note[element] = value;
        note
    };
    let other = || named(A, post(measured("P-0002")));
    for (what, entry) in [
        ("a reference", to("about", json!([{ "reference": A }]))),
        ("an extension", to("extension", json!([{ "url": "http://x", "valueUri": A }]))),
        ("an attachment", to("payload", json!([{ "contentAttachment": { "url": A } }]))),
        (
            "a sentence",
            to(
                "text",
                json!({ "status": "generated", "div": format!("<div xmlns=\"http://www.w3.org/1999/xhtml\"><a href=\"{A}\">x</a></div>") }),
            ),
        ),
        ("a subject", to("subject", json!({ "reference": A }))),
    ] {
        for entries in [[other(), post(entry.clone())], [post(entry.clone()), other()]] {
            let reply = send(&terminal, &cookie, &bundle("transaction", &entries)).await.unwrap();
            assert_eq!((reply.status, reply.code().as_str()), (StatusCode::BAD_REQUEST, "unreadable"), "{what}");
        }
    }
    assert_eq!(world.store_saw(), Vec::<String>::new());
}

/// What is served alone is served in a Bundle: patches, old versions, and a condition within a batch.
#[tokio::test]
async fn patches_and_old_versions_pass_through_a_bundle() {
    let world = World::start().await;
    let (terminal, cookie) = world.signed_in("U-sato", "D-sato").await;
    let patch = |id: &str, operations: Value| {
        let data = base64::engine::general_purpose::STANDARD.encode(operations.to_string());
        let resource = json!({ "resourceType": "Binary", "contentType": "application/json-patch+json", "data": data });
        json!({ "resource": resource, "request": { "method": "PATCH", "url": format!("Observation/{id}") } })
    };
    let note = |text: &str| json!([{ "op": "add", "path": "/note", "value": [{ "text": text }] }]);
    let to_another = json!([{ "op": "replace", "path": "/subject/reference", "value": "Patient/P-0008" }]);
    let does_not_fit = json!([{ "op": "test", "path": "/status", "value": "no such" }]);
    let entries = [
        patch("o-0001-001", note("一")),
        patch("o-0008-001", note("二")),
        patch("o-0001-001", to_another.clone()),
        patch("o-0001-001", does_not_fit.clone()),
        get("Observation/o-0001-001/_history/1"),
        get("Observation/o-0008-001/_history/1"),
    ];
    let told = answers(&send(&terminal, &cookie, &bundle("batch", &entries)).await.unwrap());
    assert_eq!(statuses(&told), [200, 404, 404, 422, 200, 404], "{told:#?}");
    assert_eq!(told[0]["resource"]["note"][0]["text"], "一");
    assert!(told[4]["resource"].get("note").is_none());
    let entries = [get("Observation/o-0001-001/_history/1"), patch("o-0001-001", note("三"))];
    let told = answers(&send(&terminal, &cookie, &bundle("transaction", &entries)).await.unwrap());
    assert_eq!(statuses(&told), [200, 200], "{told:#?}");
    assert_eq!(told[1]["resource"]["note"][0]["text"], "三");
    world.store.clear_requests();
    for (entry, status, said) in [
        (patch("o-0001-001", does_not_fit), 422, "entry 2: "),
        (patch("o-0001-001", to_another), 404, ""),
        (patch("o-0008-001", note("四")), 404, ""),
    ] {
        let entries = [post(measured("P-0001")), entry];
        let reply = send(&terminal, &cookie, &bundle("transaction", &entries)).await.unwrap();
        assert_eq!(reply.status.as_u16(), status, "{}", reply.text());
        assert!(reply.text().contains(said), "{}", reply.text());
    }
    assert!(!world.store_saw().iter().any(|line| line == "POST /fhir"), "{:?}", world.store_saw());
}
