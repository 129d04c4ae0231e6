//! Credentials: Argon2id hashes, sealed before they reach the journal, so that whoever reads the log, a backup of it or
//! an export of evidence holds nothing to guess passwords by.

use std::sync::Arc;

use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, PasswordHasher as _, PasswordVerifier as _, Version};
use aws_lc_rs::aead::{AES_256_GCM, Aad, Nonce, RandomizedNonceKey};
use aws_lc_rs::rand::{SecureRandom as _, SystemRandom};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use model::UserId;
use zeroize::Zeroizing;

use crate::bounds::{FIRST_PASSWORD_CHARACTERS, PASSWORD_CHARACTERS_MAX};
use crate::state::{Snapshot, UserIdRecord};

/// Length of the vault's key, in octets.
pub const VAULT_KEY_OCTETS: usize = 32;
/// What is bound to a sealed credential beside the user ID, so that the key may serve other purposes one day.
const SEALED_FOR: &str = "sekisho credential 1 ";
/// OWASP's second choice of Argon2id parameters (19 MiB, 2 passes, 1 lane): about 20 ms of one core.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;
const HASH_OCTETS: usize = 32;
const SALT_OCTETS: usize = 16;
const NONCE_OCTETS: usize = 12;
/// No 0 and o, no 1, l and i: read aloud and typed from paper without asking back (art. 10-2).
const ALPHABET: &[u8] = b"abcdefghjkmnpqrstuvwxyz23456789";

/// A credential as the journal keeps it: nonce, encrypted hash and tag, base64url.
#[derive(Clone, PartialEq, Eq)]
pub struct Sealed(Arc<str>);

impl Sealed {
    pub(crate) fn new(text: &str) -> Self {
        Self(Arc::from(text))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Sealed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sealed")
    }
}

/// What can go wrong with a credential. Passwords are never part of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VaultError {
    /// The key has another length.
    #[error("the credential key is not 32 octets")]
    Key,
    /// A credential was sealed by another key, or for another user ID, or was changed.
    #[error("a credential cannot be opened with this key")]
    Opening,
    /// The source of random numbers failed.
    #[error("there are no random numbers")]
    Random,
    /// Hashing failed, for lack of memory.
    #[error("the password cannot be hashed")]
    Hashing,
}

/// Seals and opens credentials. Cheap to clone.
#[derive(Clone)]
pub struct Vault {
    key: Arc<RandomizedNonceKey>,
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Vault")
    }
}

/// Whether a password is right.
#[derive(Clone, Debug)]
#[must_use]
pub enum PasswordCheck {
    /// It is.
    Right {
        /// The epoch that a session begun now belongs to.
        credential_epoch: u32,
        /// It is still the first password (art. 10-3).
        must_change: bool,
        /// Proof of it, for [`crate::Command::ChangePassword`].
        verified: VerifiedPassword,
    },
    /// It is not, or there is no such user ID, or it has ended: one answer, at one cost.
    Wrong,
}

/// Proof that the password of a user ID was found right: what a change of the password asks for in place of the password
/// itself, so that it is checked once. Only [`Snapshot::verify_password`] makes one. It is of one credential in one
/// epoch: at the commit it holds only if both are still what they were.
///
/// ```compile_fail,E0451
/// # fn stranger(known: registry::VerifiedPassword) -> registry::VerifiedPassword {
/// registry::VerifiedPassword { credential_epoch: 2, ..known }
/// # }
/// ```
#[derive(Clone)]
pub struct VerifiedPassword {
    user_id: UserId,
    credential_epoch: u32,
    /// What it was checked against. Each has a salt and a nonce of its own, so that no other registry has the same.
    credential: Sealed,
    /// Kept, because the next password must be another one.
    password: Zeroizing<String>,
}

impl VerifiedPassword {
    fn new(known: &UserIdRecord, credential: &Sealed, password: &str) -> Self {
        Self {
            user_id: known.id.clone(),
            credential_epoch: known.credential_epoch,
            credential: credential.clone(),
            password: Zeroizing::new(password.to_owned()),
        }
    }

    /// Of which user ID.
    #[must_use]
    pub const fn user_id(&self) -> &UserId {
        &self.user_id
    }

    /// Whether the user ID is still as it was when the password was checked. Whoever has been suspended since must not
    /// get in by a new password; whoever changed it since, not by the old.
    pub(crate) fn holds_for(&self, known: &UserIdRecord) -> bool {
        self.user_id == known.id
            && self.credential_epoch == known.credential_epoch
            && known.credential.as_ref() == Some(&self.credential)
    }

    pub(crate) fn is(&self, password: &str) -> bool {
        *self.password == password
    }

    /// For tests without hashing: of this user ID as it is, whatever the password.
    #[cfg(test)]
    pub(crate) fn unchecked(snapshot: &Snapshot, user_id: &UserId, password: &str) -> Self {
        let none = Sealed::new("");
        match snapshot.user_id(user_id) {
            Some(known) => Self::new(known, known.credential.as_ref().unwrap_or(&none), password),
            None => Self {
                user_id: user_id.clone(),
                credential_epoch: 0,
                credential: none,
                password: Zeroizing::new(password.to_owned()),
            },
        }
    }
}

impl std::fmt::Debug for VerifiedPassword {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "VerifiedPassword({} {})", self.user_id, self.credential_epoch)
    }
}

