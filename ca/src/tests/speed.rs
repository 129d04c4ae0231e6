//! What issuing costs, for people to look at.

use std::time::Instant;

use super::lists::places;
use super::ocsp::ask;
use super::{House, now, numbered, profile, serial};
use crate::{
    LeafKey, OcspRequest, Responder, Revoked, Shard, Status, build_shard, prepare, read_request, write_request,
};
use model::{DeviceId, ReasonCode, SerialNumber};

/// From a request to a certificate that was checked: its signature, the lint, the authority's signature and whether that holds;
/// and what the crypto library takes of it, which nothing here can make less. In memory, on one thread, printed: `cargo test -p ca --release -- --ignored --nocapture issuing_on_one_thread`.
#[test]
#[ignore = "a measurement, not a check"]
#[expect(clippy::print_stdout, reason = "a measurement for people")]
fn issuing_on_one_thread() {
    const ROUNDS: u32 = 20;
    const EACH: u32 = 250;
    let house = House::build();
    let device = DeviceId::new("D-0001").unwrap();
    let request = write_request(&LeafKey::generate().unwrap()).unwrap();
    let measure = |what: &str, work: &dyn Fn()| {
        let round = |_| {
            let begun = Instant::now();
            (0..EACH).for_each(|_| work());
            begun.elapsed().as_secs_f64() / f64::from(EACH)
        };
        let mut rounds: Vec<f64> = (0..ROUNDS).map(round).collect();
        rounds.sort_by(f64::total_cmp);
        let (best, median) = (rounds[0], rounds[rounds.len() / 2]);
        println!(
            "{what}: {:.1} us, {:.0} a second (the best of {ROUNDS} rounds {:.1})",
            median * 1e6,
            1.0 / median,
            best * 1e6
        );
    };
    let key = read_request(&request).unwrap();
    measure("reading a request", &|| drop(read_request(&request).unwrap()));
    measure("preparing and linting", &|| {
        drop(prepare(&profile(), &device, &key, serial(), now(), &house.issuing).unwrap());
    });
    measure("writing, without the lint", &|| {
        let plan = super::linting::plan(&house);
        drop(plan.write(&plan.params().unwrap()).unwrap());
    });
    let pair = house.key.pair();
    let signature = pair.signature(&request).unwrap();
    measure("a signature", &|| drop(pair.signature(&request).unwrap()));
    let oid = x509_parser::oid_registry::OID_SIG_ECDSA_WITH_SHA256;
    measure("verifying one", &|| assert!(pair.public().made(&request, &oid, &signature)));
    measure("from a key to a certificate", &|| {
        let prepared = prepare(&profile(), &device, &key, serial(), now(), &house.issuing).unwrap();
        drop(prepared.issue(&house.key).unwrap());
    });
    measure("from a request to a certificate", &|| {
        let key = read_request(&request).unwrap();
        let prepared = prepare(&profile(), &device, &key, serial(), now(), &house.issuing).unwrap();
        drop(prepared.issue(&house.key).unwrap());
    });
}

/// A shard of the revocation list, where a million are revoked, and an answer about one certificate; printed.
#[test]
#[ignore = "a measurement, not a check"]
#[expect(clippy::print_stdout, reason = "a measurement for people")]
fn telling_of_a_million_revoked() {
    let house = House::build();
    let shard = Shard::of(&SerialNumber::from_octets(&[0x41; 17]).unwrap());
    let entry = |at: u32| {
        let mut octets = [0x41; 17];
        octets[4..8].copy_from_slice(&at.to_be_bytes());
        let serial = SerialNumber::from_octets(&octets).unwrap();
        Revoked { serial, at: now(), reason: ReasonCode::KeyCompromise }
    };
    let revoked: Vec<_> = (0..1_000_000 / 128).map(entry).collect();
    for number in 1..=3 {
        let begun = Instant::now();
        let at = (&places(), shard);
        let list = build_shard(&house.issuing, &house.key, at, &revoked, &numbered(number), now()).unwrap();
        println!("a shard of {} entries, {} octets: {:.1} ms", list.entries(), list.der().len(), millis(begun));
    }
    let responder = Responder::create(&house.issuing, &house.key, serial(), now()).unwrap();
    let (leaf, _) = house.device("D-0001");
    let question = OcspRequest::read(&ask(&house, &leaf, "issuing.pem", &["-no_nonce"])).unwrap();
    let mut times: Vec<f64> = (0..2_000)
        .map(|_| {
            let begun = Instant::now();
            drop(responder.answer(&question, |_| Status::Good, now()).unwrap());
            millis(begun)
        })
        .collect();
    times.sort_by(f64::total_cmp);
    println!("an answer about one certificate: p50 {:.3} ms, p99 {:.3} ms", times[1_000], times[1_980]);
}

fn millis(begun: Instant) -> f64 {
    begun.elapsed().as_secs_f64() * 1e3
}
