//! Every bound of the journal, and how they relate (promise P9).

use std::time::Duration;

/// Largest entry, in bytes.
pub const ENTRY_BYTES_MAX: usize = 1 << 20;
/// Most entries in one call of `append`.
pub const CALL_ENTRIES_MAX: usize = 4096;
/// Most bytes in one call of `append`.
pub const CALL_BYTES_MAX: usize = 8 << 20;

/// Most entries waiting for the writer; beyond it `append` answers `Busy`.
pub(crate) const QUEUE_ENTRIES_MAX: usize = 16_384;
/// Most bytes waiting for the writer.
pub(crate) const QUEUE_BYTES_MAX: usize = 64 << 20;

/// Most entries committed as one row. A batch takes whole calls, so it may pass this by at most one call.
pub(crate) const BATCH_ENTRIES_MAX: usize = 4096;
/// Most bytes committed as one row, passed by at most one call.
pub(crate) const BATCH_BYTES_MAX: usize = 8 << 20;

/// An append that nobody waits for is written with the next one that somebody waits for, and after so long in any case.
pub(crate) const SOON_MAX: Duration = Duration::from_millis(10);
/// A batch that so many waited for is followed by the next one no sooner than [`COMMITS_APART`], one that twice as many waited for no
/// sooner than twice that, and so on; whoever appends alone never waits.
pub(crate) const RUSH_CALLS: usize = 2;
/// See [`RUSH_CALLS`]. Adds half of it to the mean time of an append in a rush.
pub(crate) const COMMITS_APART: Duration = Duration::from_millis(1);
/// See [`RUSH_CALLS`]: so many times [`COMMITS_APART`] and no more, however many wait.
pub(crate) const COMMITS_APART_TIMES_MAX: u32 = 4;

/// A read stops after about so many bytes, whatever number of entries was asked for.
pub(crate) const READ_BYTES_MAX: usize = 16 << 20;
/// Rows fetched in one go while reading; with small batches the bytes never get near their bound.
pub(crate) const READ_ROWS_MAX: usize = 512;
/// Rows at the end that are hashed anew on each opening, and the most that may be cut as a torn tail.
pub(crate) const TAIL_ROWS_MAX: usize = 64;

/// Largest snapshot, in bytes.
pub const SNAPSHOT_BYTES_MAX: usize = 512 << 20;
/// So many newest snapshots are kept; older ones are removed when one is saved.
pub const SNAPSHOTS_KEPT: usize = 16;
/// A snapshot is stored in pieces of so many bytes, one short transaction each, so that it never holds up an append.
pub(crate) const SNAPSHOT_PIECE_BYTES: usize = 256 << 10;

/// Threads that read. Two, so that a long read does not hold up a short one.
pub(crate) const READERS: usize = 2;

/// How long a database may keep us waiting for a lock held by another process.
pub(crate) const LOCK_WAIT: Duration = Duration::from_secs(5);

/// How often SQLite is asked at most whether somebody committed. Bounds how late another process's append is seen.
pub(crate) const SQLITE_POLL: Duration = Duration::from_millis(2);
/// For so long after somebody was heard writing it is asked that often: the commit comes with the sync, behind the writing.
pub(crate) const SQLITE_ATTENTIVE: Duration = Duration::from_millis(200);
/// How often it is asked though nobody was heard writing.
pub(crate) const SQLITE_POLL_DEAF: Duration = Duration::from_millis(20);
/// How often it is asked while our own writer commits, which it does if it has within so long: the writer itself sees what others
/// committed before, and each commit of its own would be heard.
pub(crate) const SQLITE_POLL_WRITING: Duration = Duration::from_millis(8);
/// How often the write-ahead log is copied back by the keeper.
pub(crate) const SQLITE_CHECKPOINT_EVERY: Duration = Duration::from_secs(1);
/// SQLite: size of a page of a new file. A batch of entries is tens of kilobytes, and every page of it is written by a call of its
/// own, twice: to the write-ahead log and back.
pub(crate) const SQLITE_PAGE_BYTES: u32 = 16 << 10;
/// Pages in the write-ahead log after which the writer copies them back itself (64 MiB): the backstop for a keeper that never
/// catches a quiet moment.
pub(crate) const SQLITE_WAL_PAGES_MAX: u32 = (64 << 20) / SQLITE_PAGE_BYTES;

/// PostgreSQL: how long to wait for a connection.
pub(crate) const POSTGRES_CONNECT_WAIT: Duration = Duration::from_secs(2);
/// PostgreSQL: how often the head is asked for, should a notice have been lost.
pub(crate) const POSTGRES_POLL: Duration = Duration::from_millis(200);
/// PostgreSQL: tries, [`POSTGRES_SETTLE_PAUSE`] apart, to learn what became of a commit whose answer was lost.
pub(crate) const POSTGRES_SETTLE_TRIES: u32 = 100;
/// See [`POSTGRES_SETTLE_TRIES`].
pub(crate) const POSTGRES_SETTLE_PAUSE: Duration = Duration::from_millis(100);

// One call always fits into an empty queue, and one entry into a call.
const _: () = assert!(ENTRY_BYTES_MAX <= CALL_BYTES_MAX);
const _: () = assert!(CALL_BYTES_MAX <= QUEUE_BYTES_MAX && CALL_ENTRIES_MAX <= QUEUE_ENTRIES_MAX);
// A row, with 4 bytes of length before each entry, stays far below what either engine can hold in one value (1 GB).
const _: () = assert!(BATCH_BYTES_MAX + CALL_BYTES_MAX + 4 * (BATCH_ENTRIES_MAX + CALL_ENTRIES_MAX) < 1_000_000_000);
