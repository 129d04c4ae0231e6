//! A second application in the same store that speaks no FHIR: visit notes as HTML pages and JSON, as many a city has one.
//! A gateway protects it by a route map. Whose an answer is stands in one agreed place: `data-person` of the one `<main>` of
//! a page, `person` of a JSON object (`/person`, and `/entries/0/person` of a list), the header `x-person` of a file,
//! a WebSocket or an event stream.
//!
//! | request | answer |
//! |---|---|
//! | `GET /notes`, `GET /notes/static/notes.css` | HTML, CSS: about nobody |
//! | `GET /notes/people/{person}` | HTML: the entries of a person, and a form to write one |
//! | `GET /notes/people/{person}/entries?from=&to=` | JSON: `{ "person", "entries": [...] }`, days from and to included |
//! | `POST /notes/people/{person}/entries` | JSON `{ "text" }`: 201, the entry; form `text=`: 303 to its page |
//! | `GET`, `PUT`, `DELETE /notes/entries/{id}` | JSON: `{ "id", "person", "author", "written_at", "text" }`; 204 |
//! | `GET /notes/entries/{id}/page` | HTML |
//! | `GET /notes/search?person=&q=` | JSON: `{ "person", "q", "entries": [...] }`; without a person, about everybody |
//! | `GET /notes/attachments/{id}` | the bytes, with the entity tag of their entry |
//! | `GET /notes/attachments/{id}/about` | JSON: `{ "id", "entry", "person", "media_type", "bytes" }`, with the same tag |
//! | `GET /notes/people/{person}/talk`, `/listen` | WebSockets: says again what is said; says something now and then |
//! | `GET /notes/people/{person}/events` | the same as an event stream |
//!
//! Naive as the rest of the store: a `person` in a body counts more than the one in the path.

mod broken;
pub(crate) mod entries;
mod pages;
mod talk;
mod write;

use std::collections::HashMap;

use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use axum::{Json, Router};
use http::header::{CONTENT_TYPE, ETAG};
use http::{HeaderName, HeaderValue, StatusCode};
use rusqlite::Connection;
use serde::Serialize;
use serde_json::json;

use self::entries::{Entry, Wanted};
use crate::app::App;
use crate::fhir::date::span;
use crate::fhir::outcome::Fault;
use crate::fhir::put;

/// Whose the bytes of a file are.
const PERSON: HeaderName = HeaderName::from_static("x-person");

/// Its doors.
pub(crate) fn router() -> Router<App> {
    Router::new()
        .route("/notes", get(pages::home))
        .route("/notes/static/notes.css", get(pages::style))
        .route("/notes/people/{person}", get(pages::person))
        .route("/notes/people/{person}/entries", get(list).post(write::add))
        .route("/notes/entries/{id}", get(one).put(write::change).delete(write::remove))
        .route("/notes/entries/{id}/page", get(pages::entry))
        .route("/notes/people/{person}/talk", get(talk::talk))
        .route("/notes/people/{person}/listen", get(talk::listen))
        .route("/notes/people/{person}/events", get(talk::events))
        .route("/notes/search", get(search))
        .route("/notes/attachments/{id}", get(file))
        .route("/notes/attachments/{id}/about", get(about))
}

/// What went wrong, in this application's words: `{ "error": "..." }`.
struct Wrong(StatusCode, String);

type Answered = Result<Response, Wrong>;
type Parameters = Query<HashMap<String, String>>;

impl Wrong {
    fn new(status: StatusCode, text: impl Into<String>) -> Self {
        Self(status, text.into())
    }

    fn nowhere() -> Self {
        Self::new(StatusCode::NOT_FOUND, "見つかりません")
    }
}

impl From<Fault> for Wrong {
    fn from(fault: Fault) -> Self {
        Self(StatusCode::from_u16(fault.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR), fault.text)
    }
}

impl axum::response::IntoResponse for Wrong {
    fn into_response(self) -> Response {
        (self.0, Json(json!({ "error": self.1 }))).into_response()
    }
}

