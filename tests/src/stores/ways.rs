//! Whatever the way to the store, everything that a terminal can have open works over it, and is cut alone (promise P2). A store
//! that is not known is not asked.

use gateway::{Server, StoreProtocol, StoreSettings};
use http::StatusCode;

use super::front::{Front, NAME};
use crate::cutting::Everything;
use crate::world::{Ask, Plan, World};
use gateway::TlsProfile;

const RECORD: &str = "/fhir/Patient/P-0001";

/// A city whose store is reached so. The front goes with what is returned.
async fn city(reached: impl FnOnce(&Front) -> Server + 'static, protocol: StoreProtocol) -> (World, Front) {
    let (tell, told) = std::sync::mpsc::channel();
    let plan = Plan {
        tls: TlsProfile::Compatibility,
        reached: Some(Box::new(move |store| {
            let front = Front::before(store);
            let settings = StoreSettings { protocol, ..StoreSettings::of(vec![reached(&front)]) };
            tell.send(front).unwrap();
            settings
        })),
        ..Plan::default()
    };
    let world = World::planned(plan).await;
    (world, told.recv().unwrap())
}

/// Reads, writes and streams; one terminal's are cut, and the neighbour's go on: over HTTP/2 to the store they share a
/// connection.
async fn everything_works(reached: impl FnOnce(&Front) -> Server + 'static, protocol: StoreProtocol, spoken: &str) {
    let (world, front) = city(reached, protocol).await;
    let (terminal, cookie) = world.signed_in("U-sato", "D-sato").await;
    let note = serde_json::json!({
        "resourceType": "Communication", "status": "completed", "subject": { "reference": "Patient/P-0001" }
    });
    let write = Ask::post("/fhir/Communication", "application/fhir+json", note.to_string()).as_(&cookie);
    let written = terminal.ask(write).await.unwrap();
    assert_eq!(written.status, StatusCode::CREATED, "{}", written.text());
    let upload = Ask::post("/fhir/Binary", "image/jpeg", vec![7_u8; 3_000_000]).as_(&cookie);
    let uploaded = terminal.ask(upload.with("x-security-context", "Patient/P-0001")).await.unwrap();
    assert_eq!(uploaded.status, StatusCode::CREATED, "{}", uploaded.text());
    let search = Ask::get("/fhir/Observation?patient=P-0001&_count=5").as_(&cookie);
    let found = terminal.ask(search).await.unwrap();
    assert_eq!(found.status, StatusCode::OK, "{}", found.text());
    let victim = Everything::open(&world, "U-sato", "D-sato").await;
    let neighbour = Everything::open(&world, "U-nakamura", "D-nakamura").await;
    world.revoke("D-sato");
    victim.must_be_dead("certificate-revoked").await;
    neighbour.must_be_alive(&world).await;
    let asked = front.asked();
    let lines = asked.lines().filter(|line| line.contains("GET /fhir/Patient/P-0001")).collect::<Vec<_>>();
    assert!(!lines.is_empty() && lines.iter().all(|line| line.contains(spoken)), "{lines:?}");
}

#[tokio::test]
async fn everything_works_over_a_socket_of_the_machine() {
    Box::pin(everything_works(Front::by_socket, StoreProtocol::Http1, "HTTP/1.1\"")).await;
}

#[tokio::test]
async fn everything_works_over_tls() {
    Box::pin(everything_works(|front| front.over_tls("anchor"), StoreProtocol::Http1, "HTTP/1.1\"")).await;
}

#[tokio::test]
async fn everything_works_over_mutual_tls_and_http2() {
    let reached = |front: &Front| front.over_mutual_tls(Some("us"));
    Box::pin(everything_works(reached, StoreProtocol::Http2, "HTTP/2.0\"")).await;
}

/// Nothing of a request is sent to a store that is not the one: no identity token, no record.
#[tokio::test]
async fn a_store_that_is_not_known_is_not_asked() {
    type Reached = fn(&Front) -> Server;
    let strangers: [(&str, Reached); 4] = [
        ("another authority's certificate", |front| front.over_tls("stranger")),
        ("another name", |front| front.known_as("elsewhere.internal")),
        ("no certificate of ours", |front| front.over_mutual_tls(None)),
        ("a certificate that it does not know", |front| front.over_mutual_tls(Some("them"))),
    ];
    assert_ne!(NAME, "elsewhere.internal");
    for (what, reached) in strangers {
        let (world, _front) = city(reached, StoreProtocol::Http1).await;
        let (terminal, cookie) = world.signed_in("U-sato", "D-sato").await;
        let reply = terminal.ask(Ask::get(RECORD).as_(&cookie)).await.unwrap();
        // nginx says over TLS that it wants a certificate (400); else there is no TLS.
        assert!(!reply.status.is_success(), "{what}: {}", reply.text());
        assert!(!reply.text().contains("P-0001"), "{what}");
        assert!(world.store.requests().is_empty(), "{what}");
    }
}

/// And a certificate by an address works as one by a name does.
#[tokio::test]
async fn a_store_may_be_known_by_its_address() {
    let (world, _front) = city(|front| front.known_as("127.0.0.1"), StoreProtocol::Http2).await;
    let (terminal, cookie) = world.signed_in("U-sato", "D-sato").await;
    assert_eq!(terminal.ask(Ask::get(RECORD).as_(&cookie)).await.unwrap().status, StatusCode::OK);
}
