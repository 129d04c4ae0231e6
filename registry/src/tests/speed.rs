//! What must not grow with the city.

use std::sync::Arc;
use std::time::{Duration, Instant};

use model::Cause;

use super::world::*;
use crate::{Change, Command, Person};

/// With 100,000 persons on file a revocation is validated, applied and published in far less than a millisecond: only
/// the way to the changed entry is copied. The bound is loose, for unoptimised builds on busy machines.
#[test]
fn a_revocation_costs_the_same_in_a_large_city() {
    let mut world = World::usual();
    let act = crate::Act { at: world.now, by: clerk() };
    let mut large = (*world.snapshot).clone();
    for number in 0..100_000 {
        let (id, name, area) = (person(&format!("L-{number}")), "山田 太郎".to_owned(), String::new());
        let person = Person { id, name, area, eligibility: eligibility(), registered_at: world.now };
        large.apply(&act, &Change::PersonRegistered { person }).unwrap();
    }
    world.snapshot = Arc::new(large);
    assert!(world.snapshot.objects() > 100_000);
    let mut times: Vec<Duration> = Vec::new();
    for number in 100..200 {
        world.certificate("D-1", number);
        let before = Arc::clone(&world.snapshot);
        let begun = Instant::now();
        world.must(clerk(), Command::RevokeCertificate { serial: serial(number), because: Cause::Stolen });
        times.push(begun.elapsed());
        // Readers of the old state still have it.
        assert!(before.certificate(&serial(number)).unwrap().is_live());
    }
    times.sort();
    assert!(times[50] < Duration::from_millis(1), "median {:?}", times[50]);
}

/// What ten million places on care teams weigh, and what asking for one costs, printed: `cargo test -p registry --release --
/// --ignored --nocapture ten_million`. A city has some tens of thousands; this is a country's prefecture.
#[test]
#[ignore = "a measurement, not a check"]
#[expect(clippy::print_stdout, reason = "a measurement for people")]
fn ten_million_relations() {
    const PERSONS: u64 = 1_000_000;
    const TEAM: u64 = 10;
    const USERS: u64 = 20_000;
    let world = World::usual();
    let act = crate::Act { at: world.now, by: clerk() };
    let mut large = (*world.snapshot).clone();
    let (known_user, known_facility) = {
        let one = large.user_ids().next().unwrap();
        (large.user(&one.user).unwrap().clone(), one.facility.clone())
    };
    for number in 0..USERS {
        let key = model::UserKey::new(&format!("K-{number}")).unwrap();
        large.tables.put_user(crate::User { key, ..known_user.clone() });
    }
    for number in 0..PERSONS {
        let (id, name, area) = (person(&format!("L-{number}")), String::new(), String::new());
        let person = Person { id, name, area, eligibility: eligibility(), registered_at: world.now };
        large.apply(&act, &Change::PersonRegistered { person }).unwrap();
    }
    let before = resident_kib();
    let begun = Instant::now();
    for number in 0..PERSONS {
        for place in 0..TEAM {
            // Every id is its own, as it is when a journal is read.
            large.tables.put_membership(crate::Membership {
                id: crate::MembershipId::new(number * TEAM + place + 1_000),
                person: person(&format!("L-{number}")),
                user: model::UserKey::new(&format!("K-{}", (number * 7 + place * 1009) % USERS)).unwrap(),
                facility: model::FacilityId::new(known_facility.as_str()).unwrap(),
                role: model::TeamRole::Member,
                from: world.now,
                until: None,
                added_by: clerk(),
            });
        }
    }
    let took = begun.elapsed();
    let bytes = (resident_kib() - before) * 1024;
    let count = PERSONS * TEAM;
    println!(
        "{count} relations in {:.1} s: {:.2} GiB, {} bytes each",
        took.as_secs_f64(),
        bytes as f64 / f64::from(1 << 30),
        bytes / count
    );
    let mut found = 0_u64;
    let asked = 1_000_000_u64;
    let begun = Instant::now();
    let mut number = 1_u64;
    for _ in 0..asked {
        number = number.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let (one, place) = ((number >> 33) % PERSONS, (number >> 11) % TEAM);
        let user = model::UserKey::new(&format!("K-{}", (one * 7 + place * 1009) % USERS)).unwrap();
        found += large.memberships(&person(&format!("L-{one}")), &user).count() as u64;
    }
    println!("{:.0} ns to ask for one, of {asked} at random", begun.elapsed().as_secs_f64() * 1e9 / asked as f64);
    assert_eq!(found, asked);
}

/// What ten million known certificates weigh, and what asking for the state of one costs, printed: `cargo test -p registry
/// --release -- --ignored --nocapture ten_million_certificates`. Each lies on a device with nine others.
#[test]
#[ignore = "a measurement, not a check"]
#[expect(clippy::print_stdout, reason = "a measurement for people")]
fn ten_million_certificates() {
    const CERTIFICATES: u64 = 10_000_000;
    let world = World::usual();
    let mut large = (*world.snapshot).clone();
    // As they are drawn: 16 octets, spread over all there are.
    let number = |at: u64| {
        let mut octets = [0x41_u8; 16];
        octets[1..9].copy_from_slice(&at.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes());
        model::SerialNumber::from_octets(&octets).unwrap()
    };
    let before = resident_kib();
    let begun = Instant::now();
    for at in 0..CERTIFICATES {
        large.tables.put_certificate(crate::Certificate {
            serial: number(at),
            device: device(&format!("D-{}", at / 10)),
            state: model::lifecycle::certificate::State::Active,
            fingerprint: Some([7; 32]),
            not_before: world.now,
            not_after: world.now.plus_seconds(180 * 86_400),
            predecessor: None,
            assurance: None,
            reserved_at: world.now,
            revocation: None,
        });
    }
    let bytes = (resident_kib() - before) * 1024;
    println!(
        "{CERTIFICATES} certificates in {:.1} s: {:.2} GiB, {} bytes each",
        begun.elapsed().as_secs_f64(),
        bytes as f64 / f64::from(1 << 30),
        bytes / CERTIFICATES
    );
    let asked = 1_000_000_u64;
    let begun = Instant::now();
    let live = (0..asked)
        .filter(|at| large.certificate(&number(at * 7 % CERTIFICATES)).is_some_and(crate::Certificate::is_live));
    let found = live.count() as u64;
    println!("{:.0} ns to ask for one, of {asked}", begun.elapsed().as_secs_f64() * 1e9 / asked as f64);
    assert_eq!(found, asked);
}

/// Resident memory of this process, in KiB (`proc_pid_status(5)`).
fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}
