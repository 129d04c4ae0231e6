//! `_include` and `_revinclude` (<https://hl7.org/fhir/R4/search.html#include>): what the matches refer to, and what refers to
//! them, with `:iterate` also from what was included. Any reference is followed: a naive store.

use std::collections::HashSet;

use rusqlite::{Connection, params};

use super::{Found, found};
use crate::fhir::outcome::Fault;
use crate::fhir::types::{Compare, Kind};

/// Included entries of a page at most.
const INCLUDED_MAX: usize = 1_000;

/// One `_include` or `_revinclude`. What is not named may be anything.
#[derive(Clone, Debug)]
pub(crate) struct Include {
    reverse: bool,
    iterate: bool,
    source: Option<Kind>,
    param: Option<&'static str>,
    target: Option<Kind>,
}

impl Include {
    /// Everything that the matches refer to, whatever it is.
    pub(super) const REFERRED: Self = Self { reverse: false, iterate: false, source: None, param: None, target: None };

    /// `_include=Type:param[:Target]`, `Type:*`, `*`; none if the name is another.
    pub(crate) fn parse(name: &str, value: &str) -> Result<Option<Self>, Fault> {
        let (name, modifier) = name.split_once(':').map_or((name, None), |(name, modifier)| (name, Some(modifier)));
        let reverse = match name {
            "_include" => false,
            "_revinclude" => true,
            _ => return Ok(None),
        };
        let unknown = || Fault::invalid(format!("`{value}` cannot be included"));
        // `recurse` was its name before R4.
        let iterate = match modifier {
            None => false,
            Some("iterate" | "recurse") => true,
            Some(_) => return Err(unknown()),
        };
        let mut parts = value.split(':');
        let any = |part: Option<&str>| matches!(part, None | Some("*"));
        let source = match parts.next() {
            Some("*") => None,
            name => Some(name.and_then(Kind::named).ok_or_else(unknown)?),
        };
        let param = match (parts.next(), source) {
            (part, _) if any(part) && (part.is_some() || source.is_none()) => None,
            (Some(name), Some(source)) => {
                let param = source.param(name).filter(|param| param.compare == Compare::Link);
                Some(param.ok_or_else(unknown)?.name)
            }
            _ => return Err(unknown()),
        };
        let target = match parts.next() {
            part if any(part) => None,
            name => Some(name.and_then(Kind::named).ok_or_else(unknown)?),
        };
        Ok(Some(Self { reverse, iterate, source, param, target }))
    }

    fn follow(&self, db: &Connection, row: &Found) -> rusqlite::Result<Vec<Found>> {
        const COLUMNS: &str = "SELECT DISTINCT c.number, c.kind, c.id, c.body FROM link l";
        let (source, target) = (self.source.map(Kind::name), self.target.map(Kind::name));
        if self.reverse {
            if target.is_some_and(|kind| kind != row.kind) {
                return Ok(Vec::new());
            }
            return db
                .prepare_cached(&format!(
                    "{COLUMNS} JOIN current c ON c.number = l.number
                     WHERE l.kind = ?1 AND l.id = ?2 AND (?3 IS NULL OR l.name = ?3) AND (?4 IS NULL OR c.kind = ?4)
                     ORDER BY c.number"
                ))?
                .query_map(params![row.kind, row.id, self.param, source], found)?
                .collect();
        }
        if source.is_some_and(|kind| kind != row.kind) {
            return Ok(Vec::new());
        }
        db.prepare_cached(&format!(
            "{COLUMNS} JOIN current c ON c.kind = l.kind AND c.id = l.id
             WHERE l.number = ?1 AND (?2 IS NULL OR l.name = ?2) AND (?3 IS NULL OR l.kind = ?3) ORDER BY c.number"
        ))?
        .query_map(params![row.number, self.param, target], found)?
        .collect()
    }
}

/// What these includes bring to the matches, each once.
pub(super) fn included(db: &Connection, includes: &[Include], matches: &[Found]) -> Result<Vec<Found>, Fault> {
    let mut seen: HashSet<i64> = matches.iter().map(|row| row.number).collect();
    let mut all: Vec<Found> = Vec::new();
    let bring = |include: &Include, row: &Found, seen: &mut HashSet<i64>, room: usize| {
        let found = include.follow(db, row)?;
        Ok::<Vec<Found>, Fault>(found.into_iter().filter(|found| seen.insert(found.number)).take(room).collect())
    };
    for include in includes {
        for row in matches {
            let room = INCLUDED_MAX.saturating_sub(all.len());
            all.extend(bring(include, row, &mut seen, room)?);
        }
    }
    let mut newest = all.clone();
    while !newest.is_empty() && all.len() < INCLUDED_MAX {
        let mut further = Vec::new();
        for include in includes.iter().filter(|include| include.iterate) {
            for row in &newest {
                let room = INCLUDED_MAX.saturating_sub(all.len() + further.len());
                further.extend(bring(include, row, &mut seen, room)?);
            }
        }
        all.extend(further.iter().cloned());
        newest = further;
    }
    Ok(all)
}
