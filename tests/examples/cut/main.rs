//! How long after a revocation or suspension does the last byte arrive? A distribution, not an assurance.
//!
//! `cargo run --release -p tests --example cut [TRIALS]` (200 if not given). A whole city on loopback with 200 live
//! streams: 196 of seven neighbours, who stay, and four of one terminal, which is cut: an event stream over HTTP/1.1 and
//! one over HTTP/2, a WebSocket, and a download of 100 MB. Each trial has a new terminal. Four series: a certificate is
//! revoked, or a user ID suspended, each by a command in the gateway's own process, and by another process on the same
//! journal, as the command line does it.
//!
//! Two clocks are started: when the command is called, and when it returns, which is when the office may rely on it. Both
//! stop when the terminal's client sees the end. A time below zero says that the end was seen before the office was told.
//! Client, store and gateway share the machine, so that their work is in the figures. Exit code 1 if a stream did not
//! end, or a neighbour's did.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a measuring tool stops at once"
)]
mod neighbours;
mod office;
mod series;
#[path = "../shared/mod.rs"]
mod shared;
mod streams;

use std::path::Path;
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use neighbours::neighbours;
use office::{By, Deed, Officer, office};
use series::series;
use shared::house;
use shared::world::World;

/// Nanoseconds on a clock that two processes share.
pub(crate) fn now() -> i64 {
    i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos()).unwrap()
}

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    if let [role, file] = args.as_slice()
        && role == "office"
    {
        return office(Path::new(file));
    }
    let trials: usize = args.first().map_or(200, |text| text.parse().expect("a number of trials"));
    // Neighbours and store on threads of their own, so that their work does not stand in the way of the watching client.
    let crowd = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let watching = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let world = crowd.block_on(World::start());
    let neighbours = crowd.block_on(neighbours(&world));
    println!("{trials} trials a series, {} live streams of neighbours and 4 of the terminal", neighbours.list.len());
    let mut good = true;
    for by in [By::Here, By::AnotherProcess] {
        let mut office = Officer::start(&by, &world);
        for deed in [Deed::Revoke, Deed::Suspend] {
            let series = watching.block_on(series(&world, &mut office, deed, &by, trials));
            let hurt = crowd.block_on(neighbours.hurt(&world));
            series.print(deed, &by, hurt, neighbours.list.len());
            good &= hurt == 0 && series.missing == 0;
        }
    }
    // Streams are open on purpose; nobody waits for them.
    std::process::exit(i32::from(!good));
}
