//! `contract`: under which the contractor operates for the city (art. 4-2, 4-3).

use clap::{Args, Subcommand};
use model::Timestamp;

use super::time;

/// `contract …`.
#[derive(Debug, Subcommand)]
pub enum Contract {
    /// Enter a contract; outside of all contracts nobody acts as contractor
    Enter(ContractEnter),
    /// End a contract now, before its time
    End(ContractEnd),
    /// List contracts, past ones included
    List,
}

/// `contract enter`.
#[derive(Debug, Args)]
pub struct ContractEnter {
    /// With whom
    #[arg(value_name = "CONTRACTOR")]
    pub contractor: String,
    /// From this time on (RFC 3339) [default: now]
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub from: Option<Timestamp>,
    /// Until this time (RFC 3339)
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub until: Timestamp,
}

/// `contract end`.
#[derive(Debug, Args)]
pub struct ContractEnd {
    /// Number of the contract, as `contract list` shows it
    #[arg(value_name = "NUMBER")]
    pub contract: u64,
    /// Why
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
}
