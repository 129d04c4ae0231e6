//! The log: recording, searching, verifying.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::thread;

use journal::{Head, Journal, Position, Receipt, Watch};
use model::{PersonId, UserId};

use crate::bounds::{FOLLOW_EVERY, FOUND_MAX, OUTCOMES_WAITING_MAX, STRIDE};
use crate::index::{Index, Positions};
use crate::pending::Pending;
use crate::{AuditError, Entry, EntryId, Event, Outcome, Query, Release, SignIn, Verdict, line};

/// The audit log, over a journal of its own. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Audit {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    journal: Journal,
    index: Mutex<Index>,
    outcomes: SyncSender<Receipt>,
    lost: Arc<AtomicU64>,
}

/// An entry as it was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// Where it stands in the journal.
    pub position: Position,
    /// The entry.
    pub entry: Entry,
    /// Records that its answer holds and that the entry does not name.
    pub released: Vec<String>,
    /// How it went on. `None`: still running, or the end was never written (a crash).
    pub outcome: Option<Outcome>,
}

impl Recorded {
    /// An entry of which nothing more is known yet.
    const fn alone(position: Position, entry: Entry) -> Self {
        Self { position, entry, released: Vec::new(), outcome: None }
    }
}

/// What a search found, newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// The entries.
    pub entries: Vec<Recorded>,
    /// The limit was reached and there are more: [`Query::before`] of the search that continues. `None`: that was all.
    pub more_before: Option<Position>,
}

impl Audit {
    /// Opens the log, reading it once to make the index.
    ///
    /// # Errors
    /// A line cannot be read, or the journal fails.
    pub fn open(journal: Journal) -> Result<Self, AuditError> {
        let (outcomes, waiting) = mpsc::sync_channel(OUTCOMES_WAITING_MAX);
        let lost = Arc::new(AtomicU64::new(0));
        let watch = journal.watch();
        let shared =
            Arc::new(Shared { journal, index: Mutex::new(Index::default()), outcomes, lost: Arc::clone(&lost) });
        drop(shared.caught_up()?);
        let followed = Arc::downgrade(&shared);
        spawn("audit-outcomes", move || count_lost(&waiting, &lost))?;
        spawn("audit-follow", move || follow(&followed, watch))?;
        Ok(Self { shared })
    }

