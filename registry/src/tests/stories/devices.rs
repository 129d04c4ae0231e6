//! Devices and certificates (art. 37, 38).

use model::lifecycle::certificate;
use model::{Article, ReasonCode, Target};

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
    };
    world.must(clerk(), reserve(7, "D-1"));
    world.must(clerk(), Command::AbandonCertificate { serial: serial(7) });
    world.must(clerk(), Command::RevokeCertificate { serial: serial(1), reason: ReasonCode::Superseded });
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
    world.must(clerk(), Command::RevokeCertificate { serial: serial(8), reason: ReasonCode::Unspecified });
    assert_eq!(world.snapshot.certificate(&serial(8)).unwrap().state, certificate::State::Revoked);
}

#[test]
fn a_device_that_came_back_is_out_of_use() {
    let mut world = World::usual();
    world.suspend(officer(), "device:D-1", None);
    let give_back = || Command::ReturnDevice { device: device("D-1"), reason: ReasonCode::CessationOfOperation };
    let changes = world.must(clerk(), give_back());
    assert_eq!(kinds(&changes), ["certificate-revoked", "device-returned", "suspension-ended"]);
    assert!(world.refused(clerk(), give_back()).contains("returned already"));
    let (not_before, not_after) = (world.now, world.now.plus_seconds(DAY));
    let reserve = Command::ReserveCertificate {
        serial: serial(9),
        device: device("D-1"),
        not_before,
        not_after,
        assurance: model::Assurance::Software,
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