/// Asks the tables where asking may block.
async fn ask<T: Send + 'static>(
    app: &App,
    question: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
) -> Result<T, Wrong> {
    Ok(app.store.run(move |store| Ok(question(&store.reader())?)).await?)
}

async fn entry_of(app: &App, id: String) -> Result<Entry, Wrong> {
    ask(app, move |db| entries::one(db, &id)).await?.ok_or_else(Wrong::nowhere)
}

/// Whether there is such a person: one that has a Patient, or an entry.
async fn is_known(app: &App, person: &str) -> Result<bool, Wrong> {
    let person = person.to_owned();
    ask(app, move |db| {
        let sql = "SELECT EXISTS (SELECT 1 FROM entry WHERE person = ?1)
                     OR EXISTS (SELECT 1 FROM current WHERE kind = 'Patient' AND id = ?1)";
        db.query_row(sql, [person], |row| row.get(0))
    })
    .await
}

fn answered(entry: &Entry) -> Response {
    let mut response = Json(entry).into_response();
    put(response.headers_mut(), ETAG, &format!("\"{}\"", entry.version));
    response
}

/// A list with whose it is.
#[derive(Serialize)]
struct Listed {
    person: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    q: Option<String>,
    entries: Vec<Entry>,
}

async fn list(State(app): State<App>, Path(person): Path<String>, Query(asked): Parameters) -> Answered {
    let day = |name: &str| match asked.get(name).filter(|text| !text.is_empty()) {
        Some(text) => span(text)
            .map(Some)
            .ok_or_else(|| Wrong::new(StatusCode::BAD_REQUEST, format!("{name}: 日付ではありません"))),
        None => Ok(None),
    };
    let (from, until) = (day("from")?.map(|span| span.from), day("to")?.map(|span| span.until));
    if !is_known(&app, &person).await? {
        return Err(Wrong::nowhere());
    }
    let of = person.clone();
    let entries = ask(&app, move |db| entries::list(db, &Wanted { person: Some(&of), from, until, words: "" })).await?;
    Ok(Json(Listed { person: Some(person), q: None, entries }).into_response())
}

async fn one(State(app): State<App>, Path(id): Path<String>) -> Answered {
    Ok(answered(&broken::spoil(entry_of(&app, id).await?)))
}

async fn search(State(app): State<App>, Query(mut asked): Parameters) -> Answered {
    let person = asked.remove("person").filter(|person| !person.is_empty());
    let words = asked.remove("q").unwrap_or_default();
    let (of, said) = (person.clone(), words.clone());
    let mischief = broken::Mischief::named(&words);
    let entries = ask(&app, move |db| {
        let words = if mischief.is_some() { "" } else { said.as_str() };
        entries::list(db, &Wanted { person: of.as_deref(), words, ..Wanted::default() })
    })
    .await?;
    let listed = Listed { person, q: Some(words), entries };
    match mischief {
        Some(mischief) => broken::search(&app, mischief, listed).await,
        None => Ok(Json(listed).into_response()),
    }
}

async fn file(State(app): State<App>, Path(id): Path<String>) -> Answered {
    let found = ask(&app, move |db| entries::attachment(db, &id)).await?.ok_or_else(Wrong::nowhere)?;
    let mut response = found.data.into_response();
    let media_type = HeaderValue::from_str(&found.media_type);
    let media_type = media_type.unwrap_or(HeaderValue::from_static("application/octet-stream"));
    response.headers_mut().insert(CONTENT_TYPE, media_type);
    put(response.headers_mut(), PERSON, &found.person);
    put(response.headers_mut(), ETAG, &format!("\"{}\"", found.version));
    Ok(response)
}

async fn about(State(app): State<App>, Path(id): Path<String>) -> Answered {
    let asked = id.clone();
    let found = ask(&app, move |db| entries::attachment(db, &asked)).await?.ok_or_else(Wrong::nowhere)?;
    let (media_type, bytes) = (found.media_type, found.data.len());
    let told =
        json!({ "id": id, "entry": found.entry, "person": found.person, "media_type": media_type, "bytes": bytes });
    let mut response = Json(told).into_response();
    put(response.headers_mut(), ETAG, &format!("\"{}\"", found.version));
    Ok(response)
}
