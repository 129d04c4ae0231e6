//! What all handles of a registry share: the state, the journal it comes from, and who hears of its changes. Here entries are
//! written, taken in and published, one at a time.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use journal::{Journal, JournalError, Position};

use super::Listener;
use super::turns::{Step, Turns};
use crate::bounds::{KEEP_EVERY_ENTRIES, KEEP_OBJECTS_PER_ENTRY};
use crate::change::Change;
use crate::credential::Vault;
use crate::error::{BadEntry, RegistryError};
use crate::form::write_snapshot;
use crate::history::{self, Next};
use crate::state::{Generation, Snapshot};

/// Shared by all handles and the follower.
pub(crate) struct Inner {
    pub(super) journal: Journal,
    pub(super) vault: Vault,
    pub(super) current: ArcSwap<Snapshot>,
    /// Commands that wait for the lock.
    pub(super) turns: Turns,
    /// The lock that orders what is published.
    pub(super) listeners: Mutex<Vec<Listener>>,
    /// When the state was last known to be the newest.
    pub(super) at_head: Mutex<Instant>,
    pub(super) fault: OnceLock<BadEntry>,
    pub(super) keeping: AtomicBool,
    pub(super) kept: AtomicU64,
}

pub(crate) type Locked<'a> = MutexGuard<'a, Vec<Listener>>;

impl Inner {
    pub(crate) fn journal(&self) -> &Journal {
        &self.journal
    }

    pub(crate) fn position(&self) -> Position {
        self.current.load().position()
    }

    /// Whoever panicked under it left the state as it was published; the lock is used all the same.
    pub(crate) fn lock(&self) -> Locked<'_> {
        self.listeners.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn at_head(&self) -> MutexGuard<'_, Instant> {
        self.at_head.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The state was the newest just now.
    pub(crate) fn heard(&self) {
        *self.at_head() = Instant::now();
    }

    /// Takes in what the journal is already known to hold.
    pub(crate) fn catch_up(&self, listeners: &Locked<'_>) -> Result<(), RegistryError> {
        let known = self.journal.watch().wait_past(self.position(), Duration::ZERO);
        if known > self.position() {
            self.catch_up_from_database(listeners)?;
        }
        self.fault.get().map_or(Ok(()), |fault| Err(RegistryError::Entry(fault.clone())))
    }

    /// Takes in what the journal holds; whether that was anything.
    pub(super) fn catch_up_from_database(&self, listeners: &Locked<'_>) -> Result<bool, RegistryError> {
        let begun = self.position();
        loop {
            if let Some(fault) = self.fault.get() {
                return Err(RegistryError::Entry(fault.clone()));
            }
            let entries = history::read_behind(&self.journal, &self.current.load())?;
            if entries.is_empty() {
                self.heard();
                return Ok(self.position() > begun);
            }
            for entry in &entries {
                self.take_in(listeners, entry).map_err(|bad| {
                    tracing::error!(position = %bad.position, why = ?bad.why, "the registry stands still: bad entry");
                    RegistryError::Entry(self.fault.get_or_init(|| bad).clone())
                })?;
            }
        }
    }

    fn take_in(&self, listeners: &Locked<'_>, entry: &journal::Entry) -> Result<(), BadEntry> {
        let mut next = Snapshot::clone(&self.current.load());
        let changes = Next::read(next.generation(), entry)?.apply(&mut next)?;
        self.publish(listeners, next, &changes);
        Ok(())
    }

    /// Writes entries, one behind the other, and publishes each; or none of them. False: another process was first, and what it
    /// wrote has been taken in.
    ///
    /// A crash before the receipt: no command was acknowledged, and the journal holds them or not. A crash after it: the next
    /// opening replays them.
    pub(super) fn commit(
        &self,
        listeners: &Locked<'_>,
        current: &Snapshot,
        steps: Vec<Step>,
    ) -> Result<bool, RegistryError> {
        if steps.is_empty() {
            return Ok(true);
        }
        let bodies: Vec<Vec<u8>> = steps.iter().map(|step| step.body.clone()).collect();
        let error = match self.journal.append_at(current.position(), bodies).wait() {
            Ok(_) => {
                steps.into_iter().for_each(|step| self.publish(listeners, step.next, &step.changes));
                self.heard();
                return Ok(true);
            }
            Err(error) => error,
        };
        match *error {
            JournalError::HeadMoved { .. } => {
                self.catch_up_from_database(listeners)?;
                Ok(false)
            }
            // The answer got lost. The entries are the next ones, or they are not.
            JournalError::Unsure { .. } => {
                let behind = self.journal.read(current.position(), steps.len());
                let behind = behind.map_err(|_| RegistryError::Unsure(Arc::clone(&error)))?;
                let held = behind.iter().map(|entry| &entry.body).eq(steps.iter().map(|step| &step.body));
                self.catch_up_from_database(listeners)?;
                Ok(held)
            }
            _ => Err(RegistryError::journal("writing", error)),
        }
    }

    /// Readers first, then the listeners. One that panics has a bug; the others, and whoever gave the command or follows
    /// the journal, must not suffer for it (promise P11).
    fn publish(&self, listeners: &Locked<'_>, next: Snapshot, changes: &[Change]) {
        let next = Arc::new(next);
        self.current.store(Arc::clone(&next));
        for change in changes {
            for listener in listeners.iter() {
                // What a listener can break by unwinding is its own: the state it is shown never changes.
                let heard = catch_unwind(AssertUnwindSafe(|| listener(change, &next)));
                if heard.is_err() {
                    let generation = next.generation().get();
                    tracing::error!(generation, affected = ?change.affects(), "a listener of the registry panicked");
                }
            }
        }
    }

    pub(super) fn keep(&self, snapshot: &Snapshot) -> Result<Generation, RegistryError> {
        let saved = self.journal.save_snapshot(snapshot.position(), &write_snapshot(snapshot));
        saved.map_err(|error| RegistryError::journal("storing the state", error))?;
        self.kept.fetch_max(snapshot.generation().get(), Ordering::Relaxed);
        Ok(snapshot.generation())
    }

    /// Stores the state in the background when enough has happened since the last time.
    pub(crate) fn keep_if_due(self: &Arc<Self>) {
        let snapshot = self.current.load_full();
        let since = snapshot.generation().get().saturating_sub(self.kept.load(Ordering::Relaxed));
        let due = since >= KEEP_EVERY_ENTRIES.max(snapshot.objects() / KEEP_OBJECTS_PER_ENTRY);
        if !due || self.keeping.swap(true, Ordering::AcqRel) {
            return;
        }
        let inner = Arc::clone(self);
        let thread = std::thread::Builder::new().name("registry-keeper".to_owned()).spawn(move || {
            // Not stored is stored later: the journal is the truth.
            if let Err(error) = inner.keep(&snapshot) {
                tracing::warn!(%error, "the state of the registry could not be stored");
            }
            inner.keeping.store(false, Ordering::Release);
        });
        if thread.is_err() {
            self.keeping.store(false, Ordering::Release);
        }
    }
}