impl Vault {
    /// A vault with this key.
    ///
    /// # Errors
    /// The key is not 32 octets.
    pub fn new(key: &[u8]) -> Result<Self, VaultError> {
        if key.len() != VAULT_KEY_OCTETS {
            return Err(VaultError::Key);
        }
        let key = RandomizedNonceKey::new(&AES_256_GCM, key).map_err(|_| VaultError::Key)?;
        Ok(Self { key: Arc::new(key) })
    }

    /// Hashes a password and seals the hash for this user ID. Takes tens of milliseconds.
    pub(crate) fn credential(&self, user_id: &UserId, password: &str) -> Result<Sealed, VaultError> {
        let mut salt = [0; SALT_OCTETS];
        SystemRandom::new().fill(&mut salt).map_err(|_| VaultError::Random)?;
        let hash = argon2()?.hash_password_with_salt(password.as_bytes(), &salt).map_err(|_| VaultError::Hashing)?;
        // Grows by the tag without leaving a copy behind.
        let mut octets = Zeroizing::new(Vec::with_capacity(256));
        octets.extend_from_slice(hash.to_string().as_bytes());
        let aad = Aad::from(bound_to(user_id));
        let nonce = self.key.seal_in_place_append_tag(aad, &mut *octets).map_err(|_| VaultError::Random)?;
        let sealed = [nonce.as_ref().as_slice(), octets.as_slice()].concat();
        Ok(Sealed::new(&URL_SAFE_NO_PAD.encode(sealed)))
    }

    /// The hash in a sealed credential.
    pub(crate) fn open(&self, user_id: &UserId, sealed: &Sealed) -> Result<Zeroizing<String>, VaultError> {
        let octets = URL_SAFE_NO_PAD.decode(sealed.as_str()).map_err(|_| VaultError::Opening)?;
        let (nonce, rest) = octets.split_first_chunk::<NONCE_OCTETS>().ok_or(VaultError::Opening)?;
        let mut rest = Zeroizing::new(rest.to_vec());
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let aad = Aad::from(bound_to(user_id));
        let hash = self.key.open_in_place(nonce, aad, &mut rest).map_err(|_| VaultError::Opening)?;
        std::str::from_utf8(hash).map(|hash| Zeroizing::new(hash.to_owned())).map_err(|_| VaultError::Opening)
    }
}

impl Snapshot {
    /// Checks a password. Takes the same tens of milliseconds whether or not there is such a user ID (none: what was
    /// typed cannot be one). Whether the user ID may be used now is the policy's question.
    pub fn verify_password(&self, vault: &Vault, user_id: Option<&UserId>, password: &str) -> PasswordCheck {
        let known = user_id.and_then(|user_id| self.user_id(user_id));
        let opened = known.and_then(|known| {
            let sealed = known.credential.as_ref()?;
            let opened = vault.open(&known.id, sealed);
            let hash = opened.inspect_err(|error| tracing::error!(user_id = %known.id, %error, "credential")).ok()?;
            Some((known, sealed, hash))
        });
        // No password that was ever set is longer; hashing a megabyte for a stranger costs more than it should.
        let fits = password.chars().count() <= PASSWORD_CHARACTERS_MAX;
        match opened.filter(|_| fits) {
            Some((known, sealed, hash)) if is_right(&hash, password) => PasswordCheck::Right {
                credential_epoch: known.credential_epoch,
                must_change: known.must_change(),
                verified: VerifiedPassword::new(known, sealed, password),
            },
            Some(_) => PasswordCheck::Wrong,
            None => {
                spend();
                PasswordCheck::Wrong
            }
        }
    }
}

fn is_right(hash: &str, password: &str) -> bool {
    let Ok(argon2) = argon2() else { return false };
    PasswordHash::new(hash).is_ok_and(|hash| argon2.verify_password(password.as_bytes(), &hash).is_ok())
}

/// Spends what a check costs.
fn spend() {
    let mut out = [0; HASH_OCTETS];
    let spent = argon2().map(|argon2| argon2.hash_password_into(b"nobody", b"sixteen octets..", &mut out));
    std::hint::black_box((spent.is_ok(), out));
}

fn argon2() -> Result<Argon2<'static>, VaultError> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, Some(HASH_OCTETS)).map_err(|_| VaultError::Hashing)?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

fn bound_to(user_id: &UserId) -> Vec<u8> {
    format!("{SEALED_FOR}{user_id}").into_bytes()
}

/// A first password: random, in groups of four.
pub(crate) fn first_password() -> Result<Zeroizing<String>, VaultError> {
    let random = SystemRandom::new();
    let mut password = Zeroizing::new(String::with_capacity(FIRST_PASSWORD_CHARACTERS + FIRST_PASSWORD_CHARACTERS / 4));
    let mut chosen = 0;
    while chosen < FIRST_PASSWORD_CHARACTERS {
        let mut octet = [0; 1];
        random.fill(&mut octet).map_err(|_| VaultError::Random)?;
        // Five bits; one value of 32 has no character and is thrown again, so that all characters are equally likely.
        let Some(character) = ALPHABET.get(usize::from(octet[0] >> 3)) else { continue };
        if chosen > 0 && chosen % 4 == 0 {
            password.push('-');
        }
        password.push(char::from(*character));
        chosen += 1;
    }
    Ok(password)
}
