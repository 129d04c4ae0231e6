//! "Not there", "not yours" and "stopped": can a stranger tell them apart by the clock?
//!
//! `cargo run --release -p tests --example one_answer [PAIRS]` (5,000 if not given). A whole city on loopback. A nurse who is
//! on nobody's team here asks for records that exist and are not hers, for records that do not exist, and for one whose
//! support is stopped, in random order, on connections that stay open. Each kind is held against "not there": a rank test
//! (Mann-Whitney) and a test of the means (Welch), and how large a difference they would have found. Exit code 1 if either
//! finds one at p < 0.001, or if status, fields or body differ.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a measuring tool stops at once"
)]
#![allow(dead_code, unused_imports, unreachable_pub, missing_docs, reason = "shares the tests' city")]

#[path = "../src/world/mod.rs"]
mod world;

/// What the tests' city asks of the house.
mod house {
    pub(crate) fn root() -> std::path::PathBuf {
        std::path::PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
    }
}

use std::process::ExitCode;
use std::time::Instant;

use world::{Ask, Connection, Reply, World};

/// Requests at a time: the answers are waited for, so that one alone would take minutes.
const AT_A_TIME: usize = 8;
const KINDS: [(&str, &str); 3] = [
    ("not there", "/fhir/CarePlan/nobody-has-this-one"),
    ("not yours", "/fhir/CarePlan/{foreign}"),
    ("stopped", "/fhir/Communication/{stopped}"),
];

