//! What can be asked on the command line, one file a noun, as in `verbs`. The help texts are kept in `sekisho/help`, and
//! a test holds them.

pub mod audit;
pub mod authority;
pub mod break_glass;
pub mod certificate;
pub mod contract;
pub mod deletion;
pub mod device;
pub mod duty;
pub mod enrol;
pub mod explain;
pub mod facility;
pub mod journal;
pub mod log;
pub mod machine;
pub mod map;
pub mod person;
pub mod policy;
pub mod report;
pub mod revocation;
pub mod service;
pub mod suspension;
pub mod team;
pub mod user;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use model::{Author, Office, Timestamp};

use crate::error::Error;

pub use audit::Audit;
pub use authority::{Authority, RootPassphrase, Witnesses};
pub use break_glass::BreakGlass;
pub use certificate::Certificate;
pub use contract::Contract;
pub use deletion::Deletion;
pub use device::Device;
pub use duty::Duty;
pub use enrol::Enrol;
pub use explain::Explain;
pub use facility::Facility;
pub use journal::Journal;
pub use log::Registry;
pub use machine::{Check, Demo, Init, PassphraseFile, Role, Serve};
pub use map::Map;
pub use person::{Consent, Person};
pub use policy::Policy;
pub use report::Report;
pub use revocation::{Confirm, Revocation, Revoke};
pub use service::{Disaster, Service};
pub use suspension::{Resume, Suspend, Suspension};
pub use team::Team;
pub use user::User;

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
    /// Settings file [env: SEKISHO_SETTINGS]
    #[arg(long, global = true, value_name = "FILE")]
    pub settings: Option<PathBuf>,
    /// Data folder; stands for --settings DIR/sekisho.toml
    #[arg(long, global = true, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Print JSON, one object a line, instead of sentences
    #[arg(long, global = true)]
    pub json: bool,
    /// Who does it: city-officer, city-clerk, contractor or facility-administrator, and a name [default: city-clerk:$USER;
    /// where $USER names nobody either, nothing is changed] [env: SEKISHO_AS]
    #[arg(long = "as", global = true, value_name = "OFFICE:NAME")]
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
            (None, None) => given("SEKISHO_SETTINGS").map(PathBuf::from).ok_or_else(|| {
                Error::usage("no settings; give --data DIR or --settings FILE, or set SEKISHO_SETTINGS")
            }),
        }
    }

    /// Who stands behind the act; none where nobody is named. Whoever only reads need not be named.
    ///
    /// # Errors
    /// No such office, no name, or an office nobody can claim here.
    pub fn author(&self) -> Result<Option<Author>, Error> {
        // What is no text names an office as little as any other wrong one.
        let by_environment = || given("SEKISHO_AS").map(|text| text.to_string_lossy().into_owned());
        match self.author.clone().or_else(by_environment) {
            Some(text) => parse_author(&text).map(Some),
            None => Ok(author_by_login(std::env::var("USER").ok().as_deref())),
        }
    }
}

/// What the environment says, if anything. Not left to clap, which would show what stands there as if it had to be typed.
fn given(variable: &str) -> Option<OsString> {
    std::env::var_os(variable).filter(|text| !text.is_empty())
}

/// The clerk whose login it is; none where the login says nothing, as in a service or a container.
fn author_by_login(login: Option<&str>) -> Option<Author> {
    login.filter(|name| !name.trim().is_empty()).map(|name| Author::new(Office::CityClerk, name))
}

