//! The types served, whose a resource of each is, and what each may be searched by. All of it is read out of
//! `data/types.txt`, which `data/fhir_types.py` makes from FHIR R4's own definitions, so that this store serves every type of the
//! patient compartment (<https://hl7.org/fhir/R4/compartmentdefinition-patient.html>) and not a choice of ours.
//!
//! A line is one of: `type NAME PREFIX`, `summary ELEMENT...`, `required ELEMENT...`, `person PATH...` (what puts a resource
//! into a person's compartment, what decides first), `param NAME COMPARE TARGETS PATH...`.

use std::sync::LazyLock;

/// The table as text.
const TABLE: &str = include_str!("../../data/types.txt");
/// What every type may be searched by, besides `_id` and `_lastUpdated`.
const COMMON: &str = "\
param _tag token - meta.tag
param _security token - meta.security
param _profile uri - meta.profile
param _source uri - meta.source
";

static SERVED: LazyLock<Vec<Served>> = LazyLock::new(|| read(TABLE));

/// A served type.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Kind(&'static Served);

/// One type of the table.
#[derive(Debug)]
pub(crate) struct Served {
    place: usize,
    /// FHIR name.
    pub(crate) name: &'static str,
    /// How ids given by the store begin.
    pub(crate) prefix: &'static str,
    /// Elements of a summary (<https://hl7.org/fhir/R4/search.html#summary>).
    pub(crate) summary: Vec<&'static str>,
    /// Elements that may not be missing.
    pub(crate) required: Vec<&'static str>,
    /// Paths to references that put a resource into a person's compartment. A Patient is in its own, too.
    pub(crate) person: Vec<&'static str>,
    /// What it may be searched by, beyond `_id` and `_lastUpdated`.
    pub(crate) params: Vec<Param>,
}

/// A search parameter.
#[derive(Debug)]
pub(crate) struct Param {
    /// As in the query.
    pub(crate) name: &'static str,
    /// How it compares.
    pub(crate) compare: Compare,
    /// Which types a reference may lead to; empty means any.
    pub(crate) targets: Vec<&'static str>,
    /// Elements it looks at, dotted; arrays are walked, `telecom[system=email]` takes only some of one.
    pub(crate) paths: Vec<&'static str>,
}

/// How a search parameter compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Compare {
    /// Code, Coding, CodeableConcept, Identifier, ContactPoint, boolean.
    Token,
    /// Start of a text.
    Text,
    /// The whole of an address.
    Uri,
    /// Reference to another resource.
    Link,
    /// Date, instant or period.
    Date,
    /// Number or quantity.
    Amount,
}

impl Compare {
    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "token" => Self::Token,
            "string" => Self::Text,
            "uri" => Self::Uri,
            "reference" => Self::Link,
            "date" => Self::Date,
            "number" | "quantity" => Self::Amount,
            _ => return None,
        })
    }

    /// FHIR's name for it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::Text => "string",
            Self::Uri => "uri",
            Self::Link => "reference",
            Self::Date => "date",
            Self::Amount => "quantity",
        }
    }
}

/// Reads the table. A line that is none of it is left out; a test holds that there is none.
fn read(table: &'static str) -> Vec<Served> {
    let mut all: Vec<Served> = Vec::new();
    for line in table.lines() {
        let mut words = line.split_ascii_whitespace();
        let first = words.next().unwrap_or_default();
        if first == "type" {
            if let (Some(name), Some(prefix)) = (words.next(), words.next()) {
                let params = COMMON.lines().filter_map(param).collect();
                let (summary, required, person) = Default::default();
                all.push(Served { place: all.len(), name, prefix, summary, required, person, params });
            }
            continue;
        }
        let Some(served) = all.last_mut() else { continue };
        match first {
            "summary" => served.summary = words.collect(),
            "required" => served.required = words.collect(),
            "person" => served.person = words.collect(),
            _ => served.params.extend(param(line)),
        }
    }
    all
}

fn param(line: &'static str) -> Option<Param> {
    let mut words = line.strip_prefix("param ")?.split(' ');
    let (name, compare) = (words.next()?, Compare::named(words.next()?)?);
    let targets = words.next()?.split(',').filter(|target| !matches!(*target, "*" | "-")).collect();
    Some(Param { name, compare, targets, paths: words.collect() })
}

impl PartialEq for Kind {
    fn eq(&self, other: &Self) -> bool {
        self.0.place == other.0.place
    }
}

impl Eq for Kind {}

impl Kind {
    /// The type of this name, if it is served. FHIR names are case-sensitive.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::all().find(|kind| kind.name() == name)
    }

    /// All of them.
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        SERVED.iter().map(Self)
    }

    pub(crate) fn served(self) -> &'static Served {
        self.0
    }

    pub(crate) fn name(self) -> &'static str {
        self.0.name
    }

    /// Place in the table, from 0.
    pub(crate) fn place(self) -> usize {
        self.0.place
    }

    pub(crate) fn is_binary(self) -> bool {
        self.name() == "Binary"
    }

    /// The search parameter of this name.
    pub(crate) fn param(self, name: &str) -> Option<&'static Param> {
        self.0.params.iter().find(|param| param.name == name)
    }
}

impl Param {
    /// Whether it asks whose a record is: then the column of the person answers, which is faster.
    pub(crate) fn is_person_of(&self, kind: Kind) -> bool {
        self.compare == Compare::Link && self.paths.len() == 1 && kind.served().person.first() == self.paths.first()
    }

    /// Whether a reference to this type is one that it looks at.
    pub(crate) fn leads_to(&self, name: &str) -> bool {
        self.targets.is_empty() || self.targets.contains(&name)
    }
}

#[cfg(test)]
mod tests {
    use super::{Compare, Kind, SERVED, TABLE, param};

    #[test]
    fn every_line_of_the_table_is_understood() {
        for line in TABLE.lines().filter(|line| !line.starts_with('#')) {
            let first = line.split(' ').next().unwrap();
            let known = ["type", "summary", "required", "person"].contains(&first);
            assert!(known || param(line).is_some_and(|param| !param.paths.is_empty()), "{line}");
        }
        let mut prefixes: Vec<_> = SERVED.iter().map(|served| served.prefix).collect();
        prefixes.sort_unstable();
        prefixes.dedup();
        assert_eq!((SERVED.len(), prefixes.len()), (77, 77), "two types give the same ids");
    }

    #[test]
    fn what_decides_whose_a_record_is_comes_first() {
        let check = |name: &str, paths: &[&str]| {
            assert_eq!(Kind::named(name).unwrap().served().person, paths, "{name}");
        };
        check("Observation", &["subject", "performer"]);
        check("AllergyIntolerance", &["patient", "recorder", "asserter"]);
        check("Coverage", &["beneficiary", "policyHolder", "subscriber", "payor"]);
        check("Appointment", &["participant.actor"]);
        check("Device", &[]);
        let patient = Kind::named("Observation").unwrap().param("patient").unwrap();
        assert_eq!((patient.compare, &patient.targets[..]), (Compare::Link, &["Patient"][..]));
        assert!(!patient.leads_to("Group") && patient.leads_to("Patient"));
    }
}
