//! Random questions, and how each is put to the gateway.

use journal::testing::Dice;

use super::kinds::{
    CODES, CONDITION, Category, ENCOUNTER, KINDS, NOTE, OBSERVATION, PATIENT, REPORT, Record, SEXES, Version, body,
};
use super::town::{PROFESSIONALS, Town};
use crate::world::Ask;

pub(super) const FHIR: &str = "application/fhir+json";
/// Matches on a page where nobody says how many.
const COUNT_DEFAULT: usize = 50;
const FORM: &str = "application/x-www-form-urlencoded";

/// What is asked.
#[derive(Clone, Debug)]
pub(super) enum Question {
    /// A record by its address.
    Read(String),
    /// A version of it.
    Version(String, usize),
    /// All its versions, or so many.
    History(String, Option<usize>),
    Search(Search),
    /// Everything of a person, or of these types.
    Everything {
        person: String,
        kinds: Vec<usize>,
        count: Option<usize>,
    },
    /// Several of the above.
    Batch(Vec<Question>),
    /// A new record.
    Create(Record),
    /// Another word in a record.
    Amend(Record),
}

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

impl Question {
    pub(super) fn random(dice: &mut Dice, town: &Town, user: usize) -> Self {
        match dice.below(22) {
            0..=3 => Self::single(dice, town, user),
            4..=13 => Self::Search(Search::random(dice, town, user)),
            14..=15 => Self::everything(dice, town, user),
            16 => Self::Batch((0..2 + dice.below(4)).map(|_| Self::in_a_batch(dice, town, user)).collect()),
            17..=18 => Self::created(dice, town, user),
            _ => Self::amended(dice, town, user),
        }
    }

    fn in_a_batch(dice: &mut Dice, town: &Town, user: usize) -> Self {
        match dice.below(3) {
            0 => {
                let search = Search::random(dice, town, user);
                let way = if search.way == Way::Compartment { Way::Compartment } else { Way::Get };
                // Its pages are turned outside of the batch.
                Self::Search(Search { way, count: None, ..search })
            }
            _ => Self::single(dice, town, user),
        }
    }

    fn single(dice: &mut Dice, town: &Town, user: usize) -> Self {
        let readable = |record: &&Record| town.may_read_record(user, record);
        let own: Vec<&Record> = town.records.iter().filter(readable).collect();
        let record = if own.is_empty() || dice.percent(50) { dice.one_of(&town.records) } else { *dice.one_of(&own) };
        // Sometimes of another type, or of nobody.
        let address = match dice.below(12) {
            0 => format!("{}/{}", dice.one_of(&KINDS).name, record.id),
            1 => format!("{}/{}", dice.one_of(&KINDS).name, dice.word("r-")),
            _ => record.address(),
        };
        match dice.below(4) {
            0 => Self::Version(address, 1 + dice.below(record.versions.len() + 1)),
            1 => Self::History(address, dice.percent(60).then(|| 1 + dice.below(4))),
            _ => Self::Read(address),
        }
    }

    fn everything(dice: &mut Dice, town: &Town, user: usize) -> Self {
        let kinds: Vec<usize> = (0..KINDS.len()).collect();
        let kinds = if dice.percent(50) { Vec::new() } else { dice.some_of(&kinds, 3) };
        let count = dice.percent(50).then(|| 1 + dice.below(6));
        Self::Everything { person: a_person(dice, town, user), kinds, count }
    }

    fn created(dice: &mut Dice, town: &Town, user: usize) -> Self {
        // Persons come from the city's registry, and their families with them; nobody adds them here.
        let kind = 1 + dice.below(KINDS.len() - 2);
        let person = whom(dice, town, user);
        let mut record = town.record(dice, kind, person);
        record.versions.drain(..record.versions.len() - 1);
        if let Some(newest) = record.versions.last_mut() {
            newest.author = in_whose_name(dice, town, user);
            // Labels are the store's to set.
            newest.labelled = false;
        }
        record.id = String::new();
        Self::Create(record)
    }

    fn amended(dice: &mut Dice, town: &Town, user: usize) -> Self {
        // His own, and now and then another's.
        let anybodys = dice.percent(30);
        let own = |record: &&Record| anybodys || record.newest().author == town.users[user].key;
        let records: Vec<&Record> = town.records.iter().filter(|one| one.kind().author.is_some()).filter(own).collect();
        if records.is_empty() {
            return Self::single(dice, town, user);
        }
        let mut record = (*dice.one_of(&records)).clone();
        let mut version = record.newest().clone();
        version.word = dice.word("w");
        version.code = dice.below(CODES.len());
        if dice.percent(40) {
            version.author = dice.one_of(&PROFESSIONALS).1;
        }
        record.versions.push(version);
        Self::Amend(record)
    }

