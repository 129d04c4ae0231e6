//! Documents and images as they are (<https://hl7.org/fhir/R4/binary.html>): raw upload and download, ranges, at constant
//! memory whatever the length.

use std::io;
use std::sync::LazyLock;
use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use bytes::{Bytes, BytesMut};
use futures_util::{Stream, StreamExt as _, stream};
use http::header::{
    ACCEPT_RANGES, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG, IF_MATCH, IF_NONE_MATCH, IF_RANGE, LAST_MODIFIED,
    RANGE,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use serde_json::{Map, Value, json};

use crate::app::App;
use crate::fhir::date::http_date;
use crate::fhir::interaction::{Answer, Interaction, OnlyIf, Site, Written, transact};
use crate::fhir::outcome::Fault;
use crate::fhir::types::Kind;
use crate::fhir::{is_fhir_json, put, wants_fhir_json};
use crate::store::blob::{self, CHUNK};
use crate::store::{Blob, Store, newest, version as numbered};

/// Longest upload.
const UPLOAD_MAX: u64 = 2 * 1024 * 1024 * 1024;
/// Length of the generated Binary `slow-100mb`.
const PATTERN_BYTES: u64 = 100 * 1_000 * 1_000;
/// Byte n of the pattern is n modulo this: a prime, so that no power-of-two mistake hides.
const PATTERN_PERIOD: u64 = 251;
/// Longest life of the Binary `trickle`, which gives one byte each [`TRICKLE_EVERY`]: an hour.
const TRICKLE_BYTES: u64 = 360_000;
const TRICKLE_EVERY: Duration = Duration::from_millis(10);
/// Whose the bytes are.
const SECURITY_CONTEXT: HeaderName = HeaderName::from_static("x-security-context");

static PATTERN: LazyLock<Bytes> = LazyLock::new(|| {
    let long = CHUNK as u64 + PATTERN_PERIOD;
    (0..long).map(|place| u8::try_from(place % PATTERN_PERIOD).unwrap_or_default()).collect::<Vec<u8>>().into()
});

/// Which bytes a request asks for.
pub(crate) struct Download<'a> {
    id: &'a str,
    /// An old version, if not the newest.
    version: Option<i64>,
}

/// Which, if this request asks for raw bytes: a read of a Binary, or of an old version, that does not name FHIR JSON.
pub(crate) fn download_of<'a>(
    method: &Method,
    rest: &'a str,
    query: &str,
    headers: &HeaderMap,
) -> Option<Download<'a>> {
    let rest = rest.strip_prefix("Binary/")?;
    let (id, version) = match rest.split_once("/_history/") {
        Some((id, version)) => (id, Some(version.parse().ok()?)),
        None => (rest, None),
    };
    let part = query.contains("_elements") || query.contains("_summary");
    let plain = !id.is_empty() && !id.contains('/');
    (plain && method == Method::GET && !part && !wants_fhir_json(headers)).then_some(Download { id, version })
}

/// Where to, if this request brings raw bytes.
pub(crate) fn upload_of(method: &Method, rest: &str, headers: &HeaderMap) -> Option<Upload> {
    let content_type = headers.get(CONTENT_TYPE)?.to_str().ok().filter(|media_type| !is_fhir_json(media_type))?;
    let id = match (method, rest.split_once('/')) {
        (&Method::POST, None) if rest == "Binary" => None,
        (&Method::PUT, Some(("Binary", id))) => Some(id.to_owned()),
        _ => return None,
    };
    Some(Upload { id, content_type: content_type.to_owned() })
}

/// Raw bytes on their way in.
pub(crate) struct Upload {
    id: Option<String>,
    content_type: String,
}

/// Takes raw bytes in.
pub(crate) async fn upload(
    app: &App,
    upload: Upload,
    headers: &HeaderMap,
    base: &str,
    body: Body,
) -> Result<(Answer, Vec<Written>), Fault> {
    let kind = Kind::named("Binary").ok_or_else(|| Fault::new(500, "exception", "no Binary"))?;
    let mut parcel = Parcel::begin(&app.store).await?;
    let mut chunk = BytesMut::with_capacity(CHUNK);
    let mut pieces = body.into_data_stream();
    while let Some(piece) = pieces.next().await {
        let mut piece = piece.map_err(|_| Fault::new(400, "incomplete", "the upload broke off"))?;
        while !piece.is_empty() {
            let room = (CHUNK - chunk.len()).min(piece.len());
            chunk.extend_from_slice(&piece.split_to(room));
            if chunk.len() == CHUNK {
                parcel.add(chunk.split().freeze()).await?;
            }
        }
        if parcel.length > UPLOAD_MAX {
            return Err(Fault::new(413, "too-long", format!("longer than {UPLOAD_MAX} bytes")));
        }
    }
    if !chunk.is_empty() {
        parcel.add(chunk.freeze()).await?;
    }
    let mut resource = Map::new();
    resource.insert("resourceType".to_owned(), json!("Binary"));
    resource.insert("contentType".to_owned(), json!(upload.content_type));
    if let Some(person) = headers.get(SECURITY_CONTEXT).and_then(|value| value.to_str().ok()) {
        resource.insert("securityContext".to_owned(), json!({ "reference": person }));
    }
    let tags = |name| headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
    let only_if = OnlyIf { matches: tags(IF_MATCH), matches_none: tags(IF_NONE_MATCH) };
    let (base, pages) = (base.to_owned(), std::sync::Arc::clone(&app.pages));
    let (number, length) = (parcel.number, parcel.length);
    let result = app
        .store
        .run(move |store| {
            transact(store, |db, written| {
                blob::finish(db, number, length)?;
                let bytes = Some(Blob { number, length });
                resource.extend(upload.id.iter().map(|id| ("id".to_owned(), json!(id))));
                let body = Value::Object(resource).to_string().into();
                let interaction = match upload.id {
                    None => Interaction::Create { kind, id: None, unless: None, body, blob: bytes },
                    Some(id) => Interaction::Update { kind, id, only_if, body, blob: bytes },
                };
                interaction.perform(db, Site { base: &base, pages: &pages }, written)
            })
        })
        .await?;
    parcel.kept = true;
    Ok(result)
}

