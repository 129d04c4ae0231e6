//! What must not grow with the city.

use std::sync::Arc;
use std::time::{Duration, Instant};

use model::ReasonCode;

use super::world::*;
use crate::{Change, Command, Person};

/// With 100,000 persons on file a revocation is validated, applied and published in far less than a millisecond: only
/// the way to the changed entry is copied. The bound is loose, for unoptimised builds on busy machines.
#[test]
fn a_revocation_costs_the_same_in_a_large_city() {
    let mut world = World::usual();
    let act = crate::Act { at: world.now, by: clerk() };
    let mut large = (*world.snapshot).clone();
    for number in 0..100_000 {
        let (id, name, area) = (person(&format!("L-{number}")), "山田 太郎".to_owned(), String::new());
        let person = Person { id, name, area, eligibility: eligibility(), registered_at: world.now };
        large.apply(&act, &Change::PersonRegistered { person }).unwrap();
    }
    world.snapshot = Arc::new(large);
    assert!(world.snapshot.objects() > 100_000);
    let mut times: Vec<Duration> = Vec::new();
    for number in 100..200 {
        world.certificate("D-1", number);
        let before = Arc::clone(&world.snapshot);
        let begun = Instant::now();
        world.must(clerk(), Command::RevokeCertificate { serial: serial(number), reason: ReasonCode::KeyCompromise });
        times.push(begun.elapsed());
        // Readers of the old state still have it.
        assert!(before.certificate(&serial(number)).unwrap().is_live());
    }
    times.sort();
    assert!(times[50] < Duration::from_millis(1), "median {:?}", times[50]);
}
