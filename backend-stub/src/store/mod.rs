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
use crate::fhir::types::Kind;

/// Readers beside the one writer.
const READERS: usize = 4;
/// Current versions held ready, per type. Beyond it, reads go to the file.
const READY_MAX: usize = 20_000;

const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS version (
  kind TEXT NOT NULL, id TEXT NOT NULL, version INTEGER NOT NULL, at INTEGER NOT NULL, deleted INTEGER NOT NULL,
  method TEXT NOT NULL, body TEXT NOT NULL, blob INTEGER, PRIMARY KEY (kind, id, version));
CREATE INDEX IF NOT EXISTS version_kind ON version (kind);
CREATE TABLE IF NOT EXISTS current (
  number INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, id TEXT NOT NULL, version INTEGER NOT NULL,
  at INTEGER NOT NULL, person TEXT, body TEXT NOT NULL, UNIQUE (kind, id));
CREATE INDEX IF NOT EXISTS current_of ON current (kind, person);
CREATE TABLE IF NOT EXISTS value (number INTEGER NOT NULL, name TEXT NOT NULL, system TEXT, text TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS value_number ON value (number, name);
CREATE TABLE IF NOT EXISTS link (number INTEGER NOT NULL, name TEXT NOT NULL, kind TEXT NOT NULL, id TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS link_number ON link (number, name);
CREATE INDEX IF NOT EXISTS link_target ON link (kind, id, name);
CREATE TABLE IF NOT EXISTS moment (number INTEGER NOT NULL, name TEXT NOT NULL, since INTEGER NOT NULL, until INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS moment_number ON moment (number, name);
CREATE TABLE IF NOT EXISTS amount (number INTEGER NOT NULL, name TEXT NOT NULL, system TEXT, unit TEXT, amount REAL NOT NULL);
CREATE INDEX IF NOT EXISTS amount_number ON amount (number, name);
CREATE TABLE IF NOT EXISTS compartment (number INTEGER NOT NULL, person TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS compartment_number ON compartment (number);
CREATE INDEX IF NOT EXISTS compartment_person ON compartment (person);
CREATE TABLE IF NOT EXISTS blob (number INTEGER PRIMARY KEY AUTOINCREMENT, length INTEGER);
CREATE TABLE IF NOT EXISTS chunk (blob INTEGER NOT NULL, place INTEGER NOT NULL, bytes BLOB NOT NULL, UNIQUE (blob, place));
CREATE TABLE IF NOT EXISTS given (prefix TEXT PRIMARY KEY, last INTEGER NOT NULL);
";
/// Which index a data file has. One of another number is indexed anew when it is opened.
const INDEX_NUMBER: i64 = 2;

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
    ready: Vec<RwLock<HashMap<Box<str>, Arc<Version>>>>,
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
        writer.execute_batch(crate::notes::entries::SCHEMA)?;
        index_anew(&writer)?;
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
            ready: Kind::all().map(|_| RwLock::default()).collect(),
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
        self.0.ready.get(kind.place())
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

const VERSION_COLUMNS: &str = "SELECT v.version, v.at, v.deleted, v.body, v.blob, b.length, v.method, v.kind, v.id FROM version v LEFT JOIN blob b ON b.number = v.blob";

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

/// A version as a history tells of it.
pub(crate) struct Past {
    pub(crate) kind: String,
    pub(crate) id: String,
    pub(crate) version: Version,
    /// The method that made it.
    pub(crate) method: String,
}

/// Which versions.
#[derive(Clone, Debug)]
pub(crate) struct PastWanted {
    /// Of one type, or of all.
    pub(crate) kind: Option<Kind>,
    /// Of one record.
    pub(crate) id: Option<String>,
    /// Made at or after this, in milliseconds since 1970.
    pub(crate) since: i64,
    /// Made before this.
    pub(crate) until: i64,
}

/// Versions, newest first: how many there are, and a part of them.
pub(crate) fn versions(
    db: &Connection,
    wanted: &PastWanted,
    limit: i64,
    offset: i64,
) -> rusqlite::Result<(i64, Vec<Past>)> {
    const WHERE: &str = "WHERE (?1 IS NULL OR v.kind = ?1) AND (?2 IS NULL OR v.id = ?2) AND v.at >= ?3 AND v.at < ?4";
    let of = params![wanted.kind.map(Kind::name), wanted.id, wanted.since, wanted.until];
    let total =
        db.prepare_cached(&format!("SELECT count(*) FROM version v {WHERE}"))?.query_row(of, |row| row.get(0))?;
    let found = db
        .prepare_cached(&format!("{VERSION_COLUMNS} {WHERE} ORDER BY v.rowid DESC LIMIT ?5 OFFSET ?6"))?
        .query_map(params![wanted.kind.map(Kind::name), wanted.id, wanted.since, wanted.until, limit, offset], |row| {
            Ok(Past { version: version_of(row)?, method: row.get(6)?, kind: row.get(7)?, id: row.get(8)? })
        })?
        .collect::<rusqlite::Result<_>>()?;
    Ok((total, found))
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
    let before: Option<i64> = db
        .prepare_cached("SELECT number FROM current WHERE kind = ? AND id = ?")?
        .query_row(params![kind.name(), id], |row| row.get(0))
        .optional()?;
    if version.deleted {
        if let Some(number) = before {
            index::forget(db, number)?;
            db.prepare_cached("DELETE FROM current WHERE number = ?")?.execute([number])?;
        }
        return Ok(());
    }
    let resource = serde_json::from_str(text).map_err(|error| Fault::invalid(format!("no JSON: {error}")))?;
    let index = index::Index::of(kind, id, &resource);
    let number: i64 = db
        .prepare_cached(
            "INSERT INTO current (kind, id, version, at, person, body) VALUES (?, ?, ?, ?, ?, ?)
             ON CONFLICT (kind, id) DO UPDATE SET version = excluded.version, at = excluded.at, person = excluded.person,
               body = excluded.body
             RETURNING number",
        )?
        .query_row(params![kind.name(), id, version.version, version.at, index.person, text], |row| row.get(0))?;
    index.write(db, number)?;
    Ok(())
}

/// Indexes everything anew if the file was indexed by another store than this one.
fn index_anew(db: &Connection) -> rusqlite::Result<()> {
    if db.pragma_query_value(None, "user_version", |row| row.get::<_, i64>(0))? == INDEX_NUMBER {
        return Ok(());
    }
    let rows = db
        .prepare("SELECT number, kind, id, body FROM current")?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))?
        .collect::<rusqlite::Result<Vec<(i64, String, String, String)>>>()?;
    db.execute_batch("BEGIN IMMEDIATE")?;
    for (number, kind, id, body) in rows {
        if let (Some(kind), Ok(resource)) = (Kind::named(&kind), serde_json::from_str(&body)) {
            let index = index::Index::of(kind, &id, &resource);
            db.execute("UPDATE current SET person = ? WHERE number = ?", params![index.person, number])?;
            index.write(db, number)?;
        }
    }
    db.pragma_update(None, "user_version", INDEX_NUMBER)?;
    db.execute_batch("COMMIT")
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
    Ok(format!("{prefix}-{:08}", next_number(db, prefix)?))
}

/// The next number of a series; none is ever given twice.
pub(crate) fn next_number(db: &Connection, series: &str) -> rusqlite::Result<i64> {
    db.prepare_cached(
        "INSERT INTO given (prefix, last) VALUES (?, 1) ON CONFLICT (prefix) DO UPDATE SET last = last + 1 RETURNING last",
    )?
    .query_row([series], |row| row.get(0))
}
