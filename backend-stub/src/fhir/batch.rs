//! Batch and transaction (<https://hl7.org/fhir/R4/http.html#transaction>). A batch does each entry by itself, in order. A
//! transaction does all or nothing: deletes first, then creates, updates and reads, whatever their order in the Bundle, and
//! answers in the Bundle's order; entries call one another by `fullUrl`, and others by a condition.

use std::collections::{HashMap, HashSet};

use bytes::Bytes;
use rusqlite::Connection;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use super::date::instant;
use super::interaction::{Answer, Interaction, Site, Written, one_match, transact};
use super::outcome::Fault;
use super::parse::Asked;
use super::query;
use super::references::exchange;
use super::search::{Scope, Search};
use super::types::Kind;
use crate::store::{self, Store};

/// Entries at most.
const ENTRIES_MAX: usize = 1_000;

#[derive(Deserialize)]
struct Bundle {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    entry: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    full_url: Option<String>,
    resource: Option<Box<RawValue>>,
    request: Option<Request>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Request {
    method: String,
    url: String,
    if_match: Option<String>,
    if_none_match: Option<String>,
    if_none_exist: Option<String>,
}

/// Does all of a Bundle.
pub(crate) fn perform(store: &Store, site: Site<'_>, body: &[u8]) -> Result<(Answer, Vec<Written>), Fault> {
    let bundle: Bundle =
        serde_json::from_slice(body).map_err(|error| Fault::new(400, "structure", format!("no Bundle: {error}")))?;
    if bundle.entry.len() > ENTRIES_MAX {
        return Err(Fault::new(413, "too-long", format!("more than {ENTRIES_MAX} entries")));
    }
    match bundle.kind.as_str() {
        "batch" => {
            let (mut written, mut entries) = (Vec::new(), Vec::new());
            for entry in &bundle.entry {
                let done = transact(store, |db, written| {
                    let interaction = entry.interaction(entry.text(), site)?;
                    entry.perform(interaction, db, site, written)
                });
                entries.push(match done {
                    Ok((text, more)) => {
                        written.extend(more);
                        text
                    }
                    Err(fault) => format!(
                        r#"{{"response":{{"status":"{}","outcome":{}}}}}"#,
                        fault.status,
                        String::from_utf8_lossy(&fault.body())
                    ),
                });
            }
            Ok((response("batch-response", &entries), written))
        }
        "transaction" => {
            let (entries, written) = transact(store, |db, written| together(db, site, &bundle.entry, written))?;
            Ok((response("transaction-response", &entries), written))
        }
        other => Err(Fault::invalid(format!("a Bundle of type `{other}` cannot be posted"))),
    }
}

/// All entries of a transaction.
fn together(
    db: &Connection,
    site: Site<'_>,
    entries: &[Entry],
    written: &mut Vec<Written>,
) -> Result<Vec<String>, Fault> {
    // Ids first, so that entries may refer to one another whatever their order.
    let mut ids = Vec::new();
    let mut names = HashMap::new();
    let mut touched = HashSet::new();
    for entry in entries {
        let named = named(db, site, entry)?;
        if let Some((kind, id)) = &named {
            let name = format!("{}/{id}", kind.name());
            if entry.request()?.changes() && !touched.insert(name.clone()) {
                return Err(Fault::invalid(format!("two entries are about {name}")));
            }
            if let Some(url) = &entry.full_url
                && names.insert(url.as_str(), name).is_some()
            {
                return Err(Fault::invalid(format!("two entries are called {url}")));
            }
        }
        ids.push(named.map(|(_, id)| id));
    }
    let mut order: Vec<usize> = (0..entries.len()).collect();
    order.sort_by_key(|place| entries.get(*place).map_or(0, Entry::turn));
    let mut told = vec![String::new(); entries.len()];
    for place in order {
        let (Some(entry), Some(id), Some(told)) = (entries.get(place), ids.get(place), told.get_mut(place)) else {
            continue;
        };
        let text = exchange(entry.text(), |member, link| match names.get(link) {
            Some(name) => Ok(Some(name.clone())),
            None if member == "reference" => by_condition(db, site, link),
            None => Ok(None),
        })?;
        let mut interaction = entry.interaction(&text, site)?;
        if let Interaction::Create { id: given, .. } | Interaction::UpdateFound { id: given, .. } = &mut interaction {
            given.clone_from(id);
        }
        *told = entry.perform(interaction, db, site, written)?;
    }
    Ok(told)
}

/// What an entry is about: the record that it creates, updates or deletes. None for searches and other reads.
fn named(db: &Connection, site: Site<'_>, entry: &Entry) -> Result<Option<(Kind, String)>, Fault> {
    Ok(match entry.interaction(entry.text(), site)? {
        Interaction::Create { kind, unless, .. } => {
            let found = unless.map(|search| one_match(db, &search)).transpose()?.flatten();
            Some((kind, found.map_or_else(|| store::next_id(db, kind), Ok)?))
        }
        Interaction::UpdateFound { kind, search, body, .. } => {
            let told = super::resource::Resource::parse(&body)?.text("id");
            let found = one_match(db, &search)?.or(told);
            Some((kind, found.map_or_else(|| store::next_id(db, kind), Ok)?))
        }
        Interaction::DeleteFound { kind, search, .. } => one_match(db, &search)?.map(|id| (kind, id)),
        Interaction::Update { kind, id, .. }
        | Interaction::Delete { kind, id, .. }
        | Interaction::Read { kind, id, .. } => Some((kind, id)),
        _ => None,
    })
}

/// `Patient?identifier=1` as the name of the one that it finds.
fn by_condition(db: &Connection, site: Site<'_>, link: &str) -> Result<Option<String>, Fault> {
    let Some((kind, text)) = link.split_once('?').and_then(|(name, text)| Some((Kind::named(name)?, text))) else {
        return Ok(None);
    };
    let search = Search::parse(&Scope::Type(kind), &query::pairs(text), site.base)?;
    match one_match(db, &search)? {
        Some(id) => Ok(Some(format!("{}/{id}", kind.name()))),
        None => Err(Fault::new(412, "not-found", format!("nothing is found by {link}"))),
    }
}

impl Request {
    fn changes(&self) -> bool {
        self.method != "GET" && self.method != "HEAD"
    }
}

impl Entry {
    fn request(&self) -> Result<&Request, Fault> {
        self.request.as_ref().ok_or_else(|| Fault::invalid("an entry has no request"))
    }

