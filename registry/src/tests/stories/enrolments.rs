//! One-time codes of terminals, renewal by the certificate itself, and what a theft takes along (art. 38).

use model::lifecycle::certificate::State;
use model::{Cause, ReasonCode, SerialNumber};

use super::super::world::*;
use super::kinds;
use crate::{Command, ENROLMENT_TRIES_MAX, EnrolmentKind, LIVE_CERTIFICATES_FOR_RENEWAL, RETIRING_DAYS};

const CODE: [u8; 32] = [7; 32];

fn offer(of: &str, digest: [u8; 32], world: &World, hours: i64) -> Command {
    let until = world.now.plus_seconds(hours * HOUR);
    Command::OfferEnrolment { device: device(of), kind: EnrolmentKind::Csr, digest, until }
}

fn by_code(number: u64, of: &str, digest: [u8; 32], world: &World) -> Command {
    let (not_before, not_after) = (world.now, world.now.plus_seconds(180 * DAY));
    let (serial, device, kind) = (serial(number), device(of), EnrolmentKind::Csr);
    Command::ReserveByCode {
        serial,
        device,
        kind,
        digest,
        not_before,
        not_after,
        assurance: model::Assurance::Software,
        key: key_of(serial),
    }
}

fn renew(number: u64, predecessor: u64, world: &World) -> Command {
    let (not_before, not_after) = (world.now, world.now.plus_seconds(180 * DAY));
    Command::ReserveSuccessor {
        serial: serial(number),
        predecessor: serial(predecessor),
        not_before,
        not_after,
        key: key_of(serial(number)),
    }
}

fn issued(world: &mut World, number: u64) {
    world.must(machine(), Command::RecordIssued { serial: serial(number), fingerprint: [9; 32] });
}

fn state(world: &World, number: u64) -> State {
    world.snapshot.certificate(&serial(number)).unwrap().state
}

#[test]
fn a_code_gives_one_number() {
    let mut world = World::usual();
    world.must(clerk(), offer("D-1", CODE, &world.clone(), 72));
    let changes = world.must(machine(), by_code(9, "D-1", CODE, &world.clone()));
    assert_eq!(kinds(&changes), ["enrolment-used", "certificate-reserved"]);
    let refused = world.refused(machine(), by_code(10, "D-1", CODE, &world.clone()));
    assert_eq!(refused, "reserve-by-code: the code cannot be used (art. 38-1)");
}

/// Wrong, used, over, never offered, or of another terminal: nobody learns which.
#[test]
fn every_code_that_does_not_open_is_refused_alike() {
    let mut world = World::usual();
    let never = world.refused(machine(), by_code(9, "D-1", CODE, &world.clone()));
    world.must(clerk(), offer("D-1", CODE, &world.clone(), 1));
    let wrong = world.refused(machine(), by_code(9, "D-1", [8; 32], &world.clone()));
    let other_device = world.refused(machine(), by_code(9, "D-2", CODE, &world.clone()));
    let no_device = world.refused(machine(), by_code(9, "D-77", CODE, &world.clone()));
    world.later(HOUR);
    let over = world.refused(machine(), by_code(9, "D-1", CODE, &world.clone()));
    for other in [wrong, other_device, no_device, over] {
        assert_eq!(other, never);
    }
    // The clock takes it away, and no certificate came of any of this.
    assert_eq!(kinds(&world.must(machine(), Command::Tick)), ["enrolment-ended"]);
    assert_eq!(world.snapshot.enrolments().count(), 0);
    assert!(world.snapshot.certificate(&serial(9)).is_none());
}

#[test]
fn five_wrong_tries_end_a_code() {
    let mut world = World::usual();
    let tried = || Command::CountWrongCode { device: device("D-1") };
    assert_eq!(world.must(machine(), tried()), [], "nothing is written where there is nothing to guess");
    world.must(clerk(), offer("D-1", CODE, &world.clone(), 72));
    for _ in 1..ENROLMENT_TRIES_MAX {
        world.must(machine(), tried());
    }
    world.clone().must(machine(), by_code(9, "D-1", CODE, &world));
    world.must(machine(), tried());
    assert!(world.snapshot.enrolment(&device("D-1")).is_none());
    assert!(world.refused(machine(), by_code(9, "D-1", CODE, &world.clone())).contains("cannot be used"));
}

