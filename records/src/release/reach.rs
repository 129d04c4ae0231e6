//! Why a record comes along with a search: a record that is shown names it, or is named by it, and that is a link between
//! records of their types along which something was asked to come.
//!
//! What comes along with a record that is left out would tell that there is such a record. So once something was left out,
//! only that goes out which belongs to what was shown before it: stores list the matches first, and what comes along behind
//! what it came along with.

use std::collections::HashSet;

use super::found::Found;
use crate::bounds::REACHED_MAX;
use crate::fhir::search::Expected;
use crate::fhir::types::FhirType;
use crate::json::{Json, Object};

/// What has been shown so far, and what it names. Empty where nothing comes along.
#[derive(Debug, Default)]
pub(super) struct Reach {
    shown: HashSet<String>,
    named: HashSet<String>,
    /// Something was left out, whatever the reason.
    pub(super) left_out: bool,
}

impl Reach {
    /// Remembers what is shown, as far as anything may come along with it. What goes beyond the bound is not remembered, and
    /// what belongs to it not shown where something was left out.
    pub(super) fn show(&mut self, found: &Found<'_, '_>, expected: &Expected) {
        if !expected.brings_along() || self.shown.len() + self.named.len() >= REACHED_MAX {
            return;
        }
        let (ways, is_match) = (expected.ways(), found.mode == "match");
        if ways.iter().any(|way| way.leads_back(found.fhir_type, is_match)) {
            self.shown.extend(own_name(found.resource, found.fhir_type));
        }
        let room = REACHED_MAX.saturating_sub(self.shown.len() + self.named.len());
        let comes = |name: &String| ways.iter().any(|way| way.leads(found.fhir_type, is_match, name));
        self.named.extend(references(found.resource).filter(comes).take(room));
    }

    /// Whether a record may go out: nothing was left out, or it belongs to what was shown.
    pub(super) fn holds(&self, resource: &Object<'_>, fhir_type: FhirType, expected: &Expected) -> bool {
        let came_back = |name: &String| expected.ways().iter().any(|way| way.came_back(fhir_type, name));
        !self.left_out
            || own_name(resource, fhir_type).is_some_and(|name| self.named.contains(&name))
            || references(resource).filter(came_back).any(|name| self.shown.contains(&name))
    }
}

fn own_name(resource: &Object<'_>, fhir_type: FhirType) -> Option<String> {
    Some(format!("{fhir_type}/{}", resource.text("id")?))
}

/// `Type/id` of all that a record refers to, at whatever address and in whichever version.
fn references(resource: &Object<'_>) -> impl Iterator<Item = String> {
    let mut found = Vec::new();
    collect(resource, &mut found);
    found.into_iter()
}

fn collect(object: &Object<'_>, found: &mut Vec<String>) {
    for (name, value) in object.members() {
        match value {
            Json::Text(text) if name == "reference" => found.extend(named(text)),
            Json::Object(inner) => collect(inner, found),
            Json::List(list) => list.iter().filter_map(Json::object).for_each(|inner| collect(inner, found)),
            _ => {}
        }
    }
}

fn named(reference: &str) -> Option<String> {
    let plain = reference.split_once("/_history/").map_or(reference, |(plain, _)| plain);
    let mut parts = plain.rsplit('/');
    let (id, name) = (parts.next()?, parts.next()?);
    Some(format!("{name}/{id}"))
}

#[cfg(test)]
mod tests {
    use super::{named, references};
    use crate::json;

    #[test]
    fn what_a_record_refers_to() {
        for (reference, expected) in [
            ("Encounter/e-1", Some("Encounter/e-1")),
            ("Encounter/e-1/_history/2", Some("Encounter/e-1")),
            ("https://store.example/fhir/Encounter/e-1", Some("Encounter/e-1")),
            ("#inside", None),
        ] {
            assert_eq!(named(reference).as_deref(), expected, "{reference}");
        }
        let resource = r#"{"subject":{"reference":"Patient/P-1"},"note":"Patient/P-2","contained":[{"a":[{"b":{"reference":"Encounter/e-1"}}]}]}"#;
        let tree = json::parse(resource.as_bytes()).unwrap();
        let found: Vec<String> = references(tree.object().unwrap()).collect();
        assert_eq!(found, ["Patient/P-1", "Encounter/e-1"]);
    }
}
