//! What an entry of a searchset costs on its way through, and how much of the answer is held.
//!
//! `cargo run --release -p tests --example entries`. No network: a store's answer in pieces of 64 KiB goes through what the gateway
//! does with it: each entry is read, resolved to its person, decided on by the policy with facts of the registry (once for each
//! person, kind and label in a piece, as the gateway does; and, for comparison, anew for every entry) and written anew. Then the
//! extraction and decision of the request itself, and an answer of 2,000 entries of 250 kB, with the growth of resident memory.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a measuring tool stops at once"
)]

mod shared;

use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use model::{Action, PersonId, SerialNumber, Timestamp, UserId};
use policy::{DecisionPoint, Request, Said};
use records::{Gatekeeper, Head, Need, Pages, ResourceAttributes, Searchset, Touches};
use registry::Snapshot;
use shared::house;
use shared::statistics::quantile;
use shared::world::World;

/// The one of the binary.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const ENTRIES: usize = 1_000;
const ROUNDS: usize = 300;
const PIECE: usize = 64 * 1024;
const FHIR: Option<&str> = Some("application/fhir+json");

/// Asks the policy as the gateway does.
struct Desk {
    point: DecisionPoint,
    snapshot: Arc<Snapshot>,
    user_id: UserId,
    serial: SerialNumber,
    at: Timestamp,
    asked: u64,
}

impl Desk {
    fn decide(&mut self, person: &PersonId, request: Request) -> bool {
        self.asked += 1;
        let facts = self.snapshot.facts(&self.user_id, &self.serial, Some(person), self.at).unwrap();
        self.point.decide(&request, &facts).is_permit()
    }
}

impl Gatekeeper for Desk {
    fn may_see(&mut self, attributes: &ResourceAttributes<'_>) -> bool {
        let request = Request::new(
            Action::Read,
            attributes.category,
            self.at,
            Said { sensitive: attributes.sensitive, ..Said::NOTHING },
        );
        self.decide(attributes.person, request)
    }

    fn seal_page(&mut self, _: &[u8]) -> Option<String> {
        None
    }
}

fn touches() -> Touches {
    let head = Head { method: "GET", target: "/fhir/Observation?patient=P-0001&_count=200", headers: &[] };
    match records::read_head(&head) {
        Ok(Need::Done(touches)) => touches.in_pages(Pages::Stores).unwrap(),
        other => panic!("{other:?}"),
    }
}

#[tokio::main]
async fn main() {
    let world = World::start().await;
    let _ = world.terminal("D-sato");
    world.changed_password("U-sato");
    let mut desk = Desk {
        point: DecisionPoint::builtin().unwrap(),
        snapshot: world.registry.snapshot(),
        user_id: "U-sato".parse().unwrap(),
        serial: world.serial("D-sato"),
        at: world.now(),
        asked: 0,
    };
    let own = shared::seed("Observation", "P-0001");
    let bundle = bundle((0..ENTRIES).map(|number| {
        let mut resource = own[number % own.len()].clone();
        resource["id"] = format!("o-{number}").into();
        resource
    }));
    println!("a searchset of {ENTRIES} entries, {} bytes, {} an entry\n", bundle.len(), bundle.len() / ENTRIES);
    println!("| | p50 an entry | p99 |\n|---|---|---|");
    let touches = touches();
    let before = desk.asked;
    let mut times = measure(|| assert_eq!(through(&touches, &bundle, PIECE, &mut desk), ENTRIES));
    say("read, resolved, decided, written, in pieces of 64 KiB", &mut times, ENTRIES);
    println!("| (decisions for {ENTRIES} entries: {}) | | |", (desk.asked - before) / ROUNDS as u64);
    // With a piece of its own each entry is decided on anew.
    let single = bundle.len() / ENTRIES;
    let mut times = measure(|| assert_eq!(through(&touches, &bundle, single, &mut desk), ENTRIES));
    say("the same, decided anew for almost every entry", &mut times, ENTRIES);
    let person: PersonId = "P-0001".parse().unwrap();
    let mut times = measure(|| {
        for _ in 0..ENTRIES {
            let touches = black_box(self::touches());
            let claim = touches.main();
            assert!(desk.decide(&person, Request::new(claim.action, claim.category, desk.at, Said::NOTHING)));
        }
    });
    say("extraction and decision of the request", &mut times, ENTRIES);
    let request = Request::new(Action::Read, model::Category::Observation, desk.at, Said::NOTHING);
    let facts = desk.snapshot.facts(&desk.user_id, &desk.serial, Some(&person), desk.at).unwrap();
    let mut times = measure(|| {
        for _ in 0..ENTRIES {
            let _ = black_box(desk.point.decide(black_box(&request), black_box(&facts)));
        }
    });
    say("a decision with its reasons", &mut times, ENTRIES);

    let large = serde_json::Value::String("x".repeat(250_000));
    let (before, mut sent, mut kept) = (resident_kib(), 0_usize, 0_usize);
    let mut searchset = Searchset::of(&touches, FHIR).unwrap();
    let mut feed = |piece: &[u8], desk: &mut Desk| {
        for part in piece.chunks(PIECE) {
            let released = searchset.read(part, desk).unwrap();
            kept += released.records.len();
            sent += part.len();
        }
    };
    feed(br#"{"resourceType":"Bundle","type":"searchset","entry":["#, &mut desk);
    let mut most = before;
    for number in 0..2_000 {
        let mut resource = own[0].clone();
        resource["id"] = format!("o-{number}").into();
        resource["valueString"] = large.clone();
        let comma = if number == 0 { "" } else { "," };
        feed(format!("{comma}{}", serde_json::json!({ "resource": resource })).as_bytes(), &mut desk);
        most = most.max(resident_kib());
    }
    feed(b"]}", &mut desk);
    println!(
        "\n{kept} entries of 250 kB, {} MB in all: resident memory grew by {} kB",
        sent / 1_000_000,
        most - before
    );
}

fn bundle(resources: impl Iterator<Item = serde_json::Value>) -> Vec<u8> {
    let entries: Vec<serde_json::Value> =
        resources.map(|resource| serde_json::json!({ "resource": resource, "search": { "mode": "match" } })).collect();
    serde_json::json!({ "resourceType": "Bundle", "type": "searchset", "entry": entries }).to_string().into_bytes()
}

fn through(touches: &Touches, bundle: &[u8], piece: usize, desk: &mut Desk) -> usize {
    let mut searchset = Searchset::of(touches, FHIR).unwrap();
    let mut kept = 0;
    for part in bundle.chunks(piece) {
        let released = searchset.read(part, desk).unwrap();
        kept += released.records.len();
        black_box(&released.body);
    }
    searchset.end(desk).unwrap();
    kept
}

fn measure(mut round: impl FnMut()) -> Vec<f64> {
    (0..ROUNDS)
        .map(|_| {
            let begun = Instant::now();
            round();
            begun.elapsed().as_secs_f64() * 1e6
        })
        .collect()
}

fn say(what: &str, times: &mut [f64], count: usize) {
    times.sort_by(f64::total_cmp);
    let at = |share: f64| quantile(times, share).unwrap() / count as f64;
    println!("| {what} | {:.2} us | {:.2} us |", at(0.5), at(0.99));
}

/// Resident memory of this process, in KiB (`proc_pid_status(5)`).
fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}
