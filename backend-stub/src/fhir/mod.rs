//! FHIR R4 over HTTP: from a request below `/fhir` to an [`interaction::Interaction`] and back.

pub(crate) mod batch;
pub(crate) mod date;
pub(crate) mod interaction;
pub(crate) mod metadata;
pub(crate) mod outcome;
pub(crate) mod query;
pub(crate) mod resource;
pub(crate) mod search;
pub(crate) mod types;

use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::response::Response;
use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE, ETAG, HOST, IF_MATCH, IF_NONE_MATCH, LAST_MODIFIED, LOCATION};
use http::{HeaderMap, HeaderValue, Method, StatusCode};

use self::date::http_date;
use self::interaction::{Answer, Interaction, read_text, transact};
use self::outcome::Fault;
use self::types::Kind;
use crate::app::App;
use crate::{binary, broken};

/// Largest body that is read into memory; uploads of a Binary stream past this.
const BODY_MAX: usize = 8 * 1024 * 1024;
/// What the store says its JSON is.
pub(crate) const FHIR_JSON: &str = "application/fhir+json; charset=utf-8";

/// Every request at or below `/fhir`.
pub(crate) async fn handle(State(app): State<App>, request: Request) -> Response {
    let minimal = prefers_minimal(request.headers());
    let if_none_match = request.headers().get(IF_NONE_MATCH).cloned();
    let base = base(request.headers());
    match answer(&app, request, &base).await {
        Ok(Reply::Answer(answer)) => respond(&base, answer, minimal, if_none_match.as_ref()),
        Ok(Reply::Whole(response)) => response,
        Err(fault) => refuse(&fault),
    }
}

/// A FHIR answer, or one that is HTTP all through (raw bytes, broken on purpose).
enum Reply {
    Answer(Answer),
    Whole(Response),
}

async fn answer(app: &App, request: Request, base: &str) -> Result<Reply, Fault> {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path();
    let rest = path.strip_prefix("/fhir").unwrap_or(path).trim_start_matches('/').to_owned();
    let query = parts.uri.query().unwrap_or("");
    // A HEAD is answered like a GET; the HTTP library leaves the body out.
    let method = if parts.method == Method::HEAD { Method::GET } else { parts.method.clone() };
    match (&method, rest.as_str()) {
        (&Method::GET, "metadata") => return Ok(Reply::Answer(Answer::of(200, metadata::statement(base)))),
        (&Method::POST, "") => {
            let body = whole(body).await?;
            let base = base.to_owned();
            let (answer, written) = app.store.run(move |store| batch::perform(store, &base, &body)).await?;
            app.hub.publish(&written);
            return Ok(Reply::Answer(answer));
        }
        _ => {}
    }
    if let Some(id) = binary::download_of(&method, &rest, query, &parts.headers) {
        return Ok(Reply::Whole(binary::download(app, id, &parts.headers).await?));
    }
    if let Some(target) = binary::upload_of(&method, &rest, &parts.headers) {
        let (answer, written) = binary::upload(app, target, &parts.headers, base, body).await?;
        app.hub.publish(&written);
        return Ok(Reply::Answer(answer));
    }
    let body = if matches!(method, Method::POST | Method::PUT) { whole(body).await? } else { Bytes::new() };
    let target = if query.is_empty() { rest } else { format!("{rest}?{query}") };
    let if_match = parts.headers.get(IF_MATCH).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
    let interaction = Interaction::parse(method.as_str(), &target, if_match.as_deref(), body)?;
    if let Interaction::Read { kind, id, elements } = &interaction {
        if let Some(response) = broken::read(app, *kind, id, !elements.is_empty(), &parts.extensions).await? {
            return Ok(Reply::Whole(response));
        }
        if let Some(answer) = read_ready(app, *kind, id, elements)? {
            return Ok(Reply::Answer(answer));
        }
    }
    let base = base.to_owned();
    if interaction.writes() {
        let work =
            move |store: &crate::store::Store| transact(store, |db, written| interaction.perform(db, &base, written));
        let (answer, written) = app.store.run(work).await?;
        app.hub.publish(&written);
        return Ok(Reply::Answer(answer));
    }
    let work = move |store: &crate::store::Store| {
        if let Interaction::Read { kind, id, .. } = &interaction {
            hold(store, *kind, id)?;
        }
        interaction.perform(&store.reader(), &base, &mut Vec::new())
    };
    Ok(Reply::Answer(app.store.run(work).await?))
}

/// A read that needs no database: most of them.
fn read_ready(app: &App, kind: Kind, id: &str, elements: &[String]) -> Result<Option<Answer>, Fault> {
    let Some(version) = app.store.ready(kind, id) else { return Ok(None) };
    if version.blob.is_some() && elements.is_empty() {
        return Ok(None);
    }
    let body = read_text(kind, id, &version, elements)?;
    Ok(Some(Answer { version: Some((version.version, version.at)), ..Answer::of(200, body) }))
}

fn hold(store: &crate::store::Store, kind: Kind, id: &str) -> Result<(), Fault> {
    if let Some(version) = crate::store::newest(&store.reader(), kind, id)? {
        store.hold(kind, id, Arc::new(version));
    }
    Ok(())
}

async fn whole(body: Body) -> Result<Bytes, Fault> {
    to_bytes(body, BODY_MAX)
        .await
        .map_err(|_| Fault::new(413, "too-long", format!("the body is longer than {BODY_MAX} bytes, or broke off")))
}

fn respond(base: &str, answer: Answer, minimal: bool, if_none_match: Option<&HeaderValue>) -> Response {
    let mut response = Response::new(Body::empty());
    let mut status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    if let Some((version, at)) = answer.version {
        let etag = format!("W/\"{version}\"");
        if status == StatusCode::OK && if_none_match.is_some_and(|asked| asked.as_bytes() == etag.as_bytes()) {
            status = StatusCode::NOT_MODIFIED;
        }
        put(headers, ETAG, &etag);
        put(headers, LAST_MODIFIED, &http_date(at));
    }
    if let Some(location) = answer.location {
        put(headers, LOCATION, &format!("{base}/{location}"));
    }
    if status != StatusCode::NOT_MODIFIED && !answer.body.is_empty() && !(minimal && status == StatusCode::CREATED) {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(FHIR_JSON));
        *response.body_mut() = Body::from(answer.body);
    }
    *response.status_mut() = status;
    response
}

/// A fault as an answer.
pub(crate) fn refuse(fault: &Fault) -> Response {
    let mut response = Response::new(Body::from(fault.body()));
    *response.status_mut() = StatusCode::from_u16(fault.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(FHIR_JSON));
    response
}

/// Sets a header whose value may come from outside; one that cannot be a value is left out.
pub(crate) fn put(headers: &mut HeaderMap, name: http::HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

/// How the client reached us begins every link: a store does not know of the gateway before it.
fn base(headers: &HeaderMap) -> String {
    let host = headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or("localhost");
    format!("http://{host}/fhir")
}

fn prefers_minimal(headers: &HeaderMap) -> bool {
    headers.get("prefer").is_some_and(|value| value.as_bytes() == b"return=minimal")
}

/// Whether the client asked for FHIR JSON by name.
pub(crate) fn wants_fhir_json(headers: &HeaderMap) -> bool {
    headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok()).any(is_fhir_json)
}

/// Whether a media type is FHIR JSON.
pub(crate) fn is_fhir_json(media_type: &str) -> bool {
    media_type.contains("application/fhir+json") || media_type.contains("application/json")
}
