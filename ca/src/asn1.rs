//! The little DER that no library writes for us: extensions beyond rcgen's, OCSP (RFC 6960), messages (RFC 5652), and what
//! enrolment says in its protocols. The one place where DER is written.

use model::Timestamp;
use pkcs8::der::asn1::{AnyRef, ObjectIdentifier, UintRef};
use pkcs8::der::{Encode, TagNumber};

pub use pkcs8::der::Tag;

use crate::error::Refused;

/// One element with this tag, whose content is the parts in a row.
///
/// # Errors
/// It is longer than the library writes.
pub fn tlv(tag: Tag, parts: &[&[u8]]) -> Result<Vec<u8>, Refused> {
    let content = parts.concat();
    AnyRef::new(tag, &content).and_then(|any| any.to_der()).map_err(|_| Refused::Crypto("writing DER"))
}

/// A SEQUENCE.
///
/// # Errors
/// It is longer than the library writes.
pub fn sequence(parts: &[&[u8]]) -> Result<Vec<u8>, Refused> {
    tlv(Tag::Sequence, parts)
}

/// An OBJECT IDENTIFIER.
pub(crate) fn oid(oid: ObjectIdentifier) -> Result<Vec<u8>, Refused> {
    tlv(Tag::ObjectIdentifier, &[oid.as_bytes()])
}

/// A context-specific tag: around whole elements (explicit), or in place of a constructed one's.
pub(crate) const fn around(number: u32) -> Tag {
    Tag::ContextSpecific { constructed: true, number: TagNumber(number) }
}

/// A context-specific tag in place of a primitive one's.
pub(crate) const fn plain(number: u32) -> Tag {
    Tag::ContextSpecific { constructed: false, number: TagNumber(number) }
}

/// A GeneralizedTime of whole seconds in UTC.
pub(crate) fn time(at: Timestamp) -> Result<Vec<u8>, Refused> {
    let seconds = u64::try_from(at.as_seconds()).map_err(|_| Refused::Time("the time is before 1970"))?;
    let at = pkcs8::der::asn1::GeneralizedTime::from_unix_duration(std::time::Duration::from_secs(seconds));
    at.and_then(|at| at.to_der()).map_err(|_| Refused::Crypto("writing a time"))
}

/// A BIT STRING of whole octets.
///
/// # Errors
/// It is longer than the library writes.
pub fn bits(octets: &[u8]) -> Result<Vec<u8>, Refused> {
    tlv(Tag::BitString, &[&[0], octets])
}

/// An INTEGER that is not negative: big-endian, zeros at the front or not.
///
/// # Errors
/// It is longer than the library writes.
pub fn unsigned(octets: &[u8]) -> Result<Vec<u8>, Refused> {
    UintRef::new(octets).and_then(|number| number.to_der()).map_err(|_| Refused::Crypto("writing DER"))
}
