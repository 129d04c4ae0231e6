//! What can be done to the store (<https://hl7.org/fhir/R4/http.html>), apart from HTTP: the same code answers a request
//! and an entry of a batch. How a request becomes one of these is told in `parse.rs`.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use rusqlite::{Connection, TransactionBehavior};
use serde_json::json;

use super::date::{instant, now};
use super::history::History;
use super::outcome::Fault;
use super::resource::{Resource, with_member};
use super::search::Search;
use super::search::pages::Pages;
use super::search::view::View;
use super::types::Kind;
use crate::broken::{self, search::Mischief};
use crate::store::{self, Blob, Store, Version, blob};

/// Largest Binary that is given as base64 inside JSON; a larger one is given without its data.
const INLINE_MAX: u64 = 16 * 1024 * 1024;

/// One thing to do.
#[derive(Debug)]
pub(crate) enum Interaction {
    Read {
        kind: Kind,
        id: String,
        view: View,
    },
    Vread {
        kind: Kind,
        id: String,
        version: i64,
        view: View,
    },
    History(History),
    /// `path` is what stands between the base and `?` in the links.
    Search {
        path: String,
        search: Box<Search>,
    },
    /// The same, but only if there is such a person.
    Everything {
        person: String,
        search: Box<Search>,
    },
    /// A further page of a search in memory.
    Page {
        token: String,
        offset: u64,
        count: Option<u64>,
    },
    /// `unless`: nothing is made if this finds one.
    Create {
        kind: Kind,
        id: Option<String>,
        unless: Option<Box<Search>>,
        body: Bytes,
        blob: Option<Blob>,
    },
    Update {
        kind: Kind,
        id: String,
        only_if: OnlyIf,
        body: Bytes,
        blob: Option<Blob>,
    },
    /// What the search finds; if nothing, it is made, under `id` if one is given.
    UpdateFound {
        kind: Kind,
        search: Box<Search>,
        id: Option<String>,
        only_if: OnlyIf,
        body: Bytes,
    },
    Delete {
        kind: Kind,
        id: String,
        only_if: OnlyIf,
    },
    DeleteFound {
        kind: Kind,
        search: Box<Search>,
        only_if: OnlyIf,
    },
}

/// What must hold of the current version before it is written (RFC 9110 13.1, with FHIR's weak tags,
/// <https://hl7.org/fhir/R4/http.html#concurrency>). `matches_none: *` writes only what is not there.
#[derive(Clone, Debug, Default)]
pub(crate) struct OnlyIf {
    /// `If-Match`.
    pub(crate) matches: Option<String>,
    /// `If-None-Match`.
    pub(crate) matches_none: Option<String>,
}

/// Where an answer is given: what its links need.
#[derive(Clone, Copy)]
pub(crate) struct Site<'a> {
    /// Begins every link.
    pub(crate) base: &'a str,
    pub(crate) pages: &'a Pages,
}

