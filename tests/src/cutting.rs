//! Revocation and suspension end everything alive of the one concerned, and nothing of the neighbour (promise P2).

mod everything;

use std::time::{Duration, Instant};

use http::StatusCode;
use http_body_util::BodyExt as _;
use model::{Article, PersonId, Target, UserId, UserKey};
use registry::{Command, StopReason};
use tokio::time::timeout;

pub(crate) use self::everything::{Everything, drain, ends, socket};
use self::everything::{RECORD, STREAM};
use crate::world::streams::SOCKET;
pub(crate) use crate::world::streams::body;
use crate::world::{Ask, CARE, Http, PUBLIC, Plan, Tls, World};
use gateway::TlsProfile;
use gateway::bounds::WRITE_STALL_MAX;

const FHIR: &str = "application/fhir+json";

pub(crate) async fn compatible() -> World {
    World::planned(Plan { tls: TlsProfile::Compatibility, ..Plan::default() }).await
}

#[tokio::test]
async fn revoking_a_certificate_ends_everything_of_that_terminal_and_nothing_else() {
    let world = compatible().await;
    let victim = Everything::open(&world, "U-sato", "D-sato").await;
    let neighbour = Everything::open(&world, "U-nakamura", "D-nakamura").await;
    world.revoke("D-sato");
    victim.must_be_dead("certificate-revoked").await;
    neighbour.must_be_alive(&world).await;
}

#[tokio::test]
async fn suspending_a_user_id_ends_everything_of_it_and_nothing_else() {
    let world = compatible().await;
    let victim = Everything::open(&world, "U-sato", "D-sato").await;
    let neighbour = Everything::open(&world, "U-nakamura", "D-nakamura").await;
    world.officer(Command::Suspend {
        target: Target::UserId(UserId::new("U-sato").unwrap()),
        reason: "漏洩".to_owned(),
        article: Article::paragraph(29, 1),
        until: None,
    });
    victim.must_be_dead("refused").await;
    neighbour.must_be_alive(&world).await;
}

#[tokio::test]
async fn suspending_the_human_being_ends_his_user_ids() {
    let world = compatible().await;
    let victim = Everything::open(&world, "U-sato", "D-sato").await;
    world.officer(Command::Suspend {
        target: Target::User(UserKey::new("K-sato").unwrap()),
        reason: "資格停止".to_owned(),
        article: Article::paragraph(39, 2),
        until: None,
    });
    victim.must_be_dead("refused").await;
}