#[tokio::main]
async fn main() -> ExitCode {
    let pairs: usize = std::env::args().nth(1).map_or(5_000, |text| text.parse().unwrap());
    let world = World::start().await;
    let targets = targets(&world).await;
    let (terminal, cookie) = world.signed_in("U-tamura", "D-tamura").await;
    let mut tasks = Vec::new();
    for number in 0..AT_A_TIME {
        let (terminal, cookie, targets) = (terminal.clone(), cookie.clone(), targets.clone());
        let share = pairs.div_ceil(AT_A_TIME);
        tasks.push(tokio::spawn(async move {
            let mut connection = terminal.connect().await.unwrap();
            let mut order = Order(0x9e37_79b9_7f4a_7c15 ^ (number as u64 + 1));
            let mut times: Vec<Vec<f64>> = vec![Vec::new(); targets.len()];
            let mut first: Option<String> = None;
            let mut same = true;
            // The first few open what stays open.
            for round in 0..share + 5 {
                for kind in order.shuffled(targets.len()) {
                    let begun = Instant::now();
                    let reply = connection.ask(Ask::get(&targets[kind]).as_(&cookie)).await.unwrap();
                    let took = begun.elapsed().as_secs_f64() * 1e3;
                    if round >= 5 {
                        times[kind].push(took);
                    }
                    let seen = seen(&reply);
                    same &= *first.get_or_insert_with(|| seen.clone()) == seen;
                }
            }
            (times, same)
        }));
    }
    let mut times: Vec<Vec<f64>> = vec![Vec::new(); targets.len()];
    let mut same = true;
    for task in tasks {
        let (part, alike) = task.await.unwrap();
        same &= alike;
        for (all, part) in times.iter_mut().zip(part) {
            all.extend(part);
        }
    }
    println!("{pairs} of each, {AT_A_TIME} at a time; milliseconds\n");
    println!("| kind | p50 | p99 | mean | deviation |\n|---|---|---|---|---|");
    for (kind, times) in KINDS.iter().zip(&times) {
        let (mean, deviation) = moments(times);
        println!("| {} | {:.3} | {:.3} | {mean:.4} | {deviation:.4} |", kind.0, part(times, 0.5), part(times, 0.99));
    }
    println!(
        "\n| held against \"not there\" | difference of means | p (Welch) | p (ranks) | would have found |\n|---|---|---|---|---|"
    );
    let mut found = false;
    for (kind, other) in KINDS.iter().zip(&times).skip(1) {
        let held = compare(&times[0], other);
        found |= held.welch < 0.001 || held.ranks < 0.001;
        println!(
            "| {} | {:+.4} ms | {:.3} | {:.3} | {:.4} ms, or {:.3} of a deviation |",
            kind.0, held.difference, held.welch, held.ranks, held.detectable, held.effect
        );
    }
    println!("\nstatus, fields and body alike: {same}");
    if found || !same { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// A record that exists and is not hers, and one of a person whose support is stopped, as their own teams see them.
async fn targets(world: &World) -> Vec<String> {
    let (terminal, cookie) = world.signed_in("U-sato", "D-sato").await;
    let found = terminal.ask(Ask::get("/fhir/CarePlan?patient=P-0001").as_(&cookie)).await.unwrap();
    let foreign = found.json()["entry"][0]["resource"]["id"].as_str().unwrap().to_owned();
    let seed = include_str!("../../backend-stub/data/seed.ndjson");
    let stopped = seed
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
        .find(|one| one["resourceType"] == "Communication" && one["subject"]["reference"] == "Patient/P-0005");
    let stopped = stopped.unwrap()["id"].as_str().unwrap().to_owned();
    KINDS.iter().map(|(_, target)| target.replace("{foreign}", &foreign).replace("{stopped}", &stopped)).collect()
}

/// What a client sees, but for what differs in every answer.
fn seen(reply: &Reply) -> String {
    let mut fields: Vec<String> = reply
        .headers
        .iter()
        .filter(|(name, _)| !matches!(name.as_str(), "date" | "sekisho-incident" | "set-cookie"))
        .map(|(name, value)| format!("{name}: {value:?}"))
        .collect();
    fields.sort();
    let mut body = reply.json();
    if let Some(members) = body.as_object_mut() {
        members.remove("incident");
        members.remove("instance");
    }
    format!("{} {fields:?} {body}", reply.status)
}

/// A row of numbers that looks random (xorshift64*).
struct Order(u64);

impl Order {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn shuffled(&mut self, count: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..count).collect();
        for last in (1..count).rev() {
            order.swap(last, usize::try_from(self.next() % (last as u64 + 1)).unwrap());
        }
        order
    }
}

struct Held {
    difference: f64,
    welch: f64,
    ranks: f64,
    detectable: f64,
    effect: f64,
}

fn compare(one: &[f64], other: &[f64]) -> Held {
    let ((mean, deviation), (mean_2, deviation_2)) = (moments(one), moments(other));
    let (count, count_2) = (one.len() as f64, other.len() as f64);
    let error = (deviation * deviation / count + deviation_2 * deviation_2 / count_2).sqrt();
    // Found four times in five at p < 0.05.
    let detectable = 2.8 * error;
    let mut all: Vec<(f64, bool)> =
        one.iter().map(|time| (*time, true)).chain(other.iter().map(|time| (*time, false))).collect();
    all.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut ranks = 0.0;
    let mut start = 0;
    while start < all.len() {
        let end = start + all[start..].iter().take_while(|(time, _)| *time == all[start].0).count();
        let rank = (start + 1 + end) as f64 / 2.0;
        ranks += all[start..end].iter().filter(|(_, first)| *first).count() as f64 * rank;
        start = end;
    }
    let u = ranks - count * (count + 1.0) / 2.0;
    let z = (u - count * count_2 / 2.0) / (count * count_2 * (count + count_2 + 1.0) / 12.0).sqrt();
    let pooled = ((deviation * deviation + deviation_2 * deviation_2) / 2.0).sqrt();
    Held {
        difference: mean_2 - mean,
        welch: two_sided((mean_2 - mean) / error),
        ranks: two_sided(z),
        detectable,
        effect: detectable / pooled,
    }
}

/// Probability of a standard normal value at least so far out (Abramowitz and Stegun 26.2.17).
fn two_sided(z: f64) -> f64 {
    let z = z.abs();
    let t = 1.0 / (1.0 + 0.231_641_9 * z);
    let series = [0.319_381_530, -0.356_563_782, 1.781_477_937, -1.821_255_978, 1.330_274_429];
    let sum = series.iter().rev().fold(0.0, |sum, factor| (sum + factor) * t);
    2.0 * (-z * z / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt() * sum
}

fn moments(times: &[f64]) -> (f64, f64) {
    let count = times.len() as f64;
    let mean = times.iter().sum::<f64>() / count;
    let variance = times.iter().map(|time| (time - mean) * (time - mean)).sum::<f64>() / (count - 1.0);
    (mean, variance.sqrt())
}

fn part(times: &[f64], share: f64) -> f64 {
    let mut sorted = times.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[((sorted.len() - 1) as f64 * share) as usize]
}
