//! A gateway that does not hear from its registry: for a moment care goes on, then no record is served on old facts
//! (promise P2), and when the database is back, all is as before, nobody acting.

use std::time::{Duration, Instant};

use gateway::bounds::REGISTRY_SILENCE_MAX;
use http::StatusCode;
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use tokio::time::timeout;

use crate::cutting::{body, socket};
use crate::world::{Ask, Http, Line, PASSWORD, PUBLIC, Plan, Tls, World, postgres};

const RECORD: &str = "/fhir/Patient/P-0001";
const STREAM: &str = "/feeds/notes?patient=P-0001";
/// For what comes by itself within a second or so on a machine that is not busy.
const SOON: Duration = Duration::from_secs(15);

/// Reads until it ends or breaks off.
async fn ended(mut body: Incoming) {
    while let Some(Ok(_)) = body.frame().await {}
}

/// From everyday care into silence and back.
async fn into_silence_and_back(world: &World, fall_silent: impl FnOnce(), come_back: impl FnOnce()) {
    use futures_util::StreamExt as _;
    let keys = world.keys("D-sato");
    let terminal = world.terminal_with(&keys);
    let cookie = world.cookie(&terminal, "U-sato").await;
    let get = || terminal.ask(Ask::get(RECORD).as_(&cookie));
    let mut one = terminal.connect().await.unwrap();
    let stream = body(&mut one, STREAM, &cookie, "text/event-stream").await;
    let mut two = world.terminal_speaking(&keys, Http::Two, Tls::V13).connect().await.unwrap();
    let stream_two = body(&mut two, STREAM, &cookie, "text/event-stream").await;
    let mut third = terminal.connect().await.unwrap();
    let trickle = body(&mut third, "/fhir/Binary/trickle", &cookie, "*/*").await;
    let mut socket = socket(world, &keys, &cookie).await;

    let begun = Instant::now();
    fall_silent();
    let refused = loop {
        let reply = get().await.unwrap();
        if reply.status != StatusCode::OK {
            break reply;
        }
        assert!(begun.elapsed() < REGISTRY_SILENCE_MAX + SOON, "records are served on old facts");
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    // A hiccup of the database is not felt at the bedside (promise P11).
    assert!(begun.elapsed() > REGISTRY_SILENCE_MAX - Duration::from_secs(1), "after {:?} already", begun.elapsed());
    assert_eq!((refused.status, refused.code().as_str()), (StatusCode::SERVICE_UNAVAILABLE, "registry-stale"));
    assert!(refused.headers.contains_key("retry-after"));
    let all = async {
        tokio::join!(ended(stream), ended(stream_two), ended(trickle));
        while let Some(Ok(_)) = socket.next().await {}
    };
    timeout(SOON, all).await.expect("a stream of records goes on upon old facts");

    world.store.clear_requests();
    let note = r#"{"resourceType":"Communication","status":"completed","subject":{"reference":"Patient/P-0001"}}"#;
    let write = Ask::post("/fhir/Communication", "application/fhir+json", note).as_(&cookie);
    assert_eq!(terminal.ask(write).await.unwrap().code(), "registry-stale");
    assert_eq!(terminal.sign_in("U-sato", PASSWORD).await.unwrap_err().code(), "registry-stale");
    assert!(world.store.requests().is_empty(), "{:?}", world.store_saw());
    let page = world.stranger(PUBLIC).ask(Ask::get("/").with("accept", "text/html")).await.unwrap();
    assert_eq!(page.status, StatusCode::OK, "public information stays open");
    assert!(page.text().contains("みずかど訪問看護ステーション"), "the public page shows what was last known");

    come_back();
    let back = async {
        while get().await.unwrap().status != StatusCode::OK {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(SOON, back).await.expect("it does not recover");
    // It hears again: what is decided now bites.
    let mut again = terminal.connect().await.unwrap();
    let stream = body(&mut again, STREAM, &cookie, "text/event-stream").await;
    world.revoke("D-sato");
    timeout(SOON, ended(stream)).await.expect("a revocation does not bite");
    assert_eq!(get().await.unwrap().code(), "certificate-revoked");
    world.audit.verify().unwrap();
}

#[tokio::test]
async fn a_registry_whose_database_is_stopped_serves_no_record_until_it_is_back() {
    let Some(server) = postgres() else { return };
    let world = World::planned(Plan { registry: Some(server.place()), ..Plan::default() }).await;
    into_silence_and_back(
        &world,
        || server.stop_server().unwrap(),
        || {
            std::thread::scope(|scope| scope.spawn(|| server.start_server().unwrap()).join().unwrap());
        },
    )
    .await;
}

/// The worse silence: no error, no end of a connection, just nothing.
#[tokio::test]
async fn a_registry_whose_line_is_dead_serves_no_record_until_it_is_mended() {
    let Some(server) = postgres() else { return };
    let line = Line::to(&server);
    let world = World::planned(Plan { registry: Some(line.place(server.place())), ..Plan::default() }).await;
    into_silence_and_back(&world, || line.cut(), || line.mend()).await;
}
