//! Random commands by random authors at random times: nothing panics, everything that must hold holds after each, and
//! the journal's entries come to the same state again.

mod commands;
mod invariants;

use std::collections::BTreeSet;

use model::{SerialNumber, Timestamp};
use proptest::prelude::*;

use self::commands::{any_author, any_command, any_numbered};
use self::invariants::check;
use super::dice::Dice;
use super::world::*;
use crate::Snapshot;
use crate::form::{Entry, read_snapshot, write_entry, write_snapshot};
use crate::history::Next;

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, max_shrink_iters: 200, ..ProptestConfig::default() })]

    #[test]
    fn any_commands_in_any_order(seed: u64, count in 1_usize..400) {
        let mut dice = Dice::new(seed);
        let mut world = World::new();
        let mut journal: Vec<Vec<u8>> = Vec::new();
        let mut taken: BTreeSet<SerialNumber> = BTreeSet::new();
        let mut carried_out = 0;
        for _ in 0..count {
            world.later(i64::try_from(dice.below(7200)).unwrap());
            let command = any_command(&mut dice, world.now);
            let command = any_numbered(&mut dice, &world.snapshot, command);
            let (kind, author) = (command.kind(), any_author(&mut dice, &command));
            let before = std::sync::Arc::clone(&world.snapshot);
            match world.give(author.clone(), command) {
                Ok(changes) => {
                    carried_out += 1;
                    check(&world.snapshot);
                    for change in &changes {
                        if let crate::Change::CertificateReserved { serial, .. }
                        | crate::Change::CertificateRegistered { serial, .. } = change
                        {
                            assert!(taken.insert(*serial), "{serial} twice");
                        }
                    }
                    journal.push(write_entry(&Entry { at: world.now, by: author, command: kind, changes }));
                }
                Err(refused) => {
                    assert_eq!(*world.snapshot, *before);
                    assert!(!refused.to_string().contains("given twice"), "{refused}");
                }
            }
        }
        prop_assert!(count < 50 || carried_out > 0);
        // Replayed from the beginning, and from a stored state half way.
        let half = journal.len() / 2;
        let mut replayed = Snapshot::default();
        for (place, body) in journal.into_iter().enumerate() {
            if place == half {
                let kept = read_snapshot(&write_snapshot(&replayed)).unwrap();
                prop_assert_eq!(&kept, &replayed);
                replayed = kept;
            }
            let position = journal::Position::new(place as u64 + 1);
            let entry = journal::Entry { position, body, hash: journal::Hash::START };
            Next::read(replayed.generation(), &entry).unwrap().apply(&mut replayed).unwrap();
        }
        prop_assert_eq!(replayed, (*world.snapshot).clone());
    }

    /// Facts at any time come out or say what is missing; they never panic.
    #[test]
    fn facts_at_any_time(millis in Timestamp::MIN.as_millis()..Timestamp::MAX.as_millis()) {
        let world = World::usual();
        let at = Timestamp::from_millis(millis);
        let facts = world.snapshot.facts(&user_id("U-1"), &serial(1), Some(&person("P-1")), at).unwrap();
        let inside = world.snapshot.certificate(&serial(1)).unwrap().in_validity(at);
        prop_assert_eq!(facts.device.certificate_in_validity, inside);
    }
}
