//! Bad behaviour on purpose, for tests of whoever stands in front: by record id, so that it can be reached through a
//! gateway, and directly under `/broken/...` and `/slow/...`. The records are in the seed and belong to a test person;
//! with `_elements` they answer properly, so that the gateway learns whose they are before it meets the broken part.

pub(crate) mod search;

use std::time::Duration;

use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use futures_util::stream;
use http::header::{CONTENT_LENGTH, CONTENT_LOCATION, CONTENT_TYPE, LOCATION};
use http::{Extensions, HeaderValue, StatusCode};
use rusqlite::Connection;
use serde_json::{Value, json};

use crate::app::App;
use crate::fhir::outcome::Fault;
use crate::fhir::resource::with_member;
use crate::fhir::search::first_of_another;
use crate::fhir::types::Kind;
use crate::fhir::{FHIR_JSON, put, refuse};
use crate::store::{newest, person_of};
use crate::wire::Breaker;

/// Longest wait of `/slow/{milliseconds}`.
const SLOW_MAX_MS: u64 = 60_000;

/// How deep `broken-deep` nests.
const DEEP: usize = 20_000;
/// Bytes of `broken-huge`, more or less: one record that no reader should keep whole.
const HUGE: usize = 32 * 1024 * 1024;
/// Whose record a foreign address leads to. Somebody else's than the test person's, in the built-in seed.
const FOREIGN: &str = "Patient/P-0008";

/// One way to misbehave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Behaviour {
    /// Half the body, then the connection ends; Content-Length told the whole.
    Truncated,
    /// Another person's record.
    Foreign,
    /// The asked id, but another person's name on it.
    Swapped,
    /// JSON that stops in the middle, with a Content-Length that agrees.
    Json,
    /// Good JSON that calls itself HTML.
    ContentType,
    /// No answer, ever.
    Hang,
    /// The connection ends within the answer's header.
    Close,
    /// Status 500 with a chatty body.
    Error,
    /// The same, even to whoever only asks whose it is.
    LookUp,
    /// Status 422 with an OperationOutcome that names another person's record.
    Outcome,
    /// A redirect to another person's record.
    Redirect,
    /// The right record, which `Content-Location` calls another person's.
    ContentLocation,
    /// `subject` twice: its own person first, another one last.
    Duplicate,
    /// The right record, and another one's after it.
    Trailing,
    /// Arrays within arrays, [`DEEP`] of them.
    Deep,
    /// A text of [`HUGE`] bytes in it.
    Huge,
    /// The right answer, after a while.
    Slow(Duration),
}

impl Behaviour {
    fn named(id: &str) -> Option<Self> {
        Some(match id {
            "broken-truncated" => Self::Truncated,
            "broken-foreign" => Self::Foreign,
            "broken-swapped" => Self::Swapped,
            "broken-json" => Self::Json,
            "broken-contenttype" => Self::ContentType,
            "broken-hang" => Self::Hang,
            "broken-close" => Self::Close,
            "broken-500" => Self::Error,
            "broken-look-up" => Self::LookUp,
            "broken-outcome" => Self::Outcome,
            "broken-redirect" => Self::Redirect,
            "broken-content-location" => Self::ContentLocation,
            "broken-duplicate" => Self::Duplicate,
            "broken-trailing" => Self::Trailing,
            "broken-deep" => Self::Deep,
            "broken-huge" => Self::Huge,
            "slow-2s" => Self::Slow(Duration::from_secs(2)),
            _ => return None,
        })
    }
}

