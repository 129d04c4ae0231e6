//! What goes on beside the writer: news of commits by others, and the write-ahead log kept short.

use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::inotify::{self, CreateFlags, ReadFlags, WatchFlags};
use rustix::io::Errno;

use super::super::Connection;
use super::Sqlite;
use crate::bounds::{SQLITE_ATTENTIVE, SQLITE_CHECKPOINT_EVERY, SQLITE_POLL, SQLITE_POLL_DEAF, SQLITE_POLL_WRITING};
use crate::watch::Notice;
use crate::{JournalError, Place, Position};

/// Tells the notice of commits by other connections, in this process or another, until it is closed.
pub(in crate::engine) fn watch(place: &Place, file: &Path, notice: &Notice) {
    let mut connection: Option<(Sqlite, i64)> = None;
    let (mut ear, mut tried): (Option<Ear>, Option<Instant>) = (None, None);
    let mut attentive = Instant::now();
    // A look at most every so often, and less often while our own writer commits. The file is written before the commit counts, so
    // whoever hears of it looks again and again for a while; whoever hears nothing looks all the same, now and then.
    loop {
        let ours = notice.committed_within(SQLITE_POLL_WRITING);
        if notice.pause(if ours { SQLITE_POLL_WRITING } else { SQLITE_POLL }) {
            return;
        }
        let now = Instant::now();
        let deaf = if now < attentive { Duration::ZERO } else { SQLITE_POLL_DEAF };
        match ear.as_ref().map(|ear| ear.listen(deaf)) {
            Some(Heard::Writing) => attentive = now + deaf + SQLITE_ATTENTIVE,
            Some(Heard::Nothing) | None => {}
            Some(Heard::NoMore) => ear = None,
        }
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
        // The file is there once the database has been asked.
        if ear.is_none() && connection.is_some() && tried.is_none_or(|tried| tried.elapsed() >= SQLITE_CHECKPOINT_EVERY)
        {
            (ear, tried) = (Ear::of(file), Some(Instant::now()));
        }
    }
}

/// Hears that the write-ahead log is written to, by whatever process of this machine. Asking the database a thousand times a second
/// would cost more than many a quiet hour's requests.
struct Ear(OwnedFd);

/// What an ear says.
enum Heard {
    /// Somebody writes; the commit may be still to come.
    Writing,
    Nothing,
    /// And will not any more: the file is another one now.
    NoMore,
}

impl Ear {
    /// None: the file is not there yet, or the system has no ears left. The database is asked each time then.
    fn of(file: &Path) -> Option<Self> {
        let mut log = file.as_os_str().to_owned();
        log.push("-wal");
        let ear = inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK).ok()?;
        inotify::add_watch(&ear, Path::new(&log), WatchFlags::MODIFY | WatchFlags::DELETE_SELF | WatchFlags::MOVE_SELF)
            .ok()?;
        Some(Self(ear))
    }

    /// Waits for the next writing, at most so long.
    fn listen(&self, longest: Duration) -> Heard {
        let timeout = Timespec::try_from(longest).ok();
        // Being interrupted is no reason not to look.
        let _ = poll(&mut [PollFd::new(&self.0, PollFlags::IN)], timeout.as_ref());
        let mut room = [MaybeUninit::uninit(); 4096];
        let mut events = inotify::Reader::new(&self.0, &mut room);
        let mut heard = Heard::Nothing;
        loop {
            match events.next() {
                Ok(event) if event.events() == ReadFlags::MODIFY => heard = Heard::Writing,
                Ok(_) => return Heard::NoMore,
                // There are no more.
                Err(Errno::WOULDBLOCK | Errno::INTR) => return heard,
                Err(_) => return Heard::NoMore,
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
