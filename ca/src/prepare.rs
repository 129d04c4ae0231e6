//! From profile to certificate in two steps: prepare (write it with a blank for the signature, lint), then issue (sign once).
//!
//! The lint sees the very octets that are signed: the certificate is written once, and the signature takes the place of the
//! blank. letsencrypt/boulder, `linter/linter.go`, comes to the same with a throw-away key and a comparison.

use aws_lc_rs::digest;
use model::{DeviceId, SerialNumber, Timestamp};
use x509_parser::certificate::X509Certificate;
use x509_parser::der_parser::asn1_rs::Oid;
use x509_parser::prelude::FromDer;

use crate::authority::{Issuing, Purpose};
use crate::error::Refused;
use crate::key::{IssuingKey, pem};
use crate::lint::lint;
use crate::pair::Pair;
use crate::plan::{Access, AltName, Kind, Plan};
use crate::profile::{BACKDATED_SECONDS, DAY_SECONDS, DeviceProfile, ServerProfile};
use crate::public_key::{PublicKey, hex};
use crate::serial::RecordedSerial;
use crate::shard::Shard;

/// A clean, unsigned certificate. Dropped, it leaves a serial number that was never used. [`Prepared::issue`] uses it up:
///
/// ```compile_fail,E0382
/// # fn stranger(prepared: ca::Prepared, key: &ca::IssuingKey) {
/// let first = prepared.issue(key);
/// let second = prepared.issue(key);
/// # }
/// ```
#[derive(Debug)]
pub struct Prepared {
    plan: Plan,
    /// To be signed (RFC 5280 4.1.1.1); linted.
    body: Vec<u8>,
    algorithm: Oid<'static>,
    issuer_name: String,
    issuer_key: PublicKey,
}

/// A signed certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issued {
    der: Vec<u8>,
    pem: String,
    fingerprint: [u8; 32],
    fingerprint_sha256: String,
    serial: SerialNumber,
    not_before: Timestamp,
    not_after: Timestamp,
    key: PublicKey,
}

/// Prepares a terminal's certificate (art. 38-1). Facts about the loan are the registry's to check, before.
///
/// Valid from five minutes before `now`, for the profile's days, never beyond the loan or the issuer.
///
/// # Errors
/// The issuer is for something else, is not valid at `now` or has less than a day left; the loan has ended; the key is
/// the issuer's own; or the lint found something.
pub fn prepare(
    profile: &DeviceProfile,
    device: &DeviceId,
    key: &PublicKey,
    serial: RecordedSerial,
    now: Timestamp,
    issuer: &Issuing,
) -> Result<Prepared, Refused> {
    let (not_before, not_after) = device_validity(profile, now, issuer)?;
    let plan = Plan {
        kind: Kind::Device,
        serial: serial.number(),
        organization: None,
        common_name: device.as_str().to_owned(),
        not_before,
        not_after,
        alt_names: vec![AltName::Uri(profile.device_uri(device))],
        list_url: Some(profile.places.shard(Shard::of(&serial.number()))),
        access: Some(Access { issuer: profile.places.issuer(), responder: profile.places.responder() }),
        assurance: Some(profile.assurance),
        key: key.clone(),
        issuer: issuer.view(),
    };
    Prepared::from_plan(plan, issuer.common_name(), issuer.public_key())
}

/// First and last second that a terminal's certificate prepared at `now` would have, for whoever records the serial
/// number before there is a certificate. The same for the same arguments.
///
/// # Errors
/// As [`prepare()`], as far as times and the issuer go.
pub fn device_validity(
    profile: &DeviceProfile,
    now: Timestamp,
    issuer: &Issuing,
) -> Result<(Timestamp, Timestamp), Refused> {
    let (not_before, not_after) = validity(profile.days()?, now, issuer, Purpose::Devices)?;
    let not_after = profile.not_beyond.map_or(not_after, |end| not_after.min(end));
    if not_after <= now {
        return Err(Refused::Time("the loan of the terminal has ended"));
    }
    Ok((whole_second(not_before), whole_second(not_after)))
}

/// Prepares a server's certificate; the issuer is one for servers.
///
/// # Errors
/// As [`prepare()`].
pub fn prepare_server(
    profile: &ServerProfile,
    key: &PublicKey,
    serial: RecordedSerial,
    now: Timestamp,
    issuer: &Issuing,
) -> Result<Prepared, Refused> {
    let (not_before, not_after) = validity(ServerProfile::DAYS, now, issuer, Purpose::Servers)?;
    let hosts = profile.hosts.iter().map(|host| AltName::Dns(host.as_str().to_owned()));
    let addresses = profile.addresses.iter().map(|address| AltName::Address(*address));
    let plan = Plan {
        kind: Kind::Server,
        serial: serial.number(),
        organization: None,
        common_name: profile.common_name(),
        not_before,
        not_after,
        alt_names: hosts.chain(addresses).collect(),
        list_url: None,
        access: None,
        assurance: None,
        key: key.clone(),
        issuer: issuer.view(),
    };
    Prepared::from_plan(plan, issuer.common_name(), issuer.public_key())
}

