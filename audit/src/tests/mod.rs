//! Tests of the audit log.

mod facts;
mod keeping;
mod lines;
mod searching;

use journal::{Journal, Place};
use model::{Action, Category, SerialNumber, Timestamp};
use tempfile::TempDir;

use crate::{Audit, Ended, Entry, EntryId, Outcome, Release, Verdict};

/// An audit log in a folder of its own.
pub(crate) fn open(folder: &TempDir) -> Audit {
    Audit::open(journal_in(folder)).unwrap()
}

pub(crate) fn journal_in(folder: &TempDir) -> Journal {
    Journal::open(&Place::Sqlite { file: folder.path().join("audit.db") }).unwrap()
}

/// A nurse reads an observation; `number` makes it unlike the others.
pub(crate) fn entry(number: u8) -> Entry {
    Entry {
        id: EntryId::new([number + 1; 16]),
        at: Timestamp::from_millis(1_790_000_000_000 + i64::from(number)),
        user_id: "nurse-1".parse().unwrap(),
        user: "hanako".parse().unwrap(),
        device: "tablet-1".parse().unwrap(),
        serial: SerialNumber::from_octets(&[1, 2, 3]).unwrap(),
        facility: "station-1".parse().unwrap(),
        persons: vec!["person-1".parse().unwrap()],
        records: vec!["Observation/o-1".to_owned()],
        action: Some(Action::Read),
        category: Some(Category::Observation),
        verdict: Verdict::Permitted,
        reason: String::new(),
        cause: String::new(),
        rules: "P01-team-reads".to_owned(),
        articles: "18".to_owned(),
        policy_version: "0123456789ab".to_owned(),
        generation: 7,
        facts: "{}".to_owned().into(),
        disaster: false,
        break_glass: false,
        source: "192.0.2.1".to_owned(),
        method: "GET".to_owned(),
        target: "/fhir/Observation/o-1".to_owned(),
    }
}

pub(crate) fn outcome(of: &Entry) -> Outcome {
    Outcome {
        id: of.id.clone(),
        at: of.at.plus_millis(20),
        status: 200,
        bytes: 1234,
        ended: Ended::Completed,
        cause: String::new(),
    }
}

pub(crate) fn release(of: &Entry, records: &[&str]) -> Release {
    Release {
        id: of.id.clone(),
        at: of.at.plus_millis(10),
        generation: 8,
        records: records.iter().map(ToString::to_string).collect(),
    }
}
