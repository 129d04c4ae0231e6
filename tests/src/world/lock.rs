//! Another process that holds a SQLite database: whoever writes waits, and after a while fails.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// Held until it is dropped.
pub(crate) struct Lock(Child);

impl Lock {
    pub(crate) fn of(database: &Path) -> Self {
        let mut command = Command::new("sqlite3");
        let child = command.arg(database).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
        let mut child = child.expect("sqlite3 holds the lock");
        // The answer to the second statement says that the first was carried out.
        child.stdin.as_mut().unwrap().write_all(b".timeout 5000\nBEGIN EXCLUSIVE;\nSELECT 'held';\n").unwrap();
        let mut said = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut said).unwrap();
        assert_eq!(said.trim(), "held");
        Self(child)
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
