//! ACME (RFC 8555): addresses and fields; the rest is `enrolment`'s.

use std::sync::Arc;

use axum::Extension;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use enrolment::{Answer, Asked};

use super::EnrolmentDoor;
use super::sources::Source;
use crate::problem::{Problem, too_many};

/// Anything under `/acme/`.
pub(super) async fn general(
    State(door): State<EnrolmentDoor>,
    Extension(source): Extension<Source>,
    Path(rest): Path<String>,
    method: Method,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    let place = Place { folder: "/acme".to_owned(), path: format!("/{rest}"), bound: None, source };
    answer(&door, place, method, &headers, body).await
}

/// Anything under the folder that is a terminal's own: `/acme/for/DEVICE/CODE/`.
pub(super) async fn bound(
    State(door): State<EnrolmentDoor>,
    Extension(source): Extension<Source>,
    Path((device, code, rest)): Path<(String, String, String)>,
    method: Method,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    let folder = format!("/acme/for/{device}/{code}");
    let place = Place { folder, path: format!("/{rest}"), bound: Some((device, code)), source };
    answer(&door, place, method, &headers, body).await
}

/// What was asked, taken apart.
struct Place {
    folder: String,
    path: String,
    bound: Option<(String, String)>,
    source: Source,
}

async fn answer(
    door: &EnrolmentDoor,
    place: Place,
    method: Method,
    headers: &HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    let Some(authority) = authority(door, headers) else { return Problem::NotFound.into_response() };
    let Ok(body) = body else { return Problem::TooLarge.into_response() };
    // A code is looked at where an account is made, and nowhere else.
    let tried = match place.path.as_str() {
        "/new-account" => {
            let device = place.bound.as_ref().map(|(device, _)| device.as_str());
            match door.sources.begin(place.source, device, (door.clock)()).await {
                Ok(tried) => Some(tried),
                Err(held) => return too_many(held),
            }
        }
        _ => None,
    };
    let base = format!("https://{authority}{}", place.folder);
    let directory = format!("<{base}/directory>;rel=\"index\"");
    let (acme, now) = (Arc::clone(&door.acme), (door.clock)());
    // Signatures are checked, and journals written.
    let answered = tokio::task::spawn_blocking(move || {
        let bound = place.bound.as_ref().map(|(device, code)| (device.as_str(), code.as_str()));
        let asked = Asked { method: method.as_str(), base: &base, path: &place.path, bound, body: &body };
        let answer = acme.answer(&asked, now);
        // Here, so that who hangs up before the answer comes has tried all the same.
        if let (true, Some(tried)) = (answer.slowly, tried) {
            tried.wrong();
        }
        answer
    });
    match answered.await {
        Ok(answer) => {
            if answer.slowly {
                tracing::info!("a code that does not open was turned away");
                tokio::time::sleep(door.bounds.wrong_pause).await;
            }
            written(answer, &directory)
        }
        Err(error) => {
            tracing::error!(%error, "an answer of ACME broke off");
            Problem::NotNow.into_response()
        }
    }
}

/// What the client calls us: the care host's name, by whatever port leads here.
pub(super) fn authority(door: &EnrolmentDoor, headers: &HeaderMap) -> Option<String> {
    let given = headers.get(header::HOST)?.to_str().ok()?;
    let (name, port) = given.split_once(':').unwrap_or((given, "443"));
    let fine = name.eq_ignore_ascii_case(door.desk.host()) && port.parse::<u16>().is_ok();
    fine.then(|| given.to_owned())
}

fn written(answer: Answer, directory: &str) -> Response {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let empty = answer.body.is_empty();
    let mut response = (status, answer.body).into_response();
    let headers = response.headers_mut();
    headers.remove(header::CONTENT_TYPE);
    if !empty {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(answer.content_type));
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    let up = answer.up.map(|up| format!("<{up}>;rel=\"up\""));
    for link in [Some(directory.to_owned()), up].into_iter().flatten() {
        if let Ok(link) = HeaderValue::from_str(&link) {
            headers.append(header::LINK, link);
        }
    }
    let fields = [(HeaderName::from_static("replay-nonce"), answer.nonce), (header::LOCATION, answer.location)];
    for (name, value) in fields {
        if let Some(value) = value.and_then(|value| HeaderValue::from_str(&value).ok()) {
            headers.insert(name, value);
        }
    }
    response
}
