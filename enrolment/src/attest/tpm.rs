//! A TPM's attestation (WebAuthn 8.3, TPM 2.0 part 2): the attestation key, whose certificate names the hardware, signs that a
//! key is in the same TPM and cannot leave it.

use aws_lc_rs::digest;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P384_SHA384_ASN1, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey,
    VerificationAlgorithm,
};
use ca::asn1::{bits, sequence, unsigned};
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::{GeneralName, ParsedExtension};
use x509_parser::prelude::FromDer;

use super::{Challenge, Statement, Unbelieved, chain, sha256};
use crate::pkcs7::element;

/// tcg-kp-AIKCertificate: nothing else may vouch.
const ATTESTATION_KEY: &str = "2.23.133.8.3";
/// id-on-permanentIdentifier (RFC 4043).
const PERMANENT_IDENTIFIER: &str = "1.3.6.1.5.5.7.8.3";
const MAGIC: &[u8] = &[0xff, b'T', b'C', b'G'];
const ATTEST_CERTIFY: u16 = 0x8017;
const ALG_NULL: u16 = 0x0010;
/// fixedTPM, fixedParent, sensitiveDataOrigin: made in this TPM, and bound to it.
const BOUND: u32 = 1 << 1 | 1 << 4 | 1 << 5;

const UNREAD: Unbelieved = Unbelieved("the attestation's statement is not understood");

pub(super) fn key(
    statement: &Statement<'_>,
    roots: &[Vec<u8>],
    challenge: &Challenge<'_>,
) -> Result<Vec<u8>, Unbelieved> {
    let leaf = chain::leaf(&statement.x5c, roots, challenge.now)?;
    let (_, certificate) = X509Certificate::from_der(leaf).map_err(|_| UNREAD)?;
    vouches(&certificate, challenge.hardware)?;
    let (Some("2.0"), Some(alg), Some(signature), Some(info), Some(area)) =
        (statement.ver, statement.alg, statement.sig, statement.cert_info, statement.pub_area)
    else {
        return Err(UNREAD);
    };
    if !signed(&certificate, alg, info, signature) {
        return Err(Unbelieved("the attestation is not signed by its own key"));
    }
    let certified = Certified::read(info).ok_or(UNREAD)?;
    if certified.extra != sha256(challenge.key_authorization.as_bytes()) {
        return Err(Unbelieved("the attestation answers another challenge"));
    }
    if certified.name != name_of(area).ok_or(UNREAD)? {
        return Err(Unbelieved("the attestation is of another key"));
    }
    public_key(area)
}

/// The certificate of an attestation key, of this hardware.
fn vouches(certificate: &X509Certificate<'_>, hardware: &str) -> Result<(), Unbelieved> {
    let (mut usage, mut named) = (false, false);
    for extension in certificate.iter_extensions() {
        match extension.parsed_extension() {
            ParsedExtension::ExtendedKeyUsage(usages) => {
                usage = usages.other.iter().any(|oid| oid.to_id_string() == ATTESTATION_KEY);
            }
            ParsedExtension::SubjectAlternativeName(names) => {
                named = names.general_names.iter().any(|name| match name {
                    GeneralName::OtherName(oid, value) if oid.to_id_string() == PERMANENT_IDENTIFIER => {
                        permanent_identifier(value).is_some_and(|value| value == hardware.as_bytes())
                    }
                    _ => false,
                });
            }
            _ => {}
        }
    }
    if certificate.is_ca() || !usage {
        return Err(Unbelieved("the attestation's certificate is none of an attestation key"));
    }
    if named { Ok(()) } else { Err(Unbelieved("the attestation is of another device than the one on record")) }
}

/// `[0] EXPLICIT SEQUENCE { identifierValue UTF8String OPTIONAL, ... }`: the value.
fn permanent_identifier(other_name: &[u8]) -> Option<&[u8]> {
    let inner = element(other_name, 0xa0).map_or(other_name, |(inner, _)| inner);
    let (sequence, _) = element(inner, 0x30)?;
    element(sequence, 0x0c).map(|(value, _)| value)
}

fn signed(certificate: &X509Certificate<'_>, alg: i64, info: &[u8], signature: &[u8]) -> bool {
    let key = certificate.public_key().subject_public_key.data.as_ref();
    // COSE's numbers (RFC 8152 8.1, RFC 8812 2). RS1, which older TPMs sign with, is not among them.
    let verification: &'static dyn VerificationAlgorithm = match alg {
        -7 => &ECDSA_P256_SHA256_ASN1,
        -35 => &ECDSA_P384_SHA384_ASN1,
        -257 => &RSA_PKCS1_2048_8192_SHA256,
        _ => return false,
    };
    UnparsedPublicKey::new(verification, key).verify(info, signature).is_ok()
}

