//! Sessions: a sealed cookie bound to the device certificate. The gateway keeps nothing; that a session was ended and
//! that a password was changed are facts of the registry, so any node can judge any session.
//!
//! Sealed with AES-256-GCM: the client can neither read nor change it. A cookie stolen from one terminal is worthless on
//! another, because it names the certificate's serial number.

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::rand;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use model::{SerialNumber, SessionId, Timestamp, UserId};
use records::bounds::PAGE_CHARACTERS_MAX;

use crate::refusal::SignInReason;

/// Name of the cookie. The prefix makes browsers insist on `Secure`, `Path=/` and no `Domain` (RFC 6265bis 4.1.3.2).
pub const COOKIE: &str = "__Host-sekisho";
/// Longest sealed text accepted, but for pages.
const SEALED_CHARACTERS_MAX: usize = 512;
const VERSION: u8 = 1;

/// A session as sealed in the cookie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Which session.
    pub id: SessionId,
    /// Signed in as.
    pub user_id: UserId,
    /// With the certificate of this serial number.
    pub serial: SerialNumber,
    /// Version of the credential signed in with; a newer one ends this session.
    pub credential_epoch: u32,
    /// Signed in at.
    pub signed_in: Timestamp,
    /// Last used at, as of the last time the cookie was written.
    pub last_used: Timestamp,
}

/// How long sessions last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionLimits {
    /// Unused for so many seconds: over (guideline: 15 minutes).
    pub idle_seconds: i64,
    /// Over after so many seconds in any case.
    pub absolute_seconds: i64,
}

/// Seals and opens sessions and form tokens.
pub struct Sealer {
    key: RandomizedNonceKey,
}

/// The key has not 32 octets, or sealing failed in the crypto library.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("sealing a session is not possible with this key")]
pub struct SealError;

impl Sealer {
    /// A sealer with a key of 32 octets.
    ///
    /// # Errors
    /// The key has another length.
    pub fn new(key: &[u8]) -> Result<Self, SealError> {
        Ok(Self { key: RandomizedNonceKey::new(&AES_256_GCM, key).map_err(|_| SealError)? })
    }

    /// Seals a session for the cookie.
    ///
    /// # Errors
    /// The crypto library fails.
    pub fn seal(&self, session: &Session) -> Result<String, SealError> {
        let mut plain = vec![VERSION];
        for part in [session.id.as_str().as_bytes(), session.user_id.as_str().as_bytes(), session.serial.octets()] {
            plain.push(u8::try_from(part.len()).map_err(|_| SealError)?);
            plain.extend_from_slice(part);
        }
        plain.extend_from_slice(&session.credential_epoch.to_be_bytes());
        plain.extend_from_slice(&session.signed_in.as_millis().to_be_bytes());
        plain.extend_from_slice(&session.last_used.as_millis().to_be_bytes());
        self.close(b"sekisho session", plain)
    }

    /// Opens a cookie's value. None for anything that was not sealed here.
    #[must_use]
    pub fn open(&self, sealed: &str) -> Option<Session> {
        let plain = self.reveal(b"sekisho session", sealed)?;
        let mut rest = plain.as_slice();
        if take(&mut rest, 1)? != [VERSION] {
            return None;
        }
        let mut part = || {
            let length = usize::from(*take(&mut rest, 1)?.first()?);
            take(&mut rest, length)
        };
        let id = SessionId::new(std::str::from_utf8(part()?).ok()?).ok()?;
        let user_id = UserId::new(std::str::from_utf8(part()?).ok()?).ok()?;
        let serial = SerialNumber::from_octets(part()?).ok()?;
        let credential_epoch = u32::from_be_bytes(take(&mut rest, 4)?.try_into().ok()?);
        let signed_in = Timestamp::from_millis(i64::from_be_bytes(take(&mut rest, 8)?.try_into().ok()?));
        let last_used = Timestamp::from_millis(i64::from_be_bytes(take(&mut rest, 8)?.try_into().ok()?));
        rest.is_empty().then_some(Session { id, user_id, serial, credential_epoch, signed_in, last_used })
    }

    /// A token for a form shown to this terminal.
    ///
    /// # Errors
    /// The crypto library fails.
    pub fn form_token(&self, serial: &SerialNumber, now: Timestamp) -> Result<String, SealError> {
        let mut plain = now.as_millis().to_be_bytes().to_vec();
        plain.extend_from_slice(serial.octets());
        self.close(b"sekisho form", plain)
    }

