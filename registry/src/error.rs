//! What can go wrong with the registry itself. A refused command is an answer, and one of them.

use std::sync::Arc;

use journal::{JournalError, Position};

use crate::apply::Misfit;
use crate::credential::VaultError;
use crate::form::FormError;
use crate::password::PasswordFault;
use crate::refused::{Refused, Why};
use crate::state::Generation;

/// What can go wrong.
#[derive(Clone, Debug, thiserror::Error)]
pub enum RegistryError {
    /// The command was refused.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// The journal cannot be read or written. Nothing has happened.
    #[error("the registry's journal failed while {doing}")]
    Journal {
        /// What was being done.
        doing: &'static str,
        /// The cause.
        source: Arc<JournalError>,
    },
    /// Whether the command holds is not known: the connection broke while it was being committed.
    #[error("whether the command was recorded is not known; look before giving it again")]
    Unsure(#[source] Arc<JournalError>),
    /// An entry cannot be understood. Nothing behind it is, so nothing is served on it (promise P1).
    #[error("the registry's journal cannot be followed beyond {}", .0.before)]
    Entry(#[source] BadEntry),
    /// Other processes were first, again and again.
    #[error("too many others are changing the registry; try again")]
    Crowded,
    /// The command comes to more changes than one entry takes.
    #[error("the command comes to {changes} changes, more than one entry takes")]
    TooLarge {
        /// How many.
        changes: usize,
    },
    /// A state was asked for that has not been reached.
    #[error("generation {0} has not been reached")]
    NotReached(Generation),
    /// A serial number was asked for, and there can be no further one.
    #[error("there is no further serial number")]
    NotNumbered,
    /// Credentials cannot be made or opened.
    #[error("the vault of credentials failed")]
    Vault(#[from] VaultError),
    /// A thread could not be started.
    #[error("the registry cannot start its follower")]
    Thread(#[source] Arc<std::io::Error>),
}

/// An entry that cannot be understood.
#[derive(Clone, Debug, thiserror::Error)]
#[error("entry {} cannot be understood", .position)]
pub struct BadEntry {
    /// Which.
    pub position: Position,
    /// The last one that was.
    pub before: Generation,
    /// Why.
    #[source]
    pub why: BadEntryWhy,
}

/// Why an entry cannot be understood.
#[derive(Clone, Debug, thiserror::Error)]
pub enum BadEntryWhy {
    /// It is not in the form; a newer version may have written it.
    #[error("it is not in the form")]
    Form(#[source] FormError),
    /// It does not fit the state.
    #[error("it does not fit the state")]
    Misfit(#[source] Misfit),
}

impl RegistryError {
    pub(crate) fn journal(doing: &'static str, error: impl Into<Arc<JournalError>>) -> Self {
        Self::Journal { doing, source: error.into() }
    }

    /// The refusal, if it is one.
    #[must_use]
    pub const fn refused(&self) -> Option<&Refused> {
        match self {
            Self::Refused(refused) => Some(refused),
            _ => None,
        }
    }

    /// What is wrong with the passwords of a `change-password`, if that is it.
    #[must_use]
    pub fn password(&self) -> Option<PasswordFault> {
        match self.refused()?.why {
            Why::Password(fault) => Some(fault),
            _ => None,
        }
    }
}
