//! Random searches, and how each is written.

use journal::testing::Dice;

use super::kinds::{CODES, CONDITION, ENCOUNTER, KINDS, NOTE, OBSERVATION, PATIENT, REPORT, SEXES};
use super::questions::a_person;
use super::town::{PROFESSIONALS, Town};
use crate::world::Ask;

const FORM: &str = "application/x-www-form-urlencoded";

/// A search.
#[derive(Clone, Debug)]
pub(super) struct Search {
    pub(super) kind: usize,
    /// Ids of the persons whom it names; none: everybody of one's own.
    pub(super) persons: Vec<String>,
    pub(super) filter: Option<Filter>,
    /// A second condition, which looks at other records.
    pub(super) through: Option<Through>,
    pub(super) includes: Vec<&'static Include>,
    pub(super) view: View,
    pub(super) accurate: bool,
    pub(super) count: Option<usize>,
    pub(super) way: Way,
}

#[derive(Clone, Debug)]
pub(super) enum Filter {
    /// One of these codes.
    Codes(Vec<usize>),
    /// One of these ids.
    Ids(Vec<String>),
    /// In the name of this professional.
    Author(&'static str),
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Through {
    /// The person is of this sex.
    Sex(usize),
    /// The professional in whose name it is has this name.
    AuthorsName(&'static str),
    /// There is such a record of the person.
    Has(usize, usize),
}

/// What comes along.
#[derive(Debug)]
pub(super) struct Include {
    /// As it is asked for.
    pub(super) asked: (&'static str, &'static str),
    /// At what it begins: the kind of the record that names the other, and the link.
    pub(super) from: usize,
    pub(super) link: &'static str,
    /// What comes; none: of the directory.
    pub(super) comes: Option<usize>,
}

impl Include {
    pub(super) fn backwards(&self) -> bool {
        self.asked.0.starts_with("_rev")
    }

    pub(super) fn iterates(&self) -> bool {
        self.asked.0.ends_with(":iterate")
    }
}

/// How much is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum View {
    Whole,
    Elements,
    Summary(&'static str),
    Count,
}

/// How a search is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    Get,
    Form,
    /// Partly in the target, partly in a form.
    Both,
    Compartment,
}

const fn include(
    asked: (&'static str, &'static str),
    from: usize,
    link: &'static str,
    comes: Option<usize>,
) -> Include {
    Include { asked, from, link, comes }
}

/// What may come along with which kind, one or two together.
static INCLUDES: [(usize, &[Include]); 9] = [
    (OBSERVATION, &[include(("_include", "Observation:performer"), OBSERVATION, "performer", None)]),
    (NOTE, &[include(("_include", "Communication:sender:Practitioner"), NOTE, "sender", None)]),
    (CONDITION, &[include(("_include", "Condition:patient"), CONDITION, "patient", Some(PATIENT))]),
    (REPORT, &[include(("_include", "DiagnosticReport:result"), REPORT, "result", Some(OBSERVATION))]),
    (CONDITION, &[include(("_include", "Condition:encounter"), CONDITION, "encounter", Some(ENCOUNTER))]),
    (PATIENT, &[include(("_revinclude", "Condition:patient"), CONDITION, "patient", Some(CONDITION))]),
    (ENCOUNTER, &[include(("_revinclude", "Condition:encounter"), CONDITION, "encounter", Some(CONDITION))]),
    (OBSERVATION, &[include(("_revinclude", "DiagnosticReport:result"), REPORT, "result", Some(REPORT))]),
    (
        REPORT,
        &[
            include(("_include", "DiagnosticReport:result"), REPORT, "result", Some(OBSERVATION)),
            include(("_include:iterate", "Observation:encounter"), OBSERVATION, "encounter", Some(ENCOUNTER)),
            include(("_include:iterate", "Observation:performer:Practitioner"), OBSERVATION, "performer", None),
        ],
    ),
];

impl Search {
    pub(super) fn random(dice: &mut Dice, town: &Town, user: usize) -> Self {
        let (kind, includes): (usize, Vec<&'static Include>) = if dice.percent(25) {
            let (kind, includes) = dice.one_of(&INCLUDES);
            (*kind, includes.iter().collect())
        } else {
            (if dice.percent(15) { PATIENT } else { dice.below(KINDS.len()) }, Vec::new())
        };
        let mut persons: Vec<String> = match dice.below(10) {
            0..=2 => Vec::new(),
            3..=7 => vec![a_person(dice, town, user)],
            _ => (0..2 + dice.below(2)).map(|_| a_person(dice, town, user)).collect(),
        };
        persons.sort();
        persons.dedup();
        let filter = match dice.below(10) {
            0..=3 => Some(Filter::Codes(dice.some_of(&[0, 1, 2], 2))),
            4 if kind != PATIENT => {
                let ids: Vec<String> = town.records.iter().map(|record| record.id.clone()).collect();
                Some(Filter::Ids(dice.some_of(&ids, 5)))
            }
            5 if KINDS[kind].author.is_some() => Some(Filter::Author(dice.one_of(&PROFESSIONALS).1)),
            _ => None,
        };
        let through = match dice.below(8) {
            0..=3 if kind == PATIENT => Some(Through::Has(1 + dice.below(KINDS.len() - 1), dice.below(CODES.len()))),
            0 if kind != PATIENT => Some(Through::Sex(dice.below(SEXES.len()))),
            1 if KINDS[kind].author.is_some() => Some(Through::AuthorsName(dice.one_of(&PROFESSIONALS).1)),
            _ => None,
        };
        let view = match dice.below(10) {
            0 => View::Elements,
            1 if includes.is_empty() => View::Count,
            2 => View::Summary("true"),
            3 => View::Summary("data"),
            4 if includes.is_empty() => View::Summary("text"),
            _ => View::Whole,
        };
        let view = if includes.is_empty() || view == View::Elements { view } else { View::Whole };
        let accurate = view != View::Count && dice.percent(15);
        let count = dice.percent(50).then(|| 1 + dice.below(5));
        let way = match dice.below(8) {
            0 => Way::Form,
            // One name stands in one of the two: a gateway that took both would not know which is meant.
            1 if includes.len() < 2 => Way::Both,
            2 if persons.len() == 1 && kind != PATIENT => Way::Compartment,
            _ => Way::Get,
        };
        Self { kind, persons, filter, through, includes, view, accurate, count, way }
    }

    fn pairs(&self) -> Vec<String> {
        let kind = &KINDS[self.kind];
        let mut pairs = Vec::new();
        if !self.persons.is_empty() && self.way != Way::Compartment {
            let name = if self.kind == PATIENT { "_id" } else { "patient" };
            pairs.push(format!("{name}={}", self.persons.join(",")));
        }
        match &self.filter {
            Some(Filter::Codes(codes)) => {
                let words = if self.kind == PATIENT { SEXES } else { CODES };
                let codes: Vec<&str> = codes.iter().map(|code| words[*code]).collect();
                pairs.push(format!("{}={}", kind.by_code, codes.join(",")));
            }
            Some(Filter::Ids(ids)) => pairs.push(format!("_id={}", ids.join(","))),
            Some(Filter::Author(key)) => pairs.push(format!("{}=Practitioner/{key}", kind.author.unwrap().0)),
            None => {}
        }
        match self.through {
            Some(Through::Sex(sex)) => pairs.push(format!("patient.gender={}", SEXES[sex])),
            Some(Through::AuthorsName(name)) => {
                pairs.push(format!("{}:Practitioner.name={name}", kind.author.unwrap().0));
            }
            Some(Through::Has(of, code)) => {
                pairs.push(format!("_has:{}:patient:{}={}", KINDS[of].name, KINDS[of].by_code, CODES[code]));
            }
            None => {}
        }
        pairs.extend(self.includes.iter().map(|include| format!("{}={}", include.asked.0, include.asked.1)));
        match self.view {
            View::Whole => {}
            View::Elements => pairs.push(format!("_elements={}", kind.element)),
            View::Summary(how) => pairs.push(format!("_summary={how}")),
            View::Count => pairs.push("_summary=count".to_owned()),
        }
        if self.accurate {
            pairs.push("_total=accurate".to_owned());
        }
        pairs.extend(self.count.map(|count| format!("_count={count}")));
        pairs
    }

    fn path(&self) -> String {
        match self.way {
            Way::Compartment => format!("Patient/{}/{}", self.persons[0], KINDS[self.kind].name),
            _ => KINDS[self.kind].name.to_owned(),
        }
    }

    pub(super) fn url(&self) -> String {
        joined(&self.path(), &self.pairs())
    }

    pub(super) fn ask(&self) -> Ask {
        let pairs = self.pairs();
        match self.way {
            Way::Get | Way::Compartment => Ask::get(&format!("/fhir/{}", self.url())),
            Way::Form => Ask::post(&format!("/fhir/{}/_search", self.path()), FORM, pairs.join("&")),
            Way::Both => {
                let (target, form) = pairs.split_at(pairs.len() / 2);
                Ask::post(
                    &format!("/fhir/{}", joined(&format!("{}/_search", self.path()), target)),
                    FORM,
                    form.join("&"),
                )
            }
        }
    }

    pub(super) fn tags(&self) -> Vec<&'static str> {
        let mut tags = vec![match self.persons.len() {
            0 => "search for one's own",
            1 => "search for one",
            _ => "search for several",
        }];
        tags.push(match self.view {
            View::Whole => "search for all of it",
            View::Elements => "_elements",
            View::Summary(_) => "_summary",
            View::Count => "_summary=count",
        });
        tags.push(match self.way {
            Way::Get => "search by GET",
            Way::Form => "search by POST",
            Way::Both => "search by target and form",
            Way::Compartment => "compartment",
        });
        tags.extend(match self.filter {
            Some(Filter::Codes(_)) => Some("by code"),
            Some(Filter::Ids(_)) => Some("by id"),
            Some(Filter::Author(_)) => Some("by author"),
            None => None,
        });
        tags.extend(match self.through {
            Some(Through::Sex(_)) => Some("chain to the person"),
            Some(Through::AuthorsName(_)) => Some("chain to the directory"),
            Some(Through::Has(..)) => Some("_has"),
            None => None,
        });
        let include = |one: &&Include| match (one.backwards(), one.iterates(), one.comes) {
            (true, ..) => "_revinclude",
            (_, true, _) => "_include:iterate",
            (.., None) => "_include of the directory",
            _ => "_include",
        };
        tags.extend(self.includes.iter().map(include));
        tags.extend(self.accurate.then_some("_total"));
        tags
    }
}

pub(super) fn joined(path: &str, pairs: &[String]) -> String {
    if pairs.is_empty() { path.to_owned() } else { format!("{path}?{}", pairs.join("&")) }
}
