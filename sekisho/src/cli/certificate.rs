//! `certificate`: where one stands.

use clap::{Args, Subcommand};

/// `certificate …`.
#[derive(Debug, Subcommand)]
pub enum Certificate {
    /// State, device, validity, revocation of one certificate, or of all of a device
    Status(CertificateStatus),
}

/// `certificate status`.
#[derive(Debug, Args)]
pub struct CertificateStatus {
    /// Serial number (hexadecimal) or device
    #[arg(value_name = "SERIAL|DEVICE")]
    pub which: String,
}
