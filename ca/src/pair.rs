//! What signs octets: a key inside the crypto library, or one that somebody else keeps; and the only `SigningKey` of the
//! crate. No type here that signs leaves it.

use std::error::Error;
use std::sync::Arc;

use aws_lc_rs::digest;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1, ECDSA_P384_SHA384_ASN1_SIGNING,
    EcdsaKeyPair, KeyPair, UnparsedPublicKey, VerificationAlgorithm,
};
use pkcs8::der::asn1::UintRef;
use pkcs8::der::{Encode, SecretDocument};
use pkcs8::pkcs5::{pbes2, scrypt};
use pkcs8::{EncryptedPrivateKeyInfoRef, LineEnding, PrivateKeyInfoRef};
use rcgen::{PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, PublicKeyData, SignatureAlgorithm, SigningKey};
use zeroize::Zeroizing;

use crate::asn1::sequence;
use crate::error::Refused;
use crate::key::Passphrase;
use crate::public_key::{KeyKind, PublicKey};
use crate::random::Random;

/// scrypt cost: N = 2^14, r = 8, p = 5: OWASP's choice for 16 MiB, the most that OpenSSL 3 accepts in a key file.
const SCRYPT: (u8, u32, u32) = (14, 8, 5);

/// The two curves of the house.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Curve {
    P256,
    P384,
}

impl Curve {
    fn signing(self) -> &'static aws_lc_rs::signature::EcdsaSigningAlgorithm {
        match self {
            Self::P256 => &ECDSA_P256_SHA256_ASN1_SIGNING,
            Self::P384 => &ECDSA_P384_SHA384_ASN1_SIGNING,
        }
    }

    fn verification(self) -> &'static dyn VerificationAlgorithm {
        match self {
            Self::P256 => &ECDSA_P256_SHA256_ASN1,
            Self::P384 => &ECDSA_P384_SHA384_ASN1,
        }
    }

    fn hash(self) -> &'static digest::Algorithm {
        match self {
            Self::P256 => &digest::SHA256,
            Self::P384 => &digest::SHA384,
        }
    }

    /// Octets of a coordinate, and of each half of a signature.
    const fn octets(self) -> usize {
        match self {
            Self::P256 => 32,
            Self::P384 => 48,
        }
    }

    const fn point_octets(self) -> usize {
        1 + 2 * self.octets()
    }

    /// ECDSA-Sig-Value from r and s in fixed length.
    fn signature_der(self, fixed: &[u8]) -> Result<Vec<u8>, Refused> {
        let halves = (fixed.len() == 2 * self.octets()).then(|| fixed.split_at(self.octets()));
        let (r, s) = halves.ok_or(Refused::KeptKeyOther)?;
        let half = |octets: &[u8]| {
            let whole = UintRef::new(octets).and_then(|half| half.to_der());
            whole.map_err(|_| Refused::Crypto("writing a signature"))
        };
        sequence(&[&half(r)?, &half(s)?])
    }

    fn kind(self) -> KeyKind {
        match self {
            Self::P256 => KeyKind::P256,
            Self::P384 => KeyKind::P384,
        }
    }

    fn algorithm(self) -> &'static SignatureAlgorithm {
        match self {
            Self::P256 => &PKCS_ECDSA_P256_SHA256,
            Self::P384 => &PKCS_ECDSA_P384_SHA384,
        }
    }
}

/// A signing key that is kept elsewhere, in a PKCS#11 token say, and never shown. This crate asks it to sign what it has
/// prepared itself, and checks every signature before it hands it on.
pub trait KeptKey: Send + Sync {
    /// The public half: the uncompressed point (SEC 1 2.3.3), 65 octets for P-256 and 97 for P-384.
    fn public_point(&self) -> &[u8];

    /// ECDSA over `digest`, made with the hash of the curve's size (RFC 5758 3.2): r and s in big-endian, each as long as
    /// the curve's order, as PKCS#11's CKM_ECDSA gives them.
    ///
    /// # Errors
    /// It could not be reached, or would not sign.
    fn sign(&self, digest: &[u8]) -> Result<Vec<u8>, Box<dyn Error + Send + Sync>>;
}

/// A signing key inside the crate. Its `SigningKey` implementation is the only thing that signs octets, and the type
/// never leaves the crate.
pub(crate) struct Pair {
    curve: Curve,
    point: Vec<u8>,
    held: Held,
}

/// Where the private half is.
enum Held {
    /// In memory.
    Here(EcdsaKeyPair),
    /// Somewhere that signs for us.
    Kept(Arc<dyn KeptKey>),
}

impl Pair {
    pub(crate) fn generate(curve: Curve) -> Result<Self, Refused> {
        let pair = EcdsaKeyPair::generate(curve.signing()).map_err(|_| Refused::Crypto("making a key"))?;
        Ok(Self::here(curve, pair))
    }

    fn here(curve: Curve, pair: EcdsaKeyPair) -> Self {
        Self { curve, point: pair.public_key().as_ref().to_vec(), held: Held::Here(pair) }
    }

    /// A key that somebody else keeps. Signs once, so that one that cannot is found now and not at the next revocation.
    pub(crate) fn kept(curve: Curve, key: Arc<dyn KeptKey>) -> Result<Self, Refused> {
        let point = key.public_point().to_vec();
        let (length, wanted) = (curve.point_octets(), curve.kind().as_str());
        if point.len() != length || point.first() != Some(&0x04) {
            return Err(Refused::KeyKind { wanted });
        }
        let pair = Self { curve, point, held: Held::Kept(key) };
        let trial = b"whether this key signs";
        let signature = pair.signature(trial)?;
        let genuine = UnparsedPublicKey::new(curve.verification(), &pair.point).verify(trial, &signature).is_ok();
        if genuine { Ok(pair) } else { Err(Refused::KeptKeyOther) }
    }

