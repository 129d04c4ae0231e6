//! `suspend`, `resume` and `suspension` (art. 29, 39-2).

use clap::{Args, Subcommand};
use model::Timestamp;

use super::time;

/// `suspend`.
#[derive(Debug, Args)]
pub struct Suspend {
    /// user-id:…, user:…, device:…, facility:… or person:…
    #[arg(value_name = "TARGET")]
    pub target: String,
    /// Why
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
    /// By which article, such as 29-1
    #[arg(long, value_name = "ARTICLE")]
    pub article: String,
    /// Until when (RFC 3339); without it, until lifted
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub until: Option<Timestamp>,
}

/// `resume`.
#[derive(Debug, Args)]
pub struct Resume {
    /// What is lifted.
    #[command(flatten)]
    pub what: ResumeWhat,
    /// Why
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
}

/// All suspensions of a target, or one.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub struct ResumeWhat {
    /// Every suspension of this: user-id:…, user:…, device:…, facility:… or person:…
    #[arg(value_name = "TARGET")]
    pub target: Option<String>,
    /// Instead: the one suspension with this number, as `suspension list` shows it; others of the same target stay
    #[arg(long, value_name = "NUMBER")]
    pub suspension: Option<u64>,
}

/// `suspension …`.
#[derive(Debug, Subcommand)]
pub enum Suspension {
    /// List the suspensions in force, with number, article, author and end
    List(SuspensionList),
}

/// `suspension list`.
#[derive(Debug, Args)]
pub struct SuspensionList {
    /// Of this only: user-id:…, user:…, device:…, facility:… or person:…
    #[arg(value_name = "TARGET")]
    pub target: Option<String>,
}
