//! A terminal that asks a lot: the load of `tests/bench/side_by_side.py`.
//!
//! `load ADDRESS HOST ROOT CERT KEY MODE COUNT SECONDS [COOKIE]` with PEM files. MODE is
//! `h1` or `h2` (COUNT connections, each asking as fast as it is answered), `even:RATE` (COUNT connections over HTTP/1.1,
//! RATE requests a second in all, evenly spaced by a thread of its own; latency counts from when the request was due, so
//! a stall is not hidden), `full` or `resumed` (a handshake and one request, again and again on COUNT tasks), `idle`
//! (COUNT connections that have asked once and are held open; `ready` is printed when they are). Prints one line of JSON.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a measuring tool stops at once"
)]
#![allow(dead_code, missing_docs, reason = "shares the tests' client")]

#[path = "../src/world/client.rs"]
mod client;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use client::{Ask, Http, Keys, Terminal, Tls};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::sync::{Mutex, Semaphore};

fn main() {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(run());
}

async fn run() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [address, host, root, cert, key, mode, count, seconds, rest @ ..] = args.as_slice() else {
        panic!("load ADDRESS HOST ROOT CERT KEY MODE COUNT SECONDS [COOKIE [PATH]]");
    };
    let cookie = rest.first().cloned().unwrap_or_default();
    let path = rest.get(1).cloned().unwrap_or("/fhir/Observation/o-1".to_owned());
    let keys = Keys {
        chain: CertificateDer::pem_file_iter(cert).unwrap().map(Result::unwrap).collect(),
        key: PrivateKeyDer::from_pem_file(key).unwrap(),
    };
    let root = CertificateDer::from_pem_file(root).unwrap();
    let count: usize = count.parse().unwrap();
    let http = if mode == "h2" { Http::Two } else { Http::One };
    let terminal = Terminal::speaking(address.parse().unwrap(), host, &root, Some(&keys), http, Tls::V13);
    let ask = if cookie.is_empty() { Ask::get(&path) } else { Ask::get(&path).as_(&cookie) };
    let rate: Option<f64> = mode.strip_prefix("even:").map(|rate| rate.parse().unwrap());
    let plan = Arc::new(Plan {
        mode: mode.clone(),
        ask,
        terminal,
        root,
        keys,
        until: Instant::now() + Duration::from_secs_f64(seconds.parse().unwrap()),
        due: rate.map(|rate| Mutex::new(evenly(rate, seconds.parse().unwrap()))),
        opening: Semaphore::new(OPENING_MAX),
        done: AtomicU64::new(0),
        failed: AtomicU64::new(0),
        resumed: AtomicU64::new(0),
    });
    let started = Instant::now();
    let tasks: Vec<_> = (0..count).map(|_| tokio::spawn(work(Arc::clone(&plan)))).collect();
    if mode == "idle" {
        while plan.done.load(Ordering::Relaxed) < count as u64 && Instant::now() < plan.until {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        println!("ready");
    }
    let mut micros = Vec::new();
    for task in tasks {
        micros.extend(task.await.unwrap());
    }
    micros.sort_unstable();
    let quantile = |q: f64| {
        micros.get(((micros.len() as f64 * q) as usize).min(micros.len().saturating_sub(1))).copied().unwrap_or(0)
    };
    let [done, failed, resumed] = [&plan.done, &plan.failed, &plan.resumed].map(|count| count.load(Ordering::Relaxed));
    println!(
        r#"{{"done":{done},"failed":{failed},"resumed":{resumed},"seconds":{:.3},"per_second":{:.1},"p50_us":{},"p99_us":{}}}"#,
        started.elapsed().as_secs_f64(),
        done as f64 / started.elapsed().as_secs_f64(),
        quantile(0.5),
        quantile(0.99),
    );
}

/// Connections that are opened at once for `idle`; more would only queue.
const OPENING_MAX: usize = 8;

/// What every task does.
struct Plan {
    mode: String,
    ask: Ask,
    terminal: Terminal,
    root: CertificateDer<'static>,
    keys: Keys,
    until: Instant,
    /// When requests are due, of `even`.
    due: Option<Mutex<UnboundedReceiver<Instant>>>,
    opening: Semaphore,
    done: AtomicU64,
    failed: AtomicU64,
    resumed: AtomicU64,
}

/// Instants at an even rate, each sent when it has come. A thread sleeps more exactly than the runtime's timer.
fn evenly(rate: f64, seconds: f64) -> UnboundedReceiver<Instant> {
    let (send, receive) = unbounded_channel();
    std::thread::spawn(move || {
        let started = Instant::now();
        for number in 0..(rate * seconds) as u64 {
            let due = started + Duration::from_secs_f64(number as f64 / rate);
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
            if send.send(due).is_err() {
                return;
            }
        }
    });
    receive
}

async fn work(plan: Arc<Plan>) -> Vec<u128> {
    match plan.mode.as_str() {
        "idle" => idle(&plan).await,
        "full" | "resumed" => handshakes(&plan).await,
        _ => requests(&plan).await,
    }
}

async fn requests(plan: &Plan) -> Vec<u128> {
    let mut connection = plan.terminal.connect().await.unwrap();
    let mut micros = Vec::new();
    while Instant::now() < plan.until {
        let begun = match &plan.due {
            None => Instant::now(),
            Some(due) => match due.lock().await.recv().await {
                Some(due) => due,
                None => break,
            },
        };
        let reply = connection.ask(plan.ask.clone()).await;
        plan.note(&reply);
        micros.push(begun.elapsed().as_micros());
    }
    micros
}

async fn handshakes(plan: &Plan) -> Vec<u128> {
    let mut micros = Vec::new();
    let fresh = || Terminal::new(plan.terminal.address, &plan.terminal.host, &plan.root, Some(&plan.keys));
    let mut terminal = fresh();
    if plan.mode == "resumed" {
        terminal.ask(plan.ask.clone()).await.unwrap();
    }
    while Instant::now() < plan.until {
        if plan.mode == "full" {
            // A terminal of its own remembers no session.
            terminal = fresh();
        }
        let begun = Instant::now();
        let reply = match terminal.connect().await {
            Ok(mut connection) => {
                plan.resumed.fetch_add(u64::from(connection.resumed), Ordering::Relaxed);
                connection.ask(plan.ask.clone()).await
            }
            Err(error) => Err(error),
        };
        plan.note(&reply);
        micros.push(begun.elapsed().as_micros());
    }
    micros
}

async fn idle(plan: &Plan) -> Vec<u128> {
    let opening = plan.opening.acquire().await.unwrap();
    let mut connection = plan.terminal.connect().await.unwrap();
    let reply = connection.ask(plan.ask.clone()).await;
    plan.note(&reply);
    drop(opening);
    tokio::time::sleep_until(plan.until.into()).await;
    Vec::new()
}

impl Plan {
    fn note(&self, reply: &Result<client::Reply, String>) {
        match reply {
            Ok(reply) if reply.status.is_success() => self.done.fetch_add(1, Ordering::Relaxed),
            _ => self.failed.fetch_add(1, Ordering::Relaxed),
        };
    }
}
