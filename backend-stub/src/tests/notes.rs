//! The web application that speaks no FHIR: pages and JSON, each saying whose it is in the agreed place.

use serde_json::{Value, json};

use super::{Told, World, ask};
use crate::IDENTITY_HEADER;

const JSON: (&str, &str) = ("content-type", "application/json");
const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

fn text(told: &Told) -> String {
    String::from_utf8_lossy(&told.body).into_owned()
}

/// Whom a page says that it is about.
fn persons(told: &Told) -> Vec<String> {
    let page = text(told);
    let mains = page.split("<main data-person=\"").skip(1);
    mains.map(|main| main.split('"').next().unwrap().to_owned()).collect()
}

fn ids(list: &Value) -> Vec<String> {
    list["entries"].as_array().unwrap().iter().map(|entry| entry["id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn every_answer_says_whose_it_is_in_the_agreed_place() {
    let world = World::new().await;
    let page = world.get("/notes/people/P-0001").await;
    assert_eq!((page.status, page.header("content-type")), (200, "text/html; charset=utf-8"));
    assert_eq!(persons(&page), ["P-0001"]);
    assert!(text(&page).contains("data-entry=\"e-0001-03\"") && !text(&page).contains("e-0002"));
    let list = world.get("/notes/people/P-0001/entries").await.json();
    assert_eq!(
        (&list["person"], ids(&list)),
        (&json!("P-0001"), vec!["e-0001-01".into(), "e-0001-02".into(), "e-0001-03".into()])
    );
    assert!(list["entries"].as_array().unwrap().iter().all(|entry| entry["person"] == "P-0001"));
    let entry = world.get("/notes/entries/e-0001-02").await;
    assert_eq!((entry.status, entry.header("etag")), (200, "\"1\""));
    assert_eq!(entry.json(), list["entries"][1]);
    assert_eq!(entry.json().as_object().unwrap().len(), 5);
    assert_eq!(persons(&world.get("/notes/entries/e-0001-01/page").await), ["P-0001"]);
    let about = world.get("/notes/attachments/a-0001-01/about").await.json();
    assert_eq!((&about["person"], &about["entry"]), (&json!("P-0001"), &json!("e-0001-01")));
    let file = world.get("/notes/attachments/a-0001-01").await;
    assert_eq!((file.header("content-type"), file.header("x-person")), ("image/png", "P-0001"));
    assert_eq!(file.header("etag"), world.get("/notes/attachments/a-0001-01/about").await.header("etag"));
    assert!(file.body.starts_with(b"\x89PNG") && about["bytes"] == file.body.len());
    for target in ["/notes", "/notes/static/notes.css"] {
        let told = world.get(target).await;
        assert!(told.status == 200 && !text(&told).contains("P-0"), "{target}");
    }
}

#[tokio::test]
async fn lists_are_narrowed_by_day_and_by_words() {
    let world = World::new().await;
    let check = async |target: &str, expected: &[&str]| {
        assert_eq!(ids(&world.get(&format!("/notes/{target}")).await.json()), expected, "{target}");
    };
    check("people/P-0001/entries?from=2026-11-11", &["e-0001-02", "e-0001-03"]).await;
    check("people/P-0001/entries?from=2026-11-11&to=2026-11-11", &["e-0001-02"]).await;
    check("people/P-0001/entries?from=&to=2026-11-10", &["e-0001-01"]).await;
    check(
        "search?person=P-0900&q=%E8%A9%A6%E9%A8%93%E7%94%A8",
        &["e-broken-person", "e-broken-page", "e-broken-two-mains"],
    )
    .await;
    check("search?person=P-0001&q=%E8%A9%A6%E9%A8%93%E7%94%A8", &[]).await;
    let everybody = world.get("/notes/search").await.json();
    assert!(everybody["person"].is_null() && ids(&everybody).len() > 30, "naive: without a person, about everybody");
    let check = async |target: &str, status: u16| {
        let told = world.get(&format!("/notes/{target}")).await;
        assert_eq!((told.status, told.json()["error"].is_string()), (status, true), "{target}");
    };
    check("people/P-0001/entries?from=heute", 400).await;
    for target in [
        "people/P-9999",
        "people/P-9999/entries",
        "entries/e-none",
        "entries/e-none/page",
        "attachments/a-none",
        "attachments/a-none/about",
    ] {
        check(target, 404).await;
    }
}

#[tokio::test]
async fn programs_write_json_and_people_a_form() {
    let world = World::new().await;
    let at = "/notes/people/P-0001/entries";
    let made = world.ask("POST", at, &[JSON], json!({ "text": "<b>訪問</b>" }).to_string()).await;
    let entry = made.json();
    let id = entry["id"].as_str().unwrap().to_owned();
    assert_eq!((made.status, made.header("location")), (201, format!("/notes/entries/{id}").as_str()));
    assert_eq!(
        (&entry["person"], &entry["author"]),
        (&json!("P-0001"), &json!("K-sato")),
        "who wrote it is the gateway's word"
    );
    let page = text(&world.get(&format!("/notes/entries/{id}/page")).await);
    assert!(!page.contains("<b>") && page.contains("訪問"), "{page}");

    let sent = world.ask("POST", at, &[FORM], "text=%E5%85%A5%E6%B5%B4").await;
    assert_eq!(sent.status, 303);
    let page = world.get(sent.header("location")).await;
    assert_eq!((persons(&page), text(&page).contains("入浴")), (vec!["P-0001".to_owned()], true));

    let put = async |if_match: &str, body: Value| {
        world.ask("PUT", &format!("/notes/entries/{id}"), &[JSON, ("if-match", if_match)], body.to_string()).await
    };
    let changed = put("\"1\"", json!({ "text": "直し" })).await;
    assert_eq!((changed.status, changed.header("etag"), &changed.json()["text"]), (200, "\"2\"", &json!("直し")));
    assert_eq!(put("\"1\"", json!({ "text": "古い" })).await.status, 412);
    assert_eq!(put("*", json!({ "text": "移す", "person": "P-0008" })).await.json()["person"], "P-0008", "naive");
    let moved = world.ask("POST", at, &[JSON], json!({ "text": "x", "person": "P-0008" }).to_string()).await;
    assert_eq!(moved.json()["person"], "P-0008", "naive: the body counts more than the path");

    let check = async |method: &str, target: &str, headers: &[(&str, &str)], body: &str, status: u16| {
        assert_eq!(
            world.ask(method, target, headers, body.to_owned()).await.status,
            status,
            "{method} {target} {body}"
        );
    };
    check("POST", at, &[JSON], "{}", 422).await;
    check("POST", at, &[JSON], "{", 400).await;
    check("POST", at, &[], "text", 415).await;
    check("POST", at, &[FORM], "words=1", 422).await;
    check("POST", "/notes/people/P-9999/entries", &[JSON], r#"{"text":"x"}"#, 404).await;
    check("PUT", "/notes/entries/e-none", &[JSON], r#"{"text":"x"}"#, 404).await;
    check("PATCH", at, &[JSON], "{}", 405).await;
    check("DELETE", &format!("/notes/entries/{id}"), &[("if-match", "\"1\"")], "", 412).await;
    check("DELETE", &format!("/notes/entries/{id}"), &[], "", 204).await;
    check("GET", &format!("/notes/entries/{id}"), &[], "", 404).await;
    let next = world.ask("POST", at, &[JSON], json!({ "text": "次" }).to_string()).await.json();
    assert_ne!(next["id"], id.as_str(), "an id was given twice");
}

#[tokio::test]
async fn nobody_is_answered_without_an_identity() {
    let world = World::new().await;
    for (method, target) in [
        ("GET", "/notes"),
        ("GET", "/notes/people/P-0001"),
        ("GET", "/notes/attachments/a-0001-01"),
        ("GET", "/notes/static/notes.css"),
        ("POST", "/notes/people/P-0001/entries"),
        ("DELETE", "/notes/entries/e-0001-01"),
    ] {
        assert_eq!(ask(world.store.address(), method, target, &[], "").await.status, 401, "{method} {target}");
    }
    assert_eq!(world.get("/notes/entries/e-0001-01").await.status, 200);
    assert_eq!(world.store.requests().iter().filter(|request| request.target.starts_with("/notes")).count(), 7);
    let admin = ask(world.store.admin(), "GET", "/notes", &[(IDENTITY_HEADER, &world.signer.token())], "").await;
    assert_eq!(admin.status, 404);
}

#[tokio::test]
async fn what_is_broken_is_broken_as_it_is_called() {
    let world = World::new().await;
    assert_eq!(world.get("/notes/entries/e-broken-person").await.json()["person"], "P-0008");
    assert_eq!(world.get("/notes/entries/e-broken-page").await.json()["person"], "P-0900");
    assert_eq!(persons(&world.get("/notes/entries/e-broken-page/page").await), ["P-0008"]);
    assert_eq!(persons(&world.get("/notes/entries/e-broken-two-mains/page").await), ["P-0900", "P-0008"]);
    let search = async |what: &str| world.get(&format!("/notes/search?person=P-0900&q=broken-{what}")).await;
    let own = ids(&world.get("/notes/people/P-0900/entries").await.json()).len();
    let surplus = search("surplus").await.json();
    assert_eq!((&surplus["person"], ids(&surplus).len()), (&json!("P-0900"), own + 1));
    assert_eq!(surplus["entries"][own]["person"], "P-0008");
    let lie = search("person").await.json();
    assert_eq!((&lie["person"], &lie["entries"][0]["person"]), (&json!("P-0008"), &json!("P-0900")));
    let twice = search("duplicate").await;
    assert!(text(&twice).starts_with(r#"{"person":"P-0900""#) && text(&twice).ends_with(r#""person":"P-0008"}"#));
    assert_eq!(twice.json()["person"], "P-0008", "it parses");
    let plain = search("text").await;
    assert_eq!(
        (plain.header("content-type"), &plain.json()["person"]),
        ("text/plain; charset=utf-8", &json!("P-0900"))
    );
    let at = "/notes/people/P-0900/entries";
    let sent = world.ask("POST", at, &[FORM], "text=broken-redirect").await;
    assert_eq!((sent.status, sent.header("location")), (303, "/notes/entries/e-0008-01/page"));
    let made = world.ask("POST", at, &[JSON], json!({ "text": "broken-redirect" }).to_string()).await;
    assert_eq!((made.status, made.header("location")), (201, "/notes/entries/e-0008-01"));
}
