//! The check in the handshake: is this a certificate of ours, or a registered one of another authority, by chain and form?
//!
//! One that the registry does not know is refused here too (promise P7). rustls does not call this on resumption, so all of it,
//! and whether the certificate still stands, is asked again after every handshake and on every request, in [`super::device`].
//! Lists of our own are not asked for: one here would cost every handshake and bind nothing (5 connections, 2 calls; 58 ms
//! a handshake with a million entries). A known certificate that is over passes here on purpose, so that its holder meets a
//! page that says what to do instead of a bare TLS error; it opens nothing.

use std::sync::Arc;

use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, Error, PeerMisbehaved, RootCertStore, SignatureScheme,
};

use super::device::Presented;
use super::external::Externals;
use super::offered::SCHEMES;
use super::profile::{self, ProfileChecked, ProfileFault};
use super::readings::Readings;

/// What happens to a terminal without a certificate, or with one of ours that is expired or revoked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strictness {
    /// The handshake succeeds, and a page explains (default). One that is unknown fails all the same.
    Explain,
    /// The handshake fails with an alert.
    Alert,
}

/// Asks whether a certificate stands.
pub type StatusCheck = Arc<dyn Fn(&Presented) -> Result<(), CertificateError> + Send + Sync>;

/// See the module.
pub struct DeviceVerifier {
    chain: Arc<dyn ClientCertVerifier>,
    issuers: Vec<Issuer>,
    strictness: Strictness,
    standing: StatusCheck,
    readings: Arc<Readings>,
    externals: Arc<Externals>,
    hints: Vec<DistinguishedName>,
}

/// An issuing certificate of ours. Whoever checks chains takes it for granted, its end included; we do not.
struct Issuer {
    subject: Vec<u8>,
    form: ProfileChecked,
}

impl Issuer {
    fn read(der: &[u8]) -> Result<Self, ProfileFault> {
        let form = profile::check_authority(der)?;
        let subject = profile::names(der)?.subject.to_vec();
        Ok(Self { subject, form })
    }

    /// Whether it is the one named, and lasts longer than what it issued: then nothing of its outlives it.
    fn covers(&self, issuer: &[u8], leaf: &ProfileChecked) -> bool {
        self.subject == issuer
            && self.form.not_before_seconds <= leaf.not_before_seconds
            && leaf.not_after_seconds <= self.form.not_after_seconds
    }
}

impl DeviceVerifier {
    /// A verifier that trusts these issuing certificates.
    ///
    /// # Errors
    /// One of them cannot be read, or there is none.
    pub fn new(
        issuers: &[CertificateDer<'static>],
        strictness: Strictness,
        standing: StatusCheck,
        readings: Arc<Readings>,
        externals: Arc<Externals>,
    ) -> Result<Self, crate::SetUpError> {
        let mut roots = RootCertStore::empty();
        let mut read = Vec::new();
        for issuer in issuers {
            read.push(Issuer::read(issuer).map_err(crate::SetUpError::DeviceIssuer)?);
            roots.add(issuer.clone()).map_err(crate::SetUpError::DeviceTrust)?;
        }
        let chain = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::new(default_provider()))
            .build()
            .map_err(|error| crate::SetUpError::DeviceTrust(Error::General(error.to_string())))?;
        let hints = chain.root_hint_subjects().iter().cloned().chain(externals.hints()).collect();
        Ok(Self { chain, issuers: read, strictness, standing, readings, externals, hints })
    }
}

impl DeviceVerifier {
    /// Another authority's. It says more of its certificates than we know of them, so nobody gets in here whose chain is not good
    /// now.
    fn elsewhere(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        let chain: Vec<CertificateDer<'_>> = std::iter::once(end_entity).chain(intermediates).cloned().collect();
        let presented = self.externals.present(&chain, now.as_secs())?;
        if self.strictness == Strictness::Alert {
            (self.standing)(&presented)?;
        }
        self.readings.keep(presented);
        Ok(ClientCertVerified::assertion())
    }
}

impl std::fmt::Debug for DeviceVerifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DeviceVerifier").field("strictness", &self.strictness).finish_non_exhaustive()
    }
}

impl ClientCertVerifier for DeviceVerifier {
    fn client_auth_mandatory(&self) -> bool {
        self.strictness == Strictness::Alert
    }

    /// The names of our issuers and of other authorities', so that a browser offers only certificates that can work.
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &self.hints
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        let names = profile::names(end_entity).map_err(refused)?;
        if !self.issuers.iter().any(|issuer| issuer.subject == names.issuer) {
            return self.elsewhere(end_entity, intermediates, now);
        }
        let presented = self.readings.read(end_entity).map_err(refused)?;
        if !self.issuers.iter().any(|issuer| issuer.covers(names.issuer, presented.form())) {
            return Err(CertificateError::UnknownIssuer.into());
        }
        if self.strictness == Strictness::Alert {
            self.chain.verify_client_cert(end_entity, intermediates, now)?;
            (self.standing)(&presented)?;
            self.readings.keep(presented);
            return Ok(ClientCertVerified::assertion());
        }
        // The chain is checked at a time within the leaf's own validity; the time of day is checked per request.
        let seconds = now.as_secs().clamp(presented.not_before_seconds(), presented.not_after_seconds());
        let within = UnixTime::since_unix_epoch(std::time::Duration::from_secs(seconds));
        let verified = self.chain.verify_client_cert(end_entity, intermediates, within)?;
        // What has ended is told so by a page, after the handshake. What the registry does not know is told nothing.
        match (self.standing)(&presented) {
            Ok(()) | Err(CertificateError::Expired | CertificateError::NotValidYet | CertificateError::Revoked) => {
                self.readings.keep(presented);
                Ok(verified)
            }
            Err(unknown) => Err(unknown.into()),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        offered(dss)?;
        self.chain.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        offered(dss)?;
        self.chain.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        SCHEMES.to_vec()
    }
}

/// Whether a scheme is one that was offered: the library takes more.
fn offered(signature: &DigitallySignedStruct) -> Result<(), Error> {
    if SCHEMES.contains(&signature.scheme) {
        Ok(())
    } else {
        Err(PeerMisbehaved::SignedHandshakeWithUnadvertisedSigScheme.into())
    }
}

/// A certificate that is not in its form, as the client is told.
pub(super) fn refused(fault: ProfileFault) -> CertificateError {
    tracing::debug!(%fault, "a client certificate is not in its form");
    match fault {
        ProfileFault::Encoding => CertificateError::BadEncoding,
        ProfileFault::ExtendedKeyUsage | ProfileFault::KeyUsage => CertificateError::InvalidPurpose,
        ProfileFault::UnknownCritical => CertificateError::UnhandledCriticalExtension,
        other => CertificateError::Other(rustls::OtherError(Arc::new(other))),
    }
}
