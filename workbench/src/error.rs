//! Why something at the bench cannot be done. That rules are found wrong is no error: it is a result.

use std::path::PathBuf;

/// Why something at the bench cannot be done.
#[derive(Debug, thiserror::Error)]
pub enum BenchError {
    /// A file or folder that cannot be read.
    #[error("`{}` cannot be read", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A folder in which something is missing.
    #[error("`{}` holds no {what}", path.display())]
    Missing {
        /// Which.
        path: PathBuf,
        /// What was expected.
        what: &'static str,
    },
    /// Rules that may not be used.
    #[error("`{whose}` cannot be used as rules")]
    Rules {
        /// Which set.
        whose: String,
        /// Why.
        #[source]
        source: policy::PolicyError,
    },
    /// A case that cannot be read.
    #[error("{file}:{line}: {what}")]
    Case {
        /// In which file.
        file: String,
        /// In which line, from 1.
        line: usize,
        /// Why.
        what: String,
    },
    /// Fences that cannot be used.
    #[error("`{fence}` {what}")]
    Fence {
        /// Its `@id`, or its number in the file.
        fence: String,
        /// Why.
        what: String,
    },
    /// The solver cannot be started, or fails.
    #[error(
        "the solver `{program}` gives no answer; a cvc5 of version 1.3.1 is needed, named by --solver or by CVC5: {what}"
    )]
    Solver {
        /// The program.
        program: String,
        /// Why.
        what: String,
    },
    /// The question cannot be put to a solver.
    #[error("the rules cannot be put to a solver: {0}")]
    Symbolic(String),
}
