//! Terminals that ask a lot: the load of `tests/bench`.
//!
//! `load --to ADDRESS --host HOST --root PEM --as PEM=COOKIE ... --path PATH ... --mode MODE --count N --seconds S
//! [--body BYTES] [--from N]`. Connections take turns in who they are (`--as`, certificate and key in one file, and the
//! cookie that goes with it) and in what they ask for (`--path`); with `--from` they come from so many addresses of the
//! loopback network. MODE is
//!
//! - `h1`, `h2:STREAMS`: COUNT connections, each (each stream) asking as fast as it is answered;
//! - `even:RATE`: COUNT connections over HTTP/1.1, RATE requests a second in all, evenly spaced by a thread of its own;
//!   latency counts from when the request was due, so a stall is not hidden;
//! - `open:RATE`: the same over HTTP/2, whether or not earlier requests were answered: what comes too much is refused, or waits;
//! - `full`, `resumed`: a handshake and one request, again and again on COUNT tasks;
//! - `idle`: COUNT connections that have asked once and are held open; `ready` is printed when they are;
//! - `down`: COUNT connections that read answers and throw them away; `up`: COUNT connections that send bodies of BYTES.
//!
//! Prints one line of JSON. Key exchange is X25519, which every peer has; `--groups pq` takes what our terminals take.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a measuring tool stops at once"
)]

mod figures;
mod handshakes;
mod lean;
mod open;
mod plan;
mod saturate;
#[expect(dead_code, reason = "the rest is for tools that hold series against each other")]
#[path = "../shared/statistics.rs"]
mod statistics;
mod terminal;

use std::time::{Duration, Instant};

use figures::Figures;
use plan::{Mode, Plan};

/// Connections that are opened at once for `idle`; more would only queue.
const OPENING_MAX: usize = 8;

fn main() {
    let plan = Plan::read(std::env::args().skip(1));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let figures = tokio::task::LocalSet::new().block_on(&runtime, run(plan));
    println!("{}", figures.json());
}

async fn run(plan: Plan) -> Figures {
    match plan.mode {
        Mode::One | Mode::Down | Mode::Up => saturate::one(&plan).await,
        Mode::Two { streams } => saturate::two(&plan, streams).await,
        Mode::Even { rate } => open::even(&plan, rate).await,
        Mode::Open { rate } => open::open(&plan, rate).await,
        Mode::Full => handshakes::again_and_again(&plan, false).await,
        Mode::Resumed => handshakes::again_and_again(&plan, true).await,
        Mode::Idle => idle(&plan).await,
    }
}

/// Opens connections, asks once on each, and holds them until the time is over.
async fn idle(plan: &Plan) -> Figures {
    let mut figures = Figures::default();
    let mut held = Vec::new();
    let mut numbers = 0..plan.count;
    loop {
        let opening: Vec<_> = numbers.by_ref().take(OPENING_MAX).map(|number| opened(plan, number)).collect();
        if opening.is_empty() {
            break;
        }
        for (one, connection) in futures_util::future::join_all(opening).await {
            figures.join(one);
            held.push(connection);
        }
    }
    println!("ready");
    tokio::time::sleep(plan.time.saturating_sub(figures.begun.elapsed())).await;
    figures
}

async fn opened(plan: &Plan, number: usize) -> (Figures, Option<lean::Connection>) {
    let mut figures = Figures::default();
    let begun = Instant::now();
    let connection = match lean::Connection::open(plan, number).await {
        Ok(mut connection) => {
            let answer = connection.ask(&plan.request(number, 0)).await;
            figures.note(begun, answer);
            connection.rest();
            Some(connection)
        }
        Err(error) => {
            figures.note(begun, Err(error));
            None
        }
    };
    (figures, connection)
}

/// Whether there is time for one more.
pub(crate) fn goes_on(figures: &Figures, time: Duration) -> bool {
    figures.begun.elapsed() < time
}
