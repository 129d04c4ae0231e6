//! One search parameter as a condition in SQL over a row of `current`: values with modifiers and prefixes, references,
//! chains (`patient.name`, `performer:Practitioner.name`) and chains backwards (`_has:Observation:patient:code`).
//! <https://hl7.org/fhir/R4/search.html>

use rusqlite::types::Value as Sql;

use crate::fhir::date::span;
use crate::fhir::outcome::Fault;
use crate::fhir::types::{Compare, Kind, Param};

/// Longest chain, forwards and backwards together.
const CHAIN_MAX: usize = 4;
/// Alternatives of one parameter at most: SQLite takes 32,766 values in a statement.
const ALTERNATIVES_MAX: usize = 10_000;

/// SQL with a `?` for each value.
#[derive(Clone, Debug)]
pub(crate) struct Condition {
    pub(crate) sql: String,
    pub(crate) values: Vec<Sql>,
}

impl Condition {
    pub(crate) fn new(sql: impl Into<String>, values: impl IntoIterator<Item = Sql>) -> Self {
        Self { sql: sql.into(), values: values.into_iter().collect() }
    }

    /// Holds if any of them does.
    pub(crate) fn any(conditions: Vec<Self>) -> Self {
        let parts: Vec<_> = conditions.iter().map(|condition| condition.sql.as_str()).collect();
        let sql = either(&parts);
        Self { sql, values: conditions.into_iter().flat_map(|condition| condition.values).collect() }
    }
}

/// Joined as a tree: SQLite takes an expression of thousands of parts, but none that is deeper than 1,000.
fn either(parts: &[&str]) -> String {
    match parts {
        [] => "0".to_owned(),
        [one] => (*one).to_owned(),
        _ => {
            let (left, right) = parts.split_at(parts.len() / 2);
            format!("({} OR {})", either(left), either(right))
        }
    }
}

/// Where a parameter is looked for.
#[derive(Clone, Copy)]
pub(crate) struct Row<'a> {
    pub(crate) kind: Kind,
    /// How deep in a chain, from 0. Names the row in SQL: `c0`, `c1`, ...
    pub(crate) depth: usize,
    /// An absolute reference below this is one of ours.
    pub(crate) base: &'a str,
}

