//! What is written is read back, and nothing else is read.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::dice::Dice;
use super::world::World;
use crate::change::Change;
use crate::form::{Entry, Form, KINDS, read_entry, read_snapshot, write_entry, write_snapshot};

proptest! {
    #[test]
    fn any_entry_reads_back(seed: u64) {
        let mut dice = Dice::new(seed);
        let entry = any_entry(&mut dice);
        let written = write_entry(&entry);
        prop_assert_eq!(read_entry(&written).unwrap(), entry);
    }

    /// Reading never panics, whatever was written, and reads nothing that it would write otherwise.
    #[test]
    fn a_changed_entry_is_refused_or_reads_back(seed: u64, place: prop::sample::Index, octet: u8) {
        let mut written = write_entry(&any_entry(&mut Dice::new(seed)));
        let place = place.index(written.len());
        written[place] = octet;
        if let Ok(entry) = read_entry(&written) {
            prop_assert_eq!(read_entry(&write_entry(&entry)).unwrap(), entry);
        }
    }
}

fn any_entry(dice: &mut Dice) -> Entry {
    Entry { at: Form::any(dice), by: Form::any(dice), command: Form::any(dice), changes: Form::any(dice) }
}

/// The dice reach every kind of change.
#[test]
fn every_kind_reads_back() {
    let mut seen = std::collections::BTreeSet::new();
    for seed in 0..5000 {
        let change = Change::any(&mut Dice::new(seed));
        let written = change.write();
        assert_eq!(Change::read(&written).unwrap(), change);
        seen.insert(written["kind"].as_str().unwrap().to_owned());
    }
    assert_eq!(seen.len(), KINDS.len());
}

/// One of each kind as it was once written: read to this day, and written the same. Run with `UPDATE_TEXTS=1` to add a
/// new kind; a changed line means that journals in use can no longer be read.
#[test]
fn forms_are_as_they_were() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/forms.ndjson");
    let kept = std::fs::read_to_string(path).unwrap_or_default();
    let of_kind = |kind: &str| {
        let kind_of = |line: &&str| serde_json::from_str::<Value>(line).unwrap()["kind"] == *kind;
        kept.lines().find(kind_of).map(str::to_owned)
    };
    let mut lines = Vec::new();
    for kind in KINDS {
        let line = of_kind(kind).unwrap_or_else(|| {
            assert!(std::env::var_os("UPDATE_TEXTS").is_some(), "{path} has no `{kind}`");
            fresh(kind).write().to_string()
        });
        let read = Change::read(&serde_json::from_str(&line).unwrap());
        let read = read.unwrap_or_else(|error| panic!("{kind}: {error}"));
        assert_eq!(read.write().to_string(), line, "{kind}");
        lines.push(line);
    }
    if std::env::var_os("UPDATE_TEXTS").is_some() {
        std::fs::write(path, lines.join("\n") + "\n").unwrap();
    }
    assert_eq!(std::fs::read_to_string(path).unwrap().lines().count(), KINDS.len(), "{path} holds what is no kind");
}

/// The change of this kind with the longest line among many: one with all its fields.
fn fresh(kind: &str) -> Change {
    let all = (0..20_000).map(|seed| Change::any(&mut Dice::new(seed)));
    all.filter(|change| change.write()["kind"] == *kind)
        .max_by_key(|change| change.write().as_object().unwrap().len())
        .unwrap()
}

#[test]
fn nothing_is_read_in_part() {
    let good = json!({"v": 1, "at": "2026-11-23T05:05:00.250Z", "by": "city-clerk:Sato", "command": "resume-service",
        "changes": [{"kind": "service-resumed"}, {"kind": "certificate-revoked", "serial": "0a", "reason": "superseded"}]});
    let read = |value: &Value| read_entry(value.to_string().as_bytes()).map(|_| ()).map_err(|error| error.to_string());
    assert_eq!(read(&good), Ok(()));
    let change = |pointer: &str, to: Value| {
        let mut bad = good.clone();
        *bad.pointer_mut(pointer).unwrap() = to;
        read(&bad).unwrap_err()
    };
    assert_eq!(change("/v", json!(2)), "version 2 is not known here");
    assert_eq!(change("/at", json!("yesterday")).split(';').next(), Some("`at`: `yesterday` is no point in time"));
    assert_eq!(change("/by", json!("Sato")), "`by`: expected `office:name`");
    assert_eq!(change("/by", json!("city-clerk:a\u{0007}b")), "`by`: the name of the author is out of bounds");
    assert_eq!(
        change("/changes/0/kind", json!("service-cancelled")),
        "`changes.0`: unknown kind of change `service-cancelled`"
    );
    assert_eq!(change("/changes/1/serial", json!("")), "`changes.1.serial`: a serial number is zero");
    assert_eq!(change("/changes/1/reason", Value::Null), "`changes.1.reason`: expected a text");
    assert_eq!(
        change("/changes/1", json!({"kind": "certificate-revoked", "serial": "0a"})),
        "`changes.1.reason`: is missing"
    );
    assert_eq!(
        change("/changes/0", json!({"kind": "service-resumed", "x": 1})),
        "`changes.0`: there are fields too many"
    );
    assert_eq!(change("/changes", json!({})), "`changes`: expected a list");
    let mut more = good.clone();
    more["note"] = json!("");
    assert_eq!(read(&more).unwrap_err(), "there are fields too many");
    assert!(read_entry(b"").is_err());
    assert!(read_entry(&[0xff]).is_err());
    assert!(read_entry(&vec![b'['; 100_000]).is_err());
}

#[test]
fn a_snapshot_reads_back() {
    let world = World::usual();
    let written = write_snapshot(&world.snapshot);
    assert_eq!(read_snapshot(&written).unwrap(), *world.snapshot);
    let mut value: Value = serde_json::from_slice(&written).unwrap();
    value["persons"][0]["favourite"] = json!("tea");
    assert!(read_snapshot(value.to_string().as_bytes()).is_err());
}
