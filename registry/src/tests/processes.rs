//! Two registries on one journal, as two processes are: each follows the other, and together they never contradict
//! themselves.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use journal::testing::Postgres;
use journal::{Journal, Place};

use super::journals::{found, must, register_person, vault};
use super::world::*;
use crate::{Command, Generation, Registry, RegistryError};

/// Runs on both engines. `SEKISHO_WITHOUT_POSTGRES=1` leaves PostgreSQL out, aloud.
pub(crate) fn on_both(test: impl Fn(&Place)) {
    let folder = tempfile::tempdir().unwrap();
    test(&super::journals::place(folder.path()));
    if let Some(server) = postgres() {
        test(&server.place());
    }
}

fn postgres() -> Option<Arc<Postgres>> {
    if std::env::var_os("SEKISHO_WITHOUT_POSTGRES").is_some() {
        eprintln!("PostgreSQL is left out");
        return None;
    }
    Some(Postgres::shared().unwrap())
}

pub(crate) fn open(place: &Place) -> Registry {
    Registry::open(Journal::open(place).unwrap(), vault()).unwrap()
}

#[track_caller]
fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < Duration::from_secs(30), "{what} does not come");
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn each_follows_the_other_within_moments() {
    on_both(|place| {
        let (server, beside) = (open(place), open(place));
        let heard: Arc<Mutex<Vec<(Generation, String)>>> = Arc::default();
        let to = Arc::clone(&heard);
        server.on_change(Box::new(move |change, snapshot| {
            to.lock().unwrap().push((snapshot.generation(), format!("{change:?}")));
        }));
        found(&beside);
        let wanted = beside.snapshot();
        wait_until("the other's entry", || server.snapshot().generation() >= wanted.generation());
        assert_eq!(server.snapshot(), wanted);
        // The last listener may still be at it when readers see the state already.
        wait_until("the last notice", || heard.lock().unwrap().len() == 8);
        // And the other way round, on the newest state, without waiting.
        let twice = server.execute(register_person(1), clerk(), begin()).unwrap_err();
        assert!(twice.to_string().contains("person `P-1` exists already"), "{twice}");
        must(&server, clerk(), register_person(2));
        must(&beside, clerk(), Command::GiveConsent { person: person("P-2"), form: form(true, true, true) });
    });
}

#[test]
fn both_at_once_lose_nothing_and_do_nothing_twice() {
    const EACH: usize = 60;
    on_both(|place| {
        let registries = [open(place), open(place)];
        let (carried_out, refused) = (AtomicU64::new(0), AtomicU64::new(0));
        std::thread::scope(|scope| {
            // Four givers on two registries, all for the same persons: each person is registered once, by somebody.
            for registry in registries.iter().cycle().take(4) {
                let (carried_out, refused) = (&carried_out, &refused);
                scope.spawn(move || {
                    for number in 0..EACH {
                        match registry.execute(register_person(number), clerk(), begin()) {
                            Ok(_) => carried_out.fetch_add(1, Ordering::Relaxed),
                            Err(RegistryError::Refused(refusal)) => {
                                assert!(refusal.to_string().contains("exists already"), "{refusal}");
                                refused.fetch_add(1, Ordering::Relaxed)
                            }
                            Err(error) => panic!("{error}"),
                        };
                    }
                });
            }
        });
        assert_eq!(carried_out.into_inner(), EACH as u64);
        assert_eq!(refused.into_inner(), 3 * EACH as u64);
        let third = open(place).snapshot();
        assert_eq!(third.generation(), Generation::new(EACH as u64));
        assert_eq!(third.persons().count(), EACH);
        for registry in registries {
            wait_until("the newest state", || registry.snapshot().generation() >= third.generation());
            assert_eq!(registry.snapshot(), third);
        }
    });
}

