//! What a resource can be found by: taken out of its JSON once, when it is written.

use serde_json::Value;

use crate::fhir::date::{Span, span};
use crate::fhir::types::{Compare, Kind, PersonElement};

/// Everything a search looks at.
#[derive(Debug, Default)]
pub(crate) struct Index {
    /// The person it belongs to.
    pub(crate) person: Option<String>,
    /// When it happened.
    pub(crate) date: Option<Span>,
    /// (parameter, system, code or text)
    pub(crate) values: Vec<(&'static str, Option<String>, String)>,
    /// (parameter, type, id)
    pub(crate) links: Vec<(&'static str, String, String)>,
}

impl Index {
    /// Of a resource of this type and id.
    pub(crate) fn of(kind: Kind, id: &str, resource: &Value) -> Self {
        let mut index = Self {
            person: match kind.served().person {
                PersonElement::OwnId => Some(id.to_owned()),
                PersonElement::Reference(element) => {
                    resource.get(element).and_then(reference).and_then(|(to, id)| (to == "Patient").then_some(id))
                }
                PersonElement::Nobody => None,
            },
            ..Self::default()
        };
        for param in kind.served().params {
            for path in param.paths {
                let mut found = Vec::new();
                walk(resource, path, &mut found);
                for value in found {
                    index.add(param.name, param.compare, value);
                }
            }
        }
        index
    }

    fn add(&mut self, name: &'static str, compare: Compare, value: &Value) {
        match compare {
            Compare::Token => tokens(value, &mut |system, code| self.values.push((name, system, code))),
            Compare::Text => {
                if let Some(text) = value.as_str() {
                    self.values.push((name, None, text.to_owned()));
                }
            }
            Compare::Link => {
                if let Some((to, id)) = reference(value) {
                    self.links.push((name, to, id));
                }
            }
            Compare::Date => self.date = self.date.or_else(|| when(value)),
        }
    }
}

/// All values at a dotted path.
pub(crate) fn walk<'a>(value: &'a Value, path: &str, found: &mut Vec<&'a Value>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| walk(item, path, found)),
        _ if path.is_empty() => found.push(value),
        Value::Object(members) => {
            let (first, rest) = path.split_once('.').unwrap_or((path, ""));
            if let Some(member) = members.get(first) {
                walk(member, rest, found);
            }
        }
        _ => {}
    }
}

/// `Type/id` out of a Reference; a version behind it is let go.
pub(crate) fn reference(value: &Value) -> Option<(String, String)> {
    let mut parts = value.get("reference")?.as_str()?.split('/');
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
