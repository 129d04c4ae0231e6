//! `report`: what was done in the city's place (art. 10-5, 29-2, 39-3).

use clap::{Args, Subcommand};

/// `report …`.
#[derive(Debug, Subcommand)]
pub enum Report {
    /// List the reports that wait for the city, oldest first
    List,
    /// The city has received a report (art. 29-2, 39-3)
    Acknowledge(ReportAcknowledge),
}

/// `report acknowledge`.
#[derive(Debug, Args)]
pub struct ReportAcknowledge {
    /// Number of the report, as `report list` shows it
    #[arg(value_name = "NUMBER")]
    pub report: u64,
}
