//! A terminal that asks a lot: the load of `tests/bench/side_by_side.py`.
//!
//! `load ADDRESS HOST ROOT CERT KEY MODE COUNT SECONDS [COOKIE]` with PEM files. MODE is
//! `h1` or `h2` (COUNT connections, each asking as fast as it is answered; h2 with 4 streams each),
//! `even:RATE` (COUNT connections over HTTP/1.1, RATE requests a second in all, evenly spaced; latency counts from when
//! the request was due, so a stall is not hidden), `full` or `resumed` (handshakes, one after another on COUNT tasks),
//! `idle` (COUNT connections held open). Prints one line of JSON.

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
    let until = Instant::now() + Duration::from_secs_f64(seconds.parse().unwrap());
    let (done, failed) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let started = Instant::now();
    let rate: Option<f64> = mode.strip_prefix("even:").map(|rate| rate.parse().unwrap());
    let mut tasks = Vec::new();
    for number in 0..count {
        let (mode, terminal, ask) = (mode.clone(), terminal.clone(), ask.clone());
        let (done, failed) = (Arc::clone(&done), Arc::clone(&failed));
        // A stranger's session cache would hide the full handshake.
        let fresh = mode == "full";
        let lone = Terminal::speaking(terminal.address, &terminal.host, &root, Some(&keys), Http::One, Tls::V13);
        let keys_for_task = Keys { chain: keys.chain.clone(), key: keys.key.clone_key() };
        let root = root.clone();
        tasks.push(tokio::spawn(async move {
            let mut micros = Vec::new();
            if mode == "idle" {
                let mut connection = lone.connect().await.unwrap();
                let reply = connection.ask(ask).await.unwrap();
                assert!(reply.status.is_success(), "{}", reply.text());
                done.fetch_add(1, Ordering::Relaxed);
                tokio::time::sleep_until(until.into()).await;
                return micros;
            }
            if fresh || mode == "resumed" {
                while Instant::now() < until {
                    let begun = Instant::now();
                    let terminal = if fresh {
                        Terminal::new(lone.address, &lone.host, &root, Some(&keys_for_task))
                    } else {
                        lone.clone()
                    };
                    let reply = terminal.ask(ask.clone()).await;
                    note(&reply, &done, &failed);
                    micros.push(begun.elapsed().as_micros());
                }
                return micros;
            }
            let mut connection = terminal.connect().await.unwrap();
            let mut due = started + rate.map_or(Duration::ZERO, |rate| Duration::from_secs_f64(number as f64 / rate));
            while Instant::now() < until {
                if let Some(rate) = rate {
                    tokio::time::sleep_until(due.into()).await;
                    let reply = connection.ask(ask.clone()).await;
                    note(&reply, &done, &failed);
                    micros.push(due.elapsed().as_micros());
                    due += Duration::from_secs_f64(count as f64 / rate);
                } else {
                    let begun = Instant::now();
                    let reply = connection.ask(ask.clone()).await;
                    note(&reply, &done, &failed);
                    micros.push(begun.elapsed().as_micros());
                }
            }
            micros
        }));
    }
    let mut micros = Vec::new();
    for task in tasks {
        micros.extend(task.await.unwrap());
    }
    micros.sort_unstable();
    let quantile = |q: f64| {
        micros.get(((micros.len() as f64 * q) as usize).min(micros.len().saturating_sub(1))).copied().unwrap_or(0)
    };
    let (done, failed) = (done.load(Ordering::Relaxed), failed.load(Ordering::Relaxed));
    println!(
        r#"{{"done":{done},"failed":{failed},"seconds":{:.3},"per_second":{:.1},"p50_us":{},"p99_us":{}}}"#,
        started.elapsed().as_secs_f64(),
        done as f64 / started.elapsed().as_secs_f64(),
        quantile(0.5),
        quantile(0.99),
    );
}

fn note(reply: &Result<client::Reply, String>, done: &AtomicU64, failed: &AtomicU64) {
    match reply {
        Ok(reply) if reply.status.is_success() => done.fetch_add(1, Ordering::Relaxed),
        _ => failed.fetch_add(1, Ordering::Relaxed),
    };
}
