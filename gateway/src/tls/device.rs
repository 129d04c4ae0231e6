//! The device behind a certificate.
//!
//! [`Presented`] is what a terminal showed: read once a connection, from the chain that rustls keeps in the session, so
//! that it is there after a resumption too. [`VerifiedDevice`] is the proof that it stands *now*, in *this* snapshot: made
//! anew for each request.
//!
//! Identity is the serial number and the fingerprint, looked up in the registry; never a name read from the subject
//! (x509-parser prints `x, CN=user-a` unescaped, and two CNs are ambiguous).

use std::sync::Arc;

use aws_lc_rs::digest;
use base64::Engine as _;
use model::lifecycle::certificate;
use model::{DeviceId, FacilityId, SerialNumber, Timestamp};
use registry::Snapshot;
use rustls::CertificateError;
use rustls::pki_types::CertificateDer;
use x509_parser::prelude::{FromDer as _, X509Certificate};

use crate::refusal::CertificateProblem;

/// A certificate that cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the client certificate cannot be read")]
pub struct Illegible;

/// A certificate as presented, of an issuer of ours.
#[derive(Clone, Debug)]
pub struct Presented {
    serial: SerialNumber,
    fingerprint: [u8; 32],
    not_before_seconds: i64,
    not_after_seconds: i64,
    usage_fits: bool,
    // RFC 9440 2.1: the certificate as a structured-field byte sequence.
    header: Arc<str>,
}

/// Proof: a certificate of ours, in the form we issue, known to the registry, active, and valid now.
#[derive(Debug)]
pub struct VerifiedDevice {
    serial: SerialNumber,
    device: DeviceId,
    facility: FacilityId,
    header: Arc<str>,
}

impl Presented {
    /// Reads a leaf certificate. Only here, where the handshake has shown that its key is there too: the octets alone are
    /// public.
    ///
    /// # Errors
    /// It is not one certificate in DER, or its serial number is none that RFC 5280 allows.
    pub(crate) fn read(leaf: &CertificateDer<'_>) -> Result<Self, Illegible> {
        let (rest, certificate) = X509Certificate::from_der(leaf).map_err(|_| Illegible)?;
        if !rest.is_empty() {
            return Err(Illegible);
        }
        let serial = SerialNumber::from_octets(certificate.raw_serial()).map_err(|_| Illegible)?;
        let mut fingerprint = [0; 32];
        fingerprint.copy_from_slice(digest::digest(&digest::SHA256, leaf).as_ref());
        let encoded = base64::engine::general_purpose::STANDARD.encode(leaf);
        Ok(Self {
            serial,
            fingerprint,
            not_before_seconds: certificate.validity().not_before.timestamp(),
            not_after_seconds: certificate.validity().not_after.timestamp(),
            usage_fits: usage_fits(&certificate),
            header: Arc::from(format!(":{encoded}:")),
        })
    }

    /// Serial number.
    #[must_use]
    pub const fn serial(&self) -> &SerialNumber {
        &self.serial
    }

    /// First second of validity, since the epoch.
    #[must_use]
    pub fn not_before_seconds(&self) -> u64 {
        u64::try_from(self.not_before_seconds).unwrap_or(0)
    }

    /// Last second of validity, since the epoch; never before the first.
    #[must_use]
    pub fn not_after_seconds(&self) -> u64 {
        u64::try_from(self.not_after_seconds).unwrap_or(0).max(self.not_before_seconds())
    }

    /// The check: in our form, known, unchanged, active, and valid at `now`.
    ///
    /// # Errors
    /// What is wrong, for the page that explains.
    pub(crate) fn verify(&self, snapshot: &Snapshot, now: Timestamp) -> Result<VerifiedDevice, CertificateProblem> {
        let known = standing(snapshot, &self.serial, now)?;
        // Promise P7: a correct signature over something we did not issue (a stolen issuing key) opens nothing.
        if !self.usage_fits || known.fingerprint != Some(self.fingerprint) {
            return Err(CertificateProblem::Unknown);
        }
        if now.as_seconds() > self.not_after_seconds {
            return Err(CertificateProblem::Expired);
        }
        if now.as_seconds() < self.not_before_seconds {
            return Err(CertificateProblem::NotYetValid);
        }
        let device = snapshot.device(&known.device).ok_or(CertificateProblem::Unknown)?;
        Ok(VerifiedDevice {
            serial: self.serial,
            device: known.device.clone(),
            facility: device.facility.clone(),
            header: Arc::clone(&self.header),
        })
    }
}

