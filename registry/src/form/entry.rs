//! The form of a journal entry: one command, who gave it and when, and what it came to.
//!
//! `{"v":1,"at":"2026-11-23T05:05:00.250Z","by":"city-clerk:Sato","command":"approve-facility","changes":[…]}`

use model::{Author, Timestamp};
use serde_json::{Map, Value};

use super::{Fields, FormError, put};
use crate::change::Change;
use crate::kind::CommandKind;

/// Version of the form. A reader refuses any other.
const VERSION: u64 = 1;

/// One command in the journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) at: Timestamp,
    pub(crate) by: Author,
    pub(crate) command: CommandKind,
    pub(crate) changes: Vec<Change>,
}

/// Writes an entry.
pub(crate) fn write_entry(entry: &Entry) -> Vec<u8> {
    let Entry { at, by, command, changes } = entry;
    let mut map = Map::new();
    put(&mut map, "v", &VERSION);
    put(&mut map, "at", at);
    put(&mut map, "by", by);
    put(&mut map, "command", command);
    put(&mut map, "changes", changes);
    Value::Object(map).to_string().into_bytes()
}

/// Reads an entry, whole.
///
/// # Errors
/// Anything about it is not in the form.
pub(crate) fn read_entry(body: &[u8]) -> Result<Entry, FormError> {
    let value: Value = serde_json::from_slice(body).map_err(|error| FormError::new(error.to_string()))?;
    let mut fields = Fields::of(&value)?;
    let version: u64 = fields.take("v")?;
    if version != VERSION {
        return Err(FormError::new(format!("version {version} is not known here")));
    }
    let entry = Entry {
        at: fields.take("at")?,
        by: fields.take("by")?,
        command: fields.take("command")?,
        changes: fields.take("changes")?,
    };
    fields.finish()?;
    Ok(entry)
}
