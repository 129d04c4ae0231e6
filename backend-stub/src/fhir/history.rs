//! Histories (<https://hl7.org/fhir/R4/http.html#history>): of one record, of a type, of everything; with the tombstones of
//! what was deleted, newest first.

use rusqlite::Connection;
use serde_json::json;

use super::date::{instant, span};
use super::interaction::{Answer, Site};
use super::outcome::Fault;
use super::types::Kind;
use crate::broken;
use crate::store::{PastWanted, versions};

/// Entries of a page when `_count` says nothing.
const COUNT_DEFAULT: i64 = 1_000;
/// Entries of a page at most.
const COUNT_MAX: i64 = 1_000;

/// A history, asked for.
#[derive(Debug)]
pub(crate) struct History {
    wanted: PastWanted,
    count: i64,
    offset: i64,
    /// What was understood, for the links; without `_count` and `_offset`.
    echo: String,
}

impl History {
    /// Understands `_count`, `_offset`, `_since` and `_at`; others are ignored.
    pub(crate) fn parse(kind: Option<Kind>, id: Option<&str>, pairs: &[(String, String)]) -> Result<Self, Fault> {
        let wanted = PastWanted { kind, id: id.map(str::to_owned), since: i64::MIN, until: i64::MAX };
        let mut history = Self { wanted, count: COUNT_DEFAULT, offset: 0, echo: String::new() };
        for (name, value) in pairs {
            let wrong = || Fault::invalid(format!("{name} cannot be `{value}`"));
            let number = || value.parse::<i64>().ok().filter(|number| *number >= 0).ok_or_else(wrong);
            match name.as_str() {
                "_count" => history.count = number()?.min(COUNT_MAX),
                "_offset" => history.offset = number()?,
                "_since" => history.wanted.since = span(value).ok_or_else(wrong)?.from,
                "_at" => {
                    let at = span(value).ok_or_else(wrong)?;
                    (history.wanted.since, history.wanted.until) = (at.from, at.until);
                }
                _ => continue,
            }
            if !matches!(name.as_str(), "_count" | "_offset") {
                history.echo.push_str(&format!("{name}={}&", super::query::encode(value)));
            }
        }
        Ok(history)
    }

    /// Runs it.
    pub(crate) fn run(&self, db: &Connection, site: Site<'_>) -> Result<Answer, Fault> {
        let (total, found) = versions(db, &self.wanted, self.count, self.offset)?;
        if let (0, Some(kind), Some(id)) = (total, self.wanted.kind, &self.wanted.id) {
            // A record that was never there; one that did not change since then has an empty history.
            crate::store::newest(db, kind, id)?.ok_or_else(|| Fault::not_found(kind.name(), id))?;
        }
        let mut entries = Vec::new();
        for past in &found {
            let url = format!("{}/{}", past.kind, past.id);
            let request =
                json!({ "method": past.method, "url": if past.method == "POST" { &past.kind } else { &url } });
            let status = match past.method.as_str() {
                "DELETE" => "204",
                _ if past.version.version == 1 => "201",
                _ => "200",
            };
            let etag = format!("W/\"{}\"", past.version.version);
            let response = json!({ "status": status, "etag": etag, "lastModified": instant(past.version.at) });
            let resource = if past.version.deleted {
                String::new()
            } else {
                format!(r#""resource":{},"#, String::from_utf8_lossy(&past.version.body))
            };
            let full_url = json!(format!("{}/{url}", site.base));
            entries.push(format!(r#"{{"fullUrl":{full_url},{resource}"request":{request},"response":{response}}}"#));
        }
        if let (Some(kind), Some(id)) = (self.wanted.kind, &self.wanted.id) {
            entries.extend(broken::former(db, site.base, kind, id)?);
        }
        let links = json!(self.links(site.base, total));
        Ok(Answer::of(
            200,
            format!(
                r#"{{"resourceType":"Bundle","type":"history","total":{total},"link":{links},"entry":[{}]}}"#,
                entries.join(",")
            ),
        ))
    }

    fn links(&self, base: &str, total: i64) -> Vec<serde_json::Value> {
        let kind = self.wanted.kind.map(|kind| format!("/{}", kind.name())).unwrap_or_default();
        let id = self.wanted.id.as_ref().map(|id| format!("/{id}")).unwrap_or_default();
        let (echo, count) = (&self.echo, self.count);
        let at = |relation: &str, offset: i64| {
            let url = format!("{base}{kind}{id}/_history?{echo}_count={count}&_offset={offset}");
            json!({ "relation": relation, "url": url })
        };
        let mut links = vec![at("self", self.offset)];
        let next = self.offset.saturating_add(count);
        if count > 0 && next < total {
            links.push(at("next", next));
        }
        links
    }
}
