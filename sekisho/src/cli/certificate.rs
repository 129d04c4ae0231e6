//! `certificate`: where one stands, which there are, giving up a number (art. 38); and the server's own.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{RootPassphrase, Witnesses};

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
    /// Make the next server certificate, with a new key; the root signs, so its key and passphrase are needed
    ///
    /// The certificate lasts 397 days; `sekisho check` warns before. New key and certificate take the place of the old
    /// ones, and a crash on the way leaves a pair that works. A `sekisho serve` that runs shows them within seconds.
    /// Other nodes with the same host names need copies of both files. A certificate from somebody else's authority is
    /// left alone. What the root signs goes into ceremony.txt beside its key; the copy in the data folder is brought up to date.
    RenewServer(CertificateRenewServer),
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

/// `certificate renew-server`.
#[derive(Debug, Args)]
pub struct CertificateRenewServer {
    /// The root's key, encrypted, wherever it is kept [default: keys/root.key.pem beside the settings]
    #[arg(long, value_name = "FILE")]
    pub root_key: Option<PathBuf>,
    /// The root's passphrase.
    #[command(flatten)]
    pub passphrase: RootPassphrase,
    /// Who watches.
    #[command(flatten)]
    pub witnesses: Witnesses,
}
