//! Signed requests (RFC 8555 6.2, RFC 7515 in flattened form) and the keys of accounts (RFC 7517, 7638).

use aws_lc_rs::digest;
use aws_lc_rs::hmac;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents,
    UnparsedPublicKey,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::{Value, json};

use super::problem::{Kind, Problem};

/// RSA moduli of account keys, in octets: 2048 to 4096 bits.
const RSA_OCTETS: std::ops::RangeInclusive<usize> = 256..=512;

/// A request as it comes. Members that are not named here, such as an unprotected header, are refused.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Envelope {
    protected: String,
    pub(super) payload: String,
    signature: String,
}

/// The protected header. `crit` and `b64` change what is signed and are not understood here, so they are refused with
/// whatever else is not named.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    alg: String,
    url: String,
    nonce: Option<String>,
    jwk: Option<Value>,
    kid: Option<String>,
    #[serde(rename = "typ")]
    _typ: Option<String>,
}

/// Who signs: the key itself, or the account that it belongs to. One of them, never both (RFC 8555 6.2).
pub(super) enum Signer {
    Key(Jwk),
    Account(String),
}

/// A request whose header was read, and nothing checked yet.
pub(super) struct Unchecked {
    pub(super) signer: Signer,
    pub(super) nonce: Option<String>,
    pub(super) url: String,
    alg: String,
    signed: Vec<u8>,
    signature: Vec<u8>,
    payload: Vec<u8>,
}

/// The payload of a request whose signature holds.
pub(super) struct Payload(Vec<u8>);

impl Payload {
    /// Empty: POST-as-GET (RFC 8555 6.3).
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn read<'a, T: Deserialize<'a>>(&'a self) -> Result<T, Problem> {
        serde_json::from_slice(&self.0).map_err(|_| Problem::malformed("the payload is not what belongs here"))
    }
}

pub(super) fn decode(text: &str) -> Result<Vec<u8>, Problem> {
    URL_SAFE_NO_PAD.decode(text).map_err(|_| Problem::malformed("a member is no base64url without padding"))
}

impl Unchecked {
    pub(super) fn read(body: &[u8]) -> Result<Self, Problem> {
        if body.len() > super::ACME_OCTETS_MAX {
            return Err(Problem::malformed("the body is too long"));
        }
        let envelope: Envelope =
            serde_json::from_slice(body).map_err(|_| Problem::malformed("the body is no flattened JWS"))?;
        Self::of(&envelope)
    }

    fn of(envelope: &Envelope) -> Result<Self, Problem> {
        let header = decode(&envelope.protected)?;
        let header: Header = serde_json::from_slice(&header)
            .map_err(|_| Problem::malformed("the protected header is not understood"))?;
        let signer = match (header.jwk, header.kid) {
            (Some(jwk), None) => Signer::Key(Jwk::read(&jwk)?),
            (None, Some(kid)) => Signer::Account(kid),
            _ => return Err(Problem::malformed("either `jwk` or `kid` is needed, and not both")),
        };
        Ok(Self {
            signer,
            nonce: header.nonce,
            url: header.url,
            alg: header.alg,
            signed: format!("{}.{}", envelope.protected, envelope.payload).into_bytes(),
            signature: decode(&envelope.signature)?,
            payload: decode(&envelope.payload)?,
        })
    }

    /// The payload, if it was signed with this key.
    pub(super) fn verified_by(self, key: &Jwk) -> Result<Payload, Problem> {
        if self.alg != key.alg() {
            return Err(Problem::new(Kind::BadSignatureAlgorithm, "the algorithm is not the one of this key"));
        }
        if key.verifies(&self.signed, &self.signature) {
            Ok(Payload(self.payload))
        } else {
            Err(Problem::malformed("the signature does not hold"))
        }
    }

    /// The key that this external binding (RFC 8555 7.3.4) is for, if its MAC holds under `mac_key`.
    pub(super) fn bound_by(self, mac_key: &[u8]) -> Result<Jwk, Problem> {
        if self.alg != "HS256" {
            return Err(Problem::new(Kind::BadSignatureAlgorithm, "an external account binding is signed with HS256"));
        }
        let key = hmac::Key::new(hmac::HMAC_SHA256, mac_key);
        hmac::verify(&key, &self.signed, &self.signature)
            .map_err(|_| Problem::unauthorized("the external account binding does not hold"))?;
        let jwk: Value = serde_json::from_slice(&self.payload)
            .map_err(|_| Problem::malformed("the external account binding holds no key"))?;
        Jwk::read(&jwk)
    }

