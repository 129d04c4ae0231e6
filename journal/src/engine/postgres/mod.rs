//! PostgreSQL: the engine of several nodes. Appends queue behind an advisory lock; `NOTIFY` is the wake-up call.

mod sql;
mod watch;

use std::thread;

use postgres::error::SqlState;
use postgres::{Client, Config, NoTls, SimpleQueryMessage};

use self::sql::Sql;
pub(super) use self::watch::watch;
use super::{Connection, Plan, Stored, Stretch, head};
use crate::bounds::{
    LOCK_WAIT, POSTGRES_CONNECT_WAIT, POSTGRES_SETTLE_PAUSE, POSTGRES_SETTLE_TRIES, SNAPSHOT_PIECE_BYTES,
    SNAPSHOTS_KEPT,
};
use crate::chain::Row;
use crate::error::BoxError;
use crate::{Hash, Head, JournalError, Place, Position};

/// Version of the tables, kept beside the head.
const FORMAT: i32 = 1;

/// A connection to a journal's tables. `None` while it is broken; made anew when needed.
pub(crate) struct Postgres {
    client: Option<Client>,
    config: Config,
    place: Place,
    sql: Sql,
}

impl Postgres {
    /// Makes the tables, or finds them there. Safe against another process doing the same.
    pub(crate) fn create(place: &Place, url: &str, name: &str) -> Result<(), JournalError> {
        let mut this = Self::new(place, url, name)?;
        let (create, client) = (this.sql.create.clone(), this.client()?);
        let made = client.batch_execute(&create);
        made.map_err(|error| this.error("making the tables", error))
    }

    /// Opens a journal that is there.
    pub(crate) fn open(place: &Place, url: &str, name: &str) -> Result<Self, JournalError> {
        let mut this = Self::new(place, url, name)?;
        let (table, client) = (this.sql.head_table.clone(), this.client()?);
        let found = client.query_one("SELECT to_regclass($1) IS NOT NULL", &[&table]).and_then(|row| row.try_get(0));
        if !found.map_err(|error| this.error("opening", error))? {
            return Err(JournalError::Missing { place: place.to_string() });
        }
        let format: i32 = this.ask("opening", |client, sql| client.query_one(&sql.format, &[])?.try_get(0))?;
        if format != FORMAT {
            let why = format!("its format is {format}, this program reads {FORMAT}");
            return Err(JournalError::NotAJournal { place: place.to_string(), why });
        }
        let sync: String = this.ask("opening", |client, _| client.query_one("SHOW fsync", &[])?.try_get(0))?;
        if sync != "on" {
            let why = format!("`fsync` is {sync}");
            return Err(JournalError::NotDurable { place: place.to_string(), why });
        }
        Ok(this)
    }

    fn new(place: &Place, url: &str, name: &str) -> Result<Self, JournalError> {
        let parsed = url.parse::<Config>();
        // The text may hold a password, and the parser's message may quote it.
        let mut config = parsed.map_err(|_| JournalError::NotAJournal {
            place: place.to_string(),
            why: "the connection string cannot be read".to_owned(),
        })?;
        config.application_name("sekisho");
        config.connect_timeout(POSTGRES_CONNECT_WAIT);
        config.tcp_user_timeout(LOCK_WAIT);
        config.keepalives_idle(LOCK_WAIT);
        Ok(Self { client: None, config, place: place.clone(), sql: Sql::new(name) })
    }

    #[cfg(test)]
    pub(crate) fn setting(&mut self, name: &str) -> String {
        self.client().unwrap().query_one(&format!("SHOW {name}"), &[]).unwrap().get(0)
    }

    /// The connection, made anew if it is broken.
    fn client(&mut self) -> Result<&mut Client, JournalError> {
        if self.client.as_ref().is_none_or(Client::is_closed) {
            let connected = self.config.connect(NoTls).and_then(|mut client| {
                client.batch_execute(&session())?;
                Ok(client)
            });
            self.client = Some(connected.map_err(|error| unreachable_at(&self.place, error))?);
        }
        self.client.as_mut().ok_or(JournalError::Closed)
    }

    /// Asks something that changes nothing, or may be done twice.
    fn ask<T>(
        &mut self,
        doing: &'static str,
        work: impl FnOnce(&mut Client, &Sql) -> Result<T, postgres::Error>,
    ) -> Result<T, JournalError> {
        let sql = self.sql.clone();
        let answer = work(self.client()?, &sql);
        answer.map_err(|error| self.error(doing, error))
    }

    /// One try at a transaction.
    fn try_transact(&mut self, plan: &mut Plan<'_>) -> Result<(), Failed> {
        let (place, sql) = (self.place.clone(), self.sql.clone());
        let client = self.client().map_err(Failed::Ours)?;
        // One round trip: begin, lock, then read the head with a snapshot taken after the lock (read committed).
        let found = read_head(&place, &client.simple_query(&sql.begin)?).map_err(Failed::Ours)?;
        let Some(row) = plan(found) else {
            client.batch_execute("ROLLBACK")?;
            return Ok(());
        };
        let (first, last) = (signed(row.first), signed(row.last()));
        client.execute(&sql.insert, &[&first, &row.count, &row.hash, &row.body, &last])?;
        // Behind this line the entries are durable. Should the answer be lost, `settle` asks for it.
        client.batch_execute("COMMIT").map_err(|error| Failed::AtCommit(row, error))
    }

