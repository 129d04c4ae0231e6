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

use super::profile::{self, Origin, ProfileChecked, ProfileFault};
use crate::refusal::CertificateProblem;

/// A certificate as presented, in the form that its origin asks for.
#[derive(Clone, Debug)]
pub struct Presented {
    form: ProfileChecked,
    fingerprint: [u8; 32],
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
    /// It is not in its form.
    pub(crate) fn read(leaf: &CertificateDer<'_>) -> Result<Self, ProfileFault> {
        let form = profile::check(leaf, Origin::Ours)?;
        let mut fingerprint = [0; 32];
        fingerprint.copy_from_slice(digest::digest(&digest::SHA256, leaf).as_ref());
        let encoded = base64::engine::general_purpose::STANDARD.encode(leaf);
        Ok(Self { form, fingerprint, header: Arc::from(format!(":{encoded}:")) })
    }

    /// What its form says.
    pub(super) const fn form(&self) -> &ProfileChecked {
        &self.form
    }

    /// Serial number.
    #[must_use]
    pub const fn serial(&self) -> &SerialNumber {
        &self.form.serial
    }

    /// First second of validity, since the epoch.
    #[must_use]
    pub fn not_before_seconds(&self) -> u64 {
        u64::try_from(self.form.not_before_seconds).unwrap_or(0)
    }

    /// Last second of validity, since the epoch; never before the first.
    #[must_use]
    pub fn not_after_seconds(&self) -> u64 {
        u64::try_from(self.form.not_after_seconds).unwrap_or(0).max(self.not_before_seconds())
    }

    /// The check: known, unchanged, active, and valid at `now`.
    ///
    /// # Errors
    /// What is wrong, for the page that explains.
    pub(crate) fn verify(&self, snapshot: &Snapshot, now: Timestamp) -> Result<VerifiedDevice, CertificateProblem> {
        let known = standing(snapshot, &self.form.serial, now)?;
        // Promise P7: a correct signature over something we did not issue (a stolen issuing key) opens nothing.
        if known.fingerprint != Some(self.fingerprint) {
            return Err(CertificateProblem::Unknown);
        }
        if now.as_seconds() > self.form.not_after_seconds {
            return Err(CertificateProblem::Expired);
        }
        if now.as_seconds() < self.form.not_before_seconds {
            return Err(CertificateProblem::NotYetValid);
        }
        let device = snapshot.device(&known.device).ok_or(CertificateProblem::Unknown)?;
        Ok(VerifiedDevice {
            serial: self.form.serial,
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

#[cfg(test)]
mod tests;
