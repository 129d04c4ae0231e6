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

mod shared;

use std::process::ExitCode;
use std::time::Instant;

use journal::testing::Dice;
use shared::house;
use shared::statistics::{compare, moments, quantile};
use shared::world::{Ask, Reply, World};

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
            let mut dice = Dice::new(number as u64);
            let mut times: Vec<Vec<f64>> = vec![Vec::new(); targets.len()];
            let mut first: Option<String> = None;
            let mut same = true;
            // The first few open what stays open.
            for round in 0..share + 5 {
                for kind in dice.shuffled(targets.len()) {
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
    let stopped = shared::seed("Communication", "P-0005")[0]["id"].as_str().unwrap().to_owned();
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

fn part(times: &[f64], share: f64) -> f64 {
    let mut sorted = times.to_vec();
    sorted.sort_by(f64::total_cmp);
    quantile(&sorted, share).unwrap()
}
