//! `audit`: search, verify.

use audit::{FOUND_MAX, IdPrefix};
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
    /// whoever could write to the database could also make a whole new chain, and only --head finds that out. An entry that was
    /// changed is named, with how many follow it; both journals are checked whatever is found in the first.
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
    /// Sign-ins and what came of them, instead of requests for records
    #[arg(long, conflicts_with_all = ["id", "person", "disaster", "break_glass"])]
    pub sign_ins: bool,
    /// What an officer has to look at, such as a store that misbehaves or a declared emergency, instead of requests for records
    #[arg(long, conflicts_with_all = ["sign_ins", "id", "person", "user", "device", "from", "to"])]
    pub alerts: bool,
    /// The request with this number (受付番号), whole or its first 8 hexadecimal digits; blanks and hyphens do not matter
    #[arg(long, value_name = "NUMBER", value_parser = number)]
    pub id: Option<IdPrefix>,
    /// Concerning this person
    #[arg(long, value_name = "PERSON")]
    pub person: Option<String>,
    /// By this user ID
    #[arg(long, value_name = "USER_ID")]
    pub user: Option<String>,
    /// With this device
    #[arg(long, value_name = "DEVICE")]
    pub device: Option<String>,
    /// Only what disaster use alone made possible (art. 21)
    #[arg(long)]
    pub disaster: bool,
    /// Only what a declared emergency alone made possible (art. 41)
    #[arg(long)]
    pub break_glass: bool,
    /// From this time on (RFC 3339)
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub from: Option<Timestamp>,
    /// Before this time (RFC 3339)
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub to: Option<Timestamp>,
    /// Most entries, 1 to 1000
    #[arg(long, value_name = "COUNT", default_value_t = 20, value_parser = limit)]
    pub limit: usize,
}

/// Reads the beginning of an entry's number for clap.
fn number(text: &str) -> Result<IdPrefix, String> {
    IdPrefix::parse(text)
        .ok_or_else(|| "a number has 32 hexadecimal digits, of which at least the first 8 are needed".into())
}

/// Reads how many entries are wanted for clap.
pub(crate) fn limit(text: &str) -> Result<usize, String> {
    let count = text.parse().ok().filter(|count| (1..=FOUND_MAX).contains(count));
    count.ok_or_else(|| format!("1 to {FOUND_MAX} entries can be asked for"))
}
