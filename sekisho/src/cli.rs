//! What can be asked on the command line. The help texts are kept in `sekisho/help`, and a test holds them.

pub mod people;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use model::{Author, Office, Timestamp};

use crate::error::Error;

pub use people::{Consent, Facility, Person, Team, User};

/// Zero-trust access gateway for a city's care records.
///
/// The terminal shows its device certificate, the person signs in, and every request is decided on user x device x
/// record x consent x state of the service. Start with `sekisho demo`.
#[derive(Debug, Parser)]
#[command(name = "sekisho", version, disable_help_subcommand = true)]
pub struct Cli {
    /// Given to every verb.
    #[command(flatten)]
    pub common: Common,
    /// What is to be done.
    #[command(subcommand)]
    pub verb: Verb,
}

/// Given to every verb.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Options of every command")]
pub struct Common {
    /// Settings file
    #[arg(long, global = true, value_name = "FILE", env = "SEKISHO_SETTINGS", hide_env_values = true)]
    pub settings: Option<PathBuf>,
    /// Data folder; stands for --settings DIR/sekisho.toml
    #[arg(long, global = true, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Print JSON, one object a line, instead of sentences
    #[arg(long, global = true)]
    pub json: bool,
    /// Who does it: city-officer, city-clerk, contractor or facility-administrator, and a name [default: city-clerk:$USER]
    #[arg(long = "as", global = true, value_name = "OFFICE:NAME", env = "SEKISHO_AS", hide_env_values = true)]
    pub author: Option<String>,
}

impl Common {
    /// The settings file meant.
    ///
    /// # Errors
    /// None was named.
    pub fn settings_file(&self) -> Result<PathBuf, Error> {
        match (&self.data, &self.settings) {
            (Some(folder), _) => Ok(crate::folder::Folder::at(folder).settings()),
            (None, Some(file)) => Ok(file.clone()),
            (None, None) => {
                Err(Error::usage("no settings; give --data DIR or --settings FILE, or set SEKISHO_SETTINGS"))
            }
        }
    }

    /// Who stands behind the act.
    ///
    /// # Errors
    /// No such office, no name, or an office nobody can claim here.
    pub fn author(&self) -> Result<Author, Error> {
        let Some(text) = &self.author else {
            let name = std::env::var("USER").ok().filter(|name| !name.is_empty());
            return Ok(Author::new(Office::CityClerk, name.as_deref().unwrap_or("unnamed")));
        };
        parse_author(text)
    }
}

/// Reads `office:name`.
///
/// # Errors
/// See [`Common::author`].
pub fn parse_author(text: &str) -> Result<Author, Error> {
    let (office, name) = text
        .split_once(':')
        .filter(|(_, name)| !name.trim().is_empty())
        .ok_or_else(|| Error::usage(format_args!("`{text}` names nobody; expected such as city-clerk:Sato")))?;
    let office: Office = office.parse().map_err(Error::usage)?;
    match office {
        Office::User | Office::System => {
            Err(Error::usage(format_args!("nobody acts as `{office}` on the command line")))
        }
        _ => Ok(Author::new(office, name)),
    }
}

