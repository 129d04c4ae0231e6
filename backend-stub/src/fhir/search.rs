//! Search: what is asked becomes one SQL statement; what is found becomes a searchset with paging links.
//!
//! A naive store on purpose: a search without a patient answers about everybody, unknown parameters are ignored, and
//! `_include` and `_revinclude` follow any reference. Keeping that from reaching a client is the gateway's work.

use std::collections::HashSet;
use std::fmt::Write as _;

use rusqlite::types::Value as Sql;
use rusqlite::{Connection, OptionalExtension as _, params_from_iter};
use serde_json::json;

use super::date::span;
use super::outcome::Fault;
use super::query::encode;
use super::resource::Resource;
use super::types::{Compare, Kind};

/// Entries of a page when `_count` says nothing.
const COUNT_DEFAULT: u64 = 50;
/// Entries of a page at most.
const COUNT_MAX: u64 = 1_000;
/// Included entries of a page at most.
const INCLUDED_MAX: usize = 1_000;

/// A search, understood.
#[derive(Debug)]
pub(crate) struct Search {
    kind: Option<Kind>,
    wheres: Vec<String>,
    values: Vec<Sql>,
    order: String,
    count: u64,
    offset: u64,
    total: bool,
    elements: Vec<String>,
    includes: Vec<Include>,
    /// What was understood, for the links; without `_count` and `_offset`.
    echo: Vec<(String, String)>,
    /// How the answer is to be spoilt (a test).
    pub(crate) mischief: Option<Mischief>,
}

/// How a search answer is spoilt; the word is given as `code`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mischief {
    /// `broken-surplus`: an entry of another person stands among the matches.
    Surplus,
    /// `broken-contained`: an entry contains another person's Patient.
    Contained,
}

#[derive(Debug)]
struct Include {
    reverse: bool,
    source: Option<Kind>,
    param: Option<String>,
    target: Option<Kind>,
}

/// One row of a page.
struct Found {
    number: i64,
    kind: String,
    id: String,
    body: String,
}

impl Search {
    /// Understands a search over a type; without a type, over the compartment of a person (`$everything`).
    pub(crate) fn parse(kind: Option<Kind>, person: Option<&str>, pairs: &[(String, String)]) -> Result<Self, Fault> {
        let mut search = Self {
            kind,
            wheres: Vec::new(),
            values: Vec::new(),
            order: "c.number".to_owned(),
            count: COUNT_DEFAULT,
            offset: 0,
            total: true,
            elements: Vec::new(),
            includes: Vec::new(),
            echo: Vec::new(),
            mischief: None,
        };
        if let Some(kind) = kind {
            search.filter("c.kind = ?", [kind.name().to_owned().into()]);
        }
        if let Some(person) = person {
            search.filter("c.person = ?", [person.to_owned().into()]);
        }
        for (name, value) in pairs {
            if search.take(name, value)? && name != "_count" && name != "_offset" {
                search.echo.push((name.clone(), value.clone()));
            }
        }
        Ok(search)
    }

    fn filter(&mut self, sql: impl Into<String>, values: impl IntoIterator<Item = Sql>) {
        self.wheres.push(sql.into());
        self.values.extend(values);
    }

    /// Takes one parameter; false when it is ignored.
    fn take(&mut self, name: &str, value: &str) -> Result<bool, Fault> {
        let number = || value.parse::<u64>().map_err(|_| Fault::invalid(format!("{name} is no number")));
        match name {
            "_count" => self.count = number()?.min(COUNT_MAX),
            "_offset" => self.offset = number()?,
            "_total" => self.total = value != "none",
            "_summary" if value == "count" => self.count = 0,
            "_elements" => self.elements = value.split(',').map(str::to_owned).collect(),
            "_sort" => self.order = order(value)?,
            "_include" | "_revinclude" => self.includes.push(Include::parse(name == "_revinclude", value)?),
            "_id" => {
                let ids: Vec<Sql> = value.split(',').map(|id| id.to_owned().into()).collect();
                self.filter(format!("c.id IN ({})", marks(ids.len())), ids);
            }
            "_lastUpdated" => self.date("c.at", "c.at + 1", value)?,
            _ => return self.param(name, value),
        }
        Ok(true)
    }

