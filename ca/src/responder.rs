//! Answers about the status of certificates (RFC 6960 4.2), signed by a delegate of the issuing authority: a key that is
//! made in memory, never written down, and certified for three days at a time.

use std::fmt;

use aws_lc_rs::digest;
use model::{ReasonCode, SerialNumber, Timestamp};
use pkcs8::der::Tag;
use pkcs8::der::asn1::ObjectIdentifier;
use rcgen::SigningKey;

use crate::asn1::{around, bits, oid, plain, sequence, time, tlv};
use crate::authority::Issuing;
use crate::error::Refused;
use crate::key::IssuingKey;
use crate::ocsp::{Asked, NONCE, OcspRequest};
use crate::pair::{Curve, Pair};
use crate::plan::{Kind, Plan};
use crate::prepare::{Issued, Prepared};
use crate::profile::RESPONDER_DAYS;
use crate::serial::RecordedSerial;

const BASIC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.48.1.1");
const ECDSA_SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.2");

/// From thisUpdate to nextUpdate, in seconds: an hour.
pub const ANSWER_SECONDS: i64 = 3600;

/// What is known of a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Status {
    /// Issued and not revoked. Whether it has expired stands in the certificate.
    Good,
    /// Revoked.
    Revoked {
        /// When.
        at: Timestamp,
        /// Why.
        reason: ReasonCode,
    },
    /// Not one of ours. Never said of a certificate that opens anything, and never `Good` instead.
    Unknown,
}

/// Who signs answers.
pub struct Responder {
    issuing: Issuing,
    certificate: Issued,
    key: Pair,
    key_hash: Vec<u8>,
}

impl Responder {
    /// Makes a key and has `issuing` certify it: id-kp-OCSPSigning exactly, three days, with id-pkix-ocsp-nocheck.
    ///
    /// # Errors
    /// The issuer is for something else or not valid at `now`; `key` is not its key; or the lint found something.
    pub fn create(
        issuing: &Issuing,
        key: &IssuingKey,
        serial: RecordedSerial,
        now: Timestamp,
    ) -> Result<Self, Refused> {
        let pair = Pair::generate(Curve::P256)?;
        let who = (Kind::Responder, "Sekisho OCSP");
        let plan = Plan::of_delegate(who, RESPONDER_DAYS, &serial, now, pair.public(), issuing)?;
        let certificate = Prepared::from_plan(plan, issuing.common_name(), issuing.public_key())?.issue(key)?;
        // RFC 6960 4.2.1: byKey is the SHA-1 of the key, whatever hash the question uses.
        let key_hash = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, pair.public().octets()).as_ref().to_vec();
        Ok(Self { issuing: issuing.clone(), certificate, key: pair, key_hash })
    }

    /// For whom it answers.
    #[must_use]
    pub fn issuing(&self) -> &Issuing {
        &self.issuing
    }

    /// Its certificate.
    #[must_use]
    pub fn certificate(&self) -> &Issued {
        &self.certificate
    }

    /// Half of its time is over: another should take its place.
    #[must_use]
    pub fn is_old(&self, now: Timestamp) -> bool {
        self.certificate.is_half_over(now)
    }

    /// Answers, in DER. `status` is asked for each certificate of this authority; any other is unknown. thisUpdate is
    /// `now`, nextUpdate an hour later and not beyond the responder's own certificate.
    ///
    /// # Errors
    /// The crypto library failed.
    pub fn answer(
        &self,
        request: &OcspRequest,
        status: impl Fn(&SerialNumber) -> Status,
        now: Timestamp,
    ) -> Result<Vec<u8>, Refused> {
        let mut answers = vec![];
        for asked in request.asked() {
            let known = asked.of(&self.issuing).map_or(Status::Unknown, |serial| status(&serial));
            answers.push(self.single(asked, known, now)?);
        }
        let answers: Vec<_> = answers.iter().map(Vec::as_slice).collect();
        let who = tlv(around(2), &[&tlv(Tag::OctetString, &[&self.key_hash])?])?;
        let nonce = request.nonce().map(nonce).transpose()?.unwrap_or_default();
        let body = sequence(&[&who, &time(now)?, &sequence(&answers)?, &nonce])?;
        self.signed(&body)
    }

    fn single(&self, asked: &Asked, status: Status, now: Timestamp) -> Result<Vec<u8>, Refused> {
        let next = now.plus_seconds(ANSWER_SECONDS).min(self.certificate.not_after());
        let next = tlv(around(0), &[&time(next)?])?;
        sequence(&[&asked.certificate, &status_der(status, now)?, &time(now)?, &next])
    }

    fn signed(&self, body: &[u8]) -> Result<Vec<u8>, Refused> {
        let signature = self.key.sign(body).map_err(|_| Refused::Crypto("signing an answer"))?;
        let algorithm = sequence(&[&oid(ECDSA_SHA256)?])?;
        let certificates = tlv(around(0), &[&sequence(&[self.certificate.der()])?])?;
        let basic = sequence(&[body, &algorithm, &bits(&signature)?, &certificates])?;
        let basic = sequence(&[&oid(BASIC)?, &tlv(Tag::OctetString, &[&basic])?])?;
        sequence(&[&tlv(Tag::Enumerated, &[&[0]])?, &tlv(around(0), &[&basic])?])
    }
}

impl fmt::Debug for Responder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Responder({})", self.certificate.serial())
    }
}

fn status_der(status: Status, now: Timestamp) -> Result<Vec<u8>, Refused> {
    match status {
        Status::Good => tlv(plain(0), &[]),
        Status::Unknown => tlv(plain(2), &[]),
        Status::Revoked { at, reason } => {
            // A clock that was ahead must not date a revocation after the answer. Unspecified is left out, as in lists.
            let at = time(at.min(now))?;
            let reason = match reason {
                ReasonCode::Unspecified => vec![],
                given => tlv(around(0), &[&tlv(Tag::Enumerated, &[&[given.number()]])?])?,
            };
            tlv(around(1), &[&at, &reason])
        }
    }
}

/// responseExtensions with the nonce as it came (RFC 8954).
fn nonce(given: &[u8]) -> Result<Vec<u8>, Refused> {
    let value = tlv(Tag::OctetString, &[&tlv(Tag::OctetString, &[given])?])?;
    let extension = sequence(&[&oid(NONCE)?, &value])?;
    tlv(around(1), &[&sequence(&[&extension])?])
}
