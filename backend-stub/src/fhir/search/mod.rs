//! Search: what is asked becomes one SQL statement; what is found becomes a searchset with paging links.
//!
//! A naive store on purpose: a search without a patient answers about everybody, unknown parameters are ignored, and
//! `_include` and `_revinclude` follow any reference. Keeping that from reaching a client is the gateway's work.

pub(crate) mod condition;
mod include;
pub(crate) mod pages;
pub(crate) mod view;

use std::fmt::Write as _;

use rusqlite::types::Value as Sql;
use rusqlite::{Connection, OptionalExtension as _, params_from_iter};
use serde_json::json;

use self::condition::{Condition, Row, marks, table};
use self::include::{Include, included};
use self::view::View;
use super::interaction::Site;
use super::outcome::Fault;
use super::query::encode;
use super::types::{Compare, Kind};
use crate::broken::search::{Mischief, spoil};

/// Entries of a page when `_count` says nothing.
const COUNT_DEFAULT: u64 = 50;
/// Entries of a page at most.
const COUNT_MAX: u64 = 1_000;
/// Parameters that mean the same for every type.
const COMMON: [&str; 6] = ["_id", "_lastUpdated", "_tag", "_security", "_profile", "_source"];

/// A search, understood.
#[derive(Clone, Debug)]
pub(crate) struct Search {
    kinds: Vec<Kind>,
    conditions: Vec<Condition>,
    order: String,
    count: u64,
    offset: u64,
    total: bool,
    view: View,
    includes: Vec<Include>,
    /// What was understood, for the links; without `_count` and `_offset`.
    echo: Vec<(String, String)>,
    /// Parameters that filter, and those that were not understood.
    pub(crate) filters: usize,
    pub(crate) unknown: Vec<String>,
    /// The token it goes on by, once it has one.
    token: Option<String>,
    /// How the answer is to be spoilt (a test).
    pub(crate) mischief: Option<Mischief>,
}

/// What is searched, before any parameter.
#[derive(Clone, Debug)]
pub(crate) enum Scope {
    /// One type.
    Type(Kind),
    /// All types, or those that `_type` names.
    System,
    /// One type in the compartment of a person, or all of them (`Patient/P-1/*`, `Patient/P-1/$everything`).
    Compartment(String, Option<Kind>),
    /// Whatever belongs to any person (`Patient/$everything`).
    Compartments,
}

/// One row of a page.
#[derive(Clone)]
struct Found {
    number: i64,
    kind: String,
    id: String,
    body: String,
}

/// A page before it is written.
pub(crate) struct Page {
    /// Entries, with commas between them.
    pub(crate) entries: String,
    pub(crate) total: Option<i64>,
    /// (relation, address)
    pub(crate) links: Vec<(&'static str, String)>,
}

impl Search {
    /// Understands a search. `base` is what an absolute reference to a record of ours begins with.
    pub(crate) fn parse(scope: &Scope, pairs: &[(String, String)], base: &str) -> Result<Self, Fault> {
        let mut search = Self {
            kinds: Vec::new(),
            conditions: Vec::new(),
            order: "c0.number".to_owned(),
            count: COUNT_DEFAULT,
            offset: 0,
            total: true,
            view: View::default(),
            includes: Vec::new(),
            echo: Vec::new(),
            filters: 0,
            unknown: Vec::new(),
            token: None,
            mischief: None,
        };
        let one = match scope {
            Scope::Type(kind) | Scope::Compartment(_, Some(kind)) => Some(*kind),
            _ => None,
        };
        match one {
            Some(kind) => search.kinds.push(kind),
            None => search.kinds = named_types(pairs)?.unwrap_or_else(|| Kind::all().collect()),
        }
        if search.kinds.len() < Kind::all().count() {
            let names: Vec<Sql> = search.kinds.iter().map(|kind| kind.name().to_owned().into()).collect();
            search.conditions.push(Condition::new(format!("c0.kind IN ({})", marks(names.len())), names));
        }
        const INSIDE: &str = "EXISTS (SELECT 1 FROM compartment v WHERE v.number = c0.number";
        match scope {
            Scope::Compartment(person, _) => {
                search.conditions.push(Condition::new(format!("{INSIDE} AND v.person = ?)"), [person.clone().into()]));
            }
            Scope::Compartments => search.conditions.push(Condition::new(format!("{INSIDE})"), [])),
            Scope::Type(_) | Scope::System => {}
        }
        for (name, value) in pairs {
            if !search.take(name, value, base)? {
                search.unknown.push(name.clone());
            } else if !matches!(name.as_str(), "_count" | "_offset") {
                search.echo.push((name.clone(), value.clone()));
            }
        }
        Ok(search)
    }

