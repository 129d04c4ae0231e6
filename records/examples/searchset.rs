//! What an entry of a searchset costs in `records` alone: read, resolved to its person, asked about, written anew.
//!
//! Counted rather than timed, so that the figure comes out the same on a busy machine. Over the number of entries that is
//! printed, what this collects:
//!
//! `valgrind --tool=callgrind --collect-atstart=no --toggle-collect=searchset::through target/release/examples/searchset`
//!
//! `tests/examples/entries.rs` is the same with the policy, by the clock.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "a measuring tool stops at once"
)]

use std::hint::black_box;

use records::{Gatekeeper, Head, Need, Pages, ResourceAttributes, Searchset, Touches};

const ENTRIES: usize = 1_000;
const ROUNDS: usize = 10;
const PIECE: usize = 64 * 1024;

/// Lets everything pass: what a decision costs is measured elsewhere.
struct Everything;

impl Gatekeeper for Everything {
    fn may_see(&mut self, _: &ResourceAttributes<'_>) -> bool {
        true
    }

    fn seal_page(&mut self, _: &[u8]) -> Option<String> {
        None
    }
}

fn main() {
    let head = Head { method: "GET", target: "/fhir/Observation?patient=P-0001&_count=200", headers: &[] };
    let touches = match records::read_head(&head) {
        Ok(Need::Done(touches)) => touches.in_pages(Pages::Stores).unwrap(),
        other => panic!("{other:?}"),
    };
    let bundle = bundle();
    let mut kept = 0;
    for _ in 0..ROUNDS {
        kept += through(&touches, black_box(&bundle));
    }
    println!("{kept} entries, {} bytes each", bundle.len() / ENTRIES);
}

/// Observations of one person, as the stand-in store has them.
fn bundle() -> Vec<u8> {
    let seed = include_str!("../../backend-stub/data/seed.ndjson");
    let own: Vec<serde_json::Value> = seed
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
        .filter(|one| one["resourceType"] == "Observation" && one["subject"]["reference"] == "Patient/P-0001")
        .collect();
    let entries: Vec<serde_json::Value> = (0..ENTRIES)
        .map(|number| {
            let mut resource = own[number % own.len()].clone();
            resource["id"] = format!("o-{number}").into();
            serde_json::json!({ "resource": resource, "search": { "mode": "match" } })
        })
        .collect();
    serde_json::json!({ "resourceType": "Bundle", "type": "searchset", "entry": entries }).to_string().into_bytes()
}

#[inline(never)]
fn through(touches: &Touches, bundle: &[u8]) -> usize {
    let mut searchset = Searchset::of(touches, Some("application/fhir+json")).unwrap();
    let mut kept = 0;
    for piece in bundle.chunks(PIECE) {
        let released = searchset.read(piece, &mut Everything).unwrap();
        kept += released.records.len();
        black_box(&released.body);
    }
    black_box(searchset.end(&mut Everything).unwrap());
    kept
}
