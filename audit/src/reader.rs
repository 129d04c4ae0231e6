//! Reading the log without keeping it: searching, verifying. No index, no thread; opening costs nothing.

use std::collections::HashMap;

use journal::{Head, Journal, Position};

use crate::bounds::{FOUND_MAX, STRIDE};
use crate::{Alert, AuditError, Entry, EntryId, Event, Outcome, Query, SignIn, SignInQuery, line};

/// The audit log for whoever only looks. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Reader {
    journal: Journal,
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
    /// How it went on. `None`: no end was on record when the search began; it ran still, or a crash ended it.
    pub outcome: Option<Outcome>,
}

impl Recorded {
    /// An entry of which nothing more is known yet.
    pub(crate) const fn alone(position: Position, entry: Entry) -> Self {
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

/// The sign-ins a search found, newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FoundSignIns {
    /// Each with its place in the journal.
    pub sign_ins: Vec<(Position, SignIn)>,
    /// The limit was reached and there are more.
    pub more: bool,
}

impl Reader {
    /// A reader of this journal. A line that cannot be read is found when it is met.
    #[must_use]
    pub const fn new(journal: Journal) -> Self {
        Self { journal }
    }

    /// Searches, newest first. Reads the journal backwards until the limit or the beginning is met; `from` does not end
    /// it early, for a clock may have been set back and evidence must not be overlooked.
    ///
    /// # Errors
    /// The journal, or a line that cannot be read.
    pub fn search(&self, query: &Query) -> Result<Found, AuditError> {
        let limit = if query.limit == 0 { FOUND_MAX } else { query.limit.min(FOUND_MAX) };
        let head = self.journal.head()?.position.get();
        let begun = query.before.map_or(head, |before| head.min(before.get().saturating_sub(1)));
        // Releases and outcomes stand behind their entries, so walking backwards meets them first.
        let mut released: HashMap<EntryId, Vec<String>> = HashMap::new();
        let mut outcomes: HashMap<EntryId, Outcome> = HashMap::new();
        let mut found = Found::default();
        let mut end = begun;
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
                            return self.with_sequels(found, begun, head);
                        }
                        found.entries.push(Recorded { position, entry: *entry, released, outcome });
                    }
                    (_, Event::SignIn(_) | Event::Alert(_)) => {}
                }
            }
            end = after;
        }
        self.with_sequels(found, begun, head)
    }

    /// Searches for sign-ins, newest first. Reads backwards likewise.
    ///
    /// # Errors
    /// As [`Self::search`].
    pub fn sign_ins(&self, query: &SignInQuery) -> Result<FoundSignIns, AuditError> {
        let limit = if query.limit == 0 { FOUND_MAX } else { query.limit.min(FOUND_MAX) };
        let mut found = FoundSignIns::default();
        let mut end = self.journal.head()?.position.get();
        while end > 0 {
            let after = end.saturating_sub(STRIDE as u64);
            for (position, event) in self.stride(after, end)?.into_iter().rev() {
                let Event::SignIn(sign_in) = event else { continue };
                if !query.matches(&sign_in) {
                    continue;
                }
                if found.sign_ins.len() == limit {
                    found.more = true;
                    return Ok(found);
                }
                found.sign_ins.push((position, sign_in));
            }
            end = after;
        }
        Ok(found)
    }

    /// The newest alerts, newest first, at most `limit` of them; and whether there are more.
    ///
    /// # Errors
    /// As [`Self::search`].
    pub fn alerts(&self, limit: usize) -> Result<(Vec<(Position, Alert)>, bool), AuditError> {
        let limit = limit.clamp(1, FOUND_MAX);
        let mut found = Vec::new();
        let mut end = self.journal.head()?.position.get();
        while end > 0 {
            let after = end.saturating_sub(STRIDE as u64);
            for (position, event) in self.stride(after, end)?.into_iter().rev() {
                let Event::Alert(alert) = event else { continue };
                if found.len() == limit {
                    return Ok((found, true));
                }
                found.push((position, alert));
            }
            end = after;
        }
        Ok((found, false))
    }

    /// Adds what stands behind where the walk began, up to the head as it was then: reads forward until every entry has
    /// its outcome. What is met here follows what the walk met.
    fn with_sequels(&self, mut found: Found, begun: u64, head: u64) -> Result<Found, AuditError> {
        let without_outcome = found.entries.iter_mut().filter(|recorded| recorded.outcome.is_none());
        let mut open: HashMap<EntryId, &mut Recorded> =
            without_outcome.map(|recorded| (recorded.entry.id.clone(), recorded)).collect();
        let mut seen = begun;
        while seen < head && !open.is_empty() {
            let end = head.min(seen.saturating_add(STRIDE as u64));
            for (_, event) in self.stride(seen, end)? {
                match event {
                    Event::Release(release) => {
                        if let Some(recorded) = open.get_mut(&release.id) {
                            recorded.released.extend(release.records);
                        }
                    }
                    Event::Outcome(outcome) => {
                        if let Some(recorded) = open.remove(&outcome.id) {
                            recorded.outcome = Some(outcome);
                        }
                    }
                    Event::Entry(_) | Event::SignIn(_) | Event::Alert(_) => {}
                }
            }
            seen = end;
        }
        drop(open);
        Ok(found)
    }

    /// Events behind a position, in order, at most `limit` of them: for whoever rebuilds counters after a restart. Empty:
    /// there are none.
    ///
    /// # Errors
    /// The journal, or a line that cannot be read.
    pub fn events(&self, after: Position, limit: usize) -> Result<Vec<(Position, Event)>, AuditError> {
        let entries = self.journal.read(after, limit)?;
        entries.into_iter().map(|found| Ok((found.position, line::read(found.position, &found.body)?))).collect()
    }

    /// Verifies the whole chain.
    ///
    /// # Errors
    /// The chain is broken somewhere, or the database fails.
    pub fn verify(&self) -> Result<Head, AuditError> {
        Ok(self.journal.verify(Position::START)?)
    }

    /// The journal underneath: its head is evidence when kept elsewhere.
    #[must_use]
    pub const fn journal(&self) -> &Journal {
        &self.journal
    }

    /// Reads the newest lines, and keeps nothing of them.
    pub(crate) fn check_end(&self) -> Result<(), AuditError> {
        let head = self.journal.head()?.position.get();
        self.stride(head.saturating_sub(STRIDE as u64), head).map(drop)
    }

    /// The event at a position.
    pub(crate) fn one(&self, position: Position) -> Result<Option<Event>, AuditError> {
        let before = Position::new(position.get().saturating_sub(1));
        Ok(self.events(before, 1)?.into_iter().next().map(|(_, event)| event))
    }

    /// Events between two positions, the first not included.
    fn stride(&self, after: u64, end: u64) -> Result<Vec<(Position, Event)>, AuditError> {
        let mut events = Vec::new();
        let mut seen = after;
        // A read may give fewer than asked for, when they are large.
        while seen < end {
            let wanted = usize::try_from(end - seen).unwrap_or(STRIDE);
            let read = self.events(Position::new(seen), wanted)?;
            let Some((last, _)) = read.last() else { break };
            seen = last.get();
            events.extend(read);
        }
        Ok(events)
    }
}
