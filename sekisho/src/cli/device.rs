//! `device`: devices on loan and their certificates (art. 37, 38-1).

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::PassphraseFile;

/// `device …`.
#[derive(Debug, Subcommand)]
pub enum Device {
    /// Register a device on loan and issue its certificate
    ///
    /// Without --csr a key is made here and written, with the certificate, into --out: DEVICE.pem (key, certificate,
    /// issuer: for curl) and DEVICE.p12 (for key stores; its password is printed once). Better is a key that never
    /// travels: --csr with a request made on the device (art. 38-1).
    Add(DeviceAdd),
    /// Issue a further certificate for a device, before the old one expires
    Certificate(DeviceCertificate),
    /// Register a certificate that a device has of another authority, which the settings name ([[external_ca]])
    ///
    /// It opens from here on, as long as the authority's lists say nothing against it. The number that is printed is ours for
    /// it: revoke by that.
    RegisterCertificate(DeviceRegisterCertificate),
    /// Print a slip with a one-time code, by which the device comes to its certificate by itself (art. 38-1)
    ///
    /// The key is made on the device and never leaves it. The code is shown this once; a new one ends the one before. Five
    /// wrong tries end it.
    Code(DeviceCode),
    /// Offer a container with key and certificate, to be fetched once by a link, for a device that can make no key
    ///
    /// Two sheets: the link is printed here, the password goes into --password-sheet and to the device by another way.
    /// Fetching asks for both. Nothing is made before it is fetched, and nothing of the key is kept. Copies of a container
    /// may go anywhere, so rules can keep such a device from what is most sensitive (art. 38-1).
    Container(DeviceContainer),
    /// Enter the name that the device's hardware vouches for: its serial number or UDID, as an attestation says it
    Hardware(DeviceHardware),
    /// Take over the city's loan list (CSV), line by line; print slips for what has no certificate yet
    ///
    /// UTF-8 or Shift_JIS; the first line names the columns: 端末番号, 利用施設番号, 管理者番号, 名称 and, if there is one, 製造番号 (or
    /// device, facility, holder, label, hardware). A line is taken whole or refused with a reason; what stands already is left
    /// as it is, so the same list can be given again.
    Import(DeviceImport),
    /// A device came back, was lost or retired: its certificates are revoked (art. 38-2)
    Return(DeviceReturn),
    /// Write files for those who look after terminals: browsers then choose the certificate without asking
    ///
    /// For Chrome, Chromium, Edge and Firefox, with the text for device management (Intune, Apple, Android) in README.md.
    Policies(DevicePolicies),
    /// List the devices whose last certificate ends soon or has ended, the nearest first
    ///
    /// What was renewed is left out. Facility administrators see those of their facility on the care host's first page.
    Expiring(DeviceExpiring),
    /// List the devices
    List,
}

/// `device register-certificate`.
#[derive(Debug, Args)]
pub struct DeviceRegisterCertificate {
    /// The device
    #[arg(value_name = "DEVICE")]
    pub device: String,
    /// Its certificate in PEM; whatever stands between it and what is trusted may follow
    #[arg(long, value_name = "FILE")]
    pub file: PathBuf,
}

/// `device expiring`.
#[derive(Debug, Args)]
pub struct DeviceExpiring {
    /// Only those on loan to this facility
    #[arg(long, value_name = "FACILITY")]
    pub facility: Option<String>,
    /// Those that end within so many days
    #[arg(long, value_name = "DAYS", default_value_t = registry::EXPIRY_DAYS)]
    pub within: u32,
}

/// `device policies`.
#[derive(Debug, Args)]
pub struct DevicePolicies {
    /// A new folder for the files
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
}

/// `device code`.
#[derive(Debug, Args)]
pub struct DeviceCode {
    /// The device
    #[arg(value_name = "DEVICE")]
    pub device: String,
    /// Hours in which the code can be used, 1 to 72
    #[arg(long, value_name = "HOURS", default_value_t = 72, value_parser = clap::value_parser!(i64).range(1..=registry::ENROLMENT_HOURS_MAX))]
    pub hours: i64,
    /// Print nothing: end the code that is out, whose slip was lost
    #[arg(long, conflicts_with_all = ["attested", "hours", "profile"])]
    pub cancel: bool,
    /// Only for a key in hardware whose maker vouches for it (ACME, device-attest-01); the device's hardware must have a
    /// name (`device hardware`)
    #[arg(long)]
    pub attested: bool,
    /// With --attested: write a signed configuration profile (.mobileconfig) for Apple's systems into this new file
    #[arg(long, value_name = "FILE", requires = "attested")]
    pub profile: Option<PathBuf>,
    /// The authority's passphrase, which signs the profile.
    #[command(flatten)]
    pub passphrase: PassphraseFile,
}

