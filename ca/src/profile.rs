//! Profiles: what a terminal's and a server's certificate says. The only choices the caller has are here.

use std::net::IpAddr;

use model::{Assurance, Timestamp};

use crate::error::Refused;
use crate::name::check_host;
use crate::places::StatusPlaces;

/// Certificates begin so much before now, in seconds: terminals whose clock is behind can use them at once.
pub(crate) const BACKDATED_SECONDS: i64 = 300;
/// Seconds of a day.
pub(crate) const DAY_SECONDS: i64 = 86_400;
/// Longest validity of a terminal's or a server's certificate, in days (what Apple's platforms accept of servers).
pub(crate) const LEAF_DAYS_MAX: u16 = 397;

/// Validity of an OCSP responder's certificate, in days. Nobody asks whether it is revoked, so it is short.
pub(crate) const RESPONDER_DAYS: u16 = 3;

/// A host name in lower case, as the gateway is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Host(String);

impl Host {
    /// Checks and wraps: letters, digits, hyphens, in labels; no wildcard, no address, no port.
    ///
    /// # Errors
    /// The text is no such name.
    pub fn new(text: &str) -> Result<Self, Refused> {
        check_host(text)?;
        Ok(Self(text.to_owned()))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The profile of device certificates, version 1.
///
/// Subject: `CN=<device id>`, nothing else, since certificates show up in logs. Alternative name: the URI
/// `https://<host>/d/<device id>`. Usage: digitalSignature (critical), clientAuth exactly. Policy: the assurance level.
/// Places: the shard of the revocation list that the serial number names, the issuer's certificate, the OCSP responder.
/// Facility, holder and users are in the registry, not in the certificate: a terminal moves, a facility merges.
#[derive(Clone, Debug)]
pub struct DeviceProfile {
    pub(crate) host: Host,
    pub(crate) places: StatusPlaces,
    pub(crate) assurance: Assurance,
    days: Option<u16>,
    pub(crate) not_beyond: Option<Timestamp>,
}

impl DeviceProfile {
    /// Validity where nobody says otherwise, in days.
    pub const DAYS: u16 = 180;
    /// Longest validity of any level, in days; that of each is [`Assurance::days_max`].
    pub const DAYS_MAX: u16 = LEAF_DAYS_MAX;

    /// For terminals of the gateway `host`, whose revocation list lies at `list_url`, with a key made on the terminal by
    /// software unless [`Self::assured`] says otherwise.
    ///
    /// # Errors
    /// `list_url` is not `http(s)://host[:port]/path`.
    pub fn new(host: Host, list_url: &str) -> Result<Self, Refused> {
        let places = StatusPlaces::beside(list_url)?;
        Ok(Self { host, places, assurance: Assurance::Software, days: None, not_beyond: None })
    }

    /// With a key that came about in this way; valid for the longest that such a key may be, unless [`Self::valid_for`]
    /// says otherwise.
    #[must_use]
    pub fn assured(mut self, assurance: Assurance) -> Self {
        self.assurance = assurance;
        self
    }

    /// Valid for so many days, 1 to 397; whether the assurance level allows as many is asked when it is used. Always ends
    /// with the issuer at the latest.
    ///
    /// # Errors
    /// Out of bounds.
    pub fn valid_for(mut self, days: u16) -> Result<Self, Refused> {
        if !(1..=LEAF_DAYS_MAX).contains(&days) {
            return Err(Refused::Bounds { what: "the validity in days", given: days.to_string(), allowed: "1 to 397" });
        }
        self.days = Some(days);
        Ok(self)
    }

    /// Valid until `end` at the latest: the end of the loan (art. 37).
    #[must_use]
    pub fn not_beyond(mut self, end: Timestamp) -> Self {
        self.not_beyond = Some(end);
        self
    }

    /// The gateway's name.
    #[must_use]
    pub const fn host(&self) -> &Host {
        &self.host
    }

    /// How the key came about.
    #[must_use]
    pub const fn assurance(&self) -> Assurance {
        self.assurance
    }

    /// Days of validity, held to the level's longest.
    pub(crate) fn days(&self) -> Result<u16, Refused> {
        let longest = self.assurance.days_max();
        let days = self.days.unwrap_or(longest);
        if days <= longest {
            return Ok(days);
        }
        let allowed = "1 to 180, and to 397 for a key that is carried in a container";
        Err(Refused::Bounds { what: "the validity in days", given: days.to_string(), allowed })
    }

    pub(crate) fn device_uri(&self, device: &model::DeviceId) -> String {
        format!("https://{}/d/{device}", self.host.as_str())
    }
}

/// The profile of server certificates: the gateway's and console's own, for cities without a public one. 397 days,
/// digitalSignature, serverAuth exactly. Issued by an authority that cannot issue for terminals.
#[derive(Clone, Debug)]
pub struct ServerProfile {
    pub(crate) hosts: Vec<Host>,
    pub(crate) addresses: Vec<IpAddr>,
}

impl ServerProfile {
    /// Validity, in days.
    pub const DAYS: u16 = LEAF_DAYS_MAX;
    /// Most names and addresses together.
    pub const NAMES_MAX: usize = 32;

    /// For a server under these names and addresses.
    ///
    /// # Errors
    /// None at all, or too many.
    pub fn new(hosts: Vec<Host>, addresses: Vec<IpAddr>) -> Result<Self, Refused> {
        let count = hosts.len() + addresses.len();
        if !(1..=Self::NAMES_MAX).contains(&count) {
            return Err(Refused::Bounds { what: "the number of names", given: count.to_string(), allowed: "1 to 32" });
        }
        Ok(Self { hosts, addresses })
    }

    /// The first name that fits into a common name; programs read the alternative names only.
    pub(crate) fn common_name(&self) -> String {
        let hosts = self.hosts.iter().map(|host| host.as_str().to_owned());
        let addresses = self.addresses.iter().map(ToString::to_string);
        hosts.chain(addresses).find(|name| name.len() <= 64).unwrap_or_else(|| "Sekisho".to_owned())
    }
}
