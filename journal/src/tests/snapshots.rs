//! Snapshots: found by position, passed over when damaged, not kept for ever.

use super::{Home, entries, on_both_engines};
use crate::{JournalError, Position, SNAPSHOTS_KEPT};

on_both_engines!(snapshots_are_found_by_position, a_damaged_snapshot_is_passed_over, old_snapshots_go,);

fn snapshots_are_found_by_position(home: &Home) {
    let journal = home.journal();
    assert_eq!(journal.snapshot_before(None).unwrap(), None);
    journal.append(entries(&["a", "b", "c", "d"])).wait().unwrap();
    let large: Vec<u8> = (0..1_000_000_u32).flat_map(u32::to_le_bytes).collect();
    journal.save_snapshot(Position::new(2), &large).unwrap();
    journal.save_snapshot(Position::new(4), b"four").unwrap();
    journal.save_snapshot(Position::START, b"").unwrap();
    let found = |at: Option<u64>| journal.snapshot_before(at.map(Position::new)).unwrap().unwrap();
    assert_eq!(found(None), (Position::new(4), b"four".to_vec()));
    assert_eq!(found(Some(4)), (Position::new(4), b"four".to_vec()));
    assert_eq!(found(Some(3)), (Position::new(2), large));
    assert_eq!(found(Some(1)), (Position::START, Vec::new()));
    // Saved again, shorter: no piece of the old one is left in it.
    journal.save_snapshot(Position::new(2), b"two").unwrap();
    assert_eq!(found(Some(3)), (Position::new(2), b"two".to_vec()));
    assert!(matches!(journal.save_snapshot(Position::new(5), b"x"), Err(JournalError::Beyond { .. })));
}

fn a_damaged_snapshot_is_passed_over(home: &Home) {
    let journal = home.journal();
    journal.append(entries(&["a", "b", "c"])).wait().unwrap();
    for at in 1..=3 {
        journal.save_snapshot(Position::new(at), format!("state at {at}").as_bytes()).unwrap();
    }
    home.tamper("UPDATE {n}snapshot_piece SET body = CAST('state at 4' AS bytea) WHERE at = 3");
    assert_eq!(journal.snapshot_before(None).unwrap().unwrap().1, b"state at 2");
    home.tamper("DELETE FROM {n}snapshot_piece WHERE at = 2");
    assert_eq!(journal.snapshot_before(None).unwrap().unwrap().1, b"state at 1");
}

fn old_snapshots_go(home: &Home) {
    let journal = home.journal();
    let many = SNAPSHOTS_KEPT as u64 + 5;
    for at in 1..=many {
        journal.append(entries(&["x"])).wait().unwrap();
        journal.save_snapshot(Position::new(at), &at.to_be_bytes()).unwrap();
    }
    let oldest = many - SNAPSHOTS_KEPT as u64 + 1;
    assert!(journal.snapshot_before(Some(Position::new(oldest))).unwrap().is_some());
    assert!(journal.snapshot_before(Some(Position::new(oldest - 1))).unwrap().is_none());
}