    /// Over `message`, in DER (RFC 3279 2.2.3).
    pub(crate) fn signature(&self, message: &[u8]) -> Result<Vec<u8>, Refused> {
        match &self.held {
            Held::Here(pair) => {
                let random = aws_lc_rs::rand::SystemRandom::new();
                let signature = pair.sign(&random, message).map_err(|_| Refused::Crypto("signing"))?;
                Ok(signature.as_ref().to_vec())
            }
            Held::Kept(key) => {
                let digest = digest::digest(self.curve.hash(), message);
                let fixed = key.sign(digest.as_ref()).map_err(Refused::KeptKey)?;
                self.curve.signature_der(&fixed)
            }
        }
    }

    pub(crate) fn public(&self) -> PublicKey {
        PublicKey::trusted(self.curve.kind(), self.point.clone())
    }

    /// PKCS#8 in the clear, for a key that may leave.
    pub(crate) fn clear(&self) -> Result<Zeroizing<Vec<u8>>, Refused> {
        let Held::Here(pair) = &self.held else { return Err(Refused::KeptElsewhere) };
        // aws-lc-rs wipes the document when it is dropped.
        let clear = pair.to_pkcs8v1().map_err(|_| Refused::Crypto("writing a key"))?;
        Ok(Zeroizing::new(clear.as_ref().to_vec()))
    }

    pub(crate) fn seal(&self, passphrase: &Passphrase, random: &dyn Random) -> Result<Zeroizing<String>, Refused> {
        let failed = |_| Refused::Crypto("encrypting a key");
        let clear = self.clear()?;
        let info = PrivateKeyInfoRef::try_from(clear.as_slice()).map_err(|_| Refused::Crypto("writing a key"))?;
        let (mut salt, mut iv) = ([0_u8; 16], [0_u8; 16]);
        random.fill(&mut salt)?;
        random.fill(&mut iv)?;
        let (log_n, r, p) = SCRYPT;
        let cost = scrypt::Params::new(log_n, r, p).map_err(|_| Refused::Crypto("encrypting a key"))?;
        let scheme = pbes2::Parameters::generate_scrypt_aes256cbc(cost, &salt, iv)
            .map_err(|_| Refused::Crypto("encrypting a key"))?;
        let sealed = info.encrypt_with_params(scheme, passphrase.text().as_bytes()).map_err(failed)?;
        sealed.to_pem("ENCRYPTED PRIVATE KEY", LineEnding::LF).map_err(|_| Refused::Crypto("writing a key"))
    }

    pub(crate) fn open(pem: &str, passphrase: &Passphrase, curve: Curve) -> Result<Self, Refused> {
        let (label, sealed) = SecretDocument::from_pem(pem).map_err(|_| Refused::KeyForm("no PEM block"))?;
        match label {
            "ENCRYPTED PRIVATE KEY" => {}
            "PRIVATE KEY" | "EC PRIVATE KEY" | "RSA PRIVATE KEY" => return Err(Refused::KeyInClear),
            _ => return Err(Refused::KeyForm("another label")),
        }
        let info = EncryptedPrivateKeyInfoRef::try_from(sealed.as_bytes())
            .map_err(|_| Refused::KeyForm("no EncryptedPrivateKeyInfo with PBES2"))?;
        let clear = info.decrypt(passphrase.text().as_bytes()).map_err(|_| Refused::WrongPassphrase)?;
        // A wrong passphrase survives the padding check once in about 256 tries; what it gives is then no PKCS#8.
        PrivateKeyInfoRef::try_from(clear.as_bytes()).map_err(|_| Refused::WrongPassphrase)?;
        let pair = EcdsaKeyPair::from_pkcs8(curve.signing(), clear.as_bytes())
            .map_err(|_| Refused::KeyKind { wanted: curve.kind().as_str() })?;
        Ok(Self::here(curve, pair))
    }
}

impl PublicKeyData for Pair {
    fn der_bytes(&self) -> &[u8] {
        &self.point
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        self.curve.algorithm()
    }
}

impl SigningKey for Pair {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        self.signature(message).map_err(|_| rcgen::Error::RemoteKeyError)
    }
}

/// Stands where a signature will be, in what is written to be looked at first: well-formed, and nobody's.
pub(crate) struct Blank(Curve);

impl Blank {
    /// In place of a key of this kind.
    pub(crate) fn of(kind: KeyKind) -> Result<Self, Refused> {
        match kind {
            KeyKind::P256 => Ok(Self(Curve::P256)),
            KeyKind::P384 => Ok(Self(Curve::P384)),
            KeyKind::Rsa => Err(Refused::KeyKind { wanted: "P-256 or P-384" }),
        }
    }
}

impl PublicKeyData for Blank {
    fn der_bytes(&self) -> &[u8] {
        &[]
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        self.0.algorithm()
    }
}

impl SigningKey for Blank {
    /// ECDSA-Sig-Value of one and one.
    fn sign(&self, _: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        Ok(vec![0x30, 6, 2, 1, 1, 2, 1, 1])
    }
}
