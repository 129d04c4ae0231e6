//! Private keys: of the root, of the issuing authorities, and those made here for a terminal or a server.
//!
//! The authorities' keys exist in memory only inside the crypto library and on disk only encrypted (PKCS#8, PBES2 with
//! scrypt and AES-256-CBC: what `openssl pkey` reads), or in a token, which signs for this crate. They sign certificates and
//! lists that this crate has checked, and requests for their own certificate, and have no method that signs anything else:
//!
//! ```compile_fail,E0599
//! # fn stranger(key: &ca::IssuingKey) {
//! key.sign(b"whatever a stranger sends");
//! # }
//! ```

use std::fmt;
use std::sync::Arc;

use pkcs8::LineEnding;
use zeroize::Zeroizing;

use crate::error::Refused;
use crate::pair::{Curve, KeptKey, Pair};
use crate::public_key::PublicKey;
use crate::random::Random;
use crate::request::request_of;

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

    /// The PIN of a token. How long it is, is for the token to say.
    ///
    /// # Errors
    /// Empty, too long, or several lines.
    pub fn pin(text: &str) -> Result<Self, Refused> {
        let line = text.strip_suffix('\n').unwrap_or(text);
        let line = line.strip_suffix('\r').unwrap_or(line);
        if line.is_empty() || line.len() > Self::LENGTH_MAX || line.chars().any(char::is_control) {
            return Err(Refused::Pin { max: Self::LENGTH_MAX });
        }
        Ok(Self(Zeroizing::new(line.to_owned())))
    }

    pub(crate) fn text(&self) -> &str {
        &self.0
    }

    /// The text, for whoever has to show it to the one that asks for it: a token's PIN.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Passphrase(not shown)")
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
            /// The crypto library or the random source failed, or the key is kept elsewhere.
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

            /// A key that is kept elsewhere and signs for this crate only as far as nobody else can ask it: a token's PIN
            /// is as good as the key. Signs once, for trial.
            ///
            /// # Errors
            /// It cannot be reached, is of another kind, or signs with another key than it shows.
            pub fn kept(key: Arc<dyn KeptKey>) -> Result<Self, Refused> {
                Pair::kept($curve, key).map(Self)
            }

            /// The public half.
            #[must_use]
            pub fn public(&self) -> PublicKey {
                self.0.public()
            }

            /// A request for a certificate of this key (PKCS#10, PEM), so that the authority above need not see it. It names
            /// nobody: whoever reads it takes the key only.
            ///
            /// # Errors
            /// The key could not sign.
            pub fn request(&self) -> Result<Vec<u8>, Refused> {
                request_of(&self.0)
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
    /// An issuing authority's key (P-256): signs terminals' or servers' certificates, those of who answers and registers for it,
    /// and revocation lists.
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
        Ok(Self { clear: pair.clear()?, public: pair.public() })
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
