//! The door for tests: what reached the store, and news made up on the spot. Its own listener, loopback only; nothing here
//! is reachable from the record side.

use axum::extract::State;
use axum::routing::{get, post, put};
use axum::{Json, Router};
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::app::App;
use crate::options::Paging;
use crate::request_log::Counts;

pub(crate) fn router(app: App) -> Router {
    Router::new()
        .route("/stub/requests", get(requests).delete(clear))
        .route("/stub/count", get(count))
        .route("/stub/news", post(news))
        .route("/stub/paging", put(paging))
        .route("/healthz", get(|| async { "ok\n" }))
        .with_state(app)
}

async fn requests(State(app): State<App>) -> Json<Value> {
    Json(json!({ "requests": app.log.requests() }))
}

async fn clear(State(app): State<App>) -> StatusCode {
    app.log.clear();
    StatusCode::NO_CONTENT
}

async fn count(State(app): State<App>) -> Json<Counts> {
    Json(app.log.counts())
}

/// News told to the listeners of a person, in words of the test's choice (`data` may be a lie, or no JSON).
#[derive(Deserialize)]
struct MadeUp {
    person: String,
    data: String,
}

async fn news(State(app): State<App>, Json(made_up): Json<MadeUp>) -> StatusCode {
    app.hub.tell(&made_up.person, &made_up.data);
    StatusCode::NO_CONTENT
}

/// How links to further pages look from now on: `{"by":"offset"}` or `{"by":"token"}`.
#[derive(Deserialize)]
struct PageBy {
    by: Paging,
}

async fn paging(State(app): State<App>, Json(wanted): Json<PageBy>) -> StatusCode {
    app.pages.switch(wanted.by);
    StatusCode::NO_CONTENT
}
