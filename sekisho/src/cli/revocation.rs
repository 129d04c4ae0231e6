//! `revoke` and `confirm` (art. 38-2, 38-3).

use clap::Args;

/// `revoke`.
#[derive(Debug, Args)]
pub struct Revoke {
    /// What is revoked.
    #[command(flatten)]
    pub what: RevokeWhat,
    /// unspecified, key-compromise, affiliation-changed, superseded, cessation-of-operation or privilege-withdrawn
    #[arg(long, value_name = "REASON")]
    pub reason: String,
}

/// A device or a certificate.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub struct RevokeWhat {
    /// Every standing certificate of this device
    #[arg(long, value_name = "DEVICE")]
    pub device: Option<String>,
    /// The certificate with this serial number
    #[arg(long, value_name = "HEX")]
    pub serial: Option<String>,
}

/// `confirm`.
#[derive(Debug, Args)]
pub struct Confirm {
    /// Serial number of the revoked certificate
    #[arg(value_name = "SERIAL")]
    pub serial: String,
}