    /// The answer to a commit was lost: find out whether it holds. Taking the lock first waits for the old
    /// transaction, if it still runs; behind it the answer is final.
    fn settle(&mut self, row: &Row, lost: postgres::Error) -> Result<(), JournalError> {
        tracing::warn!(error = &lost as &dyn std::error::Error, "journal: the answer to a commit was lost, asking");
        for _ in 0..POSTGRES_SETTLE_TRIES {
            self.client = None;
            match self.ask("asking for a lost commit", |client, sql| {
                client.simple_query(&sql.begin)?;
                let found = client.query_opt(&sql.hash_of_row, &[&signed(row.first)])?;
                client.batch_execute("ROLLBACK")?;
                found.map(|found| found.try_get::<_, Vec<u8>>(0)).transpose()
            }) {
                // The hash covers position and contents: these are our entries, in our place.
                Ok(Some(hash)) if hash == row.hash => return Ok(()),
                Ok(_) => return Err(self.error("committing", lost)),
                Err(_) => thread::sleep(POSTGRES_SETTLE_PAUSE),
            }
        }
        Err(JournalError::Unsure { place: self.place.to_string() })
    }

    /// Our words for the database's, and an end to a transaction left open.
    fn error(&mut self, doing: &'static str, error: postgres::Error) -> JournalError {
        let rolled_back = self.client.as_mut().is_some_and(|client| client.batch_execute("ROLLBACK").is_ok());
        if !rolled_back {
            self.client = None;
        }
        let place = self.place.to_string();
        match error.code() {
            Some(&SqlState::DISK_FULL) => JournalError::NoSpace { place, source: Box::new(error) },
            // Administrator's shutdown, crash of another backend, starting up.
            Some(&SqlState::ADMIN_SHUTDOWN | &SqlState::CRASH_SHUTDOWN | &SqlState::CANNOT_CONNECT_NOW) => {
                JournalError::Unreachable { place, source: Box::new(error) }
            }
            None => JournalError::Unreachable { place, source: Box::new(error) },
            Some(_) => JournalError::Database { doing, place, source: Box::new(error) },
        }
    }

    fn stretch(
        &mut self,
        doing: &'static str,
        work: impl FnOnce(&mut Client, &Sql) -> Result<Vec<Row>, postgres::Error>,
    ) -> Result<Stretch, JournalError> {
        let (before, rows) = self.ask(doing, |client, sql| {
            let rows = work(client, sql)?;
            let first = rows.first().map_or(i64::MAX, |row| signed(row.first));
            let before = client.query_opt(&sql.row_before, &[&first])?;
            Ok((before.as_ref().map(read_row).transpose()?, rows))
        })?;
        Stretch::new(&self.place, before, rows)
    }
}

/// Why a try failed.
enum Failed {
    /// Before anything was committed: the transaction is gone.
    Before(postgres::Error),
    /// At the commit: it may hold.
    AtCommit(Row, postgres::Error),
    /// Not the database's doing, or no connection in the first place.
    Ours(JournalError),
}

impl From<postgres::Error> for Failed {
    fn from(error: postgres::Error) -> Self {
        Self::Before(error)
    }
}

impl Connection for Postgres {
    fn transact(&mut self, plan: &mut Plan<'_>) -> Result<(), JournalError> {
        let mut tried = false;
        loop {
            match self.try_transact(plan) {
                Ok(()) => return Ok(()),
                Err(Failed::AtCommit(row, error)) => return self.settle(&row, error),
                Err(Failed::Ours(error)) => {
                    self.client = None;
                    return Err(error);
                }
                Err(Failed::Before(error)) => {
                    let error = self.error("appending", error);
                    // The server was restarted since the last append: nothing was sent for good, so try once more.
                    if tried || !matches!(error, JournalError::Unreachable { .. }) {
                        return Err(error);
                    }
                    (tried, self.client) = (true, None);
                }
            }
        }
    }

    fn head(&mut self) -> Result<Head, JournalError> {
        let answer = self.ask("reading the head", |client, sql| client.simple_query(&sql.head))?;
        read_head(&self.place, &answer)
    }

    fn rows(&mut self, position: Position, rows_max: usize, bytes_max: usize) -> Result<Stretch, JournalError> {
        let (position, rows_max, bytes_max) = (signed(position.get()), count(rows_max), count(bytes_max));
        self.stretch("reading", |client, sql| {
            client.query(&sql.rows, &[&position, &rows_max, &bytes_max])?.iter().map(read_row).collect()
        })
    }

