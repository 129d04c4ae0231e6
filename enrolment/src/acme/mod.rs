//! ACME (RFC 8555) for terminals.
//!
//! An account is made only by whoever has a terminal's one-time code: as an external account binding, or, for systems that
//! know none (Apple's), in the address of a directory that is that terminal's alone. What an account can have is one
//! certificate for its terminal:
//!
//! - by a code for a key of the terminal's own, the authorization is given with the order, for the code is all that is asked
//!   (level `software`);
//! - by a code for attested keys, the challenge `device-attest-01` (draft-ietf-acme-device-attest) has to be met: the key's
//!   maker says that it is in hardware, and in whose (level `attested`).
//!
//! Using up the code and taking the serial number are one entry of the registry, as everywhere; accounts and orders are
//! memory. Nothing is renewed here: that is EST's, by the certificate itself.

mod account;
mod jws;
mod nonce;
mod order;
mod problem;
mod revoke;
mod state;

use std::sync::{Mutex, MutexGuard, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ca::{Random, Refused, SystemRandom};
use model::Timestamp;
use serde_json::{Value, json};

use self::jws::{Jwk, Payload, Signer, Unchecked};
use self::nonce::Nonces;
use self::problem::{Kind, Problem};
use self::state::{Account, Accounts};
use crate::attest::Anchors;
use crate::desk::Desk;

/// Longest body, in octets: an attestation with its chain, in base64 twice.
pub const ACME_OCTETS_MAX: usize = 64 * 1024;

/// The ACME server.
pub struct Acme {
    desk: Desk,
    anchors: Anchors,
    state: Mutex<State>,
}

struct State {
    nonces: Nonces,
    accounts: Accounts,
}

/// A request as the door hands it on.
pub struct Asked<'a> {
    /// `GET`, `HEAD` or `POST`.
    pub method: &'a str,
    /// Where the directory's folder lies, as the client sees it: `https://host:port/acme`.
    pub base: &'a str,
    /// What follows, with its slash: `/new-order`.
    pub path: &'a str,
    /// Terminal and code, where the folder is a terminal's own.
    pub bound: Option<(&'a str, &'a str)>,
    /// The body.
    pub body: &'a [u8],
}

/// What is answered.
#[derive(Debug)]
pub struct Answer {
    /// Status code.
    pub status: u16,
    /// `Content-Type`.
    pub content_type: &'static str,
    /// `Location`.
    pub location: Option<String>,
    /// `Link` beside that of the directory.
    pub up: Option<String>,
    /// `Replay-Nonce`.
    pub nonce: Option<String>,
    /// Body.
    pub body: Vec<u8>,
    /// Somebody guesses: answer later.
    pub slowly: bool,
}

/// What a request comes to.
pub(super) struct Reply {
    status: u16,
    location: Option<String>,
    up: Option<String>,
    body: Body,
}

enum Body {
    Json(Value),
    Chain(String),
    Nothing,
}

impl Reply {
    fn json(status: u16, value: Value) -> Self {
        Self { status, location: None, up: None, body: Body::Json(value) }
    }

    fn at(self, location: String) -> Self {
        Self { location: Some(location), ..self }
    }
}

/// Why not, and whether whoever asked may have been guessing.
pub(super) struct Fault {
    problem: Problem,
    slowly: bool,
}

impl From<Problem> for Fault {
    fn from(problem: Problem) -> Self {
        Self { problem, slowly: false }
    }
}

/// A request with its account, whose key signed it.
pub(super) struct Signed {
    account: String,
    payload: Payload,
}

impl Acme {
    /// Puts the parts together.
    ///
    /// # Errors
    /// The random source failed, or a root is none that a chain can lead to.
    pub fn new(desk: Desk, anchors: Anchors) -> Result<Self, Refused> {
        if !anchors.are_usable() {
            return Err(Refused::Authority("a root of attestations cannot be used".to_owned()));
        }
        let state = State { nonces: Nonces::new()?, accounts: Accounts::default() };
        Ok(Self { desk, anchors, state: Mutex::new(state) })
    }

    /// Answers. Blocks on the journal where a certificate is issued.
    pub fn answer(&self, asked: &Asked<'_>, now: Timestamp) -> Answer {
        let nonce = self.state().nonces.make(now).ok();
        let (reply, slowly) = match self.reply(asked, now) {
            Ok(reply) => (reply, false),
            Err(Fault { problem, slowly }) => {
                let (status, document) = (problem.status(), problem.document());
                return Answer {
                    status,
                    content_type: "application/problem+json",
                    location: None,
                    up: None,
                    nonce,
                    body: document.to_string().into_bytes(),
                    slowly,
                };
            }
        };
        let (content_type, body) = match reply.body {
            Body::Json(value) => ("application/json", value.to_string().into_bytes()),
            Body::Chain(pem) => ("application/pem-certificate-chain", pem.into_bytes()),
            Body::Nothing => ("application/octet-stream", Vec::new()),
        };
        Answer { status: reply.status, content_type, location: reply.location, up: reply.up, nonce, body, slowly }
    }

