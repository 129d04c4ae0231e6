//! The settings file: parse all, validate all, one list of everything that is wrong. `sample.toml` documents every key.

mod file;
mod store;

use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use file::SettingsFile;
use gateway::balancer::Balancers;
use gateway::pages::RecordsApp;

use crate::cli::journal::Which;

/// The sample, which `sekisho init` also writes from.
pub const SAMPLE: &str = include_str!("../sample.toml");

/// Settings, validated. Paths are absolute, or relative to the working folder as the settings file's path was.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Threads that serve clients.
    pub workers: usize,
    /// Where people read records, if not with a program of their own.
    pub records_app: Option<RecordsApp>,
    /// The two names.
    pub hosts: Hosts,
    /// The three doors.
    pub listen: Listen,
    /// The care-record store.
    pub store: Store,
    /// Files with route maps of the store, beside FHIR.
    pub maps: Vec<PathBuf>,
    /// Where facts and evidence are kept.
    pub journal: JournalPlace,
    /// How terminals are met.
    pub tls: Tls,
    /// Where the server's certificates are fetched; none: nowhere.
    pub acme: Option<Acme>,
    /// Keys of the gateway.
    pub keys: Keys,
    /// The authority; none on an edge.
    pub ca: Option<Ca>,
    /// Other authorities whose certificates are considered.
    pub external: Vec<External>,
    /// Whose word is taken for keys in hardware.
    pub attestation: Attestation,
    /// Whom to call.
    pub desk: Desk,
    /// How long sessions last.
    pub session: Session,
    /// How much is allowed.
    pub limits: Limits,
}

/// The two names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hosts {
    /// Of the care host.
    pub care: String,
    /// Of the public host.
    pub public: String,
}

/// The three doors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listen {
    /// For clients: one address, or one of each family.
    pub clients: Clients,
    /// Who may say where a client comes from, at the doors for clients and for enrolment.
    pub balancers: Balancers,
    /// For the store, which fetches our public keys.
    pub store_door: SocketAddr,
    /// For the office.
    pub office: SocketAddr,
    /// For terminals that come for a certificate; none: there is no such door.
    pub enrolment: Option<SocketAddr>,
}

/// The care-record store: one server, or several that hold the same.
#[derive(Clone, Debug)]
pub struct Store {
    /// Where it is.
    pub servers: Vec<StoreServer>,
    /// What is spoken.
    pub protocol: gateway::StoreProtocol,
    /// Connections to each.
    pub connections: u32,
    /// Requests at once to each.
    pub at_once: u16,
    /// Requests at once to all; none: as many as they take together.
    pub at_once_in_all: Option<u16>,
    /// Requests that wait for a place, of each lane.
    pub queue: usize,
    /// For how long.
    pub queue_wait: Duration,
    /// How long answers may take.
    pub timeouts: gateway::Timeouts,
    /// How the servers are looked after.
    pub health: Option<gateway::HealthSettings>,
}

impl Store {
    /// Its address, where it is one server over plain HTTP/1.1.
    #[must_use]
    pub fn plain(&self) -> Option<SocketAddr> {
        match (self.servers.as_slice(), self.protocol) {
            (
                [StoreServer { address: gateway::Address::Ip(address), tls: None, .. }],
                gateway::StoreProtocol::Http1,
            ) => Some(*address),
            _ => None,
        }
    }
}

/// A server of the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreServer {
    /// As it is written, with `http://`.
    pub name: String,
    /// Where it is.
    pub address: gateway::Address,
    /// How it is known, over TLS.
    pub tls: Option<StoreTls>,
}

/// How a server of the store is known, and the gateway to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreTls {
    /// Who may have signed its certificate.
    pub anchors: PathBuf,
    /// The name in it.
    pub server_name: String,
    /// Our certificate and its key.
    pub identity: Option<(PathBuf, PathBuf)>,
}

/// Where clients connect: at least one address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clients {
    /// The first.
    pub first: SocketAddr,
    /// The others.
    pub others: Vec<SocketAddr>,
}

impl Clients {
    /// All of them, in their order.
    pub fn all(&self) -> impl Iterator<Item = SocketAddr> {
        std::iter::once(self.first).chain(self.others.iter().copied())
    }
}

