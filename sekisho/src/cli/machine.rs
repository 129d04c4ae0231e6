//! The verbs about this machine: make a data folder, serve, check, demo.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::authority::{RootPassphrase, Witnesses};

/// Last port that three more follow.
const PORT_BASE_MAX: u16 = 65_532;

/// `init`.
#[derive(Debug, Args)]
pub struct Init {
    /// DNS name of the care host: terminals connect here
    #[arg(long, value_name = "NAME", default_value = "care.sekisho.localhost")]
    pub care_host: String,
    /// DNS name of the public host: everybody reads here
    #[arg(long, value_name = "NAME", default_value = "www.sekisho.localhost")]
    pub public_host: String,
    /// Name of the city, as it stands in the authorities' certificates
    #[arg(long, value_name = "NAME", default_value = "City")]
    pub city: String,
    /// First of four ports on loopback, 1 to 65532: clients, store door, office, store
    #[arg(long, value_name = "PORT", default_value_t = 8443, value_parser = port_base)]
    pub port_base: u16,
    /// Where others will find the revocation list, such as http://crl.example.jp/devices.crl: it goes into every device
    /// certificate and stays there for as long as that lasts [default: the office's door on loopback, which nobody else
    /// reaches]
    #[arg(long, value_name = "URL")]
    pub list_url: Option<String>,
    /// Keep the journals in this PostgreSQL database instead of files
    #[arg(long, value_name = "URL")]
    pub postgres: Option<String>,
    /// The passphrases of the authorities' keys.
    #[command(flatten)]
    pub passphrase: RootPassphrase,
    /// Who watches.
    #[command(flatten)]
    pub witnesses: Witnesses,
}

/// Where the authority's passphrase is.
#[derive(Clone, Debug, Args)]
pub struct PassphraseFile {
    /// File with the passphrase of the authority's keys, or a token's PIN (mode 600); else SEKISHO_CA_PASSPHRASE is used. Keys for
    /// which the settings name a passphrase_file need neither
    #[arg(long, value_name = "FILE")]
    pub passphrase_file: Option<PathBuf>,
}

/// `serve`.
#[derive(Debug, Args)]
pub struct Serve {
    /// What this process is
    #[arg(long, value_enum, default_value_t = Role::All)]
    pub role: Role,
    /// The authority's passphrase.
    #[command(flatten)]
    pub passphrase: PassphraseFile,
}

/// What a process is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Role {
    /// Gateway and office in one: one machine
    All,
    /// Gateway only; never loads a key of the authority
    Edge,
    /// Office only: revocation lists, status; meets no terminal
    Authority,
}

impl Role {
    /// Whether it meets terminals.
    #[must_use]
    pub const fn serves_clients(self) -> bool {
        matches!(self, Self::All | Self::Edge)
    }

    /// Whether it signs.
    #[must_use]
    pub const fn signs(self) -> bool {
        matches!(self, Self::All | Self::Authority)
    }
}

/// `check`.
#[derive(Debug, Args)]
pub struct Check {
    /// Warn about what expires within so many days
    #[arg(long, value_name = "DAYS", default_value_t = 30)]
    pub days: u16,
    /// The authority's passphrase; without it the issuing key is not opened.
    #[command(flatten)]
    pub passphrase: PassphraseFile,
}

/// `demo`.
#[derive(Debug, Args)]
pub struct Demo {
    /// First of four ports on loopback, 1 to 65532: clients, store door, office, store [default: 8443, or as the folder has
    /// them]
    #[arg(long, value_name = "PORT", value_parser = port_base)]
    pub port_base: Option<u16>,
    /// Write a line into this file when everything is up
    #[arg(long, value_name = "FILE")]
    pub ready_file: Option<PathBuf>,
}

/// Reads the first of four neighbouring ports. Port 0, a free one each, would make addresses that nobody can open.
fn port_base(text: &str) -> Result<u16, String> {
    let port = text.parse().ok().filter(|port| (1..=PORT_BASE_MAX).contains(port));
    port.ok_or_else(|| format!("the first of four neighbouring ports is one of 1 to {PORT_BASE_MAX}"))
}
