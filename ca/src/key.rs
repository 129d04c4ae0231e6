//! Private keys: of the root, of the issuing authorities, and those made here for a terminal or a server.
//!
//! The authorities' keys exist in memory only inside the crypto library and on disk only encrypted (PKCS#8, PBES2 with
//! scrypt and AES-256-CBC: what `openssl pkey` reads). They sign certificates and lists that this crate has checked,
//! and have no method that signs anything else:
//!
//! ```compile_fail,E0599
//! # fn stranger(key: &ca::IssuingKey) {
//! key.sign(b"whatever a stranger sends");
//! # }
//! ```

use std::fmt;

use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, EcdsaKeyPair, KeyPair};
use pkcs8::der::SecretDocument;
use pkcs8::pkcs5::{pbes2, scrypt};
use pkcs8::{EncryptedPrivateKeyInfoRef, LineEnding, PrivateKeyInfoRef};
use rcgen::{PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, PublicKeyData, SignatureAlgorithm, SigningKey};
use zeroize::Zeroizing;

use crate::error::Refused;
use crate::public_key::{KeyKind, PublicKey};
use crate::random::Random;

/// scrypt cost: N = 2^14, r = 8, p = 5: OWASP's choice for 16 MiB, the most that OpenSSL 3 accepts in a key file.
const SCRYPT: (u8, u32, u32) = (14, 8, 5);

/// A passphrase; wiped from memory when dropped, never shown.
pub struct Passphrase(Zeroizing<String>);

impl Passphrase {
    /// Fewest characters.
    pub const LENGTH_MIN: usize = 12;
    /// Most octets.
    pub const LENGTH_MAX: usize = 1024;

    /// From the text of a file or an environment variable. One line ending at the end is cut off, since editors add it.
    ///
    /// # Errors
    /// Too short, too long, or several lines.
    pub fn new(text: &str) -> Result<Self, Refused> {
        let line = text.strip_suffix('\n').unwrap_or(text);
        let line = line.strip_suffix('\r').unwrap_or(line);
        let fits = line.chars().count() >= Self::LENGTH_MIN && line.len() <= Self::LENGTH_MAX;
        if !fits || line.chars().any(char::is_control) {
            return Err(Refused::Passphrase { min: Self::LENGTH_MIN, max: Self::LENGTH_MAX });
        }
        Ok(Self(Zeroizing::new(line.to_owned())))
    }

    pub(crate) fn text(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Passphrase(not shown)")
    }
}

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

    fn kind(self) -> KeyKind {
        match self {
            Self::P256 => KeyKind::P256,
            Self::P384 => KeyKind::P384,
        }
    }
}

/// A signing key inside the crate. Its `SigningKey` implementation is the only thing that signs octets, and the type
/// never leaves the crate.
pub(crate) struct Pair {
    curve: Curve,
    pair: EcdsaKeyPair,
}

impl Pair {
    pub(crate) fn generate(curve: Curve) -> Result<Self, Refused> {
        let pair = EcdsaKeyPair::generate(curve.signing()).map_err(|_| Refused::Crypto("making a key"))?;
        Ok(Self { curve, pair })
    }

    /// The throw-away counterpart of `kind`, for linting: same algorithm, worthless signature.
    pub(crate) fn throw_away(kind: KeyKind) -> Result<Self, Refused> {
        match kind {
            KeyKind::P256 => Self::generate(Curve::P256),
            KeyKind::P384 => Self::generate(Curve::P384),
            KeyKind::Rsa => Err(Refused::KeyKind { wanted: "P-256 or P-384" }),
        }
    }

    pub(crate) fn public(&self) -> PublicKey {
        PublicKey::trusted(self.curve.kind(), self.pair.public_key().as_ref().to_vec())
    }

    fn seal(&self, passphrase: &Passphrase, random: &dyn Random) -> Result<Zeroizing<String>, Refused> {
        let failed = |_| Refused::Crypto("encrypting a key");
        // aws-lc-rs wipes the document when it is dropped.
        let clear = self.pair.to_pkcs8v1().map_err(|_| Refused::Crypto("writing a key"))?;
        let info = PrivateKeyInfoRef::try_from(clear.as_ref()).map_err(|_| Refused::Crypto("writing a key"))?;
        let (mut salt, mut iv) = ([0_u8; 16], [0_u8; 16]);
        random.fill(&mut salt)?;
        random.fill(&mut iv)?;
        let (log_n, r, p) = SCRYPT;
        let cost = scrypt::Params::new(log_n, r, p).map_err(|_| Refused::Crypto("encrypting a key"))?;
        let scheme = pbes2::Parameters::generate_scrypt_aes256cbc(cost, &salt, iv)
            .map_err(|_| Refused::Crypto("encrypting a key"))?;
        let sealed = info.encrypt_with_params(scheme, passphrase.0.as_bytes()).map_err(failed)?;
        sealed.to_pem("ENCRYPTED PRIVATE KEY", LineEnding::LF).map_err(|_| Refused::Crypto("writing a key"))
    }

