//! What the enrolment targets do with what the fuzzer makes up. Each holds something, beyond not to panic.

#![allow(dead_code, reason = "each target uses one of them")]

use enrolment::{Anchors, BODY_OCTETS_MAX, Challenge, Code, read_body, read_certs_only, read_message, signed_by};
use model::Timestamp;

/// The body of an enrolment: base64, PEM or DER of a request. Whatever is taken for a key is one that would be read again the
/// same, and never out of a body that is too long.
pub(crate) fn est_request(data: &[u8]) {
    if let Ok(key) = read_body(data) {
        assert!(data.len() <= BODY_OCTETS_MAX);
        assert_eq!(read_body(data).unwrap().fingerprint(), key.fingerprint());
    }
}

/// An answer: certificates that are read are written the same, but for fields that we do not write.
pub(crate) fn est_answer(data: &[u8]) {
    if let Some(certificates) = read_certs_only(data) {
        let ders: Vec<&[u8]> = certificates.iter().map(Vec::as_slice).collect();
        let mut sorted = certificates.clone();
        sorted.sort();
        assert_eq!(read_certs_only(&ca::certs_only(&ders).unwrap()), Some(sorted));
    }
}

/// What somebody typed: a code that is read stands on the slip in one form, and is read from it.
pub(crate) fn code(data: &[u8]) {
    if let Ok(code) = Code::read(&String::from_utf8_lossy(data)) {
        assert_eq!(code.text().len(), 23);
        assert_eq!(Code::read(&code.text()), Ok(code));
    }
}

/// A request of ACME that shows its key: a signature that holds was made by one key, whose thumbprint is said the same again.
pub(crate) fn acme_request(data: &[u8]) {
    if let Some(thumbprint) = signed_by(data) {
        assert_eq!(thumbprint.len(), 43, "SHA-256 in base64url");
        assert_eq!(signed_by(data), Some(thumbprint));
    }
}

/// An attestation: what is believed is one key, in DER, and not believed of another device.
pub(crate) fn attestation(data: &[u8]) {
    let root = include_bytes!("attestation-root.der").to_vec();
    let anchors = Anchors { apple: vec![root.clone()], tpm: vec![root] };
    let now = Timestamp::parse("2026-11-27T00:00:00Z").unwrap();
    let asked = |hardware| Challenge { token: "token", key_authorization: "token.thumbprint", hardware, now };
    if let Ok(key) = anchors.attested_key(data, &asked("C02SERIAL")) {
        assert_eq!(key.first(), Some(&0x30));
        assert!(anchors.attested_key(data, &asked("another")).is_err());
    }
}

/// A message of SCEP: whoever signed it is named, and nothing is longer than it may be.
pub(crate) fn scep_message(data: &[u8]) {
    if let Some(message) = read_message(data) {
        assert!(message.signer.first() == Some(&0x30) && message.signer.len() < data.len());
        assert!(message.transaction.len() <= 256 && message.sender_nonce.len() <= 256);
    }
}