    fn reply(&self, asked: &Asked<'_>, now: Timestamp) -> Result<Reply, Fault> {
        let parts: Vec<&str> = asked.path.trim_start_matches('/').split('/').collect();
        let nothing = |status| Reply { status, location: None, up: None, body: Body::Nothing };
        match (asked.method, parts.as_slice()) {
            ("GET" | "HEAD", ["directory"]) => return Ok(Reply::json(200, Self::directory(asked))),
            ("HEAD", ["new-nonce"]) => return Ok(nothing(200)),
            ("GET", ["new-nonce"]) => return Ok(nothing(204)),
            ("POST", _) => {}
            _ => {
                let detail = "everything here is asked by POST (RFC 8555 6.3)";
                return Err(Problem::new(Kind::MethodNotAllowed, detail).into());
            }
        }
        match parts.as_slice() {
            ["new-account"] => self.new_account(asked, now),
            ["revoke-cert"] => self.revoke(asked, now),
            ["key-change"] => {
                // An account lives as long as one code; another key means another code.
                Err(Problem::unauthorized("keys of accounts are not changed here; ask the desk for a new code").into())
            }
            ["account", id] => {
                let signed = self.signed(asked, now)?;
                self.account(asked, &signed, id)
            }
            ["account", id, "orders"] => {
                let signed = self.signed(asked, now)?;
                self.orders(asked, &signed, id)
            }
            ["new-order"] => {
                let signed = self.signed(asked, now)?;
                self.new_order(asked, &signed, now)
            }
            ["order", id] => {
                let signed = self.signed(asked, now)?;
                self.order(asked, &signed, id, now)
            }
            ["authz", id] => {
                let signed = self.signed(asked, now)?;
                self.authorization(asked, &signed, id, now)
            }
            ["challenge", id] => {
                let signed = self.signed(asked, now)?;
                self.challenge(asked, &signed, id, now)
            }
            ["order", id, "finalize"] => {
                let signed = self.signed(asked, now)?;
                self.finalize(asked, &signed, id, now)
            }
            ["cert", id] => {
                let signed = self.signed(asked, now)?;
                self.certificate(&signed, id)
            }
            _ => Err(Problem::new(Kind::NotFound, "there is nothing at this address").into()),
        }
    }

    fn directory(asked: &Asked<'_>) -> Value {
        let at = |name: &str| format!("{}/{name}", asked.base);
        json!({
            "newNonce": at("new-nonce"), "newAccount": at("new-account"), "newOrder": at("new-order"),
            "revokeCert": at("revoke-cert"), "keyChange": at("key-change"),
            // Where the folder itself binds, there is nothing more to show.
            "meta": { "externalAccountRequired": asked.bound.is_none() },
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing is left half done under the lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The header's address must be the one that was asked (RFC 8555 6.4).
    fn addressed(asked: &Asked<'_>) -> Result<Unchecked, Problem> {
        let request = Unchecked::read(asked.body)?;
        if request.url != format!("{}{}", asked.base, asked.path) {
            return Err(Problem::unauthorized("the address that was signed is another than the one that was asked"));
        }
        Ok(request)
    }

    /// The payload, if it was signed with this key and under a nonce of ours (RFC 8555 6.5). The signature first: who has no
    /// key uses up nobody's nonce.
    fn fresh(&self, request: Unchecked, key: &Jwk, now: Timestamp) -> Result<Payload, Problem> {
        let nonce = request.nonce.clone().unwrap_or_default();
        let payload = request.verified_by(key)?;
        if self.state().nonces.take(&nonce, now) {
            Ok(payload)
        } else {
            Err(Problem::new(Kind::BadNonce, "the nonce is missing, over, or was used"))
        }
    }

    /// A request signed by an account that stands.
    fn signed(&self, asked: &Asked<'_>, now: Timestamp) -> Result<Signed, Problem> {
        let request = Self::addressed(asked)?;
        let Signer::Account(kid) = &request.signer else {
            return Err(Problem::malformed("here the account signs, by its `kid`"));
        };
        let id = kid.strip_prefix(asked.base).and_then(|rest| rest.strip_prefix("/account/"));
        let unknown =
            || Problem::new(Kind::AccountDoesNotExist, "there is no such account; it may have been forgotten");
        let account = id.map(str::to_owned).ok_or_else(unknown)?;
        let key = self.key_of(&account).ok_or_else(unknown)?;
        let payload = self.fresh(request, &key, now)?;
        Ok(Signed { account, payload })
    }

    fn key_of(&self, account: &str) -> Option<Jwk> {
        self.state().accounts.get(account).filter(|account| account.active).map(|account| account.key.clone())
    }

    /// Looks at an account, or changes it.
    fn with_account<T>(&self, id: &str, look: impl FnOnce(&mut Account) -> Result<T, Problem>) -> Result<T, Problem> {
        let mut state = self.state();
        let account = state.accounts.get_mut(id);
        look(account.ok_or(Problem::new(Kind::AccountDoesNotExist, "there is no such account"))?)
    }
}

/// The thumbprint (RFC 7638) of the key that signed a request which shows its key, if the signature holds. No address and no
/// nonce is looked at: for whoever tries the reading alone.
#[must_use]
pub fn signed_by(body: &[u8]) -> Option<String> {
    let request = Unchecked::read(body).ok()?;
    let Signer::Key(key) = &request.signer else { return None };
    let key = key.clone();
    request.verified_by(&key).ok().map(|_| key.thumbprint())
}

/// A name or token with 128 or 256 random bits.
fn fresh(octets: usize) -> Result<String, Problem> {
    let mut drawn = vec![0_u8; octets];
    let failed = |_| Problem::new(Kind::ServerInternal, "not possible at present");
    SystemRandom::new().fill(&mut drawn).map_err(failed)?;
    Ok(URL_SAFE_NO_PAD.encode(drawn))
}

/// RFC 3339, in UTC.
fn time(at: Timestamp) -> String {
    at.to_string()
}
