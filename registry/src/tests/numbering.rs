//! Indexes in serial numbers: a permutation, given once each, whoever asks at the same moment.

use std::collections::BTreeSet;
use std::sync::Mutex;

use model::{Author, Office, SerialDraw, SerialNumber};
use proptest::prelude::*;

use super::journals::{found, must};
use super::processes::{on_both, open};
use super::world::*;
use crate::state::{Numbering, NumberingKey};
use crate::{Command, Registry, Snapshot};

const MAX: u64 = 1 << 48;

fn draw(octet: u8) -> SerialDraw {
    SerialDraw::new(26, [octet; 10])
}

proptest! {
    #[test]
    fn every_index_comes_back(key: [u8; 16], index in 0..MAX, sealed in 0..MAX) {
        let numbering = Numbering::new(NumberingKey::new(key));
        prop_assert!(numbering.seal(index) < MAX);
        prop_assert_eq!(numbering.open(numbering.seal(index)), index);
        // Both ways: so it is a bijection, and every sealed index is one of somebody's.
        prop_assert_eq!(numbering.seal(numbering.open(sealed)), sealed);
    }
}

/// As it was when the first certificates were numbered: with another permutation none of them is found again.
#[test]
fn the_permutation_is_as_it_was() {
    let numbering = Numbering::new(NumberingKey::new(*b"sixteen octets!!"));
    let sealed: Vec<String> =
        [0, 1, 2, MAX - 1].iter().map(|index| format!("{:012x}", numbering.seal(*index))).collect();
    // Worked out by openssl's AES and a script, from the words at the top of the module.
    assert_eq!(sealed, ["f8634c3c8e6c", "27163e046b20", "14da0af9b2e8", "7c68796d686c"]);
}

/// Neighbours share no more bits than chance gives: order does not show.
#[test]
fn neighbours_lie_far_apart() {
    let numbering = Numbering::new(NumberingKey::new([7; 16]));
    let apart: u32 = (0..10_000).map(|at| (numbering.seal(at) ^ numbering.seal(at + 1)).count_ones()).sum();
    assert!((23.5..24.5).contains(&(f64::from(apart) / 10_000.0)), "{apart}");
    let sealed: BTreeSet<u64> = (0..10_000).map(|at| numbering.seal(at)).collect();
    assert_eq!(sealed.len(), 10_000);
}

fn reserve(registry: &Registry, draw: SerialDraw) -> SerialNumber {
    let (not_before, not_after) = (begin(), begin().plus_seconds(180 * DAY));
    let command = move |serial| Command::ReserveCertificate {
        serial,
        device: device("D-1"),
        not_before,
        not_after,
        assurance: model::Assurance::Software,
        key: key_of(serial),
    };
    registry.execute_numbered(draw, command, clerk(), begin()).unwrap().0
}

fn indexes(snapshot: &Snapshot) -> Vec<u32> {
    let index = |one: &crate::Certificate| snapshot.status(&one.serial, &one.fingerprint.unwrap_or_default());
    snapshot.certificates().map(|one| index(one).unwrap().index.get()).collect()
}

/// No index and no number twice, none left out, one key for all.
#[test]
fn processes_that_reserve_at_once_share_one_row_of_indexes() {
    const EACH: usize = 40;
    on_both(|place| {
        let registries = [open(place), open(place)];
        found(&registries[0]);
        let given = Mutex::new(BTreeSet::new());
        std::thread::scope(|scope| {
            for registry in registries.iter().cycle().take(4) {
                let given = &given;
                // All with the same draw: what tells the numbers apart is the index.
                scope.spawn(move || {
                    (0..EACH).for_each(|_| assert!(given.lock().unwrap().insert(reserve(registry, draw(1)))))
                });
            }
        });
        let third = open(place);
        let snapshot = third.snapshot();
        assert_eq!(given.into_inner().unwrap().len(), 4 * EACH);
        // The one that the founding gave by hand is the first.
        assert_eq!(indexes(&snapshot), (0..=4 * u32::try_from(EACH).unwrap()).collect::<Vec<_>>());
        // And after a start from a stored state.
        third.keep().unwrap();
        assert_eq!(open(place).snapshot(), snapshot);
        let next = reserve(&third, draw(2));
        assert_eq!(third.snapshot().status(&next, &[0; 32]).unwrap().index.get() as usize, 4 * EACH + 1);
    });
}