/// `device container`.
#[derive(Debug, Args)]
pub struct DeviceContainer {
    /// The device
    #[arg(value_name = "DEVICE")]
    pub device: String,
    /// A new file for the second sheet, with the password
    #[arg(long, value_name = "FILE")]
    pub password_sheet: PathBuf,
    /// Hours in which the link can be used, 1 to 72
    #[arg(long, value_name = "HOURS", default_value_t = 72, value_parser = clap::value_parser!(i64).range(1..=registry::ENROLMENT_HOURS_MAX))]
    pub hours: i64,
}

/// `device import`.
#[derive(Debug, Args)]
pub struct DeviceImport {
    /// The list
    #[arg(value_name = "FILE.csv")]
    pub file: PathBuf,
    /// Say what would become of each line, and do nothing
    #[arg(long)]
    pub dry_run: bool,
    /// A new file for the slips of all devices of the list that have neither a certificate nor a code, one a page. Each is in the
    /// file before its code is good, so what an interruption leaves can be handed out
    #[arg(long, value_name = "FILE")]
    pub slips: Option<PathBuf>,
    /// With --slips: also for those that have a code and no certificate, since their slips are lost. The codes before are over
    #[arg(long, requires = "slips")]
    pub again: bool,
    /// Hours in which the codes on the slips can be used, 1 to 72
    #[arg(long, value_name = "HOURS", default_value_t = 72, value_parser = clap::value_parser!(i64).range(1..=registry::ENROLMENT_HOURS_MAX))]
    pub hours: i64,
}

/// `device hardware`.
#[derive(Debug, Args)]
pub struct DeviceHardware {
    /// The device
    #[arg(value_name = "DEVICE")]
    pub device: String,
    /// The name, 1 to 128 characters
    #[arg(value_name = "NAME", required_unless_present = "none")]
    pub name: Option<String>,
    /// Take the name away
    #[arg(long, conflicts_with = "name")]
    pub none: bool,
}

/// `device return`.
#[derive(Debug, Args)]
pub struct DeviceReturn {
    /// The device
    #[arg(value_name = "DEVICE")]
    pub device: String,
    /// Why: stolen, lost, copied, compromised, misuse, broken, retired, returned, left
    #[arg(long, value_name = "CAUSE", default_value = "returned")]
    pub because: String,
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
    /// Register only: the device comes to its certificate by itself, by a code (`device code`)
    #[arg(long, conflicts_with = "csr")]
    pub without_certificate: bool,
    /// How the certificate is made and where it goes.
    #[command(flatten)]
    pub issue: IssueTo,
}

/// `device certificate`.
#[derive(Debug, Args)]
pub struct DeviceCertificate {
    /// The device
    #[arg(value_name = "DEVICE")]
    pub device: String,
    /// How the certificate is made and where it goes.
    #[command(flatten)]
    pub issue: IssueTo,
}

/// How a certificate is made and where it goes.
#[derive(Debug, Args)]
pub struct IssueTo {
    /// Certification request (PKCS#10) made on the device; only its key is taken
    #[arg(long, value_name = "FILE")]
    pub csr: Option<PathBuf>,
    /// Folder for what the device gets
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub out: PathBuf,
    /// Days of validity, 1 to 397; with --csr to 180
    #[arg(long, value_name = "DAYS", default_value_t = ca::DeviceProfile::DAYS, value_parser = days)]
    pub days: u16,
    /// The authority's passphrase.
    #[command(flatten)]
    pub passphrase: PassphraseFile,
}

/// Reads days of validity for clap.
fn days(text: &str) -> Result<u16, String> {
    let days = text.parse().ok().filter(|days| (1..=ca::DeviceProfile::DAYS_MAX).contains(days));
    days.ok_or_else(|| format!("a certificate lasts 1 to {} days", ca::DeviceProfile::DAYS_MAX))
}
