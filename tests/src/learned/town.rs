//! A random town, and in words of its own who may learn what in it.
//!
//! The rules stand here once more, as plain as they can be said and without asking `policy`: this is what the gateway is held
//! to. Persons, teams and forms are also entered into the registry, and records into the store.

use std::collections::BTreeMap;

use journal::testing::Dice;

use super::kinds::{Category, ENCOUNTER, KINDS, PATIENT, Record, Version};

/// Somebody who may sign in: user ID, key, device, profession.
pub(super) const PROFESSIONALS: [(&str, &str, &str, &str); 10] = [
    ("U-sato", "K-sato", "D-sato", "nurse"),
    ("U-nakamura", "K-nakamura", "D-nakamura", "doctor"),
    ("U-kobayashi", "K-kobayashi", "D-kobayashi", "pharmacist"),
    ("U-kato", "K-kato", "D-kato", "care-manager"),
    ("U-yamamoto", "K-yamamoto", "D-yamamoto", "therapist"),
    ("U-matsuda", "K-matsuda", "D-matsuda", "care-recognised"),
    ("U-ishii", "K-ishii", "D-ishii", "support-centre"),
    ("U-ogawa", "K-ogawa", "D-ogawa", "dietitian"),
    ("U-hirano", "K-hirano", "D-hirano", "medical-recognised"),
    ("U-aoki", "K-aoki", "D-aoki", "city-recognised"),
];

/// A user of the town, and how he stands to each person.
pub(super) struct User {
    pub(super) user_id: &'static str,
    pub(super) key: &'static str,
    pub(super) device: &'static str,
    pub(super) profession: &'static str,
    pub(super) bonds: BTreeMap<usize, Bond>,
}

/// A place on a care team.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bond {
    /// In this role, now.
    Now(model::TeamRole),
    /// It was, until an hour ago.
    Over,
    /// It will be.
    Later,
}

/// A supported person.
#[derive(Clone)]
pub(super) struct Person {
    pub(super) id: String,
    pub(super) eligible: bool,
    /// What the newest form says: store, share. None: there never was one.
    pub(super) form: Option<(bool, bool)>,
    pub(super) stopped: bool,
    pub(super) suspended: bool,
}

impl Person {
    /// What is the matter with reading, for the coverage.
    pub(super) fn situation(&self) -> &'static str {
        match (self.eligible, self.form, self.stopped, self.suspended) {
            (false, ..) => "not eligible",
            (_, None, ..) => "no form",
            (_, _, true, _) => "support stopped",
            (.., true) => "suspended",
            (_, Some((true, true)), ..) => "store and share",
            (_, Some((false, true)), ..) => "share only",
            (_, Some((true, false)), ..) => "store only",
            (_, Some((false, false)), ..) => "neither",
        }
    }

    /// Nothing about the person closes everything.
    fn open(&self) -> Option<(bool, bool)> {
        self.form.filter(|_| self.eligible && !self.stopped && !self.suspended)
    }
}

pub(super) struct Town {
    pub(super) persons: Vec<Person>,
    pub(super) users: Vec<User>,
    pub(super) records: Vec<Record>,
}

impl Town {
    /// A handful of persons, three users, some dozens of records.
    pub(super) fn random(dice: &mut Dice) -> Self {
        let persons: Vec<Person> = (0..7).map(|number| person(dice, number)).collect();
        let mut users: Vec<User> = Vec::new();
        while users.len() < 3 {
            let (user_id, key, device, profession) = *dice.one_of(&PROFESSIONALS);
            // Two professions, one of each half at least: who may see labelled records, and who may not.
            let too_many = users.len() == 2
                && users.iter().all(|user| sees_labelled(user.profession) == sees_labelled(profession));
            if too_many || users.iter().any(|user| user.user_id == user_id) {
                continue;
            }
            let bonds = (0..persons.len()).filter_map(|person| Some((person, bond(dice)?))).collect();
            users.push(User { user_id, key, device, profession, bonds });
        }
        let mut town = Self { persons, users, records: Vec::new() };
        for person in 0..town.persons.len() {
            town.records.push(Record {
                kind: PATIENT,
                id: town.persons[person].id.clone(),
                versions: vec![version(dice, person, 10)],
            });
            for _ in 0..9 {
                let kind = 1 + dice.below(KINDS.len() - 1);
                let record = town.record(dice, kind, person);
                town.records.push(record);
            }
        }
        town
    }

    /// A record of this kind, with its past, and links to what there is of the same person.
    pub(super) fn record(&self, dice: &mut Dice, kind: usize, person: usize) -> Record {
        let mut versions = Vec::new();
        // Once it was somebody else's, or labelled otherwise.
        if dice.percent(15) {
            let other = dice.below(self.persons.len());
            versions.push(version(dice, other, 30));
        }
        if dice.percent(20) {
            versions.push(version(dice, person, 30));
        }
        let mut newest = version(dice, person, 25);
        let of_the_person = |kind: &str| -> Vec<String> {
            let same = self.records.iter().filter(|one| one.kind().name == kind && one.newest().person == person);
            same.map(Record::address).collect()
        };
        let links: &[(&str, &str)] = match KINDS[kind].name {
            "DiagnosticReport" => &[("result", "Observation"), ("encounter", KINDS[ENCOUNTER].name)],
            "Observation" | "Condition" | "Communication" => &[("encounter", KINDS[ENCOUNTER].name)],
            _ => &[],
        };
        for (link, to) in links {
            let there = of_the_person(to);
            if !there.is_empty() && dice.percent(80) {
                newest.links.push((link, dice.one_of(&there).clone()));
            }
        }
        versions.push(newest);
        Record { kind, id: dice.word("r-"), versions }
    }