/// A code is used once, whoever asks at the same moment: using it up and taking a number are one entry.
#[test]
fn two_processes_use_a_code_once() {
    on_both(|place| {
        let registries = [open(place), open(place)];
        found(&registries[0]);
        let (of, digest) = (device("D-1"), [7; 32]);
        let (kind, until) = (crate::EnrolmentKind::Csr, begin().plus_seconds(DAY));
        must(&registries[0], clerk(), Command::OfferEnrolment { device: of.clone(), kind, digest, until });
        let given = AtomicU64::new(0);
        std::thread::scope(|scope| {
            for (number, registry) in (100..).zip(registries.iter().cycle().take(8)) {
                let (given, device) = (&given, of.clone());
                scope.spawn(move || {
                    let (serial, not_before, not_after) = (serial(number), begin(), until);
                    let asked = Command::ReserveByCode {
                        serial,
                        device,
                        kind,
                        digest,
                        not_before,
                        not_after,
                        assurance: model::Assurance::Software,
                        key: key_of(serial),
                    };
                    match registry.execute(asked, machine(), begin()) {
                        Ok(_) => drop(given.fetch_add(1, Ordering::Relaxed)),
                        Err(error) => assert!(error.to_string().contains("the code cannot be used"), "{error}"),
                    }
                });
            }
        });
        assert_eq!(given.into_inner(), 1);
    });
}

/// The database's own processes are killed while commands are given: what was acknowledged is there, what was not was
/// refused or is said to be unknown, and nothing is there twice (promise P10).
#[test]
fn a_database_that_is_killed_loses_nothing_acknowledged() {
    const COMMANDS: usize = 120;
    if postgres().is_none() {
        return;
    }
    let server = Postgres::start().unwrap();
    let place = server.place();
    let registry = open(&place);
    let acknowledged = AtomicU64::new(0);
    std::thread::scope(|scope| {
        let killer = scope.spawn(|| {
            for round in 1..=3_u64 {
                wait_until("a third", || acknowledged.load(Ordering::Relaxed) >= round * 30);
                server.kill_backends().unwrap();
                server.wait_until_it_answers().unwrap();
            }
        });
        for number in 0..COMMANDS {
            // Tried until it is there: carried out, or there already although the answer was lost.
            let begun = Instant::now();
            loop {
                assert!(begun.elapsed() < Duration::from_secs(60));
                match registry.execute(register_person(number), clerk(), begin()) {
                    Ok(_) => break,
                    Err(RegistryError::Refused(refusal)) => {
                        assert!(refusal.to_string().contains("exists already"), "{refusal}");
                        break;
                    }
                    Err(RegistryError::Journal { .. } | RegistryError::Unsure(_)) => {
                        std::thread::sleep(Duration::from_millis(5));
                    }
                    Err(error) => panic!("{error}"),
                }
            }
            assert!(registry.snapshot().person(&person(&format!("P-{number}"))).is_some());
            acknowledged.fetch_add(1, Ordering::Relaxed);
        }
        killer.join().unwrap();
    });
    let replayed = open(&place).snapshot();
    assert_eq!(replayed.generation(), Generation::new(COMMANDS as u64), "each is there once");
    assert_eq!(registry.snapshot(), replayed);
}

/// A node that does not hear its journal says so, and recovers by itself (promise P2).
#[test]
fn freshness_runs_out_while_the_database_is_silent() {
    if postgres().is_none() {
        return;
    }
    let server = Postgres::start().unwrap();
    let place = server.place();
    let registry = open(&place);
    must(&registry, clerk(), register_person(1));
    assert!(registry.freshness() < Duration::from_secs(2));
    server.stop_server().unwrap();
    wait_until("silence", || registry.freshness() > Duration::from_secs(1));
    let error = registry.execute(register_person(2), clerk(), begin()).unwrap_err();
    assert!(matches!(error, RegistryError::Journal { .. }), "{error}");
    assert!(registry.snapshot().person(&person("P-1")).is_some(), "what was known is still known");
    server.start_server().unwrap();
    wait_until("word again", || registry.freshness() < Duration::from_millis(500));
    must(&registry, clerk(), register_person(2));
}
