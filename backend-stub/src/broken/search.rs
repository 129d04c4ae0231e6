//! Searches that are answered wrongly, by the word given as `code` (`Observation?patient=P-0900&code=broken-surplus`).

use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderValue, StatusCode};
use rusqlite::Connection;
use serde_json::json;

use super::{FOREIGN, twice_the_subject};
use crate::fhir::FHIR_JSON;
use crate::fhir::outcome::{Fault, outcome};
use crate::fhir::resource::with_member;
use crate::fhir::search::{Page, first_of_another};
use crate::fhir::types::Kind;
use crate::store::{newest, person_of};

/// The record of the test person that stands in spoilt answers.
const OWN: &str = "broken-foreign";
/// Between two entries of a Bundle that never ends.
const ENDLESS_EVERY: Duration = Duration::from_millis(1);

/// How a search answer is spoilt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mischief {
    /// An entry of another person among the matches.
    Surplus,
    /// An entry that contains another person's Patient.
    Contained,
    /// Another person's Patient, as included.
    Include,
    /// A total that counts others' records too.
    Total,
    /// An OperationOutcome that names another person's record.
    Outcome,
    /// A `next` that leads to another person's records.
    Next,
    /// A `next` that leads to another server.
    NextElsewhere,
    /// An entry of another person under a `fullUrl` of this one's.
    FullUrl,
    /// An entry with two subjects.
    Duplicate,
    /// A second `entry` list, with another person's record.
    DuplicateList,
    /// JSON that stops in the middle, with a length that agrees.
    Json,
    /// Half of the answer, then the connection ends.
    Truncated,
    /// Entries for ever.
    Endless,
    /// Another Bundle behind the Bundle.
    Trailing,
    /// A good Bundle that calls itself HTML.
    ContentType,
    /// Status 500, and half of the Bundle in its text.
    Error,
}

impl Mischief {
    /// By its word.
    pub(crate) fn named(code: &str) -> Option<Self> {
        Some(match code {
            "broken-surplus" => Self::Surplus,
            "broken-contained" => Self::Contained,
            "broken-include" => Self::Include,
            "broken-total" => Self::Total,
            "broken-outcome" => Self::Outcome,
            "broken-next" => Self::Next,
            "broken-next-elsewhere" => Self::NextElsewhere,
            "broken-fullurl" => Self::FullUrl,
            "broken-duplicate" => Self::Duplicate,
            "broken-duplicate-list" => Self::DuplicateList,
            "broken-json" => Self::Json,
            "broken-truncated" => Self::Truncated,
            "broken-endless" => Self::Endless,
            "broken-trailing" => Self::Trailing,
            "broken-contenttype" => Self::ContentType,
            "broken-500" => Self::Error,
            _ => return None,
        })
    }
}

/// Spoils a page.
pub(crate) fn spoil(db: &Connection, mischief: Mischief, base: &str, page: &mut Page) -> Result<(), Fault> {
    let (Some(observation), Some(patient)) = (Kind::named("Observation"), Kind::named("Patient")) else {
        return Ok(());
    };
    let own = newest(db, observation, OWN)?.map(|version| version.body).unwrap_or_default();
    let own_text = String::from_utf8_lossy(&own);
    let person = person_of(db, observation, OWN)?.unwrap_or_default();
    let (id, other) = first_of_another(db, observation, &person)?.unwrap_or_default();
    let (other_person, other_patient) = first_of_another(db, patient, &person)?.unwrap_or_default();
    let own_url = format!("{base}/Observation/{OWN}");
    match mischief {
        Mischief::Surplus => page.add(&format!("{base}/Observation/{id}"), &other, "match"),
        Mischief::Contained => {
            page.add(&own_url, &with_member(&own_text, "contained", &format!("[{other_patient}]")), "match");
        }
        Mischief::Include => page.add(&format!("{base}/Patient/{other_person}"), &other_patient, "include"),
        Mischief::Outcome => {
            let told = outcome("warning", "informational", &format!("{FOREIGN} was left out"));
            page.add("urn:uuid:5d4f3c1e-0000-4000-8000-000000000000", &String::from_utf8_lossy(&told), "outcome");
        }
        Mischief::FullUrl => page.add(&own_url, &other, "match"),
        Mischief::Duplicate => page.add(&own_url, &twice_the_subject(&own, &other), "match"),
        Mischief::Next => {
            page.links.push(("next", format!("{base}/Observation?patient={other_person}&_count=10&_offset=0")))
        }
        Mischief::NextElsewhere => {
            page.links.push(("next", "http://store.invalid/fhir/Observation?_count=10".to_owned()))
        }
        Mischief::DuplicateList => {
            let entry = json!({ "fullUrl": format!("{base}/Observation/{id}") });
            let entry = with_member(&entry.to_string(), "resource", &other);
            // Ends the list and begins another; the page closes that one.
            page.entries.push_str(&format!(r#"],"entry":[{entry}"#));
        }
        // The total is changed below; the others are spoilt when they are delivered.
        Mischief::Total
        | Mischief::Json
        | Mischief::Truncated
        | Mischief::Endless
        | Mischief::Trailing
        | Mischief::ContentType
        | Mischief::Error => {}
    }
    page.total = page.total.map(|total| match mischief {
        Mischief::Total => total + 1_000,
        Mischief::Surplus | Mischief::Contained | Mischief::FullUrl | Mischief::Duplicate => total + 1,
        _ => total,
    });
    Ok(())
}

/// The answer of those that are spoilt below JSON; none for the others.
pub(crate) fn deliver(mischief: Mischief, body: &Bytes) -> Option<Response> {
    let half = body.slice(..body.len() / 2);
    let (mut length, mut status, mut content_type) = (None, StatusCode::OK, FHIR_JSON);
    let body = match mischief {
        Mischief::Json => Body::from(half),
        Mischief::Trailing => Body::from([&body[..], &body[..]].concat()),
        Mischief::Truncated => {
            length = Some(body.len());
            super::half_then_nothing(half)
        }
        Mischief::Endless => endless(body),
        Mischief::ContentType => {
            content_type = "text/html; charset=utf-8";
            Body::from(body.clone())
        }
        Mischief::Error => {
            (status, content_type) = (StatusCode::INTERNAL_SERVER_ERROR, "text/plain; charset=utf-8");
            Body::from(format!("SQLSTATE 08006 at row {}", String::from_utf8_lossy(&half)))
        }
        _ => return None,
    };
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    if let Some(length) = length {
        response.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(length));
    }
    Some(response)
}

/// The Bundle as it is up to the end of its entries, and then its entries again and again.
fn endless(body: &Bytes) -> Body {
    let text = String::from_utf8_lossy(body).into_owned();
    let open = text.strip_suffix("]}").unwrap_or(&text).to_owned();
    let entries = open.split_once(r#""entry":["#).map(|(_, entries)| entries).unwrap_or_default();
    // A search that found nothing never ends either.
    let entries = if entries.is_empty() { r#"{"search":{"mode":"match"}}"# } else { entries }.to_owned();
    let open = if open.ends_with('[') { format!("{open}{entries}") } else { open };
    let again = stream::unfold(entries, |entries| async {
        tokio::time::sleep(ENDLESS_EVERY).await;
        Some((Bytes::from(format!(",{entries}")), entries))
    });
    let pieces = stream::once(async { Bytes::from(open) }).chain(again);
    Body::from_stream(pieces.map(Ok::<_, std::io::Error>))
}
