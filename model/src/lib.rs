//! The nouns: ids, professions, actions, articles, lifecycles. No I/O, no clock, no async.
//!
//! One English word for each word of the regulation (`docs/glossary.md`). Everything here is a plain value; what is
//! serialised is converted by hand at the edge that serialises it, with the `as_str` / `parse` pairs of these types.

pub mod action;
pub mod article;
pub mod assurance;
pub mod hexadecimal;
pub mod id;
pub mod lifecycle;
pub mod people;
pub mod record;
pub mod revocation;
pub mod serial;
pub mod suspension;
pub mod time;

pub use action::{Action, Authorship, Category};
pub use article::Article;
pub use assurance::Assurance;
pub use hexadecimal::hexadecimal;
pub use id::{DeviceId, FacilityId, IdError, PersonId, SessionId, UserId, UserKey};
pub use people::{Author, DutyKind, Office, Profession, TeamRole};
pub use record::{RecordName, RecordNameError};
pub use revocation::Cause;
pub use serial::{NumberedParts, ReasonCode, SerialDraw, SerialNumber};
pub use suspension::Target;
pub use time::Timestamp;

/// A word that is not in its list.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown {kind} `{given}`; one of: {allowed}")]
pub struct UnknownWord {
    /// What kind of word was expected, in lower case (`profession`).
    pub kind: &'static str,
    /// What was given.
    pub given: String,
    /// The list, comma separated.
    pub allowed: String,
}

/// Defines an enumeration with its one text form: `ALL`, `as_str`, `parse`, `Display`.
#[macro_export]
macro_rules! words {
    ($(#[$meta:meta])* $vis:vis enum $name:ident ($kind:literal) { $($(#[$vmeta:meta])* $variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        $vis enum $name { $($(#[$vmeta])* $variant),+ }

        impl $name {
            /// Every value, in the order of the source text.
            pub const ALL: &'static [$name] = &[$($name::$variant),+];

            /// The one text form, used in journals, settings and commands.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $($name::$variant => $text),+ }
            }

            /// Reads the text form.
            ///
            /// # Errors
            /// The word is not in the list.
            pub fn parse(text: &str) -> Result<Self, $crate::UnknownWord> {
                match text {
                    $($text => Ok($name::$variant),)+
                    other => Err($crate::UnknownWord {
                        kind: $kind,
                        given: other.chars().take(64).collect(),
                        allowed: [$($text),+].join(", "),
                    }),
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { f.write_str(self.as_str()) }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::UnknownWord;
            fn from_str(text: &str) -> Result<Self, Self::Err> { Self::parse(text) }
        }
    };
}

#[cfg(test)]
mod tests;
