//! `deletion`: orders to delete records (art. 17-2, 19-2).

use clap::{Args, Subcommand};
use model::Timestamp;

use super::time;

/// `deletion …`.
#[derive(Debug, Subcommand)]
pub enum Deletion {
    /// Order a deletion; nothing may be deleted before a second officer has approved it
    Order(DeletionOrder),
    /// Approve a deletion, as another officer than the one who ordered it
    Approve(DeletionApprove),
    /// Take a deletion order back, approved or not
    Cancel(DeletionCancel),
    /// List deletion orders, past ones included, with what was deleted under each, when and by whom
    List(DeletionList),
}

/// `deletion order`.
#[derive(Debug, Args)]
pub struct DeletionOrder {
    /// The person whose records are deleted
    #[arg(value_name = "PERSON")]
    pub person: String,
    /// This record only, such as Observation/o-1 or, of a route map, notes.entry/e-1; without it, all of the person's
    #[arg(long, value_name = "TYPE/ID")]
    pub record: Option<String>,
    /// The user ID that carries it out, and no other
    #[arg(long, value_name = "USER-ID")]
    pub executor: String,
    /// Until when it may be carried out (RFC 3339), at most 30 days from now
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub until: Timestamp,
    /// Why
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
}

/// `deletion approve`.
#[derive(Debug, Args)]
pub struct DeletionApprove {
    /// Number of the order, as `deletion list` shows it
    #[arg(value_name = "NUMBER")]
    pub order: u64,
}

/// `deletion cancel`.
#[derive(Debug, Args)]
pub struct DeletionCancel {
    /// Number of the order, as `deletion list` shows it
    #[arg(value_name = "NUMBER")]
    pub order: u64,
    /// Why
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
}

/// `deletion list`.
#[derive(Debug, Args)]
pub struct DeletionList {
    /// About this person only
    #[arg(value_name = "PERSON")]
    pub person: Option<String>,
}
