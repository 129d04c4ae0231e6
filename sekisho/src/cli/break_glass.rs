//! `break-glass`: off until the city issues a rule for it (art. 41).

use clap::{Args, Subcommand};

/// `break-glass …`.
#[derive(Debug, Subcommand)]
pub enum BreakGlass {
    /// Enter the city's rule for break-glass; not in force before a second officer has issued it
    Propose(BreakGlassPropose),
    /// Issue the rule, as another officer than the one who entered it
    Issue,
    /// Take the rule back, issued or not
    Withdraw(BreakGlassWithdraw),
    /// Where break-glass stands
    Status,
    /// List the emergencies that users declared within the last hour, ended ones included
    ///
    /// What was read under one is found by `audit search --break-glass`; older declarations by `registry log`. Whoever misuses it
    /// is suspended (`suspend`), and taking the rule back ends every emergency.
    List,
}

/// `break-glass propose`.
#[derive(Debug, Args)]
pub struct BreakGlassPropose {
    /// Name and date of the city's rule
    #[arg(long, value_name = "TEXT")]
    pub rule: String,
}

/// `break-glass withdraw`.
#[derive(Debug, Args)]
pub struct BreakGlassWithdraw {
    /// Why
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
}