/// TPMS_ATTEST of a certification: what we need of it.
struct Certified<'a> {
    extra: &'a [u8],
    name: &'a [u8],
}

impl<'a> Certified<'a> {
    fn read(info: &'a [u8]) -> Option<Self> {
        let mut rest = info.strip_prefix(MAGIC)?;
        if number(&mut rest)? != ATTEST_CERTIFY {
            return None;
        }
        let _signer = sized(&mut rest)?;
        let extra = sized(&mut rest)?;
        // Clock and versions.
        rest = rest.get(17 + 8..)?;
        let name = sized(&mut rest)?;
        let _qualified = sized(&mut rest)?;
        rest.is_empty().then_some(Self { extra, name })
    }
}

/// The name of a key: its hash algorithm and the hash of its public area.
fn name_of(area: &[u8]) -> Option<Vec<u8>> {
    let mut rest = area.get(2..)?;
    let algorithm = number(&mut rest)?;
    let hash: &'static digest::Algorithm = match algorithm {
        0x000b => &digest::SHA256,
        0x000c => &digest::SHA384,
        0x000d => &digest::SHA512,
        _ => return None,
    };
    Some([&algorithm.to_be_bytes(), digest::digest(hash, area).as_ref()].concat())
}

/// TPMT_PUBLIC of a key that cannot leave its TPM, as SubjectPublicKeyInfo.
fn public_key(area: &[u8]) -> Result<Vec<u8>, Unbelieved> {
    let mut rest = area;
    let kind = number(&mut rest).ok_or(UNREAD)?;
    let _hash = number(&mut rest).ok_or(UNREAD)?;
    let attributes = (number(&mut rest).ok_or(UNREAD)?, number(&mut rest).ok_or(UNREAD)?);
    let attributes = u32::from(attributes.0) << 16 | u32::from(attributes.1);
    if attributes & BOUND != BOUND {
        return Err(Unbelieved("the key can leave its TPM"));
    }
    sized(&mut rest).ok_or(UNREAD)?;
    match kind {
        0x0001 => rsa(rest),
        0x0023 => elliptic(rest),
        _ => None,
    }
    .ok_or(UNREAD)
}

fn elliptic(mut rest: &[u8]) -> Option<Vec<u8>> {
    scheme(&mut rest, 0)?;
    scheme(&mut rest, 1)?;
    let (curve, length): (&[u8], usize) = match number(&mut rest)? {
        0x0003 => (&[0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07], 32),
        0x0004 => (&[0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22], 48),
        _ => return None,
    };
    scheme(&mut rest, 1)?;
    let (x, y) = (sized(&mut rest)?, sized(&mut rest)?);
    // A TPM may leave out zeros at the front.
    let padded = |part: &[u8]| Some([vec![0; length.checked_sub(part.len())?], part.to_vec()].concat());
    let point = [vec![4], padded(x)?, padded(y)?].concat();
    let algorithm = [&[0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01], curve].concat();
    info(&algorithm, &point).filter(|_| rest.is_empty())
}

fn rsa(mut rest: &[u8]) -> Option<Vec<u8>> {
    scheme(&mut rest, 0)?;
    scheme(&mut rest, 1)?;
    let _bits = number(&mut rest)?;
    let (exponent, after) = rest.split_first_chunk::<4>()?;
    rest = after;
    let exponent = match u32::from_be_bytes(*exponent) {
        0 => 65537,
        other => other,
    };
    let modulus = sized(&mut rest)?;
    let key = sequence(&[&unsigned(modulus).ok()?, &unsigned(&exponent.to_be_bytes()).ok()?]).ok()?;
    let algorithm = [0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00];
    info(&algorithm, &key).filter(|_| rest.is_empty())
}

fn info(algorithm: &[u8], key: &[u8]) -> Option<Vec<u8>> {
    sequence(&[&sequence(&[algorithm]).ok()?, &bits(key).ok()?]).ok()
}

/// An algorithm and, unless it is none, so many numbers that belong to it. A symmetric one belongs to storage keys, which
/// certify nothing of ours.
fn scheme(rest: &mut &[u8], parameters: usize) -> Option<()> {
    if number(rest)? == ALG_NULL {
        return Some(());
    }
    if parameters == 0 {
        return None;
    }
    (0..parameters).try_for_each(|_| number(rest).map(|_| ()))
}

fn number(rest: &mut &[u8]) -> Option<u16> {
    let (octets, after) = rest.split_first_chunk::<2>()?;
    *rest = after;
    Some(u16::from_be_bytes(*octets))
}

/// TPM2B: a length and so many octets.
fn sized<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = number(rest)?;
    let (octets, after) = rest.split_at_checked(usize::from(length))?;
    *rest = after;
    Some(octets)
}
