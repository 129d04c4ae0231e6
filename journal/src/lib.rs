//! Append-only, hash-chained log with group commit and change notice, in SQLite or PostgreSQL. The only crate with SQL.
//!
//! It knows nothing of us: an entry is bytes. What it promises:
//!
//! - [`Journal::append`] answers when the entries are durable, and what it acknowledged stays (promise P10): each batch
//!   is one database transaction, synced before the receipt is fulfilled.
//! - Entries are numbered 1, 2, 3, ... without gaps, and every entry's hash covers the one before it (promise P5). Each
//!   read checks the chain, so a changed, dropped or reordered entry is an error and never an answer (promise P1).
//! - Several handles and several processes may append at once; [`Watch`] tells all of them.
//! - Everything has a bound, in `bounds.rs` (promise P9).
//!
//! What it does not promise: whoever may write to the database may also recompute the whole chain, or cut it back to an
//! older, equally valid end. Only somebody who keeps a [`Head`] elsewhere finds that out, with [`Journal::holds`].
//!
//! Reading order: `position` (the nouns), `chain` (hashes and rows), `engine` (SQL), `writer` (group commit), `watch`.

mod bounds;
mod chain;
mod engine;
mod error;
mod journal;
mod place;
mod position;
mod queue;
mod readers;
mod receipt;
mod tail;
#[cfg(any(test, feature = "dev"))]
pub mod testing;
mod watch;
mod writer;

#[cfg(test)]
mod tests;

pub use bounds::{CALL_BYTES_MAX, CALL_ENTRIES_MAX, ENTRY_BYTES_MAX, SNAPSHOT_BYTES_MAX, SNAPSHOTS_KEPT};
pub use error::JournalError;
pub use journal::Journal;
pub use place::Place;
pub use position::{Appended, Entry, Hash, Head, Position};
pub use receipt::Receipt;
pub use tail::{Cut, End};
pub use watch::Watch;
