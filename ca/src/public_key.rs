//! Public keys that may be certified: P-256, P-384, RSA of 2048 to 4096 bits. Also checks signatures made with them.

use std::fmt;

use aws_lc_rs::digest;
use aws_lc_rs::signature as algorithms;
use aws_lc_rs::signature::{UnparsedPublicKey, VerificationAlgorithm};
use pkcs8::der::Tag;
use rcgen::{PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, PKCS_RSA_SHA256, PublicKeyData, SignatureAlgorithm};
use x509_parser::der_parser::asn1_rs::{BitString, Oid};
use x509_parser::oid_registry as oids;
use x509_parser::prelude::FromDer;
use x509_parser::public_key::RSAPublicKey;
use x509_parser::x509::{AlgorithmIdentifier, SubjectPublicKeyInfo};

use crate::asn1::{bits, sequence, tlv};
use crate::error::Refused;
use crate::weak;

/// Kinds of public keys that are accepted. Ed25519 is not: platform key stores and browsers lag behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyKind {
    /// ECDSA on P-256: the default, spoken by TPM 2.0, Secure Enclave and Android Keystore.
    P256,
    /// ECDSA on P-384.
    P384,
    /// RSA of 2048 to 4096 bits: older TPMs and device management.
    Rsa,
}

impl KeyKind {
    /// Its usual name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::P256 => "P-256",
            Self::P384 => "P-384",
            Self::Rsa => "RSA",
        }
    }
}

/// A checked public key: accepted kind and size, one encoding, not known to be weak.
#[derive(Clone, PartialEq, Eq)]
pub struct PublicKey {
    kind: KeyKind,
    // The content of SubjectPublicKeyInfo's BIT STRING: an uncompressed point, or an RSAPublicKey.
    octets: Vec<u8>,
}

impl PublicKey {
    /// A key that comes from our own crypto library.
    pub(crate) fn trusted(kind: KeyKind, octets: Vec<u8>) -> Self {
        Self { kind, octets }
    }

    /// Reads and checks a SubjectPublicKeyInfo.
    pub(crate) fn read(info: &SubjectPublicKeyInfo<'_>) -> Result<Self, Refused> {
        let octets = info.subject_public_key.data.as_ref();
        if info.subject_public_key.unused_bits != 0 {
            return Err(Refused::PublicKey("it is not a whole number of octets"));
        }
        let algorithm = &info.algorithm;
        let kind = if algorithm.algorithm == oids::OID_KEY_TYPE_EC_PUBLIC_KEY {
            let curve = algorithm.parameters.as_ref().and_then(|curve| curve.as_oid().ok());
            let (kind, length) = match curve {
                Some(curve) if curve == oids::OID_EC_P256 => (KeyKind::P256, 65),
                Some(curve) if curve == oids::OID_NIST_EC_P384 => (KeyKind::P384, 97),
                _ => return Err(Refused::PublicKey("the curve is neither P-256 nor P-384")),
            };
            if octets.len() != length || octets.first() != Some(&0x04) {
                return Err(Refused::PublicKey("the point is not uncompressed"));
            }
            kind
        } else if algorithm.algorithm == oids::OID_PKCS1_RSAENCRYPTION {
            if !is_null(algorithm) {
                return Err(Refused::PublicKey("an RSA key carries parameters other than NULL (RFC 3279 2.3.1)"));
            }
            let (rest, key) =
                RSAPublicKey::from_der(octets).map_err(|_| Refused::PublicKey("it is no RSA public key"))?;
            if !rest.is_empty() {
                return Err(Refused::PublicKey("octets follow the RSA public key"));
            }
            weak::check_rsa(key.modulus, key.exponent)?;
            KeyKind::Rsa
        } else {
            return Err(Refused::PublicKey("its algorithm is neither ECDSA nor RSA"));
        };
        let key = Self { kind, octets: octets.to_vec() };
        // One encoding per key: what we would write must be what was read.
        if key.info_der() != info.raw { Err(Refused::PublicKey("its encoding is not DER")) } else { Ok(key) }
    }

    /// Its kind.
    #[must_use]
    pub fn kind(&self) -> KeyKind {
        self.kind
    }

    /// SubjectPublicKeyInfo in DER (RFC 5280 4.1.2.7).
    #[must_use]
    pub fn info_der(&self) -> Vec<u8> {
        self.data().subject_public_key_info()
    }

