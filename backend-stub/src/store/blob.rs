//! Bytes of a Binary, in chunks: whatever the length, one chunk is in memory at a time.

use rusqlite::{Connection, params};

/// Bytes of one chunk; the last may be shorter.
pub(crate) const CHUNK: usize = 256 * 1024;

/// Begins a blob. It has no length until [`finish`]; until a version names it, nobody can see it.
pub(crate) fn begin(db: &Connection) -> rusqlite::Result<i64> {
    db.prepare_cached("INSERT INTO blob (length) VALUES (NULL) RETURNING number")?.query_row([], |row| row.get(0))
}

/// Adds chunk number `place` (from 0).
pub(crate) fn add(db: &Connection, blob: i64, place: u64, bytes: &[u8]) -> rusqlite::Result<()> {
    let place = i64::try_from(place).unwrap_or(i64::MAX);
    db.prepare_cached("INSERT INTO chunk (blob, place, bytes) VALUES (?, ?, ?)")?
        .execute(params![blob, place, bytes])?;
    Ok(())
}

/// Says how long it became.
pub(crate) fn finish(db: &Connection, blob: i64, length: u64) -> rusqlite::Result<()> {
    let length = i64::try_from(length).unwrap_or(i64::MAX);
    db.execute("UPDATE blob SET length = ? WHERE number = ?", params![length, blob])?;
    Ok(())
}

/// Stores bytes that are in memory already.
pub(crate) fn store(db: &Connection, bytes: &[u8]) -> rusqlite::Result<i64> {
    let number = begin(db)?;
    for (place, chunk) in (0..).zip(bytes.chunks(CHUNK)) {
        add(db, number, place, chunk)?;
    }
    finish(db, number, bytes.len() as u64)?;
    Ok(number)
}

/// Reads chunk number `place`.
pub(crate) fn read(db: &Connection, blob: i64, place: u64) -> rusqlite::Result<Vec<u8>> {
    let place = i64::try_from(place).unwrap_or(i64::MAX);
    db.prepare_cached("SELECT bytes FROM chunk WHERE blob = ? AND place = ?")?
        .query_row(params![blob, place], |row| row.get(0))
}

/// Forgets a blob that no version names.
pub(crate) fn forget(db: &Connection, blob: i64) -> rusqlite::Result<()> {
    db.execute("DELETE FROM chunk WHERE blob = ?", [blob])?;
    db.execute("DELETE FROM blob WHERE number = ?", [blob])?;
    Ok(())
}
