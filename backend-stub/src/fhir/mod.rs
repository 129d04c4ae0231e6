//! FHIR R4 over HTTP: from a request below `/fhir` to an [`interaction::Interaction`] and back.

pub(crate) mod batch;
pub(crate) mod date;
mod history;
pub(crate) mod interaction;
pub(crate) mod metadata;
pub(crate) mod outcome;
mod parse;
pub(crate) mod query;
mod references;
pub(crate) mod resource;
pub(crate) mod search;
pub(crate) mod types;

use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::response::Response;
use bytes::Bytes;
use http::header::{
    ACCEPT, ALLOW, CONTENT_LOCATION, CONTENT_TYPE, ETAG, HOST, IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH,
    LAST_MODIFIED, LOCATION,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};

use self::date::http_date;
use self::interaction::{Answer, Interaction, Site, read_text, transact};
use self::outcome::{Fault, outcome};
use self::parse::Asked;
use self::search::view::View;
use self::types::Kind;
use crate::app::App;
use crate::store::Store;
use crate::{binary, broken};

/// Largest body that is read into memory; uploads of a Binary stream past this.
const BODY_MAX: usize = 8 * 1024 * 1024;
/// What the store says its JSON is.
pub(crate) const FHIR_JSON: &str = "application/fhir+json; charset=utf-8";

/// FHIR's own header for a conditional create.
const IF_NONE_EXIST: HeaderName = HeaderName::from_static("if-none-exist");

/// Every request at or below `/fhir`.
pub(crate) async fn handle(State(app): State<App>, request: Request) -> Response {
    let asked = Preferences::of(&request);
    let base = base(request.headers());
    match answer(&app, request, &base).await {
        Ok(Reply::Answer(answer)) => respond(&base, answer, &asked),
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
            let (base, pages) = (base.to_owned(), Arc::clone(&app.pages));
            let work = move |store: &Store| batch::perform(store, Site { base: &base, pages: &pages }, &body);
            let (answer, written) = app.store.run(work).await?;
            app.hub.publish(&written);
            return Ok(Reply::Answer(answer));
        }
        _ => {}
    }
    if let Some(download) = binary::download_of(&method, &rest, query, &parts.headers) {
        return Ok(Reply::Whole(binary::download(app, download, &parts.headers).await?));
    }
    if let Some(target) = binary::upload_of(&method, &rest, &parts.headers) {
        let (answer, written) = binary::upload(app, target, &parts.headers, base, body).await?;
        app.hub.publish(&written);
        return Ok(Reply::Answer(answer));
    }
    let body = if matches!(method, Method::POST | Method::PUT) { whole(body).await? } else { Bytes::new() };
    let target = if query.is_empty() { rest } else { format!("{rest}?{query}") };
    let asked = Asked {
        method: method.as_str(),
        target: &target,
        if_match: text(&parts.headers, &IF_MATCH),
        if_none_match: text(&parts.headers, &IF_NONE_MATCH),
        if_none_exist: text(&parts.headers, &IF_NONE_EXIST),
        strict: prefers(&parts.headers, "handling=strict"),
        body: body.clone(),
    };
    let interaction = asked.interaction(base)?;
    if let Interaction::Read { kind, id, view } = &interaction {
        if let Some(response) = broken::read(app, *kind, id, !view.is_whole(), base, &parts.extensions).await? {
            return Ok(Reply::Whole(response));
        }
        if let Some(answer) = read_ready(app, *kind, id, view)? {
            return Ok(Reply::Answer(answer));
        }
    }
    let (base, pages) = (base.to_owned(), Arc::clone(&app.pages));
    if interaction.writes() {
        let mischief = broken::location(&body);
        let removes = match &interaction {
            Interaction::Delete { kind, id, .. } => Some((*kind, id.clone())),
            _ => None,
        };
        let work = move |store: &Store| {
            let site = Site { base: &base, pages: &pages };
            transact(store, |db, written| interaction.perform(db, site, written))
        };
        let (mut answer, written) = app.store.run(work).await?;
        app.hub.publish(&written);
        answer.location = mischief.or(answer.location);
        if let Some((kind, id)) = removes
            && let Some(response) = broken::removed(kind, &id).await
        {
            return Ok(Reply::Whole(response));
        }
        return Ok(Reply::Answer(answer));
    }
    let mischief = interaction.mischief();
    let work = move |store: &Store| {
        if let Interaction::Read { kind, id, .. } = &interaction {
            hold(store, *kind, id)?;
        }
        interaction.perform(&store.reader(), Site { base: &base, pages: &pages }, &mut Vec::new())
    };
    let answer = app.store.run(work).await?;
    Ok(match mischief.and_then(|mischief| broken::search::deliver(mischief, &answer.body)) {
        Some(response) => Reply::Whole(response),
        None => Reply::Answer(answer),
    })
}

