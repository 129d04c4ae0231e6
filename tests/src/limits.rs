//! Too much of one is refused with a time to wait; the neighbour does not notice, and waiting helps (promises P9, P11).

use anomaly::Quota;
use audit::Verdict;
use gateway::bounds::REQUESTS_PER_USER_MAX;
use gateway::{Rates, SessionLimits};
use http::{Method, StatusCode};
use hyper::body::Incoming;

use crate::cutting::body;
use crate::world::{Ask, CARE, Connection, Http, PUBLIC, Plan, Reply, Terminal, Tls, World};

const RECORD: &str = "/fhir/Patient/P-0001";
const STREAM: &str = "/feeds/notes?patient=P-0001";
/// Far longer than a test takes, so that nothing is given back while it runs but by its own moving of the clock.
const SECONDS_EACH: i64 = 600;

fn plenty() -> Quota {
    Quota::new(100_000, 1, 100_000)
}

/// `burst` at once, then one every [`SECONDS_EACH`].
fn scarce(burst: u32) -> Quota {
    Quota::new(1, u32::try_from(SECONDS_EACH).unwrap(), burst)
}

/// A city with these rates, one worker (limits are each worker's own), and sessions that outlast the waiting.
async fn city(rates: Rates) -> World {
    let limits = SessionLimits { idle_seconds: 9000, absolute_seconds: 9000 };
    World::planned(Plan { rates, limits, workers: 1, trusting_store: true, ..Plan::default() }).await
}

async fn get(terminal: &Terminal, cookie: &str) -> Reply {
    terminal.ask(Ask::get(RECORD).as_(cookie)).await.unwrap()
}

