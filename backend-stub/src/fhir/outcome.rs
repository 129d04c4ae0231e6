//! What a client is told when it cannot have what it asked: an OperationOutcome (<https://hl7.org/fhir/R4/operationoutcome.html>).

use serde_json::json;

/// A refusal or failure on its way to the client.
#[derive(Debug)]
pub(crate) struct Fault {
    /// HTTP status.
    pub(crate) status: u16,
    /// FHIR issue type.
    pub(crate) code: &'static str,
    /// In words.
    pub(crate) text: String,
}

impl Fault {
    pub(crate) fn new(status: u16, code: &'static str, text: impl Into<String>) -> Self {
        Self { status, code, text: text.into() }
    }

    pub(crate) fn invalid(text: impl Into<String>) -> Self {
        Self::new(400, "invalid", text)
    }

    pub(crate) fn not_found(kind: &str, id: &str) -> Self {
        Self::new(404, "not-found", format!("{kind}/{id} is not known"))
    }

    /// The OperationOutcome as JSON.
    pub(crate) fn body(&self) -> Vec<u8> {
        outcome("error", self.code, &self.text)
    }
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        tracing::error!(%error, "the data file failed");
        Self::new(500, "exception", format!("database: {error}"))
    }
}

/// An OperationOutcome with one issue.
pub(crate) fn outcome(severity: &str, code: &str, text: &str) -> Vec<u8> {
    json!({
        "resourceType": "OperationOutcome",
        "issue": [{ "severity": severity, "code": code, "diagnostics": text }],
    })
    .to_string()
    .into_bytes()
}