/// A read that needs no database: most of them.
fn read_ready(app: &App, kind: Kind, id: &str, view: &View) -> Result<Option<Answer>, Fault> {
    let Some(version) = app.store.ready(kind, id) else { return Ok(None) };
    if version.blob.is_some() && view.is_whole() {
        return Ok(None);
    }
    let body = read_text(kind, id, &version, view)?;
    Ok(Some(Answer::of_version(kind, id, &version, body)))
}

fn hold(store: &Store, kind: Kind, id: &str) -> Result<(), Fault> {
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

/// What the client would like of the answer's form.
struct Preferences {
    writes: bool,
    minimal: bool,
    outcome: bool,
    if_none_match: Option<String>,
    if_modified_since: Option<i64>,
}

impl Preferences {
    fn of(request: &Request) -> Self {
        let headers = request.headers();
        Self {
            writes: !request.method().is_safe() && !request.uri().path().ends_with("/_search"),
            minimal: prefers(headers, "return=minimal"),
            outcome: prefers(headers, "return=OperationOutcome"),
            if_none_match: text(headers, &IF_NONE_MATCH).map(str::to_owned),
            if_modified_since: text(headers, &IF_MODIFIED_SINCE).and_then(date::read_http_date),
        }
    }

    /// Whether the client has this version already (RFC 9110 13.1.2, 13.1.3).
    fn has(&self, etag: &str, at: i64) -> bool {
        match (&self.if_none_match, self.if_modified_since) {
            (Some(known), _) => is_known(known, etag),
            // A header's date is in whole seconds.
            (None, Some(since)) => at.div_euclid(1_000) <= since.div_euclid(1_000),
            (None, None) => false,
        }
    }
}

fn respond(base: &str, answer: Answer, asked: &Preferences) -> Response {
    let mut response = Response::new(Body::empty());
    let mut status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    if let Some((version, at)) = answer.version {
        let etag = format!("W/\"{version}\"");
        if status == StatusCode::OK && !asked.writes && asked.has(&etag, at) {
            status = StatusCode::NOT_MODIFIED;
        }
        put(headers, ETAG, &etag);
        put(headers, LAST_MODIFIED, &http_date(at));
    }
    if let Some(location) = answer.location {
        put(headers, LOCATION, &format!("{base}/{location}"));
    }
    if let Some(location) = answer.content_location {
        put(headers, CONTENT_LOCATION, &format!("{base}/{location}"));
    }
    let written = asked.writes && answer.version.is_some();
    let body = match answer.body {
        _ if status == StatusCode::NOT_MODIFIED || (written && asked.minimal) => Bytes::new(),
        body if !body.is_empty() && written && asked.outcome => outcome("information", "informational", "done").into(),
        body => body,
    };
    if !body.is_empty() {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(FHIR_JSON));
        *response.body_mut() = Body::from(body);
    }
    *response.status_mut() = status;
    response
}

/// Whether a list of tags names this one, weakly compared.
pub(crate) fn is_known(list: &str, etag: &str) -> bool {
    let bare = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    list.split(',').any(|tag| tag.trim() == "*" || bare(tag) == bare(etag))
}

/// A fault as an answer.
pub(crate) fn refuse(fault: &Fault) -> Response {
    let mut response = Response::new(Body::from(fault.body()));
    *response.status_mut() = StatusCode::from_u16(fault.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(FHIR_JSON));
    if response.status() == StatusCode::METHOD_NOT_ALLOWED {
        response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD, POST, PUT, DELETE"));
    }
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

fn prefers(headers: &HeaderMap, wish: &str) -> bool {
    let wishes = headers.get_all("prefer").iter().filter_map(|value| value.to_str().ok());
    wishes.flat_map(|value| value.split([',', ';'])).any(|said| said.trim() == wish)
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// Whether the client asked for FHIR JSON by name.
pub(crate) fn wants_fhir_json(headers: &HeaderMap) -> bool {
    headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok()).any(is_fhir_json)
}

/// Whether a media type is FHIR JSON.
pub(crate) fn is_fhir_json(media_type: &str) -> bool {
    media_type.contains("application/fhir+json") || media_type.contains("application/json")
}
