//! `service` and `disaster`: the service as a whole (art. 21, 26).

use clap::{Args, Subcommand};
use model::Timestamp;

use super::time;

/// `service …`.
#[derive(Debug, Subcommand)]
pub enum Service {
    /// Stop at once, without notice; public information stays open
    Stop(ServiceStop),
    /// Go on again
    Resume,
    /// Where the service stands
    Status,
}

/// `service stop`.
#[derive(Debug, Args)]
pub struct ServiceStop {
    /// maintenance, fire-or-power, disaster, other or urgent (art. 26)
    #[arg(long, value_name = "REASON")]
    pub reason: String,
    /// What users and the public are told
    #[arg(long, value_name = "TEXT")]
    pub text: String,
}

/// `disaster …`.
#[derive(Debug, Subcommand)]
pub enum Disaster {
    /// Declare disaster use, by two officers, for 72 hours at most
    ///
    /// Whoever does it (--as city-officer:NAME) is the first of the two. The second confirms with `disaster confirm` within an
    /// hour, or it ends.
    Declare(DisasterDeclare),
    /// Confirm a declaration, as the second officer that it names
    Confirm,
    /// End it before its time
    End(DisasterEnd),
}

/// `disaster end`.
#[derive(Debug, Args)]
pub struct DisasterEnd {
    /// Why
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
}

/// `disaster declare`.
#[derive(Debug, Args)]
pub struct DisasterDeclare {
    /// The district, as persons' areas name it; `*` is the whole city
    #[arg(long, value_name = "AREA")]
    pub area: String,
    /// Why
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
    /// Until when (RFC 3339)
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub until: Timestamp,
    /// Another officer who agrees
    #[arg(long, value_name = "NAME")]
    pub second_officer: String,
}
