//! The table of states against a naive map, under any history.

use std::collections::BTreeMap;

use model::lifecycle::certificate::{Event, State};
use model::{DeviceId, SerialDraw, SerialNumber};
use proptest::prelude::*;

use super::dice::Dice;
use super::world::{begin, device};
use crate::Certificate;
use crate::state::{CertificateIndex, Certificates, NumberingKey, Segmented, Unfit};

fn certificate(serial: SerialNumber, device: DeviceId) -> Certificate {
    Certificate {
        serial,
        device,
        state: State::Reserved,
        fingerprint: None,
        key: None,
        not_before: begin(),
        not_after: begin().plus_seconds(60),
        predecessor: None,
        assurance: None,
        reserved_at: begin(),
        external: None,
        revocation: None,
    }
}

/// What the table must answer, looked up the slow way.
type Naive = BTreeMap<SerialNumber, (State, Option<[u8; 32]>, usize)>;

fn agree(table: &Certificates, naive: &Naive, serial: &SerialNumber, fingerprint: &[u8; 32]) {
    let expected = naive.get(serial).filter(|(state, own, _)| match state {
        State::Active => *own == Some(*fingerprint),
        _ => own.is_none_or(|own| own == *fingerprint),
    });
    let found = table.status(serial, fingerprint, None);
    // Wherever it is said to have been before, the answer is the same. The dice give a fingerprint to several, SHA-256 does not.
    for place in (0..=u32::try_from(table.len()).unwrap()).map(CertificateIndex::new) {
        let twin = |other: &Certificate| other.serial != *serial && other.fingerprint == Some(*fingerprint);
        if !table.at(place).is_some_and(twin) {
            assert_eq!(table.status(serial, fingerprint, Some(place)), found);
        }
    }
    assert_eq!(found.map(|(_, state, slot)| (state, slot)), expected.map(|(state, _, slot)| (*state, *slot)));
    assert_eq!(table.contains_key(serial), naive.contains_key(serial));
    if let Some((index, state, slot)) = found {
        assert_eq!(table.status_at(index), Some((state, slot)));
        assert_eq!(table.at(index), table.get(serial));
    }
}

/// One step of a history: a number is taken, or one is moved on. The dice choose few numbers and fingerprints, so that they meet.
fn step(dice: &mut Dice, table: &mut Certificates, naive: &mut Naive) {
    let draw = SerialDraw::new(26, [dice.octet() % 4; 10]);
    if dice.below(40) == 0 {
        table.begin_numbering(NumberingKey::new([dice.octet(); 16]));
    }
    let by_hand = SerialNumber::from_octets(&[1 + dice.octet() % 20, 5, 7, dice.octet() % 2]).unwrap();
    match dice.below(3) {
        0 => {
            let serial = table.next_serial(draw).filter(|_| dice.below(3) > 0).unwrap_or(by_hand);
            let slot = usize::try_from(dice.below(5)).unwrap();
            let free = if naive.contains_key(&serial) { Err(Unfit::Taken) } else { Ok(()) };
            assert_eq!(table.fits(&serial), free);
            if free.is_ok() {
                table.push(certificate(serial, device(&format!("D-{slot}"))), slot);
                naive.insert(serial, (State::Reserved, None, slot));
            }
        }
        _ => {
            let pick = usize::try_from(dice.below(1 + naive.len() as u64)).unwrap();
            let serial = naive.keys().nth(pick).copied().unwrap_or(by_hand);
            let event = *dice.one_of(&[Event::Issue, Event::Issue, Event::Revoke, Event::Confirm, Event::Abandon]);
            let fingerprint = [dice.octet() % 3; 32];
            let edited = table.edit(&serial, |one| {
                one.state = one.state.after(event).map_err(|_| ())?;
                if event == Event::Issue {
                    one.fingerprint = Some(fingerprint);
                }
                Ok(())
            });
            let known = naive.get_mut(&serial).map(|(state, own, _)| {
                *state = state.after(event).map_err(|_| ())?;
                if event == Event::Issue {
                    *own = Some(fingerprint);
                }
                Ok::<(), ()>(())
            });
            assert_eq!(edited, known);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, max_shrink_iters: 200, ..ProptestConfig::default() })]

    /// Whatever happens to certificates, and whatever snapshots are held meanwhile, the table says what a map says.
    #[test]
    fn a_table_is_a_map(seed: u64, count in 1_usize..300) {
        let mut dice = Dice::new(seed);
        let (mut table, mut naive) = (Certificates::default(), Naive::new());
        let mut held: Vec<(Certificates, Naive)> = Vec::new();
        for _ in 0..count {
            step(&mut dice, &mut table, &mut naive);
            if dice.below(20) == 0 {
                held.push((table.clone(), naive.clone()));
            }
        }
        held.push((table, naive));
        let last = held.last().unwrap().1.clone();
        for (table, naive) in &held {
            prop_assert_eq!(table.len(), naive.len());
            for serial in last.keys() {
                for fingerprint in 0..3 {
                    agree(table, naive, serial, &[fingerprint; 32]);
                }
            }
        }
    }

    /// A row in segments is a vector, for every snapshot of it.
    #[test]
    fn segments_are_a_row(steps in proptest::collection::vec((any::<u16>(), any::<bool>()), 0..200)) {
        let (mut row, mut naive) = (Segmented::<u16, 8>::default(), Vec::new());
        let mut held = Vec::new();
        for (value, add) in steps {
            let place = usize::from(value) % (naive.len() + 1);
            match row.get_mut(place).filter(|_| !add) {
                Some(found) => (*found, naive[place]) = (value, value),
                None => {
                    row.push(value);
                    naive.push(value);
                }
            }
            held.push((row.clone(), naive.clone()));
        }
        for (row, naive) in &held {
            prop_assert_eq!((0..naive.len() + 9).map_while(|place| row.get(place)).copied().collect::<Vec<_>>(), naive.clone());
        }
    }
}

/// A million devices and more fit beside the state, and a slot that there is not is nobody's.
#[test]
fn a_row_holds_what_is_put_in() {
    for slot in [0, 1, 1_000_000, (1 << 29) - 2] {
        let mut table = Certificates::default();
        let serial = SerialNumber::from_octets(&[5; 16]).unwrap();
        table.push(certificate(serial, device("D-1")), slot);
        assert_eq!(table.status(&serial, &[0; 32], None).unwrap().2, slot);
    }
}
