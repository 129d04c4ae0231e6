//! What is refused, as RFC 8555 6.7 has it.

use serde_json::json;

/// A refusal. `detail` repeats nothing that the client does not know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    pub(crate) kind: Kind,
    pub(crate) detail: &'static str,
}

/// Types of RFC 8555 6.7, and of draft-ietf-acme-device-attest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    AccountDoesNotExist,
    BadAttestationStatement,
    BadCsr,
    BadNonce,
    BadPublicKey,
    BadRevocationReason,
    BadSignatureAlgorithm,
    AlreadyRevoked,
    ExternalAccountRequired,
    Malformed,
    OrderNotReady,
    RateLimited,
    RejectedIdentifier,
    ServerInternal,
    Unauthorized,
    UnsupportedIdentifier,
    NotFound,
    MethodNotAllowed,
}

impl Problem {
    pub(crate) const fn new(kind: Kind, detail: &'static str) -> Self {
        Self { kind, detail }
    }

    pub(crate) const fn malformed(detail: &'static str) -> Self {
        Self::new(Kind::Malformed, detail)
    }

    pub(crate) const fn unauthorized(detail: &'static str) -> Self {
        Self::new(Kind::Unauthorized, detail)
    }

    pub(crate) const fn status(&self) -> u16 {
        match self.kind {
            Kind::Unauthorized | Kind::ExternalAccountRequired | Kind::OrderNotReady => 403,
            Kind::NotFound => 404,
            Kind::MethodNotAllowed => 405,
            Kind::RateLimited => 429,
            Kind::ServerInternal => 500,
            _ => 400,
        }
    }

    pub(crate) fn document(&self) -> serde_json::Value {
        let kind = match self.kind {
            Kind::AccountDoesNotExist => "accountDoesNotExist",
            Kind::BadAttestationStatement => "badAttestationStatement",
            Kind::BadCsr => "badCSR",
            Kind::BadNonce => "badNonce",
            Kind::BadPublicKey => "badPublicKey",
            Kind::BadRevocationReason => "badRevocationReason",
            Kind::BadSignatureAlgorithm => "badSignatureAlgorithm",
            Kind::AlreadyRevoked => "alreadyRevoked",
            Kind::ExternalAccountRequired => "externalAccountRequired",
            Kind::Malformed | Kind::NotFound | Kind::MethodNotAllowed => "malformed",
            Kind::OrderNotReady => "orderNotReady",
            Kind::RateLimited => "rateLimited",
            Kind::RejectedIdentifier => "rejectedIdentifier",
            Kind::ServerInternal => "serverInternal",
            Kind::Unauthorized => "unauthorized",
            Kind::UnsupportedIdentifier => "unsupportedIdentifier",
        };
        let mut document = json!({
            "type": format!("urn:ietf:params:acme:error:{kind}"), "detail": self.detail, "status": self.status(),
        });
        if self.kind == Kind::BadSignatureAlgorithm
            && let Some(fields) = document.as_object_mut()
        {
            fields.insert("algorithms".to_owned(), json!(["ES256", "ES384", "RS256"]));
        }
        document
    }
}
