//! Consent is withdrawn while 10,000 streams about the person are open: how long until the last byte?
//!
//! `cargo run --release -p tests --example withdraw [STREAMS]` (10,000 if not given). A whole city on loopback; the store runs in a
//! process of its own, because one process may not have as many descriptors as this takes. A large team has
//! event streams open over HTTP/2, sixty on a connection; sixty streams about somebody else are open beside them. One command withdraws
//! the consent. Measured is when each stream's client sees its end, from when the command was called and from when it had returned.
//! Exit code 1 if a stream did not end, or a neighbour's did.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a measuring tool stops at once"
)]

mod shared;

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use http_body_util::BodyExt as _;
use registry::Command;
use shared::statistics::quantile;
use shared::store::{self, Store};
use shared::world::{Ask, Http, Plan, Tls, World};
use shared::{house, world};

const A_CONNECTION: usize = 60;
const END_MAX: Duration = Duration::from_secs(20);

fn main() -> ExitCode {
    let first = std::env::args().nth(1);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    if store::is_asked_for() {
        return runtime.block_on(store::serve());
    }
    let streams = first.map_or(10_000, |text| text.parse().expect("a number of streams"));
    let good = runtime.block_on(measure(streams));
    // Streams are open on purpose; nobody waits for them.
    std::process::exit(i32::from(!good));
}

async fn measure(streams: usize) -> bool {
    let store = Store::start();
    let world = World::planned(Plan { store: Some(store.address), workers: 4, ..Plan::default() }).await;
    let terminal = world.terminal_speaking(&world.keys("D-sato"), Http::Two, Tls::V13);
    let (ended, hurt) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (mut ends, mut opened) = (Vec::new(), 0);
    // A user ID may have so many requests in flight, so it takes many: each with a connection of its own.
    let users = streams.div_ceil(A_CONNECTION);
    for number in 0..users {
        let user_id = world.another_nurse(&format!("nurse-{number}"), &["P-0001"]);
        let cookie = world.cookie(&terminal, &user_id).await;
        let mut connection = terminal.connect().await.unwrap();
        for _ in 0..A_CONNECTION.min(streams - opened) {
            ends.push(open(&mut connection, &cookie, "P-0001", &ended).await);
            opened += 1;
        }
    }
    let cookie = world.cookie(&terminal, "U-sato").await;
    let mut connection = terminal.connect().await.unwrap();
    for _ in 0..A_CONNECTION {
        open(&mut connection, &cookie, "P-0002", &hurt).await;
    }
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!((ended.load(Ordering::Relaxed), hurt.load(Ordering::Relaxed)), (0, 0), "before the withdrawal");
    println!("{opened} event streams about the person open, {A_CONNECTION} about a neighbour");

    let registry = world.registry.clone();
    let now = world.now();
    let (called, returned) = tokio::task::spawn_blocking(move || {
        let called = Instant::now();
        let person = "P-0001".parse().unwrap();
        let command = Command::WithdrawConsent { person, reason: "試験".to_owned() };
        registry.execute(command, world::city::clerk(), now).unwrap();
        (called, Instant::now())
    })
    .await
    .unwrap();
    let mut times = Vec::new();
    for end in ends {
        if let Ok(Ok(at)) = tokio::time::timeout(END_MAX, end).await {
            times.push(at);
        }
    }
    times.sort();
    let missing = opened - times.len();
    let millis = |at: Instant, since: Instant| {
        at.checked_duration_since(since).map_or_else(|| -(since - at).as_secs_f64(), |after| after.as_secs_f64()) * 1e3
    };
    println!("the command took {:.2} ms", (returned - called).as_secs_f64() * 1e3);
    println!("| end seen | from the call | from the return |\n|---|---|---|");
    for (name, share) in [("first", 0.0), ("p50", 0.5), ("p99", 0.99), ("last", 1.0)] {
        let at = quantile(&times, share).expect("a stream that ended");
        println!("| {name} | {:.2} ms | {:.2} ms |", millis(at, called), millis(at, returned));
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    let hurt = hurt.load(Ordering::Relaxed);
    println!("{missing} streams did not end; {hurt} of {A_CONNECTION} neighbours hurt");
    store.stop();
    missing == 0 && hurt == 0
}

/// Opens a stream; the task says when it ended.
async fn open(
    connection: &mut world::Connection,
    cookie: &str,
    person: &str,
    ended: &Arc<AtomicUsize>,
) -> tokio::task::JoinHandle<Instant> {
    let ask = Ask::get(&format!("/feeds/notes?patient={person}")).as_(cookie).with("accept", "text/event-stream");
    let response = connection.start(ask).await.unwrap();
    assert_eq!(response.status(), http::StatusCode::OK);
    let (mut body, ended) = (response.into_body(), Arc::clone(ended));
    tokio::spawn(async move {
        while let Some(Ok(_)) = body.frame().await {}
        let at = Instant::now();
        ended.fetch_add(1, Ordering::Relaxed);
        at
    })
}
