//! Every bound of the audit log (promise P9), and that they fit into an entry of the journal.

use std::time::Duration;

/// Most persons one request may touch. More is an error, never cut: an entry must name everybody.
pub const PERSONS_MAX: usize = 256;
/// Most records one line names. More is an error in an entry; what an answer holds takes as many lines as it needs.
pub const RECORDS_MAX: usize = 1024;
/// What one alert says it saw; the rest is counted.
pub const SEEN_MAX: usize = 16;
/// Longest name of a record, such as `Observation/` and an id, in bytes.
pub(crate) const RECORD_BYTES_MAX: usize = 128;
/// Longest form of the facts, in bytes. Longer is an error: half the facts replay no decision (promise P8).
pub const FACTS_BYTES_MAX: usize = 262_144;
/// Longest canonical target, in bytes; a longer one is cut and marked.
pub(crate) const TARGET_BYTES_MAX: usize = 4096;
/// Longest list of rules or of articles, in bytes. Longer is an error.
pub(crate) const RULES_BYTES_MAX: usize = 2048;
/// Longest of the short texts (method, reason, version, address, a typed user ID), in bytes; a longer one is cut and marked.
pub(crate) const WORD_BYTES_MAX: usize = 128;
/// Longest cause of a refusal, in bytes; a longer one is cut and marked.
pub(crate) const CAUSE_BYTES_MAX: usize = 512;

/// Most entries one search gives.
pub const FOUND_MAX: usize = 1000;
/// Entries read from the journal in one go.
pub(crate) const STRIDE: usize = 512;

/// Newest positions kept for each user ID and each person.
pub(crate) const INDEX_POSITIONS_MAX: usize = 256;
/// Most user IDs, and most persons, the index knows; the rest is found by searching.
pub(crate) const INDEX_KEYS_MAX: usize = 200_000;
/// Newest entries of which the index knows where their sequel (release, outcome) stands; of older ones histories show none.
pub(crate) const INDEX_SEQUELS_MAX: usize = 100_000;
/// Newest entries that still may get an outcome.
pub(crate) const INDEX_OPEN_MAX: usize = 65_536;
/// How often the index looks for news when nobody asks.
pub(crate) const FOLLOW_EVERY: Duration = Duration::from_millis(500);

/// What the index may still have to hear of this process's own lines, in identifiers (each some tens of octets); the rest it reads.
pub(crate) const HEARD_WEIGHT_MAX: usize = 65_536;
/// While there is news, the index is brought up to date so often: each look wakes a thread.
pub(crate) const FOLLOW_PAUSE: Duration = Duration::from_millis(20);

// Escaping doubles a text at most: control characters, which would take six times, are gone before. Identifiers and
// words have 64 bytes at most; 4096 covers their keys and punctuation.
const _: () = assert!(
    2 * (RECORDS_MAX * (RECORD_BYTES_MAX + 3)
        + PERSONS_MAX * (64 + 3)
        + FACTS_BYTES_MAX
        + TARGET_BYTES_MAX
        + 2 * RULES_BYTES_MAX
        + 4 * WORD_BYTES_MAX
        + CAUSE_BYTES_MAX
        + 4096)
        < journal::ENTRY_BYTES_MAX
);
