//! SQLite: the embedded engine. One file in WAL mode with full sync; other processes may append to the same file.

mod watch;

use std::fs::{File, OpenOptions};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::{ErrorCode, OpenFlags, OptionalExtension, ffi, params};

pub(super) use self::watch::{keep_wal_short, watch};
use super::{Connection, Plan, Stored, Stretch, head};
use crate::bounds::{LOCK_WAIT, SNAPSHOT_PIECE_BYTES, SNAPSHOTS_KEPT, SQLITE_PAGE_BYTES, SQLITE_WAL_PAGES_MAX};
use crate::chain::Row;
use crate::{Hash, Head, JournalError, Place, Position};

/// Marks the file as ours: "Skso".
const APPLICATION_ID: i32 = 0x536b_736f;
/// Version of the tables below.
const FORMAT: i32 = 1;

const TABLES: &str = "
    CREATE TABLE batch (first INTEGER PRIMARY KEY, count INTEGER NOT NULL, hash BLOB NOT NULL, body BLOB NOT NULL);
    CREATE TABLE head (one INTEGER PRIMARY KEY CHECK (one = 1), position INTEGER NOT NULL, hash BLOB NOT NULL);
    CREATE TABLE batch_cut (number INTEGER PRIMARY KEY, first INTEGER NOT NULL, count INTEGER NOT NULL,
                            hash BLOB NOT NULL, body BLOB NOT NULL);
    CREATE TABLE snapshot (at INTEGER PRIMARY KEY, pieces INTEGER NOT NULL, digest BLOB NOT NULL);
    CREATE TABLE snapshot_piece (at INTEGER NOT NULL, piece INTEGER NOT NULL, body BLOB NOT NULL,
                                 PRIMARY KEY (at, piece)) WITHOUT ROWID;
    INSERT INTO head VALUES (1, 0, zeroblob(32));";

/// A connection to a journal's file.
pub(crate) struct Sqlite {
    connection: rusqlite::Connection,
    place: Place,
}

impl Sqlite {
    /// Makes the file and its tables, or finds them there. Safe against another process doing the same.
    pub(crate) fn create(place: &Place, file: &Path) -> Result<(), JournalError> {
        let system = |source| JournalError::System { doing: "making the file", place: place.to_string(), source };
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        // The log names persons and users: nobody but the owner reads it. SQLite gives -wal and -shm the same mode.
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        match options.open(file) {
            Ok(_) => {
                // The name itself must survive a power cut, or an acknowledged entry would be in a file nobody finds.
                let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
                File::open(folder).and_then(|folder| folder.sync_all()).map_err(system)?;
            }
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(system(error)),
        }
        let this = Self::connect(place, file)?;
        let transaction = |doing, result: rusqlite::Result<()>| result.map_err(|error| this.error(doing, error));
        if this.mark()? != (0, 0) {
            return this.check_mark();
        }
        // Of an empty file only; of another it changes nothing.
        this.set(&format!("page_size = {SQLITE_PAGE_BYTES}"), None)?;
        transaction("making the tables", this.connection.execute_batch("BEGIN IMMEDIATE"))?;
        let made = this.make_tables();
        match made {
            Ok(()) => transaction("making the tables", this.connection.execute_batch("COMMIT")),
            Err(error) => {
                this.roll_back();
                Err(error)
            }
        }
    }

    /// Opens a journal that is there.
    pub(crate) fn open(place: &Place, file: &Path) -> Result<Self, JournalError> {
        if !file.try_exists().unwrap_or(true) {
            return Err(JournalError::Missing { place: place.to_string() });
        }
        let this = Self::connect(place, file)?;
        this.check_mark()?;
        // Full sync: a commit returns when its frames are on the disk (promise P10). Checkpoints are the keeper's work;
        // the writer does one itself only when the log has grown past its bound.
        this.set("journal_mode = WAL", Some("wal"))?;
        this.set("synchronous = FULL", None)?;
        this.set(&format!("wal_autocheckpoint = {SQLITE_WAL_PAGES_MAX}"), None)?;
        this.set("journal_size_limit = 67108864", None)?;
        this.set("trusted_schema = OFF", None)?;
        this.set("cell_size_check = ON", None)?;
        Ok(this)
    }