    /// How many matches a page of it holds.
    pub(super) fn count(&self) -> usize {
        let asked = match self {
            Self::Search(Search { count, .. }) | Self::Everything { count, .. } => *count,
            _ => None,
        };
        asked.unwrap_or(COUNT_DEFAULT)
    }

    /// Whether the number of matches is asked for.
    pub(super) fn asks_for_a_number(&self) -> bool {
        matches!(self, Self::Search(Search { accurate: true, .. }))
    }

    /// As it is sent.
    pub(super) fn ask(&self, town: &Town) -> Ask {
        match self {
            Self::Read(..) | Self::Version(..) | Self::History(..) | Self::Everything { .. } => {
                Ask::get(&format!("/fhir/{}", self.url()))
            }
            Self::Search(search) => search.ask(),
            Self::Batch(entries) => {
                let entry = |entry: &Self| serde_json::json!({ "request": { "method": "GET", "url": entry.url() } });
                let entries: Vec<_> = entries.iter().map(entry).collect();
                let bundle = serde_json::json!({ "resourceType": "Bundle", "type": "batch", "entry": entries });
                Ask::post("/fhir", FHIR, bundle.to_string())
            }
            Self::Create(record) => {
                let body = body(record.kind, record.newest(), &town.persons[record.newest().person].id);
                Ask::post(&format!("/fhir/{}", record.kind().name), FHIR, body.to_string())
            }
            Self::Amend(record) => {
                // The label stays as it is, whatever the client says.
                let sent = Version { labelled: false, ..record.newest().clone() };
                let mut body = body(record.kind, &sent, &town.persons[record.newest().person].id);
                body["id"] = serde_json::json!(record.id);
                Ask::put(&format!("/fhir/{}", record.address()), FHIR, body.to_string())
            }
        }
    }

    /// Behind `/fhir/`, of what is read.
    fn url(&self) -> String {
        match self {
            Self::Read(address) => address.clone(),
            Self::Version(address, version) => format!("{address}/_history/{version}"),
            Self::History(address, count) => {
                let pairs: Vec<String> = count.iter().map(|count| format!("_count={count}")).collect();
                joined(&format!("{address}/_history"), &pairs)
            }
            Self::Search(search) => search.url(),
            Self::Everything { person, kinds, count } => {
                let names: Vec<&str> = kinds.iter().map(|kind| KINDS[*kind].name).collect();
                let mut pairs = Vec::new();
                if !names.is_empty() {
                    pairs.push(format!("_type={}", names.join(",")));
                }
                pairs.extend(count.map(|count| format!("_count={count}")));
                joined(&format!("Patient/{person}/$everything"), &pairs)
            }
            Self::Batch(_) | Self::Create(_) | Self::Amend(_) => panic!("has no address of its own: {self:?}"),
        }
    }

    /// What kind of question it is, for the coverage.
    pub(super) fn tags(&self) -> Vec<&'static str> {
        match self {
            Self::Read(_) => vec!["read"],
            Self::Version(..) => vec!["vread"],
            Self::History(_, None) => vec!["history"],
            Self::History(..) => vec!["history of so many"],
            Self::Search(search) => search.tags(),
            Self::Everything { kinds, .. } if kinds.is_empty() => vec!["$everything"],
            Self::Everything { .. } => vec!["$everything of types"],
            Self::Batch(_) => vec!["batch"],
            Self::Create(_) => vec!["create"],
            Self::Amend(_) => vec!["amend"],
        }
    }
}

impl Search {
    fn random(dice: &mut Dice, town: &Town, user: usize) -> Self {
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

    fn url(&self) -> String {
        joined(&self.path(), &self.pairs())
    }

    fn ask(&self) -> Ask {
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

    fn tags(&self) -> Vec<&'static str> {
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

/// Mostly the user's own.
fn in_whose_name(dice: &mut Dice, town: &Town, user: usize) -> &'static str {
    if dice.percent(25) { dice.one_of(&PROFESSIONALS).1 } else { town.users[user].key }
}

/// Mostly one of the town's, now and then somebody whom nobody knows.
fn a_person(dice: &mut Dice, town: &Town, user: usize) -> String {
    if dice.percent(4) {
        return dice.word("Q-");
    }
    town.persons[whom(dice, town, user)].id.clone()
}

/// Anybody, or somebody whom the user cares for.
fn whom(dice: &mut Dice, town: &Town, user: usize) -> usize {
    let cared_for = |person: &usize| town.may_read(user, *person, Category::Note, false);
    let own: Vec<usize> = (0..town.persons.len()).filter(cared_for).collect();
    if own.is_empty() || dice.percent(35) { dice.below(town.persons.len()) } else { *dice.one_of(&own) }
}

fn joined(path: &str, pairs: &[String]) -> String {
    if pairs.is_empty() { path.to_owned() } else { format!("{path}?{}", pairs.join("&")) }
}
