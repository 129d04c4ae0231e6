//! What the enrolment targets do with what the fuzzer makes up. Each holds something, beyond not to panic.

#![allow(dead_code, reason = "each target uses one of them")]

use enrolment::{BODY_OCTETS_MAX, Code, read_body, read_certs_only};

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