    fn connect(place: &Place, file: &Path) -> Result<Self, JournalError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let opened = rusqlite::Connection::open_with_flags(file, flags);
        let mut connection = opened.map_err(|error| error_at(place, "opening", error))?;
        connection.busy_handler(Some(wait_for_lock)).map_err(|error| error_at(place, "opening", error))?;
        Ok(Self { connection, place: place.clone() })
    }

    fn make_tables(&self) -> Result<(), JournalError> {
        let error = |error| self.error("making the tables", error);
        if self.mark()? != (0, 0) {
            // Another process was faster.
            return self.check_mark();
        }
        let tables: i64 =
            self.connection.query_row("SELECT count(*) FROM sqlite_master", [], |row| row.get(0)).map_err(error)?;
        if tables != 0 {
            return self.check_mark();
        }
        self.connection.execute_batch(TABLES).map_err(error)?;
        self.connection.pragma_update(None, "application_id", APPLICATION_ID).map_err(error)?;
        self.connection.pragma_update(None, "user_version", FORMAT).map_err(error)
    }

    fn mark(&self) -> Result<(i32, i32), JournalError> {
        let read = |name| {
            let value = self.connection.pragma_query_value(None, name, |row| row.get::<_, i32>(0));
            value.map_err(|error| self.error("reading the file's mark", error))
        };
        Ok((read("application_id")?, read("user_version")?))
    }

    fn check_mark(&self) -> Result<(), JournalError> {
        let why = match self.mark()? {
            (APPLICATION_ID, FORMAT) => return Ok(()),
            (APPLICATION_ID, version) => format!("its format is {version}, this program reads {FORMAT}"),
            _ => "it is a database of something else, or empty".to_owned(),
        };
        Err(JournalError::NotAJournal { place: self.place.to_string(), why })
    }

    /// Sets a pragma; `must_be` is the answer without which it did not take.
    fn set(&self, pragma: &str, must_be: Option<&str>) -> Result<(), JournalError> {
        let begun = Instant::now();
        let answer = loop {
            let answer = self.connection.query_row(&format!("PRAGMA {pragma}"), [], |row| row.get_ref(0).map(text));
            match answer.optional() {
                Ok(answer) => break answer.flatten(),
                // Two processes turning WAL on at once: SQLite does not ask the busy handler here.
                Err(error) if is_busy(&error) && begun.elapsed() < LOCK_WAIT => thread::sleep(Duration::from_millis(1)),
                Err(error) => return Err(self.error("setting a pragma", error)),
            }
        };
        match must_be {
            Some(wanted) if answer.as_deref() != Some(wanted) => Err(JournalError::NotDurable {
                place: self.place.to_string(),
                why: format!("`{pragma}` was not taken; is it a local disk?"),
            }),
            _ => Ok(()),
        }
    }

    fn try_transact(&self, plan: &mut Plan<'_>) -> rusqlite::Result<Result<(), JournalError>> {
        let db = &self.connection;
        db.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
        let found = match self.read_head()? {
            Ok(found) => found,
            Err(error) => return Ok(Err(error)),
        };
        let Some(row) = plan(found) else {
            db.prepare_cached("ROLLBACK")?.execute([])?;
            return Ok(Ok(()));
        };
        let (first, last) = (signed(row.first), signed(row.last()));
        db.prepare_cached("INSERT INTO batch (first, count, hash, body) VALUES (?1, ?2, ?3, ?4)")?
            .execute(params![first, row.count, row.hash, row.body])?;
        db.prepare_cached("UPDATE head SET position = ?1, hash = ?2 WHERE one = 1")?
            .execute(params![last, row.hash])?;
        // Behind this line the entries are durable; a crash before it leaves none of them.
        db.prepare_cached("COMMIT")?.execute([])?;
        Ok(Ok(()))
    }

    fn read_head(&self) -> rusqlite::Result<Result<Head, JournalError>> {
        let (position, hash) = self
            .connection
            .prepare_cached("SELECT position, hash FROM head WHERE one = 1")?
            .query_row([], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, Vec<u8>>(1)?)))?;
        Ok(head(&self.place, unsigned(position), &hash))
    }

    fn read_stretch(&self, position: Position, rows_max: usize, bytes_max: usize) -> rusqlite::Result<Pieces> {
        let first: Option<i64> = self
            .connection
            .prepare_cached("SELECT max(first) FROM batch WHERE first <= ?1")?
            .query_row([signed(position.get())], |row| row.get(0))?;
        let mut statement = self
            .connection
            .prepare_cached("SELECT first, count, hash, body FROM batch WHERE first >= ?1 ORDER BY first LIMIT ?2")?;
        let mut found = statement.query(params![first.unwrap_or(i64::MIN), count(rows_max)])?;
        let (mut rows, mut bytes) = (Vec::new(), 0_usize);
        while bytes < bytes_max
            && let Some(row) = found.next()?
        {
            let row = read_row(row)?;
            bytes = bytes.saturating_add(row.body.len());
            rows.push(row);
        }
        let before = self.row_before(rows.first().map_or(i64::MAX, |row| signed(row.first)))?;
        Ok((before, rows))
    }

    fn row_before(&self, first: i64) -> rusqlite::Result<Option<Row>> {
        self.connection
            .prepare_cached("SELECT first, count, hash, x'' FROM batch WHERE first < ?1 ORDER BY first DESC LIMIT 1")?
            .query_row([first], read_row)
            .optional()
    }

    fn read_tail(&self, rows_max: usize) -> rusqlite::Result<(Result<Head, JournalError>, Pieces)> {
        // One read transaction: head and rows of the same moment. Dropping it ends it.
        let _one_moment = self.connection.unchecked_transaction()?;
        let head = self.read_head()?;
        let mut statement = self
            .connection
            .prepare_cached("SELECT first, count, hash, body FROM batch ORDER BY first DESC LIMIT ?1")?;
        let mut rows = statement.query_map([count(rows_max)], read_row)?.collect::<rusqlite::Result<Vec<_>>>()?;
        rows.reverse();
        let before = self.row_before(rows.first().map_or(i64::MAX, |row| signed(row.first)))?;
        Ok((head, (before, rows)))
    }

    fn try_cut(&self, intact: &Head, claimed: &Head) -> rusqlite::Result<Result<(), JournalError>> {
        let db = &self.connection;
        db.execute_batch("BEGIN IMMEDIATE")?;
        match self.read_head()? {
            Ok(found) if found == *claimed => {}
            Ok(found) => {
                let (expected, found) = (claimed.position, found.position);
                return Ok(Err(JournalError::HeadMoved { expected, found }));
            }
            Err(error) => return Ok(Err(error)),
        }
        let last = signed(intact.position.get());
        db.execute(
            "INSERT INTO batch_cut (first, count, hash, body) SELECT first, count, hash, body FROM batch WHERE first > ?1",
            [last],
        )?;
        db.execute("DELETE FROM batch WHERE first > ?1", [last])?;
        db.execute("DELETE FROM snapshot WHERE at > ?1", [last])?;
        db.execute("DELETE FROM snapshot_piece WHERE at > ?1", [last])?;
        db.execute("UPDATE head SET position = ?1, hash = ?2 WHERE one = 1", params![last, intact.hash.octets()])?;
        db.execute_batch("COMMIT")?;
        Ok(Ok(()))
    }

    fn try_save_snapshot(&self, at: Position, digest: &Hash, body: &[u8]) -> rusqlite::Result<()> {
        let (db, at) = (&self.connection, signed(at.get()));
        let mut pieces = 0_i64;
        for piece in body.chunks(SNAPSHOT_PIECE_BYTES) {
            db.prepare_cached("INSERT OR REPLACE INTO snapshot_piece (at, piece, body) VALUES (?1, ?2, ?3)")?
                .execute(params![at, pieces, piece])?;
            pieces += 1;
        }
        // Only this makes the snapshot one; a crash before it leaves pieces that the next saving replaces or removes.
        db.execute(
            "INSERT OR REPLACE INTO snapshot (at, pieces, digest) VALUES (?1, ?2, ?3)",
            params![at, pieces, digest.octets()],
        )?;
        let kept = "(SELECT min(at) FROM (SELECT at FROM snapshot ORDER BY at DESC LIMIT ?1))";
        db.execute(&format!("DELETE FROM snapshot WHERE at < {kept}"), [count(SNAPSHOTS_KEPT)])?;
        db.execute(&format!("DELETE FROM snapshot_piece WHERE at < {kept}"), [count(SNAPSHOTS_KEPT)])?;
        Ok(())
    }

    fn read_snapshot(&self, at: Position) -> rusqlite::Result<Option<Stored>> {
        // One read transaction, so that nobody replaces pieces meanwhile.
        let _one_moment = self.connection.unchecked_transaction()?;
        let (db, at) = (&self.connection, signed(at.get()));
        let found = db
            .query_row("SELECT pieces, digest FROM snapshot WHERE at = ?1", [at], |row| {
                Ok((row.get::<_, i64>(0)?, row.get::<_, Vec<u8>>(1)?))
            })
            .optional()?;
        let Some((pieces, digest)) = found else { return Ok(None) };
        let mut statement =
            db.prepare_cached("SELECT body FROM snapshot_piece WHERE at = ?1 AND piece < ?2 ORDER BY piece")?;
        let mut body = Vec::new();
        for piece in statement.query_map(params![at, pieces], |row| row.get::<_, Vec<u8>>(0))? {
            body.extend_from_slice(&piece?);
        }
        Ok(Some((digest, body)))
    }

    /// Ends a transaction that failed. Errors do not matter: SQLite may have rolled back by itself, and a connection
    /// that cannot roll back fails again at the next BEGIN.
    fn roll_back(&self) {
        if !self.connection.is_autocommit() {
            drop(self.connection.execute_batch("ROLLBACK"));
        }
    }

    fn error(&self, doing: &'static str, error: rusqlite::Error) -> JournalError {
        error_at(&self.place, doing, error)
    }

    /// Ends what is left of a transaction, and gives a failure our words.
    fn finish<T>(
        &self,
        doing: &'static str,
        result: rusqlite::Result<Result<T, JournalError>>,
    ) -> Result<T, JournalError> {
        self.roll_back();
        result.map_err(|error| self.error(doing, error))?
    }

    #[cfg(test)]
    pub(crate) fn limit_pages(&self, pages: i64) {
        self.connection.pragma_update(None, "max_page_count", pages).unwrap();
    }
}

