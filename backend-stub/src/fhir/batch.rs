//! Batch and transaction (<https://hl7.org/fhir/R4/http.html#transaction>), simply: entries in their order, references
//! between new entries by `urn:uuid:`.

use bytes::Bytes;
use rusqlite::Connection;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use super::date::instant;
use super::interaction::{Answer, Interaction, Written, transact};
use super::outcome::Fault;
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
    request: Option<Asked>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Asked {
    method: String,
    url: String,
    if_match: Option<String>,
}

/// Does all of a Bundle.
pub(crate) fn perform(store: &Store, base: &str, body: &[u8]) -> Result<(Answer, Vec<Written>), Fault> {
    let bundle: Bundle =
        serde_json::from_slice(body).map_err(|error| Fault::new(400, "structure", format!("no Bundle: {error}")))?;
    if bundle.entry.len() > ENTRIES_MAX {
        return Err(Fault::new(413, "too-long", format!("more than {ENTRIES_MAX} entries")));
    }
    match bundle.kind.as_str() {
        "batch" => {
            let mut written = Vec::new();
            let mut entries = Vec::new();
            for entry in &bundle.entry {
                let done = transact(store, |db, written| one(db, base, entry, None, &[], written));
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
            let (entries, written) = transact(store, |db, written| {
                // Ids first, so that entries may refer to later ones.
                let mut ids = Vec::new();
                for entry in &bundle.entry {
                    ids.push(match &entry.request {
                        Some(asked) if asked.method == "POST" => {
                            Kind::named(&asked.url).map(|kind| store::next_id(db, kind)).transpose()?
                        }
                        _ => None,
                    });
                }
                let names: Vec<(String, String)> = bundle
                    .entry
                    .iter()
                    .zip(&ids)
                    .filter_map(|(entry, id)| {
                        let url = entry.full_url.as_ref().filter(|url| url.starts_with("urn:uuid:"))?;
                        Some((url.clone(), format!("{}/{}", entry.request.as_ref()?.url, id.as_ref()?)))
                    })
                    .collect();
                bundle
                    .entry
                    .iter()
                    .zip(ids)
                    .map(|(entry, id)| one(db, base, entry, id, &names, written))
                    .collect::<Result<Vec<_>, _>>()
            })?;
            Ok((response("transaction-response", &entries), written))
        }
        other => Err(Fault::invalid(format!("a Bundle of type `{other}` cannot be posted"))),
    }
}

fn one(
    db: &Connection,
    base: &str,
    entry: &Entry,
    id: Option<String>,
    names: &[(String, String)],
    written: &mut Vec<Written>,
) -> Result<String, Fault> {
    let asked = entry.request.as_ref().ok_or_else(|| Fault::invalid("an entry has no request"))?;
    let mut text = entry.resource.as_ref().map(|resource| resource.get().to_owned()).unwrap_or_default();
    for (urn, reference) in names {
        text = text.replace(&format!("\"{urn}\""), &format!("\"{reference}\""));
    }
    let url = asked.url.trim_start_matches('/');
    let mut interaction = Interaction::parse(&asked.method, url, asked.if_match.as_deref(), Bytes::from(text))?;
    if let Interaction::Create { id: given, .. } = &mut interaction {
        *given = id;
    }
    let answer = interaction.perform(db, base, written)?;
    let mut told = Map::new();
    told.insert("status".to_owned(), json!(answer.status.to_string()));
    if let Some((version, at)) = answer.version {
        told.insert("etag".to_owned(), json!(format!("W/\"{version}\"")));
        told.insert("lastModified".to_owned(), json!(instant(at)));
    }
    if let Some(location) = &answer.location {
        told.insert("location".to_owned(), json!(format!("{base}/{location}")));
    }
    let told = Value::Object(told);
    Ok(if answer.body.is_empty() {
        format!(r#"{{"response":{told}}}"#)
    } else {
        format!(r#"{{"resource":{},"response":{told}}}"#, String::from_utf8_lossy(&answer.body))
    })
}

fn response(kind: &str, entries: &[String]) -> Answer {
    Answer::of(200, format!(r#"{{"resourceType":"Bundle","type":"{kind}","entry":[{}]}}"#, entries.join(",")))
}
