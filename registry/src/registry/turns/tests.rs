use std::sync::{Arc, Mutex};
use std::time::Duration;

use journal::Journal;

use super::*;
use crate::Registry;
use crate::tests::journals::{found, must, open, place, register_person};
use crate::tests::world::*;

/// Has commands wait, in this order, until all of them do; what each came to.
fn all_at_once(registry: &Registry, commands: Vec<Command>) -> Vec<Outcome> {
    let held = registry.inner.lock();
    let waiting = || registry.inner.turns.0.lock().unwrap().len();
    let wait = |command| registry.inner.carry_out(Turn::new(command, Materials::default(), clerk(), begin()));
    std::thread::scope(|scope| {
        let mut all = Vec::new();
        for command in commands {
            let before = waiting();
            all.push(scope.spawn(move || wait(Making::Given(command))));
            while waiting() == before {
                std::thread::sleep(Duration::from_millis(1));
            }
        }
        drop(held);
        all.into_iter().map(|one| one.join().unwrap()).collect()
    })
}

/// Where the journal ended whenever a listener heard of a change, and the generation it heard of.
fn heard_with_ends(registry: &Registry, folder: &std::path::Path) -> Arc<Mutex<Vec<(u64, u64)>>> {
    let heard: Arc<Mutex<Vec<(u64, u64)>>> = Arc::default();
    let (to, beside) = (Arc::clone(&heard), Journal::open_existing(&place(folder)).unwrap());
    registry.on_change(Box::new(move |_, snapshot| {
        let end = beside.head().unwrap().position.get();
        to.lock().unwrap().push((snapshot.generation().get(), end));
    }));
    heard
}

#[test]
fn who_waits_is_carried_out_in_one_commit_and_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let registry = open(folder.path());
    found(&registry);
    let before = registry.snapshot().generation().get();
    let heard = heard_with_ends(&registry, folder.path());
    let consent = Command::GiveConsent { person: person("P-2"), form: form(true, true, true) };
    // Each rests on the one before it, which is not written yet; one is refused because of it.
    let commands = vec![register_person(2), register_person(2), consent, register_person(3)];
    let outcomes = all_at_once(&registry, commands);
    let generations: Vec<_> =
        outcomes.iter().map(|outcome| outcome.as_ref().ok().map(|done| done.generation.get() - before)).collect();
    assert_eq!(generations, [Some(1), None, Some(2), Some(3)]);
    assert!(outcomes[1].as_ref().unwrap_err().refused().is_some());
    // All three were durable before the first was told of.
    let heard: Vec<_> = heard.lock().unwrap().iter().map(|(at, end)| (at - before, end - before)).collect();
    assert_eq!(heard, [(1, 3), (2, 3), (3, 3)]);
    let wanted = registry.snapshot();
    assert_eq!(registry.at_generation(wanted.generation()).unwrap(), *wanted);
    drop(registry);
    assert_eq!(*open(folder.path()).snapshot(), *wanted);
}

#[test]
fn what_another_process_wrote_meanwhile_counts_for_all_of_them() {
    let folder = tempfile::tempdir().unwrap();
    let (registry, beside) = (open(folder.path()), open(folder.path()));
    let held = registry.inner.lock();
    let outcomes = std::thread::scope(|scope| {
        let turns = [1, 2, 3].map(|number| {
            let making = Making::Given(register_person(number));
            let turn = Turn::new(making, Materials::default(), clerk(), begin());
            let (registry, before) = (&registry, registry.inner.turns.0.lock().unwrap().len());
            let one = scope.spawn(move || registry.inner.carry_out(turn));
            while registry.inner.turns.0.lock().unwrap().len() == before {
                std::thread::sleep(Duration::from_millis(1));
            }
            one
        });
        must(&beside, clerk(), register_person(2));
        drop(held);
        turns.map(|one| one.join().unwrap())
    });
    assert!(outcomes[0].is_ok() && outcomes[2].is_ok());
    assert!(outcomes[1].as_ref().unwrap_err().refused().is_some());
    assert_eq!(registry.snapshot().generation().get(), 3);
}

#[test]
fn what_does_not_fit_into_one_commit_goes_into_the_next() {
    let folder = tempfile::tempdir().unwrap();
    let registry = open(folder.path());
    let heard = heard_with_ends(&registry, folder.path());
    let outcomes = all_at_once(&registry, (0..TURN_COMMANDS_MAX + 2).map(register_person).collect());
    assert!(outcomes.iter().all(Result::is_ok));
    let ends: std::collections::BTreeSet<u64> = heard.lock().unwrap().iter().map(|(_, end)| *end).collect();
    let most = u64::try_from(TURN_COMMANDS_MAX).unwrap();
    assert_eq!(ends.into_iter().collect::<Vec<_>>(), [most, most + 2]);
}

/// Whoever had taken a command and did not come to its end leaves it to whom it belongs.
#[test]
fn a_turn_that_somebody_lost_is_taken_by_its_owner() {
    let folder = tempfile::tempdir().unwrap();
    let registry = open(folder.path());
    let held = registry.inner.lock();
    std::thread::scope(|scope| {
        let turn = Turn::new(Making::Given(register_person(1)), Materials::default(), clerk(), begin());
        let owner = scope.spawn(|| registry.inner.carry_out(turn));
        while registry.inner.turns.take().is_empty() {
            std::thread::sleep(Duration::from_millis(1));
        }
        drop(held);
        assert!(owner.join().unwrap().is_ok());
    });
    assert!(registry.snapshot().person(&person("P-1")).is_some());
}

/// A large entry beside others: what is too large for one entry is refused alone.
#[test]
fn one_that_is_too_large_takes_no_other_along() {
    let (world, turn) = (World::usual(), |making| Arc::new(Turn::new(making, Materials::default(), clerk(), begin())));
    let given = |number| turn(Making::Given(register_person(number)));
    let mut drafted = Drafted::from(&world.snapshot, &[given(7), given(7), given(8)]);
    assert_eq!(drafted.steps.len(), 2);
    assert_eq!(drafted.outcomes.iter().filter(|outcome| outcome.is_err()).count(), 1);
    let second = drafted.steps.pop().unwrap();
    assert!(second.next.person(&person("P-7")).is_some(), "rests on the first");
    assert_eq!(second.next.generation().get(), world.snapshot.generation().get() + 2);
}
