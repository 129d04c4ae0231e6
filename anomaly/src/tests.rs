//! Tests of the two engines, against naive models.

use model::Timestamp;
use proptest::prelude::*;

use crate::{Bucket, Guesses, Patience, Quota, Verdict};

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(1_700_000_000_000 + millis)
}

#[test]
fn a_burst_then_the_rate() {
    let quota = Quota::new(10, 1, 5);
    let mut bucket = Bucket::default();
    for _ in 0..5 {
        assert_eq!(bucket.charge(quota, at(0), 1), Verdict::Within);
    }
    assert_eq!(bucket.charge(quota, at(0), 1), Verdict::Beyond { retry_after_millis: 101 });
    assert_eq!(bucket.charge(quota, at(100), 1), Verdict::Within);
    assert!(matches!(bucket.charge(quota, at(100), 1), Verdict::Beyond { .. }));
    assert!(bucket.is_full(at(10_000)));
}

#[test]
fn a_cost_above_the_burst_passes_a_full_bucket_only() {
    let quota = Quota::new(1, 1, 2);
    let mut bucket = Bucket::default();
    assert_eq!(bucket.charge(quota, at(0), 5), Verdict::Within);
    assert!(matches!(bucket.charge(quota, at(0), 1), Verdict::Beyond { .. }));
    assert!(matches!(bucket.charge(quota, at(900), 5), Verdict::Beyond { .. }));
    assert_eq!(bucket.charge(quota, at(2_000), 5), Verdict::Within);
}

#[test]
fn a_clock_set_back_costs_no_more_than_an_empty_bucket() {
    let quota = Quota::new(1, 1, 3);
    let mut bucket = Bucket::default();
    for _ in 0..3 {
        assert_eq!(bucket.charge(quota, at(86_400_000), 1), Verdict::Within);
    }
    assert!(matches!(bucket.charge(quota, at(0), 1), Verdict::Beyond { .. }));
    assert_eq!(bucket.charge(quota, at(4_000), 1), Verdict::Within);
}

proptest! {
    /// Never more than the burst plus what the rate allows, in any window; and never less than the rate for the patient.
    #[test]
    fn never_more_than_rate_and_burst(count in 1_u32..50, burst in 1_u32..50, steps in proptest::collection::vec(0_i64..500, 1..200)) {
        let quota = Quota::new(count, 1, burst);
        let mut bucket = Bucket::default();
        let (mut now, mut passed) = (0, 0_i64);
        for step in steps {
            now += step;
            if bucket.charge(quota, at(now), 1) == Verdict::Within {
                passed += 1;
            }
            let allowed = i64::from(burst) + now * i64::from(count) / 1000 + 1;
            prop_assert!(passed <= allowed, "{passed} passed, {allowed} allowed after {now} ms");
        }
    }

    /// Waiting as long as one is told always helps.
    #[test]
    fn the_wait_told_is_enough(count in 1_u32..50, burst in 1_u32..20, tries in 1_usize..100) {
        let quota = Quota::new(count, 1, burst);
        let mut bucket = Bucket::default();
        for _ in 0..tries {
            if let Verdict::Beyond { retry_after_millis } = bucket.charge(quota, at(0), 1) {
                prop_assert_eq!(bucket.charge(quota, at(retry_after_millis), 1), Verdict::Within);
                break;
            }
        }
    }
}

#[test]
fn guessing_gets_slower_and_never_locks() {
    let mut guesses = Guesses::default();
    let (mut now, mut failures) = (0_i64, 0);
    while now < 24 * 3_600_000 {
        match guesses.patience(at(now)) {
            Patience::Try => {
                guesses.wrong(at(now));
                failures += 1;
            }
            Patience::Wait { seconds } => {
                assert!(seconds <= 900);
                now += i64::from(seconds) * 1000;
            }
        }
    }
    assert!(failures <= 110, "{failures} tries in a day");
    guesses.right();
    assert_eq!(guesses.patience(at(now)), Patience::Try);
    guesses.wrong(at(now));
    guesses.take_back();
    assert!(guesses.is_forgotten(at(now)));
}

#[test]
fn a_clock_set_back_does_not_lock_out() {
    let mut guesses = Guesses::default();
    for _ in 0..20 {
        guesses.wrong(at(86_400_000));
    }
    let Patience::Wait { seconds } = guesses.patience(at(0)) else { panic!("expected a wait") };
    assert!(seconds <= 900);
}