    /// Records a request. What comes back turns into the proof that the entry is durable; nothing may be released, and no
    /// write forwarded, without it (promise P3).
    pub fn record(&self, entry: &Entry) -> Pending {
        match line::write_entry(entry) {
            Ok(line) => Pending::queued(self.shared.journal.append(vec![line])),
            Err(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, id = %entry.id, "audit: an entry was refused");
                Pending::failed(error)
            }
        }
    }

    /// Records what an answer holds beyond what its entry names. Likewise: nothing of it may be released before.
    pub fn release(&self, release: &Release) -> Pending {
        Pending::queued(self.shared.journal.append(line::write_release(release)))
    }

    /// Records how a request ended. Nobody waits for it; should it not become durable, that is counted
    /// ([`Self::outcomes_lost`]) and reported to the program's log.
    pub fn outcome(&self, outcome: &Outcome) {
        let receipt = self.shared.journal.append(vec![line::write_outcome(outcome)]);
        if self.shared.outcomes.try_send(receipt).is_err() {
            // It may still be written; nobody will learn whether.
            self.shared.lost.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Records a try at signing in, likewise.
    pub fn sign_in(&self, sign_in: &SignIn) -> Pending {
        Pending::queued(self.shared.journal.append(vec![line::write_sign_in(sign_in)]))
    }

    /// Outcomes that failed to become durable since the start.
    #[must_use]
    pub fn outcomes_lost(&self) -> u64 {
        self.shared.lost.load(Ordering::Relaxed)
    }

    /// Searches, newest first. Reads the journal backwards until the limit or the beginning is met; `from` does not end
    /// it early, for a clock may have been set back and evidence must not be overlooked.
    ///
    /// # Errors
    /// The journal, or a line that cannot be read.
    pub fn search(&self, query: &Query) -> Result<Found, AuditError> {
        self.shared.search(query)
    }

    /// The newest requests made under these user IDs: a user's own page (art. 28). Quick: from the index.
    ///
    /// # Errors
    /// As [`Self::search`].
    pub fn history_of(&self, user_ids: &[UserId], limit: usize) -> Result<Vec<Recorded>, AuditError> {
        if user_ids.is_empty() {
            return Ok(Vec::new());
        }
        let query = Query { user_ids: user_ids.to_vec(), ..Query::default() };
        self.shared.by_index(&query, limit, |index| user_ids.iter().map(|user_id| index.of_user_id(user_id)).collect())
    }

    /// The sign-in before the present one: shown to the user, who will know whether it was his (art. 28). Quick: from
    /// the index.
    ///
    /// # Errors
    /// As [`Self::search`].
    pub fn previous_sign_in(&self, user_id: &UserId) -> Result<Option<SignIn>, AuditError> {
        Ok(self.shared.caught_up()?.previous_sign_in(user_id))
    }

    /// The newest permitted requests that touched a person: who saw my record?
    ///
    /// # Errors
    /// As [`Self::search`].
    pub fn who_saw(&self, person: &PersonId, limit: usize) -> Result<Vec<Recorded>, AuditError> {
        let query = Query { person: Some(person.clone()), verdict: Some(Verdict::Permitted), ..Query::default() };
        self.shared.by_index(&query, limit, |index| Some(vec![index.seen_of(person)?]))
    }

    /// Events behind a position, in order, at most `limit` of them: for whoever rebuilds counters after a restart. Empty:
    /// there are none.
    ///
    /// # Errors
    /// The journal, or a line that cannot be read.
    pub fn events(&self, after: Position, limit: usize) -> Result<Vec<(Position, Event)>, AuditError> {
        let entries = self.shared.journal.read(after, limit)?;
        entries.into_iter().map(|found| Ok((found.position, line::read(found.position, &found.body)?))).collect()
    }

    /// Verifies the whole chain.
    ///
    /// # Errors
    /// The chain is broken somewhere, or the database fails.
    pub fn verify(&self) -> Result<Head, AuditError> {
        Ok(self.shared.journal.verify(Position::START)?)
    }

    /// The journal underneath: its head is evidence when kept elsewhere.
    #[must_use]
    pub fn journal(&self) -> &Journal {
        &self.shared.journal
    }
}

impl Shared {
    /// The index, folded up to the head of this moment.
    fn caught_up(&self) -> Result<MutexGuard<'_, Index>, AuditError> {
        let head = self.journal.head()?.position;
        loop {
            // Others may use the index between two strides.
            let mut index = self.index.lock().unwrap_or_else(PoisonError::into_inner);
            if index.seen() >= head {
                return Ok(index);
            }
            for found in self.journal.read(index.seen(), STRIDE)? {
                let event = line::read(found.position, &found.body)?;
                index.fold(found.position, &event);
            }
        }
    }

    fn search(&self, query: &Query) -> Result<Found, AuditError> {
        let limit = if query.limit == 0 { FOUND_MAX } else { query.limit.min(FOUND_MAX) };
        let head = self.journal.head()?.position.get();
        // Releases and outcomes stand behind their entries, so walking backwards meets them first.
        let mut released: HashMap<EntryId, Vec<String>> = HashMap::new();
        let mut outcomes: HashMap<EntryId, Outcome> = HashMap::new();
        let mut found = Found::default();
        let mut end = query.before.map_or(head, |before| head.min(before.get().saturating_sub(1)));
        while end > 0 {
            let after = end.saturating_sub(STRIDE as u64);
            for event in self.stride(after, end)?.into_iter().rev() {
                match event {
                    (_, Event::Release(release)) => {
                        released.entry(release.id).or_default().splice(0..0, release.records);
                    }
                    (_, Event::Outcome(outcome)) => {
                        outcomes.insert(outcome.id.clone(), outcome);
                    }
                    (position, Event::Entry(entry)) => {
                        let released = released.remove(&entry.id).unwrap_or_default();
                        let outcome = outcomes.remove(&entry.id);
                        if !query.matches(&entry) {
                            continue;
                        }
                        if found.entries.len() == limit {
                            found.more_before = found.entries.last().map(|last| last.position);
                            return self.with_sequels(found);
                        }
                        found.entries.push(Recorded { position, entry: *entry, released, outcome });
                    }
                    (_, Event::SignIn(_)) => {}
                }
            }
            end = after;
        }
        self.with_sequels(found)
    }

    /// Entries between two positions, the first not included.
    fn stride(&self, after: u64, end: u64) -> Result<Vec<(Position, Event)>, AuditError> {
        let mut events = Vec::new();
        let mut seen = after;
        // A read may give fewer than asked for, when they are large.
        while seen < end {
            let wanted = usize::try_from(end - seen).unwrap_or(STRIDE);
            for found in self.journal.read(Position::new(seen), wanted)? {
                seen = found.position.get();
                events.push((found.position, line::read(found.position, &found.body)?));
            }
        }
        Ok(events)
    }

    /// Adds what stands behind where the search began.
    fn with_sequels(&self, mut found: Found) -> Result<Found, AuditError> {
        for recorded in found.entries.iter_mut().filter(|recorded| recorded.outcome.is_none()) {
            let positions = self.caught_up()?.sequels_of(recorded.position);
            let mut released = Vec::new();
            for position in positions {
                match self.one(position)? {
                    Some(Event::Release(release)) => released.extend(release.records),
                    Some(Event::Outcome(outcome)) => recorded.outcome = Some(outcome),
                    _ => {}
                }
            }
            // The index may have forgotten; what the walk met it met whole.
            if released.len() > recorded.released.len() {
                recorded.released = released;
            }
        }
        Ok(found)
    }

    fn one(&self, position: Position) -> Result<Option<Event>, AuditError> {
        let before = Position::new(position.get().saturating_sub(1));
        let found = self.journal.read(before, 1)?.into_iter().next();
        found.map(|found| line::read(found.position, &found.body)).transpose()
    }

    /// The newest entries that meet a query, by the index where it knows enough, else by searching.
    fn by_index(
        &self,
        query: &Query,
        limit: usize,
        positions: impl for<'a> FnOnce(&'a Index) -> Option<Vec<Positions<'a>>>,
    ) -> Result<Vec<Recorded>, AuditError> {
        let limit = limit.min(FOUND_MAX);
        if limit == 0 {
            return Ok(Vec::new());
        }
        let index = self.caught_up()?;
        let known = positions(&index).map(|keys| {
            // Where a key's positions were cut, nothing older than its oldest is known for sure.
            let sure_from = keys.iter().filter(|key| key.cut).filter_map(|key| key.positions.front()).max().copied();
            let mut all: Vec<Position> = keys.iter().flat_map(|key| key.positions.iter().copied()).collect();
            all.retain(|position| sure_from.is_none_or(|sure| *position >= sure));
            all.sort_unstable();
            all.dedup();
            (all, sure_from.is_some())
        });
        // Reading happens without the index.
        drop(index);
        let mut entries = Vec::new();
        if let Some((positions, cut)) = known {
            for position in positions.into_iter().rev() {
                if entries.len() == limit {
                    break;
                }
                match self.one(position)? {
                    Some(Event::Entry(entry)) if query.matches(&entry) => {
                        entries.push(Recorded::alone(position, *entry))
                    }
                    _ => {}
                }
            }
            if entries.len() == limit || !cut {
                return Ok(self.with_sequels(Found { entries, more_before: None })?.entries);
            }
        }
        let query = Query { limit, ..query.clone() };
        Ok(self.search(&query)?.entries)
    }
}

/// Waits for the receipts of outcomes and counts those that failed. Ends when the log is dropped.
fn count_lost(waiting: &Receiver<Receipt>, lost: &AtomicU64) {
    while let Ok(receipt) = waiting.recv() {
        if let Err(error) = receipt.wait() {
            lost.fetch_add(1, Ordering::Relaxed);
            tracing::error!(error = &*error as &dyn std::error::Error, "audit: an outcome was lost");
        }
    }
}

/// Keeps the index near the head, so that nobody waits for it. Ends when the log is dropped.
fn follow(shared: &Weak<Shared>, mut watch: Watch) {
    let mut seen = Position::START;
    loop {
        seen = watch.wait_past(seen, FOLLOW_EVERY);
        let Some(shared) = shared.upgrade() else { return };
        if let Err(error) = shared.caught_up() {
            tracing::error!(error = &error as &dyn std::error::Error, "audit: the index cannot follow the journal");
            thread::sleep(FOLLOW_EVERY);
        }
    }
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> Result<(), AuditError> {
    let started = thread::Builder::new().name(name.to_owned()).spawn(work);
    started.map(drop).map_err(|error| AuditError::Thread(Arc::new(error)))
}