#[test]
fn a_code_whose_slip_was_lost_is_taken_back() {
    let mut world = World::usual();
    let back = || Command::WithdrawEnrolment { device: device("D-1") };
    assert!(world.refused(clerk(), back()).contains("no code of device"), "there is none");
    world.must(clerk(), offer("D-1", CODE, &world.clone(), 1));
    assert_eq!(kinds(&world.clone().must(clerk(), back())), ["enrolment-ended"]);
    world.later(HOUR);
    assert!(world.refused(clerk(), back()).contains("no code of device"), "it is over");
}

#[test]
fn a_code_ends_with_the_next_one_and_with_the_loan() {
    let mut world = World::usual();
    world.must(clerk(), offer("D-1", CODE, &world.clone(), 72));
    world.must(clerk(), offer("D-1", [8; 32], &world.clone(), 72));
    assert!(world.refused(machine(), by_code(9, "D-1", CODE, &world.clone())).contains("cannot be used"));
    let back = Command::ReturnDevice { device: device("D-1"), because: Cause::Returned };
    assert!(kinds(&world.must(clerk(), back)).contains(&"enrolment-ended".to_owned()));
    let refused = world.refused(clerk(), offer("D-1", CODE, &world.clone(), 72));
    assert!(refused.contains("was returned"), "{refused}");
    // Three days at the most, and some time at the least.
    for hours in [73, 0, -1] {
        assert!(world.refused(clerk(), offer("D-2", CODE, &world.clone(), hours)).contains(" code "), "{hours}");
    }
}

#[test]
fn a_certificate_is_followed_by_its_successor_and_retires() {
    let mut world = World::usual();
    world.must(machine(), renew(9, 1, &world.clone()));
    assert_eq!(world.snapshot.certificate(&serial(9)).unwrap().predecessor, Some(serial(1)));
    issued(&mut world, 9);
    world.later(RETIRING_DAYS * DAY - 1);
    assert_eq!(world.must(machine(), Command::Tick), []);
    world.later(1);
    let changes = world.must(machine(), Command::Tick);
    assert_eq!(kinds(&changes), ["certificate-revoked", "certificate-retired"]);
    let revocation = world.snapshot.certificate(&serial(1)).unwrap().revocation.clone().unwrap();
    assert_eq!((revocation.reason, state(&world, 9)), (ReasonCode::Superseded, State::Active));
}

/// The answer got lost, or the disk was full: the terminal has nothing but the certificate it had.
#[test]
fn a_successor_that_was_never_issued_retires_nothing() {
    let mut world = World::usual();
    world.must(machine(), renew(9, 1, &world.clone()));
    world.must(machine(), Command::AbandonCertificate { serial: serial(9) });
    world.later(RETIRING_DAYS * DAY);
    assert_eq!(kinds(&world.must(machine(), Command::Tick)), ["certificate-retired"]);
    assert_eq!(state(&world, 1), State::Active);
}

#[test]
fn what_does_not_stand_renews_nothing() {
    let mut world = World::usual();
    assert!(world.refused(machine(), renew(9, 77, &world.clone())).contains("no certificate"));
    let mut late = world.clone();
    late.later(365 * DAY);
    assert!(late.refused(machine(), renew(9, 1, &late.clone())).contains("revoked, expired or not issued"));
    let mut suspended = world.clone();
    suspended.suspend(officer(), "device:D-1", None);
    assert!(suspended.refused(machine(), renew(9, 1, &world)).contains("is suspended"));
    for number in 10..9 + LIVE_CERTIFICATES_FOR_RENEWAL as u64 {
        world.must(machine(), renew(number, 1, &world.clone()));
    }
    let full = world.refused(machine(), renew(99, 1, &world.clone()));
    assert!(full.contains("live certificates of this device"), "{full}");
    // Numbers that came to nothing, for the authority's key was away, use up renewals for an hour only.
    let mut later = world.clone();
    later.later(HOUR);
    later.must(machine(), renew(99, 1, &later.clone()));
    world.must(clerk(), Command::RevokeCertificate { serial: serial(1), because: Cause::Replaced });
    assert!(world.refused(machine(), renew(99, 1, &world.clone())).contains("revoked, expired or not issued"));
}