impl Row<'_> {
    fn name(self) -> String {
        format!("c{}", self.depth)
    }

    fn deeper(self, kind: Kind) -> Result<Self, Fault> {
        if self.depth >= CHAIN_MAX {
            return Err(Fault::invalid(format!("a chain is longer than {CHAIN_MAX}")));
        }
        Ok(Self { kind, depth: self.depth + 1, ..self })
    }

    /// What `name=value` asks of it; none if the type has no such parameter.
    pub(crate) fn condition(self, name: &str, value: &str) -> Result<Option<Condition>, Fault> {
        if let Some(backwards) = name.strip_prefix("_has:") {
            return self.has(backwards, value).map(Some);
        }
        if let Some((link, rest)) = name.split_once('.') {
            return self.chain(link, rest, value);
        }
        let row = self.name();
        let alternatives = alternatives(value)?;
        match name {
            "_id" => {
                let ids = alternatives.into_iter().map(Sql::from);
                return Ok(Some(Condition::new(format!("{row}.id IN ({})", marks(ids.len())), ids)));
            }
            "_lastUpdated" => {
                let (from, until) = (format!("{row}.at"), format!("{row}.at + 1"));
                let found = alternatives.iter().map(|value| date(&from, &until, value)).collect::<Result<_, _>>()?;
                return Ok(Some(Condition::any(found)));
            }
            _ => {}
        }
        let (name, modifier) = name.split_once(':').map_or((name, None), |(name, modifier)| (name, Some(modifier)));
        let Some(param) = self.kind.param(name) else { return Ok(None) };
        if modifier == Some("missing") {
            let there = format!("EXISTS (SELECT 1 FROM {} WHERE number = {row}.number AND name = ?)", table(param));
            let not = if value == "true" { "NOT " } else { "" };
            return Ok(Some(Condition::new(format!("{not}{there}"), [param.name.to_owned().into()])));
        }
        Ok(Some(match param.compare {
            Compare::Link if modifier == Some("identifier") => {
                self.values(&format!("{name}:identifier"), alternatives.iter().map(|value| token(value)).collect())
            }
            Compare::Link => self.links(param, modifier, &alternatives),
            Compare::Token => {
                let found = self.values(name, alternatives.iter().map(|value| token(value)).collect());
                match modifier {
                    None => found,
                    Some("not") => Condition { sql: format!("NOT {}", found.sql), ..found },
                    Some(other) => return Err(unsupported(other)),
                }
            }
            Compare::Text => {
                let test = match modifier {
                    None => "lower(substr(v.text, 1, length(?))) = lower(?)",
                    Some("exact") => "v.text = ? AND v.text = ?",
                    Some("contains") => "instr(lower(v.text), lower(?)) > 0 AND instr(lower(v.text), lower(?)) > 0",
                    Some(other) => return Err(unsupported(other)),
                };
                let twice =
                    |text: &String| Condition::new(format!("({test})"), [text.clone().into(), text.clone().into()]);
                self.values(name, alternatives.iter().map(twice).collect())
            }
            Compare::Uri => match modifier {
                None => {
                    let tests = alternatives.into_iter().map(|text| Condition::new("v.text = ?", [text.into()]));
                    self.values(name, tests.collect())
                }
                Some(other) => return Err(unsupported(other)),
            },
            Compare::Date => {
                let tests = alternatives.iter().map(|value| date("v.since", "v.until", value));
                self.there(param, tests.collect::<Result<_, _>>()?)
            }
            Compare::Amount => {
                self.there(param, alternatives.iter().map(|value| amount(value)).collect::<Result<_, _>>()?)
            }
        }))
    }

    fn there(self, param: &Param, tests: Vec<Condition>) -> Condition {
        let any = Condition::any(tests);
        let (row, table) = (self.name(), table(param));
        let sql =
            format!("EXISTS (SELECT 1 FROM {table} v WHERE v.number = {row}.number AND v.name = ? AND {})", any.sql);
        Condition::new(sql, std::iter::once(param.name.to_owned().into()).chain(any.values))
    }

    fn values(self, name: &str, tests: Vec<Condition>) -> Condition {
        let any = Condition::any(tests);
        let row = self.name();
        let sql =
            format!("EXISTS (SELECT 1 FROM value v WHERE v.number = {row}.number AND v.name = ? AND {})", any.sql);
        Condition::new(sql, std::iter::once(name.to_owned().into()).chain(any.values))
    }

    /// `patient=P-1,P-2`, `subject=Patient/P-1`, `subject:Patient=P-1`, `http://.../fhir/Patient/P-1`.
    fn links(self, param: &Param, modifier: Option<&str>, alternatives: &[String]) -> Condition {
        let row = self.name();
        let mut typed = Vec::new();
        let mut bare: Vec<Sql> = Vec::new();
        for alternative in alternatives {
            let ours =
                alternative.strip_prefix(self.base).map_or(alternative.as_str(), |rest| rest.trim_start_matches('/'));
            let named = modifier.filter(|name| Kind::named(name).is_some());
            let only = (param.targets.len() == 1).then(|| param.targets.first().copied()).flatten();
            match ours.split_once('/') {
                Some((to, id)) => typed.push((to.to_owned(), id.split('/').next().unwrap_or(id).to_owned())),
                None => match named.or(only) {
                    Some(to) => typed.push((to.to_owned(), ours.to_owned())),
                    None => bare.push(ours.to_owned().into()),
                },
            }
        }
        if bare.is_empty() && param.is_person_of(self.kind) && typed.iter().all(|(to, _)| to == "Patient") {
            let persons = typed.into_iter().map(|(_, id)| Sql::from(id));
            return Condition::new(format!("{row}.person IN ({})", marks(persons.len())), persons);
        }
        let pairs = vec!["(?, ?)"; typed.len()].join(", ");
        let mut tests = Vec::new();
        if !typed.is_empty() {
            let values = typed.into_iter().flat_map(|(to, id)| [Sql::from(to), Sql::from(id)]);
            tests.push(Condition::new(format!("(v.kind, v.id) IN (VALUES {pairs})"), values));
        }
        if !bare.is_empty() {
            tests.push(Condition::new(format!("v.id IN ({})", marks(bare.len())), bare));
        }
        self.there(param, tests)
    }

    /// `patient.name=...`, `performer:Practitioner.name=...`
    fn chain(self, link: &str, rest: &str, value: &str) -> Result<Option<Condition>, Fault> {
        let (link, only) = link.split_once(':').map_or((link, None), |(link, only)| (link, Some(only)));
        let Some(param) = self.kind.param(link).filter(|param| param.compare == Compare::Link) else { return Ok(None) };
        let mut tests = Vec::new();
        for kind in Kind::all().filter(|kind| only.map_or(param.leads_to(kind.name()), |only| kind.name() == only)) {
            let deeper = self.deeper(kind)?;
            if let Some(condition) = deeper.condition(rest, value)? {
                let sql = format!("({}.kind = ? AND {})", deeper.name(), condition.sql);
                let values = std::iter::once(kind.name().to_owned().into()).chain(condition.values);
                tests.push(Condition::new(sql, values));
            }
        }
        if tests.is_empty() {
            return Err(Fault::invalid(format!("nothing that {link} leads to can be searched by {rest}")));
        }
        let any = Condition::any(tests);
        let (row, deeper) = (self.name(), format!("c{}", self.depth + 1));
        let sql = format!(
            "EXISTS (SELECT 1 FROM link v JOIN current {deeper} ON {deeper}.kind = v.kind AND {deeper}.id = v.id \
             WHERE v.number = {row}.number AND v.name = ? AND {})",
            any.sql
        );
        Ok(Some(Condition::new(sql, std::iter::once(param.name.to_owned().into()).chain(any.values))))
    }

    /// `Observation:patient:code`, after `_has:`.
    fn has(self, backwards: &str, value: &str) -> Result<Condition, Fault> {
        let wrong = || Fault::invalid(format!("`_has:{backwards}` cannot be searched by"));
        let mut parts = backwards.splitn(3, ':');
        let kind = parts.next().and_then(Kind::named).ok_or_else(wrong)?;
        let link = parts.next().and_then(|name| kind.param(name)).filter(|param| param.compare == Compare::Link);
        let (link, rest) = (link.ok_or_else(wrong)?, parts.next().ok_or_else(wrong)?);
        let deeper = self.deeper(kind)?;
        let condition = deeper.condition(rest, value)?.ok_or_else(wrong)?;
        let (row, deeper) = (self.name(), deeper.name());
        let sql = format!(
            "EXISTS (SELECT 1 FROM link v JOIN current {deeper} ON {deeper}.number = v.number \
             WHERE v.kind = {row}.kind AND v.id = {row}.id AND v.name = ? AND {deeper}.kind = ? AND {})",
            condition.sql
        );
        let values = [Sql::from(link.name.to_owned()), Sql::from(kind.name().to_owned())];
        Ok(Condition::new(sql, values.into_iter().chain(condition.values)))
    }
}

