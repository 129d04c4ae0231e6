//! `certificate`: where one stands, which there are, giving up a number (art. 38).

use clap::{Args, Subcommand};

/// `certificate …`.
#[derive(Debug, Subcommand)]
pub enum Certificate {
    /// State, device, validity, revocation of one certificate, or of all of a device
    Status(CertificateStatus),
    /// List the certificates: all, or those in one state
    List(CertificateList),
    /// Give up a serial number that is only reserved: nothing was signed, or what was signed is nowhere (art. 38-1)
    ///
    /// A crash while a certificate is issued leaves such a number; `certificate list --state reserved` shows them. If the
    /// signed certificate may have got into somebody's hands, revoke the number instead.
    Abandon(CertificateAbandon),
}

/// `certificate status`.
#[derive(Debug, Args)]
pub struct CertificateStatus {
    /// Serial number (hexadecimal) or device
    #[arg(value_name = "SERIAL|DEVICE")]
    pub which: String,
}

/// `certificate list`.
#[derive(Debug, Args)]
pub struct CertificateList {
    /// Those in this state: reserved, active, revoked (not yet confirmed, art. 38-3), confirmed or abandoned
    #[arg(long, value_name = "STATE")]
    pub state: Option<String>,
}

/// `certificate abandon`.
#[derive(Debug, Args)]
pub struct CertificateAbandon {
    /// The serial number (hexadecimal)
    #[arg(value_name = "SERIAL")]
    pub serial: String,
}
