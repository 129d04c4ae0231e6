//! What a resource can be found by: taken out of its JSON once, when it is written.

use rusqlite::{Connection, params};
use serde_json::Value;

use crate::fhir::date::{Span, span};
use crate::fhir::types::{Compare, Kind};

/// Everything a search looks at.
#[derive(Debug, Default)]
pub(crate) struct Index {
    /// The person it belongs to.
    pub(crate) person: Option<String>,
    /// The persons in whose compartments it lies; the one above is among them.
    compartments: Vec<String>,
    /// (parameter, system, code or text)
    values: Vec<(String, Option<String>, String)>,
    /// (parameter, type, id)
    links: Vec<(&'static str, String, String)>,
    /// (parameter, when)
    moments: Vec<(&'static str, Span)>,
    /// (parameter, system, unit, how much)
    amounts: Vec<(&'static str, Option<String>, Option<String>, f64)>,
}

/// The tables of it, besides `current.person`.
pub(crate) const TABLES: [&str; 5] = ["value", "link", "moment", "amount", "compartment"];

impl Index {
    /// Of a resource of this type and id.
    pub(crate) fn of(kind: Kind, id: &str, resource: &Value) -> Self {
        let mut index = Self::default();
        if kind.name() == "Patient" {
            index.compartments.push(id.to_owned());
        }
        for path in &kind.served().person {
            for (to, id) in found_at(resource, path).into_iter().filter_map(reference) {
                if to == "Patient" && !index.compartments.contains(&id) {
                    index.compartments.push(id);
                }
            }
        }
        index.person = index.compartments.first().cloned();
        for param in &kind.served().params {
            for value in param.paths.iter().flat_map(|path| found_at(resource, path)) {
                match param.compare {
                    Compare::Token => {
                        tokens(value, &mut |system, code| index.values.push((param.name.to_owned(), system, code)));
                    }
                    Compare::Text | Compare::Uri => {
                        texts(value, &mut |text| index.values.push((param.name.to_owned(), None, text.to_owned())));
                    }
                    Compare::Link => {
                        if let Some((to, id)) = reference(value).filter(|(to, _)| param.leads_to(to)) {
                            index.links.push((param.name, to, id));
                        }
                        // `patient:identifier=system|value`
                        if let Some(identifier) = value.get("identifier") {
                            let name = format!("{}:identifier", param.name);
                            tokens(identifier, &mut |system, code| index.values.push((name.clone(), system, code)));
                        }
                    }
                    Compare::Date => index.moments.extend(when(value).map(|span| (param.name, span))),
                    Compare::Amount => {
                        if let Some((system, unit, amount)) = amount(value) {
                            index.amounts.push((param.name, system, unit, amount));
                        }
                    }
                }
            }
        }
        index
    }

    /// Writes it for row `number` of `current`, in place of what was there.
    pub(crate) fn write(&self, db: &Connection, number: i64) -> rusqlite::Result<()> {
        forget(db, number)?;
        let mut value = db.prepare_cached("INSERT INTO value (number, name, system, text) VALUES (?, ?, ?, ?)")?;
        for (name, system, text) in &self.values {
            value.execute(params![number, name, system, text])?;
        }
        let mut link = db.prepare_cached("INSERT INTO link (number, name, kind, id) VALUES (?, ?, ?, ?)")?;
        for (name, to, id) in &self.links {
            link.execute(params![number, name, to, id])?;
        }
        let mut moment = db.prepare_cached("INSERT INTO moment (number, name, since, until) VALUES (?, ?, ?, ?)")?;
        for (name, span) in &self.moments {
            moment.execute(params![number, name, span.from, span.until])?;
        }
        let mut amount =
            db.prepare_cached("INSERT INTO amount (number, name, system, unit, amount) VALUES (?, ?, ?, ?, ?)")?;
        for (name, system, unit, how_much) in &self.amounts {
            amount.execute(params![number, name, system, unit, how_much])?;
        }
        let mut compartment = db.prepare_cached("INSERT INTO compartment (number, person) VALUES (?, ?)")?;
        for person in &self.compartments {
            compartment.execute(params![number, person])?;
        }
        Ok(())
    }
}

/// Takes what was written for row `number` away.
pub(crate) fn forget(db: &Connection, number: i64) -> rusqlite::Result<()> {
    for table in TABLES {
        db.prepare_cached(&format!("DELETE FROM {table} WHERE number = ?"))?.execute([number])?;
    }
    Ok(())
}

/// All values at a dotted path.
pub(crate) fn found_at<'a>(value: &'a Value, path: &str) -> Vec<&'a Value> {
    let mut found = Vec::new();
    walk(value, path, &mut found);
    found
}

fn walk<'a>(value: &'a Value, path: &str, found: &mut Vec<&'a Value>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| walk(item, path, found)),
        _ if path.is_empty() => found.push(value),
        Value::Object(members) => {
            let (first, rest) = path.split_once('.').unwrap_or((path, ""));
            // `telecom[system=email]`: only those members whose `system` is `email`.
            let (name, only) = match first.strip_suffix(']').and_then(|first| first.split_once('[')) {
                Some((name, only)) => (name, only.split_once('=')),
                None => (first, None),
            };
            let fits =
                |item: &Value| only.is_none_or(|(key, text)| item.get(key).and_then(Value::as_str) == Some(text));
            match members.get(name) {
                Some(Value::Array(items)) => {
                    items.iter().filter(|item| fits(item)).for_each(|item| walk(item, rest, found));
                }
                Some(member) if fits(member) => walk(member, rest, found),
                _ => {}
            }
        }
        _ => {}
    }
}