/// The misbehaving answer to a read of such an Observation; none if it is an ordinary one, or not there.
pub(crate) async fn read(
    app: &App,
    kind: Kind,
    id: &str,
    looks_up: bool,
    base: &str,
    extensions: &Extensions,
) -> Result<Option<Response>, Fault> {
    if kind.name() != "Observation" {
        return Ok(None);
    }
    let Some(behaviour) = Behaviour::named(id) else { return Ok(None) };
    if looks_up && behaviour != Behaviour::LookUp {
        return Ok(None);
    }
    let id = id.to_owned();
    let found = app
        .store
        .run(move |store| {
            let db = store.reader();
            let Some(version) = newest(&db, kind, &id)?.filter(|version| !version.deleted) else { return Ok(None) };
            let person = person_of(&db, kind, &id)?.unwrap_or_default();
            let body = match (behaviour, first_of_another(&db, kind, &person)?) {
                (Behaviour::Foreign, Some((_, other))) => Bytes::from(other),
                (Behaviour::Swapped, Some((_, other))) => swap_subject(&version.body, other.as_bytes()),
                (Behaviour::Duplicate, Some((_, other))) => Bytes::from(twice_the_subject(&version.body, &other)),
                (Behaviour::Trailing, Some((_, other))) => Bytes::from([&version.body, other.as_bytes()].concat()),
                _ => version.body,
            };
            Ok(Some(body))
        })
        .await?;
    match found {
        Some(body) => Ok(Some(misbehave(behaviour, body, base, extensions).await)),
        None => Ok(None),
    }
}

async fn misbehave(behaviour: Behaviour, body: Bytes, base: &str, extensions: &Extensions) -> Response {
    let mut content_type = FHIR_JSON;
    let mut status = StatusCode::OK;
    let half = body.slice(..body.len() / 2);
    let body = match behaviour {
        Behaviour::Foreign | Behaviour::Swapped | Behaviour::Duplicate | Behaviour::Trailing => Body::from(body),
        Behaviour::ContentLocation => Body::from(body),
        Behaviour::Deep => {
            let nested = format!("{}{}", "[".repeat(DEEP), "]".repeat(DEEP));
            Body::from(with_member(&String::from_utf8_lossy(&body), "extension", &nested))
        }
        Behaviour::Huge => {
            let text = json!("試".repeat(HUGE / 3)).to_string();
            Body::from(with_member(&String::from_utf8_lossy(&body), "note", &text))
        }
        Behaviour::Outcome => return refuse(&Fault::new(422, "business-rule", format!("{FOREIGN} has the same code"))),
        Behaviour::Redirect => {
            status = StatusCode::TEMPORARY_REDIRECT;
            Body::empty()
        }
        Behaviour::Json => Body::from(half),
        Behaviour::ContentType => {
            content_type = "text/html; charset=utf-8";
            Body::from(body)
        }
        Behaviour::Slow(wait) => {
            tokio::time::sleep(wait).await;
            Body::from(body)
        }
        Behaviour::Hang => std::future::pending().await,
        Behaviour::Close => {
            if let Some(breaker) = extensions.get::<Breaker>() {
                breaker.break_after(20);
            }
            Body::from(body)
        }
        Behaviour::Error | Behaviour::LookUp => {
            status = StatusCode::INTERNAL_SERVER_ERROR;
            content_type = "text/plain; charset=utf-8";
            Body::from(format!("SQLSTATE 08006 at row {}", String::from_utf8_lossy(&half)))
        }
        Behaviour::Truncated => {
            let length = body.len();
            let mut response = Response::new(half_then_nothing(half));
            response.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(length));
            response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(FHIR_JSON));
            return response;
        }
    };
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    match behaviour {
        Behaviour::Redirect => put(response.headers_mut(), LOCATION, &format!("{base}/{FOREIGN}")),
        Behaviour::ContentLocation => {
            put(response.headers_mut(), CONTENT_LOCATION, &format!("{base}/{FOREIGN}/_history/1"));
        }
        _ => {}
    }
    response
}

/// Whether a removal of this Observation is told as done, and is not done.
pub(crate) fn stays(kind: Kind, id: &str) -> bool {
    kind.name() == "Observation" && id == "broken-stays"
}

