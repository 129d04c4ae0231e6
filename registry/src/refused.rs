//! Why a command was not carried out: an answer to whoever gave it, with the article it rests on.

use model::{Article, Cause, Office};

use crate::apply::Misfit;
use crate::password::PasswordFault;

/// A command that was refused. Nothing has changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{command}: {why} (art. {article})")]
pub struct Refused {
    /// The command, as [`crate::CommandKind`] writes it.
    pub command: &'static str,
    /// What is wrong.
    pub why: Why,
    /// On which article the refusal rests.
    pub article: Article,
}

/// What is wrong with a command.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Why {
    /// It does not fit the state: what it names is not there or exists already, or the lifecycle does not allow it.
    #[error(transparent)]
    State(#[from] Misfit),
    /// Nobody in this office may do it.
    #[error("`{given}` may not do this; {allowed} may")]
    Office {
        /// Who tried.
        given: Office,
        /// Who may.
        allowed: String,
    },
    /// Nobody in this office may revoke for this cause.
    #[error("`{given}` may not revoke as `{because}`; {} may", if allowed.is_empty() { "nobody" } else { allowed.as_str() })]
    Cause {
        /// Who tried.
        given: Office,
        /// For which cause.
        because: Cause,
        /// Who may.
        allowed: String,
    },
    /// The office may do it, but not to this.
    #[error("`{author}` may not do this to {whose}")]
    NotTheirs {
        /// Who tried.
        author: String,
        /// To what.
        whose: String,
    },
    /// A text is empty, too long or holds control characters.
    #[error("{field} must have {min} to {max} characters and no control characters")]
    Text {
        /// Which.
        field: &'static str,
        /// Fewest characters.
        min: usize,
        /// Most characters.
        max: usize,
    },
    /// Points in time that make no sense together.
    #[error("{0}")]
    Time(&'static str),
    /// The password will not do.
    #[error(transparent)]
    Password(#[from] PasswordFault),
    /// The code of a terminal is wrong, used, over, or of another terminal or kind. Which, is nobody's business.
    #[error("the code cannot be used")]
    Code,
    /// The terminal must make another key.
    #[error("{0}; the terminal must make a new one")]
    Key(&'static str),
    /// Something else that the regulation asks for is not there.
    #[error("{0}")]
    Condition(String),
    /// A bound is reached.
    #[error("there are {max} {what} already")]
    Full {
        /// Of what.
        what: &'static str,
        /// The bound.
        max: usize,
    },
}