/// What is to be done.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Make a data folder: keys, authorities, settings, empty journals
    Init(Init),
    /// Serve, until told to stop (SIGTERM or Ctrl-C; open exchanges are waited for)
    Serve(Serve),
    /// Check settings, files, keys, journals and clock; says what is wrong or expires soon
    Check(Check),
    /// Start everything on this machine with synthetic people, and print lines to paste
    Demo(Demo),
    /// Facilities (利用施設): apply, approve, refuse, close (art. 6, 8, 9, 13)
    #[command(subcommand)]
    Facility(Facility),
    /// Users (利用者) and their user IDs: grant, replace (art. 7, 10)
    #[command(subcommand)]
    User(User),
    /// Loaned terminals (貸与端末) and their certificates (art. 37, 38-1)
    #[command(subcommand)]
    Device(Device),
    /// Supported persons (支援対象者) (art. 3)
    #[command(subcommand)]
    Person(Person),
    /// Consent (参加同意書): give, withdraw (art. 17, 21-2)
    #[command(subcommand)]
    Consent(Consent),
    /// Care teams: who cares for whom, in which role, until when (art. 18)
    #[command(subcommand)]
    Team(Team),
    /// Suspend a user ID, user, device, facility or person (art. 29, 39-2); open connections end at once
    Suspend(Suspend),
    /// Lift a suspension
    Resume(Resume),
    /// Revoke a device's certificates, or one certificate (art. 38-2); open connections end at once
    Revoke(Revoke),
    /// Confirm a revocation, as administrator of the facility (art. 38-3)
    Confirm(Confirm),
    /// Stop the service as a whole, or go on again (art. 26)
    #[command(subcommand)]
    Service(Service),
    /// Disaster use (災害時利用): declare, end (art. 21)
    #[command(subcommand)]
    Disaster(Disaster),
    /// Say whether a user may see a person's records, by which rule and article, and what would change it
    Explain(Explain),
    /// The audit: search, verify
    #[command(subcommand)]
    Audit(Audit),
    /// Where a device certificate stands
    #[command(subcommand)]
    Certificate(Certificate),
}

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
    /// First of four ports on loopback: clients, store door, office, store
    #[arg(long, value_name = "PORT", default_value_t = 8443)]
    pub port_base: u16,
    /// Keep the journals in this PostgreSQL database instead of files
    #[arg(long, value_name = "URL")]
    pub postgres: Option<String>,
    /// The authority's passphrase.
    #[command(flatten)]
    pub passphrase: PassphraseFile,
}

/// Where the authority's passphrase is.
#[derive(Clone, Debug, Args)]
pub struct PassphraseFile {
    /// File with the passphrase of the authority's keys (mode 600); else SEKISHO_CA_PASSPHRASE is used
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
}

/// `demo`.
#[derive(Debug, Args)]
pub struct Demo {
    /// First of four ports on loopback: clients, store door, office, store
    #[arg(long, value_name = "PORT", default_value_t = 8443)]
    pub port_base: u16,
    /// Write a line into this file when everything is up
    #[arg(long, value_name = "FILE")]
    pub ready_file: Option<PathBuf>,
}

/// `device …`.
#[derive(Debug, Subcommand)]
pub enum Device {
    /// Register a terminal on loan and issue its certificate
    ///
    /// Without --csr a key is made here and written, with the certificate, into --out: DEVICE.pem (key, certificate,
    /// issuer: for curl) and DEVICE.p12 (for key stores; its password is printed once). Better is a key that never
    /// travels: --csr with a request made on the terminal (art. 38-1).
    Add(DeviceAdd),
    /// Issue a further certificate for a terminal, before the old one expires
    Certificate(DeviceCertificate),
    /// A terminal came back, was lost or retired: its certificates are revoked (art. 38-2)
    Return(DeviceReturn),
    /// List the terminals
    List,
}

/// `device return`.
#[derive(Debug, Args)]
pub struct DeviceReturn {
    /// The terminal
    #[arg(value_name = "DEVICE")]
    pub device: String,
    /// Why its certificates are revoked: key-compromise (lost, stolen), affiliation-changed or cessation-of-operation
    #[arg(long, value_name = "REASON", default_value = "cessation-of-operation")]
    pub reason: String,
}

/// `device add`.
#[derive(Debug, Args)]
pub struct DeviceAdd {
    /// Its ID; drawn if not given
    #[arg(long, value_name = "DEVICE")]
    pub id: Option<String>,
    /// On loan to this facility
    #[arg(long, value_name = "FACILITY")]
    pub facility: String,
    /// Held by this user, who has a user ID at the facility
    #[arg(long, value_name = "USER")]
    pub holder: String,
    /// What is written on it
    #[arg(long, value_name = "TEXT")]
    pub label: String,
    /// How the certificate is made and where it goes.
    #[command(flatten)]
    pub issue: IssueTo,
}

/// `device certificate`.
#[derive(Debug, Args)]
pub struct DeviceCertificate {
    /// The terminal
    #[arg(value_name = "DEVICE")]
    pub device: String,
    /// How the certificate is made and where it goes.
    #[command(flatten)]
    pub issue: IssueTo,
}

