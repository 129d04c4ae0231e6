//! Issuing with everything on record: how many certificates a second, by how many who ask at once.
//!
//! `cargo run --release -p tests --example issue [CERTIFICATES]` (2,000 for each row if not given). From the request that is read
//! to the fingerprint that is recorded: two entries of the registry's journal for each certificate, durable before the next step,
//! in SQLite. Those who ask at once share their waits for the disk. All certificates are then looked up in a state that was read
//! from the journal anew.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a measuring tool stops at once"
)]

mod shared;

use std::convert::Infallible;
use std::time::Instant;

use ca::{DeviceProfile, Host, LeafKey, read_request, write_request};
use enrolment::{Order, Taking, Term, issue};
use model::lifecycle::certificate::State;
use model::{DeviceId, SerialNumber};
use registry::Command;
use shared::world::{CARE, Plan, World};
use shared::{house, world};

/// How many ask at once.
const AT_ONCE: [usize; 4] = [1, 8, 32, 128];
/// A device may have a thousand certificates.
const A_DEVICE: usize = 1_000;

fn main() {
    let count = std::env::args().nth(1).map_or(2_000, |text| text.parse().expect("a number of certificates"));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let world = runtime.block_on(World::planned(Plan::default()));
    println!("| at once | certificates | a second |\n|---|---|---|");
    let mut issued: Vec<(SerialNumber, [u8; 32])> = Vec::new();
    for at_once in AT_ONCE {
        let each = count / at_once;
        let devices: Vec<Vec<DeviceId>> = (0..at_once).map(|thread| devices(&world, at_once, thread, each)).collect();
        let begun = Instant::now();
        let done: Vec<_> = std::thread::scope(|scope| {
            let world = &world;
            let threads: Vec<_> = devices.iter().map(|its| scope.spawn(move || certify(world, its, each))).collect();
            threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
        });
        println!("| {at_once} | {} | {:.0} |", done.len(), done.len() as f64 / begun.elapsed().as_secs_f64());
        issued.extend(done);
    }
    let snapshot = world.registry.at_generation(world.registry.snapshot().generation()).unwrap();
    for (serial, fingerprint) in &issued {
        assert_eq!(snapshot.status(serial, fingerprint).unwrap().state, State::Active);
    }
    println!("all {} are on record, each once", issued.len());
    std::process::exit(0);
}

fn devices(world: &World, at_once: usize, thread: usize, each: usize) -> Vec<DeviceId> {
    let new = |number| {
        let device = DeviceId::new(&format!("D-{at_once}-{thread}-{number}")).unwrap();
        world.clerk(Command::RegisterDevice {
            device: device.clone(),
            label: "試験端末".to_owned(),
            facility: "F-nursing".parse().unwrap(),
            holder: "K-sato".parse().unwrap(),
        });
        device
    };
    (0..each.div_ceil(A_DEVICE)).map(new).collect()
}

fn certify(world: &World, devices: &[DeviceId], each: usize) -> Vec<(SerialNumber, [u8; 32])> {
    let (issuing, key) = (&world.authority.devices, &world.authority.devices_key);
    let requests: Vec<Vec<u8>> =
        devices.iter().map(|_| write_request(&LeafKey::generate().unwrap()).unwrap()).collect();
    let one = |number: usize| {
        let (device, now) = (&devices[number / A_DEVICE], world.now());
        let profile = DeviceProfile::new(Host::new(CARE).unwrap(), "http://status.sekisho.localhost/devices.crl");
        let term = Term::of(profile.unwrap(), issuing, now).unwrap();
        let wanted = read_request(&requests[number / A_DEVICE]).unwrap();
        let author = world::city::clerk();
        let order = Order { device, key: &wanted, taking: Taking::Office, author: &author, now };
        let handed_out = |_: &ca::Issued| Ok::<(), Infallible>(());
        let (issued, ()) = issue(&world.registry, (issuing, key), &term, &order, handed_out).unwrap();
        (issued.serial(), issued.fingerprint())
    };
    (0..each).map(one).collect()
}
