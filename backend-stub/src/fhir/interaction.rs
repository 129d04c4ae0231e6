//! What can be done to the store (<https://hl7.org/fhir/R4/http.html>), apart from HTTP: the same code answers a request
//! and an entry of a batch.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use rusqlite::{Connection, TransactionBehavior};
use serde_json::json;

use super::date::{instant, now};
use super::outcome::Fault;
use super::query;
use super::resource::{Resource, with_member};
use super::search::Search;
use super::types::Kind;
use crate::store::{self, Blob, Store, Version, blob};

/// Largest Binary that is given as base64 inside JSON; a larger one is given without its data.
const INLINE_MAX: u64 = 16 * 1024 * 1024;

/// One thing to do.
#[derive(Debug)]
pub(crate) enum Interaction {
    Read { kind: Kind, id: String, elements: Vec<String> },
    Vread { kind: Kind, id: String, version: i64 },
    History { kind: Kind, id: String },
    Search { kind: Kind, search: Box<Search> },
    Everything { id: String, search: Box<Search> },
    Create { kind: Kind, id: Option<String>, body: Bytes, blob: Option<Blob> },
    Update { kind: Kind, id: String, if_match: Option<String>, body: Bytes, blob: Option<Blob> },
    Delete { kind: Kind, id: String, if_match: Option<String> },
}

/// What came of it.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// For ETag and Last-Modified: version, milliseconds since 1970.
    pub(crate) version: Option<(i64, i64)>,
    /// Relative to the base.
    pub(crate) location: Option<String>,
    pub(crate) body: Bytes,
}

/// A version that was written.
#[derive(Debug)]
pub(crate) struct Written {
    pub(crate) kind: Kind,
    pub(crate) id: String,
    pub(crate) version: Arc<Version>,
    /// The person a new record belongs to: that is news.
    pub(crate) news_for: Option<String>,
}

impl Interaction {
    /// From method and target below the base (`Observation/o-1`, `Observation?patient=P-1`).
    pub(crate) fn parse(method: &str, target: &str, if_match: Option<&str>, body: Bytes) -> Result<Self, Fault> {
        let (path, text) = target.split_once('?').unwrap_or((target, ""));
        let pairs = query::pairs(text);
        let parts: Vec<String> = path.split('/').map(query::decode).collect();
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        let unknown = || Fault::new(404, "not-supported", format!("{method} {path} is not served"));
        let kind = parts.first().and_then(|name| Kind::named(name)).ok_or_else(unknown)?;
        let if_match = if_match.map(str::to_owned);
        let elements = || {
            let named = pairs.iter().filter(|(name, _)| name == "_elements");
            named.flat_map(|(_, value)| value.split(',').map(str::to_owned)).collect()
        };
        Ok(match (method, parts.get(1..).unwrap_or_default()) {
            ("GET", []) => Self::Search { kind, search: Box::new(Search::parse(Some(kind), None, &pairs)?) },
            ("POST", ["_search"]) => {
                let form = String::from_utf8_lossy(&body);
                let both: Vec<_> = pairs.into_iter().chain(query::pairs(form.trim())).collect();
                Self::Search { kind, search: Box::new(Search::parse(Some(kind), None, &both)?) }
            }
            ("POST", []) => Self::Create { kind, id: None, body, blob: None },
            ("GET", [id]) => Self::Read { kind, id: (*id).to_owned(), elements: elements() },
            ("GET", [id, "_history"]) => Self::History { kind, id: (*id).to_owned() },
            ("GET", [id, "_history", version]) => Self::Vread {
                kind,
                id: (*id).to_owned(),
                version: version.parse().map_err(|_| Fault::not_found(kind.name(), id))?,
            },
            ("GET", [id, "$everything"]) if kind.name() == "Patient" => {
                Self::Everything { id: (*id).to_owned(), search: Box::new(Search::parse(None, Some(id), &pairs)?) }
            }
            ("PUT", [id]) => Self::Update { kind, id: (*id).to_owned(), if_match, body, blob: None },
            ("DELETE", [id]) => Self::Delete { kind, id: (*id).to_owned(), if_match },
            (_, [_] | []) => return Err(Fault::new(405, "not-supported", format!("{method} is not served here"))),
            _ => return Err(unknown()),
        })
    }

    /// Whether it changes the store.
    pub(crate) fn writes(&self) -> bool {
        matches!(self, Self::Create { .. } | Self::Update { .. } | Self::Delete { .. })
    }

