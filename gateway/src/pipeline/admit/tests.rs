//! Buckets when there are more subjects than places.

use anomaly::Quota;
use model::Timestamp;

use super::Buckets;
use crate::bounds::SUBJECTS_MAX;

#[test]
fn a_flood_of_sources_wipes_out_nobodys_bucket() {
    let now = Timestamp::from_millis(1_790_000_000_000);
    let buckets = Buckets::new("source", Quota::new(1, 3600, 2));
    let spent = u64::MAX;
    assert!(buckets.charge(&spent, now, 1).is_ok() && buckets.charge(&spent, now, 1).is_ok());
    assert!(buckets.charge(&spent, now, 1).is_err());
    for source in 0..SUBJECTS_MAX as u64 {
        let _ = buckets.charge(&source, now, 1);
    }
    // All places are taken: the rest share two, and what was spent before stays spent.
    let let_in = (1 << 40..(1 << 40) + 100_u64).filter(|source| buckets.charge(source, now, 1).is_ok()).count();
    assert!(let_in <= 3, "{let_in}");
    assert!(buckets.charge(&spent, now, 1).is_err());
    // Once the others' buckets are full again there is room.
    let later = now.plus_seconds(7200);
    assert!((2 << 40..(2 << 40) + 100_u64).all(|source| buckets.charge(&source, later, 1).is_ok()));
    assert!(buckets.known.lock().unwrap().each.len() <= SUBJECTS_MAX);
}