pub(crate) fn validity(
    days: u16,
    now: Timestamp,
    issuer: &Issuing,
    purpose: Purpose,
) -> Result<(Timestamp, Timestamp), Refused> {
    if issuer.purpose() != purpose {
        return Err(Refused::OtherPurpose { issuer: issuer.common_name().to_owned(), purpose: purpose.as_str() });
    }
    issuer.certifies(now)?;
    let from = issuer.not_before();
    let begin = now.plus_seconds(-BACKDATED_SECONDS).max(from);
    Ok((begin, end_of(begin, i64::from(days)).min(issuer.not_after())))
}

/// The last second of so many days from `begin` on: both ends belong to a validity (RFC 5280 4.1.2.5).
pub(crate) fn end_of(begin: Timestamp, days: i64) -> Timestamp {
    begin.plus_seconds(days.saturating_mul(DAY_SECONDS).saturating_sub(1))
}

impl Prepared {
    pub(crate) fn from_plan(plan: Plan, issuer_name: &str, issuer_key: &PublicKey) -> Result<Self, Refused> {
        // A terminal that got the issuer's own key certified could pass as the issuer wherever usages are not checked.
        if plan.kind != Kind::Root && plan.key == *issuer_key {
            return Err(Refused::IssuersKey);
        }
        let blank = plan.write(&plan.params()?)?;
        let findings = lint(&plan, &blank);
        if !findings.is_empty() {
            return Err(Refused::Lint(findings));
        }
        let unreadable = Refused::Crypto("reading a certificate back");
        let Ok((_, read)) = X509Certificate::from_der(&blank) else { return Err(unreadable) };
        let algorithm = read.signature_algorithm.algorithm.to_owned();
        let body = read.tbs_certificate.as_ref();
        // What is around the body is written a second time when it is signed, and was not linted then.
        if issuer_key.envelope(body, &algorithm, &read.signature_value.data)? != blank {
            return Err(unreadable);
        }
        let body = body.to_vec();
        Ok(Self { plan, body, algorithm, issuer_name: issuer_name.to_owned(), issuer_key: issuer_key.clone() })
    }

    /// The serial number that the certificate will have.
    #[must_use]
    pub fn serial(&self) -> SerialNumber {
        self.plan.serial
    }

    /// First and last second of validity.
    #[must_use]
    pub fn validity(&self) -> (Timestamp, Timestamp) {
        (whole_second(self.plan.not_before), whole_second(self.plan.not_after))
    }

    /// Signs, once.
    ///
    /// # Errors
    /// The key is not that of the issuer given to [`prepare()`], could not sign, or gave a signature that does not verify.
    pub fn issue(self, key: &IssuingKey) -> Result<Issued, Refused> {
        self.issue_with(key.pair())
    }

    pub(crate) fn issue_with(self, pair: &Pair) -> Result<Issued, Refused> {
        if pair.public() != self.issuer_key {
            return Err(Refused::OtherKey { issuer: self.issuer_name });
        }
        let serial = self.plan.serial;
        let signature = pair.signature(&self.body)?;
        if !self.issuer_key.made(&self.body, &self.algorithm, &signature) {
            return Err(Refused::BadSignature { serial });
        }
        let der = self.issuer_key.envelope(&self.body, &self.algorithm, &signature)?;
        let (not_before, not_after) = self.validity();
        let fingerprint = <[u8; 32]>::try_from(digest::digest(&digest::SHA256, &der).as_ref())
            .map_err(|_| Refused::Crypto("computing a fingerprint"))?;
        Ok(Issued {
            pem: pem("CERTIFICATE", &der)?,
            fingerprint,
            fingerprint_sha256: hex(&fingerprint),
            der,
            serial,
            not_before,
            not_after,
            key: self.plan.key,
        })
    }
}

/// As a certificate can say it.
fn whole_second(at: Timestamp) -> Timestamp {
    Timestamp::from_millis(at.as_seconds().saturating_mul(1000))
}

impl Issued {
    /// The certificate in DER.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// The certificate in PEM.
    #[must_use]
    pub fn pem(&self) -> &str {
        &self.pem
    }

    /// SHA-256 of the DER: what the registry records (promise P7).
    #[must_use]
    pub fn fingerprint(&self) -> [u8; 32] {
        self.fingerprint
    }

    /// SHA-256 of the DER, in lower-case hexadecimal without colons.
    #[must_use]
    pub fn fingerprint_sha256(&self) -> &str {
        &self.fingerprint_sha256
    }

    /// Its serial number.
    #[must_use]
    pub fn serial(&self) -> SerialNumber {
        self.serial
    }

    /// First second of validity.
    #[must_use]
    pub fn not_before(&self) -> Timestamp {
        self.not_before
    }

    /// Last second of validity.
    #[must_use]
    pub fn not_after(&self) -> Timestamp {
        self.not_after
    }

    /// Half of its time is over, or it has not begun: another should take its place.
    #[must_use]
    pub fn is_half_over(&self, now: Timestamp) -> bool {
        let (from, until) = (self.not_before.as_seconds(), self.not_after.as_seconds());
        now.as_seconds() < from || now.as_seconds().saturating_mul(2) >= from.saturating_add(until)
    }

    /// The key it certifies.
    #[must_use]
    pub fn public_key(&self) -> &PublicKey {
        &self.key
    }
}
