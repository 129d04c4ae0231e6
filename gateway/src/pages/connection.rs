//! The connection check (接続診断): what the gateway saw of a terminal and of its connection, in words that a worker can read to the
//! desk. It says nothing of persons.

use askama::Template;
use model::{Assurance, DeviceId, SerialNumber, Timestamp};

use super::frame::Frame;
use super::paths;
use super::shown::Shown;
use crate::tls::negotiated::Negotiated;

/// The page.
#[derive(Template)]
#[template(path = "connection.html")]
pub struct ConnectionCheck<'a> {
    /// Around it.
    pub frame: &'a Frame<'a>,
    /// Which terminal.
    pub device: &'a DeviceId,
    /// What is written on it.
    pub label: Shown<'a>,
    /// Its certificate.
    pub certificate: CheckedCertificate,
    /// How the connection came about.
    pub tls: &'a Negotiated,
}

/// What is said of the certificate that was shown.
#[derive(Clone, Copy, Debug)]
pub struct CheckedCertificate {
    /// Its number in the registry.
    pub serial: SerialNumber,
    /// When it ends.
    pub until: Timestamp,
    /// Whole days that are left.
    pub days_left: Option<i64>,
    /// How its key came about.
    pub assurance: Assurance,
    /// Whether something should be done.
    pub renewal: Renewal,
}

/// What should be done about a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Renewal {
    /// Nothing yet.
    NotYet,
    /// It is time for the next one.
    Due,
    /// The terminal has one that lasts longer, and shows this one.
    Newer,
}

impl ConnectionCheck<'_> {
    fn title(&self) -> String {
        self.frame.say("connection-title")
    }

    fn assurance(&self) -> String {
        self.frame.say(match self.certificate.assurance {
            Assurance::Attested => "assurance-attested",
            Assurance::Tpm => "assurance-tpm",
            Assurance::Software => "assurance-software",
            Assurance::Container => "assurance-container",
        })
    }

    fn renewal(&self) -> String {
        self.frame.say(match self.certificate.renewal {
            Renewal::NotYet => "renewal-not-yet",
            Renewal::Due => "renewal-due",
            Renewal::Newer => "renewal-newer",
        })
    }

    fn home(&self) -> &'static str {
        paths::HOME
    }
}
