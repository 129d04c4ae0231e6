//! A file that appears under its name once it is whole. Whatever breaks off before leaves nothing under that name.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use super::{NewFile, lock, sync_folder_of};
use crate::error::Error;

/// A new file that only we can read, on its way: it lies beside its place until it is whole. Dropped before, it is removed; what
/// a process that was ended leaves beside is taken over by the next.
#[derive(Debug)]
pub(crate) struct Arriving {
    // Held for us alone, so that another process does not take over what we write.
    file: File,
    beside: PathBuf,
    path: PathBuf,
}

impl Arriving {
    /// Makes it, beside its place.
    ///
    /// # Errors
    /// There is a file at its place already, somebody else is at it, or it cannot be made.
    pub(crate) fn create(path: &Path) -> Result<Self, Error> {
        if std::fs::symlink_metadata(path).is_ok() {
            return Err(Error::Exists(path.to_owned()));
        }
        let beside = path.with_added_extension("new");
        if let Ok(left) = std::fs::symlink_metadata(&beside) {
            // A link is taken away itself, and never followed.
            let held = if left.is_file() { Some(lock(&beside)?) } else { None };
            std::fs::remove_file(&beside).map_err(Error::file("removing", &beside))?;
            drop(held);
        }
        match OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside) {
            Ok(file) => {
                file.lock().map_err(Error::file("locking", &beside))?;
                Ok(Self { file, beside, path: path.to_owned() })
            }
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Err(Error::Held(beside)),
            Err(error) => Err(Error::file("writing", &beside)(error)),
        }
    }

    /// Fills it. It is durable when this returns, and not yet at its place.
    ///
    /// # Errors
    /// It cannot be written.
    pub(crate) fn write(&mut self, content: &[u8]) -> Result<(), Error> {
        let written = self.file.write_all(content).and_then(|()| self.file.sync_all());
        written.map_err(Error::file("writing", &self.beside))
    }

    /// Where it will be.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Puts it at its place, in one step, over nothing.
    ///
    /// # Errors
    /// There is a file meanwhile, or it cannot be moved.
    pub(crate) fn arrive(self) -> Result<(), Error> {
        // An empty file of ours holds the place; without one, moving would write over whatever came meanwhile.
        let place = NewFile::create(&self.path)?;
        std::fs::rename(&self.beside, &self.path).map_err(Error::file("replacing", &self.path))?;
        place.keep();
        sync_folder_of(&self.path)
    }
}

impl Drop for Arriving {
    fn drop(&mut self) {
        // Gone where it arrived. What cannot be removed is taken over by the next.
        let _ = std::fs::remove_file(&self.beside);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_lies_at_its_place_before_it_is_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("D-1.pem");
        // Left by a process that was ended.
        std::fs::write(folder.path().join("D-1.pem.new"), "half").unwrap();
        let mut file = Arriving::create(&path).unwrap();
        assert!(!path.exists());
        assert!(matches!(Arriving::create(&path), Err(Error::Held(_))), "one at a time");
        file.write(b"whole").unwrap();
        assert!(!path.exists());
        file.arrive().unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"whole");
        assert!(matches!(Arriving::create(&path), Err(Error::Exists(_))), "nothing is written over");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_came_meanwhile_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("D-1.pem");
        let mut file = Arriving::create(&path).unwrap();
        file.write(b"ours").unwrap();
        std::fs::write(&path, "theirs").unwrap();
        assert!(matches!(file.arrive(), Err(Error::Exists(_))));
        assert_eq!(std::fs::read(&path).unwrap(), b"theirs");
        // A link beside leads nowhere.
        let (other, victim) = (folder.path().join("D-2.pem"), folder.path().join("victim"));
        std::fs::write(&victim, "kept").unwrap();
        std::os::unix::fs::symlink(&victim, folder.path().join("D-2.pem.new")).unwrap();
        let mut file = Arriving::create(&other).unwrap();
        file.write(b"ours").unwrap();
        file.arrive().unwrap();
        assert_eq!((std::fs::read(&victim).unwrap(), std::fs::read(&other).unwrap()), (b"kept".into(), b"ours".into()));
    }
}
