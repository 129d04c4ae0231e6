//! The chain of an attestation, to a root that the city has said.

use std::time::Duration;

use model::Timestamp;
use rustls_pki_types::{CertificateDer, SignatureVerificationAlgorithm, UnixTime};
use webpki::{EndEntityCert, Error, ExtendedKeyUsageValidator, KeyPurposeIdIter, anchor_from_trusted_cert, aws_lc_rs};

use super::Unbelieved;

/// What the makers of hardware sign with.
const ALGORITHMS: &[&dyn SignatureVerificationAlgorithm] = &[
    aws_lc_rs::ECDSA_P256_SHA256,
    aws_lc_rs::ECDSA_P256_SHA384,
    aws_lc_rs::ECDSA_P384_SHA256,
    aws_lc_rs::ECDSA_P384_SHA384,
    aws_lc_rs::RSA_PKCS1_2048_8192_SHA256,
    aws_lc_rs::RSA_PKCS1_2048_8192_SHA384,
    aws_lc_rs::RSA_PKCS1_2048_8192_SHA512,
];

/// What a certificate of an attestation may be used for is looked at by its format, not here.
struct AnyUsage;

impl ExtendedKeyUsageValidator for AnyUsage {
    fn validate(&self, _: KeyPurposeIdIter<'_, '_>) -> Result<(), Error> {
        Ok(())
    }
}

/// Whether every one of these is a certificate that a chain can lead to. One that were left out in silence would be a maker
/// whose word is not taken, and nobody would know why.
pub(super) fn are_roots(roots: &[Vec<u8>]) -> bool {
    roots.iter().all(|root| anchor_from_trusted_cert(&CertificateDer::from(root.as_slice())).is_ok())
}

/// The first certificate, if the others lead from it to one of the roots. No revocation is looked at: the makers publish
/// none that could be asked without telling them who asks.
pub(super) fn leaf<'a>(chain: &[&'a [u8]], roots: &[Vec<u8>], now: Timestamp) -> Result<&'a [u8], Unbelieved> {
    let (leaf, others) = chain.split_first().ok_or(Unbelieved("the attestation has no certificate"))?;
    let roots: Vec<CertificateDer<'_>> = roots.iter().map(|root| CertificateDer::from(root.as_slice())).collect();
    let anchors: Vec<_> = roots.iter().filter_map(|root| anchor_from_trusted_cert(root).ok()).collect();
    let others: Vec<CertificateDer<'_>> = others.iter().map(|der| CertificateDer::from(*der)).collect();
    let own = CertificateDer::from(*leaf);
    let unread = |_| Unbelieved("the attestation's certificate is not understood");
    let certificate = EndEntityCert::try_from(&own).map_err(unread)?;
    let at = UnixTime::since_unix_epoch(Duration::from_secs(u64::try_from(now.as_seconds()).unwrap_or(0)));
    certificate
        .verify_for_usage(ALGORITHMS, &anchors, &others, at, AnyUsage, None, None)
        .map_err(|_| Unbelieved("the attestation's certificate does not lead to an accepted maker"))?;
    Ok(leaf)
}
