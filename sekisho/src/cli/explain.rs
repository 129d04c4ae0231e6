//! `explain`: who may do what to whom, and why.

use clap::Args;
use model::Timestamp;

use super::time;

/// `explain`.
#[derive(Debug, Args)]
pub struct Explain {
    /// User ID, or user (then every standing user ID)
    #[arg(long, value_name = "USER")]
    pub user: String,
    /// The person whose records are asked about; without it, the directory of professionals
    #[arg(long, value_name = "PERSON")]
    pub person: Option<String>,
    /// read, search, create, update or delete
    #[arg(long, value_name = "ACTION", default_value = "read")]
    pub action: String,
    /// demographics, team, consent, note, observation, document, plan, medication, condition or directory
    #[arg(long, value_name = "CATEGORY")]
    pub category: Option<String>,
    /// Whose the record is: own, other or unknown. Notes, observations and documents are amended by their author only
    #[arg(long, value_name = "AUTHOR", default_value = "unknown")]
    pub author_is: String,
    /// In whose name the record is written: own, other, or unknown for nobody's; without it, in whose it is. Notes,
    /// observations and documents are written in one's own name or, when they are created, in nobody's
    #[arg(long, value_name = "AUTHOR")]
    pub written_as: Option<String>,
    /// The record is labelled as sensitive
    #[arg(long)]
    pub sensitive: bool,
    /// Which record, such as Observation/o-1, for deletion orders
    #[arg(long, value_name = "TYPE/ID")]
    pub record: Option<String>,
    /// With the certificate of this serial number
    #[arg(long, value_name = "HEX", conflicts_with = "device")]
    pub serial: Option<String>,
    /// With this device; without it and --serial, with a device the user holds
    #[arg(long, value_name = "DEVICE")]
    pub device: Option<String>,
    /// As things stood at this time (RFC 3339)
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub as_of: Option<Timestamp>,
}
