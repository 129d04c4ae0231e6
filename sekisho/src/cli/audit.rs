//! `audit`: search, verify.

use clap::{Args, Subcommand};
use model::Timestamp;

use super::time;

/// `audit …`.
#[derive(Debug, Subcommand)]
pub enum Audit {
    /// Who did what to whose records, newest first
    Search(AuditSearch),
    /// Check the whole chain of both journals, audit and registry
    Verify,
}

/// `audit search`.
#[derive(Debug, Args)]
pub struct AuditSearch {
    /// Concerning this person
    #[arg(long, value_name = "PERSON")]
    pub person: Option<String>,
    /// By this user ID
    #[arg(long, value_name = "USER_ID")]
    pub user: Option<String>,
    /// With this device
    #[arg(long, value_name = "DEVICE")]
    pub device: Option<String>,
    /// From this time on (RFC 3339)
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub from: Option<Timestamp>,
    /// Before this time (RFC 3339)
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub to: Option<Timestamp>,
    /// Most entries
    #[arg(long, value_name = "COUNT", default_value_t = 20)]
    pub limit: usize,
}
