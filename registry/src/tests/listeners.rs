//! A listener with a bug keeps nobody else from hearing.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::journals::{found, must, open, register_person};
use super::world::*;
use crate::{Change, Command, Registry};

/// A listener that panics at each call stands before one that keeps what it hears.
fn with_a_bug(registry: &Registry) -> (Arc<AtomicU64>, Arc<Mutex<Vec<Change>>>) {
    let (calls, heard) = (Arc::<AtomicU64>::default(), Arc::<Mutex<Vec<Change>>>::default());
    let (count, to) = (Arc::clone(&calls), Arc::clone(&heard));
    registry.on_change(Box::new(move |_, _| {
        count.fetch_add(1, Ordering::Relaxed);
        panic!("a bug");
    }));
    registry.on_change(Box::new(move |change, _| to.lock().unwrap().push(change.clone())));
    (calls, heard)
}

#[test]
fn the_command_succeeds_and_every_other_listener_hears_every_change() {
    let folder = tempfile::tempdir().unwrap();
    let registry = open(folder.path());
    found(&registry);
    let (calls, heard) = with_a_bug(&registry);
    // Several changes in one command.
    let close = Command::CloseFacility { facility: facility("F-1"), reason: "notice".to_owned() };
    let closed = must(&registry, clerk(), close);
    assert!(closed.changes.len() > 1, "{closed:?}");
    assert_eq!(*heard.lock().unwrap(), closed.changes);
    assert_eq!(calls.load(Ordering::Relaxed), closed.changes.len() as u64);
    assert_eq!(registry.snapshot().generation(), closed.generation);
}

#[test]
fn the_follower_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let (server, beside) = (open(folder.path()), open(folder.path()));
    let (calls, heard) = with_a_bug(&server);
    for number in 1..=3 {
        // One at a time: the second is followed only by a thread that survived the first.
        must(&beside, clerk(), register_person(number));
        let begun = Instant::now();
        while heard.lock().unwrap().len() < number {
            assert!(begun.elapsed() < Duration::from_secs(20), "entry {number} is not followed");
            std::thread::sleep(Duration::from_millis(1));
        }
        assert_eq!(calls.load(Ordering::Relaxed), number as u64);
    }
    assert_eq!(server.snapshot(), beside.snapshot());
}
