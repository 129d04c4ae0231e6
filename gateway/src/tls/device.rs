//! The device behind a certificate.
//!
//! [`Presented`] is what a terminal showed: read once a connection, from the chain that rustls keeps in the session, so
//! that it is there after a resumption too. [`VerifiedDevice`] is the proof that it stands *now*, in *this* snapshot: made
//! anew for each request.
//!
//! Identity is the serial number and the fingerprint, looked up in the registry; never a name read from the subject
//! (x509-parser prints `x, CN=user-a` unescaped, and two CNs are ambiguous).

use std::sync::{Arc, OnceLock};

use aws_lc_rs::digest;
use base64::Engine as _;
use model::lifecycle::certificate;
use model::{DeviceId, FacilityId, SerialNumber, Timestamp};
use registry::{CertificateIndex, Snapshot, Status};
use rustls::CertificateError;
use rustls::pki_types::CertificateDer;

use super::external::Shown;
use super::profile::{self, Origin, ProfileChecked, ProfileFault};
use crate::refusal::CertificateProblem;

/// A certificate as presented, in the form that its origin asks for. Cheap to clone: what was read of it is read once.
#[derive(Clone, Debug)]
pub struct Presented(Arc<Reading>);

/// What follows from the octets of a certificate.
#[derive(Debug)]
struct Reading {
    form: ProfileChecked,
    fingerprint: [u8; 32],
    der: Box<[u8]>,
    /// How it was shown, if it is another authority's.
    shown: Option<Shown>,
    /// Where the registry had it when it was last asked. A certificate stays in its place.
    index: OnceLock<CertificateIndex>,
    /// RFC 9440 2.1: the certificate as a structured-field byte sequence. Written when the store is first told.
    header: OnceLock<Box<str>>,
}

/// Proof: a certificate of ours, in the form we issue, known to the registry, active, and valid now.
#[derive(Debug)]
pub struct VerifiedDevice {
    presented: Presented,
    index: CertificateIndex,
    serial: SerialNumber,
    device: DeviceId,
    facility: FacilityId,
}

impl Presented {
    /// Reads a leaf certificate. Only here, where the handshake has shown that its key is there too: the octets alone are
    /// public.
    ///
    /// # Errors
    /// It is not in its form.
    pub(crate) fn read(leaf: &CertificateDer<'_>) -> Result<Self, ProfileFault> {
        profile::check(leaf, Origin::Ours).map(|form| Self::of(leaf, form, None))
    }

    /// A certificate of another authority, whose chain is good.
    pub(super) fn elsewhere(leaf: &CertificateDer<'_>, form: ProfileChecked, shown: Shown) -> Self {
        Self::of(leaf, form, Some(shown))
    }

    fn of(leaf: &CertificateDer<'_>, form: ProfileChecked, shown: Option<Shown>) -> Self {
        let mut fingerprint = [0; 32];
        fingerprint.copy_from_slice(digest::digest(&digest::SHA256, leaf).as_ref());
        let (der, header) = (leaf.as_ref().into(), OnceLock::new());
        Self(Arc::new(Reading { form, fingerprint, der, shown, index: OnceLock::new(), header }))
    }

    /// What its form says.
    pub(super) fn form(&self) -> &ProfileChecked {
        &self.0.form
    }

    /// The certificate in DER.
    pub(super) fn der(&self) -> &[u8] {
        &self.0.der
    }

    /// Whether these octets are what was read.
    pub(super) fn is(&self, leaf: &[u8]) -> bool {
        *self.0.der == *leaf
    }

    /// The serial number that stands in it. Of another authority's certificate the registry has another one.
    #[must_use]
    pub fn number(&self) -> &SerialNumber {
        &self.0.form.serial
    }

    /// SHA-256 of it in DER.
    pub(super) fn fingerprint(&self) -> &[u8; 32] {
        &self.0.fingerprint
    }

    /// The other authority that it is of.
    pub(super) fn elsewhere_name(&self) -> Option<&str> {
        self.0.shown.as_ref().map(|shown| shown.authority().name())
    }

    /// Whether something can be said of it at all: another authority's lists may be missing or stale.
    pub(crate) fn is_heard(&self, now: Timestamp) -> bool {
        self.0.shown.as_ref().is_none_or(|shown| shown.is_heard(seconds(now)))
    }

