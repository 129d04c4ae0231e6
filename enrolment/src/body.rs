//! What EST carries (RFC 7030): requests in base64, and which keys we would like to see.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ca::{PublicKey, Refused, read_request};

use crate::unusable::Unusable;

/// Longest body, in octets: a request of 16 kB in base64, with line ends.
pub const BODY_OCTETS_MAX: usize = 24 * 1024;

/// CsrAttrs in DER: an attribute id-ecPublicKey with the value P-256, and ecdsa-with-SHA256.
#[rustfmt::skip]
const WANTED: [u8; 35] = [
    0x30, 0x21,
        0x30, 0x15,
            0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01,
            0x31, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07,
        0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02,
];

/// Reads a request: base64 as RFC 7030 4.2.1 has it, or PEM or DER, which people's tools write. Gives the key that it proves to
/// hold, and nothing else of it.
///
/// # Errors
/// Unreadable, too long, not signed by its own key, or a key that is not accepted.
pub fn read_body(body: &[u8]) -> Result<PublicKey, Unusable> {
    let not = |why| Unusable::of(body, Refused::Request(why));
    if body.len() > BODY_OCTETS_MAX {
        return Err(not("it is longer than 16 kB"));
    }
    if body.first() == Some(&0x30) || body.trim_ascii_start().starts_with(b"-----BEGIN") {
        return read_request(body.trim_ascii_start()).map_err(|why| Unusable::of(body, why));
    }
    let text: Vec<u8> = body.iter().copied().filter(|octet| !octet.is_ascii_whitespace()).collect();
    let der = STANDARD.decode(text).map_err(|_| not("it is neither base64, PEM nor DER"))?;
    if der.first() != Some(&0x30) {
        return Err(Unusable::of(&der, Refused::Request("it is no PKCS#10 request")));
    }
    read_request(&der).map_err(|why| Unusable::of(&der, why))
}

/// CsrAttrs (RFC 7030 4.5.2): a key on P-256 and ECDSA with SHA-256 are what we would like; others are taken too.
#[must_use]
pub fn attributes() -> Vec<u8> {
    WANTED.to_vec()
}
