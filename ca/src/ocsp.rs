//! Questions about the status of certificates (RFC 6960 4.1), read strictly: what is not DER, or has parts that we do not
//! know and must, is malformed. A signature under a question is not looked at: nothing secret is answered.

use aws_lc_rs::digest;
use model::SerialNumber;
use pkcs8::der::asn1::{AnyRef, ObjectIdentifier, OctetStringRef, UintRef};
use pkcs8::der::{Decode, Encode, Reader, SliceReader, Tag, Tagged};

use crate::asn1::around;
use crate::authority::Issuing;

/// Longest question, in octets. One certificate takes about 120.
pub const REQUEST_OCTETS_MAX: usize = 2048;
/// Most certificates in one question.
const ASKED_MAX: usize = 8;
/// Longest nonce, in octets (RFC 8954 2.1).
const NONCE_OCTETS_MAX: usize = 32;

pub(crate) const NONCE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.48.1.2");
const SHA1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.14.3.2.26");
const SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.1");

/// Why there is no answer (RFC 6960 4.2.1). Not signed, so it says nothing of any certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OcspRefusal {
    /// The question cannot be read, or asks too much.
    #[error("the question is malformed")]
    MalformedRequest,
    /// The answer could not be signed.
    #[error("the answer could not be signed")]
    InternalError,
    /// Just now nobody knows the status of anything.
    #[error("the status is not known just now")]
    TryLater,
}

impl OcspRefusal {
    /// The OCSPResponse in DER.
    #[must_use]
    pub const fn der(self) -> [u8; 5] {
        let status = match self {
            Self::MalformedRequest => 1,
            Self::InternalError => 2,
            Self::TryLater => 3,
        };
        [0x30, 3, 0x0a, 1, status]
    }
}

/// One certificate asked about.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Asked {
    /// The CertID as it was asked, which the answer repeats.
    pub(crate) certificate: Vec<u8>,
    hash: Option<Hash>,
    name_hash: Vec<u8>,
    key_hash: Vec<u8>,
    serial: Option<SerialNumber>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Hash {
    Sha1,
    Sha256,
}

/// What was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OcspRequest {
    asked: Vec<Asked>,
    nonce: Option<Vec<u8>>,
}

impl OcspRequest {
    /// Reads a question in DER.
    ///
    /// # Errors
    /// [`OcspRefusal::MalformedRequest`], whatever is wrong with it.
    pub fn read(der: &[u8]) -> Result<Self, OcspRefusal> {
        if der.len() > REQUEST_OCTETS_MAX {
            return Err(OcspRefusal::MalformedRequest);
        }
        read(der).ok_or(OcspRefusal::MalformedRequest)
    }

    /// The certificates asked about, 1 to 8.
    #[must_use]
    pub fn asked(&self) -> &[Asked] {
        &self.asked
    }

    /// The octets that make the answer fresh, 1 to 32, if any.
    #[must_use]
    pub fn nonce(&self) -> Option<&[u8]> {
        self.nonce.as_deref()
    }
}

impl Asked {
    /// The serial number asked about, where `issuer` is whom it is asked of; nothing else can be answered.
    #[must_use]
    pub fn of(&self, issuer: &Issuing) -> Option<SerialNumber> {
        let algorithm = match self.hash? {
            // Who asks chooses it, and nearly everybody still chooses this one; nothing rests on its strength here.
            Hash::Sha1 => &digest::SHA1_FOR_LEGACY_USE_ONLY,
            Hash::Sha256 => &digest::SHA256,
        };
        let name = digest::digest(algorithm, &issuer.view().subject_der);
        let key = digest::digest(algorithm, issuer.public_key().octets());
        (self.name_hash == name.as_ref() && self.key_hash == key.as_ref()).then_some(self.serial).flatten()
    }
}

