//! Revocation lists (RFC 5280 5): for strangers that check our certificates, and as evidence. The gateway itself asks
//! the registry, which is faster and knows more.

use std::collections::BTreeMap;
use std::time::Duration;

use model::{ReasonCode, SerialNumber, Timestamp};
use rcgen::{
    CertificateRevocationListParams, CrlDistributionPoint, CrlIssuingDistributionPoint, CrlScope, KeyIdMethod,
    RevocationReason, RevokedCertParams,
};
use x509_parser::extensions::{
    DistributionPointName, GeneralName, IssuingDistributionPoint, ParsedExtension, X509Extension,
};
use x509_parser::prelude::FromDer;
use x509_parser::revocation_list::CertificateRevocationList;

use crate::authority::Issuing;
use crate::error::Refused;
use crate::key::{IssuingKey, pem};
use crate::pair::Pair;
use crate::places::StatusPlaces;
use crate::public_key::{PublicKey, hex};
use crate::serial::RecordedNumber;
use crate::shard::Shard;

/// From thisUpdate to nextUpdate, in seconds: 24 hours. Lists are signed anew every hour and at each revocation, so a
/// list may be missed for a day before those who check it refuse everybody.
pub const NEXT_UPDATE_SECONDS: i64 = 86_400;

/// One revoked certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Revoked {
    /// Its serial number.
    pub serial: SerialNumber,
    /// When it was revoked.
    pub at: Timestamp,
    /// Why.
    pub reason: ReasonCode,
}

/// A signed revocation list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Crl {
    der: Vec<u8>,
    number: u64,
    this_update: Timestamp,
    next_update: Timestamp,
    entries: usize,
}

impl Crl {
    /// The list in DER: what distribution points serve (`application/pkix-crl`, RFC 2585 4.2).
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

    /// thisUpdate.
    #[must_use]
    pub fn this_update(&self) -> Timestamp {
        self.this_update
    }

    /// nextUpdate.
    #[must_use]
    pub fn next_update(&self) -> Timestamp {
        self.next_update
    }

    /// How many certificates it names.
    #[must_use]
    pub fn entries(&self) -> usize {
        self.entries
    }
}

/// Builds and signs a full list: version 2 with AuthorityKeyIdentifier and CRLNumber, entries in the order of their
/// serial numbers, unspecified reasons left out (RFC 5280 5.3.1), thisUpdate `now`, nextUpdate 24 hours later.
///
/// # Errors
/// A serial number twice, a key that is not the issuer's, an issuer not valid at `now`, or a list that does
/// not read back as it was meant.
pub fn build_crl(
    issuer: &Issuing,
    key: &IssuingKey,
    revoked: &[Revoked],
    number: &RecordedNumber,
    now: Timestamp,
) -> Result<Crl, Refused> {
    build(issuer, key, revoked, number, now, None)
}

/// The same for one shard: it says that it lies at `places` and speaks of terminals only (issuingDistributionPoint,
/// critical), so that no shard passes for another, or for the whole (RFC 5280 5.2.5).
///
/// # Errors
/// As [`build_crl`]; or a serial number belongs to another shard.
pub fn build_shard(
    issuer: &Issuing,
    key: &IssuingKey,
    (places, shard): (&StatusPlaces, Shard),
    revoked: &[Revoked],
    number: &RecordedNumber,
    now: Timestamp,
) -> Result<Crl, Refused> {
    if let Some(stranger) = revoked.iter().find(|entry| Shard::of(&entry.serial) != shard) {
        return Err(Refused::Crl(format!("serial number {} does not belong to shard {shard}", stranger.serial)));
    }
    build(issuer, key, revoked, number, now, Some(&places.shard(shard)))
}

fn build(
    issuer: &Issuing,
    key: &IssuingKey,
    revoked: &[Revoked],
    number: &RecordedNumber,
    now: Timestamp,
    url: Option<&str>,
) -> Result<Crl, Refused> {
    issuer.check_key(key)?;
    issuer.signs_lists(now)?;
    let mut entries = BTreeMap::new();
    for entry in revoked {
        // A clock that was ahead must not date a revocation after the list that announces it.
        let at = entry.at.min(now);
        if entries.insert(entry.serial, (at, reason_code(entry.reason))).is_some() {
            return Err(Refused::Crl(format!("serial number {} is on it twice", entry.serial)));
        }
    }
    let this_update = Timestamp::from_millis(now.as_seconds().saturating_mul(1000));
    let next_update = this_update.plus_seconds(NEXT_UPDATE_SECONDS);
    let number = number.number();
    let list = List { entries, number, this_update, next_update, url };
    let by = By { der: issuer.der(), subject_der: &issuer.view().subject_der, key: issuer.public_key() };
    let der = list.sign(&by, key.pair())?;
    list.read_back(&by, &der)?;
    Ok(Crl { der, number, this_update, next_update, entries: list.entries.len() })
}

/// Whose list it is, as its certificate says.
pub(crate) struct By<'a> {
    pub(crate) der: &'a [u8],
    pub(crate) subject_der: &'a [u8],
    pub(crate) key: &'a PublicKey,
}

/// What a list shall say: the one source for building it and for reading it back.
pub(crate) struct List<'a> {
    pub(crate) entries: BTreeMap<SerialNumber, (Timestamp, RevocationReason)>,
    pub(crate) number: u64,
    pub(crate) this_update: Timestamp,
    pub(crate) next_update: Timestamp,
    /// Of a shard, where it lies.
    pub(crate) url: Option<&'a str>,
}

