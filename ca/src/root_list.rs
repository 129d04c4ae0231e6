//! The root's own revocation list: which issuing authorities nobody may rely on any more (RFC 5280 5). Signed where the root's
//! key is, by hand, so it is good for as long as a server certificate and is signed anew with it.

use std::collections::BTreeMap;

use model::{SerialNumber, Timestamp};
use rcgen::RevocationReason;
use x509_parser::prelude::FromDer;
use x509_parser::revocation_list::CertificateRevocationList;

use crate::authority::Root;
use crate::crl::{By, List};
use crate::error::Refused;
use crate::key::{RootKey, pem};
use crate::profile::DAY_SECONDS;
use crate::serial::RecordedNumber;

/// From thisUpdate to nextUpdate, in days: a year and a month to sign the next one in.
const ROOT_LIST_DAYS: i64 = 397;

model::words! {
    /// Why an authority's certificate ends (RFC 5280 5.3.1).
    pub enum AuthorityCause ("cause for revoking an authority") {
        /// Its key is, or may be, out of our hands: cACompromise.
        Compromised = "compromised",
        /// Another one issues in its place: superseded.
        Superseded = "superseded",
        /// It issues nothing any more: cessationOfOperation.
        Ceased = "ceased",
    }
}

impl AuthorityCause {
    const fn reason(self) -> RevocationReason {
        match self {
            Self::Compromised => RevocationReason::CaCompromise,
            Self::Superseded => RevocationReason::Superseded,
            Self::Ceased => RevocationReason::CessationOfOperation,
        }
    }
}

/// One revoked authority.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RevokedAuthority {
    /// Serial number of its certificate.
    pub serial: SerialNumber,
    /// When it was revoked.
    pub at: Timestamp,
    /// Why.
    pub cause: AuthorityCause,
}

/// The root's list, as signed by the root that it was built or read with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RootList {
    der: Vec<u8>,
    number: u64,
    next_update: Timestamp,
    revoked: BTreeMap<SerialNumber, Timestamp>,
}

impl RootList {
    /// Builds and signs the list of everything that was ever revoked under the root: version 2, AuthorityKeyIdentifier,
    /// CRLNumber, and no scope, since it speaks of all that the root has certified.
    ///
    /// # Errors
    /// A serial number twice, a key that is not the root's, a root not valid at `now`, or a list that does not read back as it
    /// was meant.
    pub fn build(
        root: &Root,
        key: &RootKey,
        revoked: &[RevokedAuthority],
        number: &RecordedNumber,
        now: Timestamp,
    ) -> Result<Self, Refused> {
        if key.public() != *root.public_key() {
            return Err(Refused::OtherKey { issuer: root.common_name().to_owned() });
        }
        let (from, until) = (root.not_before(), root.not_after());
        if now < from || now > until {
            return Err(Refused::IssuerNotValid { issuer: root.common_name().to_owned(), from, until });
        }
        let mut entries = BTreeMap::new();
        for entry in revoked {
            // Whole seconds, as they are read again.
            let at = Timestamp::from_millis(entry.at.min(now).as_seconds().saturating_mul(1000));
            if entries.insert(entry.serial, (at, entry.cause.reason())).is_some() {
                return Err(Refused::Crl(format!("serial number {} is on it twice", entry.serial)));
            }
        }
        let this_update = Timestamp::from_millis(now.as_seconds().saturating_mul(1000));
        let next_update = this_update.plus_seconds(ROOT_LIST_DAYS.saturating_mul(DAY_SECONDS));
        let list = List { entries, number: number.number(), this_update, next_update, url: None };
        let der = list.sign(&by(root), key.pair())?;
        list.read_back(&by(root), &der)?;
        Ok(Self::of(der, &list))
    }

    /// Reads a list from PEM or DER, and holds it to the form in which [`Self::build`] writes, the root's signature included.
    /// Whether it is still good is for the caller: what it revokes stays revoked.
    ///
    /// # Errors
    /// Unreadable, in another form, or not signed by `root`.
    pub fn read(given: &[u8], root: &Root) -> Result<Self, Refused> {
        let wrong = |why: &str| Refused::Crl(why.to_owned());
        let der = if given.first() == Some(&0x30) {
            given.to_vec()
        } else {
            let (_, block) = x509_parser::pem::parse_x509_pem(given).map_err(|_| wrong("it is neither DER nor PEM"))?;
            if block.label != "X509 CRL" {
                return Err(wrong("the PEM block is no revocation list"));
            }
            block.contents
        };
        let (_, list) = CertificateRevocationList::from_der(&der).map_err(|_| wrong("it is no revocation list"))?;
        let at = |time: x509_parser::time::ASN1Time| Timestamp::from_millis(time.timestamp().saturating_mul(1000));
        let mut entries = BTreeMap::new();
        for entry in list.iter_revoked_certificates() {
            let serial = SerialNumber::from_octets(entry.raw_serial()).map_err(|_| wrong("a serial number is none"))?;
            let reason = match entry.reason_code().map_or(0, |(_, reason)| reason.0) {
                2 => RevocationReason::CaCompromise,
                4 => RevocationReason::Superseded,
                5 => RevocationReason::CessationOfOperation,
                _ => return Err(wrong("a reason is none that the root gives")),
            };
            entries.insert(serial, (at(entry.revocation_date), reason));
        }
        let number = list.crl_number().and_then(|number| u64::try_from(number).ok());
        let read = List {
            entries,
            number: number.ok_or_else(|| wrong("it has no number"))?,
            this_update: at(list.last_update()),
            next_update: list.next_update().map(at).ok_or_else(|| wrong("it does not say until when it is good"))?,
            url: None,
        };
        read.read_back(&by(root), &der)?;
        Ok(Self::of(der, &read))
    }

    fn of(der: Vec<u8>, list: &List<'_>) -> Self {
        let revoked = list.entries.iter().map(|(serial, (at, _))| (*serial, *at)).collect();
        Self { der, number: list.number, next_update: list.next_update, revoked }
    }

    /// When the root revoked the authority with this serial number, if it did.
    #[must_use]
    pub fn revoked_at(&self, serial: &SerialNumber) -> Option<Timestamp> {
        self.revoked.get(serial).copied()
    }

    /// The list in DER.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// The list in PEM.
    ///
    /// # Errors
    /// The crypto library failed.
    pub fn pem(&self) -> Result<String, Refused> {
        pem("X509 CRL", &self.der)
    }

    /// CRLNumber.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.number
    }

    /// nextUpdate.
    #[must_use]
    pub fn next_update(&self) -> Timestamp {
        self.next_update
    }

    /// How many authorities it names.
    #[must_use]
    pub fn entries(&self) -> usize {
        self.revoked.len()
    }
}

fn by(root: &Root) -> By<'_> {
    By { der: root.der(), subject_der: root.subject_der(), key: root.public_key() }
}
