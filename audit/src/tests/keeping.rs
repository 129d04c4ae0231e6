//! Keeping: durable, verified, honest about what was lost.

use std::fs;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use journal::{Journal, JournalError, Place, Position};

use super::{entry, journal_in, open, outcome};
use crate::bounds::STRIDE;
use crate::{Audit, AuditError, EntryId, Event, Query, Reader, line};

#[test]
fn an_entry_is_there_when_it_is_said_to_be() {
    let folder = tempfile::tempdir().unwrap();
    let audit = open(&folder);
    let durable = audit.record(&entry(1)).wait().unwrap();
    // Another handle on the same file finds it at the place named.
    let other = journal_in(&folder);
    assert_eq!(other.head().unwrap().position, durable.position());
    let events = Audit::open(other).unwrap().events(Position::START, 10).unwrap();
    assert_eq!(events, [(durable.position(), Event::Entry(Box::new(entry(1))))]);
    assert_eq!(audit.verify().unwrap().position, durable.position());
}

#[test]
fn an_entry_that_cannot_be_kept_gives_no_proof() {
    let folder = tempfile::tempdir().unwrap();
    let audit = open(&folder);
    let mut nobody = entry(1);
    nobody.id = EntryId::new([0; 16]);
    assert!(matches!(audit.record(&nobody).wait(), Err(AuditError::NoId)));
    assert_eq!(audit.verify().unwrap().position, Position::START);
}

#[test]
fn a_line_of_another_version_keeps_the_log_closed() {
    let folder = tempfile::tempdir().unwrap();
    let journal = journal_in(&folder);
    journal.append(vec![br#"{"kind":"entry","v":2}"#.to_vec()]).wait().unwrap();
    let error = Audit::open(journal).unwrap_err();
    assert!(matches!(error, AuditError::Unreadable { position, .. } if position == Position::new(1)), "{error:?}");
}

#[test]
fn a_line_of_another_version_by_another_process_closes_it_too() {
    let folder = tempfile::tempdir().unwrap();
    let audit = open(&folder);
    audit.record(&entry(1)).wait().unwrap();
    journal_in(&folder).append(vec![b"not ours".to_vec()]).wait().unwrap();
    assert!(matches!(audit.history_of(&[entry(1).user_id], 10), Err(AuditError::Unreadable { .. })));
    assert!(audit.search(&crate::Query::default()).is_err());
}

/// A start reads the newest lines only, and so does whoever looks at the newest.
#[test]
fn a_line_far_back_that_cannot_be_read_costs_the_histories_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let journal = journal_in(&folder);
    journal.append(vec![b"not ours".to_vec()]).wait().unwrap();
    let newest = u16::try_from(STRIDE).unwrap();
    let lines = (0..newest).map(|number| {
        let mut entry = entry(0);
        entry.id = EntryId::new([&number.to_be_bytes()[..], &[1; 14]].concat().try_into().unwrap());
        line::write_entry(&entry).unwrap()
    });
    journal.append(lines.collect()).wait().unwrap();
    let unreadable =
        |error: AuditError| matches!(error, AuditError::Unreadable { position, .. } if position.get() == 1);

    let audit = Audit::open(journal).unwrap();
    audit.record(&entry(1)).wait().unwrap();
    assert!(unreadable(audit.history_of(&[entry(1).user_id], 10).unwrap_err()));
    assert!(unreadable(audit.previous_sign_in(&entry(1).user_id).unwrap_err()));
    let reader = Reader::new(journal_in(&folder));
    assert_eq!(reader.search(&Query { limit: 20, ..Query::default() }).unwrap().entries.len(), 20);
    // Evidence is never passed over.
    assert!(unreadable(reader.search(&Query::default()).unwrap_err()));
}

#[test]
fn a_changed_entry_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("audit.db");
    {
        let audit = open(&folder);
        for number in 0..5 {
            audit.record(&entry(number)).wait().unwrap();
        }
    }
    // The thread that follows the journal may let go of it a moment later; then the database is at rest.
    let wal = folder.path().join("audit.db-wal");
    for _ in 0..500 {
        if !fs::metadata(&wal).is_ok_and(|wal| wal.len() > 0) {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    // "person-1" becomes "person-2", once, wherever it lies.
    let mut bytes = fs::read(&file).unwrap();
    let at = bytes.windows(8).position(|window| window == b"person-1").unwrap();
    bytes[at + 7] = b'2';
    fs::write(&file, bytes).unwrap();
    assert!(matches!(Journal::open(&Place::Sqlite { file }), Err(JournalError::TornTail { .. })));
}

/// A folder on a file system of 1 MB; `None` where this user may not mount one.
fn small_disk() -> Option<(tempfile::TempDir, Unmount)> {
    let folder = tempfile::tempdir().unwrap();
    let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", "size=1m", "tmpfs"]).arg(folder.path()).output();
    let unmount = Unmount(folder.path().to_owned());
    mounted.is_ok_and(|mounted| mounted.status.success()).then_some((folder, unmount))
}

struct Unmount(std::path::PathBuf);

impl Drop for Unmount {
    fn drop(&mut self) {
        drop(Command::new("umount").arg("--lazy").arg(&self.0).status());
    }
}

#[test]
fn a_full_disk_gives_no_proof_and_heals() {
    let Some((folder, _unmount)) = small_disk() else {
        eprintln!("no mount here; the journal's own tests cover a full database with a page limit");
        return;
    };
    let ballast = folder.path().join("ballast");
    fs::write(&ballast, vec![0; 300_000]).unwrap();
    let audit = open(&folder);
    let mut durable = 0;
    let mut large = entry(1);
    large.facts = "x".repeat(20_000).into();
    let error = loop {
        match audit.record(&large).wait() {
            Ok(_) => durable += 1,
            Err(error) => break error,
        }
        assert!(durable < 1000, "the disk never filled");
    };
    assert!(
        matches!(&error, AuditError::Journal(cause) if matches!(**cause, JournalError::NoSpace { .. })),
        "{error:?}"
    );
    assert_eq!(audit.verify().unwrap().position, Position::new(durable));

    // An outcome is not waited for, but its loss is counted.
    let begun = Instant::now();
    while audit.outcomes_lost() == 0 {
        // One alone may still find a gap.
        audit.outcome(&outcome(&large));
        assert!(begun.elapsed() < Duration::from_secs(20));
        thread::sleep(Duration::from_millis(5));
    }

    fs::remove_file(&ballast).unwrap();
    audit.record(&large).wait().unwrap();
    assert!(audit.verify().unwrap().position > Position::new(durable));
}

#[test]
fn the_log_ends_with_its_last_handle() {
    let folder = tempfile::tempdir().unwrap();
    let audit = open(&folder);
    let watch = audit.journal().watch();
    let again = audit.clone();
    drop(audit);
    assert!(!watch.is_closed());
    drop(again);
    // The follower may hold it for a moment.
    let begun = Instant::now();
    while !watch.is_closed() {
        assert!(begun.elapsed() < Duration::from_secs(20));
        thread::sleep(Duration::from_millis(5));
    }
}
