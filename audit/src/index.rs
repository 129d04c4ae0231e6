//! The index: the newest positions of each user ID and each person, and where what followed an entry stands.
//!
//! A fold over the journal, the same at the start, for our own entries and for those of other processes. Bounded; what has
//! left it is found by searching.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::hash::Hash;

use journal::Position;
use model::{PersonId, UserId};

use crate::bounds::{INDEX_KEYS_MAX, INDEX_OPEN_MAX, INDEX_POSITIONS_MAX, INDEX_SEQUELS_MAX};
use crate::heard::Seen;
use crate::{EntryId, SignIn, SignInOutcome};

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Index {
    seen: Position,
    user_ids: Keys<UserId>,
    /// Permitted requests only: refused ones are not what a person asks about, and a curious colleague must not be able to
    /// push the others out of here.
    seen_of: Keys<PersonId>,
    /// Entries that may still get an outcome, and their order of arrival.
    open: HashMap<EntryId, Position>,
    open_order: VecDeque<EntryId>,
    /// Positions of an entry's releases and outcome, in order.
    sequels: BTreeMap<Position, Vec<Position>>,
    /// The last two sign-ins that succeeded, by user ID as it was typed (which is then a real one).
    welcomes: HashMap<String, [Option<SignIn>; 2]>,
}

/// Positions of one key, newest last.
pub(crate) struct Positions<'a> {
    pub(crate) positions: &'a VecDeque<Position>,
    /// There may be older ones.
    pub(crate) cut: bool,
}

impl Index {
    /// Up to where it has been folded.
    pub(crate) fn seen(&self) -> Position {
        self.seen
    }

    /// Folds the next line.
    pub(crate) fn fold(&mut self, position: Position, seen: Seen) {
        self.seen = position;
        match seen {
            Seen::Entry { id, user_id, persons } => self.fold_entry(position, id, &user_id, &persons),
            Seen::Release(id) => {
                if let Some(entry) = self.open.get(&id).copied() {
                    self.follows(entry, position);
                }
            }
            Seen::Outcome(id) => {
                if let Some(entry) = self.open.remove(&id) {
                    self.follows(entry, position);
                }
            }
            Seen::SignIn(sign_in) => self.welcomed(*sign_in),
            Seen::Alert => {}
        }
    }

    fn follows(&mut self, entry: Position, position: Position) {
        self.sequels.entry(entry).or_default().push(position);
        if self.sequels.len() > INDEX_SEQUELS_MAX {
            self.sequels.pop_first();
        }
    }

    fn fold_entry(&mut self, position: Position, id: EntryId, user_id: &UserId, persons: &[PersonId]) {
        self.user_ids.add(user_id, position);
        // A person named twice by one entry is one line of his history.
        for person in persons {
            self.seen_of.add(person, position);
        }
        if self.open.insert(id.clone(), position).is_none() {
            self.open_order.push_back(id);
        }
        while self.open_order.len() > INDEX_OPEN_MAX {
            if let Some(oldest) = self.open_order.pop_front() {
                self.open.remove(&oldest);
            }
        }
    }

    fn welcomed(&mut self, sign_in: SignIn) {
        if sign_in.outcome != SignInOutcome::Welcome {
            return;
        }
        if let Some(last) = self.welcomes.get_mut(&sign_in.user_id) {
            last.swap(0, 1);
            last[1] = Some(sign_in);
        } else if self.welcomes.len() < INDEX_KEYS_MAX {
            self.welcomes.insert(sign_in.user_id.clone(), [None, Some(sign_in)]);
        }
    }

    /// The sign-in before the last one, if it is remembered.
    pub(crate) fn previous_sign_in(&self, user_id: &UserId) -> Option<SignIn> {
        self.welcomes.get(user_id.as_str()).and_then(|[previous, _]| previous.clone())
    }

    /// Positions of a user ID's entries; `None`: the index cannot tell.
    pub(crate) fn of_user_id(&self, user_id: &UserId) -> Option<Positions<'_>> {
        self.user_ids.get(user_id)
    }

    /// Positions of permitted requests that touch a person; `None`: the index cannot tell.
    pub(crate) fn seen_of(&self, person: &PersonId) -> Option<Positions<'_>> {
        self.seen_of.get(person)
    }

    /// Where the releases and the outcome of the entry at `position` stand, as far as known.
    pub(crate) fn sequels_of(&self, position: Position) -> Vec<Position> {
        self.sequels.get(&position).cloned().unwrap_or_default()
    }
}

static NONE: VecDeque<Position> = VecDeque::new();

#[derive(Debug)]
struct Keys<K> {
    positions: HashMap<K, VecDeque<Position>>,
    /// A key was turned away: an unknown key may be one of those.
    full: bool,
}

impl<K> Default for Keys<K> {
    fn default() -> Self {
        Self { positions: HashMap::new(), full: false }
    }
}

impl<K: Clone + Eq + Hash> Keys<K> {
    fn add(&mut self, key: &K, position: Position) {
        if let Some(positions) = self.positions.get_mut(key) {
            if positions.back() != Some(&position) {
                positions.push_back(position);
            }
            if positions.len() > INDEX_POSITIONS_MAX {
                positions.pop_front();
            }
        } else if self.positions.len() < INDEX_KEYS_MAX {
            self.positions.insert(key.clone(), VecDeque::from([position]));
        } else {
            self.full = true;
        }
    }

    fn get(&self, key: &K) -> Option<Positions<'_>> {
        match self.positions.get(key) {
            Some(positions) => Some(Positions { positions, cut: positions.len() >= INDEX_POSITIONS_MAX }),
            None if self.full => None,
            None => Some(Positions { positions: &NONE, cut: false }),
        }
    }
}