    /// Goes on with it elsewhere.
    pub(crate) fn at(&self, offset: u64, count: Option<u64>) -> Self {
        Self { offset, count: count.unwrap_or(self.count).min(COUNT_MAX), ..self.clone() }
    }

    /// Only what was written at or after this, in milliseconds since 1970 (`$everything?_since=`).
    pub(crate) fn since(&mut self, at: i64, text: &str) {
        self.conditions.push(Condition::new("c0.at >= ?", [at.into()]));
        self.echo.push(("_since".to_owned(), text.to_owned()));
    }

    /// With whatever the matches refer to, as `$everything` gives it unless `_type` says which types are wanted.
    pub(crate) fn with_referred(&mut self) {
        if !self.echo.iter().any(|(name, _)| name == "_type") {
            self.includes.push(Include::REFERRED);
        }
    }

    /// Takes one parameter; false when it is ignored.
    fn take(&mut self, name: &str, value: &str, base: &str) -> Result<bool, Fault> {
        let number = || value.parse::<u64>().map_err(|_| Fault::invalid(format!("{name} is no number")));
        if let Some(include) = Include::parse(name, value)? {
            self.includes.push(include);
            return Ok(true);
        }
        if self.view.take(name, value)? {
            return Ok(true);
        }
        match name {
            "_count" => self.count = number()?.min(COUNT_MAX),
            "_offset" => self.offset = number()?,
            "_total" => self.total = value != "none",
            "_sort" => self.order = self.sorted(value)?,
            "_type" if self.kinds.len() != 1 || value == self.kinds.first().map_or("", |kind| kind.name()) => {}
            "_format" | "_pretty" => {}
            "code" if Mischief::named(value).is_some() => self.mischief = Mischief::named(value),
            _ => return self.filter(name, value, base),
        }
        Ok(true)
    }

    fn filter(&mut self, name: &str, value: &str, base: &str) -> Result<bool, Fault> {
        let common = COMMON.contains(&name.split(':').next().unwrap_or(name));
        let mut found = Vec::new();
        for kind in self.kinds.iter().take(if common { 1 } else { usize::MAX }) {
            let Some(condition) = (Row { kind: *kind, depth: 0, base }).condition(name, value)? else { continue };
            if common || self.kinds.len() == 1 {
                found.push(condition);
            } else {
                let values = std::iter::once(kind.name().to_owned().into()).chain(condition.values);
                found.push(Condition::new(format!("(c0.kind = ? AND {})", condition.sql), values));
            }
        }
        if found.is_empty() {
            return Ok(false);
        }
        self.conditions.push(Condition::any(found));
        self.filters += 1;
        Ok(true)
    }

    fn sorted(&self, sort: &str) -> Result<String, Fault> {
        let mut terms = Vec::new();
        for key in sort.split(',') {
            let (name, direction) = key.strip_prefix('-').map_or((key, "ASC"), |name| (name, "DESC"));
            let unsorted = || Fault::invalid(format!("cannot sort by `{name}`"));
            let term = match name {
                "_lastUpdated" => "c0.at".to_owned(),
                "_id" => "c0.id".to_owned(),
                _ => {
                    let param = self.kinds.iter().find_map(|kind| kind.param(name)).ok_or_else(unsorted)?;
                    let column = match param.compare {
                        Compare::Token | Compare::Text | Compare::Uri => "text",
                        Compare::Link => "id",
                        Compare::Date => "since",
                        Compare::Amount => "amount",
                    };
                    // The name comes out of our own table, so it may stand in the SQL.
                    let (table, name) = (table(param), param.name);
                    format!("(SELECT min(v.{column}) FROM {table} v WHERE v.number = c0.number AND v.name = '{name}')")
                }
            };
            terms.push(format!("{term} {direction}"));
        }
        // The same order on every page, whatever ties there are.
        terms.push("c0.number".to_owned());
        Ok(terms.join(", "))
    }

    fn wheres(&self) -> (String, Vec<&Sql>) {
        let wheres: Vec<&str> = self.conditions.iter().map(|condition| condition.sql.as_str()).collect();
        let wheres = if wheres.is_empty() { "1".to_owned() } else { wheres.join(" AND ") };
        (wheres, self.conditions.iter().flat_map(|condition| &condition.values).collect())
    }

    /// Ids of the first two matches: enough to know whether there is none, one, or more.
    pub(crate) fn matches(&self, db: &Connection) -> Result<Vec<String>, Fault> {
        let (wheres, values) = self.wheres();
        let found = db
            .prepare_cached(&format!("SELECT c0.id FROM current c0 WHERE {wheres} ORDER BY c0.number LIMIT 2"))?
            .query_map(params_from_iter(values), |row| row.get(0))?
            .collect::<rusqlite::Result<_>>()?;
        Ok(found)
    }

