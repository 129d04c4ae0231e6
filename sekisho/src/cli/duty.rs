//! `duty`: roles for whole facilities (art. 18).

use clap::{Args, Subcommand};
use model::Timestamp;

use super::time;

/// `duty …`.
#[derive(Debug, Subcommand)]
pub enum Duty {
    /// A user takes up a role for his facility: stands in for its team members, or manages it
    Enter(DutyEnter),
    /// A role for a facility ends before its time
    End(DutyEnd),
    /// List roles for facilities, present and future
    List(DutyList),
}

/// `duty enter`.
#[derive(Debug, Args)]
pub struct DutyEnter {
    /// The user (not the user ID)
    #[arg(value_name = "USER")]
    pub user: String,
    /// For this facility, where the user has a user ID
    #[arg(long, value_name = "FACILITY")]
    pub facility: String,
    /// on-duty (stands in for team members, 31 days at most) or manager (entered by the city)
    #[arg(long, value_name = "KIND", default_value = "on-duty")]
    pub kind: String,
    /// From this time on (RFC 3339) [default: now]
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub from: Option<Timestamp>,
    /// Until this time (RFC 3339)
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub until: Option<Timestamp>,
}

/// `duty end`.
#[derive(Debug, Args)]
pub struct DutyEnd {
    /// Number of the duty, as `duty list` shows it
    #[arg(value_name = "NUMBER")]
    pub duty: u64,
}

/// `duty list`.
#[derive(Debug, Args)]
pub struct DutyList {
    /// Of this facility only
    #[arg(long, value_name = "FACILITY")]
    pub facility: Option<String>,
}