/// What came of it.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// For ETag and Last-Modified: version, milliseconds since 1970.
    pub(crate) version: Option<(i64, i64)>,
    /// Relative to the base.
    pub(crate) location: Option<String>,
    /// Which version the body is, relative to the base.
    pub(crate) content_location: Option<String>,
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
    /// Whether it changes the store.
    pub(crate) fn writes(&self) -> bool {
        use Interaction::{Create, Delete, DeleteFound, Update, UpdateFound};
        matches!(self, Create { .. } | Update { .. } | UpdateFound { .. } | Delete { .. } | DeleteFound { .. })
    }

    /// How its answer is to be spoilt.
    pub(crate) fn mischief(&self) -> Option<Mischief> {
        match self {
            Self::Search { search, .. } => search.mischief,
            _ => None,
        }
    }

    /// Does it on this connection. What was written is added to `written`.
    pub(crate) fn perform(self, db: &Connection, site: Site<'_>, written: &mut Vec<Written>) -> Result<Answer, Fault> {
        match self {
            Self::Read { kind, id, view } => {
                let version = store::newest(db, kind, &id)?.ok_or_else(|| Fault::not_found(kind.name(), &id))?;
                read(db, kind, &id, &version, &view)
            }
            Self::Vread { kind, id, version, view } => {
                let version =
                    store::version(db, kind, &id, version)?.ok_or_else(|| Fault::not_found(kind.name(), &id))?;
                read(db, kind, &id, &version, &view)
            }
            Self::History(history) => history.run(db, site),
            Self::Search { path, search } => Ok(Answer::of(200, search.run(db, site, &path)?)),
            Self::Everything { person, search } => {
                let known = Kind::named("Patient").map(|kind| store::newest(db, kind, &person)).transpose()?.flatten();
                if known.is_none_or(|version| version.deleted) {
                    return Err(Fault::not_found("Patient", &person));
                }
                Ok(Answer::of(200, search.run(db, site, &format!("Patient/{person}/$everything"))?))
            }
            Self::Page { token, offset, count } => {
                let kept = site.pages.find(&token)?;
                Ok(Answer::of(200, kept.search.at(offset, count).run(db, site, &kept.path)?))
            }
            Self::Create { kind, id, unless, body, blob } => {
                if let Some(found) = unless.map(|search| one_match(db, &search)).transpose()?.flatten() {
                    let version =
                        store::newest(db, kind, &found)?.ok_or_else(|| Fault::not_found(kind.name(), &found))?;
                    let location = Some(format!("{}/{found}/_history/{}", kind.name(), version.version));
                    return Ok(Answer { location, ..read(db, kind, &found, &version, &View::default())? });
                }
                let id = match id {
                    // A seed that names one twice: nobody else chooses the id of what is created.
                    Some(id) if store::newest(db, kind, &id)?.is_some() => {
                        return Err(Fault::new(409, "conflict", format!("{}/{id} was there already", kind.name())));
                    }
                    Some(id) => id,
                    None => store::next_id(db, kind)?,
                };
                write(db, kind, &id, "POST", 1, Content { body: &body, blob }, written)
            }
            Self::Update { kind, id, only_if, body, blob } => {
                if Resource::parse(&body)?.text("id").as_deref() != Some(id.as_str()) {
                    return Err(Fault::invalid(format!("the id in the body is not {id}")));
                }
                update(db, kind, &id, &only_if, Content { body: &body, blob }, written)
            }
            Self::UpdateFound { kind, search, id, only_if, body } => {
                let told = Resource::parse(&body)?.text("id");
                let id = match one_match(db, &search)? {
                    Some(found) if told.as_ref().is_none_or(|told| *told == found) => found,
                    Some(found) => return Err(Fault::invalid(format!("the id in the body is not {found}"))),
                    None => match told.or(id) {
                        Some(told) if store::newest(db, kind, &told)?.is_some_and(|version| !version.deleted) => {
                            return Err(Fault::new(409, "conflict", format!("{told} is another one")));
                        }
                        Some(told) => told,
                        None => store::next_id(db, kind)?,
                    },
                };
                update(db, kind, &id, &only_if, Content { body: &body, blob: None }, written)
            }
            Self::Delete { kind, id, only_if } => delete(db, kind, id, &only_if, written),
            Self::DeleteFound { kind, search, only_if } => match one_match(db, &search)? {
                Some(found) => delete(db, kind, found, &only_if, written),
                None => Err(Fault::new(404, "not-found", "nothing is found by this")),
            },
        }
    }
}

/// The one that a condition finds; more than one cannot be meant (<https://hl7.org/fhir/R4/http.html#ccreate>).
pub(crate) fn one_match(db: &Connection, search: &Search) -> Result<Option<String>, Fault> {
    if search.filters == 0 || !search.unknown.is_empty() {
        return Err(Fault::new(412, "multiple-matches", "the condition is none, or is not understood"));
    }
    let mut found = search.matches(db)?;
    match found.len() {
        0 | 1 => Ok(found.pop()),
        _ => Err(Fault::new(412, "multiple-matches", "the condition finds more than one")),
    }
}

impl Answer {
    pub(crate) fn of(status: u16, body: impl Into<Bytes>) -> Self {
        Self { status, version: None, location: None, content_location: None, body: body.into() }
    }