    fn tail(&mut self, rows_max: usize) -> Result<(Head, Stretch), JournalError> {
        // One snapshot for all three questions.
        self.ask("reading the end", |client, _| {
            client.batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        })?;
        let head = self.head();
        let stretch = self.stretch("reading the end", |client, sql| {
            let rows = client.query(&sql.tail, &[&count(rows_max)])?;
            rows.iter().rev().map(read_row).collect()
        });
        // Whatever came of it: a snapshot left open would answer from the past for ever.
        self.ask("reading the end", |client, _| client.batch_execute("ROLLBACK"))?;
        Ok((head?, stretch?))
    }

    fn cut(&mut self, intact: &Head, claimed: &Head) -> Result<(), JournalError> {
        let place = self.place.clone();
        let found = self.ask("cutting the torn end", |client, sql| client.simple_query(&sql.begin))?;
        let found = read_head(&place, &found)?;
        if found != *claimed {
            self.ask("cutting the torn end", |client, _| client.batch_execute("ROLLBACK"))?;
            return Err(JournalError::HeadMoved { expected: claimed.position, found: found.position });
        }
        let (last, hash) = (signed(intact.position.get()), intact.hash.octets().to_vec());
        self.ask("cutting the torn end", |client, sql| {
            for statement in &sql.cut {
                client.execute(statement, &[&last])?;
            }
            client.execute(&sql.set_head, &[&last, &hash])?;
            client.batch_execute("COMMIT")
        })
    }

    fn save_snapshot(&mut self, at: &Head, digest: &Hash, body: &[u8]) -> Result<(), JournalError> {
        let (at, digest) = (signed(at.position.get()), digest.octets().to_vec());
        self.ask("saving a snapshot", |client, sql| {
            let mut pieces = 0_i64;
            for piece in body.chunks(SNAPSHOT_PIECE_BYTES) {
                client.execute(&sql.save_piece, &[&at, &pieces, &piece])?;
                pieces += 1;
            }
            // Only this makes the snapshot one; a crash before it leaves pieces that a later saving replaces or removes.
            client.execute(&sql.save_snapshot, &[&at, &pieces, &digest])?;
            for statement in &sql.drop_snapshots {
                client.execute(statement, &[&count(SNAPSHOTS_KEPT)])?;
            }
            Ok(())
        })
    }

    fn snapshots(&mut self) -> Result<Vec<Position>, JournalError> {
        self.ask("reading the snapshots", |client, sql| {
            let found = client.query(&sql.snapshots, &[])?;
            found.iter().map(|row| row.try_get::<_, i64>(0).map(|at| Position::new(unsigned(at)))).collect()
        })
    }

    fn snapshot(&mut self, at: Position) -> Result<Option<Stored>, JournalError> {
        let at = signed(at.get());
        self.ask("reading a snapshot", |client, sql| {
            let Some(found) = client.query_opt(&sql.snapshot, &[&at])? else { return Ok(None) };
            let (pieces, digest): (i64, Vec<u8>) = (found.try_get(0)?, found.try_get(1)?);
            let mut body = Vec::new();
            for piece in client.query(&sql.pieces, &[&at, &pieces])? {
                body.extend_from_slice(piece.try_get(0)?);
            }
            Ok(Some((digest, body)))
        })
    }
}

/// What each session is set to. Synchronous commit is only ever raised: a server that waits for its standby stays so.
fn session() -> String {
    let wait = LOCK_WAIT.as_millis();
    format!(
        "SELECT set_config('synchronous_commit', 'on', false)
             WHERE current_setting('synchronous_commit') IN ('off', 'local');
         SET default_transaction_isolation = 'read committed';
         SET lock_timeout = {wait};
         SET idle_in_transaction_session_timeout = {};
         SET statement_timeout = {}",
        4 * wait,
        4 * wait
    )
}

/// The head out of a simple query's answer.
fn read_head(place: &Place, answer: &[SimpleQueryMessage]) -> Result<Head, JournalError> {
    let nonsense = || JournalError::NotAJournal { place: place.to_string(), why: "it has no head record".to_owned() };
    let found = answer.iter().rev().find_map(|message| match message {
        SimpleQueryMessage::Row(row) => Some((row.try_get("position").ok()??, row.try_get("hash").ok()??)),
        _ => None,
    });
    let (position, hash) = found.ok_or_else(nonsense)?;
    let hash: Option<Vec<u8>> =
        hash.as_bytes().chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect();
    head(place, position.parse().map_err(|_| nonsense())?, &hash.ok_or_else(nonsense)?)
}

fn read_row(row: &postgres::Row) -> Result<Row, postgres::Error> {
    Ok(Row { first: unsigned(row.try_get(0)?), count: row.try_get(1)?, hash: row.try_get(2)?, body: row.try_get(3)? })
}

fn unreachable_at(place: &Place, error: postgres::Error) -> JournalError {
    JournalError::Unreachable { place: place.to_string(), source: BoxError::from(error) }
}

/// PostgreSQL's integers are signed; a position never reaches 2^63.
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
