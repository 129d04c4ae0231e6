//! What can go wrong with a journal.

use crate::{Head, Position};

/// What can go wrong with a journal. Where not said otherwise, an append that ends in an error appended nothing.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JournalError {
    /// Opened as existing, and it is not there. Missing state is never created silently.
    #[error("there is no journal at {place}")]
    Missing {
        /// Where it was looked for.
        place: String,
    },
    /// Something is there, but no journal of this version.
    #[error("{place} holds no journal that can be used: {why}")]
    NotAJournal {
        /// Where.
        place: String,
        /// What was found instead.
        why: String,
    },
    /// The database is set up so that a commit may be lost.
    #[error("{place} does not keep what it acknowledges: {why}")]
    NotDurable {
        /// Where.
        place: String,
        /// Which setting.
        why: String,
    },
    /// The end does not fit the chain or the head record. Nothing was repaired; see [`crate::Journal::cut_torn_tail`].
    #[error("the end of the journal is torn after position {intact}: {why}")]
    TornTail {
        /// The last position that is in order.
        intact: Position,
        /// What does not fit.
        why: String,
    },
    /// Something in the middle was changed or taken out: it does not fit the chain, and what stands behind it goes on from
    /// what was there. That is no torn end, and nothing cuts it.
    #[error("{} changed or taken out: {why}; {behind} entries follow", entries(*first, *last))]
    Changed {
        /// The first entry that does not fit.
        first: Position,
        /// The last one of which that can be said: entries of one batch are hashed together.
        last: Position,
        /// How many entries stand behind it, by the head record.
        behind: u64,
        /// What does not fit.
        why: String,
    },
    /// An entry does not fit the chain.
    #[error("the journal is damaged after position {intact}: {why}")]
    Damaged {
        /// The last position that is in order.
        intact: Position,
        /// What does not fit.
        why: String,
    },
    /// A head kept elsewhere is not on this journal's chain: it was cut back or rewritten.
    #[error("the journal does not hold the head of position {position} that was kept elsewhere")]
    Rewritten {
        /// Position of that head.
        position: Position,
    },
    /// What was to be kept of a torn journal is not what is in order. Nothing was cut.
    #[error("the last head in order is {intact}, not {keep}; nothing was cut")]
    OtherHead {
        /// The last head that is in order.
        intact: Box<Head>,
        /// What was to be kept.
        keep: Box<Head>,
    },
    /// A text that is no head.
    #[error("`{given}` is no head; expected POSITION:HASH, a number and 64 hexadecimal digits")]
    NoHead {
        /// What was given.
        given: String,
    },
    /// The position asked for lies beyond the head.
    #[error("position {asked} lies beyond the head at {head}")]
    Beyond {
        /// What was asked for.
        asked: Position,
        /// Where the journal ends.
        head: Position,
    },
    /// A conditional append: somebody else was first.
    #[error("the journal's head is at {found}, no longer at {expected}")]
    HeadMoved {
        /// Where the caller believed it.
        expected: Position,
        /// Where it is.
        found: Position,
    },
    /// An append of nothing.
    #[error("there is nothing to append")]
    Nothing,
    /// An entry or a call beyond its bound.
    #[error("{what} of {bytes} bytes or {entries} entries is more than a journal takes at once")]
    TooLarge {
        /// An entry, a call or a snapshot.
        what: &'static str,
        /// Its size.
        bytes: usize,
        /// Its number of entries.
        entries: usize,
    },
    /// Too much waits for the database already.
    #[error("too much is waiting to be written")]
    Busy,
    /// The journal was closed while this waited.
    #[error("the journal was closed")]
    Closed,
    /// No space left for the database. Later appends work again once there is.
    #[error("there is no space left for the journal at {place}")]
    NoSpace {
        /// Where.
        place: String,
        /// What the database said.
        source: BoxError,
    },
    /// The disk or the file takes no writing, and without that not even reading is possible.
    #[error("the journal at {place} cannot be written")]
    NotWritable {
        /// Where.
        place: String,
        /// What the system says, such as that the file system is read-only.
        source: std::io::Error,
    },
    /// The database cannot be reached.
    #[error("the database of {place} cannot be reached")]
    Unreachable {
        /// Where.
        place: String,
        /// What the connection said.
        source: BoxError,
    },
    /// The answer to a commit was lost and could not be asked for again: the entries are in the journal or they are
    /// not, and only reading tells.
    #[error("the connection to {place} broke during a commit; whether it holds is not known")]
    Unsure {
        /// Where.
        place: String,
    },
    /// Anything else the database refused.
    #[error("{doing} failed at {place}")]
    Database {
        /// What was being done.
        doing: &'static str,
        /// Where.
        place: String,
        /// What the database said.
        source: BoxError,
    },
    /// A thread could not be started, a file not be made.
    #[error("{doing} failed at {place}")]
    System {
        /// What was being done.
        doing: &'static str,
        /// Where.
        place: String,
        /// What the system said.
        source: std::io::Error,
    },
}

/// A cause of any kind.
pub(crate) type BoxError = Box<dyn std::error::Error + Send + Sync>;

fn entries(first: Position, last: Position) -> String {
    if first == last { format!("entry {first} was") } else { format!("something in entries {first} to {last} was") }
}
