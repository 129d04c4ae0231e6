//! What goes on beside the writer: news of commits by others, and the write-ahead log kept short.

use std::path::Path;
use std::time::Duration;

use super::super::Connection;
use super::Sqlite;
use crate::bounds::{SQLITE_CHECKPOINT_EVERY, SQLITE_POLL};
use crate::watch::Notice;
use crate::{JournalError, Place, Position};

/// Tells the notice of commits by other connections, in this process or another, until it is closed.
pub(in crate::engine) fn watch(place: &Place, file: &Path, notice: &Notice) {
    let mut connection: Option<(Sqlite, i64)> = None;
    while !notice.pause(SQLITE_POLL) {
        match look(place, file, &mut connection) {
            Ok(head) => notice.heard(head),
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "journal: the database is silent");
                connection = None;
                if notice.pause(Duration::from_millis(100)) {
                    return;
                }
            }
        }
    }
}

/// The head, if anything was committed since the last look.
fn look(place: &Place, file: &Path, connection: &mut Option<(Sqlite, i64)>) -> Result<Option<Position>, JournalError> {
    let (sqlite, seen) = match connection {
        Some(known) => known,
        none => none.insert((Sqlite::open(place, file)?, i64::MIN)),
    };
    let version = sqlite
        .connection
        .prepare_cached("PRAGMA data_version")
        .and_then(|mut statement| statement.query_row([], |row| row.get(0)))
        .map_err(|error| sqlite.error("watching", error))?;
    if version == *seen {
        return Ok(None);
    }
    *seen = version;
    sqlite.head().map(|head| Some(head.position))
}

/// Copies the write-ahead log back now and then, away from the writer, so that an append does not pay for it.
pub(in crate::engine) fn keep_wal_short(place: &Place, file: &Path, notice: &Notice) {
    let mut connection: Option<Sqlite> = None;
    while !notice.pause(SQLITE_CHECKPOINT_EVERY) {
        let kept = match &connection {
            Some(sqlite) => sqlite.set("wal_checkpoint(PASSIVE)", None),
            None => Sqlite::open(place, file).map(|sqlite| connection = Some(sqlite)),
        };
        if let Err(error) = kept {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "journal: the write-ahead log was not copied back"
            );
            connection = None;
        }
    }
}
