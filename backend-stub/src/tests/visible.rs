//! What tests can see of the store: what reached it, in order and in full.

use serde_json::json;

use super::{World, ask, note};
use crate::{Counts, IDENTITY_HEADER};

#[tokio::test]
async fn the_log_shows_what_came_and_who_sent_it() {
    let world = World::new().await;
    world.ask("GET", "/fhir/Patient/P-0001?_elements=id", &[("x-forged", "yes")], "").await;
    ask(world.store.address(), "DELETE", "/fhir/Patient/P-0001", &[], "").await;
    world.post("/fhir/Communication", &note("P-0001")).await;
    let told = ask(world.store.admin(), "GET", "/stub/requests", &[], "").await.json();
    let requests = told["requests"].as_array().unwrap();
    assert_eq!(requests.len(), 3);
    assert_eq!(
        (&requests[0]["method"], &requests[0]["target"]),
        (&json!("GET"), &json!("/fhir/Patient/P-0001?_elements=id"))
    );
    assert!(requests[0]["headers"].as_array().unwrap().contains(&json!(["x-forged", "yes"])));
    assert_eq!(requests[0]["identity"]["sub"], "U-sato");
    assert_eq!((&requests[1]["refused"], &requests[1]["identity"]), (&json!("no identity"), &json!(null)));
    let counts = Counts { requests: 3, refused: 1, writes: 1 };
    assert_eq!(world.store.counts(), counts);
    let told = ask(world.store.admin(), "GET", "/stub/count", &[], "").await.json();
    assert_eq!(told, json!({ "requests": 3, "refused": 1, "writes": 1 }));
    assert_eq!(ask(world.store.admin(), "DELETE", "/stub/requests", &[], "").await.status, 204);
    assert_eq!((world.store.requests().len(), world.store.counts()), (0, Counts::default()));
    assert_eq!(world.get("/fhir/Patient/P-0001").await.status, 200, "the refused DELETE did nothing");
}

#[tokio::test]
async fn the_log_has_a_bound_and_can_be_off() {
    let world = World::with(|options| options.requests_kept = 3).await;
    for number in 0..10 {
        world.get(&format!("/fhir/Patient/{number}")).await;
    }
    let targets: Vec<_> = world.store.requests().into_iter().map(|r| (r.number, r.target)).collect();
    assert_eq!(targets.len(), 3);
    assert_eq!(targets[2], (10, "/fhir/Patient/9".to_owned()));
    let world = World::with(|options| options.requests_kept = 0).await;
    world.get("/fhir/Patient/P-0001").await;
    assert_eq!((world.store.requests().len(), world.store.counts().requests), (0, 1));
}

#[tokio::test]
async fn the_tests_door_is_no_part_of_the_record_side() {
    let world = World::new().await;
    assert_eq!(world.get("/stub/requests").await.status, 404);
    assert_eq!(world.get("/stub/count").await.status, 404);
    let told =
        ask(world.store.admin(), "GET", "/fhir/Patient/P-0001", &[(IDENTITY_HEADER, &world.signer.token())], "").await;
    assert_eq!(told.status, 404);
    let body = json!({ "person": "P-0001", "data": "x" }).to_string();
    let headers = [("content-type", "application/json")];
    assert_eq!(ask(world.store.admin(), "POST", "/stub/news", &headers, body).await.status, 204);
}

#[tokio::test]
async fn a_running_answer_is_finished_when_the_store_stops() {
    let world = World::new().await;
    let (address, token) = (world.store.address(), world.signer.token());
    let running =
        tokio::spawn(async move { ask(address, "GET", "/slow/300", &[(IDENTITY_HEADER, &token)], "").await.status });
    while world.store.counts().requests == 0 {
        tokio::time::sleep(std::time::Duration::from_millis(2)).await;
    }
    world.store.stop().await;
    assert_eq!(running.await.unwrap(), 200);
    assert!(tokio::net::TcpStream::connect(address).await.is_err());
}