    fn text(&self) -> &str {
        self.resource.as_ref().map_or("", |resource| resource.get())
    }

    /// When a transaction does it.
    fn turn(&self) -> u8 {
        match self.request.as_ref().map_or("", |request| request.method.as_str()) {
            "DELETE" => 0,
            "POST" => 1,
            "PUT" | "PATCH" => 2,
            _ => 3,
        }
    }

    fn interaction(&self, text: &str, site: Site<'_>) -> Result<Interaction, Fault> {
        let request = self.request()?;
        let url = request.url.strip_prefix(site.base).unwrap_or(&request.url).trim_start_matches('/');
        let asked = Asked {
            method: &request.method,
            target: url,
            if_match: request.if_match.as_deref(),
            if_none_match: request.if_none_match.as_deref(),
            if_none_exist: request.if_none_exist.as_deref(),
            strict: false,
            body: Bytes::from(text.to_owned()),
        };
        asked.interaction(site.base)
    }

    fn perform(
        &self,
        interaction: Interaction,
        db: &Connection,
        site: Site<'_>,
        written: &mut Vec<Written>,
    ) -> Result<String, Fault> {
        let reads = !interaction.writes();
        let mut answer = interaction.perform(db, site, written)?;
        let mut told = Map::new();
        if let Some((version, at)) = answer.version {
            let etag = format!("W/\"{version}\"");
            let known = self.request()?.if_none_match.as_ref();
            if reads && known.is_some_and(|known| super::is_known(known, &etag)) {
                answer = Answer { version: answer.version, ..Answer::of(304, "") };
            }
            told.insert("etag".to_owned(), json!(etag));
            told.insert("lastModified".to_owned(), json!(instant(at)));
        }
        told.insert("status".to_owned(), json!(answer.status.to_string()));
        if let Some(location) = &answer.location {
            told.insert("location".to_owned(), json!(format!("{}/{location}", site.base)));
        }
        let told = Value::Object(told);
        Ok(if answer.body.is_empty() {
            format!(r#"{{"response":{told}}}"#)
        } else {
            format!(r#"{{"resource":{},"response":{told}}}"#, String::from_utf8_lossy(&answer.body))
        })
    }
}

fn response(kind: &str, entries: &[String]) -> Answer {
    Answer::of(200, format!(r#"{{"resourceType":"Bundle","type":"{kind}","entry":[{}]}}"#, entries.join(",")))
}