/// Whether the certificate with this serial number stands at `now`, by the registry alone.
///
/// # Errors
/// What is wrong.
pub fn standing<'a>(
    snapshot: &'a Snapshot,
    serial: &SerialNumber,
    now: Timestamp,
) -> Result<&'a registry::Certificate, CertificateProblem> {
    let known = snapshot.certificate(serial).ok_or(CertificateProblem::Unknown)?;
    match known.state {
        certificate::State::Active => {}
        certificate::State::Revoked | certificate::State::Confirmed => return Err(CertificateProblem::Revoked),
        certificate::State::Reserved | certificate::State::Abandoned => return Err(CertificateProblem::Unknown),
    }
    if now >= known.not_after {
        return Err(CertificateProblem::Expired);
    }
    if now < known.not_before {
        return Err(CertificateProblem::NotYetValid);
    }
    Ok(known)
}

/// The same question as [`Presented::verify`], answered as a TLS alert.
///
/// # Errors
/// What is wrong, in TLS terms.
pub(crate) fn standing_in_handshake(
    presented: &Presented,
    snapshot: &Snapshot,
    now: Timestamp,
) -> Result<(), CertificateError> {
    presented.verify(snapshot, now).map(|_| ()).map_err(|problem| match problem {
        CertificateProblem::Missing | CertificateProblem::Unknown => CertificateError::ApplicationVerificationFailure,
        CertificateProblem::Expired => CertificateError::Expired,
        CertificateProblem::NotYetValid => CertificateError::NotValidYet,
        CertificateProblem::Revoked => CertificateError::Revoked,
    })
}

/// RFC 5280 4.2.1.3 and 4.2.1.12, by our profile: digitalSignature and nothing else, clientAuth and nothing else, no CA.
/// rustls-webpki looks at none of key usage.
fn usage_fits(certificate: &X509Certificate<'_>) -> bool {
    let key_usage = matches!(certificate.key_usage(), Ok(Some(usage)) if usage.value.flags == 1);
    let extended = matches!(certificate.extended_key_usage(), Ok(Some(usage))
        if usage.value.client_auth
            && !(usage.value.any || usage.value.server_auth || usage.value.code_signing || usage.value.email_protection
                || usage.value.time_stamping || usage.value.ocsp_signing || !usage.value.other.is_empty()));
    let no_ca = match certificate.basic_constraints() {
        Ok(None) => true,
        Ok(Some(constraints)) => !constraints.value.ca,
        Err(_) => false,
    };
    key_usage && extended && no_ca
}

impl VerifiedDevice {
    /// The check again, in a newer snapshot, by the registry alone.
    ///
    /// # Errors
    /// What is wrong now.
    pub fn still_stands(&self, snapshot: &Snapshot, now: Timestamp) -> Result<(), crate::refusal::Refusal> {
        standing(snapshot, &self.serial, now).map(|_| ()).map_err(crate::refusal::Refusal::Certificate)
    }

    /// Serial number of its certificate.
    #[must_use]
    pub const fn serial(&self) -> &SerialNumber {
        &self.serial
    }

    /// The terminal.
    #[must_use]
    pub const fn device(&self) -> &DeviceId {
        &self.device
    }

    /// The facility it is loaned to.
    #[must_use]
    pub const fn facility(&self) -> &FacilityId {
        &self.facility
    }

    /// The certificate as the value of `Client-Cert` (RFC 9440 2.2).
    #[must_use]
    pub fn client_cert_header(&self) -> &str {
        &self.header
    }
}
