//! `enrol`: on the terminal, not in the office.

use std::path::PathBuf;

use clap::Args;

/// `enrol`.
#[derive(Debug, Args)]
pub struct Enrol {
    /// Where terminals come for certificates, as it stands on the slip: https://NAME:PORT
    #[arg(long, value_name = "URL")]
    pub gateway: String,
    /// The city's root certificate (PEM); compare its fingerprint with the slip's before you trust it
    #[arg(long, value_name = "FILE", required_unless_present = "root_sha256", conflicts_with = "root_sha256")]
    pub root: Option<PathBuf>,
    /// Instead of the file: the root's fingerprint (SHA-256) on the slip. The root is fetched, and nothing is sent unless it is
    /// that one
    #[arg(long, value_name = "HEX")]
    pub root_sha256: Option<String>,
    /// The device, as it stands on the slip
    #[arg(long, value_name = "DEVICE")]
    pub device: String,
    /// The code on the slip
    #[arg(long, value_name = "CODE", required_unless_present = "renew", conflicts_with = "renew")]
    pub code: Option<String>,
    /// Instead of a code: the file with key and certificate that this device has (PEM), to renew it
    #[arg(long, value_name = "FILE")]
    pub renew: Option<PathBuf>,
    /// Folder for key and certificate
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub out: PathBuf,
    /// Connect to this address instead of looking the name up, such as 192.0.2.7:8450
    #[arg(long, value_name = "ADDRESS")]
    pub at: Option<std::net::SocketAddr>,
}
