//! Our tables beside the published definitions of FHIR R4, which come with its examples.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::fetched::{examples, sorted};
use crate::fhir::labels;
use crate::fhir::parameters::{Value, parameters};
use crate::fhir::types::{FhirType, PersonElement};

fn definition(folder: &Path, name: &str) -> serde_json::Value {
    let text = std::fs::read(folder.join(format!("{name}.json"))).unwrap();
    serde_json::from_slice(&text).unwrap()
}

/// The published search parameters, by type and name.
fn published_parameters(folder: &Path) -> BTreeMap<(String, String), serde_json::Value> {
    let mut published = BTreeMap::new();
    for path in sorted(folder, "json") {
        if !path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("SearchParameter-")) {
            continue;
        }
        let parameter: serde_json::Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        // Those of extensions have no type of their own.
        for base in parameter["base"].as_array().into_iter().flatten() {
            let key = (base.as_str().unwrap().to_owned(), parameter["code"].as_str().unwrap().to_owned());
            published.insert(key, parameter.clone());
        }
    }
    published
}

/// What we send on is what R4 defines: the name, on that type, of that kind; a sort key is a date; an include leads to
/// the directory.
#[test]
fn our_search_parameters_are_those_of_r4() {
    let Some(folder) = examples() else { return };
    let published = published_parameters(&folder);
    let of = |fhir_type: FhirType, name: &str| {
        let own = published.get(&(fhir_type.as_str().to_owned(), name.to_owned()));
        let all = || published.get(&("Resource".to_owned(), name.to_owned()));
        own.or_else(all).unwrap_or_else(|| panic!("R4 knows no `{name}` of {fhir_type}"))
    };
    let mut wrong = Vec::new();
    let mut count = 0;
    for fhir_type in FhirType::ALL {
        for parameter in parameters(*fhir_type) {
            count += 1;
            let expected = match parameter.value {
                Value::Person if parameter.name == "_id" => "token",
                Value::Person | Value::Link => "reference",
                Value::Id | Value::Token => "token",
                Value::Date => "date",
                Value::Name => "string",
                Value::Number { .. } => continue,
                Value::Sort(key) | Value::SortByName(key) => {
                    // `_sort=date` means this one only where R4 has no other.
                    let other =
                        key != "date" && published.contains_key(&(fhir_type.as_str().to_owned(), "date".to_owned()));
                    assert!(
                        !other || matches!(parameter.value, Value::SortByName(_)),
                        "{fhir_type}: `date` is no `{key}`"
                    );
                    assert_eq!(of(*fhir_type, key)["type"], "date", "{fhir_type}: {key}");
                    continue;
                }
                Value::Include(elements) => {
                    for element in elements {
                        let (own, name) = element.split_once(':').unwrap();
                        assert_eq!(own, fhir_type.as_str());
                        let targets = published.get(&(own.to_owned(), name.to_owned())).map(|found| &found["target"]);
                        let leads = |to: &str| {
                            targets.is_some_and(|targets| targets.as_array().unwrap().iter().any(|target| target == to))
                        };
                        if !leads("Practitioner") && !leads("Organization") {
                            wrong.push((*element).to_owned());
                        }
                    }
                    continue;
                }
            };
            assert_eq!(of(*fhir_type, parameter.name)["type"], expected, "{fhir_type}: {}", parameter.name);
        }
    }
    assert_eq!(wrong, Vec::<String>::new(), "R4 defines no such include");
    assert!(count > 400, "only {count} parameters");
}

/// The element that decides is one of the patient compartment's, or stands here with its reason.
#[test]
fn the_element_that_decides_is_one_of_the_patient_compartment() {
    /// Not in the compartment of R4 (`types.rs` says why they are served).
    const OUTSIDE: [(&str, &str); 3] = [("Binary", "securityContext"), ("Device", "patient"), ("Task", "for")];
    let Some(folder) = examples() else { return };
    let published = published_parameters(&folder);
    let compartment = definition(&folder, "CompartmentDefinition-patient");
    let listed = compartment["resource"].as_array().unwrap();
    for fhir_type in FhirType::ALL {
        let name = fhir_type.as_str();
        let entry = listed.iter().find(|entry| entry["code"] == name).unwrap();
        let expressions: Vec<String> = entry["param"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|code| published.get(&(name.to_owned(), code.as_str().unwrap().to_owned())))
            .flat_map(|parameter| {
                parameter["expression"]
                    .as_str()
                    .unwrap()
                    .split('|')
                    .map(|one| one.trim().to_owned())
                    .collect::<Vec<_>>()
            })
            .filter_map(|one| {
                one.strip_prefix(&format!("{name}.")).map(|path| path.split(".where(").next().unwrap().to_owned())
            })
            .collect();
        let element = match fhir_type.person_element() {
            PersonElement::OwnId => continue,
            PersonElement::Reference(element) => element.to_owned(),
            PersonElement::OneOf(list, element) => format!("{list}.{element}"),
            PersonElement::None => {
                assert!(expressions.is_empty(), "{name} is in the compartment, and counts as directory here");
                continue;
            }
        };
        let outside = OUTSIDE.contains(&(name, element.as_str()));
        assert!(outside != expressions.contains(&element), "{name}: {element} is not among {expressions:?}");
    }
}

