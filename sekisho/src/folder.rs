//! The data folder: what lies where, and who may read it.
//!
//! ```text
//! DIR/sekisho.toml                          settings; written last, so that its presence says that init was whole
//! DIR/cuts.txt                              what was cut off a torn journal, when and by whom; only where that happened
//! DIR/data/registry.db, audit.db            journals (SQLite)
//! DIR/keys/root.pem, root.key.pem           root, its key encrypted: best kept elsewhere after init
//! DIR/keys/issuing.pem, issuing.key.pem     issuing authority of device certificates, its key encrypted
//! DIR/keys/server-issuing.pem               issuing authority of the server certificate; its key is thrown away
//! DIR/keys/server.pem, server.key.pem       server certificate with its issuer's, and key
//! DIR/keys/session.key, identity.key.pem, credential.key    see sample.toml
//! DIR/keys/ceremony.txt                     what the root signed, with fingerprints and serial numbers; lies beside the
//!                                           root's key, wherever that is, and here is a copy
//! DIR/keys/demo-passphrase.txt, demo-password.txt    only a demo's: what opens its keys, and the password of its users
//! ```
//!
//! No lock on the folder: journals take appends of several processes, so the command line works beside a running server.
//! Only one may sign with the root at a time; it holds the transcript.

mod arriving;

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::error::Error;

pub(crate) use arriving::Arriving;

/// Largest key, certificate or passphrase file that is read, in bytes.
const FILE_BYTES_MAX: u64 = 256 * 1024;

/// A data folder as `init` lays it out.
#[derive(Clone, Debug)]
pub struct Folder {
    root: PathBuf,
}

impl Folder {
    /// The layout at this place. Touches nothing.
    #[must_use]
    pub fn at(root: &Path) -> Self {
        Self { root: root.to_owned() }
    }

    /// The folder itself.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The settings file.
    #[must_use]
    pub fn settings(&self) -> PathBuf {
        self.root.join("sekisho.toml")
    }

    /// Where the journals lie.
    #[must_use]
    pub fn data(&self) -> PathBuf {
        self.root.join("data")
    }

    /// Where keys and certificates lie.
    #[must_use]
    pub fn keys(&self) -> PathBuf {
        self.root.join("keys")
    }

    /// Where a demo, and nobody else, keeps the passphrase of the authority's keys.
    #[must_use]
    pub fn demo_passphrase(&self) -> PathBuf {
        self.key("demo-passphrase.txt")
    }

    /// A file among the keys.
    #[must_use]
    pub fn key(&self, name: &str) -> PathBuf {
        self.keys().join(name)
    }
}

/// Makes a folder that only we can enter. Parents must exist.
///
/// # Errors
/// It is there already, or cannot be made.
pub fn make(path: &Path) -> Result<(), Error> {
    match std::fs::DirBuilder::new().mode(0o700).create(path) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Err(Error::Exists(path.to_owned())),
        other => other.map_err(Error::file("making", path)),
    }
}

/// Writes a new file that only we can read. When this returns the file is whole and survives a power cut.
///
/// # Errors
/// It is there already, or cannot be written; then nothing is left of it.
pub fn write_new(path: &Path, content: &[u8]) -> Result<(), Error> {
    let mut file = NewFile::create(path)?;
    file.write(content)?;
    file.keep();
    Ok(())
}

/// A new file that only we can read, empty at first: whether there may be one is known before anything goes in. Dropped
/// without [`NewFile::keep`], it is removed.
#[derive(Debug)]
pub struct NewFile {
    file: File,
    path: PathBuf,
    kept: bool,
}

impl NewFile {
    /// Makes it.
    ///
    /// # Errors
    /// It is there already, or cannot be made.
    pub fn create(path: &Path) -> Result<Self, Error> {
        match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
            Ok(file) => Ok(Self { file, path: path.to_owned(), kept: false }),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Err(Error::Exists(path.to_owned())),
            Err(error) => Err(Error::file("writing", path)(error)),
        }
    }

    /// Fills it. When this returns the file is whole and survives a power cut.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn write(&mut self, content: &[u8]) -> Result<(), Error> {
        let written = self.file.write_all(content).and_then(|()| self.file.sync_all());
        written.map_err(Error::file("writing", &self.path))?;
        sync_folder_of(&self.path)
    }

    /// Adds to it. When this returns what was added survives a power cut, whatever becomes of us.
    ///
    /// # Errors
    /// It cannot be written; then it is as long as before, unless that fails too.
    pub(crate) fn append(&mut self, content: &[u8]) -> Result<Added, Error> {
        let before = self.file.metadata().map_err(Error::file("reading", &self.path))?.len();
        if let Err(error) = self.write(content) {
            self.cut_back(&Added(before))?;
            return Err(error);
        }
        Ok(Added(before))
    }

    /// Takes away what was added last.
    ///
    /// # Errors
    /// It cannot be written.
    pub(crate) fn cut_back(&mut self, added: &Added) -> Result<(), Error> {
        let cut = self.file.set_len(added.0).and_then(|()| self.file.seek(SeekFrom::End(0)));
        cut.and_then(|_| self.file.sync_all()).map_err(Error::file("writing", &self.path))
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// It stays from here on, whatever fails behind this.
    pub(crate) fn stays(&mut self) {
        self.kept = true;
    }

    /// It stays.
    pub fn keep(mut self) {
        self.kept = true;
    }
}

