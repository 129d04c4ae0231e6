//! Who is asking, told to the store: a short signed token (RFC 7519, ES256) made by us alone. Whatever identity the
//! client's message claims is stripped; the store believes this header and nothing else, and checks it with the public
//! keys we serve (RFC 7517).

use std::sync::{Mutex, PoisonError};

use aws_lc_rs::digest;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use foldhash::HashMap;
use http::HeaderValue;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use model::{Profession, SessionId, Timestamp, UserId, UserKey};
use serde::Serialize;

use crate::bounds::{IDENTITY_TOKEN_SECONDS, IDENTITY_TOKENS_MAX};

/// Header field that carries the token.
pub const HEADER: &str = "sekisho-identity";
/// `iss` of the token.
pub const ISSUER: &str = "sekisho";
/// `aud` of the token.
pub const AUDIENCE: &str = "care-record-store";

/// The identity key cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the identity key is no P-256 key in PKCS#8")]
pub struct IdentityKeyError;

/// Makes tokens.
pub struct Identity {
    key: EncodingKey,
    header: Header,
    key_set: String,
    // One token serves a session for half its life: an ECDSA signature a request would cost more than the decision.
    recent: Mutex<HashMap<SessionId, (Timestamp, HeaderValue)>>,
}

/// What a token says.
pub struct Asker<'a> {
    /// The session.
    pub session: &'a SessionId,
    /// The user ID.
    pub user_id: &'a UserId,
    /// The human being.
    pub user: &'a UserKey,
    /// Category of art. 7.
    pub profession: Profession,
    /// The facility of the user ID.
    pub facility: &'a str,
    /// The terminal.
    pub device: &'a str,
}

#[derive(Serialize)]
struct Claims<'a> {
    iss: &'static str,
    aud: &'static str,
    sub: &'a str,
    user: &'a str,
    profession: &'static str,
    facility: &'a str,
    device: &'a str,
    sid: &'a str,
    iat: i64,
    exp: i64,
}

impl Identity {
    /// From a P-256 key in PKCS#8 (DER).
    ///
    /// # Errors
    /// It is no such key.
    pub fn new(pkcs8: &[u8]) -> Result<Self, IdentityKeyError> {
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8).map_err(|_| IdentityKeyError)?;
        // Uncompressed point: 4, x, y (SEC 1 2.3.3).
        let (x, y) = pair
            .public_key()
            .as_ref()
            .get(1..65)
            .and_then(|point| point.split_at_checked(32))
            .map(|(x, y)| (URL_SAFE_NO_PAD.encode(x), URL_SAFE_NO_PAD.encode(y)))
            .ok_or(IdentityKeyError)?;
        // RFC 7638: the thumbprint is the key's name.
        let canonical = format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#);
        let kid = URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, canonical.as_bytes()));
        let key_set = format!(
            r#"{{"keys":[{{"kty":"EC","crv":"P-256","use":"sig","alg":"ES256","kid":"{kid}","x":"{x}","y":"{y}"}}]}}"#
        );
        let mut header = Header::new(Algorithm::ES256);
        header.kid = Some(kid);
        Ok(Self { key: EncodingKey::from_ec_der(pkcs8), header, key_set, recent: Mutex::default() })
    }

    /// The public keys (RFC 7517), as JSON.
    #[must_use]
    pub fn key_set(&self) -> &str {
        &self.key_set
    }

    /// The header value for this asker at `now`.
    ///
    /// # Errors
    /// Signing fails in the crypto library.
    pub fn token(&self, asker: &Asker<'_>, now: Timestamp) -> Result<HeaderValue, IdentityKeyError> {
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((made, value)) = recent.get(asker.session) {
            let age = now.millis_since(*made);
            if (0..IDENTITY_TOKEN_SECONDS * 500).contains(&age) {
                return Ok(value.clone());
            }
        }
        let claims = Claims {
            iss: ISSUER,
            aud: AUDIENCE,
            sub: asker.user_id.as_str(),
            user: asker.user.as_str(),
            profession: asker.profession.as_str(),
            facility: asker.facility,
            device: asker.device,
            sid: asker.session.as_str(),
            iat: now.as_seconds(),
            exp: now.as_seconds().saturating_add(IDENTITY_TOKEN_SECONDS),
        };
        let token = jsonwebtoken::encode(&self.header, &claims, &self.key).map_err(|_| IdentityKeyError)?;
        let value = HeaderValue::try_from(token).map_err(|_| IdentityKeyError)?;
        if recent.len() >= IDENTITY_TOKENS_MAX {
            recent.clear();
        }
        recent.insert(asker.session.clone(), (now, value.clone()));
        Ok(value)
    }
}