#[test]
fn a_number_out_of_its_turn_is_refused() {
    let mut world = World::usual();
    let machine = Author::new(Office::System, "sekisho");
    assert_eq!(world.snapshot.next_serial(draw(1)), None, "before numbering has begun");
    let key = NumberingKey::new([3; 16]);
    assert_eq!(world.must(machine.clone(), Command::BeginNumbering { key }).len(), 1);
    // Another process was first: its key stands.
    let other = NumberingKey::new([4; 16]);
    assert_eq!(world.must(machine, Command::BeginNumbering { key: other }).len(), 0);
    let (not_before, not_after) = (world.now, world.now.plus_seconds(DAY));
    let take = |serial| Command::ReserveCertificate {
        serial,
        device: device("D-1"),
        not_before,
        not_after,
        assurance: model::Assurance::Software,
        key: key_of(serial),
    };
    let first = world.snapshot.next_serial(draw(1)).unwrap();
    world.must(clerk(), take(first));
    let taken = world.refused(clerk(), take(first));
    assert!(taken.contains("exists already"), "{taken}");
    let numbering = Numbering::new(key);
    for index in [0, 1, 2, 4, u32::MAX] {
        let serial = numbering.serial(draw(9), crate::CertificateIndex::new(index));
        let refused = world.refused(clerk(), take(serial));
        assert!(refused.contains("another place than the next"), "{refused}");
    }
    // A number of another length gives no index, and is taken as before; both kinds are found.
    world.must(clerk(), take(serial(4711)));
    let second = world.snapshot.next_serial(draw(1)).unwrap();
    world.must(clerk(), take(second));
    for number in [serial(1), serial(2), first, serial(4711), second] {
        assert_eq!(world.snapshot.certificate(&number).unwrap().serial, number);
    }
    // Of the same index, and yet not the same number.
    let forged = draw(2).numbered(second.numbered_parts().unwrap().sealed);
    assert_eq!(world.snapshot.certificate(&forged), None);
    assert_eq!(world.snapshot.status(&forged, &[0; 32]), None);
    assert_eq!(format!("{key:?}"), "NumberingKey", "it is shown nowhere");
    // Given up and revoked ones keep their place.
    must_stay(&mut world, first);
}

fn must_stay(world: &mut World, number: SerialNumber) {
    let at = world.snapshot.status(&number, &[0; 32]).unwrap().index;
    world.must(clerk(), Command::AbandonCertificate { serial: number });
    let after = world.snapshot.status_at(at).unwrap();
    assert_eq!((after.index, after.state), (at, model::lifecycle::certificate::State::Abandoned));
}

#[test]
fn a_command_that_is_refused_takes_no_index() {
    let folder = tempfile::tempdir().unwrap();
    let registry = open(&super::journals::place(folder.path()));
    found(&registry);
    let before = reserve(&registry, draw(1));
    let (not_before, not_after) = (begin(), begin().plus_seconds(DAY));
    let nowhere = move |serial| Command::ReserveCertificate {
        serial,
        device: device("D-9"),
        not_before,
        not_after,
        assurance: model::Assurance::Software,
        key: key_of(serial),
    };
    registry.execute_numbered(draw(1), nowhere, clerk(), begin()).unwrap_err();
    let after = reserve(&registry, draw(1));
    let index = |serial: &SerialNumber| registry.snapshot().status(serial, &[0; 32]).unwrap().index.get();
    assert_eq!(index(&after), index(&before) + 1);
    must(&registry, clerk(), Command::AbandonCertificate { serial: after });
}