/// Whoever stole the key may have renewed with it.
#[test]
fn a_theft_takes_the_whole_family() {
    let mut world = World::usual();
    for (number, predecessor) in [(9, 1), (10, 9), (11, 9)] {
        world.must(machine(), renew(number, predecessor, &world.clone()));
        issued(&mut world, number);
    }
    let mut superseded = world.clone();
    superseded.must(clerk(), Command::RevokeCertificate { serial: serial(9), because: Cause::Replaced });
    assert_eq!([1, 10, 11].map(|number| state(&superseded, number)), [State::Active; 3]);
    for reported in [1, 9, 11] {
        let mut world = world.clone();
        world.must(himself("U-1"), Command::RevokeCertificate { serial: serial(reported), because: Cause::Stolen });
        assert_eq!([1, 9, 10, 11].map(|number| state(&world, number)), [State::Revoked; 4], "{reported}");
        // Another terminal's goes on.
        assert_eq!(state(&world, 2), State::Active);
    }
    let known: Vec<SerialNumber> = world.snapshot.certificates_of(&device("D-1")).map(|one| one.serial).collect();
    assert_eq!(known.len(), 4);
}

/// A container stays one, whoever renews it; a code for attested keys gives nothing less.
#[test]
fn a_level_is_what_the_code_allows_and_never_rises_by_renewal() {
    use model::Assurance::{Attested, Container, Software, Tpm};
    let levels = [
        (EnrolmentKind::Csr, vec![Software]),
        (EnrolmentKind::Container, vec![Container]),
        (EnrolmentKind::Attested, vec![Attested]),
    ];
    for (kind, may) in levels {
        for assurance in [Attested, Tpm, Software, Container] {
            let mut world = World::usual();
            let until = world.now.plus_seconds(HOUR);
            let offered = Command::OfferEnrolment { device: device("D-1"), kind, digest: CODE, until };
            world.must(clerk(), offered);
            let (not_before, not_after) = (world.now, world.now.plus_seconds(180 * DAY));
            let (serial, of) = (serial(9), device("D-1"));
            let asked = Command::ReserveByCode {
                serial,
                device: of,
                kind,
                digest: CODE,
                not_before,
                not_after,
                assurance,
                key: key_of(serial),
            };
            if !may.contains(&assurance) {
                let why = world.refused(machine(), asked);
                assert!(why.contains("gives no"), "{kind} {assurance}: {why}");
                continue;
            }
            world.must(machine(), asked);
            issued(&mut world, 9);
            let facts = world.snapshot.facts(&user_id("U-1"), &serial, None, world.now).unwrap();
            assert_eq!(facts.device.assurance, assurance);
            world.must(machine(), renew(10, 9, &world.clone()));
            let renewed = world.snapshot.certificate(&super::super::world::serial(10)).unwrap().assurance();
            assert_eq!(renewed, if assurance == Container { Container } else { Software });
        }
    }
}

#[test]
fn a_name_of_hardware_is_one_devices() {
    let mut world = World::usual();
    let name =
        |of: &str, name: Option<&str>| Command::NameHardware { device: device(of), hardware: name.map(str::to_owned) };
    world.must(clerk(), name("D-1", Some("C02ABC")));
    assert_eq!(world.must(clerk(), name("D-1", Some("C02ABC"))), [], "said already");
    let taken = world.refused(clerk(), name("D-2", Some("C02ABC")));
    assert!(taken.contains("another device has this name"), "{taken}");
    for bad in ["", " x", "x\n", &"x".repeat(129)] {
        assert!(world.refused(clerk(), name("D-2", Some(bad))).contains("1 to 128 characters"), "{bad:?}");
    }
    world.must(clerk(), name("D-1", None));
    world.must(clerk(), name("D-2", Some("C02ABC")));
    // The machine came back, and is loaned again under a new number.
    world.must(clerk(), Command::ReturnDevice { device: device("D-2"), because: Cause::Returned });
    world.must(clerk(), name("D-1", Some("C02ABC")));
}