/// Something is to be changed, and nobody answers for it.
pub(crate) fn nobody_named() -> Error {
    Error::usage(
        "nobody is named who does this; give --as OFFICE:NAME, such as --as city-clerk:Sato, or set SEKISHO_AS",
    )
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
    ///
    /// Without --data the folder is a temporary one and goes with the demo. With --data DIR it stays, and the next `sekisho
    /// demo --data DIR` goes on with it: the same people and keys, and whatever was changed meanwhile.
    Demo(Demo),
    /// Facilities (利用施設): apply, approve, refuse, change, close (art. 6, 8, 9, 12, 13)
    #[command(subcommand)]
    Facility(Facility),
    /// Users (利用者) and their user IDs: grant, replace, end (art. 7, 10, 12)
    #[command(subcommand)]
    User(User),
    /// Devices on loan (貸与端末) and their certificates (art. 37, 38-1)
    #[command(subcommand)]
    Device(Device),
    /// On a terminal: make a key and fetch the certificate for it, by a one-time code or to renew it (art. 38-1)
    ///
    /// Writes DEVICE.pem (key, certificate, issuer: for curl) and DEVICE.p12 (for the browser; its password is printed once)
    /// into --out. The key is made here and never sent. On Windows, deploy/enrol/enrol.ps1 keeps the key in the TPM instead.
    Enrol(Enrol),
    /// Supported persons (支援対象者) and their eligibility (art. 3)
    #[command(subcommand)]
    Person(Person),
    /// Consent (参加同意書): give, withdraw, list (art. 17, 21-2)
    #[command(subcommand)]
    Consent(Consent),
    /// Care teams: who cares for whom, in which role, until when (art. 18)
    #[command(subcommand)]
    Team(Team),
    /// Roles for whole facilities: who stands in on duty, who manages (art. 18)
    #[command(subcommand)]
    Duty(Duty),
    /// Deletion orders: one officer orders, another approves, a named user ID deletes (art. 17-2, 19-2)
    #[command(subcommand)]
    Deletion(Deletion),
    /// Contracts (契約) under which the contractor operates for the city (art. 4)
    #[command(subcommand)]
    Contract(Contract),
    /// Suspend a user ID, user, device, facility or person (art. 29, 39-2); open connections end at once
    Suspend(Suspend),
    /// Lift all suspensions of a target, or one
    Resume(Resume),
    /// Suspensions (一時停止) in force (art. 29, 39-2)
    #[command(subcommand)]
    Suspension(Suspension),
    /// Reports owed to the city for acts in its place: list, acknowledge (art. 10-5, 29-2, 39-3)
    #[command(subcommand)]
    Report(Report),
    /// Revoke a device's certificates, or one certificate (art. 38-2); open connections end at once
    Revoke(Revoke),
    /// Confirm a revocation, as administrator of the facility (art. 38-3)
    Confirm(Confirm),
    /// Revocations (失効): what waits for its confirmation, and all of a facility in one act (art. 38-2, 38-3)
    #[command(subcommand, visible_alias = "revocations")]
    Revocation(Revocation),
    /// Stop the service as a whole, or go on again (art. 26)
    #[command(subcommand)]
    Service(Service),
    /// Disaster use (災害時利用): declare, end (art. 21)
    #[command(subcommand)]
    Disaster(Disaster),
    /// Break-glass: off until two officers issue the city's rule for it (art. 41)
    #[command(subcommand)]
    BreakGlass(BreakGlass),
    /// Say whether a user may see a person's records, by which rule and article, and what would change it
    Explain(Explain),
    /// The rules: check, test, prove, compare and replay them before they decide anything
    #[command(subcommand)]
    Policy(Policy),
    /// The registry: who did what to whom, when and why
    #[command(subcommand)]
    Registry(Registry),
    /// The audit: search, verify
    #[command(subcommand)]
    Audit(Audit),
    /// Route maps of stores that do not speak FHIR: check one, and hold it against a log
    #[command(subcommand)]
    Map(Map),
    /// The journals underneath: where they end, and cutting a torn end
    #[command(subcommand)]
    Journal(Journal),
    /// Device certificates (電子証明書): status, list, give up a number (art. 38); and the server's: renew
    #[command(subcommand)]
    Certificate(Certificate),
    /// The city's certificate authorities: the next one that issues, and what the root has signed (art. 38)
    #[command(subcommand)]
    Authority(Authority),
}

/// Reads a time for clap.
pub(crate) fn time(text: &str) -> Result<Timestamp, String> {
    Timestamp::parse(text).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests;