    /// The binding inside a payload.
    pub(super) fn inner(envelope: &Envelope) -> Result<Self, Problem> {
        Self::of(envelope)
    }
}

/// The public key of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Jwk {
    P256(Vec<u8>, Vec<u8>),
    P384(Vec<u8>, Vec<u8>),
    Rsa(Vec<u8>, Vec<u8>),
}

impl Jwk {
    fn read(jwk: &Value) -> Result<Self, Problem> {
        let bad = Problem::new(Kind::BadPublicKey, "the key is none on P-256 or P-384, nor RSA of 2048 to 4096 bits");
        let member = |name: &str| jwk.get(name).and_then(Value::as_str);
        let octets = |name: &str| member(name).ok_or_else(|| bad.clone()).and_then(decode);
        // A private key that somebody sends here is out of his hands.
        if jwk.get("d").is_some() {
            return Err(Problem::new(Kind::BadPublicKey, "this is a private key"));
        }
        let point = |length: usize| -> Result<(Vec<u8>, Vec<u8>), Problem> {
            let (x, y) = (octets("x")?, octets("y")?);
            if x.len() == length && y.len() == length { Ok((x, y)) } else { Err(bad.clone()) }
        };
        match (member("kty"), member("crv")) {
            (Some("EC"), Some("P-256")) => point(32).map(|(x, y)| Self::P256(x, y)),
            (Some("EC"), Some("P-384")) => point(48).map(|(x, y)| Self::P384(x, y)),
            (Some("RSA"), None) => {
                let (n, e) = (octets("n")?, octets("e")?);
                let plain = n.first().is_some_and(|top| *top != 0) && e.first().is_some_and(|top| *top != 0);
                if plain && RSA_OCTETS.contains(&n.len()) && e.len() <= 8 { Ok(Self::Rsa(n, e)) } else { Err(bad) }
            }
            _ => Err(bad),
        }
    }

    const fn alg(&self) -> &'static str {
        match self {
            Self::P256(..) => "ES256",
            Self::P384(..) => "ES384",
            Self::Rsa(..) => "RS256",
        }
    }

    fn verifies(&self, signed: &[u8], signature: &[u8]) -> bool {
        let point = |x: &[u8], y: &[u8]| [&[4], x, y].concat();
        match self {
            Self::P256(x, y) => UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point(x, y)).verify(signed, signature),
            Self::P384(x, y) => UnparsedPublicKey::new(&ECDSA_P384_SHA384_FIXED, point(x, y)).verify(signed, signature),
            Self::Rsa(n, e) => RsaPublicKeyComponents { n, e }.verify(&RSA_PKCS1_2048_8192_SHA256, signed, signature),
        }
        .is_ok()
    }

    /// RFC 7638: SHA-256 over the members that are needed, in their order, without blanks.
    pub(super) fn thumbprint(&self) -> String {
        let text = |octets: &[u8]| URL_SAFE_NO_PAD.encode(octets);
        let canonical = match self {
            Self::P256(x, y) => json!({ "crv": "P-256", "kty": "EC", "x": text(x), "y": text(y) }),
            Self::P384(x, y) => json!({ "crv": "P-384", "kty": "EC", "x": text(x), "y": text(y) }),
            Self::Rsa(n, e) => json!({ "e": text(e), "kty": "RSA", "n": text(n) }),
        };
        URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, canonical.to_string().as_bytes()))
    }

    /// Whether this is the key that a certificate holds (the BIT STRING's content), for revocation by the key.
    pub(super) fn is_key_of(&self, certified: &[u8]) -> bool {
        match self {
            Self::P256(x, y) | Self::P384(x, y) => certified == [&[4], x.as_slice(), y].concat(),
            Self::Rsa(n, e) => {
                use x509_parser::prelude::FromDer;
                let parsed = x509_parser::public_key::RSAPublicKey::from_der(certified);
                let plain = |octets: &[u8]| octets.iter().copied().skip_while(|octet| *octet == 0).collect::<Vec<_>>();
                parsed.is_ok_and(|(_, key)| plain(key.modulus) == *n && plain(key.exponent) == *e)
            }
        }
    }
}