    fn open(pem: &str, passphrase: &Passphrase, curve: Curve) -> Result<Self, Refused> {
        let (label, sealed) = SecretDocument::from_pem(pem).map_err(|_| Refused::KeyForm("no PEM block"))?;
        match label {
            "ENCRYPTED PRIVATE KEY" => {}
            "PRIVATE KEY" | "EC PRIVATE KEY" | "RSA PRIVATE KEY" => return Err(Refused::KeyInClear),
            _ => return Err(Refused::KeyForm("another label")),
        }
        let info = EncryptedPrivateKeyInfoRef::try_from(sealed.as_bytes())
            .map_err(|_| Refused::KeyForm("no EncryptedPrivateKeyInfo with PBES2"))?;
        let clear = info.decrypt(passphrase.0.as_bytes()).map_err(|_| Refused::WrongPassphrase)?;
        // A wrong passphrase survives the padding check once in about 256 tries; what it gives is then no PKCS#8.
        PrivateKeyInfoRef::try_from(clear.as_bytes()).map_err(|_| Refused::WrongPassphrase)?;
        let pair = EcdsaKeyPair::from_pkcs8(curve.signing(), clear.as_bytes())
            .map_err(|_| Refused::KeyKind { wanted: curve.kind().as_str() })?;
        Ok(Self { curve, pair })
    }
}

impl PublicKeyData for Pair {
    fn der_bytes(&self) -> &[u8] {
        self.pair.public_key().as_ref()
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        match self.curve {
            Curve::P256 => &PKCS_ECDSA_P256_SHA256,
            Curve::P384 => &PKCS_ECDSA_P384_SHA384,
        }
    }
}

impl SigningKey for Pair {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        let random = aws_lc_rs::rand::SystemRandom::new();
        let signature = self.pair.sign(&random, message).map_err(|_| rcgen::Error::RingUnspecified)?;
        Ok(signature.as_ref().to_vec())
    }
}

macro_rules! authority_keys {
    ($($(#[$meta:meta])* $name:ident: $curve:expr),+ $(,)?) => { $(
        $(#[$meta])*
        pub struct $name(Pair);

        impl $name {
            /// Makes a new key.
            ///
            /// # Errors
            /// The crypto library failed.
            pub fn generate() -> Result<Self, Refused> {
                Pair::generate($curve).map(Self)
            }

            /// Writes the key as encrypted PKCS#8 in PEM (`ENCRYPTED PRIVATE KEY`): PBES2 with scrypt (N = 2^14,
            /// r = 8, p = 5) and AES-256-CBC. Takes some tenths of a second, on purpose.
            ///
            /// # Errors
            /// The crypto library or the random source failed.
            pub fn seal(&self, passphrase: &Passphrase, random: &dyn Random) -> Result<Zeroizing<String>, Refused> {
                self.0.seal(passphrase, random)
            }

            /// Opens what [`Self::seal`] or `openssl genpkey -aes256` wrote.
            ///
            /// # Errors
            /// No such PEM, a key in the clear, a wrong passphrase, or a key of another kind.
            pub fn open(pem: &str, passphrase: &Passphrase) -> Result<Self, Refused> {
                Pair::open(pem, passphrase, $curve).map(Self)
            }

            /// The public half.
            #[must_use]
            pub fn public(&self) -> PublicKey {
                self.0.public()
            }

            pub(crate) fn pair(&self) -> &Pair {
                &self.0
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0.public().fingerprint())
            }
        }
    )+ };
}

authority_keys! {
    /// The root's key (P-384): signs the certificates of issuing authorities, nothing else.
    RootKey: Curve::P384,
    /// An issuing authority's key (P-256): signs terminals' or servers' certificates, and revocation lists.
    IssuingKey: Curve::P256,
}

/// A key made here for a terminal that cannot make its own, or for one of our servers. It may leave, inside PKCS#12 or
/// as PEM; art. 38-1 would rather have the terminal make its own.
pub struct LeafKey {
    clear: Zeroizing<Vec<u8>>,
    public: PublicKey,
}

impl LeafKey {
    /// Makes a P-256 key: what every platform's key store takes.
    ///
    /// # Errors
    /// The crypto library failed.
    pub fn generate() -> Result<Self, Refused> {
        let pair = Pair::generate(Curve::P256)?;
        let clear = pair.pair.to_pkcs8v1().map_err(|_| Refused::Crypto("writing a key"))?;
        Ok(Self { clear: Zeroizing::new(clear.as_ref().to_vec()), public: pair.public() })
    }

    /// The public half.
    #[must_use]
    pub fn public(&self) -> &PublicKey {
        &self.public
    }

    /// PKCS#8 in DER, in the clear.
    #[must_use]
    pub fn pkcs8_der(&self) -> &[u8] {
        &self.clear
    }

    /// PKCS#8 in PEM, in the clear; wiped when dropped.
    ///
    /// # Errors
    /// The crypto library failed.
    pub fn pkcs8_pem(&self) -> Result<Zeroizing<String>, Refused> {
        pem("PRIVATE KEY", &self.clear).map(Zeroizing::new)
    }
}

impl fmt::Debug for LeafKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LeafKey({})", self.public.fingerprint())
    }
}

/// One PEM block (RFC 7468).
pub(crate) fn pem(label: &'static str, der: &[u8]) -> Result<String, Refused> {
    pkcs8::der::pem::encode_string(label, LineEnding::LF, der).map_err(|_| Refused::Crypto("writing PEM"))
}
