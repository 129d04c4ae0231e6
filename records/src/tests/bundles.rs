//! Batches and transactions. A case is written as any request (see `cases.rs`); the Bundle is its body. In
//! `bundles/refused/` nothing may be served, in `bundles/served/` nothing refused.

use super::{cases, check_folder};
use crate::Batch;

/// What becomes of each entry of a batch.
pub(super) fn describe(batch: Batch) -> Vec<String> {
    let entries = batch.entries().into_iter().map(|entry| match entry {
        Err(unreadable) => format!("refused: {unreadable}"),
        Ok(entry) => {
            let headers: Vec<String> = entry.headers.iter().map(|(name, value)| format!("{name}: {value}")).collect();
            let body = String::from_utf8_lossy(&entry.body).into_owned();
            format!("{} {} {} {}", entry.method, entry.target, headers.join("; "), body).trim_end().to_owned()
        }
    });
    entries.enumerate().map(|(index, said)| format!("{}. {said}", index + 1)).collect()
}

#[test]
fn refused() {
    let count = check_folder("bundles/refused", |block| {
        let said = cases::run(block);
        assert!(said[0].starts_with("refused: "), "{block:#?} is served: {said:#?}");
        said
    });
    assert!(count >= 50, "only {count} cases");
}

#[test]
fn served() {
    let count = check_folder("bundles/served", |block| {
        let said = cases::run(block);
        assert!(!said[0].starts_with("refused: "), "{block:#?} is refused: {said:#?}");
        said
    });
    assert!(count >= 10, "only {count} cases");
}
