//! Where the records lie: one SQLite file, or memory. Every version is kept; `current` is what searches see.

pub(crate) mod blob;
pub(crate) mod index;

use std::collections::HashMap;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use bytes::Bytes;
use rusqlite::{Connection, OpenFlags, OptionalExtension as _, params};

use crate::error::StubError;
use crate::fhir::outcome::Fault;
use crate::fhir::types::{KINDS, Kind};

/// Readers beside the one writer.
const READERS: usize = 4;
/// Current versions held ready, per type. Beyond it, reads go to the file.
const READY_MAX: usize = 20_000;

const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS version (
  kind TEXT NOT NULL, id TEXT NOT NULL, version INTEGER NOT NULL, at INTEGER NOT NULL, deleted INTEGER NOT NULL,
  method TEXT NOT NULL, body TEXT NOT NULL, blob INTEGER, PRIMARY KEY (kind, id, version));
CREATE TABLE IF NOT EXISTS current (
  number INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, id TEXT NOT NULL, version INTEGER NOT NULL,
  at INTEGER NOT NULL, person TEXT, date_from INTEGER, date_until INTEGER, body TEXT NOT NULL, UNIQUE (kind, id));
CREATE INDEX IF NOT EXISTS current_person ON current (kind, person, date_from);
CREATE TABLE IF NOT EXISTS value (number INTEGER NOT NULL, name TEXT NOT NULL, system TEXT, text TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS value_number ON value (number, name);
CREATE TABLE IF NOT EXISTS link (number INTEGER NOT NULL, name TEXT NOT NULL, kind TEXT NOT NULL, id TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS link_number ON link (number, name);
CREATE INDEX IF NOT EXISTS link_target ON link (kind, id, name);
CREATE TABLE IF NOT EXISTS blob (number INTEGER PRIMARY KEY AUTOINCREMENT, length INTEGER);
CREATE TABLE IF NOT EXISTS chunk (blob INTEGER NOT NULL, place INTEGER NOT NULL, bytes BLOB NOT NULL, UNIQUE (blob, place));
CREATE TABLE IF NOT EXISTS given (prefix TEXT PRIMARY KEY, last INTEGER NOT NULL);
";

/// One version of one resource.
#[derive(Clone, Debug)]
pub(crate) struct Version {
    pub(crate) version: i64,
    /// Milliseconds since 1970.
    pub(crate) at: i64,
    pub(crate) deleted: bool,
    /// The rendered resource; empty when deleted.
    pub(crate) body: Bytes,
    /// The bytes of a Binary.
    pub(crate) blob: Option<Blob>,
}

/// Bytes of a Binary.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Blob {
    pub(crate) number: i64,
    pub(crate) length: u64,
}

/// The store. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Store(Arc<Inner>);

struct Inner {
    writer: Mutex<Connection>,
    // Empty when everything is in memory: then the writer also reads.
    readers: Vec<Mutex<Connection>>,
    turn: AtomicUsize,
    // Current versions, so that a read of a known record needs no thread and no lock of the database.
    ready: [RwLock<HashMap<Box<str>, Arc<Version>>>; KINDS],
}

impl Store {
    /// Opens or creates.
    pub(crate) fn open(file: Option<&Path>) -> Result<Self, StubError> {
        let writer = match file {
            Some(file) => Connection::open(file)?,
            None => Connection::open_in_memory()?,
        };
        writer.set_prepared_statement_cache_capacity(200);
        if file.is_some() {
            writer.pragma_update(None, "journal_mode", "WAL")?;
            writer.pragma_update(None, "synchronous", "NORMAL")?;
        }
        writer.execute_batch(SCHEMA)?;
        // An upload that was cut off by the end of the process left its chunks behind.
        writer.execute_batch(
            "DELETE FROM chunk WHERE blob NOT IN (SELECT blob FROM version WHERE blob IS NOT NULL);
             DELETE FROM blob WHERE number NOT IN (SELECT blob FROM version WHERE blob IS NOT NULL);",
        )?;
        let mut readers = Vec::new();
        if let Some(file) = file {
            for _ in 0..READERS {
                let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
                let reader = Connection::open_with_flags(file, flags)?;
                reader.busy_timeout(std::time::Duration::from_secs(5))?;
                reader.set_prepared_statement_cache_capacity(200);
                readers.push(Mutex::new(reader));
            }
        }
        Ok(Self(Arc::new(Inner {
            writer: Mutex::new(writer),
            readers,
            turn: AtomicUsize::new(0),
            ready: std::array::from_fn(|_| RwLock::default()),
        })))
    }

    /// A connection to read with.
    pub(crate) fn reader(&self) -> MutexGuard<'_, Connection> {
        let readers = &self.0.readers;
        let turn = self.0.turn.fetch_add(1, Ordering::Relaxed).checked_rem(readers.len()).unwrap_or_default();
        readers.get(turn).unwrap_or(&self.0.writer).lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The connection to write with.
    pub(crate) fn writer(&self) -> MutexGuard<'_, Connection> {
        self.0.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs blocking work where it may block.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Store) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, Fault> {
        let store = self.clone();
        tokio::task::spawn_blocking(move || work(&store))
            .await
            .unwrap_or_else(|_| Err(Fault::new(500, "exception", "the work on the data file was stopped")))
    }

    /// The current version, if it is held ready.
    pub(crate) fn ready(&self, kind: Kind, id: &str) -> Option<Arc<Version>> {
        self.shelf(kind)?.read().unwrap_or_else(PoisonError::into_inner).get(id).cloned()
    }

    /// Holds a version ready. An older one never replaces a newer one: a reader may be slower than a writer.
    pub(crate) fn hold(&self, kind: Kind, id: &str, version: Arc<Version>) {
        let Some(shelf) = self.shelf(kind) else { return };
        let mut shelf = shelf.write().unwrap_or_else(PoisonError::into_inner);
        match shelf.get(id) {
            Some(held) if held.version >= version.version => {}
            None if shelf.len() >= READY_MAX => {}
            _ => drop(shelf.insert(Box::from(id), version)),
        }
    }

    fn shelf(&self, kind: Kind) -> Option<&RwLock<HashMap<Box<str>, Arc<Version>>>> {
        self.0.ready.get(kind.index())
    }

    /// Whether nothing was ever stored.
    pub(crate) fn is_empty(&self) -> Result<bool, StubError> {
        Ok(self.reader().query_row("SELECT NOT EXISTS (SELECT 1 FROM version)", [], |row| row.get(0))?)
    }
}

