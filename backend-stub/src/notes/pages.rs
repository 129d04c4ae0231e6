//! The pages of the notes, for people.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{Html, IntoResponse as _, Response};
use http::StatusCode;
use http::header::CONTENT_TYPE;

use super::entries::{self, Entry, Wanted};
use super::{Answered, Wrong, ask, broken, entry_of, is_known};
use crate::app::App;

#[derive(Template)]
#[template(path = "notes/home.html")]
struct Home;

#[derive(Template)]
#[template(path = "notes/person.html")]
struct OfPerson {
    person: String,
    entries: Vec<Entry>,
}

/// One person, but for a page that is broken on purpose.
#[derive(Template)]
#[template(path = "notes/entry.html")]
struct OfEntry {
    persons: Vec<String>,
    entry: Entry,
    attachments: Vec<String>,
}

fn page(template: &impl Template) -> Answered {
    let failed = |error: askama::Error| Wrong::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string());
    Ok(Html(template.render().map_err(failed)?).into_response())
}

/// `GET /notes`
pub(super) async fn home() -> Answered {
    page(&Home)
}

/// `GET /notes/static/notes.css`
pub(super) async fn style() -> Response {
    ([(CONTENT_TYPE, "text/css; charset=utf-8")], include_str!("../../templates/notes/notes.css")).into_response()
}

/// `GET /notes/people/{person}`
pub(super) async fn person(State(app): State<App>, Path(person): Path<String>) -> Answered {
    if !is_known(&app, &person).await? {
        return Err(Wrong::nowhere());
    }
    let of = person.clone();
    let entries = ask(&app, move |db| entries::list(db, &Wanted { person: Some(&of), ..Wanted::default() })).await?;
    page(&OfPerson { person, entries })
}

/// `GET /notes/entries/{id}/page`
pub(super) async fn entry(State(app): State<App>, Path(id): Path<String>) -> Answered {
    let entry = entry_of(&app, id.clone()).await?;
    let attachments = ask(&app, move |db| entries::attachments(db, &id)).await?;
    page(&OfEntry { persons: broken::persons(&entry), entry, attachments })
}
