//! Other people's data through our extraction: FHIR R4's own examples, and two makers of synthetic records. Each resource is
//! resolved to its person, belongs to the directory, or is refused with a cause; how many of each stands in
//! `testdata/corpora/*.txt`, so that a change of rule shows as a change of figures.
//!
//! The files are not ours to commit: they are fetched into `target/corpora` (npm, pip) at the versions named here. Without a
//! network, `SEKISHO_WITHOUT_CORPORA=1` leaves these tests out, loudly.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::fhir::labels;
use crate::fhir::parameters::{Value, parameters};
use crate::fhir::types::{FhirType, PersonElement};
use crate::{Known, Unreadable, Whom, Whose, whose};

const EXAMPLES: &str = "hl7.fhir.r4.examples";
const EXAMPLES_VERSION: &str = "4.0.1";

fn root() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../target/corpora"))
}

/// The folder of a corpus; `make` fills it when it is not there. Two tests may do so at once: the first to be done counts.
fn corpus(name: &str, make: impl FnOnce(&Path)) -> Option<PathBuf> {
    let folder = root().join(name);
    if folder.exists() {
        return Some(folder);
    }
    if std::env::var_os("SEKISHO_WITHOUT_CORPORA").is_some() {
        eprintln!("\n*** LEFT OUT: corpus `{name}` is not there, and SEKISHO_WITHOUT_CORPORA is set ***\n");
        return None;
    }
    std::fs::create_dir_all(root()).unwrap();
    let making = root().join(format!("making-{name}-{}", std::process::id()));
    std::fs::create_dir_all(&making).unwrap();
    make(&making);
    if std::fs::rename(&making, &folder).is_err() {
        assert!(folder.exists(), "{} cannot be put in its place", making.display());
        std::fs::remove_dir_all(&making).unwrap();
    }
    Some(folder)
}

fn run(command: &mut Command) {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?} (SEKISHO_WITHOUT_CORPORA=1 leaves this test out):\n{said}");
}

fn examples() -> Option<PathBuf> {
    let folder = corpus("fhir-r4-examples", |folder| {
        run(Command::new("npm")
            .args(["pack", &format!("{EXAMPLES}@{EXAMPLES_VERSION}"), "--silent"])
            .current_dir(folder));
        let archive = format!("{EXAMPLES}-{EXAMPLES_VERSION}.tgz");
        run(Command::new("tar").args(["xzf", &archive]).current_dir(folder));
        std::fs::remove_file(folder.join(archive)).unwrap();
    });
    folder.map(|folder| folder.join("package"))
}

/// The makers of synthetic records, with all they need at fixed versions: the same seed, the same bytes.
fn makers() -> Option<PathBuf> {
    corpus("makers", |folder| {
        let list = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/corpora/requirements.txt");
        let target = folder.to_str().unwrap();
        let arguments = ["-m", "pip", "install", "--quiet", "--no-deps", "--target", target, "-r", list];
        run(Command::new("python3").args(arguments));
    })
}

fn made(name: &str, maker: &str, arguments: &[&str]) -> Option<PathBuf> {
    let makers = makers()?;
    corpus(name, |folder| {
        // Written to the file's own folder, whatever the maker calls it.
        let program = format!("import sys; from {maker}; sys.exit(main())");
        let mut command = Command::new("python3");
        command.args(["-c", &program]).args(arguments).env("PYTHONPATH", &makers).current_dir(folder);
        run(&mut command);
    })
}

/// Outcomes by type, and causes by their kind.
#[derive(Default)]
struct Figures {
    resources: usize,
    of_served_types: usize,
    resolved: usize,
    outcomes: BTreeMap<String, usize>,
    sensitive: usize,
    authored: usize,
}

impl Figures {
    fn count(&mut self, known: &Result<Known, Unreadable>) {
        self.resources += 1;
        self.resolved += usize::from(known.is_ok());
        let empty = matches!(
            known,
            Err(Unreadable::Type(_) | Unreadable::Body(_) | Unreadable::Json(_) | Unreadable::BodyTooLarge(_))
        );
        self.of_served_types += usize::from(!empty);
        let outcome = match known {
            Ok(known) => {
                self.sensitive += usize::from(known.sensitive);
                self.authored += usize::from(matches!(&known.authors, crate::Authors::Named(ids) if !ids.is_empty()));
                match known.owner {
                    Whom::Person(_) => "one person".to_owned(),
                    Whom::NewPerson(_) => "one person, created in the same bundle".to_owned(),
                    Whom::Directory => "directory".to_owned(),
                }
            }
            Err(unreadable) => format!("refused: {}", cause(unreadable)),
        };
        *self.outcomes.entry(outcome).or_default() += 1;
    }

