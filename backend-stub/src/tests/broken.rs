//! Bad behaviour behaves badly in the way it says, and tells first whose record it is.

use std::time::{Duration, Instant};

use super::{World, try_ask};
use crate::IDENTITY_HEADER;

const BROKEN: [&str; 9] = [
    "broken-truncated",
    "broken-foreign",
    "broken-swapped",
    "broken-json",
    "broken-contenttype",
    "broken-hang",
    "broken-close",
    "broken-500",
    "slow-2s",
];

#[tokio::test]
async fn each_tells_properly_whose_it_is() {
    let world = World::new().await;
    for id in BROKEN {
        let started = Instant::now();
        let told = world.get(&format!("/fhir/Observation/{id}?_elements=subject")).await;
        assert_eq!((told.status, &told.json()["subject"]["reference"]), (200, &"Patient/P-0900".into()), "{id}");
        assert!(started.elapsed() < Duration::from_secs(1), "{id}");
    }
}

#[tokio::test]
async fn each_misbehaves_as_it_is_called() {
    let world = World::new().await;
    let token = world.signer.token();
    let read = async |id: &str| {
        let target = format!("/fhir/Observation/{id}");
        try_ask(world.store.address(), "GET", &target, &[(IDENTITY_HEADER, &token)], "").await
    };
    assert!(read("broken-truncated").await.is_err());
    assert!(read("broken-close").await.is_err());
    let foreign = read("broken-foreign").await.unwrap().json();
    assert_eq!((&foreign["subject"]["reference"], &foreign["id"]), (&"Patient/P-0001".into(), &"o-0001-001".into()));
    let swapped = read("broken-swapped").await.unwrap().json();
    assert_eq!(
        (&swapped["subject"]["reference"], &swapped["id"]),
        (&"Patient/P-0001".into(), &"broken-swapped".into())
    );
    let cut = read("broken-json").await.unwrap();
    assert!(cut.status == 200 && serde_json::from_slice::<serde_json::Value>(&cut.body).is_err());
    let html = read("broken-contenttype").await.unwrap();
    assert!(html.header("content-type").starts_with("text/html") && html.json()["id"] == "broken-contenttype");
    let chatty = read("broken-500").await.unwrap();
    assert!(chatty.status == 500 && String::from_utf8_lossy(&chatty.body).contains("SQLSTATE"));
    assert!(tokio::time::timeout(Duration::from_millis(300), read("broken-hang")).await.is_err());
    let started = Instant::now();
    assert_eq!(read("slow-2s").await.unwrap().status, 200);
    assert!(started.elapsed() >= Duration::from_secs(2));
    // The connection is for others again: nothing was broken but the one.
    assert_eq!(read("o-0001-001").await.unwrap().status, 200);
}

#[tokio::test]
async fn a_search_can_bring_what_was_not_asked_for() {
    let world = World::new().await;
    let persons = |told: super::Told| {
        let bundle = told.json();
        let entries = bundle["entry"].as_array().unwrap().clone();
        entries.iter().map(|e| e["resource"]["subject"]["reference"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let plain = persons(world.get("/fhir/Observation?patient=P-0900&_count=1000").await);
    let surplus = persons(world.get("/fhir/Observation?patient=P-0900&_count=1000&code=broken-surplus").await);
    assert!(plain.iter().all(|person| person == "Patient/P-0900"));
    assert_eq!(surplus.len(), plain.len() + 1);
    assert_eq!(surplus.last().unwrap(), "Patient/P-0001");
    let contained = world.get("/fhir/Observation?patient=P-0900&_count=1000&code=broken-contained").await.json();
    let last = contained["entry"].as_array().unwrap().last().unwrap().clone();
    assert_eq!(last["resource"]["contained"][0]["id"], "P-0001");
}

#[tokio::test]
async fn the_direct_doors_do_the_same() {
    let world = World::new().await;
    assert_eq!(world.get("/broken/500").await.status, 500);
    assert_eq!(world.get("/broken/none").await.status, 404);
    assert_eq!(world.get("/slow/5").await.status, 200);
    assert_eq!(world.get("/slow/99999999").await.status, 400);
    let token = world.signer.token();
    let close = try_ask(world.store.address(), "GET", "/broken/close", &[(IDENTITY_HEADER, &token)], "").await;
    assert!(close.is_err());
}