/// Served and refused types together are those of R4; see `fhir/refused.rs`.
#[test]
fn no_type_of_r4_is_forgotten() {
    let Some(folder) = examples() else { return };
    let mut count = 0;
    for path in sorted(&folder, "json") {
        if !path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("StructureDefinition-")) {
            continue;
        }
        let definition: serde_json::Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        let concrete = definition["kind"] == "resource"
            && definition["derivation"] == "specialization"
            && definition["abstract"] == false;
        if concrete {
            let name = definition["type"].as_str().unwrap();
            let known = FhirType::parse(name).is_ok() || crate::fhir::refused::why(name) != "is no type of FHIR R4";
            assert!(known, "`{name}` is neither served nor refused");
            count += 1;
        }
    }
    assert_eq!(count, 146);
}

/// The codes that say why a record is delicate are those that HL7 publishes.
#[test]
fn the_sensitivity_codes_are_those_of_hl7() {
    fn below<'t>(concepts: &'t serde_json::Value, inside: bool, found: &mut Vec<&'t str>) {
        for concept in concepts.as_array().into_iter().flatten() {
            let code = concept["code"].as_str().unwrap();
            if inside && !code.starts_with('_') {
                found.push(code);
            }
            below(&concept["concept"], inside || code == "_InformationSensitivityPolicy", found);
        }
    }
    let Some(folder) = examples() else { return };
    let codes = definition(&folder, "CodeSystem-v3-ActCode");
    let mut found = Vec::new();
    below(&codes["concept"], false, &mut found);
    found.sort_unstable();
    assert_eq!(found, labels::SENSITIVITY);
}

/// The table that FHIRPath Patch works with; `UPDATE_TEXTS=1` makes it anew.
#[test]
fn the_table_of_elements_is_that_of_r4() {
    let Some(folder) = examples() else { return };
    let mut table: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut next: Vec<String> = FhirType::ALL.iter().map(|fhir_type| fhir_type.as_str().to_owned()).collect();
    let mut done = BTreeSet::new();
    while let Some(name) = next.pop() {
        if !done.insert(name.clone()) {
            continue;
        }
        let definition = definition(&folder, &format!("StructureDefinition-{name}"));
        if definition["kind"] == "primitive-type" {
            continue;
        }
        let elements = definition["snapshot"]["element"].as_array().unwrap();
        let above: BTreeSet<&str> = elements
            .iter()
            .filter_map(|element| element["path"].as_str().unwrap().rsplit_once('.').map(|(above, _)| above))
            .collect();
        for element in elements {
            let path = element["path"].as_str().unwrap();
            let Some((parent, own)) = path.rsplit_once('.') else { continue };
            // What is the store's, and resources inside, are not patched.
            if definition["kind"] == "resource"
                && parent == name
                && ["id", "meta", "implicitRules", "contained"].contains(&own)
            {
                continue;
            }
            let types: Vec<String> = match element["contentReference"].as_str() {
                Some(reference) => vec![reference.trim_start_matches('#').to_owned()],
                None => element["type"].as_array().unwrap().iter().map(|one| type_name(one, path, &above)).collect(),
            };
            next.extend(types.iter().filter(|name| !name.contains('.')).cloned());
            let repeats = if element["max"] == "1" || element["max"] == "0" { "" } else { "*" };
            table.entry(parent.to_owned()).or_default().push(format!(" {own}{repeats} {}\n", types.join(" ")));
        }
    }
    let mut text =
        "# Made from the published definitions of FHIR R4 by the test `the_table_of_elements_is_that_of_r4`.\n"
            .to_owned();
    for (name, lines) in table {
        text.push_str(&format!("{name}\n{}", lines.concat()));
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/patch/elements.txt");
    if std::env::var_os("UPDATE_TEXTS").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    assert!(std::fs::read_to_string(&path).unwrap() == text, "{} is not that of R4", path.display());
}

/// The type of an element: its own path where it has elements inside, R4's name for what FHIRPath calls `System.String`.
fn type_name(given: &serde_json::Value, path: &str, above: &BTreeSet<&str>) -> String {
    let code = given["code"].as_str().unwrap();
    if above.contains(path) {
        return path.to_owned();
    }
    if !code.starts_with("http://hl7.org/fhirpath/") {
        return code.to_owned();
    }
    let extensions = given["extension"].as_array().into_iter().flatten();
    let own = extensions.filter_map(|extension| extension["valueUrl"].as_str()).next();
    own.unwrap_or("string").to_owned()
}
