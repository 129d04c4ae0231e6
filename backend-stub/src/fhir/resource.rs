//! A resource as text in pieces: the top-level members, each with its value exactly as it came (36.50 stays 36.50). The
//! store owns `id` and `meta.versionId` / `meta.lastUpdated`; everything else it hands back as it got it.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use super::outcome::Fault;
use super::types::Kind;

/// The top-level members, in their order.
#[derive(Debug)]
pub(crate) struct Resource {
    members: Vec<(String, Box<RawValue>)>,
}

impl<'de> Deserialize<'de> for Resource {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;
        impl<'de> Visitor<'de> for Members {
            type Value = Resource;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Resource, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry::<String, Box<RawValue>>()? {
                    members.push(member);
                }
                Ok(Resource { members })
            }
        }
        deserializer.deserialize_map(Members)
    }
}

impl Resource {
    /// Reads a JSON object.
    pub(crate) fn parse(body: &[u8]) -> Result<Self, Fault> {
        serde_json::from_slice(body).map_err(|error| Fault::new(400, "structure", format!("no JSON object: {error}")))
    }

    /// The raw text of a member.
    pub(crate) fn member(&self, name: &str) -> Option<&str> {
        self.members.iter().find(|(key, _)| key == name).map(|(_, value)| value.get())
    }

    /// A member that is a string.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        serde_json::from_str(self.member(name)?).ok()
    }

    /// The type, if it is served.
    pub(crate) fn kind(&self) -> Result<Kind, Fault> {
        let name = self.text("resourceType").ok_or_else(|| Fault::invalid("resourceType is missing"))?;
        Kind::named(&name).ok_or_else(|| Fault::new(422, "not-supported", format!("{name} is not served")))
    }

    /// Takes a member out.
    pub(crate) fn take(&mut self, name: &str) -> Option<Box<RawValue>> {
        let at = self.members.iter().position(|(key, _)| key == name)?;
        Some(self.members.remove(at).1)
    }

    /// The text that is stored: type, id and meta first, then the rest as it came.
    pub(crate) fn render(&self, kind: Kind, id: &str, version: i64, at: &str) -> String {
        let mut meta: Map<String, Value> =
            self.member("meta").and_then(|meta| serde_json::from_str(meta).ok()).unwrap_or_default();
        meta.insert("versionId".to_owned(), json!(version.to_string()));
        meta.insert("lastUpdated".to_owned(), json!(at));
        let meta = Value::Object(meta).to_string();
        let own = ["resourceType", "id", "meta"];
        let rest = self.members.iter().filter(|(key, _)| !own.contains(&key.as_str()));
        let (kind, id) = (json!(kind.name()).to_string(), json!(id).to_string());
        write(
            [("resourceType", kind.as_str()), ("id", id.as_str()), ("meta", meta.as_str())]
                .into_iter()
                .chain(rest_of(rest)),
        )
    }

    /// The members that are shown, with `resourceType`, `id`, and a `meta` that says that it is a part.
    pub(crate) fn part(&self, shown: impl Fn(&str) -> bool) -> String {
        let mut meta: Map<String, Value> =
            self.member("meta").and_then(|meta| serde_json::from_str(meta).ok()).unwrap_or_default();
        let subset =
            json!({ "system": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue", "code": "SUBSETTED" });
        match meta.get_mut("tag") {
            Some(Value::Array(tags)) => tags.push(subset),
            _ => drop(meta.insert("tag".to_owned(), json!([subset]))),
        }
        let meta = Value::Object(meta).to_string();
        let members = self.members.iter().filter_map(|(key, value)| match key.as_str() {
            "meta" => Some(("meta", meta.as_str())),
            "resourceType" | "id" => Some((key.as_str(), value.get())),
            _ => shown(key).then(|| (key.as_str(), value.get())),
        });
        write(members)
    }
}

fn rest_of<'a>(members: impl Iterator<Item = &'a (String, Box<RawValue>)>) -> impl Iterator<Item = (&'a str, &'a str)> {
    members.map(|(key, value)| (key.as_str(), value.get()))
}

fn write<'a>(members: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let mut text = String::with_capacity(1_024);
    text.push('{');
    for (key, value) in members {
        if text.len() > 1 {
            text.push(',');
        }
        text.push_str(&json!(key).to_string());
        text.push(':');
        text.push_str(value);
    }
    text.push('}');
    text
}

/// Adds one member to a rendered resource.
pub(crate) fn with_member(body: &str, name: &str, value: &str) -> String {
    let open = body.strip_suffix('}').unwrap_or(body);
    format!("{open},{}:{value}}}", json!(name))
}

#[cfg(test)]
mod tests {
    use super::Resource;
    use crate::fhir::types::Kind;

    fn check(body: &str, expected: &str) {
        let resource = Resource::parse(body.as_bytes()).unwrap();
        assert_eq!(resource.render(Kind::named("Observation").unwrap(), "o-1", 2, "T"), expected);
    }

    #[test]
    fn numbers_and_order_survive() {
        check(
            r#"{"id":"x","valueQuantity":{"value":36.50},"meta":{"versionId":"9","profile":["p"]},"status":"final"}"#,
            r#"{"resourceType":"Observation","id":"o-1","meta":{"versionId":"2","profile":["p"],"lastUpdated":"T"},"valueQuantity":{"value":36.50},"status":"final"}"#,
        );
    }

    #[test]
    fn a_part_keeps_what_was_asked_and_says_so() {
        let body = r#"{"resourceType":"Observation","id":"o-1","meta":{},"subject":{"reference":"Patient/P-1"},"status":"final"}"#;
        let answer = Resource::parse(body.as_bytes()).unwrap().part(|name| name == "subject");
        assert!(
            answer.contains("SUBSETTED") && answer.contains("Patient/P-1") && !answer.contains("final"),
            "{answer}"
        );
    }

    #[test]
    fn what_is_no_object_is_refused() {
        for body in ["", "[]", "null", "{", r#"{"a":1}x"#, r#"{"a":}"#] {
            assert!(Resource::parse(body.as_bytes()).is_err(), "{body}");
        }
    }
}
