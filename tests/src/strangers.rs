//! Whoever has no standing certificate: no page of records, an explanation for people, nothing for anybody else.

use http::StatusCode;
use model::DeviceId;

use crate::world::{Ask, Authority, CARE, PUBLIC, Plan, Terminal, World};
use gateway::Strictness;

const RECORD: &str = "/fhir/Patient/P-0001";

/// Every address of the care host, and what it says to somebody without a certificate.
const ADDRESSES: &[(&str, &str)] = &[
    ("GET", "/"),
    ("GET", "/.sekisho/sign-in"),
    ("POST", "/.sekisho/sign-in"),
    ("POST", "/.sekisho/session"),
    ("DELETE", "/.sekisho/session"),
    ("GET", "/.sekisho/password"),
    ("POST", "/.sekisho/password"),
    ("GET", "/.sekisho/history"),
    ("GET", "/.sekisho/connection"),
    ("GET", "/.sekisho/terminals/expiring"),
    ("POST", "/.sekisho/sign-out"),
    ("GET", RECORD),
    ("GET", "/fhir/Observation?patient=P-0001"),
    ("POST", "/fhir/Communication"),
    ("PUT", "/fhir/Communication/x"),
    ("GET", "/feeds/notes?patient=P-0001"),
    ("GET", "/feeds/notes/socket?patient=P-0001"),
    ("GET", "/nothing/here"),
];

fn ask(method: &str, target: &str) -> Ask {
    let mut ask = Ask::get(target);
    ask.method = method.parse().unwrap();
    ask
}

async fn must_be_told(terminal: &Terminal, status: StatusCode, code: &str) {
    // The explanation stays as long as its reader needs: the clock cuts what stood once, not what never did.
    let mut patient = terminal.connect().await.unwrap();
    tokio::time::sleep(std::time::Duration::from_millis(1300)).await;
    assert_eq!(patient.ask(Ask::get("/")).await.unwrap().code(), code);
    for (method, target) in ADDRESSES {
        let reply = terminal.ask(ask(method, target)).await.unwrap();
        assert_eq!(reply.status, status, "{method} {target}: {}", reply.text());
        assert_eq!(reply.code(), code, "{method} {target}");
    }
    let page = terminal.ask(Ask::get("/").with("accept", "text/html")).await.unwrap();
    assert!(page.text().contains("<html lang=\"ja\""), "{}", page.text());
    assert_eq!(page.status, status);
}

/// Somebody has a key that he should not have: the handshake fails, and no word of ours is spent on him.
async fn must_meet_an_alert(terminal: &Terminal) {
    let refused = terminal.ask(Ask::get(RECORD)).await;
    assert!(refused.is_err(), "{refused:?}");
}

#[tokio::test]
async fn without_a_certificate_there_is_an_explanation_and_nothing_else() {
    let world = World::start().await;
    must_be_told(&world.stranger(CARE), StatusCode::UNAUTHORIZED, "certificate-missing").await;
    assert!(world.store.requests().is_empty());
}

#[tokio::test]
async fn what_has_ended_is_told_so_and_what_is_unknown_is_told_nothing() {
    let world = World::start().await;
    let device = DeviceId::new("D-sato").unwrap();

    let then = world.now().plus_seconds(-100 * 86_400);
    let (expired, keys) = world.authority.sign(&device, then, 30);
    world.record_at(&device, &expired, then);
    must_be_told(&world.terminal_with(&keys), StatusCode::FORBIDDEN, "certificate-expired").await;

    // Promise P7: correctly signed, not in the registry.
    let (_, keys) = world.authority.sign(&device, world.now(), 180);
    must_meet_an_alert(&world.terminal_with(&keys)).await;

    // The same serial number and the same device, signed by the same key, but not the certificate that was recorded.
    let (recorded, other) = world.authority.twins(&device, world.now());
    world.record(&device, &recorded);
    must_meet_an_alert(&world.terminal_with(&other)).await;

    let terminal = world.terminal("D-sato");
    world.revoke("D-sato");
    must_be_told(&terminal, StatusCode::FORBIDDEN, "certificate-revoked").await;
    assert!(world.store.requests().is_empty());
}

#[tokio::test]
async fn a_certificate_of_another_authority_does_not_get_through_the_handshake() {
    let world = World::start().await;
    let other = Authority::new(world.now().plus_seconds(-86_400));
    let (_, keys) = other.sign(&DeviceId::new("D-sato").unwrap(), world.now(), 180);
    let terminal = Terminal::new(world.address, CARE, &world.authority.root_der(), Some(&keys));
    // TLS 1.3: the client learns of it with its first read.
    let refused = terminal.ask(Ask::get(RECORD)).await;
    assert!(refused.is_err(), "{refused:?}");
}

#[tokio::test]
async fn under_strict_settings_the_handshake_itself_refuses() {
    let world = World::planned(Plan { strictness: Strictness::Alert, ..Plan::default() }).await;
    assert!(world.stranger(CARE).ask(Ask::get(RECORD)).await.is_err());
    let (terminal, cookie) = world.signed_in("U-sato", "D-sato").await;
    assert_eq!(terminal.ask(Ask::get(RECORD).as_(&cookie)).await.unwrap().status, StatusCode::OK);
    world.revoke("D-sato");
    assert!(world.terminal_with(&world.keys("D-kato")).ask(Ask::get("/")).await.is_ok());
    assert!(terminal.ask(Ask::get(RECORD).as_(&cookie)).await.is_err());
}

#[tokio::test]
async fn the_public_host_is_open_and_leads_nowhere_else() {
    let world = World::start().await;
    let anyone = world.stranger(PUBLIC);
    let page = anyone.ask(Ask::get("/").with("accept", "text/html")).await.unwrap();
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.text().contains("水花道在宅クリニック"), "{}", page.text());
    for target in [RECORD, "/.sekisho/sign-in", "/feeds/notes?patient=P-0001"] {
        assert_eq!(anyone.ask(Ask::get(target)).await.unwrap().status, StatusCode::NOT_FOUND, "{target}");
    }
    // A connection opened for the public host is no way to the care host.
    let crossing = anyone.ask(Ask::get(RECORD).with("host", CARE)).await.unwrap();
    assert_eq!(crossing.status, StatusCode::MISDIRECTED_REQUEST);
    assert!(world.store.requests().is_empty());
}

#[tokio::test]
async fn a_terminal_of_another_facility_is_refused_with_the_article() {
    let world = World::start().await;
    // The nurse's ID and password, typed on the pharmacy's terminal.
    let terminal = world.terminal("D-kobayashi");
    let password = world.changed_password("U-sato");
    let reply = terminal.sign_in("U-sato", password).await.unwrap_err();
    assert_eq!(reply.status, StatusCode::FORBIDDEN, "{}", reply.text());
    assert_eq!(reply.code(), "refused");
    let articles = reply.json()["articles"].to_string();
    assert!(articles.contains("38") || articles.contains("37"), "{articles}");
    // And a session made on the right terminal is worthless on the other.
    let first = world.first_password("U-kato");
    let unchanged = terminal.sign_in("U-kato", &first).await.unwrap_err();
    assert_eq!(unchanged.code(), "refused", "the first password opens no other facility's terminal either");
    let (_, cookie) = world.signed_in("U-sato", "D-sato").await;
    let stolen = terminal.ask(Ask::get(RECORD).as_(&cookie)).await.unwrap();
    assert_eq!((stolen.status, stolen.code().as_str()), (StatusCode::UNAUTHORIZED, "session-ended"));
}