    fn param(&mut self, name: &str, value: &str) -> Result<bool, Fault> {
        let (name, modifier) = name.split_once(':').map_or((name, None), |(name, modifier)| (name, Some(modifier)));
        let Some(param) = self.kind.and_then(|kind| kind.param(name)) else { return Ok(false) };
        if name == "code" {
            self.mischief = match value {
                "broken-surplus" => Some(Mischief::Surplus),
                "broken-contained" => Some(Mischief::Contained),
                _ => self.mischief,
            };
            if self.mischief.is_some() {
                return Ok(true);
            }
        }
        let alternatives: Vec<&str> = value.split(',').collect();
        match param.compare {
            Compare::Date => self.date("c.date_from", "c.date_until", value)?,
            Compare::Link if name == "patient" || name == "subject" => {
                let persons: Vec<Sql> =
                    alternatives.iter().map(|id| id.strip_prefix("Patient/").unwrap_or(id).to_owned().into()).collect();
                self.filter(format!("c.person IN ({})", marks(persons.len())), persons);
            }
            Compare::Link => {
                let mut tests = Vec::new();
                let mut values: Vec<Sql> = vec![param.name.to_owned().into()];
                for alternative in alternatives {
                    let (to, id) =
                        alternative.split_once('/').map_or((modifier, alternative), |(to, id)| (Some(to), id));
                    tests.push(if to.is_some() { "(l.id = ? AND l.kind = ?)" } else { "l.id = ?" });
                    values.push(id.to_owned().into());
                    values.extend(to.map(|to| to.to_owned().into()));
                }
                self.filter(exists("link l", "l", &tests), values);
            }
            Compare::Token => {
                let mut tests = Vec::new();
                let mut values: Vec<Sql> = vec![param.name.to_owned().into()];
                for alternative in alternatives {
                    match alternative.split_once('|') {
                        None => tests.push("v.text = ?"),
                        Some(("", _)) => tests.push("(v.system IS NULL AND v.text = ?)"),
                        Some((system, "")) => {
                            tests.push("v.system = ?");
                            values.push(system.to_owned().into());
                            continue;
                        }
                        Some((system, _)) => {
                            tests.push("(v.system = ? AND v.text = ?)");
                            values.push(system.to_owned().into());
                        }
                    }
                    let code = alternative.split_once('|').map_or(alternative, |(_, code)| code);
                    values.push(code.to_owned().into());
                }
                let not = match modifier {
                    None => "",
                    Some("not") => "NOT ",
                    Some(other) => return Err(Fault::invalid(format!("modifier {other} is not supported"))),
                };
                self.filter(format!("{not}{}", exists("value v", "v", &tests)), values);
            }
            Compare::Text => {
                let test = match modifier {
                    None => "substr(v.text, 1, length(?)) = ?",
                    Some("exact") => "v.text = ? AND v.text = ?",
                    Some("contains") => "instr(v.text, ?) > 0 AND instr(v.text, ?) > 0",
                    Some(other) => return Err(Fault::invalid(format!("modifier {other} is not supported"))),
                };
                let tests = vec![test; alternatives.len()];
                let mut values: Vec<Sql> = vec![param.name.to_owned().into()];
                values.extend(
                    alternatives.iter().flat_map(|text| [Sql::from((*text).to_owned()), Sql::from((*text).to_owned())]),
                );
                self.filter(exists("value v", "v", &tests), values);
            }
        }
        Ok(true)
    }

    /// <https://hl7.org/fhir/R4/search.html#prefix>
    fn date(&mut self, from: &str, until: &str, value: &str) -> Result<(), Fault> {
        let (prefix, text) = match value.split_at_checked(2) {
            Some((prefix, text)) if prefix.bytes().all(|byte| byte.is_ascii_lowercase()) => (prefix, text),
            _ => ("eq", value),
        };
        let asked = span(text).ok_or_else(|| Fault::invalid(format!("`{value}` is no date")))?;
        let (a, b): (Sql, Sql) = (asked.from.into(), asked.until.into());
        match prefix {
            "eq" => self.filter(format!("({from} >= ? AND {until} <= ?)"), [a, b]),
            "ne" => self.filter(format!("NOT ({from} >= ? AND {until} <= ?)"), [a, b]),
            "gt" => self.filter(format!("{until} > ?"), [b]),
            "lt" => self.filter(format!("{from} < ?"), [a]),
            "ge" => self.filter(format!("{until} > ?"), [a]),
            "le" => self.filter(format!("{from} < ?"), [b]),
            "sa" => self.filter(format!("{from} >= ?"), [b]),
            "eb" => self.filter(format!("{until} <= ?"), [a]),
            "ap" => self.filter(format!("({until} > ? AND {from} < ?)"), [a, b]),
            _ => return Err(Fault::invalid(format!("`{prefix}` is no prefix of a date"))),
        }
        Ok(())
    }

