//! Certificates in one file for the platforms that want them so: certs-only SignedData (RFC 5652 5, RFC 5280's `.p7c`,
//! EST's `cacerts`). Nobody signs it; each certificate stands for itself.

use pkcs8::der::Tag;
use pkcs8::der::asn1::ObjectIdentifier;

use crate::asn1::{around, oid, sequence, tlv};
use crate::error::Refused;

const SIGNED_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.2");
const DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.1");

/// Packs certificates, each in DER, in this order but for DER's own: a SET is sorted by its octets.
///
/// # Errors
/// The crypto library failed.
pub fn certs_only(certificates: &[&[u8]]) -> Result<Vec<u8>, Refused> {
    let mut sorted = certificates.to_vec();
    sorted.sort_unstable();
    let version = tlv(Tag::Integer, &[&[1]])?;
    let nothing = tlv(Tag::Set, &[])?;
    let content = sequence(&[&oid(DATA)?])?;
    let data = sequence(&[&version, &nothing, &content, &tlv(around(0), &sorted)?, &nothing])?;
    sequence(&[&oid(SIGNED_DATA)?, &tlv(around(0), &[&data])?])
}
