//! `registry`: what the office did.

use clap::{Args, Subcommand};
use model::Timestamp;

use super::audit::limit;
use super::time;

/// `registry …`.
#[derive(Debug, Subcommand)]
pub enum Registry {
    /// Who did what to whom, when and why, newest first; secrets are never shown
    Log(RegistryLog),
}

/// `registry log`.
#[derive(Debug, Args)]
pub struct RegistryLog {
    /// Concerning this person
    #[arg(long, value_name = "PERSON")]
    pub person: Option<String>,
    /// Concerning this user, under whatever user ID, or this user ID alone
    #[arg(long, value_name = "USER|USER_ID")]
    pub user: Option<String>,
    /// Concerning this device or a certificate of it
    #[arg(long, value_name = "DEVICE")]
    pub device: Option<String>,
    /// Concerning this facility
    #[arg(long, value_name = "FACILITY")]
    pub facility: Option<String>,
    /// Done by this author, such as city-clerk:Sato, or by this name in any office
    #[arg(long, value_name = "[OFFICE:]NAME")]
    pub by: Option<String>,
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
