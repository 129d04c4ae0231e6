//! `policy`: writing rules safely.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use model::Timestamp;

use super::time;

/// `policy …`.
#[derive(Debug, Subcommand)]
pub enum Policy {
    /// Read, validate and lint rules: the first thing after writing them
    Check(PolicyRules),
    /// Run cases (given, when, then): each must turn out as expected, each rule must be tried
    ///
    /// Over all cases each rule must hold at least once, and at least once the decision must be another without it.
    Test(PolicyTest),
    /// Prove that the fences hold for every request and all facts, that no rule can fail, and that none is dead
    ///
    /// A fence is what must hold of the rules whatever they say, such as "nothing without consent". What does not hold is
    /// shown by an example, in the words of the cases, which the decision point has confirmed. Needs the solver cvc5.
    Prove(PolicyProve),
    /// Say what a change of rules opens and closes, for every request and all facts, with examples
    ///
    /// Needs the solver cvc5.
    Diff(PolicyDiff),
    /// Make recorded decisions again under other rules: who gains, who loses, by profession and facility
    Replay(PolicyReplay),
    /// Print every sentence that cases are written in
    Words,
    /// Propose rules for approval, once they pass check and test; they decide nothing yet (city officer)
    Propose(PolicyPropose),
    /// Take proposed rules into force, as another officer than proposed them; open exchanges are judged anew
    ///
    /// First the gates, as in check, test, diff (against what is in force) and prove. Whatever one of them finds wrong keeps the
    /// rules out of force. Needs the solver cvc5. What was passed is kept with the approval, and `policy list` shows it.
    ///
    /// Given once, it approves nothing: it says what would change, and which word confirms that. Given once more with --confirm and
    /// that word it takes the rules into force, unless others came into force meanwhile.
    Approve(PolicyApprove),
    /// Go back to the rules in force before (city officer); open exchanges are judged anew
    Rollback(PolicyRollback),
    /// List the sets of rules proposed, and which is in force
    List,
    /// Print a set of rules, or write its files into a new folder: a proposed one to read, or those built in to begin with
    Show(PolicyShow),
}

/// Which rules.
#[derive(Debug, Args)]
pub struct PolicyRules {
    /// Folder with rules (*.cedar); a schema.cedarschema beside them must be the house's [default: the rules built in]
    #[arg(long, value_name = "DIR")]
    pub rules: Option<PathBuf>,
}

/// `policy test`.
#[derive(Debug, Args)]
pub struct PolicyTest {
    /// Which rules.
    #[command(flatten)]
    pub rules: PolicyRules,
    /// Folder with more cases (*.txt); the cases built in are always run
    #[arg(long, value_name = "DIR")]
    pub cases: Option<PathBuf>,
}

/// Which solver.
#[derive(Debug, Args)]
pub struct PolicySolver {
    /// The solver, cvc5 of version 1.3.1 [env: CVC5] [default: cvc5]
    #[arg(long, value_name = "PROGRAM")]
    pub solver: Option<PathBuf>,
}

/// `policy prove`.
#[derive(Debug, Args)]
pub struct PolicyProve {
    /// Which rules.
    #[command(flatten)]
    pub rules: PolicyRules,
    /// More fences; the fences built in are always proved
    #[arg(long, value_name = "FILE")]
    pub fences: Option<PathBuf>,
    /// Which solver.
    #[command(flatten)]
    pub solver: PolicySolver,
}

/// `policy diff`.
#[derive(Debug, Args)]
pub struct PolicyDiff {
    /// Folder with the old rules, or `builtin`
    #[arg(value_name = "OLD")]
    pub old: PathBuf,
    /// Folder with the new rules, or `builtin`
    #[arg(value_name = "NEW")]
    pub new: PathBuf,
    /// Which solver.
    #[command(flatten)]
    pub solver: PolicySolver,
}

/// `policy propose`.
#[derive(Debug, Args)]
pub struct PolicyPropose {
    /// Folder with the rules
    #[arg(long, value_name = "DIR")]
    pub rules: PathBuf,
    /// Why
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
    /// Folder with more cases (*.txt); the cases built in are always run
    #[arg(long, value_name = "DIR")]
    pub cases: Option<PathBuf>,
}

/// `policy approve`.
#[derive(Debug, Args)]
pub struct PolicyApprove {
    /// Version, as `policy propose` printed it
    #[arg(value_name = "VERSION")]
    pub version: String,
    /// Folder with more cases (*.txt); the cases built in are always run
    #[arg(long, value_name = "DIR")]
    pub cases: Option<PathBuf>,
    /// More fences; the fences built in are always proved
    #[arg(long, value_name = "FILE", conflicts_with = "without_proof")]
    pub fences: Option<PathBuf>,
    /// Which solver.
    #[command(flatten)]
    pub solver: PolicySolver,
    /// Take them into force though nothing is proved of them, and say why; kept with the approval for ever
    #[arg(long, value_name = "REASON", conflicts_with = "solver")]
    pub without_proof: Option<String>,
    /// What the same command printed when it was given without this: the officer has seen what changes
    #[arg(long, value_name = "DIGEST")]
    pub confirm: Option<String>,
}

/// `policy rollback`.
#[derive(Debug, Args)]
pub struct PolicyRollback {
    /// Why
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
}

/// `policy show`.
#[derive(Debug, Args)]
pub struct PolicyShow {
    /// Version, as `policy list` prints it, or `builtin`
    #[arg(value_name = "VERSION")]
    pub version: String,
    /// Folder to make and write the files into
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
}

/// `policy replay`.
#[derive(Debug, Args)]
pub struct PolicyReplay {
    /// Folder with the new rules
    #[arg(long, value_name = "DIR")]
    pub rules: PathBuf,
    /// From this time on (RFC 3339)
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub from: Option<Timestamp>,
    /// Before this time (RFC 3339)
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub to: Option<Timestamp>,
}