fn version_of(row: &rusqlite::Row<'_>) -> rusqlite::Result<Version> {
    let blob: Option<i64> = row.get(4)?;
    let length: Option<i64> = row.get(5)?;
    Ok(Version {
        version: row.get(0)?,
        at: row.get(1)?,
        deleted: row.get(2)?,
        body: Bytes::from(row.get::<_, String>(3)?),
        blob: blob.map(|number| Blob { number, length: length.unwrap_or_default().try_into().unwrap_or_default() }),
    })
}

const VERSION_COLUMNS: &str = "SELECT v.version, v.at, v.deleted, v.body, v.blob, b.length, v.method FROM version v LEFT JOIN blob b ON b.number = v.blob";

/// The newest version, deleted or not.
pub(crate) fn newest(db: &Connection, kind: Kind, id: &str) -> rusqlite::Result<Option<Version>> {
    db.prepare_cached(&format!("{VERSION_COLUMNS} WHERE v.kind = ? AND v.id = ? ORDER BY v.version DESC LIMIT 1"))?
        .query_row(params![kind.name(), id], version_of)
        .optional()
}

/// One version.
pub(crate) fn version(db: &Connection, kind: Kind, id: &str, number: i64) -> rusqlite::Result<Option<Version>> {
    db.prepare_cached(&format!("{VERSION_COLUMNS} WHERE v.kind = ? AND v.id = ? AND v.version = ?"))?
        .query_row(params![kind.name(), id, number], version_of)
        .optional()
}