/// How a certificate is made and where it goes.
#[derive(Debug, Args)]
pub struct IssueTo {
    /// Certification request (PKCS#10) made on the terminal; only its key is taken
    #[arg(long, value_name = "FILE")]
    pub csr: Option<PathBuf>,
    /// Folder for what the terminal gets
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub out: PathBuf,
    /// Days of validity, 1 to 397
    #[arg(long, value_name = "DAYS", default_value_t = ca::DeviceProfile::DAYS)]
    pub days: u16,
    /// The authority's passphrase.
    #[command(flatten)]
    pub passphrase: PassphraseFile,
}

/// `suspend`.
#[derive(Debug, Args)]
pub struct Suspend {
    /// user-id:…, user:…, device:…, facility:… or person:…
    #[arg(value_name = "TARGET")]
    pub target: String,
    /// Why
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
    /// By which article, such as 29-1
    #[arg(long, value_name = "ARTICLE")]
    pub article: String,
    /// Until when (RFC 3339); without it, until lifted
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub until: Option<Timestamp>,
}

/// `resume`.
#[derive(Debug, Args)]
pub struct Resume {
    /// user-id:…, user:…, device:…, facility:… or person:…
    #[arg(value_name = "TARGET")]
    pub target: String,
    /// Why
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
}

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

/// `service …`.
#[derive(Debug, Subcommand)]
pub enum Service {
    /// Stop at once, without notice; public information stays open
    Stop(ServiceStop),
    /// Go on again
    Resume,
    /// Where the service stands
    Status,
}

/// `service stop`.
#[derive(Debug, Args)]
pub struct ServiceStop {
    /// maintenance, fire-or-power, disaster, other or urgent (art. 26)
    #[arg(long, value_name = "REASON")]
    pub reason: String,
    /// What users and the public are told
    #[arg(long, value_name = "TEXT")]
    pub text: String,
}

/// `disaster …`.
#[derive(Debug, Subcommand)]
pub enum Disaster {
    /// Declare disaster use, by two officers, for 72 hours at most
    Declare(DisasterDeclare),
    /// End it before its time
    End(DisasterEnd),
}

/// `disaster end`.
#[derive(Debug, Args)]
pub struct DisasterEnd {
    /// Why
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
}

/// `disaster declare`.
#[derive(Debug, Args)]
pub struct DisasterDeclare {
    /// The district, as persons' areas name it; `*` is the whole city
    #[arg(long, value_name = "AREA")]
    pub area: String,
    /// Why
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
    /// Until when (RFC 3339)
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub until: Timestamp,
    /// The officer who declares
    #[arg(long, value_name = "NAME")]
    pub officer: String,
    /// Another officer who agrees
    #[arg(long, value_name = "NAME")]
    pub second_officer: String,
}

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
    /// demographics, team, consent, note, observation, document, plan, medication or directory
    #[arg(long, value_name = "CATEGORY")]
    pub category: Option<String>,
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

/// `audit …`.
#[derive(Debug, Subcommand)]
pub enum Audit {
    /// Who did what to whose records, newest first
    Search(AuditSearch),
    /// Check the whole chain of both journals, audit and registry
    Verify,
}

/// `audit search`.
#[derive(Debug, Args)]
pub struct AuditSearch {
    /// Concerning this person
    #[arg(long, value_name = "PERSON")]
    pub person: Option<String>,
    /// By this user ID
    #[arg(long, value_name = "USER_ID")]
    pub user: Option<String>,
    /// With this device
    #[arg(long, value_name = "DEVICE")]
    pub device: Option<String>,
    /// From this time on (RFC 3339)
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub from: Option<Timestamp>,
    /// Before this time (RFC 3339)
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub to: Option<Timestamp>,
    /// Most entries
    #[arg(long, value_name = "COUNT", default_value_t = 20)]
    pub limit: usize,
}

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

/// Reads a time for clap.
pub(crate) fn time(text: &str) -> Result<Timestamp, String> {
    Timestamp::parse(text).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests;