    /// Whether the chain that it was shown with still holds; ours is shown with none. For the sweep, which asks the registry about the
    /// certificate itself.
    pub(crate) fn chain_holds(&self, now: Timestamp) -> bool {
        self.0.shown.as_ref().is_none_or(|shown| shown.still_good(seconds(now)).is_ok())
    }

    /// First second of validity, since the epoch.
    #[must_use]
    pub fn not_before_seconds(&self) -> u64 {
        u64::try_from(self.0.form.not_before_seconds).unwrap_or(0)
    }

    /// Last second of validity, since the epoch; never before the first.
    #[must_use]
    pub fn not_after_seconds(&self) -> u64 {
        u64::try_from(self.0.form.not_after_seconds).unwrap_or(0).max(self.not_before_seconds())
    }

    /// Where it stands, if the registry knows exactly this certificate. Promise P7: a correct signature over something we did
    /// not issue (a stolen issuing key) opens nothing.
    pub(crate) fn status<'a>(&self, snapshot: &'a Snapshot) -> Option<Status<'a>> {
        match self.elsewhere_name() {
            None => {
                let before = self.0.index.get().copied();
                let status = snapshot.status_again(self.number(), &self.0.fingerprint, before)?;
                // Set once: that of another registry, in a test, would only be looked at in vain.
                let _ = self.0.index.set(status.index);
                Some(status)
            }
            Some(authority) => snapshot.status_elsewhere(authority, &self.0.fingerprint),
        }
    }

    /// The number that the registry has for it.
    pub(crate) fn serial(&self, snapshot: &Snapshot, index: CertificateIndex) -> Option<SerialNumber> {
        match self.0.shown {
            None => Some(*self.number()),
            Some(_) => snapshot.certificate_at(index).map(|known| known.serial),
        }
    }

    /// The check: known, unchanged, active, and valid at `now`. The fingerprint binds the times that the certificate itself
    /// says; that the registry says the same is asked with all other facts, when something is decided.
    ///
    /// # Errors
    /// What is wrong, for the page that explains.
    pub(crate) fn verify(&self, snapshot: &Snapshot, now: Timestamp) -> Result<VerifiedDevice, CertificateProblem> {
        let Status { index, state, device } = self.status(snapshot).ok_or(CertificateProblem::Unknown)?;
        self.holds(state, now)?;
        let serial = self.serial(snapshot, index).ok_or(CertificateProblem::Unknown)?;
        let (device, facility) = (device.id.clone(), device.facility.clone());
        Ok(VerifiedDevice { presented: self.clone(), index, serial, device, facility })
    }

    /// In this state, at this time.
    fn holds(&self, state: certificate::State, now: Timestamp) -> Result<(), CertificateProblem> {
        active(state)?;
        if let Some(shown) = &self.0.shown {
            shown.still_good(seconds(now))?;
        }
        if now.as_seconds() > self.0.form.not_after_seconds {
            return Err(CertificateProblem::Expired);
        }
        if now.as_seconds() < self.0.form.not_before_seconds {
            return Err(CertificateProblem::NotYetValid);
        }
        Ok(())
    }

    fn header(&self) -> &str {
        self.0.header.get_or_init(|| {
            let encoded = base64::engine::general_purpose::STANDARD.encode(&self.0.der);
            format!(":{encoded}:").into_boxed_str()
        })
    }
}

fn seconds(at: Timestamp) -> u64 {
    u64::try_from(at.as_seconds()).unwrap_or(0)
}

/// Only an active certificate opens anything.
const fn active(state: certificate::State) -> Result<(), CertificateProblem> {
    match state {
        certificate::State::Active => Ok(()),
        certificate::State::Revoked | certificate::State::Confirmed => Err(CertificateProblem::Revoked),
        certificate::State::Reserved | certificate::State::Abandoned => Err(CertificateProblem::Unknown),
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
    active(known.state)?;
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
    /// The check again, in a newer snapshot.
    ///
    /// # Errors
    /// What is wrong now.
    pub fn still_stands(&self, snapshot: &Snapshot, now: Timestamp) -> Result<(), crate::refusal::Refusal> {
        if !self.presented.is_heard(now) {
            return Err(crate::refusal::Refusal::RegistryStale);
        }
        let status = snapshot.status_at(self.index).ok_or(CertificateProblem::Unknown);
        let holds = status.and_then(|status| self.presented.holds(status.state, now));
        holds.map_err(crate::refusal::Refusal::Certificate)
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
        self.presented.header()
    }
}

#[cfg(test)]
mod tests;