/// `Type/id` out of a Reference or a canonical; a version behind it is let go.
pub(crate) fn reference(value: &Value) -> Option<(String, String)> {
    let text = value.as_str().or_else(|| value.get("reference")?.as_str())?;
    let mut parts = text.split('/');
    let (to, id) = (parts.next()?, parts.next()?);
    (!to.is_empty() && !id.is_empty()).then(|| (to.to_owned(), id.to_owned()))
}

fn tokens(value: &Value, found: &mut dyn FnMut(Option<String>, String)) {
    let text = |name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
    match value {
        Value::String(code) => found(None, code.clone()),
        Value::Bool(flag) => found(None, flag.to_string()),
        Value::Object(members) => {
            if let Some(Value::Array(codings)) = members.get("coding") {
                codings.iter().for_each(|coding| tokens(coding, found));
            } else if let Some(code) = text("code").or_else(|| text("value")) {
                found(text("system"), code);
            }
        }
        _ => {}
    }
}

/// A text, or every text of a name or an address.
fn texts<'a>(value: &'a Value, found: &mut dyn FnMut(&'a str)) {
    match value {
        Value::String(text) => found(text),
        Value::Array(items) => items.iter().for_each(|item| texts(item, found)),
        Value::Object(members) => {
            let parts =
                members.iter().filter(|(name, _)| !matches!(name.as_str(), "use" | "type" | "id" | "extension"));
            parts.filter(|(_, part)| !part.is_object()).for_each(|(_, part)| texts(part, found));
        }
        _ => {}
    }
}

fn when(value: &Value) -> Option<Span> {
    if let Some(text) = value.as_str() {
        return span(text);
    }
    let bound = |name: &str| value.get(name).and_then(Value::as_str).and_then(span);
    let (start, end) = (bound("start"), bound("end"));
    // An open period lasts from the beginning, or to the end, of time.
    (start.is_some() || end.is_some())
        .then(|| Span { from: start.map_or(i64::MIN, |s| s.from), until: end.map_or(i64::MAX, |s| s.until) })
}

fn amount(value: &Value) -> Option<(Option<String>, Option<String>, f64)> {
    let text = |name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
    match value.as_f64() {
        Some(number) => Some((None, None, number)),
        None => Some((text("system"), text("code").or_else(|| text("unit")), value.get("value")?.as_f64()?)),
    }
}