    /// SHA-256 of the SubjectPublicKeyInfo: the same key under two names shows here.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        let mut octets = [0; 32];
        octets.copy_from_slice(digest::digest(&digest::SHA256, &self.info_der()).as_ref());
        octets
    }

    /// The same, in lower-case hexadecimal.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        hex(&self.digest())
    }

    /// Key identifier: the leftmost 160 bits of SHA-256 over the key (RFC 7093 2, method 1).
    pub(crate) fn identifier(&self) -> Vec<u8> {
        let hash = digest::digest(&digest::SHA256, &self.octets);
        hash.as_ref().iter().copied().take(20).collect()
    }

    /// The key alone, as it stands in the BIT STRING.
    pub(crate) fn octets(&self) -> &[u8] {
        &self.octets
    }

    /// For rcgen.
    pub(crate) fn data(&self) -> KeyData<'_> {
        KeyData(self)
    }

    /// SEQUENCE of body, algorithm and signature, in DER: what certificates, lists and requests are (RFC 5280 4.1, RFC 2986 4.2).
    /// RSA's parameters are NULL, ECDSA's are absent (RFC 4055 5, RFC 5758 3.2).
    pub(crate) fn envelope(&self, body: &[u8], algorithm: &Oid<'_>, signature: &[u8]) -> Result<Vec<u8>, Refused> {
        let parameters: &[u8] = if self.kind == KeyKind::Rsa { &[0x05, 0x00] } else { &[] };
        let oid = tlv(Tag::ObjectIdentifier, &[algorithm.as_bytes()])?;
        sequence(&[body, &sequence(&[&oid, parameters])?, &bits(signature)?])
    }

    /// Whether `der` is exactly `body` signed with this key.
    ///
    /// Only the pairs of key kind and hash listed here; SHA-1 is not among them. The whole is put together again and
    /// compared, since algorithm and wrapping are not under the signature and the parser is lenient about them.
    pub(crate) fn signed(
        &self,
        der: &[u8],
        body: &[u8],
        algorithm: &AlgorithmIdentifier<'_>,
        signature: &BitString<'_>,
    ) -> bool {
        let algorithm = &algorithm.algorithm;
        self.envelope(body, algorithm, &signature.data).is_ok_and(|whole| whole == der)
            && self.made(body, algorithm, &signature.data)
    }

    /// Whether the holder of this key made the signature over `body`.
    pub(crate) fn made(&self, body: &[u8], algorithm: &Oid<'_>, signature: &[u8]) -> bool {
        let Some(verification) = self.verification(algorithm) else { return false };
        UnparsedPublicKey::new(verification, &self.octets).verify(body, signature).is_ok()
    }

    fn verification(&self, algorithm: &Oid<'_>) -> Option<&'static dyn VerificationAlgorithm> {
        let table: [(KeyKind, Oid<'static>, &'static dyn VerificationAlgorithm); 9] = [
            (KeyKind::P256, oids::OID_SIG_ECDSA_WITH_SHA256, &algorithms::ECDSA_P256_SHA256_ASN1),
            (KeyKind::P256, oids::OID_SIG_ECDSA_WITH_SHA384, &algorithms::ECDSA_P256_SHA384_ASN1),
            (KeyKind::P256, oids::OID_SIG_ECDSA_WITH_SHA512, &algorithms::ECDSA_P256_SHA512_ASN1),
            (KeyKind::P384, oids::OID_SIG_ECDSA_WITH_SHA256, &algorithms::ECDSA_P384_SHA256_ASN1),
            (KeyKind::P384, oids::OID_SIG_ECDSA_WITH_SHA384, &algorithms::ECDSA_P384_SHA384_ASN1),
            (KeyKind::P384, oids::OID_SIG_ECDSA_WITH_SHA512, &algorithms::ECDSA_P384_SHA512_ASN1),
            (KeyKind::Rsa, oids::OID_PKCS1_SHA256WITHRSA, &algorithms::RSA_PKCS1_2048_8192_SHA256),
            (KeyKind::Rsa, oids::OID_PKCS1_SHA384WITHRSA, &algorithms::RSA_PKCS1_2048_8192_SHA384),
            (KeyKind::Rsa, oids::OID_PKCS1_SHA512WITHRSA, &algorithms::RSA_PKCS1_2048_8192_SHA512),
        ];
        table.into_iter().find(|(kind, oid, _)| *kind == self.kind && oid == algorithm).map(|(_, _, found)| found)
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({}, {})", self.kind.as_str(), self.fingerprint())
    }
}

/// A public key as rcgen wants to see it.
pub(crate) struct KeyData<'a>(&'a PublicKey);

impl PublicKeyData for KeyData<'_> {
    fn der_bytes(&self) -> &[u8] {
        &self.0.octets
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        match self.0.kind {
            KeyKind::P256 => &PKCS_ECDSA_P256_SHA256,
            KeyKind::P384 => &PKCS_ECDSA_P384_SHA384,
            KeyKind::Rsa => &PKCS_RSA_SHA256,
        }
    }
}

fn is_null(algorithm: &AlgorithmIdentifier<'_>) -> bool {
    algorithm.parameters.as_ref().is_some_and(|given| given.as_null().is_ok() && given.data.is_empty())
}

/// Lower-case hexadecimal.
pub(crate) fn hex(octets: &[u8]) -> String {
    let digits = octets.iter().flat_map(|octet| [octet >> 4, octet & 0x0f]);
    digits.filter_map(|digit| char::from_digit(u32::from(digit), 16)).collect()
}

/// A fingerprint in hexadecimal as openssl prints it, and as slips and pages show it: `AB:CD:...`.
#[must_use]
pub fn in_pairs(hex: &str) -> String {
    let mut text = String::with_capacity(hex.len() * 3 / 2);
    for (place, character) in hex.to_ascii_uppercase().chars().enumerate() {
        if place > 0 && place % 2 == 0 {
            text.push(':');
        }
        text.push(character);
    }
    text
}