type Pieces = (Option<Row>, Vec<Row>);

impl Connection for Sqlite {
    fn transact(&mut self, plan: &mut Plan<'_>) -> Result<(), JournalError> {
        let done = self.try_transact(plan);
        self.finish("appending", done)
    }

    fn head(&mut self) -> Result<Head, JournalError> {
        self.read_head().map_err(|error| self.error("reading the head", error))?
    }

    fn rows(&mut self, position: Position, rows_max: usize, bytes_max: usize) -> Result<Stretch, JournalError> {
        let read = self.read_stretch(position, rows_max, bytes_max);
        let (before, rows) = read.map_err(|error| self.error("reading", error))?;
        Stretch::new(&self.place, before, rows)
    }

    fn tail(&mut self, rows_max: usize) -> Result<(Head, Stretch), JournalError> {
        let read = self.read_tail(rows_max);
        let (head, (before, rows)) = read.map_err(|error| self.error("reading the end", error))?;
        Ok((head?, Stretch::new(&self.place, before, rows)?))
    }

    fn cut(&mut self, intact: &Head, claimed: &Head) -> Result<(), JournalError> {
        let done = self.try_cut(intact, claimed);
        self.finish("cutting the torn end", done)
    }

    fn save_snapshot(&mut self, at: &Head, digest: &Hash, body: &[u8]) -> Result<(), JournalError> {
        let done = self.try_save_snapshot(at.position, digest, body);
        self.finish("saving a snapshot", done.map(Ok))
    }