fn read(der: &[u8]) -> Option<OcspRequest> {
    let [body, signature @ ..] = &*elements(AnyRef::from_der(der).ok()?)? else { return None };
    match signature {
        [] => {}
        [one] if one.tag() == around(0) => {}
        _ => return None,
    }
    let parts = elements(*body)?;
    let mut parts = parts.iter().peekable();
    // The version is the first, which DER leaves out; who asks is of no interest.
    parts.next_if(|part| part.tag() == around(1));
    let asked = elements(**parts.next().as_ref()?)?;
    if !(1..=ASKED_MAX).contains(&asked.len()) {
        return None;
    }
    let asked = asked.into_iter().map(one).collect::<Option<_>>()?;
    let nonce = match parts.next_if(|part| part.tag() == around(2)) {
        Some(part) => extensions(inside(part)?)?,
        None => None,
    };
    parts.next().is_none().then_some(OcspRequest { asked, nonce })
}

/// One Request: its CertID, and extensions that may be there but must not be critical.
fn one(request: AnyRef<'_>) -> Option<Asked> {
    match &*elements(request)? {
        [certificate] => certificate_id(*certificate),
        [certificate, further] if further.tag() == around(0) => {
            extensions(inside(further)?)?;
            certificate_id(*certificate)
        }
        _ => None,
    }
}

fn certificate_id(id: AnyRef<'_>) -> Option<Asked> {
    let [algorithm, name, key, serial] = &*elements(id)? else { return None };
    let hash = match &*elements(*algorithm)? {
        [oid] => oid.decode_as::<ObjectIdentifier>().ok()?,
        [oid, null] if null.is_null() => oid.decode_as::<ObjectIdentifier>().ok()?,
        _ => return None,
    };
    let octets = |any: &AnyRef<'_>| any.decode_as::<&OctetStringRef>().ok().map(|octets| octets.as_bytes().to_vec());
    if serial.tag() != Tag::Integer || serial.value().is_empty() {
        return None;
    }
    // A number that no certificate can have, negative or too long, is one that nobody knows.
    let number = serial.decode_as::<UintRef<'_>>().ok();
    Some(Asked {
        certificate: id.to_der().ok()?,
        hash: [(SHA1, Hash::Sha1), (SHA256, Hash::Sha256)]
            .into_iter()
            .find(|(oid, _)| *oid == hash)
            .map(|found| found.1),
        name_hash: octets(name)?,
        key_hash: octets(key)?,
        serial: number.and_then(|number| SerialNumber::from_octets(number.as_bytes()).ok()),
    })
}

/// The nonce, if there is one. Nothing at all where an extension that we do not know is critical.
fn extensions(list: AnyRef<'_>) -> Option<Option<Vec<u8>>> {
    let mut nonce = None;
    for extension in elements(list)? {
        let parts = elements(extension)?;
        let (oid, critical, value) = match &*parts {
            [oid, value] => (oid, false, value),
            [oid, critical, value] => (oid, critical.decode_as::<bool>().ok()?, value),
            _ => return None,
        };
        let value = value.decode_as::<&OctetStringRef>().ok()?;
        if oid.decode_as::<ObjectIdentifier>().ok()? != NONCE {
            if critical {
                return None;
            }
            continue;
        }
        let given = <&OctetStringRef>::from_der(value.as_bytes()).ok()?.as_bytes();
        if nonce.is_some() || !(1..=NONCE_OCTETS_MAX).contains(&given.len()) {
            return None;
        }
        nonce = Some(given.to_vec());
    }
    Some(nonce)
}

/// What a SEQUENCE is made of, all of it.
fn elements(sequence: AnyRef<'_>) -> Option<Vec<AnyRef<'_>>> {
    (sequence.tag() == Tag::Sequence).then_some(())?;
    let mut reader = SliceReader::new(sequence.value()).ok()?;
    let mut elements = vec![];
    while !reader.is_finished() {
        elements.push(AnyRef::decode(&mut reader).ok()?);
    }
    Some(elements)
}

/// The one element within an explicit tag.
fn inside<'a>(tagged: &AnyRef<'a>) -> Option<AnyRef<'a>> {
    AnyRef::from_der(tagged.value()).ok()
}
