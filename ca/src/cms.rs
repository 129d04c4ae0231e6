//! Cryptographic messages (RFC 5652), as far as enrolment needs them: certificates that nobody signs for, signed by RSA with
//! SHA-256, encrypted by AES-256-CBC for an RSA key. Written here; what comes from strangers is read in `enrolment`.

use aws_lc_rs::cipher::{AES_256, AES_256_KEY_LEN, EncryptionContext, PaddedBlockEncryptingKey, UnboundCipherKey};
use aws_lc_rs::iv::FixedLength;
use aws_lc_rs::rsa::{Pkcs1PublicEncryptingKey, PublicEncryptingKey};
use pkcs8::der::Tag;
use pkcs8::der::asn1::ObjectIdentifier;
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer;
use zeroize::Zeroizing;

use crate::asn1::{around, oid, plain, sequence, tlv};
use crate::error::Refused;
use crate::random::{Random, SystemRandom};

pub(crate) const DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.1");
const SIGNED_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.2");
const ENVELOPED_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.3");
const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const SHA_256: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.1");
const AES_256_CBC: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.1.42");

/// Algorithm and NULL.
fn algorithm(of: ObjectIdentifier) -> Result<Vec<u8>, Refused> {
    sequence(&[&oid(of)?, &tlv(Tag::Null, &[])?])
}

/// Issuer and serial number of a certificate (DER), as messages name it.
fn named(certificate: &[u8]) -> Result<Vec<u8>, Refused> {
    let (_, parsed) =
        X509Certificate::from_der(certificate).map_err(|_| Refused::Request("its certificate is unreadable"))?;
    let serial = tlv(Tag::Integer, &[parsed.raw_serial()])?;
    sequence(&[parsed.issuer().as_raw(), &serial])
}

/// One attribute with one value (DER).
pub(crate) fn attribute(of: ObjectIdentifier, value: &[u8]) -> Result<Vec<u8>, Refused> {
    sequence(&[&oid(of)?, &tlv(Tag::Set, &[value])?])
}

/// SignedData (RFC 5652 5.1) around this content, with these certificates, each in DER. Both sets of it have one entry or none.
fn signed_data(
    digests: &[&[u8]],
    inner: &[&[u8]],
    certificates: &[&[u8]],
    infos: &[&[u8]],
) -> Result<Vec<u8>, Refused> {
    // A SET OF is sorted by its octets.
    let mut sorted = certificates.to_vec();
    sorted.sort_unstable();
    let data = sequence(&[
        &tlv(Tag::Integer, &[&[1]])?,
        &tlv(Tag::Set, digests)?,
        &sequence(&[&[oid(DATA)?.as_slice()], inner].concat())?,
        &tlv(around(0), &sorted)?,
        &tlv(Tag::Set, infos)?,
    ])?;
    sequence(&[&oid(SIGNED_DATA)?, &tlv(around(0), &[&data])?])
}

/// Packs certificates in one file, for the platforms that want them so: certs-only (`.p7c`, EST's `cacerts`). Nobody signs it; each
/// certificate stands for itself. In this order but for DER's own.
///
/// # Errors
/// The crypto library failed.
pub fn certs_only(certificates: &[&[u8]]) -> Result<Vec<u8>, Refused> {
    signed_data(&[], &[], certificates, &[])
}

/// SignedData over `content`, with these attributes, which `sign` signs in their DER form. `certificates`: the signer's first.
pub(crate) fn signed(
    content: &[u8],
    mut attributes: Vec<Vec<u8>>,
    certificates: &[&[u8]],
    sign: impl FnOnce(&[u8]) -> Result<Vec<u8>, Refused>,
) -> Result<Vec<u8>, Refused> {
    let signer = certificates.first().ok_or(Refused::Crypto("signing a message"))?;
    // A SET OF is sorted by its octets.
    attributes.sort_unstable();
    let parts: Vec<&[u8]> = attributes.iter().map(Vec::as_slice).collect();
    let signature = sign(&tlv(Tag::Set, &parts)?)?;
    let digests = algorithm(SHA_256)?;
    let info = sequence(&[
        &tlv(Tag::Integer, &[&[1]])?,
        &named(signer)?,
        &digests,
        &tlv(around(0), &parts)?,
        &algorithm(RSA)?,
        &tlv(Tag::OctetString, &[&signature])?,
    ])?;
    let inner = tlv(around(0), &[&tlv(Tag::OctetString, &[content])?])?;
    signed_data(&[&digests], &[&inner], certificates, &[&info])
}

/// EnvelopedData: `content`, which only the holder of this certificate's RSA key can read.
///
/// # Errors
/// The certificate has no RSA key of 2048 bits and more, or the crypto library failed.
pub fn enveloped(content: &[u8], recipient: &[u8]) -> Result<Vec<u8>, Refused> {
    let failed = |_| Refused::Crypto("encrypting a message");
    let (_, parsed) =
        X509Certificate::from_der(recipient).map_err(|_| Refused::Request("its certificate is unreadable"))?;
    let public = PublicEncryptingKey::from_der(parsed.public_key().raw)
        .map_err(|_| Refused::PublicKey("an answer can be encrypted for an RSA key only"))?;
    let public = Pkcs1PublicEncryptingKey::new(public).map_err(failed)?;
    let mut key = Zeroizing::new([0_u8; AES_256_KEY_LEN]);
    let mut iv = [0_u8; 16];
    SystemRandom::new().fill(key.as_mut_slice())?;
    SystemRandom::new().fill(&mut iv)?;
    let unbound = UnboundCipherKey::new(&AES_256, key.as_slice()).map_err(failed)?;
    let cipher = PaddedBlockEncryptingKey::cbc_pkcs7(unbound).map_err(failed)?;
    let mut sealed = content.to_vec();
    cipher.less_safe_encrypt(&mut sealed, EncryptionContext::Iv128(FixedLength::from(&iv))).map_err(failed)?;
    let mut wrapped = vec![0; public.ciphertext_size()];
    let wrapped = public.encrypt(key.as_slice(), &mut wrapped).map_err(failed)?;
    let zero = tlv(Tag::Integer, &[&[0]])?;
    let whom = sequence(&[&zero, &named(recipient)?, &algorithm(RSA)?, &tlv(Tag::OctetString, &[wrapped])?])?;
    let how = sequence(&[&oid(AES_256_CBC)?, &tlv(Tag::OctetString, &[&iv])?])?;
    let inner = sequence(&[&oid(DATA)?, &how, &tlv(plain(0), &[&sealed])?])?;
    let data = sequence(&[&zero, &tlv(Tag::Set, &[&whom])?, &inner])?;
    sequence(&[&oid(ENVELOPED_DATA)?, &tlv(around(0), &[&data])?])
}
