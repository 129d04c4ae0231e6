//! Answers to a batch or transaction: taken apart as the store gives them, put together as the client gets them.

use super::fhir_json;
use crate::bounds::ANSWER_BYTES_MAX;
use crate::error::Misbehaviour;
use crate::fhir::interaction::tag;
use crate::json::{self, Json, Object};
use crate::touches::{Part, Touches};

/// What the store says to one entry of a transaction. Not believed yet: the resource goes through [`super::release`], the
/// location through [`super::location`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntryAnswer {
    /// HTTP status; a success, as that of the whole.
    pub status: u16,
    /// Address of what was written, as the store wrote it.
    pub location: Option<String>,
    /// Entity tag, written anew.
    pub etag: Option<String>,
    /// The resource as FHIR JSON; empty where there is none.
    pub resource: Vec<u8>,
}

/// What a client hears of one entry.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answered {
    /// HTTP status.
    pub status: u16,
    /// Address of what was written.
    pub location: Option<String>,
    /// Entity tag.
    pub etag: Option<String>,
    /// The resource that was asked for or written, released, as FHIR JSON. Empty: none.
    pub resource: Vec<u8>,
    /// Why not, as an OperationOutcome in FHIR JSON. Empty: none.
    pub outcome: Vec<u8>,
}

/// Which answer it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResponseKind {
    /// To a batch.
    Batch,
    /// To a transaction.
    Transaction,
}

/// Takes a transaction-response apart: an answer for each part, in the order in which they were sent.
///
/// # Errors
/// It is none, or not to this transaction: another number of entries, an entry that was refused though the whole was not.
pub fn transaction_answers(
    parts: &[Part],
    content_type: Option<&str>,
    body: &[u8],
) -> Result<Vec<EntryAnswer>, Misbehaviour> {
    if body.len() > ANSWER_BYTES_MAX {
        return Err(Misbehaviour::Shape("is too large"));
    }
    fhir_json(content_type)?;
    let tree = json::parse(body)?;
    let bundle = tree.object().filter(|bundle| bundle.text("resourceType") == Some("Bundle"));
    let bundle = bundle.filter(|bundle| bundle.text("type") == Some("transaction-response"));
    let bundle = bundle.ok_or(Misbehaviour::Shape("is no transaction-response"))?;
    let entries = bundle.get("entry").and_then(Json::list).unwrap_or_default();
    if entries.len() != parts.len() {
        return Err(Misbehaviour::Shape("answers another number of entries than were sent"));
    }
    entries.iter().zip(parts).map(|(entry, part)| answer(entry, &part.touches)).collect()
}

fn answer(entry: &Json<'_>, touches: &Touches) -> Result<EntryAnswer, Misbehaviour> {
    let entry = entry.object().ok_or(Misbehaviour::Shape("has an entry that is none"))?;
    let response = entry.get("response").and_then(Json::object);
    let response = response.ok_or(Misbehaviour::Shape("has an entry without a response"))?;
    // FHIR R4 bundle: "201" or "201 Created".
    let status = response.text("status").and_then(|status| status.split(' ').next()?.parse::<u16>().ok());
    let status = status.ok_or(Misbehaviour::Shape("has an entry without a status"))?;
    if !(200..300).contains(&status) {
        // All or nothing: the whole was carried out.
        return Err(Misbehaviour::Status(status));
    }
    let text = |name| response.text(name).map(str::to_owned);
    let etag = response.text("etag").and_then(|etag| tag(etag).ok()).map(|version| format!("W/\"{version}\""));
    let resource = entry.get("resource").and_then(Json::object).map(Object::to_bytes).unwrap_or_default();
    if resource.is_empty() && !touches.writes() {
        return Err(Misbehaviour::Shape("leaves out what was asked for"));
    }
    Ok(EntryAnswer { status, location: text("location"), etag, resource })
}

/// Writes the answer to a batch or transaction, entry by entry.
#[must_use]
pub fn bundle_response(kind: ResponseKind, entries: &[Answered]) -> Vec<u8> {
    let kind = match kind {
        ResponseKind::Batch => "batch-response",
        ResponseKind::Transaction => "transaction-response",
    };
    let sizes = entries.iter().map(|entry| entry.resource.len() + entry.outcome.len() + 256);
    let mut out = Vec::with_capacity(sizes.sum());
    out.extend_from_slice(format!(r#"{{"resourceType":"Bundle","type":"{kind}","entry":["#).as_bytes());
    for (index, entry) in entries.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        write(entry, &mut out);
    }
    out.extend_from_slice(b"]}");
    out
}

fn write(entry: &Answered, out: &mut Vec<u8>) {
    out.push(b'{');
    if !entry.resource.is_empty() {
        out.extend_from_slice(br#""resource":"#);
        out.extend_from_slice(&entry.resource);
        out.push(b',');
    }
    out.extend_from_slice(format!(r#""response":{{"status":"{}""#, entry.status).as_bytes());
    for (name, value) in [("location", &entry.location), ("etag", &entry.etag)] {
        if let Some(value) = value {
            out.extend_from_slice(format!(r#","{name}":"#).as_bytes());
            Json::own(value.as_str()).write(out);
        }
    }
    if !entry.outcome.is_empty() {
        out.extend_from_slice(br#","outcome":"#);
        out.extend_from_slice(&entry.outcome);
    }
    out.extend_from_slice(b"}}");
}