/// Where facts and evidence are kept.
#[derive(Clone, PartialEq, Eq)]
pub enum JournalPlace {
    /// Files in this folder.
    Sqlite(PathBuf),
    /// Tables in this database.
    Postgres(String),
}

impl JournalPlace {
    /// The journal of the registry.
    #[must_use]
    pub fn registry(&self) -> journal::Place {
        self.named("registry")
    }

    /// The journal of the audit.
    #[must_use]
    pub fn audit(&self) -> journal::Place {
        self.named("audit")
    }

    /// One of the two.
    #[must_use]
    pub fn place(&self, which: Which) -> journal::Place {
        match which {
            Which::Registry => self.registry(),
            Which::Audit => self.audit(),
        }
    }

    fn named(&self, name: &str) -> journal::Place {
        match self {
            Self::Sqlite(folder) => journal::Place::Sqlite { file: folder.join(format!("{name}.db")) },
            Self::Postgres(url) => journal::Place::Postgres { url: url.clone(), name: format!("sekisho_{name}") },
        }
    }
}

impl fmt::Debug for JournalPlace {
    /// A connection string may hold a password, so it is never shown.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(folder) => write!(f, "Sqlite({})", folder.display()),
            Self::Postgres(_) => f.write_str("Postgres(not shown)"),
        }
    }
}

/// How terminals are met.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tls {
    /// Server certificate and its issuer's.
    pub certificate: PathBuf,
    /// The server's key.
    pub key: PathBuf,
    /// Issuing certificates of devices, at least one.
    pub device_issuers: Vec<PathBuf>,
    /// The root's revocation list.
    pub root_list: Option<RootListPlace>,
    /// Versions of TLS.
    pub profile: TlsProfile,
    /// What a terminal without a standing certificate meets.
    pub without_certificate: WithoutCertificate,
}

/// Where the root's revocation list is, and the root's certificate, by which it is checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RootListPlace {
    /// The list.
    pub list: PathBuf,
    /// The root's certificate.
    pub root: PathBuf,
}

/// An ACME server that certifies ours (RFC 8555).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acme {
    /// Its directory.
    pub directory: String,
    /// Whom its own certificate is trusted by; none: whomever the system trusts.
    pub root: Option<PathBuf>,
    /// How its office reaches ours, as `mailto:` addresses.
    pub contact: Vec<String>,
    /// Where account, pair and tries are kept.
    pub folder: PathBuf,
    /// A file that binds a new account to one that its office knows.
    pub external_account: Option<PathBuf>,
}

model::words! {
    /// Versions of TLS.
    pub enum TlsProfile ("TLS profile") {
        /// 1.3 only.
        Standard = "standard",
        /// 1.2 as well.
        Compatibility = "compatibility",
    }
}

model::words! {
    /// What a terminal without a standing certificate meets.
    pub enum WithoutCertificate ("way of meeting a terminal without certificate") {
        /// A page that says what to do.
        Explain = "explain",
        /// A failed handshake.
        Alert = "alert",
    }
}

/// Keys of the gateway.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keys {
    /// Seals sessions.
    pub session: PathBuf,
    /// Signs identity tokens.
    pub identity: PathBuf,
    /// Opens sealed password hashes.
    pub credential: PathBuf,
}

/// The authority.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ca {
    /// The root's certificate.
    pub root: PathBuf,
    /// The root's revocation list, as `tls` has it: nothing is issued in the name of whom it revokes.
    pub root_list: Option<PathBuf>,
    /// The issuing authority of devices.
    pub issuer: CaIssuer,
    /// Those that issued before it: their lists are still signed, and nothing else.
    pub former: Vec<CaIssuer>,
}

impl Ca {
    /// All issuing authorities, the one that issues first.
    pub fn issuers(&self) -> impl Iterator<Item = &CaIssuer> {
        std::iter::once(&self.issuer).chain(&self.former)
    }
}

/// An issuing authority of devices.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaIssuer {
    /// Its certificate.
    pub certificate: PathBuf,
    /// Its key.
    pub key: KeyPlace,
    /// A file with the passphrase or PIN of this key; none: what the command line or the environment gives opens it.
    pub passphrase_file: Option<PathBuf>,
    /// Where its revocation list is found.
    pub list_url: String,
    /// Below `/crl/` at the office's door; empty: there itself.
    pub folder: String,
}