    /// Runs it. `base` begins the links, `path` is what stands between `base` and `?`.
    pub(crate) fn run(&self, db: &Connection, base: &str, path: &str) -> Result<String, Fault> {
        let wheres = if self.wheres.is_empty() { "1".to_owned() } else { self.wheres.join(" AND ") };
        let mut total = None;
        if self.total || self.count == 0 {
            let mut statement = db.prepare_cached(&format!("SELECT count(*) FROM current c WHERE {wheres}"))?;
            total = Some(statement.query_row(params_from_iter(&self.values), |row| row.get::<_, i64>(0))?);
        }
        let mut rows = Vec::new();
        if self.count > 0 {
            // One more than asked for tells whether there is a next page.
            let mut statement = db.prepare_cached(&format!(
                "SELECT c.number, c.kind, c.id, c.body FROM current c WHERE {wheres} ORDER BY {} LIMIT ? OFFSET ?",
                self.order
            ))?;
            let limits: [Sql; 2] = [clamp(self.count + 1).into(), clamp(self.offset).into()];
            rows = statement
                .query_map(params_from_iter(self.values.iter().chain(&limits)), found)?
                .collect::<rusqlite::Result<Vec<_>>>()?;
        }
        let more = rows.len() as u64 > self.count;
        rows.truncate(usize::try_from(self.count).unwrap_or(usize::MAX));
        let included = self.included(db, &rows)?;
        let mut entries = String::new();
        for (mode, row) in rows.iter().map(|row| ("match", row)).chain(included.iter().map(|row| ("include", row))) {
            entry(&mut entries, base, mode, row, &self.elements)?;
        }
        if let Some(mischief) = self.mischief {
            crate::broken::spoil(db, mischief, base, &mut entries)?;
            total = total.map(|total| total + 1);
        }
        let mut bundle = String::from(r#"{"resourceType":"Bundle","type":"searchset""#);
        if let Some(total) = total {
            let _ = write!(bundle, r#","total":{total}"#);
        }
        let _ = write!(bundle, r#","link":{},"entry":[{entries}]}}"#, self.links(base, path, more));
        Ok(bundle)
    }

    fn links(&self, base: &str, path: &str, more: bool) -> serde_json::Value {
        let at = |offset: u64| {
            let mut url = format!("{base}/{path}?");
            for (name, value) in &self.echo {
                let _ = write!(url, "{}={}&", encode(name), encode(value));
            }
            let _ = write!(url, "_count={}&_offset={offset}", self.count);
            url
        };
        let mut links = vec![json!({ "relation": "self", "url": at(self.offset) })];
        if self.offset > 0 && self.count > 0 {
            links.push(json!({ "relation": "first", "url": at(0) }));
            links.push(json!({ "relation": "previous", "url": at(self.offset.saturating_sub(self.count)) }));
        }
        if more {
            links.push(json!({ "relation": "next", "url": at(self.offset.saturating_add(self.count)) }));
        }
        json!(links)
    }

    fn included(&self, db: &Connection, rows: &[Found]) -> Result<Vec<Found>, Fault> {
        let mut seen: HashSet<(String, String)> = rows.iter().map(|row| (row.kind.clone(), row.id.clone())).collect();
        let mut included = Vec::new();
        for include in &self.includes {
            for row in rows {
                for found in include.follow(db, row)? {
                    if included.len() < INCLUDED_MAX && seen.insert((found.kind.clone(), found.id.clone())) {
                        included.push(found);
                    }
                }
            }
        }
        Ok(included)
    }
}

impl Include {
    /// `Type:param[:Target]`, or `*`.
    fn parse(reverse: bool, value: &str) -> Result<Self, Fault> {
        let unknown = || Fault::invalid(format!("`{value}` cannot be included"));
        if value == "*" && !reverse {
            return Ok(Self { reverse, source: None, param: None, target: None });
        }
        let mut parts = value.split(':');
        let source = parts.next().and_then(Kind::named).ok_or_else(unknown)?;
        let param = parts.next().filter(|name| source.param(name).is_some_and(|p| p.compare == Compare::Link));
        let target = parts.next().map(|name| Kind::named(name).ok_or_else(unknown)).transpose()?;
        Ok(Self { reverse, source: Some(source), param: Some(param.ok_or_else(unknown)?.to_owned()), target })
    }

    fn follow(&self, db: &Connection, row: &Found) -> rusqlite::Result<Vec<Found>> {
        const COLUMNS: &str = "SELECT c.number, c.kind, c.id, c.body FROM link l";
        let param = self.param.as_deref().unwrap_or("%");
        if self.reverse {
            let source = self.source.map_or("", Kind::name);
            return db
                .prepare_cached(&format!(
                    "{COLUMNS} JOIN current c ON c.number = l.number
                     WHERE l.kind = ? AND l.id = ? AND l.name = ? AND c.kind = ? ORDER BY c.number"
                ))?
                .query_map([row.kind.as_str(), &row.id, param, source], found)?
                .collect();
        }
        if self.source.is_some_and(|kind| kind.name() != row.kind) {
            return Ok(Vec::new());
        }
        let target = self.target.map_or("%", Kind::name);
        db.prepare_cached(&format!(
            "{COLUMNS} JOIN current c ON c.kind = l.kind AND c.id = l.id
             WHERE l.number = ? AND l.name LIKE ? AND l.kind LIKE ? ORDER BY c.number"
        ))?
        .query_map(rusqlite::params![row.number, param, target], found)?
        .collect()
    }
}

/// One entry of a searchset, appended.
fn entry(entries: &mut String, base: &str, mode: &str, row: &Found, elements: &[String]) -> Result<(), Fault> {
    let subset =
        if elements.is_empty() { None } else { Some(Resource::parse(row.body.as_bytes())?.elements(elements)) };
    add_entry(entries, &format!("{base}/{}/{}", row.kind, row.id), subset.as_deref().unwrap_or(&row.body), mode);
    Ok(())
}

/// Appends an entry to the text of others.
pub(crate) fn add_entry(entries: &mut String, full_url: &str, resource: &str, mode: &str) {
    if !entries.is_empty() {
        entries.push(',');
    }
    let _ = write!(entries, r#"{{"fullUrl":{},"resource":{resource},"search":{{"mode":"{mode}"}}}}"#, json!(full_url));
}

/// Another person's record of a type: the first one stored, as (id, text).
pub(crate) fn first_of_another(
    db: &Connection,
    kind: Kind,
    person: &str,
) -> rusqlite::Result<Option<(String, String)>> {
    db.query_row(
        "SELECT id, body FROM current WHERE kind = ? AND person IS NOT NULL AND person <> ? ORDER BY number LIMIT 1",
        [kind.name(), person],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )
    .optional()
}

fn found(row: &rusqlite::Row<'_>) -> rusqlite::Result<Found> {
    Ok(Found { number: row.get(0)?, kind: row.get(1)?, id: row.get(2)?, body: row.get(3)? })
}

fn order(sort: &str) -> Result<String, Fault> {
    let mut terms = Vec::new();
    for key in sort.split(',') {
        let (name, direction) = key.strip_prefix('-').map_or((key, "ASC"), |name| (name, "DESC"));
        let column = match name {
            "date" | "sent" | "effective" | "birthdate" => "c.date_from",
            "_lastUpdated" => "c.at",
            "_id" => "c.id",
            _ => return Err(Fault::invalid(format!("cannot sort by `{name}`"))),
        };
        terms.push(format!("{column} {direction}"));
    }
    // The same order on every page, whatever ties there are.
    terms.push("c.number".to_owned());
    Ok(terms.join(", "))
}

fn exists(table: &str, alias: &str, tests: &[&str]) -> String {
    let tests = tests.join(" OR ");
    format!("EXISTS (SELECT 1 FROM {table} WHERE {alias}.number = c.number AND {alias}.name = ? AND ({tests}))")
}

fn marks(count: usize) -> String {
    vec!["?"; count].join(", ")
}

fn clamp(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
