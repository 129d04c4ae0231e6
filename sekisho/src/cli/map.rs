//! `map`: route maps.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// `map …`.
#[derive(Debug, Subcommand)]
pub enum Map {
    /// Say what is wrong with a map, or what each of its routes demands; with a log, how much of it the map knows
    Check(MapCheck),
}

/// `map check`.
#[derive(Debug, Args)]
pub struct MapCheck {
    /// The map, in TOML
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Requests to hold it against, a line each: `GET /notes/people/P-1`, alone or in a web server's access log
    #[arg(long, value_name = "LOG")]
    pub requests: Option<PathBuf>,
}
