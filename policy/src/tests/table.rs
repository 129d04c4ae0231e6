//! The reviewed table.

use super::POINT;
use crate::matrix::access_matrix;

/// The reviewed text equals what the rules do. Run with `UPDATE_TEXTS=1` to write it anew, then review the diff.
#[test]
fn the_access_matrix_is_as_reviewed() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/access-matrix.txt");
    let now = access_matrix(&POINT);
    assert!(!now.contains('!'), "a cell of the table is an evaluation error");
    if std::env::var_os("UPDATE_TEXTS").is_some() {
        std::fs::write(path, &now).unwrap();
    }
    assert_eq!(std::fs::read_to_string(path).unwrap(), now, "who may do what changed: review policy/access-matrix.txt");
    assert!(now.lines().count() <= 350, "too long to be read: {} lines", now.lines().count());
}
