//! What the OCSP target does with its bytes; `ca/src/tests/fuzz.rs` runs it over the seeds. Apart from the other targets, since
//! `records` and `ca` do not know each other.

use ca::{OcspRequest, REQUEST_OCTETS_MAX};

/// A question about certificates: within bounds, and nothing of it is left over or missing.
pub(crate) fn ocsp(data: &[u8]) {
    let Ok(request) = OcspRequest::read(data) else { return };
    assert!(data.len() <= REQUEST_OCTETS_MAX);
    assert!((1..=8).contains(&request.asked().len()));
    assert!(request.nonce().is_none_or(|nonce| (1..=32).contains(&nonce.len())));
    assert!(OcspRequest::read(&data[..data.len() - 1]).is_err());
    assert!(OcspRequest::read(&[data, &[0]].concat()).is_err());
}
