//! Who did what to which record by which rule: one durable entry per request, search and verification.
//!
//! - [`Audit::record`] answers with [`Durable`] once the entry is on the disk; whoever releases a record asks for one
//!   (promise P3). An entry that breaks a bound is refused and with it the request (promise P1).
//! - An entry is one line of canonical JSON in a journal of its own, hash-chained there (promise P5). `line` is the only
//!   place that knows the form; whatever is typed by strangers is made harmless in `text`.
//! - [`Reader`] searches and verifies without an index. Histories come from a small index in memory, made from the journal
//!   by the same fold after a start and later, on a thread of its own: nobody's request for a record waits for it.
//!
//! Reading order: `entry` (what is kept), `line` (how it is written), `search` and `reader` (how it is found), `index`,
//! `audit`.

mod audit;
mod bounds;
mod entry;
mod error;
pub mod facts;
mod facts_text;
mod heard;
mod index;
mod json;
mod line;
mod pending;
mod reader;
mod search;
mod text;

#[cfg(test)]
mod tests;

pub use audit::Audit;
pub use bounds::{FACTS_BYTES_MAX, FOUND_MAX, PERSONS_MAX, RECORDS_MAX, SEEN_MAX};
pub use entry::{
    Alert, AlertKind, Ended, Entry, EntryId, Event, IdPrefix, Outcome, Release, SignIn, SignInOutcome, Verdict,
};
pub use error::AuditError;
pub use facts_text::FactsText;
pub use pending::{Durable, Pending};
pub use reader::{Found, FoundSignIns, Reader, Recorded};
pub use search::{Query, SignInQuery};
