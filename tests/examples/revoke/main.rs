//! Revocation among many: how long until the last byte, with 10,000 connections open; how long for 1,000 terminals in one act;
//! and how much a reader still gets that had stopped reading.
//!
//! `cargo run --release -p tests --example revoke [CONNECTIONS] [TRIALS] [DEVICES] [STREAMS]` (10,000, 200, 1,000 and 6,500 if not
//! given). A whole city on loopback; the store and the neighbours run in processes of their own. Each connection is a neighbour's;
//! so many have an event stream on it, the others ask for a record now and then: one process may have 20,000 descriptors here, and
//! a stream takes the gateway two. A trial opens an event stream on a new terminal and revokes it; measured is when its client sees
//! the end, from when the command was called and from when it had returned. Clients, gateway and command share the machine. Exit
//! code 1 if something did not end, ended before its time, or a neighbour's did.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a measuring tool stops at once"
)]

mod neighbours;
#[path = "../shared/mod.rs"]
mod shared;
#[path = "../../src/revocations/stalled.rs"]
mod stalled;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use model::{Cause, DeviceId};
use neighbours::Neighbours;
use registry::Command;
use shared::statistics::quantile;
use shared::store::{self, Store};
use shared::world::{Ask, Http, Keys, Plan, Terminal, Tls, World};
use shared::{house, world};
use tokio::task::JoinHandle;

const END_MAX: Duration = Duration::from_secs(20);
pub(crate) const STREAM: &str = "/feeds/notes?patient=P-0001";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    if store::is_asked_for() {
        return runtime.block_on(store::serve());
    }
    if arguments.first().is_some_and(|first| first == "neighbours") {
        runtime.block_on(neighbours::serve());
        return ExitCode::SUCCESS;
    }
    let number = |place: usize, usual| arguments.get(place).map_or(usual, |text| text.parse().expect("a number"));
    let sizes = (number(0, 10_000), number(3, 6_500));
    let good = runtime.block_on(measure(sizes, number(1, 200), number(2, 1_000)));
    // Streams are open on purpose; nobody waits for them.
    std::process::exit(i32::from(!good));
}

async fn measure((connections, streams): (usize, usize), trials: usize, devices: usize) -> bool {
    let store = Store::start();
    let world = World::planned(Plan { store: Some(store.address), workers: 8, ..Plan::default() }).await;
    let streams = streams.min(connections);
    let neighbours = Neighbours::open(&world, connections, streams).await;
    println!(
        "{connections} connections of neighbours open, {streams} with an event stream on them: {:?}",
        world.living()
    );
    let one = one_by_one(&world, trials).await;
    let all = in_one_act(&world, devices).await;
    let stalled = stalled_reader(&world).await;
    let hurt = neighbours.hurt();
    println!("{hurt} of {connections} neighbours hurt");
    store.stop();
    one && all && stalled && hurt == 0
}

pub(crate) async fn stream(terminal: &Terminal, cookie: &str, path: &str) -> Incoming {
    let ask = Ask::get(path).as_(cookie).with("accept", "text/event-stream");
    let response = terminal.connect().await.unwrap().start(ask).await.unwrap();
    assert_eq!(response.status(), http::StatusCode::OK);
    response.into_body()
}

/// The task says when it ended.
pub(crate) fn end_of(mut body: Incoming) -> JoinHandle<Instant> {
    tokio::spawn(async move {
        while let Some(Ok(_)) = body.frame().await {}
        Instant::now()
    })
}

fn new_device(world: &World, name: &str, facility: &str, holder: &str) -> Keys {
    world.clerk(Command::RegisterDevice {
        device: DeviceId::new(name).unwrap(),
        label: "試験端末".to_owned(),
        facility: facility.parse().unwrap(),
        holder: holder.parse().unwrap(),
    });
    world.keys(name)
}

/// Has a command carried out; when it was called and when it had returned.
async fn carried_out(world: &World, command: Command, officer: &'static str) -> (Instant, Instant) {
    let (registry, now) = (world.registry.clone(), world.now());
    let carried_out = tokio::task::spawn_blocking(move || {
        let called = Instant::now();
        registry.execute(command, world::city::officer(officer), now).unwrap();
        (called, Instant::now())
    });
    carried_out.await.unwrap()
}

