//! `audit`: search, verify.

use clap::{Args, Subcommand};
use journal::Head;
use model::Timestamp;

use super::journal::Which;
use super::time;

/// `audit …`.
#[derive(Debug, Subcommand)]
pub enum Audit {
    /// Who did what to whose records, newest first
    Search(AuditSearch),
    /// Check the whole chain of both journals, audit and registry
    ///
    /// Prints the heads, as POSITION:HASH. Written down and kept elsewhere, a head is evidence of everything before it:
    /// whoever could write to the database could also make a whole new chain, and only --head finds that out.
    Verify(AuditVerify),
}

/// `audit verify`.
#[derive(Debug, Args)]
pub struct AuditVerify {
    /// Only this journal
    #[arg(long, value_enum, value_name = "JOURNAL")]
    pub journal: Option<Which>,
    /// A head of that journal that was kept elsewhere: the chain must hold it. May be given several times
    #[arg(long, value_name = "POSITION:HASH", requires = "journal")]
    pub head: Vec<Head>,
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