    /// Does it on this connection. What was written is added to `written`.
    pub(crate) fn perform(self, db: &Connection, base: &str, written: &mut Vec<Written>) -> Result<Answer, Fault> {
        match self {
            Self::Read { kind, id, elements } => {
                let version = store::newest(db, kind, &id)?.ok_or_else(|| Fault::not_found(kind.name(), &id))?;
                read(db, kind, &id, &version, &elements)
            }
            Self::Vread { kind, id, version } => {
                let version =
                    store::version(db, kind, &id, version)?.ok_or_else(|| Fault::not_found(kind.name(), &id))?;
                read(db, kind, &id, &version, &[])
            }
            Self::History { kind, id } => history(db, base, kind, &id),
            Self::Search { kind, search } => Ok(Answer::of(200, search.run(db, base, kind.name())?)),
            Self::Everything { id, search } => {
                let known = Kind::named("Patient").map(|kind| store::newest(db, kind, &id)).transpose()?.flatten();
                if known.is_none_or(|version| version.deleted) {
                    return Err(Fault::not_found("Patient", &id));
                }
                Ok(Answer::of(200, search.run(db, base, &format!("Patient/{id}/$everything"))?))
            }
            Self::Create { kind, id, body, blob } => {
                let id = id.map_or_else(|| store::next_id(db, kind), Ok)?;
                write(db, kind, &id, "POST", 1, Content { body: &body, blob }, written)
            }
            Self::Update { kind, id, if_match, body, blob } => {
                let before = store::newest(db, kind, &id)?;
                check_match(if_match.as_deref(), before.as_ref())?;
                let resource = Resource::parse(&body)?;
                if resource.text("id").as_deref() != Some(id.as_str()) {
                    return Err(Fault::invalid(format!("the id in the body is not {id}")));
                }
                if !is_id(&id) {
                    return Err(Fault::invalid(format!("`{id}` is no id")));
                }
                let number = before.as_ref().map_or(1, |version| version.version + 1);
                let mut answer = write(db, kind, &id, "PUT", number, Content { body: &body, blob }, written)?;
                if before.is_some_and(|version| !version.deleted) {
                    answer.status = 200;
                    answer.location = None;
                    if let Some(last) = written.last_mut() {
                        last.news_for = None;
                    }
                }
                Ok(answer)
            }
            Self::Delete { kind, id, if_match } => {
                let before = store::newest(db, kind, &id)?;
                check_match(if_match.as_deref(), before.as_ref())?;
                let Some(before) = before.filter(|version| !version.deleted) else {
                    return Ok(Answer::of(204, ""));
                };
                let version =
                    Version { version: before.version + 1, at: now(), deleted: true, body: Bytes::new(), blob: None };
                store::put(db, kind, &id, "DELETE", &version)?;
                let stamp = (version.version, version.at);
                written.push(Written { kind, id, version: Arc::new(version), news_for: None });
                Ok(Answer { version: Some(stamp), ..Answer::of(204, "") })
            }
        }
    }
}

impl Answer {
    pub(crate) fn of(status: u16, body: impl Into<Bytes>) -> Self {
        Self { status, version: None, location: None, body: body.into() }
    }
}

/// A resource and the bytes that came beside it.
struct Content<'a> {
    body: &'a [u8],
    blob: Option<Blob>,
}

fn write(
    db: &Connection,
    kind: Kind,
    id: &str,
    method: &str,
    number: i64,
    content: Content<'_>,
    written: &mut Vec<Written>,
) -> Result<Answer, Fault> {
    let mut resource = Resource::parse(content.body)?;
    if resource.kind()? != kind {
        return Err(Fault::invalid(format!("the body is no {}", kind.name())));
    }
    let mut bytes = content.blob;
    if kind.is_binary()
        && let Some(data) = resource.take("data")
    {
        let text: String = serde_json::from_str(data.get()).map_err(|_| Fault::invalid("data is no text"))?;
        let data = STANDARD.decode(text).map_err(|_| Fault::invalid("data is no base64"))?;
        bytes = Some(Blob { number: blob::store(db, &data)?, length: data.len() as u64 });
    }
    let at = now();
    let body = Bytes::from(resource.render(kind, id, number, &instant(at)));
    let version = Version { version: number, at, deleted: false, body: body.clone(), blob: bytes };
    store::put(db, kind, id, method, &version)?;
    let news_for = store::person_of(db, kind, id)?;
    written.push(Written { kind, id: id.to_owned(), version: Arc::new(version), news_for });
    let location = Some(format!("{}/{id}/_history/{number}", kind.name()));
    Ok(Answer { status: 201, version: Some((number, at)), location, body })
}

