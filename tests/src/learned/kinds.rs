//! Kinds of records that the towns of `town` hold, and how one is written down as FHIR JSON.

use serde_json::{Value, json};

/// What the rules call a kind of record (art. 7, 18).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Category {
    Demographics,
    Team,
    Consent,
    Note,
    Observation,
    Document,
    Plan,
    Medication,
    Condition,
}

/// A FHIR type.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Kind {
    pub(super) name: &'static str,
    pub(super) category: Category,
    /// The element that says whose it is; none for the person's own entry.
    whose: &'static str,
    /// The search parameter that finds it by one of [`CODES`].
    pub(super) by_code: &'static str,
    /// An element that may be asked for alone.
    pub(super) element: &'static str,
    /// The search parameter that finds it by who wrote it, and the element; none where there is none on the list.
    pub(super) author: Option<(&'static str, &'static str)>,
}

const fn kind(
    name: &'static str,
    category: Category,
    [whose, by_code, element]: [&'static str; 3],
    author: Option<(&'static str, &'static str)>,
) -> Kind {
    Kind { name, category, whose, by_code, element, author }
}

/// Codes of records. Of persons: their sex.
pub(super) const CODES: [&str; 3] = ["code-a", "code-b", "code-c"];
pub(super) const SEXES: [&str; 3] = ["female", "male", "other"];

pub(super) const PATIENT: usize = 0;
pub(super) const OBSERVATION: usize = 2;
pub(super) const NOTE: usize = 1;
pub(super) const REPORT: usize = 3;
pub(super) const CONDITION: usize = 4;
pub(super) const ENCOUNTER: usize = 5;

pub(super) static KINDS: [Kind; 12] = [
    kind("Patient", Category::Demographics, ["", "gender", "gender"], None),
    kind("Communication", Category::Note, ["subject", "category", "category"], Some(("sender", "sender"))),
    kind("Observation", Category::Observation, ["subject", "code", "code"], Some(("performer", "performer"))),
    kind("DiagnosticReport", Category::Observation, ["subject", "code", "code"], Some(("performer", "performer"))),
    kind("Condition", Category::Condition, ["subject", "code", "code"], None),
    kind("Encounter", Category::Condition, ["subject", "type", "type"], None),
    kind("MedicationStatement", Category::Medication, ["subject", "code", "medicationCodeableConcept"], None),
    kind("CarePlan", Category::Plan, ["subject", "category", "category"], None),
    kind("DocumentReference", Category::Document, ["subject", "category", "category"], None),
    kind("Consent", Category::Consent, ["patient", "category", "category"], None),
    kind("CareTeam", Category::Team, ["subject", "category", "category"], None),
    kind("RelatedPerson", Category::Demographics, ["patient", "relationship", "relationship"], None),
];

/// What a version of a record says.
#[derive(Clone, Debug)]
pub(super) struct Version {
    /// Whose it is, among the persons of the town.
    pub(super) person: usize,
    pub(super) labelled: bool,
    /// A word that stands nowhere else.
    pub(super) word: String,
    /// Place in [`CODES`].
    pub(super) code: usize,
    /// Key of the professional in whose name it is.
    pub(super) author: &'static str,
    /// To other records: search parameter and `Type/id`.
    pub(super) links: Vec<(&'static str, String)>,
}

/// Of a person's entry by its id, of every other by its own. Versions are numbered from 1 by the store.
#[derive(Clone, Debug)]
pub(super) struct Record {
    pub(super) kind: usize,
    pub(super) id: String,
    /// Oldest first.
    pub(super) versions: Vec<Version>,
}

impl Record {
    pub(super) fn newest(&self) -> &Version {
        self.versions.last().unwrap()
    }

    pub(super) fn kind(&self) -> &'static Kind {
        &KINDS[self.kind]
    }

    pub(super) fn address(&self) -> String {
        format!("{}/{}", self.kind().name, self.id)
    }
}

/// As FHIR JSON, without an id.
pub(super) fn body(kind: usize, version: &Version, person: &str) -> Value {
    let Kind { name, whose, author, .. } = KINDS[kind];
    let Version { word, code, .. } = version;
    let concept = json!({ "coding": [{ "system": "urn:codes", "code": CODES[*code] }] });
    let mut body = match name {
        "Patient" => json!({ "gender": SEXES[*code] }),
        "Communication" => json!({ "status": "completed", "category": [concept] }),
        "Observation" | "DiagnosticReport" => json!({ "status": "final", "code": concept }),
        "Condition" => json!({ "code": concept }),
        "Encounter" => json!({ "status": "finished", "class": { "code": "HH" }, "type": [concept] }),
        "MedicationStatement" => json!({ "status": "active", "medicationCodeableConcept": concept }),
        "CarePlan" => json!({ "status": "active", "intent": "plan", "category": [concept] }),
        "DocumentReference" => json!({
            "status": "current", "category": [concept], "content": [{ "attachment": { "title": word } }],
        }),
        "Consent" => json!({ "status": "active", "scope": { "text": "scope" }, "category": [concept] }),
        "CareTeam" => json!({ "status": "active", "category": [concept] }),
        "RelatedPerson" => json!({ "relationship": [concept] }),
        other => panic!("{other} is no kind of record here"),
    };
    body["resourceType"] = json!(name);
    body["text"] = json!({
        "status": "generated", "div": format!("<div xmlns=\"http://www.w3.org/1999/xhtml\">{word}</div>"),
    });
    if !whose.is_empty() {
        body[whose] = json!({ "reference": format!("Patient/{person}") });
    }
    if version.labelled {
        let system = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality";
        body["meta"] = json!({ "security": [{ "system": system, "code": "R" }] });
    }
    if let Some((_, element)) = author {
        let one = json!({ "reference": format!("Practitioner/{}", version.author) });
        body[element] = if element == "sender" { one } else { json!([one]) };
    }
    for (link, to) in &version.links {
        let one = json!({ "reference": to });
        match *link {
            "result" => body["result"] = json!([one]),
            link => body[link] = one,
        }
    }
    body
}
