//! Bad behaviour behaves badly in the way it says, and tells first whose record it is.

use std::time::{Duration, Instant};

use super::{World, try_ask};
use crate::IDENTITY_HEADER;

const BROKEN: [&str; 17] = [
    "broken-outcome",
    "broken-redirect",
    "broken-content-location",
    "broken-duplicate",
    "broken-trailing",
    "broken-deep",
    "broken-huge",
    "broken-history",
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
async fn more_misbehave_as_they_are_called() {
    let world = World::new().await;
    let read = async |id: &str| world.get(&format!("/fhir/Observation/{id}")).await;
    let text = |told: &super::Told| String::from_utf8_lossy(&told.body).into_owned();
    let outcome = read("broken-outcome").await;
    assert_eq!((outcome.status, outcome.json()["resourceType"].as_str()), (422, Some("OperationOutcome")));
    assert!(text(&outcome).contains("Patient/P-0008"));
    let redirect = read("broken-redirect").await;
    assert_eq!(redirect.status, 307);
    assert!(redirect.header("location").ends_with("/fhir/Patient/P-0008"));
    let located = read("broken-content-location").await;
    assert_eq!((located.status, located.json()["id"].as_str()), (200, Some("broken-content-location")));
    assert!(located.header("content-location").contains("P-0008"));
    let twice = text(&read("broken-duplicate").await);
    assert!(
        twice.matches(r#""subject":"#).count() == 2
            && twice.contains("Patient/P-0900")
            && twice.contains("Patient/P-0001")
    );
    let trailing = read("broken-trailing").await;
    let mut values = serde_json::Deserializer::from_slice(&trailing.body).into_iter::<serde_json::Value>();
    assert_eq!(values.next().unwrap().unwrap()["id"], "broken-trailing");
    assert_ne!(values.next().unwrap().unwrap()["subject"]["reference"], "Patient/P-0900");
    assert!(text(&read("broken-deep").await).contains(&"[".repeat(20_000)));
    assert!(read("broken-huge").await.body.len() > 30_000_000);
    let history = world.get("/fhir/Observation/broken-history/_history").await.json();
    assert_eq!(history["entry"][0]["resource"]["subject"]["reference"], "Patient/P-0900");
    assert_eq!(history["entry"][1]["resource"]["subject"]["reference"], "Patient/P-0001");
    assert_eq!(history["entry"][1]["resource"]["id"], "broken-history");
    let mut note = super::note("P-0900");
    note["category"] = serde_json::json!([{ "coding": [{ "code": "broken-location" }] }]);
    let made = world.post("/fhir/Communication", &note).await;
    assert_eq!((made.status, made.json()["subject"]["reference"].as_str()), (201, Some("Patient/P-0900")));
    assert!(made.header("location").ends_with("/fhir/Patient/P-0008/_history/1"));
}

#[tokio::test]
async fn more_searches_are_spoilt_as_they_are_called() {
    let world = World::new().await;
    let target = |code: &str| format!("/fhir/Observation?patient=P-0900&_count=2&code={code}");
    let plain = world.get("/fhir/Observation?patient=P-0900&_count=2").await.json();
    let search = async |code: &str| world.get(&target(code)).await;
    let last = |told: &super::Told| told.json()["entry"].as_array().unwrap().last().unwrap().clone();
    let included = last(&search("broken-include").await);
    assert_eq!(
        (included["search"]["mode"].as_str(), included["resource"]["id"].as_str()),
        (Some("include"), Some("P-0001"))
    );
    let total = search("broken-total").await.json();
    assert_eq!(total["total"].as_u64().unwrap(), plain["total"].as_u64().unwrap() + 1_000);
    assert_eq!(total["entry"], plain["entry"]);
    let outcome = last(&search("broken-outcome").await);
    assert_eq!(outcome["search"]["mode"], "outcome");
    assert!(outcome.to_string().contains("Patient/P-0008"));
    let next = search("broken-next").await.json();
    assert!(next["link"].as_array().unwrap().last().unwrap()["url"].as_str().unwrap().contains("patient=P-0001"));
    let next = search("broken-next-elsewhere").await.json();
    assert!(
        next["link"].as_array().unwrap().last().unwrap()["url"].as_str().unwrap().starts_with("http://store.invalid/")
    );
    let lie = last(&search("broken-fullurl").await);
    assert!(lie["fullUrl"].as_str().unwrap().ends_with("/Observation/broken-foreign"));
    assert_eq!(lie["resource"]["subject"]["reference"], "Patient/P-0001");
    let text = |told: super::Told| String::from_utf8_lossy(&told.body).into_owned();
    let duplicate = text(search("broken-duplicate").await);
    assert_eq!(duplicate.matches(r#""subject":"#).count(), 4, "two of the last entry");
    let lists = text(search("broken-duplicate-list").await);
    assert!(lists.matches(r#""entry":["#).count() == 2 && lists.contains("Patient/P-0001"));
    assert!(serde_json::from_str::<serde_json::Value>(&lists).is_ok(), "a careless reader takes it");
    let cut = search("broken-json").await;
    assert!(cut.status == 200 && serde_json::from_slice::<serde_json::Value>(&cut.body).is_err());
    let html = search("broken-contenttype").await;
    assert!(html.header("content-type").starts_with("text/html") && html.json()["entry"] == plain["entry"]);
    let chatty = search("broken-500").await;
    assert!(chatty.status == 500 && String::from_utf8_lossy(&chatty.body).contains("SQLSTATE"));
    let trailing = text(search("broken-trailing").await);
    assert_eq!(trailing.matches(r#""type":"searchset""#).count(), 2);
    let token = world.signer.token();
    let headers = [(IDENTITY_HEADER, token.as_str())];
    assert!(try_ask(world.store.address(), "GET", &target("broken-truncated"), &headers, "").await.is_err());
}

#[tokio::test]
async fn a_bundle_can_go_on_for_ever() {
    let world = World::new().await;
    for person in ["P-0900", "nobody"] {
        let stream = tokio::net::TcpStream::connect(world.store.address()).await.unwrap();
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(hyper_util::rt::TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        let request = http::Request::get(format!("/fhir/Observation?patient={person}&code=broken-endless"))
            .header("host", "store")
            .header(IDENTITY_HEADER, world.signer.token())
            .body(http_body_util::Empty::<bytes::Bytes>::new())
            .unwrap();
        let mut body = sender.send_request(request).await.unwrap().into_body();
        let mut text = String::new();
        while text.matches(r#""search":{"mode":"match"}"#).count() < 40 {
            let frame = http_body_util::BodyExt::frame(&mut body).await.unwrap().unwrap();
            text.push_str(std::str::from_utf8(frame.data_ref().unwrap()).unwrap());
        }
        // Up to any entry it is the beginning of a good Bundle.
        let cut = text.rfind("},{").unwrap();
        let whole = format!("{}]}}", &text[..=cut]);
        assert!(serde_json::from_str::<serde_json::Value>(&whole).is_ok(), "{person}: {whole}");
    }
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
