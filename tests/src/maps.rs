//! A store that does not speak FHIR, behind a route map: the visit notes of the stand-in store by `deploy/maps/notes.toml`.

mod bypasses;

use http::{Method, StatusCode};
use serde_json::json;

use crate::world::{Ask, Plan, World};

const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";

async fn mapped() -> World {
    World::planned(Plan { maps: vec!["deploy/maps/notes.toml"], ..Plan::default() }).await
}

/// What reached the store, look-ups too.
fn saw(world: &World) -> Vec<String> {
    world.store.requests().iter().map(|request| format!("{} {}", request.method, request.target)).collect()
}

#[tokio::test]
async fn a_nurse_works_with_an_application_that_speaks_no_fhir_and_it_is_on_record() {
    let world = mapped().await;
    let (terminal, cookie) = world.signed_in("U-sato", "D-sato").await;
    let get = async |target: &str| terminal.ask(Ask::get(target).as_(&cookie)).await.unwrap();

    let home = get("/notes").await;
    assert_eq!(home.status, StatusCode::OK, "{}", home.text());
    assert_eq!(get("/notes/static/notes.css").await.headers["content-type"], "text/css");

    let page = get("/notes/people/P-0001").await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.text());
    assert!(page.text().contains("data-person=\"P-0001\""));
    assert_eq!(page.headers["content-type"], "text/html; charset=utf-8");
    assert_eq!(page.headers["cache-control"], "no-store");
    let policy = page.headers["content-security-policy"].to_str().unwrap();
    assert!(policy.contains("default-src 'none'") && policy.contains("form-action 'self'"), "{policy}");
    assert!(policy.contains("sandbox") && !policy.contains("script"), "{policy}");

    let list = get("/notes/people/P-0001/entries?from=2026-11-11&to=2026-11-11").await;
    assert_eq!(list.status, StatusCode::OK, "{}", list.text());
    assert_eq!(list.json()["entries"].as_array().unwrap().len(), 1);
    assert!(list.headers.get("etag").is_none());

    // By a form, as a person does: written, and led to its page.
    let form = Ask::post("/notes/people/P-0001/entries", FORM, "text=%E4%BD%93%E6%B8%A9+36.5%0D%0A98%25").as_(&cookie);
    let led = terminal.ask(form).await.unwrap();
    assert_eq!(led.status, StatusCode::SEE_OTHER, "{}", led.text());
    let shown = get(led.headers["location"].to_str().unwrap()).await;
    assert_eq!(shown.status, StatusCode::OK, "{}", shown.text());
    assert!(shown.text().contains("体温 36.5") && shown.text().contains("98%"), "{}", shown.text());

    // By a program.
    let text = json!({ "text": "体温 36.5\n平熱です。" }).to_string();
    let created = terminal.ask(Ask::post("/notes/people/P-0001/entries", JSON, text).as_(&cookie)).await.unwrap();
    assert_eq!(created.status, StatusCode::CREATED, "{}", created.text());
    let id = created.json()["id"].as_str().unwrap().to_owned();
    let target = format!("/notes/entries/{id}");
    assert_eq!(created.headers["location"], target);
    let read = get(&target).await;
    assert_eq!(
        (read.json()["text"].as_str(), &read.headers["etag"]),
        (Some("体温 36.5\n平熱です。"), &created.headers["etag"])
    );
    let put = |text: &str| Ask::put(&target, JSON, json!({ "text": text }).to_string()).as_(&cookie);
    let changed = terminal.ask(put("体温 37.2").with("if-match", "\"1\"")).await.unwrap();
    assert_eq!((changed.status, changed.json()["text"].as_str()), (StatusCode::OK, Some("体温 37.2")));
    let stale = terminal.ask(put("体温 38.0").with("if-match", "\"1\"")).await.unwrap();
    assert_eq!(stale.status, StatusCode::PRECONDITION_FAILED, "{}", stale.text());
    assert_eq!(get(&target).await.json()["text"], "体温 37.2");

    // Bytes of the version that was looked up, never shown as a page.
    let image = get("/notes/attachments/a-0001-01").await;
    assert_eq!((image.status, &image.headers["content-type"].to_str().unwrap()), (StatusCode::OK, &"image/png"));
    assert!(image.body.starts_with(b"\x89PNG") && image.headers["content-disposition"] == "attachment");

    let entries = world.audit.search(&audit::Query::default()).unwrap().entries;
    let on_record = |incident: &http::HeaderMap| {
        let incident = incident["sekisho-incident"].to_str().unwrap();
        entries.iter().find(|found| found.entry.id.to_string() == incident).unwrap()
    };
    let read = on_record(&read.headers);
    assert_eq!(read.entry.records, [format!("notes.entry/{id}")]);
    assert_eq!(read.entry.persons.iter().map(ToString::to_string).collect::<Vec<_>>(), ["P-0001"]);
    // What was found, and what was made, by name.
    assert_eq!(on_record(&list.headers).released, ["notes.entry/e-0001-02"]);
    assert_eq!(on_record(&created.headers).released, [format!("notes.entry/{id}")]);
    assert_eq!(on_record(&led.headers).released.len(), 1);
    // The store is told who, in our words.
    let requests = world.store.requests();
    assert!(requests.iter().all(|request| request.refused.is_none() && request.identity.is_some()));
}