fn unsupported(modifier: &str) -> Fault {
    Fault::invalid(format!("modifier {modifier} is not supported"))
}

/// The table that a parameter's values lie in.
pub(crate) fn table(param: &Param) -> &'static str {
    match param.compare {
        Compare::Token | Compare::Text | Compare::Uri => "value",
        Compare::Link => "link",
        Compare::Date => "moment",
        Compare::Amount => "amount",
    }
}

/// Splits at commas that are not escaped (<https://hl7.org/fhir/R4/search.html#escaping>).
fn alternatives(value: &str) -> Result<Vec<String>, Fault> {
    let mut all = vec![String::new()];
    let mut letters = value.chars();
    while let Some(letter) = letters.next() {
        match letter {
            ',' => all.push(String::new()),
            '\\' => all.last_mut().map_or((), |last| last.extend(letters.next())),
            _ => all.last_mut().map_or((), |last| last.push(letter)),
        }
    }
    if all.len() > ALTERNATIVES_MAX {
        return Err(Fault::new(413, "too-long", format!("more than {ALTERNATIVES_MAX} alternatives")));
    }
    Ok(all)
}

/// `code`, `system|code`, `|code`, `system|`
fn token(value: &str) -> Condition {
    match value.split_once('|') {
        None => Condition::new("v.text = ?", [value.to_owned().into()]),
        Some(("", code)) => Condition::new("(v.system IS NULL AND v.text = ?)", [code.to_owned().into()]),
        Some((system, "")) => Condition::new("v.system = ?", [system.to_owned().into()]),
        Some((system, code)) => {
            Condition::new("(v.system = ? AND v.text = ?)", [system.to_owned().into(), code.to_owned().into()])
        }
    }
}

