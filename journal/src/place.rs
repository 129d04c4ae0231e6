//! Where a journal lives.

use std::fmt;
use std::path::PathBuf;

use crate::JournalError;

/// Longest name of a PostgreSQL journal: leaves room for the suffixes within PostgreSQL's 63 bytes of a table name.
const NAME_LENGTH_MAX: usize = 40;

/// Where a journal lives.
#[derive(Clone, PartialEq, Eq)]
pub enum Place {
    /// A file of its own (and `-wal`, `-shm` beside it). The folder must exist, on a local disk.
    Sqlite {
        /// The file.
        file: PathBuf,
    },
    /// Tables of its own in a PostgreSQL database.
    Postgres {
        /// Connection string or URL. The connection is not encrypted by us: a Unix socket or a network of one's own.
        url: String,
        /// Prefix of the tables, name of the notices: 1 to 40 of `a-z _`, a letter first.
        name: String,
    },
}

impl Place {
    /// Refuses a name that is none. The name becomes part of SQL, so nothing else may ever pass.
    pub(crate) fn check(&self) -> Result<(), JournalError> {
        let Self::Postgres { name, .. } = self else { return Ok(()) };
        let letters = name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
        if letters && name.starts_with(|c: char| c.is_ascii_lowercase()) && name.len() <= NAME_LENGTH_MAX {
            return Ok(());
        }
        let given: String = name.chars().take(64).collect();
        Err(JournalError::NotAJournal {
            place: "PostgreSQL".to_owned(),
            why: format!("`{given}` is no name; 1 to {NAME_LENGTH_MAX} of a-z and _, a letter first, are"),
        })
    }
}

impl fmt::Display for Place {
    /// For messages. A connection string may hold a password, so it is never shown.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite { file } => write!(f, "`{}`", file.display()),
            Self::Postgres { name, .. } => write!(f, "PostgreSQL tables `{name}`"),
        }
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
