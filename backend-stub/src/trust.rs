//! Who is asking: every request must carry the gateway's token in `Sekisho-Identity` (RFC 7519, ES256), checked with the
//! gateway's public keys (RFC 7517). Without one: 401, whatever was asked.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{HeaderMap, Request, Uri};
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper_util::rt::TokioIo;
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde::{Deserialize, Serialize};
use tokio::net::TcpStream;

use crate::error::StubError;
use crate::options::Trust;

/// Header field that carries the token.
pub const IDENTITY_HEADER: &str = "sekisho-identity";
const ISSUER: &str = "sekisho";
const AUDIENCE: &str = "care-record-store";
/// Longest life of a token, in seconds.
const LIFE_MAX: i64 = 60;
/// How far the two clocks may be apart, in seconds.
const LEEWAY: i64 = 30;
/// Longest key set.
const KEY_SET_BYTES_MAX: usize = 64 * 1024;
/// Tokens remembered as good until they end.
const ACCEPTED_MAX: usize = 4_096;
/// Between two fetches of the key set.
const FETCH_EVERY: Duration = Duration::from_secs(1);
const FETCH_MAX: Duration = Duration::from_secs(3);

/// What the gateway says about the one who asks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// The user ID signed in with.
    pub sub: String,
    /// The human being behind it.
    pub user: String,
    /// The terminal.
    pub device: String,
    /// The facility of the user ID.
    pub facility: String,
    /// Category of the regulation's art. 7.
    pub profession: String,
    /// When the token was made, in seconds since 1970.
    pub iat: i64,
    /// When it ends.
    pub exp: i64,
}

/// Why a request is not answered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Stranger {
    #[error("no identity")]
    NoToken,
    #[error("more than one identity")]
    TwoTokens,
    #[error("the identity is no token: {0}")]
    NoJwt(String),
    #[error("the identity is signed with an unknown key")]
    UnknownKey,
    #[error("the identity does not hold: {0}")]
    Invalid(String),
    #[error("the identity is not valid now")]
    NotNow,
    #[error("the identity leaves out who asks")]
    Incomplete,
}

/// Checks identities.
pub(crate) struct Gatekeeper {
    /// None: anyone may ask.
    keys: Option<Keys>,
    // A token is used for many requests: its signature is checked once.
    accepted: RwLock<HashMap<Bytes, Arc<Identity>>>,
}

struct Keys {
    known: RwLock<HashMap<String, DecodingKey>>,
    source: Option<Uri>,
    // Held while fetching, so that one fetch serves all who wait.
    fetched: tokio::sync::Mutex<Option<Instant>>,
}

impl Gatekeeper {
    pub(crate) fn new(trust: &Trust) -> Result<Self, StubError> {
        let keys = match trust {
            Trust::Anyone => None,
            Trust::Keys(text) => Some(Keys::fixed(read_keys(text.as_bytes())?)),
            Trust::File(file) => {
                let text = std::fs::read(file).map_err(|source| StubError::File { file: file.clone(), source })?;
                Some(Keys::fixed(read_keys(&text)?))
            }
            Trust::Url(url) => {
                let uri: Uri = url.parse().map_err(|_| StubError::KeySet(format!("`{url}` is no address")))?;
                if uri.scheme_str() != Some("http") || uri.authority().is_none() {
                    return Err(StubError::KeySet(format!("`{url}` is no http:// address")));
                }
                Some(Keys { source: Some(uri), ..Keys::fixed(HashMap::new()) })
            }
        };
        Ok(Self { keys, accepted: RwLock::default() })
    }

