//! Public keys that are accepted (RFC 5280 4.1.2.7, RFC 3279 2.3.1, RFC 5480 2).

use x509_parser::oid_registry as oids;
use x509_parser::prelude::FromDer as _;
use x509_parser::public_key::RSAPublicKey;
use x509_parser::x509::SubjectPublicKeyInfo;

use super::ProfileFault;

/// Bits of an RSA modulus. Below nobody is safe, above a handshake is a burden.
const RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=8192;

/// P-256, P-384 and P-521 by name with an uncompressed point; RSA with an odd modulus and exponent.
pub(super) fn check(info: &SubjectPublicKeyInfo<'_>) -> Result<(), ProfileFault> {
    let octets = info.subject_public_key.data.as_ref();
    let algorithm = &info.algorithm;
    let fits = info.subject_public_key.unused_bits == 0
        && if algorithm.algorithm == oids::OID_KEY_TYPE_EC_PUBLIC_KEY {
            let curve = algorithm.parameters.as_ref().and_then(|curve| curve.as_oid().ok());
            let length = match curve {
                Some(curve) if curve == oids::OID_EC_P256 => 65,
                Some(curve) if curve == oids::OID_NIST_EC_P384 => 97,
                Some(curve) if curve == oids::OID_NIST_EC_P521 => 133,
                _ => 0,
            };
            octets.len() == length && octets.first() == Some(&4)
        } else if algorithm.algorithm == oids::OID_PKCS1_RSAENCRYPTION {
            let null =
                algorithm.parameters.as_ref().is_some_and(|given| given.as_null().is_ok() && given.data.is_empty());
            null && rsa(octets).is_some_and(|bits| RSA_BITS.contains(&bits))
        } else {
            false
        };
    if fits { Ok(()) } else { Err(ProfileFault::PublicKey) }
}

/// Bits of the modulus, if it is a key at all.
pub(super) fn rsa(octets: &[u8]) -> Option<usize> {
    crate::tls::der::strict(octets).ok()?;
    let (rest, key) = RSAPublicKey::from_der(octets).ok()?;
    let odd = |number: &[u8]| number.last().is_some_and(|last| last % 2 == 1);
    let positive = |number: &[u8]| number.first().is_some_and(|top| *top < 0x80);
    let exponent = key.exponent;
    let sound = rest.is_empty()
        && odd(key.modulus)
        && positive(key.modulus)
        && odd(exponent)
        && positive(exponent)
        && (exponent.len() > 1 || exponent.first().is_some_and(|only| *only >= 3));
    let modulus = key.modulus.strip_prefix(&[0]).unwrap_or(key.modulus);
    let top = modulus.first()?;
    sound.then(|| modulus.len() * 8 - top.leading_zeros() as usize)
}