    fn snapshots(&mut self) -> Result<Vec<Position>, JournalError> {
        let error = |error| self.error("reading the snapshots", error);
        let mut statement =
            self.connection.prepare_cached("SELECT at FROM snapshot ORDER BY at DESC").map_err(error)?;
        let found = statement.query_map([], |row| row.get::<_, i64>(0)).map_err(error)?;
        found.map(|at| at.map(|at| Position::new(unsigned(at))).map_err(error)).collect()
    }

    fn snapshot(&mut self, at: Position) -> Result<Option<Stored>, JournalError> {
        self.read_snapshot(at).map_err(|error| self.error("reading a snapshot", error))
    }
}

/// Waits for another process's lock, a millisecond at a time (SQLite's own handler soon sleeps for 100).
fn wait_for_lock(tries: i32) -> bool {
    thread::sleep(Duration::from_millis(1));
    u128::try_from(tries).unwrap_or(0) < LOCK_WAIT.as_millis()
}

fn is_busy(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked))
}

fn error_at(place: &Place, doing: &'static str, error: rusqlite::Error) -> JournalError {
    let extended = error.sqlite_error().map(|error| error.extended_code);
    let name = place.to_string();
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => JournalError::NoSpace { place: name, source: Box::new(error) },
        // The shared index beside the write-ahead log could not grow: a full disk, met on reading too.
        _ if extended == Some(ffi::SQLITE_IOERR_SHMSIZE) => {
            JournalError::NoSpace { place: name, source: Box::new(error) }
        }
        Some(ErrorCode::NotADatabase) => {
            JournalError::NotAJournal { place: name, why: "it is no SQLite database".to_owned() }
        }
        Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly) if let Some(source) = not_writable(place) => {
            JournalError::NotWritable { place: name, source }
        }
        _ => JournalError::Database { doing, place: name, source: Box::new(error) },
    }
}

/// Why the file takes no writing, in the system's words; SQLite has none of its own for it.
fn not_writable(place: &Place) -> Option<std::io::Error> {
    let Place::Sqlite { file } = place else { return None };
    OpenOptions::new().write(true).open(file).err()
}

fn read_row(row: &rusqlite::Row<'_>) -> rusqlite::Result<Row> {
    Ok(Row { first: unsigned(row.get(0)?), count: row.get(1)?, hash: row.get(2)?, body: row.get(3)? })
}

fn text(value: rusqlite::types::ValueRef<'_>) -> Option<String> {
    value.as_str().ok().map(str::to_owned)
}

/// SQLite's integers are signed; a position never reaches 2^63.
fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A negative number is damage; 0 fits no row, so the chain check names it.
fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

fn count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