/// "Not there", "not yours" and "stopped" are one answer, by a map as in FHIR; and the store is asked for nothing but whose it
/// is.
#[tokio::test]
async fn a_refusal_tells_nothing() {
    let world = mapped().await;
    let (terminal, cookie) = world.signed_in("U-sato", "D-sato").await;
    let mut answers = Vec::new();
    for target in [
        "/fhir/Patient/P-0008",
        "/notes/people/P-0008",
        "/notes/people/P-9999",
        "/notes/people/P-0005",
        "/notes/people/P-0008/entries",
        "/notes/search?person=P-0008&q=x",
        "/notes/search?person=P-9999&q=x",
        "/notes/entries/e-0008-01",
        "/notes/entries/e-0008-01/page",
        "/notes/entries/e-none",
        "/notes/entries/e-none/page",
        "/notes/attachments/a-0008-01",
        "/notes/attachments/a-0008-01/about",
        "/notes/attachments/a-none",
    ] {
        let reply = terminal.ask(Ask::get(target).as_(&cookie)).await.unwrap();
        answers.push((target, anonymous(&reply)));
    }
    let text = json!({ "text": "x" }).to_string();
    for ask in [
        Ask::post("/notes/people/P-0008/entries", JSON, text.clone()),
        Ask::post("/notes/people/P-0008/entries", FORM, "text=x"),
        Ask::put("/notes/entries/e-0008-01", JSON, text.clone()),
        Ask::put("/notes/entries/e-none", JSON, text.clone()),
        Ask::put("/notes/entries/e-0008-01", JSON, text).with("if-match", "\"9\""),
    ] {
        let reply = terminal.ask(ask.as_(&cookie)).await.unwrap();
        answers.push(("a write", anonymous(&reply)));
    }
    assert_eq!(answers[0].1.0, StatusCode::NOT_FOUND);
    for (target, answer) in &answers {
        assert_eq!(*answer, answers[0].1, "{target}");
    }
    // Whose a record is was looked up; nothing was fetched, and nothing written.
    let look_ups = [
        "GET /notes/entries/e-0008-01",
        "GET /notes/entries/e-none",
        "GET /notes/attachments/a-0008-01/about",
        "GET /notes/attachments/a-none/about",
    ];
    let beyond: Vec<String> = saw(&world).into_iter().filter(|request| !look_ups.contains(&request.as_str())).collect();
    assert!(beyond.is_empty(), "{beyond:?}");
}

/// An answer without what tells one request from the next.
fn anonymous(reply: &crate::world::Reply) -> (StatusCode, Vec<String>, String) {
    let incident = reply.headers["sekisho-incident"].to_str().unwrap().to_owned();
    let headers = reply.headers.iter().filter(|(name, _)| *name != "date");
    let mut headers: Vec<String> =
        headers.map(|(name, value)| format!("{name}: {}", value.to_str().unwrap().replace(&incident, "*"))).collect();
    headers.sort();
    (reply.status, headers, reply.text().replace(&incident, "*"))
}

/// Nobody of another facility sees any of it, whatever she has heard of.
#[tokio::test]
async fn a_stranger_to_the_person_sees_nothing() {
    let world = mapped().await;
    let (terminal, cookie) = world.signed_in("U-tamura", "D-tamura").await;
    for target in [
        "/notes/people/P-0001",
        "/notes/entries/e-0001-01",
        "/notes/entries/e-0001-01/page",
        "/notes/attachments/a-0001-01",
    ] {
        let reply = terminal.ask(Ask::get(target).as_(&cookie).with("accept", "text/html")).await.unwrap();
        assert_eq!(reply.status, StatusCode::NOT_FOUND, "{target}");
        // The page repeats the address that was asked for, and tells nothing that the store knows.
        for told in ["data-person", "むくみ", "K-sato"] {
            assert!(!reply.text().contains(told), "{target}: {}", reply.text());
        }
    }
    // Without a session, a browser is led to the sign-in page, and nothing else is said.
    let reply = terminal.ask(Ask::get("/notes/people/P-0001").with("accept", "text/html")).await.unwrap();
    assert_eq!(reply.status, StatusCode::SEE_OTHER);
    assert!(world.store.requests().iter().all(|request| !request.target.contains("P-0001")), "{:?}", saw(&world));
}

