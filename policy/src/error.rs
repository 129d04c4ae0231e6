//! Why a set of rules is not taken into use. Nothing here happens while deciding: there every fault is a denial.

use cedar_policy::{CedarSchemaError, ParseErrors, PolicySetError};

use crate::lint::Finding;

/// Why a set of rules is not taken into use.
#[derive(Debug, thiserror::Error)]
pub enum PolicyError {
    /// The schema cannot be read.
    #[error("the schema cannot be read")]
    Schema(#[source] Box<CedarSchemaError>),
    /// The schema's words are not those of the house.
    #[error("the schema's words differ from ours: {0}")]
    Words(String),
    /// The schema has other kinds of request, entities or contexts than the house's: here.
    #[error("the schema is not the house's: it differs in `{0}`")]
    OtherSchema(String),
    /// The schema cannot serve the facts we have.
    #[error("the schema does not fit the facts: {0}")]
    Misfit(String),
    /// A file of rules cannot be read.
    #[error("`{place}` cannot be read as rules")]
    Parse {
        /// The file, as named by the caller, and the line.
        place: String,
        /// Why.
        #[source]
        source: Box<ParseErrors>,
    },
    /// Rules that could be read but are not allowed here.
    #[error("the rules are not in order: {}", list(.0))]
    Lint(Vec<Finding>),
    /// The rules do not make one set.
    #[error("the rules do not make one set")]
    Set(#[source] Box<PolicySetError>),
}

fn list(findings: &[Finding]) -> String {
    findings.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}