    /// A version that was read.
    pub(crate) fn of_version(kind: Kind, id: &str, version: &Version, body: Bytes) -> Self {
        let number = version.version;
        let content_location = Some(format!("{}/{id}/_history/{number}", kind.name()));
        Self { version: Some((number, version.at)), content_location, ..Self::of(200, body) }
    }
}

/// A resource and the bytes that came beside it.
struct Content<'a> {
    body: &'a [u8],
    blob: Option<Blob>,
}

fn update(
    db: &Connection,
    kind: Kind,
    id: &str,
    only_if: &OnlyIf,
    content: Content<'_>,
    written: &mut Vec<Written>,
) -> Result<Answer, Fault> {
    let before = store::newest(db, kind, id)?;
    only_if.check(before.as_ref())?;
    if !is_id(id) {
        return Err(Fault::invalid(format!("`{id}` is no id")));
    }
    let number = before.as_ref().map_or(1, |version| version.version + 1);
    let mut answer = write(db, kind, id, "PUT", number, content, written)?;
    if before.is_some_and(|version| !version.deleted) {
        answer.status = 200;
        answer.location = None;
        if let Some(last) = written.last_mut() {
            last.news_for = None;
        }
    }
    Ok(answer)
}

fn delete(
    db: &Connection,
    kind: Kind,
    id: String,
    only_if: &OnlyIf,
    written: &mut Vec<Written>,
) -> Result<Answer, Fault> {
    let before = store::newest(db, kind, &id)?;
    only_if.check(before.as_ref())?;
    let Some(before) = before.filter(|version| !version.deleted && !broken::stays(kind, &id)) else {
        return Ok(Answer::of(204, ""));
    };
    let version = Version { version: before.version + 1, at: now(), deleted: true, body: Bytes::new(), blob: None };
    store::put(db, kind, &id, "DELETE", &version)?;
    let stamp = (version.version, version.at);
    written.push(Written { kind, id, version: Arc::new(version), news_for: None });
    Ok(Answer { version: Some(stamp), ..Answer::of(204, "") })
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
    Ok(Answer { version: Some((number, at)), location, ..Answer::of(201, body) })
}

/// A version as answered to a read.
pub(crate) fn read(db: &Connection, kind: Kind, id: &str, version: &Version, view: &View) -> Result<Answer, Fault> {
    let mut body = read_text(kind, id, version, view)?;
    if let (true, Some(bytes)) = (view.is_whole(), version.blob.filter(|bytes| bytes.length <= INLINE_MAX)) {
        let mut data = Vec::new();
        for place in 0..bytes.length.div_ceil(blob::CHUNK as u64) {
            data.extend(blob::read(db, bytes.number, place)?);
        }
        let text = std::str::from_utf8(&body).map_err(|_| Fault::new(500, "exception", "no UTF-8"))?;
        body = with_member(text, "data", &json!(STANDARD.encode(data)).to_string()).into();
    }
    Ok(Answer::of_version(kind, id, version, body))
}

/// The text of a version without the data of a Binary.
pub(crate) fn read_text(kind: Kind, id: &str, version: &Version, view: &View) -> Result<Bytes, Fault> {
    if version.deleted {
        return Err(Fault::new(410, "deleted", format!("{}/{id} was deleted", kind.name())));
    }
    if view.is_whole() {
        return Ok(version.body.clone());
    }
    let text = std::str::from_utf8(&version.body).map_err(|_| Fault::new(500, "exception", "no UTF-8"))?;
    Ok(view.of(kind, text)?.into_owned().into())
}

impl OnlyIf {
    fn check(&self, before: Option<&Version>) -> Result<(), Fault> {
        let current = before.filter(|version| !version.deleted).map(|version| format!("W/\"{}\"", version.version));
        let named = |list: &str| current.as_deref().is_some_and(|current| super::is_known(list, current));
        if let Some(asked) = self.matches.as_ref().filter(|asked| !named(asked)) {
            return Err(Fault::new(412, "conflict", format!("If-Match {asked} is not the current version")));
        }
        match self.matches_none.as_ref().filter(|asked| named(asked)) {
            Some(asked) => Err(Fault::new(412, "conflict", format!("If-None-Match {asked} names the current version"))),
            None => Ok(()),
        }
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