impl List<'_> {
    pub(crate) fn sign(&self, by: &By<'_>, pair: &Pair) -> Result<Vec<u8>, Refused> {
        let calendar = |at: Timestamp| {
            let seconds = u64::try_from(at.as_seconds()).map_err(|_| Refused::Time("the time is before 1970"))?;
            // Cannot overflow: model's last point in time is in the year 9998, the calendar's in 9999.
            Ok::<_, Refused>(rcgen::date_time_ymd(1970, 1, 1) + Duration::from_secs(seconds))
        };
        let failed = |_| Refused::Crypto("writing a revocation list");
        let entry = |(serial, (at, reason)): (&SerialNumber, &(Timestamp, RevocationReason))| {
            Ok(RevokedCertParams {
                serial_number: rcgen::SerialNumber::from_slice(serial.octets()),
                revocation_time: calendar(*at)?,
                reason_code: Some(*reason),
                invalidity_date: None,
            })
        };
        let params = CertificateRevocationListParams {
            this_update: calendar(self.this_update)?,
            next_update: calendar(self.next_update)?,
            crl_number: self.number.into(),
            issuing_distribution_point: self.url.map(|url| CrlIssuingDistributionPoint {
                distribution_point: CrlDistributionPoint { uris: vec![url.to_owned()] },
                scope: Some(CrlScope::UserCertsOnly),
            }),
            revoked_certs: self.entries.iter().map(entry).collect::<Result<_, Refused>>()?,
            key_identifier_method: KeyIdMethod::PreSpecified(by.key.identifier()),
        };
        let signer = rcgen::Issuer::from_ca_cert_der(&by.der.into(), pair).map_err(failed)?;
        Ok(params.signed_by(&signer).map_err(failed)?.der().to_vec())
    }

    /// The list's lint: it must say what it was built from, no more, no less. A list that leaves a revoked terminal out is
    /// worse than none.
    pub(crate) fn read_back(&self, by: &By<'_>, der: &[u8]) -> Result<(), Refused> {
        let wrong = |what: &str| Refused::Crl(format!("{what} does not read back"));
        let (rest, list) = CertificateRevocationList::from_der(der).map_err(|_| wrong("it"))?;
        if !rest.is_empty() || list.version().map(|version| version.0) != Some(1) {
            return Err(wrong("its version"));
        }
        if list.issuer().as_raw() != by.subject_der {
            return Err(wrong("its issuer"));
        }
        let times = (list.last_update().timestamp(), list.next_update().map(|at| at.timestamp()));
        if times != (self.this_update.as_seconds(), Some(self.next_update.as_seconds())) {
            return Err(wrong("its time"));
        }
        let seen = list.iter_revoked_certificates().map(|entry| {
            let reason = entry.reason_code().map_or(0, |(_, reason)| reason.0);
            (SerialNumber::from_octets(entry.raw_serial()).ok(), entry.revocation_date.timestamp(), reason)
        });
        let wanted = self.entries.iter().map(|(serial, (at, reason))| (Some(*serial), at.as_seconds(), *reason as u8));
        if !seen.eq(wanted) {
            return Err(wrong("its list of serial numbers"));
        }
        let mut seen: Vec<_> = list.extensions().iter().map(extension).collect();
        let mut wanted =
            vec![(false, format!("key {}", hex(&by.key.identifier()))), (false, format!("number {}", self.number))];
        wanted.extend(self.url.map(|url| (true, format!("terminals at {url}"))));
        seen.sort_unstable();
        wanted.sort_unstable();
        if seen != wanted {
            return Err(wrong("its number, key identifier or scope"));
        }
        let body = list.tbs_cert_list.as_ref();
        if !by.key.signed(der, body, &list.signature_algorithm, &list.signature_value) {
            return Err(wrong("its signature"));
        }
        Ok(())
    }
}

/// Whether it is critical, and what it says; "another" for whatever we never write.
fn extension(extension: &X509Extension<'_>) -> (bool, String) {
    let says = match extension.parsed_extension() {
        ParsedExtension::AuthorityKeyIdentifier(seen) => {
            seen.key_identifier.as_ref().map(|key| format!("key {}", hex(key.0)))
        }
        ParsedExtension::CRLNumber(seen) => Some(format!("number {seen}")),
        ParsedExtension::IssuingDistributionPoint(seen) => scope(seen).map(|url| format!("terminals at {url}")),
        _ => None,
    };
    (extension.critical, says.unwrap_or_else(|| "another".to_owned()))
}

/// The one address of a list that speaks of end entities, for all reasons, and of no other issuer's.
fn scope(seen: &IssuingDistributionPoint<'_>) -> Option<String> {
    let plain = seen.only_contains_user_certs
        && !seen.only_contains_ca_certs
        && !seen.only_contains_attribute_certs
        && !seen.indirect_crl
        && seen.only_some_reasons.is_none();
    match &seen.distribution_point {
        Some(DistributionPointName::FullName(names)) if plain => match names.as_slice() {
            [GeneralName::URI(url)] => Some((*url).to_owned()),
            _ => None,
        },
        _ => None,
    }
}

const fn reason_code(reason: ReasonCode) -> RevocationReason {
    match reason {
        ReasonCode::Unspecified => RevocationReason::Unspecified,
        ReasonCode::KeyCompromise => RevocationReason::KeyCompromise,
        ReasonCode::AffiliationChanged => RevocationReason::AffiliationChanged,
        ReasonCode::Superseded => RevocationReason::Superseded,
        ReasonCode::CessationOfOperation => RevocationReason::CessationOfOperation,
        ReasonCode::PrivilegeWithdrawn => RevocationReason::PrivilegeWithdrawn,
    }
}