    fn text(&self, files: usize) -> String {
        let mut text = format!(
            "{files} files, {} resources; of {} that are of a served type {} are resolved\n\n",
            self.resources, self.of_served_types, self.resolved
        );
        for (outcome, count) in &self.outcomes {
            text.push_str(&format!("{count:>7}  {outcome}\n"));
        }
        text.push_str(&format!(
            "\n{:>7}  labelled sensitive\n{:>7}  name a Practitioner as author\n",
            self.sensitive, self.authored
        ));
        text
    }
}

/// The cause without what was given.
fn cause(unreadable: &Unreadable) -> String {
    if let Unreadable::Type(name) = unreadable {
        return format!("a type that {}", crate::fhir::refused::why(name));
    }
    let text = unreadable.to_string();
    let mut parts = text.split('`');
    let mut cause = parts.next().unwrap_or_default().to_owned();
    while let (Some(_), after) = (parts.next(), parts.next()) {
        cause.push_str("..");
        cause.push_str(after.unwrap_or_default());
    }
    cause.split(" at byte ").next().unwrap_or_default().to_owned()
}

fn sorted(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|own| own == extension))
        .collect();
    paths.sort();
    paths
}

/// Every one is counted once: none is lost on the way, none panics.
fn figures(texts: impl Iterator<Item = Vec<u8>>) -> Figures {
    let mut figures = Figures::default();
    for text in texts {
        match whose(&text) {
            Ok(Whose::One(known)) => figures.count(&Ok(known)),
            Ok(Whose::Bundle(entries)) => entries.iter().for_each(|entry| figures.count(entry)),
            Err(unreadable) => figures.count(&Err(unreadable)),
        }
    }
    figures
}

fn check(name: &str, text: &str) {
    println!("{name}: {text}");
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("testdata/corpora/{name}.txt"));
    if std::env::var_os("UPDATE_TEXTS").is_some() {
        std::fs::write(&path, text).unwrap();
    }
    assert_eq!(std::fs::read_to_string(&path).unwrap(), text, "{}", path.display());
}

#[test]
fn the_examples_of_fhir_are_resolved_or_refused_with_a_cause() {
    let Some(folder) = examples() else { return };
    let paths = sorted(&folder, "json");
    assert_eq!(paths.len(), 5307);
    let figures = figures(paths.iter().map(|path| std::fs::read(path).unwrap()));
    check("fhir-r4-examples", &figures.text(paths.len()));
}

#[test]
fn a_hospital_in_japan_is_resolved_or_refused_with_a_cause() {
    let year = ["--start", "2026-01-01", "--end", "2026-03-31"];
    let arguments =
        ["simulate", "--country", "JP", "-p", "300", "-s", "42", "--format", "fhir-r4", "-o", ".", "--allow-legacy"];
    let Some(folder) = made("clinosim", "clinosim.simulator.cli import main", &[&arguments[..], &year[..]].concat())
    else {
        return;
    };
    let paths = sorted(&folder.join("fhir_r4"), "ndjson");
    let lines = paths.iter().flat_map(|path| {
        let text = std::fs::read_to_string(path).unwrap();
        text.lines().map(|line| line.as_bytes().to_vec()).collect::<Vec<_>>()
    });
    check("clinosim", &figures(lines).text(paths.len()));
}

#[test]
fn transactions_with_names_of_their_own_are_resolved_or_refused_with_a_cause() {
    let arguments = [
        "generate",
        "--profile",
        "mixed",
        "--count",
        "40",
        "--seed",
        "42",
        "--sex",
        "mixed",
        "--panels",
        "all",
        "--out",
        ".",
    ];
    let Some(folder) = made("carebundle", "carebundle.cli import run as main", &arguments) else { return };
    let paths = sorted(&folder, "json");
    check("carebundle", &figures(paths.iter().map(|path| std::fs::read(path).unwrap())).text(paths.len()));
}

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
                Value::Person => "reference",
                Value::Id | Value::Token => "token",
                Value::Date => "date",
                Value::Name => "string",
                Value::Number { .. } => continue,
                Value::Sort(key) => {
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
    let mut done = std::collections::BTreeSet::new();
    while let Some(name) = next.pop() {
        if !done.insert(name.clone()) {
            continue;
        }
        let definition = definition(&folder, &format!("StructureDefinition-{name}"));
        if definition["kind"] == "primitive-type" {
            continue;
        }
        let elements = definition["snapshot"]["element"].as_array().unwrap();
        let above: std::collections::BTreeSet<&str> = elements
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
fn type_name(given: &serde_json::Value, path: &str, above: &std::collections::BTreeSet<&str>) -> String {
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
