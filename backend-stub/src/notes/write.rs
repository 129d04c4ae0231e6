//! Writing notes: by programs in JSON, by people with a form.

use axum::extract::rejection::{FormRejection, JsonRejection};
use axum::extract::{Extension, Form, FromRequest as _, Path, Request, State};
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::{Json, http};
use http::header::{CONTENT_TYPE, IF_MATCH, LOCATION};
use http::{HeaderMap, StatusCode};
use rusqlite::Connection;
use serde::Deserialize;

use super::entries::{self, Entry};
use super::{Answered, Wrong, answered, broken, entry_of, is_known};
use crate::app::{App, Asking};
use crate::fhir::date::now;
use crate::fhir::put;

/// What is written.
#[derive(Deserialize)]
pub(super) struct Written {
    /// Counts more than the path: naive.
    person: Option<String>,
    text: String,
}

impl From<JsonRejection> for Wrong {
    fn from(rejection: JsonRejection) -> Self {
        Self::new(rejection.status(), rejection.body_text())
    }
}

impl From<FormRejection> for Wrong {
    fn from(rejection: FormRejection) -> Self {
        Self::new(rejection.status(), rejection.body_text())
    }
}

/// `POST /notes/people/{person}/entries`
pub(super) async fn add(
    State(app): State<App>,
    Extension(asking): Extension<Asking>,
    Path(person): Path<String>,
    request: Request,
) -> Answered {
    let by_form = request
        .headers()
        .get(CONTENT_TYPE)
        .is_some_and(|media_type| media_type.as_bytes().starts_with(b"application/x-www-form-urlencoded"));
    let written: Written =
        if by_form { Form::from_request(request, &app).await?.0 } else { Json::from_request(request, &app).await?.0 };
    let person = written.person.unwrap_or(person);
    if !is_known(&app, &person).await? {
        return Err(Wrong::nowhere());
    }
    let author = asking.0.map_or_else(|| "anybody".to_owned(), |identity| identity.user.clone());
    let elsewhere = broken::redirect(&written.text);
    let text = written.text;
    let id = change_tables(&app, move |db| entries::add(db, &person, &author, now(), &text)).await?;
    if by_form {
        let to = elsewhere.unwrap_or(id);
        return Ok(Redirect::to(&format!("/notes/entries/{to}/page")).into_response());
    }
    let mut response = answered(&entry_of(&app, id.clone()).await?);
    *response.status_mut() = StatusCode::CREATED;
    put(response.headers_mut(), LOCATION, &format!("/notes/entries/{}", elsewhere.unwrap_or(id)));
    Ok(response)
}

/// `PUT /notes/entries/{id}`: another text; with a `person`, the entry becomes that one's.
pub(super) async fn change(
    State(app): State<App>,
    Path(id): Path<String>,
    headers: HeaderMap,
    written: Result<Json<Written>, JsonRejection>,
) -> Answered {
    let Json(written) = written?;
    let before = entry_of(&app, id.clone()).await?;
    check(&headers, &before)?;
    let person = written.person.unwrap_or(before.person);
    let (of, text) = (id.clone(), written.text);
    change_tables(&app, move |db| entries::change(db, &of, &person, &text)).await?;
    Ok(answered(&entry_of(&app, id).await?))
}

/// `DELETE /notes/entries/{id}`
pub(super) async fn remove(State(app): State<App>, Path(id): Path<String>, headers: HeaderMap) -> Answered {
    check(&headers, &entry_of(&app, id.clone()).await?)?;
    change_tables(&app, move |db| entries::remove(db, &id)).await?;
    Ok(Response::builder().status(StatusCode::NO_CONTENT).body(axum::body::Body::empty()).unwrap_or_default())
}

/// RFC 9110 13.1.1
fn check(headers: &HeaderMap, before: &Entry) -> Result<(), Wrong> {
    let current = format!("\"{}\"", before.version);
    match headers.get(IF_MATCH).and_then(|value| value.to_str().ok()) {
        Some(asked) if asked != "*" && !asked.split(',').any(|tag| tag.trim() == current) => {
            Err(Wrong::new(StatusCode::PRECONDITION_FAILED, "ほかの人が書き換えました"))
        }
        _ => Ok(()),
    }
}

async fn change_tables<T: Send + 'static>(
    app: &App,
    change: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
) -> Result<T, Wrong> {
    let work = move |store: &crate::store::Store| {
        let mut db = store.writer();
        let transaction = db.transaction()?;
        let done = change(&transaction)?;
        transaction.commit()?;
        Ok(done)
    };
    Ok(app.store.run(work).await?)
}
