//! Two registries on one journal, as two processes are: each follows the other, and together they never contradict
//! themselves.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::journals::{found, must, open, register_person};
use super::world::*;
use crate::{Command, Generation, RegistryError};

#[test]
fn each_follows_the_other_within_moments() {
    let folder = tempfile::tempdir().unwrap();
    let (server, beside) = (open(folder.path()), open(folder.path()));
    let heard: Arc<Mutex<Vec<(Generation, String)>>> = Arc::default();
    let to = Arc::clone(&heard);
    server.on_change(Box::new(move |change, snapshot| {
        to.lock().unwrap().push((snapshot.generation(), format!("{change:?}")));
    }));
    found(&beside);
    let wanted = beside.snapshot();
    let begun = Instant::now();
    while server.snapshot().generation() < wanted.generation() {
        assert!(begun.elapsed() < Duration::from_secs(20), "the server does not follow");
        std::thread::sleep(Duration::from_millis(1));
    }
    assert_eq!(server.snapshot(), wanted);
    // The last listener may still be at it when readers see the state already.
    let quiet = server.inner_lock_for_tests();
    assert_eq!(heard.lock().unwrap().len(), 8);
    drop(quiet);
    // And the other way round, on the newest state, without waiting.
    let twice = server.execute(register_person(1), clerk(), begin()).unwrap_err();
    assert!(twice.to_string().contains("person `P-1` exists already"), "{twice}");
    must(&server, clerk(), register_person(2));
    must(&beside, clerk(), Command::GiveConsent { person: person("P-2"), form: form(true, true, true) });
}

#[test]
fn both_at_once_lose_nothing_and_do_nothing_twice() {
    const EACH: usize = 60;
    let folder = tempfile::tempdir().unwrap();
    let registries = [open(folder.path()), open(folder.path())];
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
    let third = open(folder.path()).snapshot();
    assert_eq!(third.generation(), Generation::new(EACH as u64));
    assert_eq!(third.persons().count(), EACH);
    for registry in registries {
        let begun = Instant::now();
        while registry.snapshot().generation() < third.generation() {
            assert!(begun.elapsed() < Duration::from_secs(20));
            std::thread::sleep(Duration::from_millis(1));
        }
        assert_eq!(registry.snapshot(), third);
    }
}