/// What was added to a file last: its length before.
#[derive(Debug)]
pub(crate) struct Added(u64);

impl Drop for NewFile {
    fn drop(&mut self) {
        if !self.kept {
            // What cannot be removed is found by whoever looks there; the error that led here is the one to tell.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

/// Puts a file that only we can read in the place of another, in one step: whoever reads finds the one or the other,
/// whole, also after a power cut. For one writer at a time: see [`lock`].
///
/// # Errors
/// It cannot be written; the old file is there as before.
pub fn replace(path: &Path, content: &[u8]) -> Result<(), Error> {
    let beside = path.with_added_extension("new");
    // Left by a crash: never read by anybody.
    match std::fs::remove_file(&beside) {
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        other => other.map_err(Error::file("removing", &beside))?,
    }
    write_new(&beside, content)?;
    std::fs::rename(&beside, path).map_err(Error::file("replacing", path))?;
    sync_folder_of(path)
}

/// Holds a file for us alone, until what is returned is dropped; a crash lets go too. Made if it is not there.
///
/// # Errors
/// Somebody holds it, or it cannot be opened.
pub fn lock(path: &Path) -> Result<File, Error> {
    let file =
        OpenOptions::new().append(true).create(true).mode(0o600).open(path).map_err(Error::file("opening", path))?;
    held(file, path)
}

/// The same for a folder, whose files are swapped and so cannot be held themselves.
///
/// # Errors
/// As [`lock`]; or it is not there.
pub fn lock_folder(path: &Path) -> Result<File, Error> {
    held(File::open(path).map_err(Error::file("opening", path))?, path)
}

fn held(file: File, path: &Path) -> Result<File, Error> {
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Error::Held(path.to_owned())),
        Err(TryLockError::Error(source)) => Err(Error::file("locking", path)(source)),
    }
}

/// Adds a line to a file that only we can read, and makes it durable.
///
/// # Errors
/// It cannot be written.
pub fn add_line(path: &Path, line: &str) -> Result<(), Error> {
    let mut file =
        OpenOptions::new().append(true).create(true).mode(0o600).open(path).map_err(Error::file("writing", path))?;
    let written = writeln!(file, "{line}").and_then(|()| file.sync_all());
    written.map_err(Error::file("writing", path))?;
    sync_folder_of(path)
}

/// A name is durable only once its folder is.
fn sync_folder_of(path: &Path) -> Result<(), Error> {
    let folder = match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(Error::file("writing", folder))
}

/// Reads a file that may be public: a certificate.
///
/// # Errors
/// Not there, not readable, or too large to be one.
pub fn read(path: &Path) -> Result<Vec<u8>, Error> {
    let file = File::open(path).map_err(Error::file("reading", path))?;
    let mut content = Vec::new();
    read_bounded(file, &mut content, path)?;
    Ok(content)
}

/// Reads a file of so many octets at most: one that is longer is cut behind the first octet too many.
///
/// # Errors
/// Not there, or not readable.
pub(crate) fn read_up_to(path: &Path, octets_max: usize) -> Result<Vec<u8>, Error> {
    let file = File::open(path).map_err(Error::file("reading", path))?;
    let mut content = Vec::new();
    file.take(octets_max as u64 + 1).read_to_end(&mut content).map_err(Error::file("reading", path))?;
    Ok(content)
}

/// Reads a secret, if nobody but its owner can.
///
/// # Errors
/// [`Error::Open`]; or as [`read`].
pub fn read_secret(path: &Path) -> Result<Zeroizing<Vec<u8>>, Error> {
    let file = File::open(path).map_err(Error::file("reading", path))?;
    // The opened file is asked, not the name: the name may lead elsewhere by now.
    let mode = file.metadata().map_err(Error::file("reading", path))?.mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(Error::Open { path: path.to_owned(), mode });
    }
    // Grown in steps, a buffer would leave copies of the secret behind.
    let mut content = Zeroizing::new(Vec::with_capacity(8 * 1024));
    read_bounded(file, &mut content, path)?;
    Ok(content)
}

fn read_bounded(file: File, content: &mut Vec<u8>, path: &Path) -> Result<(), Error> {
    let read = file.take(FILE_BYTES_MAX.saturating_add(1)).read_to_end(content);
    read.map_err(Error::file("reading", path))?;
    if content.len() as u64 > FILE_BYTES_MAX {
        return Err(Error::NotA { path: path.to_owned(), what: "key or certificate: it is too large" });
    }
    Ok(())
}

/// Whether others may enter a folder: its permission bits, if they are too wide.
///
/// # Errors
/// [`Error::Open`], or it is not there.
pub fn check_folder(path: &Path) -> Result<(), Error> {
    let metadata = std::fs::metadata(path).map_err(Error::file("reading", path))?;
    let mode = metadata.mode() & 0o777;
    if !metadata.is_dir() {
        return Err(Error::usage(format_args!("`{}` is no folder", path.display())));
    }
    if mode & 0o077 == 0 { Ok(()) } else { Err(Error::Open { path: path.to_owned(), mode }) }
}
