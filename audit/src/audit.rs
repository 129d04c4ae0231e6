//! The log: recording, and histories from the index.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::thread;

use journal::{Head, Journal, Position, Watch};
use model::{PersonId, UserId};

use crate::bounds::{FOLLOW_EVERY, FOLLOW_PAUSE, FOUND_MAX, STRIDE};
use crate::heard::{Heard, Seen};
use crate::index::{Index, Positions};
use crate::pending::Pending;
use crate::{Alert, AuditError, Entry, Event, Found, Outcome, Query, Reader, Recorded, Release, SignIn, Verdict, line};

/// The audit log, over a journal of its own. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Audit {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    reader: Reader,
    index: Mutex<Index>,
    heard: Arc<Heard>,
    lost: Arc<AtomicU64>,
}

impl Audit {
    /// Opens the log. A start does not wait for the index: the thread that follows the journal makes it, and only
    /// histories wait for that ([`Self::history_of`], [`Self::who_saw`], [`Self::previous_sign_in`]); recording never.
    ///
    /// What is read when: here the newest lines (some hundreds), which is where a line of a newer version stands; it keeps
    /// the log closed. By the follower every line, soon after; one that cannot be read is reported to the program's log,
    /// and no history is given any more. Whether the chain is whole is [`Self::verify`]'s to say, at any time; the journal
    /// itself checks the end of it when it is opened, and whatever it reads.
    ///
    /// # Errors
    /// One of the newest lines cannot be read, or the journal fails.
    pub fn open(journal: Journal) -> Result<Self, AuditError> {
        let watch = journal.watch();
        let reader = Reader::new(journal);
        reader.check_end()?;
        let shared = Arc::new(Shared { reader, index: Mutex::default(), heard: Arc::default(), lost: Arc::default() });
        let followed = Arc::downgrade(&shared);
        spawn("audit-follow", move || follow(&followed, watch))?;
        Ok(Self { shared })
    }

    /// Records a request. What comes back turns into the proof that the entry is durable; nothing may be released, and no
    /// write forwarded, without it (promise P3).
    pub fn record(&self, entry: &Entry) -> Pending {
        match line::write_entry(entry) {
            Ok(line) => self.append(vec![line], Seen::of_entry(entry)),
            Err(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, id = %entry.id, "audit: an entry was refused");
                Pending::failed(error)
            }
        }
    }

    /// Records what an answer holds beyond what its entry names. Likewise: nothing of it may be released before.
    pub fn release(&self, release: &Release) -> Pending {
        self.append(line::write_release(release), Seen::Release(release.id.clone()))
    }

    /// Records how a request ended. Nobody waits for it; should it not become durable, that is counted
    /// ([`Self::outcomes_lost`]) and reported to the program's log.
    pub fn outcome(&self, outcome: &Outcome) {
        self.append_unattended(line::write_outcome(outcome), Seen::Outcome(outcome.id.clone()));
    }

    /// Records that there is something for an officer to look at, likewise.
    pub fn alert(&self, alert: &Alert) {
        self.append_unattended(line::write_alert(alert), Seen::Alert);
    }

    /// Records one that has to be durable before what it is about may happen.
    pub fn alert_first(&self, alert: &Alert) -> Pending {
        self.append(vec![line::write_alert(alert)], Seen::Alert)
    }

    /// Records a try at signing in, likewise.
    pub fn sign_in(&self, sign_in: &SignIn) -> Pending {
        self.append(vec![line::write_sign_in(sign_in)], Seen::SignIn(Box::new(sign_in.clone())))
    }

    fn append(&self, lines: Vec<Vec<u8>>, seen: Seen) -> Pending {
        let heard = Arc::clone(&self.shared.heard);
        Pending::queued(self.shared.reader.journal().append_then(lines, move |outcome| {
            if let Ok(appended) = outcome {
                heard.note(appended, seen);
            }
        }))
    }

    fn append_unattended(&self, line: Vec<u8>, seen: Seen) {
        let (heard, lost) = (Arc::clone(&self.shared.heard), Arc::clone(&self.shared.lost));
        self.shared.reader.journal().append_soon(vec![line], move |outcome| match outcome {
            Ok(appended) => heard.note(appended, seen),
            Err(error) => {
                lost.fetch_add(1, Ordering::Relaxed);
                tracing::error!(error = &**error as &dyn std::error::Error, "audit: an outcome was lost");
            }
        });
    }

    /// Blocks until all that was recorded before is durable, outcomes too, or has failed. Not for async code.
    ///
    /// # Errors
    /// The journal.
    pub fn settle(&self) -> Result<(), AuditError> {
        Ok(self.shared.reader.journal().settle()?)
    }

    /// Outcomes that failed to become durable since the start.
    #[must_use]
    pub fn outcomes_lost(&self) -> u64 {
        self.shared.lost.load(Ordering::Relaxed)
    }

    /// Searches, newest first: [`Reader::search`].
    ///
    /// # Errors
    /// The journal, or a line that cannot be read.
    pub fn search(&self, query: &Query) -> Result<Found, AuditError> {
        self.shared.reader.search(query)
    }

    /// The newest requests made under these user IDs: a user's own page (art. 28). Quick: from the index,
    /// once that is made after a start.
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

    /// The sign-in before the present one: shown to the user, who will know whether it was his (art. 28). Quick
    /// likewise.
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

    /// The newest alerts: [`Reader::alerts`].
    ///
    /// # Errors
    /// As [`Self::search`].
    pub fn alerts(&self, limit: usize) -> Result<(Vec<(Position, Alert)>, bool), AuditError> {
        self.shared.reader.alerts(limit)
    }

    /// Events behind a position: [`Reader::events`].
    ///
    /// # Errors
    /// As [`Self::search`].
    pub fn events(&self, after: Position, limit: usize) -> Result<Vec<(Position, Event)>, AuditError> {
        self.shared.reader.events(after, limit)
    }

    /// Verifies the whole chain.
    ///
    /// # Errors
    /// The chain is broken somewhere, or the database fails.
    pub fn verify(&self) -> Result<Head, AuditError> {
        self.shared.reader.verify()
    }

    /// The journal underneath: its head is evidence when kept elsewhere.
    #[must_use]
    pub fn journal(&self) -> &Journal {
        self.shared.reader.journal()
    }
}

