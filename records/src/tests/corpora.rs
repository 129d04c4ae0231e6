//! Other people's data through our extraction: FHIR R4's own examples, and two makers of synthetic records. Each resource is
//! resolved to its person, belongs to the directory, or is refused with a cause; how many of each stands in
//! `testdata/corpora/*.txt`, so that a change of rule shows as a change of figures.

use std::collections::BTreeMap;
use std::path::Path;

use super::fetched::{examples, made, sorted};
use crate::{Known, Unreadable, Whom, Whose, whose};

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
                let professional = |ids: &Vec<String>| ids.iter().any(|id| !id.contains('/'));
                self.authored += usize::from(matches!(&known.authors, crate::Authors::Named(ids) if professional(ids)));
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