/// Chunks written so far. Dropped before it is kept (refused, broken off, client gone), it forgets them again.
struct Parcel {
    store: Store,
    number: i64,
    chunks: u64,
    length: u64,
    kept: bool,
}

impl Parcel {
    async fn begin(store: &Store) -> Result<Self, Fault> {
        let number = store.run(|store| Ok(blob::begin(&store.writer())?)).await?;
        Ok(Self { store: store.clone(), number, chunks: 0, length: 0, kept: false })
    }

    async fn add(&mut self, chunk: Bytes) -> Result<(), Fault> {
        let (number, place) = (self.number, self.chunks);
        self.chunks += 1;
        self.length += chunk.len() as u64;
        self.store.run(move |store| Ok(blob::add(&store.writer(), number, place, &chunk)?)).await
    }
}

impl Drop for Parcel {
    fn drop(&mut self) {
        if self.kept {
            return;
        }
        let (store, number) = (self.store.clone(), self.number);
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn_blocking(move || {
                if let Err(error) = blob::forget(&store.writer(), number) {
                    tracing::warn!(%error, "the chunks of a broken upload stay until the next start");
                }
            });
        }
    }
}

/// Where the bytes come from.
#[derive(Clone, Copy, Debug)]
enum Source {
    Stored(Blob),
    Pattern,
    Trickle,
}

/// Gives raw bytes out.
pub(crate) async fn download(app: &App, download: Download<'_>, headers: &HeaderMap) -> Result<Response, Fault> {
    let id = download.id;
    let kind = Kind::named("Binary").ok_or_else(|| Fault::not_found("Binary", id))?;
    let version = match (download.version, app.store.ready(kind, id)) {
        (Some(number), _) => {
            let wanted = id.to_owned();
            let found = app.store.run(move |store| Ok(numbered(&store.reader(), kind, &wanted, number)?)).await?;
            std::sync::Arc::new(found.ok_or_else(|| Fault::not_found("Binary", id))?)
        }
        (None, Some(version)) => version,
        (None, None) => {
            let wanted = id.to_owned();
            let found = app.store.run(move |store| Ok(newest(&store.reader(), kind, &wanted)?)).await?;
            let version = std::sync::Arc::new(found.ok_or_else(|| Fault::not_found("Binary", id))?);
            app.store.hold(kind, id, version.clone());
            version
        }
    };
    if version.deleted {
        return Err(Fault::new(410, "deleted", format!("Binary/{id} was deleted")));
    }
    let resource: Value = serde_json::from_slice(&version.body).unwrap_or_default();
    let text = |pointer: &str| resource.pointer(pointer).and_then(Value::as_str);
    let source = match id {
        "slow-100mb" => Source::Pattern,
        "trickle" => Source::Trickle,
        _ => Source::Stored(version.blob.unwrap_or(Blob { number: 0, length: 0 })),
    };
    // As if it had been replaced since whoever asks has looked whose it is.
    let later = i64::from(id == "broken-version");
    let etag = format!("W/\"{}\"", version.version + later);
    let mut response = Response::new(Body::empty());
    let out = response.headers_mut();
    put(out, CONTENT_TYPE, text("/contentType").unwrap_or("application/octet-stream"));
    put(out, ETAG, &etag);
    put(out, LAST_MODIFIED, &http_date(version.at));
    if let Some(person) = text("/securityContext/reference") {
        put(out, SECURITY_CONTEXT, person);
    }
    if headers.get(IF_NONE_MATCH).is_some_and(|asked| asked.as_bytes() == etag.as_bytes()) {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        return Ok(response);
    }
    let length = match source {
        Source::Stored(blob) => blob.length,
        Source::Pattern => PATTERN_BYTES,
        Source::Trickle => {
            // No Content-Length: a chunked answer without an end in sight.
            *response.body_mut() = Body::from_stream(trickle());
            return Ok(response);
        }
    };
    out.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    let same = headers.get(IF_RANGE).is_none_or(|asked| asked.as_bytes() == etag.as_bytes());
    let asked = headers.get(RANGE).and_then(|value| value.to_str().ok()).filter(|_| same);
    let (from, until) = match asked.map_or(Asked::Whole, |text| range(text, length)) {
        Asked::Whole => (0, length),
        Asked::Part(from, until) => {
            put(out, CONTENT_RANGE, &format!("bytes {from}-{}/{length}", until - 1));
            *response.status_mut() = StatusCode::PARTIAL_CONTENT;
            (from, until)
        }
        Asked::Beyond => {
            out.remove(CONTENT_TYPE);
            put(out, CONTENT_RANGE, &format!("bytes */{length}"));
            *response.status_mut() = StatusCode::RANGE_NOT_SATISFIABLE;
            return Ok(response);
        }
    };
    response.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(until - from));
    *response.body_mut() = match source {
        Source::Stored(blob) => Body::from_stream(stored(app.store.clone(), blob.number, from, until)),
        _ => Body::from_stream(pattern(from, until)),
    };
    Ok(response)
}

