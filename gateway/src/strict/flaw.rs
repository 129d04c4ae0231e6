//! What is wrong with a message, before anything looks at what it asks for.

use crate::bounds::UPLOAD_BYTES_MAX;
use crate::refusal::{MessageProblem, Refusal};

/// See the module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// It can be read in no way, or in more than one. Holds the cause in one phrase.
    Unreadable(&'static str),
    /// A method that is known and served nowhere here (CONNECT, TRACE).
    NotServed,
    /// Its length is more than any body may have.
    BodyTooLarge,
    /// Something that has a status of its own.
    Of(MessageProblem),
}

/// What a reader says that goes no further.
pub(super) const fn unreadable<T>(why: &'static str) -> Result<T, Flaw> {
    Err(Flaw::Unreadable(why))
}

impl From<Flaw> for Refusal {
    fn from(flaw: Flaw) -> Self {
        match flaw {
            Flaw::Unreadable(why) => Self::Unreadable(why.into()),
            Flaw::NotServed => Self::MethodNotAllowed("GET, HEAD, POST, PUT, PATCH, DELETE"),
            Flaw::BodyTooLarge => Self::BodyTooLarge(usize::try_from(UPLOAD_BYTES_MAX).unwrap_or(usize::MAX)),
            Flaw::Of(problem) => Self::Message(problem),
        }
    }
}
