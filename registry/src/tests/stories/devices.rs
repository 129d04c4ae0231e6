//! Devices and certificates (art. 37, 38).

use model::lifecycle::certificate;
use model::{Article, Cause, Target};

use super::super::world::*;
use super::kinds;
use crate::Command;

/// A serial number is taken once, whatever becomes of it (promise P10).
#[test]
fn serial_numbers_are_never_used_twice() {
    let mut world = World::usual();
    let reserve = |number, of: &str| Command::ReserveCertificate {
        serial: serial(number),
        device: device(of),
        not_before: begin(),
        not_after: begin().plus_seconds(DAY),
        assurance: model::Assurance::Software,
        key: [of.as_bytes()[2]; 32],
    };
    world.must(clerk(), reserve(7, "D-1"));
    world.must(clerk(), Command::AbandonCertificate { serial: serial(7) });
    world.must(clerk(), Command::RevokeCertificate { serial: serial(1), because: Cause::Replaced });
    for (number, of) in [(7, "D-1"), (7, "D-2"), (1, "D-1"), (2, "D-1")] {
        assert!(world.refused(clerk(), reserve(number, of)).contains("exists already"));
    }
    // Recorded once, and only what was reserved.
    let issued = |number| Command::RecordIssued { serial: serial(number), fingerprint: [9; 32] };
    assert!(world.refused(clerk(), issued(2)).contains("`issue` is not possible while `active`"));
    assert!(world.refused(clerk(), issued(1)).contains("is not possible while `revoked`"));
    assert!(world.refused(clerk(), issued(8)).contains("no certificate"));
    // Lost between reserving and recording: the number can be revoked all the same.
    world.must(clerk(), reserve(8, "D-1"));
    world.must(clerk(), Command::RevokeCertificate { serial: serial(8), because: Cause::Retired });
    assert_eq!(world.snapshot.certificate(&serial(8)).unwrap().state, certificate::State::Revoked);
}

/// A key stands for one terminal (art. 38-1), and one that got out of our hands for none.
#[test]
fn a_key_is_one_terminals_and_never_comes_back_once_it_is_lost() {
    let mut world = World::usual();
    let reserve = |number, of: &str, key| Command::ReserveCertificate {
        serial: serial(number),
        device: device(of),
        not_before: begin(),
        not_after: begin().plus_seconds(DAY),
        assurance: model::Assurance::Software,
        key: [key; 32],
    };
    let issued = |number: u8| Command::RecordIssued { serial: serial(number.into()), fingerprint: [number; 32] };
    let give_up = |number| Command::AbandonCertificate { serial: serial(number) };
    world.must(clerk(), reserve(11, "D-1", 9));
    assert!(world.refused(clerk(), reserve(12, "D-2", 9)).contains("another terminal has a certificate for this key"));
    // What came to nothing binds no key; and the terminal itself may go on with its own.
    world.must(clerk(), give_up(11));
    world.must(clerk(), reserve(12, "D-2", 9));
    assert!(world.refused(clerk(), reserve(13, "D-1", 9)).contains("another terminal"));
    world.must(clerk(), issued(12));
    world.must(clerk(), reserve(13, "D-2", 9));
    world.must(clerk(), issued(13));
    world.must(clerk(), reserve(14, "D-2", 9));
    world.must(clerk(), give_up(14));
    // Replaced is not lost: the key is still the terminal's. Stolen is, and takes what followed with it along.
    world.must(clerk(), Command::RevokeCertificate { serial: serial(13), because: Cause::Replaced });
    world.must(clerk(), reserve(15, "D-2", 9));
    world.must(clerk(), Command::RevokeCertificate { serial: serial(12), because: Cause::Stolen });
    assert!(world.snapshot.certificates_with_key(&[9; 32]).all(|one| !one.is_live()));
    for of in ["D-1", "D-2"] {
        let refused = world.refused(clerk(), reserve(16, of, 9));
        assert!(refused.contains("the terminal must make a new one"), "{refused}");
    }
    world.must(clerk(), reserve(16, "D-2", 10));
}

#[test]
fn a_device_that_came_back_is_out_of_use() {
    let mut world = World::usual();
    world.suspend(officer(), "device:D-1", None);
    let give_back = || Command::ReturnDevice { device: device("D-1"), because: Cause::Returned };
    let changes = world.must(clerk(), give_back());
    assert_eq!(kinds(&changes), ["certificate-revoked", "revocation-reported", "device-returned", "suspension-ended"]);
    assert!(world.refused(clerk(), give_back()).contains("returned already"));
    let (not_before, not_after) = (world.now, world.now.plus_seconds(DAY));
    let reserve = Command::ReserveCertificate {
        serial: serial(9),
        device: device("D-1"),
        not_before,
        not_after,
        assurance: model::Assurance::Software,
        key: key_of(serial(9)),
    };
    assert!(world.refused(clerk(), reserve).contains("device `D-1` was returned"));
    assert!(
        world
            .refused(
                officer(),
                Command::Suspend {
                    target: Target::Device(device("D-1")),
                    reason: "x".to_owned(),
                    article: Article::new(29),
                    until: None,
                }
            )
            .contains("`device:D-1` has ended")
    );
}