    pub(super) fn find(&self, address: &str) -> Option<&Record> {
        self.records.iter().find(|record| record.address() == address)
    }

    pub(super) fn person(&self, id: &str) -> Option<usize> {
        self.persons.iter().position(|person| person.id == id)
    }

    /// Art. 7, 17, 18: whether this user may read or search this kind of record of this person, labelled or not.
    pub(super) fn may_read(&self, user: usize, person: usize, category: Category, labelled: bool) -> bool {
        let user = &self.users[user];
        let on_the_team = matches!(user.bonds.get(&person), Some(Bond::Now(_)));
        let shared = self.persons[person].open().is_some_and(|(_, share)| share);
        on_the_team && shared && needs(user.profession, category) && (!labelled || sees_labelled(user.profession))
    }

    /// Art. 7, 17, 18: whether this user may add such a record.
    pub(super) fn may_create(&self, user: usize, person: usize, category: Category, labelled: bool) -> bool {
        let whose = &self.users[user];
        let profession = whose.profession;
        let on_the_team = matches!(whose.bonds.get(&person), Some(Bond::Now(_)));
        let stored = self.persons[person].open().is_some_and(|(store, _)| store);
        let writes = match category {
            Category::Note | Category::Observation | Category::Document => true,
            Category::Plan => ["support-centre", "doctor", "care-manager"].contains(&profession),
            Category::Medication => ["doctor", "pharmacist"].contains(&profession),
            Category::Condition => ["doctor", "pharmacist", "nurse"].contains(&profession),
            Category::Demographics | Category::Team | Category::Consent => false,
        };
        on_the_team && stored && writes && needs(profession, category) && (!labelled || sees_labelled(profession))
    }

    /// Whether this user may change a note, an observation or a document: the author alone, as long as he might add it.
    pub(super) fn may_amend(&self, user: usize, record: &Record) -> bool {
        let (now, category) = (record.newest(), record.kind().category);
        now.author == self.users[user].key
            && record.kind().author.is_some()
            && self.may_create(user, now.person, category, now.labelled)
            // Whether it could be changed says what is stored.
            && self.may_read(user, now.person, category, now.labelled)
    }

    /// Whether this user may read this version: by whose it was, and by its label and the newest's.
    pub(super) fn may_read_version(&self, user: usize, record: &Record, version: &Version) -> bool {
        let labelled = version.labelled || record.newest().labelled;
        self.may_read(user, version.person, record.kind().category, labelled)
    }

    /// Whether this user may read this record as it is now.
    pub(super) fn may_read_record(&self, user: usize, record: &Record) -> bool {
        self.may_read_version(user, record, record.newest())
    }

    /// Everything that tells of what this user may not learn: ids and words.
    pub(super) fn hidden_from(&self, user: usize) -> Vec<String> {
        let mut shown: Vec<&str> = Vec::new();
        let mut all: Vec<&str> = self.persons.iter().map(|person| person.id.as_str()).collect();
        for record in &self.records {
            all.push(&record.id);
            for version in &record.versions {
                all.push(&version.word);
                if self.may_read_version(user, record, version) {
                    shown.extend([record.id.as_str(), &version.word, &self.persons[version.person].id]);
                    // What a record says may be read with it.
                    shown.extend(version.links.iter().filter_map(|(_, to)| to.split('/').nth(1)));
                }
            }
        }
        all.retain(|word| !shown.contains(word));
        all.into_iter().map(str::to_owned).collect()
    }
}

/// What a profession has need of (`policy/cedar/professions.cedar`, the table).
fn needs(profession: &str, category: Category) -> bool {
    match category {
        Category::Demographics | Category::Team | Category::Note => true,
        Category::Observation | Category::Plan | Category::Medication | Category::Condition => {
            profession != "city-recognised"
        }
        Category::Document => !["care-recognised", "city-recognised"].contains(&profession),
        Category::Consent => ["support-centre", "doctor", "nurse", "care-manager"].contains(&profession),
    }
}

/// Who treats, and who protects.
fn sees_labelled(profession: &str) -> bool {
    ["support-centre", "doctor", "pharmacist", "nurse"].contains(&profession)
}

/// A version, labelled so many times out of a hundred.
fn version(dice: &mut Dice, person: usize, labelled: usize) -> Version {
    Version {
        person,
        labelled: dice.percent(labelled),
        word: dice.word("w"),
        code: dice.below(3),
        author: dice.one_of(&PROFESSIONALS).1,
        links: Vec::new(),
    }
}

fn person(dice: &mut Dice, number: usize) -> Person {
    let usual =
        Person { id: dice.word("Q-"), eligible: true, form: Some((true, true)), stopped: false, suspended: false };
    match if number < 3 { 0 } else { dice.below(8) } {
        1 => Person { form: Some((false, true)), ..usual },
        2 => Person { form: Some((true, false)), ..usual },
        3 => Person { form: None, ..usual },
        4 => Person { stopped: true, ..usual },
        5 => Person { suspended: true, ..usual },
        6 => Person { eligible: false, ..usual },
        _ => usual,
    }
}

fn bond(dice: &mut Dice) -> Option<Bond> {
    use model::TeamRole::{Member, OnCall, Substitute};
    match dice.below(10) {
        0 => None,
        1 => Some(Bond::Over),
        2 => Some(Bond::Later),
        _ => Some(Bond::Now(*dice.one_of(&[Member, Substitute, OnCall]))),
    }
}