/// All versions, newest first, each with the method that made it.
pub(crate) fn versions(db: &Connection, kind: Kind, id: &str) -> rusqlite::Result<Vec<(Version, String)>> {
    db.prepare_cached(&format!("{VERSION_COLUMNS} WHERE v.kind = ? AND v.id = ? ORDER BY v.version DESC LIMIT 1000"))?
        .query_map(params![kind.name(), id], |row| Ok((version_of(row)?, row.get(6)?)))?
        .collect()
}

/// Writes the next version and makes it the current one.
pub(crate) fn put(db: &Connection, kind: Kind, id: &str, method: &str, version: &Version) -> Result<(), Fault> {
    let text = std::str::from_utf8(&version.body).map_err(|_| Fault::invalid("no UTF-8"))?;
    db.prepare_cached(
        "INSERT INTO version (kind, id, version, at, deleted, method, body, blob) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
    )?
    .execute(params![
        kind.name(),
        id,
        version.version,
        version.at,
        version.deleted,
        method,
        text,
        version.blob.map(|blob| blob.number)
    ])?;
    for table in ["value", "link"] {
        db.prepare_cached(&format!(
            "DELETE FROM {table} WHERE number = (SELECT number FROM current WHERE kind = ? AND id = ?)"
        ))?
        .execute(params![kind.name(), id])?;
    }
    if version.deleted {
        db.prepare_cached("DELETE FROM current WHERE kind = ? AND id = ?")?.execute(params![kind.name(), id])?;
        return Ok(());
    }
    let resource = serde_json::from_str(text).map_err(|error| Fault::invalid(format!("no JSON: {error}")))?;
    let index = index::Index::of(kind, id, &resource);
    let number: i64 = db
        .prepare_cached(
            "INSERT INTO current (kind, id, version, at, person, date_from, date_until, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
             ON CONFLICT (kind, id) DO UPDATE SET version = excluded.version, at = excluded.at, person = excluded.person,
               date_from = excluded.date_from, date_until = excluded.date_until, body = excluded.body
             RETURNING number",
        )?
        .query_row(
            params![
                kind.name(),
                id,
                version.version,
                version.at,
                index.person,
                index.date.map(|date| date.from),
                index.date.map(|date| date.until),
                text
            ],
            |row| row.get(0),
        )?;
    let mut value = db.prepare_cached("INSERT INTO value (number, name, system, text) VALUES (?, ?, ?, ?)")?;
    for (name, system, text) in &index.values {
        value.execute(params![number, name, system, text])?;
    }
    let mut link = db.prepare_cached("INSERT INTO link (number, name, kind, id) VALUES (?, ?, ?, ?)")?;
    for (name, to, id) in &index.links {
        link.execute(params![number, name, to, id])?;
    }
    Ok(())
}

/// Whose the current version is.
pub(crate) fn person_of(db: &Connection, kind: Kind, id: &str) -> rusqlite::Result<Option<String>> {
    db.prepare_cached("SELECT person FROM current WHERE kind = ? AND id = ?")?
        .query_row(params![kind.name(), id], |row| row.get(0))
        .optional()
        .map(Option::flatten)
}

/// The next id of this type that the store gives.
pub(crate) fn next_id(db: &Connection, kind: Kind) -> rusqlite::Result<String> {
    let prefix = kind.served().prefix;
    let number: i64 = db
        .prepare_cached(
            "INSERT INTO given (prefix, last) VALUES (?, 1) ON CONFLICT (prefix) DO UPDATE SET last = last + 1 RETURNING last",
        )?
        .query_row([prefix], |row| row.get(0))?;
    Ok(format!("{prefix}-{number:08}"))
}
