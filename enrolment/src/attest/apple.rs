//! Apple's attestation: the certificate is for the attested key itself, and says in extensions of its own which device it is
//! in and which challenge it answers.

use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer;

use super::{Challenge, Statement, Unbelieved, chain, sha256};

/// Serial number and UDID of the device, and the freshness code.
const SERIAL: &str = "1.2.840.113635.100.8.9.1";
const UDID: &str = "1.2.840.113635.100.8.9.2";
const FRESHNESS: &str = "1.2.840.113635.100.8.11.1";

pub(super) fn key(
    statement: &Statement<'_>,
    roots: &[Vec<u8>],
    challenge: &Challenge<'_>,
) -> Result<Vec<u8>, Unbelieved> {
    let leaf = chain::leaf(&statement.x5c, roots, challenge.now)?;
    let (_, certificate) =
        X509Certificate::from_der(leaf).map_err(|_| Unbelieved("the attestation's certificate is not understood"))?;
    let value = |oid: &str| {
        let mut found = certificate.iter_extensions().filter(|extension| extension.oid.to_id_string() == oid);
        // Said twice is said not at all.
        found.next().filter(|_| found.next().is_none()).map(|extension| extension.value)
    };
    // The systems hash the token; the draft has the key authorization. Both are of this challenge only.
    let wanted = [sha256(challenge.token.as_bytes()), sha256(challenge.key_authorization.as_bytes())];
    if !value(FRESHNESS).is_some_and(|fresh| wanted.iter().any(|wanted| wanted == fresh)) {
        return Err(Unbelieved("the attestation answers another challenge"));
    }
    let named = [SERIAL, UDID].into_iter().filter_map(value).any(|name| name == challenge.hardware.as_bytes());
    if !named {
        return Err(Unbelieved("the attestation is of another device than the one on record"));
    }
    Ok(certificate.public_key().raw.to_vec())
}