/// <https://hl7.org/fhir/R4/search.html#prefix>
fn prefixed(value: &str) -> (&str, &str) {
    match value.split_at_checked(2) {
        Some((prefix, text)) if prefix.bytes().all(|byte| byte.is_ascii_lowercase()) => (prefix, text),
        _ => ("eq", value),
    }
}

fn date(from: &str, until: &str, value: &str) -> Result<Condition, Fault> {
    let (prefix, text) = prefixed(value);
    let asked = span(text).ok_or_else(|| Fault::invalid(format!("`{value}` is no date")))?;
    between(prefix, from, until, asked.from.into(), asked.until.into())
}

/// `5.4`, `gt5.4`, `5.4|system|unit`: a number means what rounds to it.
fn amount(value: &str) -> Result<Condition, Fault> {
    let (prefix, text) = prefixed(value);
    let mut parts = text.split('|');
    let text = parts.next().unwrap_or_default();
    let number = text.parse::<f64>().ok().filter(|number| number.is_finite());
    let number = number.ok_or_else(|| Fault::invalid(format!("`{value}` is no number")))?;
    let decimals = text.split_once('.').map_or(0, |(_, decimals)| i32::try_from(decimals.len()).unwrap_or(9));
    let half = 0.5 * 10_f64.powi(-decimals);
    let exact = matches!(prefix, "gt" | "lt" | "ge" | "le");
    let (low, high) = if exact { (number, number) } else { (number - half, number + half) };
    let mut found = match prefix {
        "gt" => Condition::new("v.amount > ?", [low.into()]),
        "lt" => Condition::new("v.amount < ?", [low.into()]),
        "ge" => Condition::new("v.amount >= ?", [low.into()]),
        "le" => Condition::new("v.amount <= ?", [low.into()]),
        _ => between(prefix, "v.amount", "v.amount", low.into(), high.into())?,
    };
    for (column, text) in ["system", "unit"].into_iter().zip(parts).filter(|(_, text)| !text.is_empty()) {
        found.sql = format!("({} AND v.{column} = ?)", found.sql);
        found.values.push(text.to_owned().into());
    }
    Ok(found)
}

fn between(prefix: &str, from: &str, until: &str, a: Sql, b: Sql) -> Result<Condition, Fault> {
    Ok(match prefix {
        "eq" => Condition::new(format!("({from} >= ? AND {until} <= ?)"), [a, b]),
        "ne" => Condition::new(format!("NOT ({from} >= ? AND {until} <= ?)"), [a, b]),
        "gt" => Condition::new(format!("{until} > ?"), [b]),
        "lt" => Condition::new(format!("{from} < ?"), [a]),
        "ge" => Condition::new(format!("{until} > ?"), [a]),
        "le" => Condition::new(format!("{from} < ?"), [b]),
        "sa" => Condition::new(format!("{from} >= ?"), [b]),
        "eb" => Condition::new(format!("{until} <= ?"), [a]),
        "ap" => Condition::new(format!("({until} > ? AND {from} < ?)"), [a, b]),
        _ => return Err(Fault::invalid(format!("`{prefix}` is no prefix"))),
    })
}

/// So many `?`.
pub(crate) fn marks(count: usize) -> String {
    vec!["?"; count].join(", ")
}
