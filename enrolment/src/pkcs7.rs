//! PKCS#7 that carries certificates and nothing else (RFC 7030 4.1.3, RFC 5652), read; `ca` writes it.

pub(crate) const SEQUENCE: u8 = 0x30;
pub(crate) const SET: u8 = 0x31;
const CONTEXT_0: u8 = 0xa0;
pub(crate) const SIGNED_DATA: &[u8] = &[0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02];
const VERSION_1: &[u8] = &[0x02, 0x01, 0x01];
/// Most certificates that are read: a terminal's, its issuer's, a root's, and as many again after a rollover.
const CERTIFICATES_MAX: usize = 16;

/// The certificates of such a message, in DER, in their order. None: it is no such message. What is in them is not looked at.
#[must_use]
pub fn read_certs_only(der: &[u8]) -> Option<Vec<Vec<u8>>> {
    let (message, rest) = element(der, SEQUENCE)?;
    let message = message.strip_prefix(SIGNED_DATA)?;
    let (signed, behind) = element(message, CONTEXT_0)?;
    let (signed, behind_signed) = element(signed, SEQUENCE)?;
    if !(rest.is_empty() && behind.is_empty() && behind_signed.is_empty()) {
        return None;
    }
    let signed = signed.strip_prefix(VERSION_1)?;
    let (_, signed) = element(signed, SET)?;
    let (_, signed) = element(signed, SEQUENCE)?;
    let (mut certificates, _) = element(signed, CONTEXT_0)?;
    let mut found = Vec::new();
    while !certificates.is_empty() && found.len() < CERTIFICATES_MAX {
        let (_, rest) = element(certificates, SEQUENCE)?;
        let whole = certificates.get(..certificates.len().checked_sub(rest.len())?)?;
        found.push(whole.to_vec());
        certificates = rest;
    }
    certificates.is_empty().then_some(found)
}

/// The content of the element that begins here, which must have this tag, and what follows it.
pub(crate) fn element(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (first, rest) = der.split_first()?;
    let (length, rest) = rest.split_first()?;
    if *first != tag {
        return None;
    }
    let (length, rest) = match length {
        short @ 0..=0x7f => (usize::from(*short), rest),
        0x81..=0x84 => {
            let (octets, rest) = rest.split_at_checked(usize::from(length & 0x7f))?;
            (octets.iter().fold(0, |sum, octet| (sum << 8) | usize::from(*octet)), rest)
        }
        _ => return None,
    };
    rest.split_at_checked(length)
}
