//! One record by name, as orders and the audit name it: `Observation/o-1`.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// Longest part of a name, in characters (FHIR R4 `id`).
const PART_LENGTH_MAX: usize = 64;

/// A record's kind and id, `Observation/o-1`: two parts of 1 to 64 characters of `A-Z a-z 0-9 - .`, which is FHIR R4's `id`
/// (<https://hl7.org/fhir/R4/datatypes.html#id>). A part of dots alone would be read as a path, and is none.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RecordName(Arc<str>);

/// A text names no record.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` names no record; expected such as Observation/o-1")]
pub struct RecordNameError(String);

impl RecordName {
    /// Reads `Observation/o-1`.
    ///
    /// # Errors
    /// Not two parts of the grammar.
    pub fn new(text: &str) -> Result<Self, RecordNameError> {
        let part = |part: &str| {
            (1..=PART_LENGTH_MAX).contains(&part.len())
                && part.bytes().all(|octet| octet.is_ascii_alphanumeric() || octet == b'-' || octet == b'.')
                && part.bytes().any(|octet| octet != b'.')
        };
        match text.split_once('/') {
            Some((kind, id)) if part(kind) && part(id) => Ok(Self(Arc::from(text))),
            _ => Err(RecordNameError(text.chars().filter(|c| !c.is_control()).take(140).collect())),
        }
    }

    /// The kind and the id, on either side of the slash.
    #[must_use]
    pub fn parts(&self) -> (&str, &str) {
        // There is a slash in every name.
        self.0.split_once('/').unwrap_or((&self.0, ""))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for RecordName {
    type Err = RecordNameError;
    fn from_str(text: &str) -> Result<Self, RecordNameError> {
        Self::new(text)
    }
}

impl fmt::Display for RecordName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for RecordName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RecordName({})", self.0)
    }
}