/// Consent is about one person: streams of that person end for everybody, connections and other persons go on.
#[tokio::test]
async fn withdrawn_consent_ends_streams_of_that_person_only() {
    let world = World::start().await;
    let (terminal, cookie) = world.signed_in("U-sato", "D-sato").await;
    let keys = world.keys("D-nakamura");
    let other = world.terminal_speaking(&keys, Http::Two, Tls::V13);
    let others = world.cookie(&other, "U-nakamura").await;
    let mut connection = terminal.connect().await.unwrap();
    let first = body(&mut connection, STREAM, &cookie, "text/event-stream").await;
    let mut two = other.connect().await.unwrap();
    let second = body(&mut two, STREAM, &others, "text/event-stream").await;
    let mut connection = terminal.connect().await.unwrap();
    let mut unaffected = body(&mut connection, "/feeds/notes?patient=P-0900", &cookie, "text/event-stream").await;
    world.clerk(Command::WithdrawConsent { person: PersonId::new("P-0001").unwrap(), reason: "申出".to_owned() });
    assert!(ends(first).await && ends(second).await);
    world.store.tell("P-0900", r#"{"resourceType":"Communication","id":"n","person":"P-0900"}"#);
    assert!(timeout(Duration::from_secs(2), unaffected.frame()).await.expect("no news").unwrap().is_ok());
    // The HTTP/2 connection itself goes on.
    assert_eq!(two.ask(Ask::get(RECORD).as_(&others)).await.unwrap().status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn stopping_the_service_ends_all_streams() {
    let world = World::start().await;
    let (terminal, cookie) = world.signed_in("U-sato", "D-sato").await;
    let mut connection = terminal.connect().await.unwrap();
    let stream = body(&mut connection, STREAM, &cookie, "text/event-stream").await;
    world.officer(Command::StopService { reason: StopReason::Urgent, text: String::new() });
    assert!(ends(stream).await);
}

/// What only the clock ends: the certificate's validity, the session, a membership.
#[tokio::test]
async fn the_clock_ends_streams_too() {
    let world = World::start().await;
    let (terminal, cookie) = world.signed_in("U-sato", "D-sato").await;
    let mut connection = terminal.connect().await.unwrap();
    let stream = body(&mut connection, STREAM, &cookie, "text/event-stream").await;
    world.shift_clock(13 * 3600);
    assert!(ends(stream).await, "the session is over, the stream is not");
}

#[tokio::test]
async fn nothing_is_left_behind_by_connections_that_end() {
    let world = World::start().await;
    let (terminal, cookie) = world.signed_in("U-sato", "D-sato").await;
    for _ in 0..20 {
        let mut connection = terminal.connect().await.unwrap();
        let stream = body(&mut connection, STREAM, &cookie, "text/event-stream").await;
        drop((stream, connection));
    }
    world.until("the register empties", |world| world.living() == (0, 0, 0)).await;
}

/// A new password ends every session of the old one, transfers included.
#[tokio::test]
async fn a_changed_password_ends_streams_of_the_old_session() {
    let world = World::start().await;
    let (terminal, cookie) = world.signed_in("U-sato", "D-sato").await;
    let mut connection = terminal.connect().await.unwrap();
    let stream = body(&mut connection, STREAM, &cookie, "text/event-stream").await;
    let change = serde_json::json!({ "current": crate::world::PASSWORD, "new": "a new one, 9 mountains" }).to_string();
    let changed = terminal.ask(Ask::post("/.sekisho/password", "application/json", change).as_(&cookie)).await.unwrap();
    assert_eq!(changed.status, StatusCode::OK, "{}", changed.text());
    assert!(ends(stream).await);
}

/// A client that does not let go of a cut stream over HTTP/2 (its window is shut, so hyper keeps the answer for it)
/// loses the connection, and what was kept with it.
#[tokio::test]
async fn a_stalled_stream_takes_its_connection_along() {
    let world = World::start().await;
    let keys = world.keys("D-sato");
    let cookie = world.cookie(&world.terminal_with(&keys), "U-sato").await;
    let tls = world.terminal_speaking(&keys, Http::Two, Tls::V13).raw().await.unwrap();
    let (mut sender, connection) = hyper::client::conn::http2::Builder::new(hyper_util::rt::TokioExecutor::new())
        .initial_stream_window_size(0)
        .handshake(hyper_util::rt::TokioIo::new(tls))
        .await
        .unwrap();
    let ended = tokio::spawn(connection);
    let request = http::Request::get(format!("https://{CARE}/fhir/Observation?patient=P-0001"))
        .header("cookie", &cookie)
        .body(http_body_util::Empty::<bytes::Bytes>::new())
        .unwrap();
    let response = sender.send_request(request).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    world.clerk(Command::WithdrawConsent { person: PersonId::new("P-0001").unwrap(), reason: "申出".to_owned() });
    let over = timeout(Duration::from_secs(5), ended).await;
    assert!(over.is_ok(), "the connection keeps what was withdrawn");
    drop(response);
}

/// Over HTTP/1.1 an answer is over for the gateway when it is buffered. Until its client asks for the next, it can still
/// be taken back.
#[tokio::test]
async fn an_answer_not_yet_taken_is_still_among_the_living() {
    let world = World::start().await;
    let (terminal, cookie) = world.signed_in("U-sato", "D-sato").await;
    let mut connection = terminal.connect().await.unwrap();
    let ask = || Ask::get("/fhir/Observation?patient=P-0001").as_(&cookie);
    assert_eq!(connection.ask(ask()).await.unwrap().status, StatusCode::OK);
    world.until("the answer lingers", |world| world.living().1 == 1).await;
    assert_eq!(connection.ask(ask()).await.unwrap().status, StatusCode::OK);
    world.until("only the last one lingers", |world| world.living().1 == 1).await;
    world.clerk(Command::WithdrawConsent { person: PersonId::new("P-0001").unwrap(), reason: "申出".to_owned() });
    assert!(connection.ask(ask()).await.is_err(), "the connection goes on");
    drop(connection);
    world.until("the register empties", |world| world.living() == (0, 0, 0)).await;
}

/// Over HTTP/2 an answer waits until its client opens a window for it. What has not been sent when consent is withdrawn is not
/// sent afterwards, however long the client waits.
#[tokio::test]
async fn an_answer_that_waits_for_its_client_is_taken_back() {
    let world = World::start().await;
    let keys = world.keys("D-sato");
    let terminal = world.terminal_speaking(&keys, Http::Two, Tls::V13);
    let cookie = world.cookie(&terminal, "U-sato").await;
    let mut connection = terminal.connect_narrow().await;
    let waiting = body(&mut connection, "/fhir/Observation?patient=P-0001", &cookie, FHIR).await;
    // It has long been buffered as far as it can be.
    tokio::time::sleep(Duration::from_millis(300)).await;
    world.clerk(Command::WithdrawConsent { person: PersonId::new("P-0001").unwrap(), reason: "申出".to_owned() });
    // At once, and not with the sweep a second later.
    let (received, broken) = drain(waiting).await;
    assert!(received <= 1 && broken, "{received} octets came after the withdrawal");
}

/// What a cut ended says so in the log: it was not the client who left.
#[tokio::test]
async fn the_log_says_that_it_was_a_cut() {
    for http in [Http::One, Http::Two] {
        let world = World::start().await;
        let keys = world.keys("D-sato");
        let terminal = world.terminal_speaking(&keys, http, Tls::V13);
        let cookie = world.cookie(&terminal, "U-sato").await;
        let mut connection = terminal.connect().await.unwrap();
        let stream = body(&mut connection, STREAM, &cookie, "text/event-stream").await;
        let socket = socket(&world, &keys, &cookie).await;
        world.revoke("D-sato");
        assert!(ends(stream).await);
        drop(socket);
        world
            .until("both have their outcome", |world| {
                let found = world.audit.search(&audit::Query::default()).unwrap().entries;
                found.len() == 2 && found.iter().all(|found| found.outcome.is_some())
            })
            .await;
        let found = world.audit.search(&audit::Query::default()).unwrap().entries;
        let ends: Vec<_> = found.iter().map(|found| found.outcome.as_ref().unwrap().ended).collect();
        assert_eq!(ends, [audit::Ended::Cut; 2]);
    }
}

/// A client that asks and asks and takes nothing is let go: its answers lie in the kernel's memory.
#[tokio::test]
async fn a_client_that_takes_nothing_is_cut() {
    use tokio::io::AsyncWriteExt as _;
    let world = World::start().await;
    let mut tls = world.stranger(PUBLIC).raw().await.unwrap();
    let ask = format!("GET / HTTP/1.1\r\nhost: {PUBLIC}\r\n\r\n").repeat(2000);
    let writing = async {
        // It does not read, so at some point it cannot write either.
        while tls.write_all(ask.as_bytes()).await.is_ok() {}
    };
    timeout(WRITE_STALL_MAX + Duration::from_secs(20), writing).await.expect("it is still connected");
}

/// A request that was begun before the user signed out and is finished afterwards changes nothing.
#[tokio::test]
async fn signing_out_ends_a_request_that_is_still_arriving() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let world = World::start().await;
    let keys = world.keys("D-sato");
    let terminal = world.terminal_with(&keys);
    let cookie = world.cookie(&terminal, "U-sato").await;
    let note = r#"{"resourceType":"Communication","status":"completed","subject":{"reference":"Patient/P-0001"}}"#;
    let head = format!(
        "POST /fhir/Communication HTTP/1.1\r\nhost: {CARE}\r\ncookie: {cookie}\r\n\
         content-type: application/fhir+json\r\ncontent-length: {}\r\n\r\n",
        note.len()
    );
    let (first, rest) = note.split_at(40);
    let mut tls = terminal.raw().await.unwrap();
    tls.write_all(format!("{head}{first}").as_bytes()).await.unwrap();
    tls.flush().await.unwrap();
    tokio::time::sleep(Duration::from_millis(200)).await;
    let mut out = Ask::get("/.sekisho/session").as_(&cookie);
    out.method = http::Method::DELETE;
    assert_eq!(terminal.ask(out).await.unwrap().status, StatusCode::NO_CONTENT);
    tls.write_all(rest.as_bytes()).await.unwrap();
    tls.flush().await.unwrap();
    let mut answer = vec![0; 4096];
    let read = timeout(Duration::from_secs(2), tls.read(&mut answer)).await.unwrap().unwrap_or(0);
    let answer = String::from_utf8_lossy(&answer[..read]);
    assert!(answer.starts_with("HTTP/1.1 401"), "{answer}");
    assert!(world.store_saw().is_empty(), "{:?}", world.store_saw());
}

/// A WebSocket asks nobody (no CORS), and a sibling host is "same-site": only our own pages may open one.
#[tokio::test]
async fn a_page_of_another_host_opens_no_socket_and_writes_nothing() {
    let world = World::start().await;
    let (terminal, cookie) = world.signed_in("U-sato", "D-sato").await;
    for (name, value) in [("origin", "https://www.sekisho.localhost"), ("sec-fetch-site", "same-site")] {
        let socket = Ask::get(SOCKET)
            .as_(&cookie)
            .with("connection", "upgrade")
            .with("upgrade", "websocket")
            .with("sec-websocket-version", "13")
            .with("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")
            .with(name, value);
        let write = Ask::post("/fhir/Communication", "application/fhir+json", "{}").as_(&cookie).with(name, value);
        for ask in [socket, write] {
            let reply = terminal.ask(ask).await.unwrap();
            assert_eq!((reply.status, reply.code().as_str()), (StatusCode::FORBIDDEN, "foreign-form"), "{name}");
        }
    }
    assert!(world.store_saw().is_empty());
}

/// A quick look at speed, far from a benchmark: one revocation ends a stream well within a second.
#[tokio::test]
async fn the_cut_does_not_wait() {
    let world = World::start().await;
    let (terminal, cookie) = world.signed_in("U-sato", "D-sato").await;
    let mut connection = terminal.connect().await.unwrap();
    let stream = body(&mut connection, STREAM, &cookie, "text/event-stream").await;
    let begun = Instant::now();
    world.revoke("D-sato");
    assert!(ends(stream).await);
    assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
}
