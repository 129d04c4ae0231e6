//! Identifiers. Each kind is its own type, so that a device is never looked up among the users.
//!
//! One grammar for all of them: 1 to 64 characters of `A-Z a-z 0-9 -`, which is FHIR R4's `id` without the dot
//! (<https://hl7.org/fhir/R4/datatypes.html#id>): safe in paths, file names, logs and headers without escaping.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// Longest identifier, in characters (FHIR R4 `id`).
pub const ID_LENGTH_MAX: usize = 64;

/// Why a text is no identifier.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// Nothing was given.
    #[error("an identifier is empty")]
    Empty,
    /// Longer than [`ID_LENGTH_MAX`].
    #[error("an identifier has more than 64 characters")]
    TooLong,
    /// A character outside the grammar.
    #[error("`{0}` is not allowed in an identifier; letters, digits and - are")]
    Character(char),
}

/// Checks the grammar shared by all identifiers.
///
/// # Errors
/// The text is empty, too long or holds another character.
pub fn check(text: &str) -> Result<(), IdError> {
    if text.is_empty() {
        return Err(IdError::Empty);
    }
    if let Some(character) = text.chars().find(|c| !(c.is_ascii_alphanumeric() || *c == '-')) {
        return Err(IdError::Character(character));
    }
    if text.len() > ID_LENGTH_MAX {
        return Err(IdError::TooLong);
    }
    Ok(())
}

macro_rules! ids {
    ($($(#[$meta:meta])* $name:ident),+ $(,)?) => { $(
        $(#[$meta])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Checks the grammar and wraps.
            ///
            /// # Errors
            /// See [`IdError`].
            pub fn new(text: &str) -> Result<Self, IdError> {
                check(text)?;
                Ok(Self(Arc::from(text)))
            }

            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str { &self.0 }
        }

        impl FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, IdError> { Self::new(text) }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { f.write_str(&self.0) }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { write!(f, "{}({})", stringify!($name), self.0) }
        }
        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str { &self.0 }
        }
        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str { &self.0 }
        }
    )+ };
}

ids! {
    /// A facility (利用施設, regulation art. 6).
    FacilityId,
    /// The user as a human being (利用者, art. 7). Stays for life, whatever user IDs come and go (art. 10-6).
    UserKey,
    /// A user ID the city granted (ユーザーID, art. 10): one facility, one profession, one credential.
    UserId,
    /// A loaned terminal (貸与端末, art. 37-38).
    DeviceId,
    /// A supported person (支援対象者, art. 3). Equal to the id of the FHIR Patient in the care-record store.
    PersonId,
    /// One signed-in session.
    SessionId,
}