    /// Runs it. `path` is what stands between the base and `?`.
    pub(crate) fn run(&self, db: &Connection, site: Site<'_>, path: &str) -> Result<String, Fault> {
        let (wheres, values) = self.wheres();
        let count = if self.view.is_count() { 0 } else { self.count };
        let mut total = None;
        if self.total || count == 0 {
            let mut statement = db.prepare_cached(&format!("SELECT count(*) FROM current c0 WHERE {wheres}"))?;
            total = Some(statement.query_row(params_from_iter(&values), |row| row.get::<_, i64>(0))?);
        }
        let mut rows = Vec::new();
        if count > 0 {
            // One more than asked for tells whether there is a next page.
            let mut statement = db.prepare_cached(&format!(
                "SELECT c0.number, c0.kind, c0.id, c0.body FROM current c0 WHERE {wheres} ORDER BY {} LIMIT ? OFFSET ?",
                self.order
            ))?;
            let limits: [Sql; 2] = [clamp(count + 1).into(), clamp(self.offset).into()];
            rows = statement
                .query_map(params_from_iter(values.into_iter().chain(&limits)), found)?
                .collect::<rusqlite::Result<Vec<_>>>()?;
        }
        let more = rows.len() as u64 > count;
        rows.truncate(usize::try_from(count).unwrap_or(usize::MAX));
        let included = included(db, &self.includes, &rows)?;
        let mut page = Page { entries: String::new(), total, links: self.links(site, path, more) };
        for (mode, row) in rows.iter().map(|row| ("match", row)).chain(included.iter().map(|row| ("include", row))) {
            let kind = Kind::named(&row.kind).ok_or_else(|| Fault::new(500, "exception", "a type of another store"))?;
            let shown = self.view.of(kind, &row.body)?;
            page.add(&format!("{}/{}/{}", site.base, row.kind, row.id), &shown, mode);
        }
        if let Some(mischief) = self.mischief {
            spoil(db, mischief, site.base, &mut page)?;
        }
        Ok(page.text())
    }

    fn links(&self, site: Site<'_>, path: &str, more: bool) -> Vec<(&'static str, String)> {
        let base = site.base;
        // A token is given with the first page, and only if there is a second.
        let token = match &self.token {
            None if more => site.pages.keep(self, path),
            known => known.clone(),
        };
        let itself = |offset: u64| {
            let mut url = if path.is_empty() { format!("{base}?") } else { format!("{base}/{path}?") };
            for (name, value) in &self.echo {
                let _ = write!(url, "{}={}&", encode(name), encode(value));
            }
            let _ = write!(url, "_count={}&_offset={offset}", self.count);
            url
        };
        let at = |offset: u64| match &token {
            Some(token) => {
                let count = self.count;
                format!("{base}?_getpages={token}&_getpagesoffset={offset}&_count={count}&_bundletype=searchset")
            }
            None => itself(offset),
        };
        let mut links = vec![("self", if self.offset == 0 { itself(0) } else { at(self.offset) })];
        if self.offset > 0 && self.count > 0 {
            links.push(("first", at(0)));
            links.push(("previous", at(self.offset.saturating_sub(self.count))));
        }
        if more && self.count > 0 {
            links.push(("next", at(self.offset.saturating_add(self.count))));
        }
        links
    }
}

impl Page {
    /// Appends an entry.
    pub(crate) fn add(&mut self, full_url: &str, resource: &str, mode: &str) {
        if !self.entries.is_empty() {
            self.entries.push(',');
        }
        let full_url = json!(full_url);
        let _ = write!(self.entries, r#"{{"fullUrl":{full_url},"resource":{resource},"search":{{"mode":"{mode}"}}}}"#);
    }

    fn text(&self) -> String {
        let mut bundle = String::from(r#"{"resourceType":"Bundle","type":"searchset""#);
        if let Some(total) = self.total {
            let _ = write!(bundle, r#","total":{total}"#);
        }
        let links: Vec<_> = self.links.iter().map(|(name, url)| json!({ "relation": name, "url": url })).collect();
        let _ = write!(bundle, r#","link":{},"entry":[{}]}}"#, json!(links), self.entries);
        bundle
    }
}

/// The types that `_type` names; none if it does not stand there.
fn named_types(pairs: &[(String, String)]) -> Result<Option<Vec<Kind>>, Fault> {
    let mut kinds: Option<Vec<Kind>> = None;
    for name in pairs.iter().filter(|(name, _)| name == "_type").flat_map(|(_, value)| value.split(',')) {
        let kind = Kind::named(name).ok_or_else(|| Fault::invalid(format!("`{name}` is no type that is served")))?;
        let kinds = kinds.get_or_insert_default();
        if !kinds.contains(&kind) {
            kinds.push(kind);
        }
    }
    Ok(kinds)
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

fn clamp(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