/// It is a 429 that says so in every way: to programs, to people, and for how long. Gives the seconds.
async fn must_be_too_many(terminal: &Terminal, cookie: &str, limit: &str) -> i64 {
    let reply = get(terminal, cookie).await;
    assert_eq!(reply.status, StatusCode::TOO_MANY_REQUESTS, "{}", reply.text());
    assert_eq!(reply.headers["content-type"], "application/problem+json");
    let problem = reply.json();
    assert_eq!(problem["code"], "too-many-requests");
    assert_eq!(problem["status"], 429);
    assert!(problem["detail"].as_str().unwrap().ends_with(&format!("Limit: {limit}.")), "{problem}");
    let seconds = problem["retry_after_seconds"].as_i64().unwrap();
    assert_eq!(reply.headers["retry-after"], seconds.to_string());
    let page = terminal.ask(Ask::get(RECORD).as_(cookie).with("accept", "text/html")).await.unwrap();
    assert_eq!(page.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(page.text().contains("<html lang=\"ja\""), "{}", page.text());
    assert!(page.headers.contains_key("retry-after"));
    seconds
}

/// After the time said, one request fits again, and no more: refusals have cost nothing and given nothing.
async fn waiting_helps(world: &World, terminal: &Terminal, cookie: &str, seconds: i64) {
    assert!((1..=SECONDS_EACH).contains(&seconds), "{seconds}");
    world.shift_clock(seconds);
    assert_eq!(get(terminal, cookie).await.status, StatusCode::OK);
    assert_eq!(get(terminal, cookie).await.status, StatusCode::TOO_MANY_REQUESTS);
}

#[tokio::test]
async fn a_device_that_asks_too_often_waits_and_its_neighbour_does_not() {
    const BURST: u32 = 5;
    let world = city(Rates { per_source: plenty(), per_device: scarce(BURST), per_user: plenty() }).await;
    let (terminal, cookie) = world.signed_in("U-sato", "D-sato").await;
    // Signing in was the first.
    for number in 1..BURST {
        assert_eq!(get(&terminal, &cookie).await.status, StatusCode::OK, "request {number}");
    }
    world.store.clear_requests();
    let seconds = must_be_too_many(&terminal, &cookie, "device").await;
    assert!(world.store.requests().is_empty(), "what was refused reached the store");
    // The limit is the terminal's: no password is tried on it either, whoever it is.
    let refused = terminal.sign_in("U-ono", world.changed_password("U-ono")).await.unwrap_err();
    assert_eq!((refused.status, refused.code().as_str()), (StatusCode::TOO_MANY_REQUESTS, "too-many-requests"));
    let (neighbour, neighbours) = world.signed_in("U-ono", "D-ono").await;
    assert_eq!(get(&neighbour, &neighbours).await.status, StatusCode::OK);
    waiting_helps(&world, &terminal, &cookie, seconds).await;
}

/// What is refused before anybody asks who it is, and pages that ask nobody, count like requests: a stolen terminal cannot have a
/// worker refuse for as long as it likes.
#[tokio::test]
async fn nothing_that_a_terminal_asks_for_is_free() {
    let asked = |method: Method, target: &str| Ask { method, ..Ask::get(target) };
    let cases = [
        (asked(Method::OPTIONS, RECORD), 405),
        (asked(Method::POST, RECORD).with("origin", "https://elsewhere.example"), 403),
        (asked(Method::GET, "/nothing"), 404),
        (asked(Method::GET, "/%2e"), 400),
        (asked(Method::PATCH, "/.sekisho/sign-in"), 405),
        (asked(Method::POST, "/.sekisho/sign-in").with("origin", "https://elsewhere.example"), 403),
        (asked(Method::GET, "/.sekisho/style.css"), 200),
        (asked(Method::GET, "/.sekisho/problems/unreadable"), 200),
        (asked(Method::GET, "/?lang=en"), 303),
    ];
    let burst = u32::try_from(cases.len()).unwrap();
    let world = city(Rates { per_source: plenty(), per_device: scarce(burst), per_user: plenty() }).await;
    let terminal = world.terminal("D-sato");
    for limited in [false, true] {
        for (ask, status) in &cases {
            let reply = terminal.ask(ask.clone()).await.unwrap();
            let wanted = if limited { 429 } else { *status };
            assert_eq!(reply.status, wanted, "{ask:?}");
        }
    }
}

#[tokio::test]
async fn a_user_id_that_asks_too_often_waits_on_every_terminal() {
    const BURST: u32 = 3;
    let world = city(Rates { per_source: plenty(), per_device: plenty(), per_user: scarce(BURST) }).await;
    let (terminal, cookie) = world.signed_in("U-sato", "D-sato").await;
    let (other, colleagues) = world.signed_in("U-ono", "D-ono").await;
    let elsewhere = world.cookie(&other, "U-sato").await;
    for number in 0..BURST {
        assert_eq!(get(&terminal, &cookie).await.status, StatusCode::OK, "request {number}");
    }
    let seconds = must_be_too_many(&terminal, &cookie, "user").await;
    let last = world.entries().pop().unwrap();
    assert_eq!((last.verdict, last.reason.as_str()), (Verdict::Refused, "too-many-requests"));
    must_be_too_many(&other, &elsewhere, "user").await;
    assert_eq!(get(&other, &colleagues).await.status, StatusCode::OK, "a colleague on the same terminal");
    waiting_helps(&world, &terminal, &cookie, seconds).await;
}

/// Whoever shows no device is held to what one address may ask; terminals behind the same address are not.
#[tokio::test]
async fn strangers_of_one_address_wait_and_its_terminals_do_not() {
    const BURST: u32 = 4;
    let world = city(Rates { per_source: scarce(BURST), per_device: plenty(), per_user: plenty() }).await;
    let stranger = world.stranger(PUBLIC);
    let ask = async || stranger.ask(Ask::get("/").with("accept", "text/html")).await.unwrap();
    for number in 0..BURST {
        assert_eq!(ask().await.status, StatusCode::OK, "request {number}");
    }
    let refused = ask().await;
    assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
    let seconds: i64 = refused.headers["retry-after"].to_str().unwrap().parse().unwrap();
    let other = world.stranger(CARE).ask(Ask::get(RECORD)).await.unwrap();
    assert_eq!(other.status, StatusCode::TOO_MANY_REQUESTS, "the pages that explain cost as much");
    let (terminal, cookie) = world.signed_in("U-sato", "D-sato").await;
    assert_eq!(get(&terminal, &cookie).await.status, StatusCode::OK);
    world.shift_clock(seconds);
    assert_eq!(ask().await.status, StatusCode::OK);
}

/// As many streams as one user ID may have at once.
async fn all_places(connection: &mut Connection, cookie: &str) -> Vec<Incoming> {
    let mut streams = Vec::new();
    for _ in 0..REQUESTS_PER_USER_MAX {
        streams.push(body(connection, STREAM, cookie, "text/event-stream").await);
    }
    streams
}

#[tokio::test]
async fn too_much_at_once_waits_until_places_are_given_back() {
    let world = city(Rates { per_source: plenty(), per_device: plenty(), per_user: plenty() }).await;
    let keys = world.keys("D-sato");
    let (one, two) = (world.terminal_with(&keys), world.terminal_speaking(&keys, Http::Two, Tls::V13));
    let cookie = world.cookie(&one, "U-sato").await;
    let mut connection = two.connect().await.unwrap();
    let mut streams = all_places(&mut connection, &cookie).await;
    assert_eq!(must_be_too_many(&one, &cookie, "user").await, 1);
    let (neighbour, neighbours) = world.signed_in("U-nakamura", "D-nakamura").await;
    assert_eq!(get(&neighbour, &neighbours).await.status, StatusCode::OK);

    // One stream ends: one place is free, and not two.
    drop(streams.pop());
    let all_but_one = usize::try_from(REQUESTS_PER_USER_MAX).unwrap() - 1;
    world.until("the place is given back", |world| world.living().1 <= all_but_one).await;
    let mut single = one.connect().await.unwrap();
    let stream = body(&mut single, STREAM, &cookie, "text/event-stream").await;
    must_be_too_many(&one, &cookie, "user").await;

    // The client leaves: all are free.
    drop((streams, connection, stream, single));
    world.until("all places are given back", |world| world.living().1 == 0).await;
    let mut connection = two.connect().await.unwrap();
    let streams = all_places(&mut connection, &cookie).await;
    must_be_too_many(&one, &cookie, "user").await;
    drop(streams);
}