impl Shared {
    /// The index, folded up to the head of this moment. Whoever comes while it is made after a start helps to make it.
    fn caught_up(&self) -> Result<MutexGuard<'_, Index>, AuditError> {
        let head = self.reader.journal().head()?.position;
        loop {
            // Others may use the index between two strides.
            let mut index = self.index.lock().unwrap_or_else(PoisonError::into_inner);
            if index.seen() >= head {
                return Ok(index);
            }
            self.fold_stride(&mut index)?;
        }
    }

    /// Folds the next lines: what this process wrote, or what it reads from the journal.
    fn fold_stride(&self, index: &mut Index) -> Result<(), AuditError> {
        if self.heard.fold_into(index) {
            return Ok(());
        }
        for found in self.reader.journal().read(index.seen(), STRIDE)? {
            // One by one: what stands before a line that cannot be read is folded once.
            let event = line::read(found.position, &found.body)?;
            index.fold(found.position, Seen::of(&event));
        }
        Ok(())
    }

    /// Adds what followed an entry, as far as the index knows where it stands.
    fn add_sequels(&self, recorded: &mut Recorded) -> Result<(), AuditError> {
        let positions = self.caught_up()?.sequels_of(recorded.position);
        for position in positions {
            match self.reader.one(position)? {
                Some(Event::Release(release)) => recorded.released.extend(release.records),
                Some(Event::Outcome(outcome)) => recorded.outcome = Some(outcome),
                _ => {}
            }
        }
        Ok(())
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
                match self.reader.one(position)? {
                    Some(Event::Entry(entry)) if query.matches(&entry) => {
                        entries.push(Recorded::alone(position, *entry))
                    }
                    _ => {}
                }
            }
            if entries.len() == limit || !cut {
                entries.iter_mut().try_for_each(|recorded| self.add_sequels(recorded))?;
                return Ok(entries);
            }
        }
        let query = Query { limit, ..query.clone() };
        Ok(self.reader.search(&query)?.entries)
    }
}

/// Makes the index, then keeps it near the head, so that nobody waits for it. Ends when the log is dropped: a stride at a
/// time, so that it never holds the log for longer than that.
fn follow(shared: &Weak<Shared>, mut watch: Watch) {
    let (mut seen, mut stuck_at) = (Position::START, None);
    loop {
        let head = watch.wait_past(seen, FOLLOW_EVERY);
        let Some(shared) = shared.upgrade() else { return };
        let mut index = shared.index.lock().unwrap_or_else(PoisonError::into_inner);
        let folded = shared.fold_stride(&mut index);
        seen = index.seen();
        drop(index);
        if let Err(error) = folded {
            // Once: a line that cannot be read stays so.
            if stuck_at.replace(seen) != Some(seen) {
                tracing::error!(error = &error as &dyn std::error::Error, "audit: the index cannot follow the journal");
            }
            drop(shared);
            thread::sleep(FOLLOW_EVERY);
        } else {
            stuck_at = None;
            drop(shared);
            if seen >= head {
                thread::sleep(FOLLOW_PAUSE);
            }
        }
    }
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> Result<(), AuditError> {
    let started = thread::Builder::new().name(name.to_owned()).spawn(work);
    started.map(drop).map_err(|error| AuditError::Thread(Arc::new(error)))
}
