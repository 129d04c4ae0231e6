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

/// What ten thousand, a hundred thousand and ten million known certificates weigh, and what asking for one costs, printed: `cargo test -p registry
/// --release -- --ignored --nocapture ten_million_certificates`. Each lies on a device with nine others. They are asked for in an
/// order that no cache foresees.
#[test]
#[ignore = "a measurement, not a check"]
fn ten_million_certificates() {
    for count in [10_000, 100_000, 10_000_000] {
        certificates(count);
    }
}

#[expect(clippy::print_stdout, reason = "a measurement for people")]
fn certificates(count: u32) {
    let world = World::usual();
    let mut large = (*world.snapshot).clone();
    large.tables.certificates.begin_numbering(crate::NumberingKey::new([7; 16]));
    let (loaned, of) = (large.device(&device("D-1")).unwrap().clone(), |at: u32| device(&format!("L-{}", at / 10)));
    (0..count.div_ceil(10)).for_each(|at| large.tables.put_device(crate::Device { id: of(at * 10), ..loaned.clone() }));
    let fingerprint = |at: u32| {
        let mut octets = [7; 32];
        octets[..4].copy_from_slice(&at.to_be_bytes());
        octets
    };
    let (before, begun) = (resident_kib(), Instant::now());
    let mut serials = Vec::with_capacity(count as usize);
    for at in 0..count {
        let random = u64::from(at).wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes();
        let draw = model::SerialDraw::new(26, std::array::from_fn(|place| *random.get(place).unwrap_or(&1)));
        let serial = large.next_serial(draw).unwrap();
        serials.push(serial);
        large.tables.put_certificate(crate::Certificate {
            serial,
            device: of(at),
            state: model::lifecycle::certificate::State::Active,
            fingerprint: Some(fingerprint(at)),
            key: Some(fingerprint(at)),
            not_before: world.now,
            not_after: world.now.plus_seconds(180 * 86_400),
            predecessor: None,
            assurance: None,
            reserved_at: world.now,
            external: None,
            revocation: None,
        });
    }
    // The list of numbers, twenty octets each, is this test's.
    let octets = (resident_kib() - before) * 1024 - u64::from(count) * 20;
    println!(
        "{count} certificates in {:.1} s: {:.1} MiB in all, {} octets each; the table of states: {:.2} MB",
        begun.elapsed().as_secs_f64(),
        octets as f64 / f64::from(1 << 20),
        octets / u64::from(count),
        large.tables.certificates.state_octets() as f64 / 1e6
    );
    // An odd step that has nothing in common with the count: every certificate once, each far from the one before it.
    let places: Vec<u32> =
        (0..1_000_000_u64).map(|at| u32::try_from(at * 7_368_787 % u64::from(count)).unwrap()).collect();
    let measure = |what: &str, ask: &dyn Fn(u32) -> bool| {
        let begun = Instant::now();
        let found = places.iter().filter(|at| ask(**at)).count();
        println!("  {what}: {:.0} ns", begun.elapsed().as_secs_f64() * 1e9 / places.len() as f64);
        assert_eq!(found, places.len());
    };
    let index = |at: u32| large.status(&serials[at as usize], &fingerprint(at)).unwrap().index;
    let first = index(0).get();
    measure("the index of a number", &|at| {
        let sealed = large.tables.certificates.numbered_for_measuring(&serials[at as usize]);
        sealed.is_some_and(|index| index.get() == first + at)
    });
    measure("state and fingerprint, by number", &|at| {
        large.tables.certificates.status(&serials[at as usize], &fingerprint(at), None).is_some()
    });
    measure("the same, with the device", &|at| large.status(&serials[at as usize], &fingerprint(at)).is_some());
    measure("the same of one that was found before, held to be it", &|at| {
        let before = crate::CertificateIndex::new(first + at);
        large.status_again(&serials[at as usize], &fingerprint(at), Some(before)).is_some()
    });
    measure("state and device again, by index", &|at| {
        large.status_at(crate::CertificateIndex::new(first + at)).is_some()
    });
    measure("all that is known, by number", &|at| {
        large.certificate(&serials[at as usize]).is_some_and(crate::Certificate::is_live)
    });
}

/// Resident memory of this process, in KiB (`proc_pid_status(5)`).
fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

/// How long it takes to find what one shard of the revocation list names, where a million are revoked; printed.
#[test]
#[ignore = "a measurement, not a check"]
#[expect(clippy::print_stdout, reason = "a measurement for people")]
fn a_million_revoked() {
    const COUNT: u32 = 1_000_000;
    let world = World::usual();
    let mut large = (*world.snapshot).clone();
    large.tables.certificates.begin_numbering(crate::NumberingKey::new([7; 16]));
    let device = large.device(&device("D-1")).unwrap().id.clone();
    for at in 0..COUNT {
        let random = u64::from(at).wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes();
        let draw = model::SerialDraw::new(26, std::array::from_fn(|place| *random.get(place % 8).unwrap_or(&1)));
        let by = clerk();
        let revocation =
            crate::Revocation { at: world.now, reason: model::ReasonCode::KeyCompromise, by, confirmed: None };
        large.tables.put_certificate(crate::Certificate {
            serial: large.next_serial(draw).unwrap(),
            device: device.clone(),
            state: model::lifecycle::certificate::State::Revoked,
            fingerprint: Some([7; 32]),
            key: None,
            not_before: world.now,
            not_after: world.now.plus_seconds(180 * 86_400),
            predecessor: None,
            assurance: None,
            reserved_at: world.now,
            external: None,
            revocation: Some(Box::new(revocation)),
        });
    }
    for shard in [5, 77] {
        let begun = Instant::now();
        let of_shard = |one: &&crate::Certificate| one.serial.octets().last().is_some_and(|last| last & 0x7f == shard);
        let named: Vec<_> = large.certificates().filter(of_shard).filter_map(|one| one.revocation.as_ref()).collect();
        println!("{} of {COUNT} revoked, in {:.1} ms", named.len(), begun.elapsed().as_secs_f64() * 1e3);
        assert!(named.len() > 1000);
    }
}
