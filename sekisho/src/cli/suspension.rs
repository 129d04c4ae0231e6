//! `suspend` and `resume` (art. 29, 39-2).

use clap::Args;
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
    /// user-id:…, user:…, device:…, facility:… or person:…
    #[arg(value_name = "TARGET")]
    pub target: String,
    /// Why
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
}
