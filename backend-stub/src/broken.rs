//! Bad behaviour on purpose, for tests of whoever stands in front: by record id, so that it can be reached through a
//! gateway, and directly under `/broken/...` and `/slow/...`. The records are in the seed and belong to a test person;
//! with `_elements` they answer properly, so that the gateway learns whose they are before it meets the broken part.

use std::time::Duration;

use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use futures_util::stream;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use http::{Extensions, HeaderValue, StatusCode};
use rusqlite::Connection;
use serde_json::{Value, json};

use crate::app::App;
use crate::fhir::outcome::Fault;
use crate::fhir::resource::with_member;
use crate::fhir::search::{Mischief, add_entry, first_of_another};
use crate::fhir::types::Kind;
use crate::fhir::{FHIR_JSON, refuse};
use crate::store::{newest, person_of};
use crate::wire::Breaker;

/// Longest wait of `/slow/{milliseconds}`.
const SLOW_MAX_MS: u64 = 60_000;

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
                _ => version.body,
            };
            Ok(Some(body))
        })
        .await?;
    match found {
        Some(body) => Ok(Some(misbehave(behaviour, body, extensions).await)),
        None => Ok(None),
    }
}

async fn misbehave(behaviour: Behaviour, body: Bytes, extensions: &Extensions) -> Response {
    let mut content_type = FHIR_JSON;
    let mut status = StatusCode::OK;
    let half = body.slice(..body.len() / 2);
    let body = match behaviour {
        Behaviour::Foreign | Behaviour::Swapped => Body::from(body),
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
            let parts = stream::unfold(Some(half), |part| async {
                match part {
                    Some(part) if !part.is_empty() => Some((Ok(part), Some(Bytes::new()))),
                    Some(_) => {
                        // The first half must have left before the connection ends.
                        tokio::time::sleep(Duration::from_millis(30)).await;
                        Some((Err(std::io::Error::other("broken on purpose")), None))
                    }
                    None => None,
                }
            });
            let mut response = Response::new(Body::from_stream(parts));
            response.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(length));
            response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(FHIR_JSON));
            return response;
        }
    };
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

/// `/broken/{what}`: the same without FHIR.
pub(crate) async fn direct(State(_): State<App>, Path(what): Path<String>, request: Request) -> Response {
    let Some(behaviour) = Behaviour::named(&format!("broken-{what}")) else {
        return refuse(&Fault::not_found("broken", &what));
    };
    let body = json!({ "resourceType": "Basic", "id": what, "note": "x".repeat(200) }).to_string();
    misbehave(behaviour, Bytes::from(body), request.extensions()).await
}

/// `/slow/{milliseconds}`.
pub(crate) async fn slow(State(_): State<App>, Path(millis): Path<String>) -> Response {
    let Some(millis) = millis.parse::<u64>().ok().filter(|millis| *millis <= SLOW_MAX_MS) else {
        return refuse(&Fault::invalid(format!("milliseconds are 0 to {SLOW_MAX_MS}")));
    };
    tokio::time::sleep(Duration::from_millis(millis)).await;
    "slow\n".into_response()
}

/// Spoils the entries of a search (`code=broken-surplus`, `code=broken-contained`).
pub(crate) fn spoil(db: &Connection, mischief: Mischief, base: &str, entries: &mut String) -> Result<(), Fault> {
    let (Some(observation), Some(patient)) = (Kind::named("Observation"), Kind::named("Patient")) else {
        return Ok(());
    };
    let own = newest(db, observation, "broken-foreign")?.map(|version| version.body).unwrap_or_default();
    let person = person_of(db, observation, "broken-foreign")?.unwrap_or_default();
    match mischief {
        Mischief::Surplus => {
            if let Some((id, other)) = first_of_another(db, observation, &person)? {
                add_entry(entries, &format!("{base}/Observation/{id}"), &other, "match");
            }
        }
        Mischief::Contained => {
            if let Some((_, other)) = first_of_another(db, patient, &person)? {
                let own = with_member(&String::from_utf8_lossy(&own), "contained", &format!("[{other}]"));
                add_entry(entries, &format!("{base}/Observation/broken-foreign"), &own, "match");
            }
        }
    }
    Ok(())
}

fn swap_subject(own: &[u8], other: &[u8]) -> Bytes {
    let parse = |text: &[u8]| serde_json::from_slice::<Value>(text).unwrap_or_default();
    let (mut own, other) = (parse(own), parse(other));
    if let (Some(own), Some(subject)) = (own.as_object_mut(), other.get("subject")) {
        own.insert("subject".to_owned(), subject.clone());
    }
    Bytes::from(own.to_string())
}