/// Where a signing key is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyPlace {
    /// In a file, encrypted.
    File(PathBuf),
    /// In a PKCS#11 token.
    Token(hsm::Place),
}

impl KeyPlace {
    /// A PKCS#11 URI, or a file, relative to `folder`.
    ///
    /// # Errors
    /// A URI that does not say where a key is.
    pub fn parse(text: &str, folder: &Path) -> Result<Self, hsm::Fault> {
        if hsm::Place::is_uri(text) {
            hsm::Place::parse(text).map(Self::Token)
        } else {
            Ok(Self::File(folder.join(text)))
        }
    }
}

impl fmt::Display for KeyPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(f),
            Self::Token(place) => place.fmt(f),
        }
    }
}

/// Whose word is taken for keys in hardware: files with root certificates in PEM. None: none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attestation {
    /// Of Apple's attestations.
    pub apple: Vec<PathBuf>,
    /// Of those that certify TPMs' attestation keys.
    pub tpm: Vec<PathBuf>,
}

/// Another authority.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct External {
    /// What the city calls it.
    pub name: String,
    /// Certificates that are trusted.
    pub anchors: PathBuf,
    /// Certificates between those and the terminals'.
    pub intermediates: Option<PathBuf>,
    /// Its revocation lists.
    pub lists: Vec<PathBuf>,
}

/// Whom to call (art. 14).
#[derive(Clone, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Desk {
    /// Name of the inquiry desk in Japanese.
    pub name_ja: String,
    /// The same in English.
    pub name_en: String,
    /// Its number, in inquiry hours.
    pub phone: String,
    /// The number for lost devices, at any hour.
    pub loss_phone: String,
}

/// How long sessions last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Session {
    /// Unused for so many seconds: over.
    pub idle_seconds: i64,
    /// Over after so many seconds in any case.
    pub absolute_seconds: i64,
}

/// How much is allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// One source address without a device that stands.
    pub per_source: Rate,
    /// One device.
    pub per_device: Rate,
    /// One user ID.
    pub per_user: Rate,
}

/// `burst` at once, then `count` in every `seconds`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rate {
    /// Requests, 1 to 1,000,000.
    pub count: u32,
    /// Seconds, 1 to 3600.
    pub seconds: u32,
    /// Requests at once, 1 to 1,000,000.
    pub burst: u32,
}

/// Why settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The file cannot be read.
    #[error("the settings `{}` cannot be read", path.display())]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The file is no TOML, lacks a key, or has one that is not known.
    #[error("the settings `{}` are not in order:\n{why}", path.display())]
    Form {
        /// Which.
        path: PathBuf,
        /// Line and what is wrong there.
        why: String,
    },
    /// Values that cannot be used; all of them.
    #[error("the settings `{}` are not in order:\n  {}", path.display(), faults.join("\n  "))]
    Values {
        /// Which.
        path: PathBuf,
        /// One phrase each, with its key.
        faults: Vec<String>,
    },
}

impl Settings {
    /// Reads and validates a file.
    ///
    /// # Errors
    /// See [`SettingsError`].
    pub fn load(path: &Path) -> Result<Self, SettingsError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| SettingsError::Unreadable { path: path.to_owned(), source })?;
        Self::parse(&text, path)
    }

    /// Validates a text, as if it stood at `path`.
    ///
    /// # Errors
    /// See [`SettingsError`].
    pub fn parse(text: &str, path: &Path) -> Result<Self, SettingsError> {
        let file: SettingsFile = toml::from_str(text).map_err(|error| {
            let why = error.to_string().trim_end().to_owned();
            SettingsError::Form { path: path.to_owned(), why }
        })?;
        let folder = path.parent().unwrap_or(Path::new(""));
        file.validate(folder).map_err(|faults| SettingsError::Values { path: path.to_owned(), faults })
    }

    /// Every secret file that a gateway reads. The key of the authority is not among them.
    #[must_use]
    pub fn secret_files(&self) -> [&Path; 4] {
        [&self.tls.key, &self.keys.session, &self.keys.identity, &self.keys.credential]
    }
}

#[cfg(test)]
mod tests;
