//! Tests over real sockets: a store on a free port, a key of our own, and a small HTTP client.

mod binary;
mod broken;
mod city;
mod feeds;
mod fhir;
mod finding;
mod notes;
mod rest;
mod search;
mod together;
mod trust;
mod visible;

use std::net::SocketAddr;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use http::{HeaderMap, Request};
use http_body_util::{BodyExt as _, Full};
use hyper_util::rt::TokioIo;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};
use tokio::net::TcpStream;

use crate::fhir::date::now;
use crate::{Handle, IDENTITY_HEADER, Options, Trust, run};

/// Signs as the gateway does.
struct Signer {
    kid: String,
    pkcs8: Vec<u8>,
}

impl Signer {
    fn new(kid: &str) -> Self {
        let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new()).unwrap();
        Self { kid: kid.to_owned(), pkcs8: document.as_ref().to_vec() }
    }

    fn jwk(&self) -> Value {
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &self.pkcs8).unwrap();
        let point = pair.public_key().as_ref().to_vec();
        let (x, y) = (URL_SAFE_NO_PAD.encode(&point[1..33]), URL_SAFE_NO_PAD.encode(&point[33..65]));
        json!({ "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": self.kid, "x": x, "y": y })
    }

    fn key_set(&self) -> String {
        json!({ "keys": [self.jwk()] }).to_string()
    }

    fn sign(&self, claims: &Value) -> String {
        let header = Header { kid: Some(self.kid.clone()), ..Header::new(Algorithm::ES256) };
        jsonwebtoken::encode(&header, claims, &EncodingKey::from_ec_der(&self.pkcs8)).unwrap()
    }

    fn token(&self) -> String {
        self.sign(&claims())
    }
}

/// What a good token says.
fn claims() -> Value {
    let at = now() / 1_000;
    json!({
        "iss": "sekisho", "aud": "care-record-store", "sub": "U-sato", "user": "K-sato", "device": "D-sato",
        "facility": "F-nursing", "profession": "nurse", "iat": at, "exp": at + 60,
    })
}

/// A store and the one who may ask it.
struct World {
    store: Handle,
    signer: Signer,
}

impl World {
    async fn new() -> Self {
        Self::with(|_| {}).await
    }

    async fn with(change: impl FnOnce(&mut Options)) -> Self {
        let signer = Signer::new("key-1");
        let mut options = Options::new(Trust::Keys(signer.key_set()));
        change(&mut options);
        Self { store: run(options).await.unwrap(), signer }
    }

    async fn ask(&self, method: &str, target: &str, headers: &[(&str, &str)], body: impl Into<Bytes>) -> Told {
        let token = self.signer.token();
        let headers = [&[(IDENTITY_HEADER, token.as_str())], headers].concat();
        ask(self.store.address(), method, target, &headers, body).await
    }

    async fn get(&self, target: &str) -> Told {
        self.ask("GET", target, &[("accept", "application/fhir+json")], "").await
    }

    async fn post(&self, target: &str, body: &Value) -> Told {
        self.ask("POST", target, &[("content-type", "application/fhir+json")], body.to_string()).await
    }

    async fn put(&self, target: &str, if_match: &str, body: &Value) -> Told {
        let headers = [("content-type", "application/fhir+json"), ("if-match", if_match)];
        self.ask("PUT", target, &headers[..if if_match.is_empty() { 1 } else { 2 }], body.to_string()).await
    }
}

/// An answer, read to its end.
#[derive(Debug)]
struct Told {
    status: u16,
    headers: HeaderMap,
    body: Bytes,
}

impl Told {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// Ids of the entries of a Bundle.
    fn ids(&self) -> Vec<String> {
        let bundle = self.json();
        let entries = bundle["entry"].as_array().unwrap_or_else(|| panic!("{bundle}"));
        entries.iter().map(|entry| entry["resource"]["id"].as_str().unwrap().to_owned()).collect()
    }

    /// Where a link of a Bundle leads, without scheme and host.
    fn link(&self, relation: &str) -> Option<String> {
        let bundle = self.json();
        let link = bundle["link"].as_array()?.iter().find(|link| link["relation"] == relation)?;
        let url = link["url"].as_str()?;
        Some(url[url.find("/fhir").unwrap()..].to_owned())
    }
}

async fn ask(
    address: SocketAddr,
    method: &str,
    target: &str,
    headers: &[(&str, &str)],
    body: impl Into<Bytes>,
) -> Told {
    try_ask(address, method, target, headers, body).await.unwrap_or_else(|error| panic!("{method} {target}: {error}"))
}

/// One request on a connection of its own; an error when the answer breaks off.
async fn try_ask(
    address: SocketAddr,
    method: &str,
    target: &str,
    headers: &[(&str, &str)],
    body: impl Into<Bytes>,
) -> Result<Told, hyper::Error> {
    let stream = TcpStream::connect(address).await.unwrap();
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    let mut request = Request::builder().method(method).uri(target).header("host", address.to_string());
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = sender.send_request(request.body(Full::new(body.into())).unwrap()).await?;
    let (parts, body) = response.into_parts();
    Ok(Told { status: parts.status.as_u16(), headers: parts.headers, body: body.collect().await?.to_bytes() })
}

/// A note about a person.
fn note(person: &str) -> Value {
    json!({
        "resourceType": "Communication", "status": "completed", "subject": { "reference": format!("Patient/{person}") },
        "sender": { "reference": "Practitioner/K-sato" }, "sent": "2026-11-22T10:00:00+09:00",
        "payload": [{ "contentString": "訪問しました。" }],
    })
}
