//! The solver: a cvc5 beside us that is asked whether any request and any facts at all do something (crate
//! `cedar-policy-symcc` makes the question).
//!
//! Questions are put in turn, from one thread, with a runtime of their own: nothing here is for a server.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use cedar_policy::{Policy, PolicySet, RequestEnv, Schema};
use cedar_policy_symcc::solver::LocalSolver;
use cedar_policy_symcc::{CedarSymCompiler, CompiledPolicy, CompiledPolicySet, Env};
use tokio::process::Command;
use tokio::runtime::Runtime;

use crate::error::BenchError;

/// The longest that one question may take, in milliseconds; they take some ten.
const QUESTION_MS_MAX: u64 = 60_000;

/// What it is started with, beside the limit.
const ARGUMENTS: [&str; 3] = ["--lang", "smt", "--incremental"];

/// How long a solver that failed may take to say why.
const SAID_WITHIN: Duration = Duration::from_secs(10);
/// Most lines of that, and most characters of each.
const SAID_LINES_MAX: usize = 5;
const SAID_CHARACTERS_MAX: usize = 300;

/// A solver that answers.
pub struct Solver {
    program: PathBuf,
    runtime: Runtime,
    compiler: CedarSymCompiler<LocalSolver>,
}

impl Solver {
    /// Starts the program, which speaks SMT-LIB on its standard input and output.
    ///
    /// # Errors
    /// It cannot be started.
    pub fn start(program: &Path) -> Result<Self, BenchError> {
        let failed = |what: &dyn std::fmt::Display| BenchError::Solver {
            program: program.display().to_string(),
            what: what.to_string(),
        };
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| failed(&error))?;
        let compiler = {
            let _inside = runtime.enter();
            let mut command = Command::new(program);
            command.args(ARGUMENTS).arg(limit()).kill_on_drop(true);
            let solver = LocalSolver::from_command(&mut command).map_err(|error| match error {
                cedar_policy_symcc::solver::SolverError::Io(error) => failed(&error),
                error => failed(&error),
            })?;
            CedarSymCompiler::new(solver).map_err(|error| failed(&error))?
        };
        Ok(Self { program: program.to_owned(), runtime, compiler })
    }

    /// Whether every request that `narrow` permits, `wide` permits; else an example of one that it does not.
    ///
    /// # Errors
    /// The solver fails or gives no answer.
    pub fn implies(&mut self, narrow: &CompiledPolicySet, wide: &CompiledPolicySet) -> Result<Option<Env>, BenchError> {
        let question = self.compiler.check_implies_with_counterexample_opt(narrow, wide);
        let answer = self.runtime.block_on(within(question));
        answer.map_err(|what| self.failed(what))
    }

    /// Whether it holds without an example; cheaper where none is shown.
    ///
    /// # Errors
    /// As [`Self::implies`].
    pub fn holds(&mut self, narrow: &CompiledPolicySet, wide: &CompiledPolicySet) -> Result<bool, BenchError> {
        let question = self.compiler.check_implies_opt(narrow, wide);
        let answer = self.runtime.block_on(within(question));
        answer.map_err(|what| self.failed(what))
    }

    /// Whether the policy can be evaluated without an error, whatever the facts.
    ///
    /// # Errors
    /// As [`Self::implies`].
    pub fn never_errors(&mut self, policy: &CompiledPolicy) -> Result<bool, BenchError> {
        let question = self.compiler.check_never_errors_opt(policy);
        let answer = self.runtime.block_on(within(question));
        answer.map_err(|what| self.failed(what))
    }

    /// Whether the policy holds of no request and no facts at all.
    ///
    /// # Errors
    /// As [`Self::implies`].
    pub fn never_matches(&mut self, policy: &CompiledPolicy) -> Result<bool, BenchError> {
        let question = self.compiler.check_never_matches_opt(policy);
        let answer = self.runtime.block_on(within(question));
        answer.map_err(|what| self.failed(what))
    }

    fn failed(&self, what: String) -> BenchError {
        let said = self.runtime.block_on(said(&self.program));
        BenchError::Solver { program: self.program.display().to_string(), what: format!("{what}{said}") }
    }
}

fn limit() -> String {
    format!("--tlimit-per={QUESTION_MS_MAX}")
}

/// The end of what the program says on standard error. The one that failed kept that to itself (`LocalSolver` holds the pipe), so
/// it is started once more, with no question: what is missing or not understood it says again. Empty where it says nothing.
async fn said(program: &Path) -> String {
    let mut command = Command::new(program);
    command.args(ARGUMENTS).arg(limit()).stdin(Stdio::null()).kill_on_drop(true);
    let ended = match tokio::time::timeout(SAID_WITHIN, command.output()).await {
        Ok(Ok(ended)) => ended,
        Ok(Err(error)) => return format!("; it does not start again: {error}"),
        Err(_) => return format!("; started again, it says nothing within {} seconds", SAID_WITHIN.as_secs()),
    };
    let text = String::from_utf8_lossy(&ended.stderr).into_owned();
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    let last = lines.iter().skip(lines.len().saturating_sub(SAID_LINES_MAX));
    last.map(|line| format!("\n  it says: {}", line.chars().take(SAID_CHARACTERS_MAX).collect::<String>())).collect()
}

impl std::fmt::Debug for Solver {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Solver").field("program", &self.program).finish_non_exhaustive()
    }
}

/// A solver that does not keep to its limit is given up; "unknown" is no answer either.
async fn within<T>(question: impl Future<Output = Result<T, cedar_policy_symcc::err::Error>>) -> Result<T, String> {
    let limit = Duration::from_millis(QUESTION_MS_MAX.saturating_add(5000));
    match tokio::time::timeout(limit, question).await {
        Ok(answer) => answer.map_err(|error| with_causes(&error)),
        Err(_) => Err(format!("no answer within {} seconds", limit.as_secs())),
    }
}

fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(because) = cause {
        text = format!("{text}: {because}");
        cause = because.source();
    }
    text
}

/// A set of policies for one kind of request.
pub(crate) fn compile(set: &PolicySet, kind: &RequestEnv, schema: &Schema) -> Result<CompiledPolicySet, BenchError> {
    CompiledPolicySet::compile(set, kind, schema).map_err(|error| BenchError::Symbolic(with_causes(&error)))
}

/// One policy for one kind of request.
pub(crate) fn compile_one(policy: &Policy, kind: &RequestEnv, schema: &Schema) -> Result<CompiledPolicy, BenchError> {
    CompiledPolicy::compile(policy, kind, schema).map_err(|error| BenchError::Symbolic(with_causes(&error)))
}