/// What comes of having removed such an Observation: it is done, and told late or not at all. None if it is an ordinary one.
pub(crate) async fn removed(kind: Kind, id: &str) -> Option<Response> {
    match Behaviour::named(id).filter(|_| kind.name() == "Observation")? {
        Behaviour::Slow(wait) => tokio::time::sleep(wait).await,
        Behaviour::Error => return Some(StatusCode::INTERNAL_SERVER_ERROR.into_response()),
        _ => {}
    }
    None
}

/// Where a write that carries the code `broken-location` says that it has put the record; none for any other.
pub(crate) fn location(body: &[u8]) -> Option<String> {
    let code = br#""broken-location""#;
    body.windows(code.len()).any(|part| part == code).then(|| format!("{FOREIGN}/_history/1"))
}

/// An older version that was another person's, in the history of `Observation/broken-history`.
pub(crate) fn former(db: &Connection, base: &str, kind: Kind, id: &str) -> Result<Option<String>, Fault> {
    if kind.name() != "Observation" || id != "broken-history" {
        return Ok(None);
    }
    let Some(version) = newest(db, kind, id)?.filter(|version| !version.deleted) else { return Ok(None) };
    let person = person_of(db, kind, id)?.unwrap_or_default();
    let Some((_, other)) = first_of_another(db, kind, &person)? else { return Ok(None) };
    let old = swap_subject(&version.body, other.as_bytes());
    let entry = json!({
        "fullUrl": format!("{base}/Observation/{id}"),
        "resource": serde_json::from_slice::<Value>(&old).unwrap_or_default(),
        "request": { "method": "PUT", "url": format!("Observation/{id}") },
        "response": { "status": "200", "etag": "W/\"0\"" },
    });
    Ok(Some(entry.to_string()))
}

/// The first half of a body; then the connection ends.
fn half_then_nothing(half: Bytes) -> Body {
    Body::from_stream(stream::unfold(Some(half), |part| async {
        match part {
            Some(part) if !part.is_empty() => Some((Ok(part), Some(Bytes::new()))),
            Some(_) => {
                // The first half must have left before the connection ends.
                tokio::time::sleep(Duration::from_millis(30)).await;
                Some((Err(std::io::Error::other("broken on purpose")), None))
            }
            None => None,
        }
    }))
}

/// `/broken/{what}`: the same without FHIR.
pub(crate) async fn direct(State(_): State<App>, Path(what): Path<String>, request: Request) -> Response {
    let Some(behaviour) = Behaviour::named(&format!("broken-{what}")) else {
        return refuse(&Fault::not_found("broken", &what));
    };
    let body = json!({ "resourceType": "Basic", "id": what, "note": "x".repeat(200) }).to_string();
    misbehave(behaviour, Bytes::from(body), "/fhir", request.extensions()).await
}

/// `/slow/{milliseconds}`.
pub(crate) async fn slow(State(_): State<App>, Path(millis): Path<String>) -> Response {
    let Some(millis) = millis.parse::<u64>().ok().filter(|millis| *millis <= SLOW_MAX_MS) else {
        return refuse(&Fault::invalid(format!("milliseconds are 0 to {SLOW_MAX_MS}")));
    };
    tokio::time::sleep(Duration::from_millis(millis)).await;
    "slow\n".into_response()
}

fn swap_subject(own: &[u8], other: &[u8]) -> Bytes {
    let parse = |text: &[u8]| serde_json::from_slice::<Value>(text).unwrap_or_default();
    let (mut own, other) = (parse(own), parse(other));
    if let (Some(own), Some(subject)) = (own.as_object_mut(), other.get("subject")) {
        own.insert("subject".to_owned(), subject.clone());
    }
    Bytes::from(own.to_string())
}

/// The text of a record with another's subject as a second `subject` at its end: some readers take the first, some the last.
fn twice_the_subject(own: &[u8], other: &str) -> String {
    let subject = serde_json::from_str::<Value>(other).ok().and_then(|other| other.get("subject").cloned());
    with_member(&String::from_utf8_lossy(own), "subject", &subject.unwrap_or_default().to_string())
}
