//! Random questions, and how each is put to the gateway.

use journal::testing::Dice;

use super::kinds::{CODES, Category, KINDS, Record, Version, body};
use super::searches::{Search, Way, joined};
use super::town::{PROFESSIONALS, Town};
use crate::world::Ask;

pub(super) const FHIR: &str = "application/fhir+json";
/// Matches on a page where nobody says how many.
const COUNT_DEFAULT: usize = 50;

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

/// Mostly the user's own.
fn in_whose_name(dice: &mut Dice, town: &Town, user: usize) -> &'static str {
    if dice.percent(25) { dice.one_of(&PROFESSIONALS).1 } else { town.users[user].key }
}

/// Mostly one of the town's, now and then somebody whom nobody knows.
pub(super) fn a_person(dice: &mut Dice, town: &Town, user: usize) -> String {
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