async fn one_by_one(world: &World, trials: usize) -> bool {
    let (mut from_call, mut from_return, mut missing) = (Vec::new(), Vec::new(), 0);
    for trial in 0..trials {
        let name = format!("D-trial-{trial}");
        let terminal = world.terminal_with(&new_device(world, &name, "F-nursing", "K-sato"));
        let cookie = world.cookie(&terminal, "U-sato").await;
        let end = end_of(stream(&terminal, &cookie, STREAM).await);
        tokio::time::sleep(Duration::from_millis(20)).await;
        let revoke = Command::RevokeDevice { device: name.parse().unwrap(), because: Cause::Stolen };
        let (called, returned) = carried_out(world, revoke, "officer-ito").await;
        match tokio::time::timeout(END_MAX, end).await {
            Ok(Ok(at)) => {
                from_call.push(millis(at, called));
                from_return.push(millis(at, returned));
            }
            _ => missing += 1,
        }
    }
    println!("\n{trials} terminals, one at a time; {missing} did not end");
    table(&mut from_call, &mut from_return);
    missing == 0
}

/// All of a facility, by two officers. The connections are open and idle.
async fn in_one_act(world: &World, devices: usize) -> bool {
    let mut ends = Vec::new();
    let new = |number| new_device(world, &format!("D-all-{number}"), "F-clinic", "K-nakamura");
    let all: Vec<Keys> = (0..devices).map(new).collect();
    for keys in &all {
        let mut connection = world.terminal_speaking(keys, Http::Two, Tls::V13).raw().await.unwrap();
        ends.push(tokio::spawn(async move {
            let mut piece = [0; 1024];
            while let Ok(1..) = tokio::io::AsyncReadExt::read(&mut connection, &mut piece).await {}
            Instant::now()
        }));
    }
    world.until("all are among the living", |world| world.living().0 >= devices).await;
    let facility: model::FacilityId = "F-clinic".parse().unwrap();
    let (because, reason) = (Cause::Compromised, "試験".to_owned());
    let propose = Command::ProposeFacilityRevocation { facility: facility.clone(), because, reason };
    carried_out(world, propose, "officer-ito").await;
    let approve = Command::ApproveFacilityRevocation { facility };
    let (called, returned) = carried_out(world, approve, "officer-mori").await;
    let (mut from_call, mut from_return, mut missing) = (Vec::new(), Vec::new(), 0);
    for end in ends {
        match tokio::time::timeout(END_MAX, end).await {
            // Before its time is as wrong as not at all.
            Ok(Ok(at)) if at > called => {
                from_call.push(millis(at, called));
                from_return.push(millis(at, returned));
            }
            _ => missing += 1,
        }
    }
    println!("\n{devices} terminals in one act, which took {:.1} ms; {missing} did not end", millis(returned, called));
    table(&mut from_call, &mut from_return);
    missing == 0
}

async fn stalled_reader(world: &World) -> bool {
    let terminal = world.terminal_with(&new_device(world, "D-stalled", "F-nursing", "K-sato"));
    let cookie = world.cookie(&terminal, "U-sato").await;
    world.clerk(Command::JoinTeam {
        person: "P-0900".parse().unwrap(),
        user: "K-sato".parse().unwrap(),
        role: model::TeamRole::OnCall,
        facility: None,
        from: world.now(),
        until: None,
    });
    let reader = stalled::Reader::begin(world, &terminal, &cookie).await;
    let revoke = Command::RevokeDevice { device: "D-stalled".parse().unwrap(), because: Cause::Stolen };
    carried_out(world, revoke, "officer-ito").await;
    let (octets, window) = reader.rest().await;
    println!("\na stalled reader of 100 MB got {octets} octets more; its receive window is {window}");
    octets <= window
}

fn millis(at: Instant, since: Instant) -> f64 {
    at.checked_duration_since(since).map_or_else(|| -(since - at).as_secs_f64(), |after| after.as_secs_f64()) * 1e3
}

fn table(from_call: &mut [f64], from_return: &mut [f64]) {
    from_call.sort_by(f64::total_cmp);
    from_return.sort_by(f64::total_cmp);
    println!("| end seen | from the call | from the return |\n|---|---|---|");
    for (name, share) in [("p50", 0.5), ("p99", 0.99), ("last", 1.0)] {
        let at = |sorted: &[f64]| quantile(sorted, share).map_or_else(|| "-".to_owned(), |ms| format!("{ms:.2} ms"));
        println!("| {name} | {} | {} |", at(from_call), at(from_return));
    }
}