#[tokio::test]
async fn a_store_that_returns_too_much_loses_the_surplus() {
    let world = mapped().await;
    let (terminal, cookie) = world.signed_in("U-sato", "D-sato").await;
    let get = async |target: &str| terminal.ask(Ask::get(target).as_(&cookie)).await.unwrap();
    let surplus = get("/notes/search?person=P-0900&q=broken-surplus").await;
    assert_eq!(surplus.status, StatusCode::OK, "{}", surplus.text());
    assert!(surplus.text().contains("P-0900") && !surplus.text().contains("P-0008"), "{}", surplus.text());
    for (target, status) in [
        ("/notes/search?person=P-0900&q=broken-person", 404),
        ("/notes/search?person=P-0900&q=broken-duplicate", 502),
        ("/notes/search?person=P-0900&q=broken-text", 502),
        ("/notes/entries/e-broken-person", 404),
        ("/notes/entries/e-broken-page", 200),
        ("/notes/entries/e-broken-page/page", 404),
        ("/notes/entries/e-broken-two-mains/page", 502),
    ] {
        let reply = get(target).await;
        assert_eq!(reply.status.as_u16(), status, "{target}: {}", reply.text());
        assert!(!reply.text().contains("P-0008"), "{target}: {}", reply.text());
    }
    // Led to somebody else's entry: what was written is written, and nothing of the other is said.
    let form = Ask::post("/notes/people/P-0900/entries", FORM, "text=broken-redirect").as_(&cookie);
    let led = terminal.ask(form).await.unwrap();
    assert_eq!(led.status, StatusCode::BAD_GATEWAY, "{}", led.text());
    let program = Ask::post("/notes/people/P-0900/entries", JSON, r#"{"text":"broken-redirect"}"#).as_(&cookie);
    let created = terminal.ask(program).await.unwrap();
    assert_eq!(created.status, StatusCode::CREATED, "{}", created.text());
    assert!(created.headers.get("location").is_none(), "{:?}", created.headers);
}

/// Without the map nothing of the application is served: the gateway knows no default.
#[tokio::test]
async fn without_a_map_there_is_no_such_page() {
    let world = World::start().await;
    let (terminal, cookie) = world.signed_in("U-sato", "D-sato").await;
    for target in ["/notes", "/notes/people/P-0001", "/notes/entries/e-0001-01"] {
        let reply = terminal.ask(Ask::get(target).as_(&cookie)).await.unwrap();
        assert_eq!((reply.status, reply.code().as_str()), (StatusCode::NOT_FOUND, "no-such-page"), "{target}");
    }
    assert!(world.store.requests().is_empty(), "{:?}", saw(&world));
}

/// Consent is withdrawn: what was shown a moment ago is not there any more, by a map as in FHIR.
#[tokio::test]
async fn a_withdrawn_consent_closes_the_other_application_too() {
    let world = mapped().await;
    let (terminal, cookie) = world.signed_in("U-sato", "D-sato").await;
    let mut connection = terminal.connect().await.unwrap();
    let targets = ["/notes/people/P-0001", "/notes/entries/e-0001-01", "/notes/attachments/a-0001-01"];
    for target in targets {
        assert_eq!(connection.ask(Ask::get(target).as_(&cookie)).await.unwrap().status, StatusCode::OK, "{target}");
    }
    world.clerk(registry::Command::WithdrawConsent {
        person: "P-0001".parse().unwrap(),
        reason: "本人の申出".to_owned(),
    });
    for target in targets {
        let reply = terminal.ask(Ask::get(target).as_(&cookie)).await.unwrap();
        assert_eq!(reply.status, StatusCode::NOT_FOUND, "{target}: {}", reply.text());
    }
    let delete = Ask { method: Method::DELETE, ..Ask::get("/notes/entries/e-0002-01") };
    let refused = terminal.ask(delete.as_(&cookie)).await.unwrap();
    assert!(refused.status.is_client_error(), "nobody removes: {}", refused.status);
    assert!(!saw(&world).iter().any(|request| request.starts_with("DELETE")), "{:?}", saw(&world));
}

/// An order for one record opens it by a map as in FHIR, and no other; and says then that it was deleted (art. 19-2).
#[tokio::test]
async fn an_order_for_one_mapped_record_removes_it() {
    let world = mapped().await;
    let (terminal, cookie) = world.signed_in("U-sato", "D-sato").await;
    world.order_deletion("P-0001", Some("notes.entry/e-0001-01"), "U-sato");
    let order = world.registry.snapshot().deletions().last().unwrap().id;
    let delete = async |target: &str| {
        terminal.ask(Ask { method: Method::DELETE, ..Ask::get(target) }.as_(&cookie)).await.unwrap()
    };
    let other = delete("/notes/entries/e-0001-02").await;
    assert_eq!(other.status, StatusCode::NOT_FOUND, "{}", other.text());
    let removed = delete("/notes/entries/e-0001-01").await;
    assert!(removed.status.is_success(), "{} {}", removed.status, removed.text());
    let snapshot = world.registry.snapshot();
    let deleted: Vec<&str> = snapshot.deleted_under(order).map(|one| one.record.as_str()).collect();
    assert_eq!(deleted, ["notes.entry/e-0001-01"]);
    assert_eq!(snapshot.deletion(order).unwrap().state, model::lifecycle::deletion::State::CarriedOut);
    assert_eq!(delete("/notes/entries/e-0001-01").await.status, StatusCode::NOT_FOUND);
}
