//! Stages at their edges, and which terminals are named.

use model::{SerialNumber, Timestamp};

use super::super::world::*;
use crate::{Command, EXPIRY_DAYS, EnrolmentKind, ExpiryStage, days_left};

const DAY_MILLIS: i64 = DAY * 1000;

/// What is said of a certificate that ends so long after now, in milliseconds.
fn stage(left: i64) -> (Option<ExpiryStage>, Option<i64>) {
    let end = begin().plus_millis(left);
    (ExpiryStage::at(end, begin()), days_left(end, begin()))
}

#[test]
fn a_stage_begins_at_its_day_and_not_a_moment_before() {
    use ExpiryStage::{Days, Fortnight, Month, Over};
    let cases = [
        (30 * DAY_MILLIS + 1, None, Some(30)),
        (30 * DAY_MILLIS, Some(Month), Some(30)),
        (14 * DAY_MILLIS + 1, Some(Month), Some(14)),
        (14 * DAY_MILLIS, Some(Fortnight), Some(14)),
        (3 * DAY_MILLIS + 1, Some(Fortnight), Some(3)),
        (3 * DAY_MILLIS, Some(Days), Some(3)),
        (DAY_MILLIS - 1, Some(Days), Some(0)),
        (1, Some(Days), Some(0)),
        (0, Some(Over), None),
        (-1, Some(Over), None),
        (-1000 * DAY_MILLIS, Some(Over), None),
    ];
    for (left, at, days) in cases {
        assert_eq!(stage(left), (at, days), "{left}");
    }
    assert_eq!(ExpiryStage::at(Timestamp::MIN, Timestamp::MAX), Some(Over));
    assert_eq!(ExpiryStage::at(Timestamp::MAX, Timestamp::MIN), None);
}

#[test]
fn renewal_is_due_at_two_thirds() {
    let due = |lived: i64| crate::renewal_due(begin(), begin().plus_seconds(180), begin().plus_seconds(lived));
    assert_eq!([-1, 0, 119, 120, 180, 400].map(due), [false, false, false, true, true, true]);
}

/// Who is named, in order.
fn named(world: &World, within_days: u32) -> Vec<String> {
    let found = world.snapshot.expiring(world.now, within_days, |_| true);
    found.iter().map(|one| one.device.id.to_string()).collect()
}

fn renew(world: &mut World, number: u64, predecessor: u64, days: i64) {
    let (not_before, not_after) = (world.now, world.now.plus_seconds(days * DAY));
    let (serial, predecessor) = (serial(number), serial(predecessor));
    world
        .must(machine(), Command::ReserveSuccessor { serial, predecessor, not_before, not_after, key: key_of(serial) });
}

fn issued(world: &mut World, serial: SerialNumber) {
    world.must(machine(), Command::RecordIssued { serial, fingerprint: [9; 32] });
}

#[test]
fn those_whose_last_certificate_ends_are_named_and_no_others() {
    // Both end 365 days from the beginning.
    let mut world = World::usual();
    world.later(DAY);
    world.device("D-3", "F-1", "K-1", 3);
    assert_eq!(named(&world, EXPIRY_DAYS), [""; 0]);
    assert_eq!(named(&world, 364), ["D-1", "D-2"]);
    world.later(334 * DAY);
    assert_eq!(named(&world, EXPIRY_DAYS), ["D-1", "D-2"], "D-3 lasts a day longer");
    // A number alone is no certificate: it was begun, for an hour.
    renew(&mut world, 9, 1, 180);
    let begun = |world: &World| world.snapshot.expiring(world.now, EXPIRY_DAYS, |_| true)[0].begun;
    assert!(begun(&world));
    world.later(HOUR);
    assert!(!begun(&world));
    // Issued, it takes the place of the one before, which is still valid.
    let mut renewed = world.clone();
    issued(&mut renewed, serial(9));
    assert_eq!(named(&renewed, EXPIRY_DAYS), ["D-2"]);

    // Revoked or taken back, there is nothing to renew.
    world.must(clerk(), Command::RevokeCertificate { serial: serial(1), because: model::Cause::Stolen });
    let (device, because) = (device("D-2"), model::Cause::Returned);
    world.must(clerk(), Command::ReturnDevice { device, because });
    world.later(DAY);
    assert_eq!(named(&world, EXPIRY_DAYS), ["D-3"]);
    world.later(40 * DAY);
    let over = world.snapshot.expiring(world.now, EXPIRY_DAYS, |_| true);
    assert_eq!((over.len(), over[0].stage), (1, Some(ExpiryStage::Over)), "said until something is done about it");
}

#[test]
fn a_code_that_waits_is_told_until_it_is_over() {
    let mut world = World::usual();
    world.later(360 * DAY);
    let until = world.now.plus_seconds(HOUR);
    let offer = Command::OfferEnrolment { device: device("D-1"), kind: EnrolmentKind::Csr, digest: [7; 32], until };
    world.must(clerk(), offer);
    let waits = |world: &World| world.snapshot.expiring(world.now, EXPIRY_DAYS, |_| true)[0].code_until;
    assert_eq!(waits(&world), Some(until));
    world.later(HOUR);
    assert_eq!(waits(&world), None);
}
