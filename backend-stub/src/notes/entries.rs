//! Where the entries of `/notes` lie: tables of their own beside the records, unknown to FHIR.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use serde::{Deserialize, Serialize};

use crate::fhir::date::{instant, span};

/// Its tables.
pub(crate) const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS entry (
  number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, person TEXT NOT NULL, author TEXT NOT NULL,
  at INTEGER NOT NULL, text TEXT NOT NULL, version INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS entry_person ON entry (person, at);
CREATE TABLE IF NOT EXISTS attachment (id TEXT PRIMARY KEY, entry TEXT NOT NULL, media_type TEXT NOT NULL, data BLOB NOT NULL);
";
/// The small set in the tree; made by `data/generate.py`.
const BUILT_IN: &str = include_str!("../../data/notes.ndjson");
/// Entries of a list at most.
const LIST_MAX: i64 = 1_000;

/// An entry, as it is answered in JSON.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Entry {
    pub(super) id: String,
    pub(super) person: String,
    /// User key of whoever wrote it.
    pub(super) author: String,
    /// RFC 3339.
    pub(super) written_at: String,
    pub(super) text: String,
    #[serde(skip)]
    pub(super) version: i64,
}

/// A file beside an entry.
pub(super) struct Attachment {
    pub(super) entry: String,
    pub(super) person: String,
    /// Of the entry that it stands beside: whose it is changes with that.
    pub(super) version: i64,
    pub(super) media_type: String,
    pub(super) data: Vec<u8>,
}

/// What a list shows: entries of a person, or of all; from and until in milliseconds since 1970; with these words in it.
#[derive(Debug, Default)]
pub(super) struct Wanted<'a> {
    pub(super) person: Option<&'a str>,
    pub(super) from: Option<i64>,
    pub(super) until: Option<i64>,
    pub(super) words: &'a str,
}

const COLUMNS: &str = "SELECT id, person, author, at, text, version FROM entry";

fn entry_of(row: &Row<'_>) -> rusqlite::Result<Entry> {
    Ok(Entry {
        id: row.get(0)?,
        person: row.get(1)?,
        author: row.get(2)?,
        written_at: instant(row.get(3)?),
        text: row.get(4)?,
        version: row.get(5)?,
    })
}

/// Entries, oldest first.
pub(super) fn list(db: &Connection, wanted: &Wanted<'_>) -> rusqlite::Result<Vec<Entry>> {
    db.prepare_cached(&format!(
        "{COLUMNS} WHERE (?1 IS NULL OR person = ?1) AND (?2 IS NULL OR at >= ?2) AND (?3 IS NULL OR at < ?3)
           AND instr(text, ?4) > 0 ORDER BY at, number LIMIT {LIST_MAX}"
    ))?
    .query_map(params![wanted.person, wanted.from, wanted.until, wanted.words], entry_of)?
    .collect()
}

/// One entry.
pub(super) fn one(db: &Connection, id: &str) -> rusqlite::Result<Option<Entry>> {
    db.prepare_cached(&format!("{COLUMNS} WHERE id = ?"))?.query_row([id], entry_of).optional()
}

/// Writes a new one; its id.
pub(super) fn add(db: &Connection, person: &str, author: &str, at: i64, text: &str) -> rusqlite::Result<String> {
    let id = format!("e-{:08}", crate::store::next_number(db, "entry of notes")?);
    insert(db, &id, person, author, at, text)?;
    Ok(id)
}

fn insert(db: &Connection, id: &str, person: &str, author: &str, at: i64, text: &str) -> rusqlite::Result<()> {
    db.prepare_cached("INSERT INTO entry (id, person, author, at, text, version) VALUES (?, ?, ?, ?, ?, 1)")?
        .execute(params![id, person, author, at, text])?;
    Ok(())
}

/// Changes one; false if it is not there.
pub(super) fn change(db: &Connection, id: &str, person: &str, text: &str) -> rusqlite::Result<bool> {
    let sql = "UPDATE entry SET person = ?, text = ?, version = version + 1 WHERE id = ?";
    Ok(db.prepare_cached(sql)?.execute([person, text, id])? > 0)
}

/// Takes one away, with what is attached to it; false if it is not there.
pub(super) fn remove(db: &Connection, id: &str) -> rusqlite::Result<bool> {
    db.execute("DELETE FROM attachment WHERE entry = ?", [id])?;
    Ok(db.execute("DELETE FROM entry WHERE id = ?", [id])? > 0)
}

/// A file, and whose it is.
pub(super) fn attachment(db: &Connection, id: &str) -> rusqlite::Result<Option<Attachment>> {
    db.prepare_cached(
        "SELECT a.entry, e.person, a.media_type, a.data, e.version FROM attachment a JOIN entry e ON e.id = a.entry WHERE a.id = ?",
    )?
    .query_row([id], |row| {
        Ok(Attachment {
            entry: row.get(0)?,
            person: row.get(1)?,
            media_type: row.get(2)?,
            data: row.get(3)?,
            version: row.get(4)?,
        })
    })
    .optional()
}

/// Ids of the files beside an entry.
pub(super) fn attachments(db: &Connection, entry: &str) -> rusqlite::Result<Vec<String>> {
    db.prepare_cached("SELECT id FROM attachment WHERE entry = ? ORDER BY id")?
        .query_map([entry], |row| row.get(0))?
        .collect()
}

/// A line of the seed.
#[derive(Deserialize)]
#[serde(untagged)]
enum Line {
    Entry { entry: String, person: String, author: String, text: String, written_at: String },
    Attachment { attachment: String, of: String, media_type: String, data: String },
}

/// Fills an empty store with the built-in set, in one transaction of the caller's. An error tells the line.
pub(crate) fn fill(db: &Connection) -> Result<(), (usize, String)> {
    for (number, line) in (1..).zip(BUILT_IN.lines()) {
        let failed = |why: &dyn std::fmt::Display| (number, why.to_string());
        match serde_json::from_str(line).map_err(|error| failed(&error))? {
            Line::Entry { entry, person, author, text, written_at } => {
                let at = span(&written_at).ok_or_else(|| failed(&"no time"))?.from;
                insert(db, &entry, &person, &author, at, &text).map_err(|error| failed(&error))?;
            }
            Line::Attachment { attachment, of, media_type, data } => {
                let data = STANDARD.decode(data).map_err(|error| failed(&error))?;
                let sql = "INSERT INTO attachment (id, entry, media_type, data) VALUES (?, ?, ?, ?)";
                db.execute(sql, params![attachment, of, media_type, data]).map_err(|error| failed(&error))?;
            }
        }
    }
    Ok(())
}
