//! From method, target and body to an [`Interaction`]; the same for a request and for an entry of a batch.

use bytes::Bytes;
use serde_json::Value;

use super::history::History;
use super::interaction::{Interaction, OnlyIf};
use super::outcome::Fault;
use super::query;
use super::search::view::View;
use super::search::{Scope, Search};
use super::types::Kind;

type Pairs = Vec<(String, String)>;

/// What is asked.
#[derive(Clone, Debug, Default)]
pub(crate) struct Asked<'a> {
    pub(crate) method: &'a str,
    /// Below the base: `Observation/o-1`, `Observation?patient=P-1`.
    pub(crate) target: &'a str,
    pub(crate) if_match: Option<&'a str>,
    /// Of a write; a read's is answered to where the answer is made.
    pub(crate) if_none_match: Option<&'a str>,
    pub(crate) if_none_exist: Option<&'a str>,
    /// `Prefer: handling=strict`: an unknown parameter is an error.
    pub(crate) strict: bool,
    pub(crate) body: Bytes,
}

impl Asked<'_> {
    /// Understands it. `base` begins absolute references to records of ours.
    pub(crate) fn interaction(self, base: &str) -> Result<Interaction, Fault> {
        let (path, text) = self.target.split_once('?').unwrap_or((self.target, ""));
        let pairs = query::pairs(text);
        let parts: Vec<String> = path.split('/').filter(|part| !part.is_empty()).map(query::decode).collect();
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        if let ("GET", [], Some(token)) = (self.method, &parts[..], value(&pairs, "_getpages")) {
            let number = |name: &str| value(&pairs, name).and_then(|value| value.parse().ok());
            let offset = number("_getpagesoffset").unwrap_or_default();
            return Ok(Interaction::Page { token: token.to_owned(), offset, count: number("_count") });
        }
        match (self.method, &parts[..]) {
            ("GET", [.., "_search"]) => Err(self.unknown()),
            ("POST", [before @ .., "_search"]) => {
                let pairs = pairs.into_iter().chain(query::pairs(String::from_utf8_lossy(&self.body).trim())).collect();
                match before {
                    [] => self.search(&Scope::System, String::new(), &pairs, base),
                    _ => self.search_below(before, &pairs, base).unwrap_or_else(|| Err(self.unknown())),
                }
            }
            ("GET", []) => self.search(&Scope::System, String::new(), &pairs, base),
            ("GET", ["_history"]) => Ok(Interaction::History(History::parse(None, None, &pairs)?)),
            ("GET" | "POST", ["Patient", "$everything"]) => self.everything(None, pairs, base),
            ("GET" | "POST", ["Patient", id, "$everything"]) => self.everything(Some(id), pairs, base),
            ("GET", ["Patient", _, last]) if *last == "*" || Kind::named(last).is_some() => {
                self.search_below(&parts, &pairs, base).unwrap_or_else(|| Err(self.unknown()))
            }
            (_, [name, rest @ ..]) => match Kind::named(name) {
                Some(kind) => self.of_type(kind, rest, &pairs, base),
                None => Err(self.unknown()),
            },
            _ => Err(self.unknown()),
        }
    }

    fn unknown(&self) -> Fault {
        let path = self.target.split('?').next().unwrap_or_default();
        Fault::new(404, "not-supported", format!("{} {path} is not served", self.method))
    }

    fn of_type(self, kind: Kind, rest: &[&str], pairs: &Pairs, base: &str) -> Result<Interaction, Fault> {
        let only_if =
            OnlyIf { matches: self.if_match.map(str::to_owned), matches_none: self.if_none_match.map(str::to_owned) };
        let condition = |pairs: &Pairs| Ok::<_, Fault>(Box::new(Search::parse(&Scope::Type(kind), pairs, base)?));
        Ok(match (self.method, rest) {
            ("GET", []) => return self.search(&Scope::Type(kind), kind.name().to_owned(), pairs, base),
            ("GET", ["_history"]) => Interaction::History(History::parse(Some(kind), None, pairs)?),
            ("GET", [id]) => Interaction::Read { kind, id: (*id).to_owned(), view: View::parse(pairs)? },
            ("GET", [id, "_history"]) => Interaction::History(History::parse(Some(kind), Some(id), pairs)?),
            ("GET", [id, "_history", version]) => Interaction::Vread {
                kind,
                id: (*id).to_owned(),
                version: version.parse().map_err(|_| Fault::not_found(kind.name(), id))?,
                view: View::parse(pairs)?,
            },
            ("POST", []) => {
                // A condition may be given as it stands behind `?`, or with the type before it.
                let unless = self.if_none_exist.map(|text| text.split_once('?').map_or(text, |(_, text)| text));
                let unless = unless.map(|text| condition(&query::pairs(text))).transpose()?;
                Interaction::Create { kind, id: None, unless, body: self.body, blob: None }
            }
            ("PUT", []) => {
                let search = condition(pairs)?;
                Interaction::UpdateFound { kind, search, id: None, only_if, body: self.body }
            }
            ("PUT", [id]) => Interaction::Update { kind, id: (*id).to_owned(), only_if, body: self.body, blob: None },
            ("DELETE", []) => Interaction::DeleteFound { kind, search: condition(pairs)?, only_if },
            ("DELETE", [id]) => Interaction::Delete { kind, id: (*id).to_owned(), only_if },
            (_, [_] | []) => {
                return Err(Fault::new(405, "not-supported", format!("{} is not served here", self.method)));
            }
            _ => return Err(self.unknown()),
        })
    }

    /// `Observation`, `Patient/P-1/Observation`, `Patient/P-1/*`; none for anything else.
    fn search_below(&self, parts: &[&str], pairs: &Pairs, base: &str) -> Option<Result<Interaction, Fault>> {
        let scope = match parts {
            [name] => Scope::Type(Kind::named(name)?),
            ["Patient", id, "*"] => Scope::Compartment((*id).to_owned(), None),
            ["Patient", id, name] => Scope::Compartment((*id).to_owned(), Some(Kind::named(name)?)),
            _ => return None,
        };
        Some(self.search(&scope, parts.join("/"), pairs, base))
    }

    fn search(&self, scope: &Scope, path: String, pairs: &Pairs, base: &str) -> Result<Interaction, Fault> {
        let search = Search::parse(scope, pairs, base)?;
        if let Some(name) = search.unknown.first().filter(|_| self.strict) {
            return Err(Fault::invalid(format!("`{name}` is no parameter that is understood here")));
        }
        Ok(Interaction::Search { path, search: Box::new(search) })
    }

    /// <https://hl7.org/fhir/R4/patient-operation-everything.html>: parameters in the query or, by POST, in a Parameters.
    fn everything(self, person: Option<&str>, mut pairs: Pairs, base: &str) -> Result<Interaction, Fault> {
        if self.method == "POST" && !self.body.is_empty() {
            let parameters: Value = serde_json::from_slice(&self.body)
                .map_err(|error| Fault::new(400, "structure", format!("no Parameters: {error}")))?;
            for parameter in parameters.get("parameter").and_then(Value::as_array).into_iter().flatten() {
                let members = parameter.as_object().into_iter().flatten();
                let given = members.filter(|(name, _)| name.starts_with("value")).map(|(_, value)| value).next();
                if let (Some(name), Some(value)) = (parameter.get("name").and_then(Value::as_str), given) {
                    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                    pairs.push((name.to_owned(), text));
                }
            }
        }
        let scope = person.map_or(Scope::Compartments, |id| Scope::Compartment(id.to_owned(), None));
        let mut search = Box::new(Search::parse(&scope, &pairs, base)?);
        search.with_referred();
        if let Some(text) = value(&pairs, "_since") {
            let since = super::date::span(text).ok_or_else(|| Fault::invalid(format!("`{text}` is no date")))?;
            search.since(since.from, text);
        }
        Ok(match person {
            Some(person) => Interaction::Everything { person: person.to_owned(), search },
            None => Interaction::Search { path: "Patient/$everything".to_owned(), search },
        })
    }
}

fn value<'a>(pairs: &'a Pairs, name: &str) -> Option<&'a str> {
    pairs.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
}
