//! From the journal to a state: at opening, while following, and for questions about the past.

use journal::{Journal, Position};
use model::Timestamp;

use crate::apply::Act;
use crate::bounds::READ_ENTRIES;
use crate::change::Change;
use crate::error::{BadEntry, BadEntryWhy, RegistryError};
use crate::form::{self, read_entry, read_snapshot};
use crate::state::{Generation, Snapshot};

/// An entry of the journal, read but not yet applied.
pub(crate) struct Next {
    position: Position,
    entry: form::Entry,
}

impl Next {
    /// Reads an entry that follows `before`.
    pub(crate) fn read(before: Generation, entry: &journal::Entry) -> Result<Self, BadEntry> {
        let position = entry.position;
        let bad = |why| BadEntry { position, before, why: BadEntryWhy::Form(why) };
        Ok(Self { position, entry: read_entry(&entry.body).map_err(bad)? })
    }

    /// Applies it, and gives what changed. On an error the state must be thrown away.
    pub(crate) fn apply(self, snapshot: &mut Snapshot) -> Result<Vec<Change>, BadEntry> {
        let form::Entry { at, by, changes, .. } = self.entry;
        let (act, before) = (Act { at, by }, snapshot.generation());
        for change in &changes {
            let bad = |why| BadEntry { position: self.position, before, why: BadEntryWhy::Misfit(why) };
            snapshot.apply(&act, change).map_err(bad)?;
        }
        snapshot.reached(self.position, at);
        Ok(changes)
    }
}

impl Snapshot {
    /// An entry, given at this time, is now in the state.
    pub(crate) fn reached(&mut self, position: Position, at: Timestamp) {
        self.generation = Generation::new(position.get());
        self.last_at = self.last_at.max(Some(at));
    }

    /// Where in the journal this state stands.
    pub(crate) fn position(&self) -> Position {
        Position::new(self.generation.get())
    }
}

/// The newest state.
pub(crate) fn newest(journal: &Journal) -> Result<Snapshot, RegistryError> {
    let mut snapshot = stored(journal, None, |_| true)?.unwrap_or_default();
    replay(journal, &mut snapshot, |_| true)?;
    Ok(snapshot)
}

/// The state of a generation.
pub(crate) fn at_generation(journal: &Journal, generation: Generation) -> Result<Snapshot, RegistryError> {
    let position = Position::new(generation.get());
    let mut snapshot = stored(journal, Some(position), |_| true)?.unwrap_or_default();
    replay(journal, &mut snapshot, |next| next.position <= position)?;
    if snapshot.generation() == generation { Ok(snapshot) } else { Err(RegistryError::NotReached(generation)) }
}

/// The state at a time: all entries before the first one that is later. The clocks of several nodes differ a little, so
/// that neighbouring entries may be out of order by as much; whoever needs it exact asks by generation.
pub(crate) fn as_of(journal: &Journal, at: Timestamp) -> Result<Snapshot, RegistryError> {
    let not_later = |snapshot: &Snapshot| snapshot.last_at().is_none_or(|last| last <= at);
    let mut snapshot = stored(journal, None, not_later)?.unwrap_or_default();
    replay(journal, &mut snapshot, |next| next.entry.at <= at)?;
    Ok(snapshot)
}

/// The newest stored state at or before a position that will do. One that cannot be read is passed over: the journal is
/// the truth, and replaying it only takes longer.
fn stored(
    journal: &Journal,
    mut at: Option<Position>,
    will_do: impl Fn(&Snapshot) -> bool,
) -> Result<Option<Snapshot>, RegistryError> {
    loop {
        let found = journal.snapshot_before(at);
        let Some((position, body)) =
            found.map_err(|error| RegistryError::journal("looking for a stored state", error))?
        else {
            return Ok(None);
        };
        match read_snapshot(&body) {
            Ok(snapshot) if snapshot.position() == position && will_do(&snapshot) => return Ok(Some(snapshot)),
            Ok(_) => {}
            Err(error) => tracing::warn!(%position, %error, "a stored state of the registry is passed over"),
        }
        let Some(before) = position.get().checked_sub(1) else { return Ok(None) };
        at = Some(Position::new(before));
    }
}

/// Replays entries behind the state, as long as they are wanted.
fn replay(
    journal: &Journal,
    snapshot: &mut Snapshot,
    mut wanted: impl FnMut(&Next) -> bool,
) -> Result<(), RegistryError> {
    loop {
        let entries = read_behind(journal, snapshot)?;
        if entries.is_empty() {
            return Ok(());
        }
        for entry in &entries {
            let next = Next::read(snapshot.generation(), entry).map_err(RegistryError::Entry)?;
            if !wanted(&next) {
                return Ok(());
            }
            next.apply(snapshot).map_err(RegistryError::Entry)?;
        }
    }
}

/// The next entries behind a state.
pub(crate) fn read_behind(journal: &Journal, snapshot: &Snapshot) -> Result<Vec<journal::Entry>, RegistryError> {
    let read = journal.read(snapshot.position(), READ_ENTRIES);
    read.map_err(|error| RegistryError::journal("reading", error))
}
