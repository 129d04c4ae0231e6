//! A full disk: the appends fail and say so, nothing acknowledged is lost, and it works again once there is space.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{Home, all, entries};
use crate::engine::Sqlite;
use crate::{Journal, JournalError, Place, Position};

/// A file system of 2 MB, if this user may mount one.
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn mount() -> Option<(Self, tempfile::TempDir)> {
        let folder = tempfile::tempdir().unwrap();
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", "size=2m", "tmpfs"]).arg(folder.path()).output();
        mounted.is_ok_and(|mounted| mounted.status.success()).then(|| (Self(folder.path().to_owned()), folder))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        drop(Command::new("umount").arg("--lazy").arg(&self.0).status());
    }
}

/// Appends until it fails; gives the acknowledged entries.
fn fill(journal: &Journal) -> Vec<Vec<u8>> {
    let mut acknowledged = Vec::new();
    for number in 0_u32..10_000 {
        let body = [&number.to_be_bytes()[..], &[7; 3000]].concat();
        match journal.append(vec![body.clone()]).wait() {
            Ok(_) => acknowledged.push(body),
            Err(error) => {
                assert!(matches!(&*error, JournalError::NoSpace { .. }), "{error:?}");
                return acknowledged;
            }
        }
    }
    panic!("the disk never filled");
}

#[test]
fn a_full_disk_loses_nothing_and_heals() {
    let Some((disk, _folder)) = SmallDisk::mount() else {
        eprintln!("no mount here; `a_full_database_loses_nothing_and_heals` covers the same with a page limit");
        return;
    };
    let ballast = disk.0.join("ballast");
    fs::write(&ballast, vec![0; 600_000]).unwrap();
    let place = Place::Sqlite { file: disk.0.join("journal.db") };
    let journal = Journal::open(&place).unwrap();
    let mut acknowledged = fill(&journal);
    assert!(acknowledged.len() > 20);
    // Still full: it says so again, and reading goes on.
    assert!(journal.append(vec![vec![1; 500_000]]).wait().is_err());
    assert_eq!(all(&journal), acknowledged);
    journal.verify(Position::START).unwrap();

    fs::remove_file(&ballast).unwrap();
    journal.append(entries(&["space again"])).wait().unwrap();
    acknowledged.push(b"space again".to_vec());
    assert_eq!(all(&journal), acknowledged);
    drop(journal);
    let again = Journal::open_existing(&place).unwrap();
    assert_eq!(all(&again), acknowledged);
    again.verify(Position::START).unwrap();
}

#[test]
fn a_full_database_loses_nothing_and_heals() {
    let home = Home::sqlite();
    drop(home.journal());
    let Place::Sqlite { file } = &home.place else { unreachable!() };
    let limited = |pages| {
        let connection = Sqlite::open(&home.place, Path::new(file)).unwrap();
        connection.limit_pages(pages);
        Journal::start(&home.place, Box::new(connection)).unwrap()
    };
    let journal = limited(100);
    let mut acknowledged = fill(&journal);
    assert!(acknowledged.len() > 20);
    // A failed batch takes nobody else's with it, and a smaller one may still fit.
    assert_eq!(all(&journal), acknowledged);
    drop(journal);
    let journal = limited(100_000);
    journal.append(entries(&["space again"])).wait().unwrap();
    acknowledged.push(b"space again".to_vec());
    assert_eq!(all(&journal), acknowledged);
    journal.verify(Position::START).unwrap();
}