    /// Whether a form's token was made for this terminal, not too long ago.
    #[must_use]
    pub fn form_token_fits(&self, token: &str, serial: &SerialNumber, now: Timestamp, seconds_max: i64) -> bool {
        let Some(plain) = self.reveal(b"sekisho form", token) else { return false };
        let Some((at, octets)) = plain.split_at_checked(8) else { return false };
        let Ok(at) = <[u8; 8]>::try_from(at) else { return false };
        let age = now.millis_since(Timestamp::from_millis(i64::from_be_bytes(at)));
        octets == serial.octets() && age >= -60_000 && age <= seconds_max.saturating_mul(1000)
    }

    /// Seals what a page of a search stands for, for whoever is named in `whose`.
    ///
    /// # Errors
    /// The crypto library fails.
    pub fn seal_page(&self, whose: &str, ticket: &[u8]) -> Result<String, SealError> {
        self.close(format!("sekisho page {whose}").as_bytes(), ticket.to_vec())
    }

    /// Opens a page. None for anything that was not sealed here, for the same one.
    #[must_use]
    pub fn open_page(&self, whose: &str, sealed: &str) -> Option<Vec<u8>> {
        self.reveal_up_to(PAGE_CHARACTERS_MAX, format!("sekisho page {whose}").as_bytes(), sealed)
    }

    fn close(&self, purpose: &[u8], mut plain: Vec<u8>) -> Result<String, SealError> {
        let nonce = self.key.seal_in_place_append_tag(Aad::from(purpose), &mut plain).map_err(|_| SealError)?;
        let mut sealed = nonce.as_ref().to_vec();
        sealed.append(&mut plain);
        Ok(URL_SAFE_NO_PAD.encode(sealed))
    }

    fn reveal(&self, purpose: &[u8], sealed: &str) -> Option<Vec<u8>> {
        self.reveal_up_to(SEALED_CHARACTERS_MAX, purpose, sealed)
    }

    fn reveal_up_to(&self, characters_max: usize, purpose: &[u8], sealed: &str) -> Option<Vec<u8>> {
        if sealed.len() > characters_max {
            return None;
        }
        let mut octets = URL_SAFE_NO_PAD.decode(sealed).ok()?;
        let nonce = Nonce::try_assume_unique_for_key(octets.get(..NONCE_LEN)?).ok()?;
        let plain = self.key.open_in_place(nonce, Aad::from(purpose), octets.get_mut(NONCE_LEN..)?).ok()?;
        Some(plain.to_vec())
    }
}

impl Session {
    /// Whether its time is over at `now`, by the clock alone.
    ///
    /// # Errors
    /// Idle, over, or from the future.
    pub fn in_time(&self, limits: SessionLimits, now: Timestamp) -> Result<(), SignInReason> {
        // Made while the clock was ahead: it would outlive every limit.
        let latest = now.plus_seconds(60);
        if self.signed_in > latest || self.last_used > latest {
            return Err(SignInReason::Ended);
        }
        if now >= self.over_at(limits) {
            return Err(SignInReason::Over);
        }
        if now.millis_since(self.last_used) >= limits.idle_seconds.saturating_mul(1000) {
            return Err(SignInReason::Idle);
        }
        Ok(())
    }

    /// When it is over in any case.
    #[must_use]
    pub const fn over_at(&self, limits: SessionLimits) -> Timestamp {
        self.signed_in.plus_seconds(limits.absolute_seconds)
    }
}

/// A fresh random identifier of 128 bits, as 32 hexadecimal digits.
///
/// # Errors
/// The system gives no random octets.
pub fn fresh_id() -> Result<String, SealError> {
    let mut octets = [0_u8; 16];
    rand::fill(&mut octets).map_err(|_| SealError)?;
    Ok(octets.iter().map(|octet| format!("{octet:02x}")).collect())
}

/// The session cookie among the `Cookie` fields of a request. Two of them are none: nobody can say which is meant.
#[must_use]
pub fn cookie<'a>(headers: &'a http::HeaderMap, name: &str) -> Option<&'a str> {
    let mut found = headers
        .get_all(http::header::COOKIE)
        .into_iter()
        .filter_map(|field| field.to_str().ok())
        .flat_map(|field| field.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .filter(|(key, _)| *key == name)
        .map(|(_, value)| value);
    let first = found.next()?;
    found.next().is_none().then_some(first)
}

fn take<'a>(rest: &mut &'a [u8], count: usize) -> Option<&'a [u8]> {
    let (taken, left) = rest.split_at_checked(count)?;
    *rest = left;
    Some(taken)
}

#[cfg(test)]
mod tests;