/// A version as answered to a read.
pub(crate) fn read(
    db: &Connection,
    kind: Kind,
    id: &str,
    version: &Version,
    elements: &[String],
) -> Result<Answer, Fault> {
    let mut body = read_text(kind, id, version, elements)?;
    if let (true, Some(bytes)) = (elements.is_empty(), version.blob.filter(|bytes| bytes.length <= INLINE_MAX)) {
        let mut data = Vec::new();
        for place in 0..bytes.length.div_ceil(blob::CHUNK as u64) {
            data.extend(blob::read(db, bytes.number, place)?);
        }
        let text = std::str::from_utf8(&body).map_err(|_| Fault::new(500, "exception", "no UTF-8"))?;
        body = with_member(text, "data", &json!(STANDARD.encode(data)).to_string()).into();
    }
    Ok(Answer { version: Some((version.version, version.at)), ..Answer::of(200, body) })
}

/// The text of a version without the data of a Binary.
pub(crate) fn read_text(kind: Kind, id: &str, version: &Version, elements: &[String]) -> Result<Bytes, Fault> {
    if version.deleted {
        return Err(Fault::new(410, "deleted", format!("{}/{id} was deleted", kind.name())));
    }
    if elements.is_empty() {
        return Ok(version.body.clone());
    }
    Ok(Resource::parse(&version.body)?.elements(elements).into())
}

fn history(db: &Connection, base: &str, kind: Kind, id: &str) -> Result<Answer, Fault> {
    let versions = store::versions(db, kind, id)?;
    if versions.is_empty() {
        return Err(Fault::not_found(kind.name(), id));
    }
    let mut entries = Vec::new();
    for (version, method) in &versions {
        let url = format!("{}/{id}", kind.name());
        let request = json!({ "method": method, "url": if method == "POST" { kind.name() } else { &url } });
        let status = match method.as_str() {
            "DELETE" => "204",
            _ if version.version == 1 => "201",
            _ => "200",
        };
        let etag = format!("W/\"{}\"", version.version);
        let response = json!({ "status": status, "etag": etag, "lastModified": instant(version.at) });
        let resource = if version.deleted {
            String::new()
        } else {
            format!(r#""resource":{},"#, String::from_utf8_lossy(&version.body))
        };
        let full_url = json!(format!("{base}/{url}"));
        entries.push(format!(r#"{{"fullUrl":{full_url},{resource}"request":{request},"response":{response}}}"#));
    }
    let link = json!([{ "relation": "self", "url": format!("{base}/{}/{id}/_history", kind.name()) }]);
    Ok(Answer::of(
        200,
        format!(
            r#"{{"resourceType":"Bundle","type":"history","total":{},"link":{link},"entry":[{}]}}"#,
            versions.len(),
            entries.join(",")
        ),
    ))
}

/// RFC 9110 13.1.1, with FHIR's weak tags (<https://hl7.org/fhir/R4/http.html#concurrency>).
fn check_match(if_match: Option<&str>, before: Option<&Version>) -> Result<(), Fault> {
    let Some(asked) = if_match else { return Ok(()) };
    let current = before.filter(|version| !version.deleted).map(|version| version.version.to_string());
    let matches = current.as_deref().is_some_and(|current| {
        asked
            .split(',')
            .map(str::trim)
            .any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag).trim_matches('"') == current)
    });
    if matches {
        Ok(())
    } else {
        Err(Fault::new(412, "conflict", format!("If-Match {asked} is not the current version")))
    }
}

/// FHIR R4 `id`.
pub(crate) fn is_id(id: &str) -> bool {
    (1..=64).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.')
}

/// Runs work that writes, in one transaction: all of it or nothing. What was written is then held ready.
pub(crate) fn transact<T>(
    store: &Store,
    work: impl FnOnce(&Connection, &mut Vec<Written>) -> Result<T, Fault>,
) -> Result<(T, Vec<Written>), Fault> {
    let mut db = store.writer();
    let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let mut written = Vec::new();
    let result = work(&transaction, &mut written)?;
    transaction.commit()?;
    for done in &written {
        store.hold(done.kind, &done.id, Arc::clone(&done.version));
    }
    Ok((result, written))
}
