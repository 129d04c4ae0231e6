//! What the journal asks of a database, and the two that answer.

mod postgres;
mod sqlite;

use std::sync::Arc;
use std::thread::{self, JoinHandle};

pub(crate) use self::postgres::Postgres;
pub(crate) use self::sqlite::Sqlite;
use crate::chain::Row;
use crate::watch::Notice;
use crate::{Hash, Head, JournalError, Place, Position};

/// Given the head inside a transaction, the row to add; `None`: nothing. May be asked again if the transaction has to be
/// begun anew.
pub(crate) type Plan<'a> = dyn FnMut(Head) -> Option<Row> + 'a;

/// One connection to a journal's database.
pub(crate) trait Connection: Send {
    /// One transaction, exclusive among all writers of this journal: reads the head, asks the plan, adds its row, moves
    /// the head record, commits durably.
    ///
    /// # Errors
    /// Nothing was added, except `Unsure`.
    fn transact(&mut self, plan: &mut Plan<'_>) -> Result<(), JournalError>;

    /// The head record.
    fn head(&mut self) -> Result<Head, JournalError>;

    /// Rows from the one that holds `position` on (or the first behind it): at most so many, ending early at about so
    /// many bytes, and what precedes them.
    fn rows(&mut self, position: Position, rows_max: usize, bytes_max: usize) -> Result<Stretch, JournalError>;

    /// The head record and the last rows, as of one moment.
    fn tail(&mut self, rows_max: usize) -> Result<(Head, Stretch), JournalError>;

    /// Takes everything behind `intact` out of the journal, keeping the rows in a table of their own, and sets the head
    /// record; refused if the head record is no longer `claimed`.
    fn cut(&mut self, intact: &Head, claimed: &Head) -> Result<(), JournalError>;

    /// Stores a snapshot piece by piece, the part that makes it valid last.
    fn save_snapshot(&mut self, at: &Head, digest: &Hash, body: &[u8]) -> Result<(), JournalError>;

    /// Where snapshots are stored, newest first.
    fn snapshots(&mut self) -> Result<Vec<Position>, JournalError>;

    /// A stored snapshot.
    fn snapshot(&mut self, at: Position) -> Result<Option<Stored>, JournalError>;
}

/// A snapshot as stored: its digest (32 octets unless damaged) and its body.
pub(crate) type Stored = (Vec<u8>, Vec<u8>);

/// Rows in order, and what stands before them.
#[derive(Clone, Debug)]
pub(crate) struct Stretch {
    /// The last entry before the first row: its number and hash, as stored.
    pub(crate) before: Head,
    /// The rows.
    pub(crate) rows: Vec<Row>,
}

impl Stretch {
    /// Puts together what a database gave: the row before, if there is one, and the rows.
    fn new(place: &Place, before: Option<Row>, rows: Vec<Row>) -> Result<Self, JournalError> {
        let before = match before {
            None => Head::START,
            Some(row) => head(place, row.last(), &row.hash)?,
        };
        Ok(Self { before, rows })
    }
}

/// A head as stored, or an error when it cannot be one.
fn head(place: &Place, position: u64, hash: &[u8]) -> Result<Head, JournalError> {
    let hash = <[u8; 32]>::try_from(hash).map_err(|_| JournalError::NotAJournal {
        place: place.to_string(),
        why: format!("the hash at position {position} has {} bytes", hash.len()),
    })?;
    Ok(Head { position: Position::new(position), hash: Hash::new(hash) })
}

/// Makes the tables if they are not there.
pub(crate) fn create(place: &Place) -> Result<(), JournalError> {
    match place {
        Place::Sqlite { file } => Sqlite::create(place, file),
        Place::Postgres { url, name } => Postgres::create(place, url, name),
    }
}

/// Connects to a journal that is there.
pub(crate) fn connect(place: &Place) -> Result<Box<dyn Connection>, JournalError> {
    Ok(match place {
        Place::Sqlite { file } => Box::new(Sqlite::open(place, file)?),
        Place::Postgres { url, name } => Box::new(Postgres::open(place, url, name)?),
    })
}

/// Starts what watches for appends by other processes. It ends when the notice is closed; the threads given back do so at
/// once, PostgreSQL's within its poll.
pub(crate) fn start_watching(place: &Place, notice: &Arc<Notice>) -> Result<Vec<JoinHandle<()>>, JournalError> {
    match place {
        Place::Sqlite { file } => {
            let (at, path, shared) = (place.clone(), file.clone(), Arc::clone(notice));
            let watch = spawn(place, "journal-watch", move || sqlite::watch(&at, &path, &shared))?;
            let (at, path, shared) = (place.clone(), file.clone(), Arc::clone(notice));
            Ok(vec![watch, spawn(place, "journal-keeper", move || sqlite::keep_wal_short(&at, &path, &shared))?])
        }
        Place::Postgres { url, name } => {
            let (at, url, name, shared) = (place.clone(), url.clone(), name.clone(), Arc::clone(notice));
            // Waiting for notices cannot be interrupted, and nobody needs to wait for that.
            drop(spawn(place, "journal-watch", move || postgres::watch(&at, &url, &name, &shared))?);
            Ok(Vec::new())
        }
    }
}

/// Starts a thread of the journal.
pub(crate) fn spawn(
    place: &Place,
    name: &str,
    work: impl FnOnce() + Send + 'static,
) -> Result<JoinHandle<()>, JournalError> {
    let started = thread::Builder::new().name(name.to_owned()).spawn(work);
    started.map_err(|source| JournalError::System { doing: "starting a thread", place: place.to_string(), source })
}
