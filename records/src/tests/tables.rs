//! Our tables beside FHIR R4's definitions, as the stand-in store has them (`backend-stub/data/types.txt`).

use std::collections::HashMap;

use crate::FhirType;
use crate::fhir::search::{self, include};
use crate::fhir::types::PersonElement;
use crate::{Head, Unreadable, read_head};

/// A type as it is published.
#[derive(Default)]
struct Published {
    summary: Vec<String>,
    /// Name; kind; for references, where they lead.
    parameters: HashMap<String, (String, Vec<String>)>,
}

fn published() -> HashMap<String, Published> {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../backend-stub/data/types.txt");
    let text = std::fs::read_to_string(path).unwrap();
    let (mut types, mut name) = (HashMap::<String, Published>::new(), String::new());
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
        if words[0] == "type" {
            name.clone_from(&words[1]);
        }
        let published = types.entry(name.clone()).or_default();
        match words[0].as_str() {
            "summary" => published.summary = words[1..].to_vec(),
            "param" => {
                let targets =
                    if words[2] == "reference" { words[3].split(',').map(str::to_owned).collect() } else { Vec::new() };
                published.parameters.insert(words[1].clone(), (words[2].clone(), targets));
            }
            _ => {}
        }
    }
    types
}

#[test]
fn every_parameter_is_published_with_its_kind() {
    let types = published();
    let mut count = 0;
    for fhir_type in FhirType::ALL {
        // Of directory entries that the stand-in store has not, nothing is known here.
        let Some(published) = types.get(fhir_type.as_str()) else {
            assert!(fhir_type.is_directory(), "{fhir_type}");
            continue;
        };
        for (name, kind) in search::served(*fhir_type).into_iter().filter(|(name, _)| !name.starts_with('_')) {
            // A patient's older name for the date stands on no list of FHIR's.
            let Some((published, _)) = published.parameters.get(name) else {
                assert!(["date", "subject"].contains(&name), "{fhir_type} has no parameter `{name}`");
                continue;
            };
            // What is published as a text may be searched by its beginning, and a code of a reference by nothing.
            assert_eq!(published, kind, "{fhir_type} {name}");
            count += 1;
        }
    }
    assert!(count > 300, "only {count} parameters");
}

#[test]
fn every_link_is_published_and_leads_where_we_say() {
    let types = published();
    let mut count = 0;
    for fhir_type in FhirType::ALL {
        for link in include::links_from(*fhir_type) {
            let (_, element) = link.split_once(':').unwrap();
            let (kind, targets) = &types[fhir_type.as_str()].parameters[element];
            assert_eq!(kind, "reference", "{link}");
            let mut leads_somewhere = false;
            for to in FhirType::ALL.iter().filter(|to| include::leads_to(&link, **to)) {
                // `*`: to any type.
                let published = targets.iter().any(|target| target == to.as_str() || target == "*");
                assert!(published, "{link} never leads to {to}");
                leads_somewhere = true;
                count += 1;
            }
            assert!(leads_somewhere, "{link}");
        }
    }
    assert!(count > 200, "only {count} links");
}

/// A summary may be asked for exactly where FHIR's own says whose the record is.
#[test]
fn a_summary_is_served_where_it_says_whose_it_is() {
    let types = published();
    for fhir_type in FhirType::ALL.iter().filter(|one| !search::served(**one).is_empty()) {
        let says_whose = match fhir_type.person_element() {
            PersonElement::Reference(element) | PersonElement::OneOf(element, _) => {
                types[fhir_type.as_str()].summary.iter().any(|name| name == element)
            }
            PersonElement::OwnId | PersonElement::None => true,
        };
        let target = format!("/fhir/{fhir_type}?_summary=true");
        let read = read_head(&Head { method: "GET", target: &target, headers: &[] });
        let refused = matches!(read, Err(Unreadable::Parameter { .. }));
        assert_eq!(refused, !says_whose, "{target}: {read:?}");
    }
}
