//! The root by its fingerprint alone: fetched from whoever answers, and believed only if it is the one on the slip.

use std::fmt::Write as _;
use std::sync::Arc;

use aws_lc_rs::digest;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{DigitallySignedStruct, SignatureScheme};

use crate::error::Error;

/// SHA-256 of a certificate, as it stands on the slip or as openssl prints it.
pub(super) struct Fingerprint(String);

impl Fingerprint {
    /// 64 hexadecimal digits, in pairs or not.
    pub(super) fn read(text: &str) -> Result<Self, Error> {
        let digits: String = text.chars().filter(|c| !matches!(c, ':' | ' ')).collect();
        let fine = digits.len() == 64 && digits.chars().all(|digit| digit.is_ascii_hexdigit());
        if !fine {
            return Err(Error::usage("`--root-sha256` is 64 hexadecimal digits"));
        }
        Ok(Self(digits.to_ascii_lowercase()))
    }

    fn is_of(&self, der: &[u8]) -> bool {
        let mut text = String::with_capacity(64);
        let written =
            digest::digest(&digest::SHA256, der).as_ref().iter().try_for_each(|octet| write!(text, "{octet:02x}"));
        written.is_ok() && text == self.0
    }

    /// The certificate that has it, if there is one among these.
    pub(super) fn find(&self, certificates: Vec<Vec<u8>>) -> Result<Vec<u8>, Error> {
        let found = certificates.into_iter().find(|der| self.is_of(der));
        found.ok_or_else(|| {
            Error::usage(
                "the door has no root certificate with this fingerprint: somebody else answers under its name, or the slip is \
                 of another city; nothing was sent",
            )
        })
    }
}

/// Believes whoever holds the key of the certificate that it shows. For asking what everybody may know, and nothing else: it
/// is not known with whom we speak.
#[derive(Debug)]
pub(super) struct Anybody(pub(super) Arc<CryptoProvider>);

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_is_read_as_openssl_prints_it_and_found() {
        // SHA-256 of "abc" (FIPS 180-2, B.1).
        let plain = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        let pairs: Vec<_> = plain.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).unwrap()).collect();
        for text in [plain.to_owned(), plain.to_uppercase(), pairs.join(":").to_uppercase(), pairs.join(" ")] {
            let read = Fingerprint::read(&text).unwrap();
            assert_eq!(read.find(vec![b"abd".to_vec(), b"abc".to_vec()]).unwrap(), b"abc");
            assert!(read.find(vec![b"abd".to_vec()]).is_err());
        }
        for wrong in ["", &plain[1..], &plain.replace('b', "g")] {
            assert!(Fingerprint::read(wrong).is_err(), "{wrong}");
        }
    }
}