    /// The identity a request carries; none when anyone may ask.
    pub(crate) async fn check(&self, headers: &HeaderMap, now: i64) -> Result<Option<Arc<Identity>>, Stranger> {
        let Some(keys) = &self.keys else { return Ok(None) };
        let mut values = headers.get_all(IDENTITY_HEADER).iter();
        let value = values.next().ok_or(Stranger::NoToken)?;
        if values.next().is_some() {
            return Err(Stranger::TwoTokens);
        }
        let known = self.accepted.read().unwrap_or_else(PoisonError::into_inner).get(value.as_bytes()).cloned();
        if let Some(identity) = known {
            valid_at(&identity, now)?;
            return Ok(Some(identity));
        }
        let token = value.to_str().map_err(|_| Stranger::NoJwt("no text".to_owned()))?;
        let header = decode_header(token).map_err(|error| Stranger::NoJwt(error.to_string()))?;
        let key = keys.named(&header.kid.ok_or(Stranger::UnknownKey)?).await.ok_or(Stranger::UnknownKey)?;
        let mut rules = Validation::new(Algorithm::ES256);
        rules.set_issuer(&[ISSUER]);
        rules.set_audience(&[AUDIENCE]);
        rules.set_required_spec_claims(&["iss", "aud", "exp", "sub"]);
        // Checked below, against the clock that is passed in and for length of life too.
        rules.validate_exp = false;
        let identity =
            decode::<Identity>(token, &key, &rules).map_err(|error| Stranger::Invalid(error.to_string()))?.claims;
        valid_at(&identity, now)?;
        let named = [&identity.sub, &identity.user, &identity.device, &identity.facility, &identity.profession];
        if named.iter().any(|name| name.is_empty()) {
            return Err(Stranger::Incomplete);
        }
        let identity = Arc::new(identity);
        let mut accepted = self.accepted.write().unwrap_or_else(PoisonError::into_inner);
        if accepted.len() >= ACCEPTED_MAX {
            accepted.clear();
        }
        accepted.insert(Bytes::copy_from_slice(value.as_bytes()), Arc::clone(&identity));
        Ok(Some(identity))
    }
}

fn valid_at(identity: &Identity, now: i64) -> Result<(), Stranger> {
    let made = identity.iat <= now.saturating_add(LEEWAY);
    let short = identity.exp.saturating_sub(identity.iat) <= LIFE_MAX;
    let running = identity.exp > now.saturating_sub(LEEWAY);
    if made && short && running { Ok(()) } else { Err(Stranger::NotNow) }
}

impl Keys {
    fn fixed(known: HashMap<String, DecodingKey>) -> Self {
        Self { known: RwLock::new(known), source: None, fetched: tokio::sync::Mutex::default() }
    }

    fn get(&self, kid: &str) -> Option<DecodingKey> {
        self.known.read().unwrap_or_else(PoisonError::into_inner).get(kid).cloned()
    }

    async fn named(&self, kid: &str) -> Option<DecodingKey> {
        if let Some(key) = self.get(kid) {
            return Some(key);
        }
        let source = self.source.as_ref()?;
        let mut fetched = self.fetched.lock().await;
        // Whoever waited for the lock may find the key that another one fetched.
        if self.get(kid).is_none() && fetched.is_none_or(|at| at.elapsed() >= FETCH_EVERY) {
            *fetched = Some(Instant::now());
            match tokio::time::timeout(FETCH_MAX, fetch(source)).await {
                Ok(Ok(keys)) => *self.known.write().unwrap_or_else(PoisonError::into_inner) = keys,
                Ok(Err(error)) => tracing::warn!(%source, %error, "the key set cannot be fetched"),
                Err(_) => tracing::warn!(%source, "the key set does not come"),
            }
        }
        self.get(kid)
    }
}

async fn fetch(source: &Uri) -> Result<HashMap<String, DecodingKey>, Box<dyn std::error::Error + Send + Sync>> {
    let host = source.host().unwrap_or_default();
    let stream = TcpStream::connect((host.trim_matches(['[', ']']), source.port_u16().unwrap_or(80))).await?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    let running = tokio::spawn(connection);
    let request = Request::get(source.path())
        .header(http::header::HOST, source.authority().map_or(host, |authority| authority.as_str()))
        .body(Empty::<Bytes>::new())?;
    let response = sender.send_request(request).await?;
    if !response.status().is_success() {
        return Err(format!("status {}", response.status()).into());
    }
    let body = Limited::new(response.into_body(), KEY_SET_BYTES_MAX).collect().await?.to_bytes();
    running.abort();
    Ok(read_keys(&body)?)
}

fn read_keys(text: &[u8]) -> Result<HashMap<String, DecodingKey>, StubError> {
    let set: JwkSet = serde_json::from_slice(text).map_err(|error| StubError::KeySet(error.to_string()))?;
    let mut keys = HashMap::new();
    for jwk in &set.keys {
        let kid = jwk.common.key_id.clone().ok_or_else(|| StubError::KeySet("a key has no `kid`".to_owned()))?;
        let key = DecodingKey::from_jwk(jwk).map_err(|error| StubError::KeySet(error.to_string()))?;
        keys.insert(kid, key);
    }
    if keys.is_empty() {
        return Err(StubError::KeySet("it is empty".to_owned()));
    }
    Ok(keys)
}
