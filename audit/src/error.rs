//! What can go wrong with the audit log.

use std::sync::Arc;

use journal::{JournalError, Position};

/// What can go wrong with the audit log. Every one of them means for a request: refused.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AuditError {
    /// An entry breaks a bound that must not be met by cutting.
    #[error("an audit entry has {count} {what}; at most {max} are kept")]
    TooMuch {
        /// Persons, records, bytes of facts.
        what: &'static str,
        /// How many.
        count: usize,
        /// The bound.
        max: usize,
    },
    /// An entry without an id of its own: the system gave no random octets.
    #[error("an audit entry has no id")]
    NoId,
    /// A line in the journal is none of ours: another version, or not canonical.
    #[error("the audit entry at position {position} cannot be read: {why}")]
    Unreadable {
        /// Where.
        position: Position,
        /// Why.
        why: String,
    },
    /// The journal underneath.
    #[error("the audit journal failed")]
    Journal(#[source] Arc<JournalError>),
    /// The index's thread could not be started.
    #[error("a thread of the audit log could not be started")]
    Thread(#[source] Arc<std::io::Error>),
}

impl From<Arc<JournalError>> for AuditError {
    fn from(error: Arc<JournalError>) -> Self {
        Self::Journal(error)
    }
}

impl From<JournalError> for AuditError {
    fn from(error: JournalError) -> Self {
        Self::Journal(Arc::new(error))
    }
}
