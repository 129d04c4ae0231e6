//! `team`: who cares for whom, in which role, until when (art. 18).

use clap::{Args, Subcommand};
use model::Timestamp;

use super::time;

/// `team …`.
#[derive(Debug, Subcommand)]
pub enum Team {
    /// A user joins a person's care team
    Join(TeamJoin),
    /// A user leaves it
    Leave(TeamLeave),
    /// List a person's care team, or the persons of a user
    List(TeamList),
}

/// `team join`.
#[derive(Debug, Args)]
pub struct TeamJoin {
    /// The person
    #[arg(value_name = "PERSON")]
    pub person: String,
    /// The user (not the user ID)
    #[arg(value_name = "USER")]
    pub user: String,
    /// Through this facility: only user IDs of it see the person. Needed where the user has several
    #[arg(long, value_name = "FACILITY")]
    pub facility: Option<String>,
    /// member, substitute or on-call
    #[arg(long, value_name = "ROLE", default_value = "member")]
    pub role: String,
    /// From this time on (RFC 3339) [default: now]
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub from: Option<Timestamp>,
    /// Until this time (RFC 3339)
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub until: Option<Timestamp>,
}

/// `team leave`.
#[derive(Debug, Args)]
pub struct TeamLeave {
    /// The person
    #[arg(value_name = "PERSON")]
    pub person: String,
    /// The user (not the user ID)
    #[arg(value_name = "USER")]
    pub user: String,
}

/// `team list`.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub struct TeamList {
    /// The person
    #[arg(value_name = "PERSON")]
    pub person: Option<String>,
    /// Instead: the persons of this user
    #[arg(long, value_name = "USER")]
    pub user: Option<String>,
}