/// What a `Range` comes to.
#[derive(Debug, PartialEq, Eq)]
enum Asked {
    Whole,
    /// [from, until)
    Part(u64, u64),
    Beyond,
}

/// RFC 9110 14.2: one range of bytes; what is no such thing, or several at once, is ignored.
fn range(text: &str, length: u64) -> Asked {
    let Some((first, last)) = text.strip_prefix("bytes=").and_then(|range| range.split_once('-')) else {
        return Asked::Whole;
    };
    let (from, until) = match (first.parse::<u64>(), last.parse::<u64>()) {
        (Ok(first), Ok(last)) if first <= last => (first, last.saturating_add(1).min(length)),
        (Ok(first), Err(_)) if last.is_empty() => (first, length),
        (Err(_), Ok(suffix)) if first.is_empty() => (length.saturating_sub(suffix), length),
        _ => return Asked::Whole,
    };
    if from < until { Asked::Part(from, until) } else { Asked::Beyond }
}

fn stored(store: Store, number: i64, from: u64, until: u64) -> impl Stream<Item = io::Result<Bytes>> {
    stream::try_unfold(from, move |at| {
        let store = store.clone();
        async move {
            if at >= until {
                return Ok(None);
            }
            let place = at / CHUNK as u64;
            let chunk = store.run(move |store| Ok(blob::read(&store.reader(), number, place)?)).await;
            let chunk = Bytes::from(chunk.map_err(|fault| io::Error::other(fault.text))?);
            let start = usize::try_from(at % CHUNK as u64).unwrap_or_default();
            let end = usize::try_from(until - place * CHUNK as u64).unwrap_or(usize::MAX).min(chunk.len());
            if start >= end {
                return Err(io::Error::other("a chunk is shorter than it should be"));
            }
            let piece = chunk.slice(start..end);
            Ok(Some((piece, at + (end - start) as u64)))
        }
    })
}

fn pattern(from: u64, until: u64) -> impl Stream<Item = io::Result<Bytes>> {
    stream::iter((0..).map_while(move |step: u64| {
        let at = from.checked_add(step.checked_mul(CHUNK as u64)?).filter(|at| *at < until)?;
        let start = usize::try_from(at % PATTERN_PERIOD).unwrap_or_default();
        let long = usize::try_from(until - at).unwrap_or(CHUNK).min(CHUNK);
        Some(Ok(PATTERN.slice(start..start + long)))
    }))
}

fn trickle() -> impl Stream<Item = io::Result<Bytes>> {
    stream::unfold(0, |given| async move {
        if given >= TRICKLE_BYTES {
            return None;
        }
        tokio::time::sleep(TRICKLE_EVERY).await;
        Some((Ok(Bytes::from_static(b".")), given + 1))
    })
}

#[cfg(test)]
mod tests {
    use super::{Asked, range};

    #[test]
    fn ranges() {
        let check = |text: &str, expected: Asked| assert_eq!(range(text, 100), expected, "{text}");
        check("bytes=0-9", Asked::Part(0, 10));
        check("bytes=90-", Asked::Part(90, 100));
        check("bytes=-5", Asked::Part(95, 100));
        check("bytes=-500", Asked::Part(0, 100));
        check("bytes=50-500", Asked::Part(50, 100));
        check("bytes=100-", Asked::Beyond);
        check("bytes=-0", Asked::Beyond);
        check("bytes=9-1", Asked::Whole);
        check("bytes=0-1,5-6", Asked::Whole);
        check("items=0-1", Asked::Whole);
        assert_eq!(range("bytes=0-", 0), Asked::Beyond);
    }
}
