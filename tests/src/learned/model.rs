//! What must come of a question: the naive model. Goes through all records, one by one, each time.

use std::collections::BTreeSet;

use super::kinds::{Category, KINDS, PATIENT, Record, Version};
use super::questions::Question;
use super::searches::{Filter, Include, Search, Through, View};
use super::town::{Bond, Town};

/// What must come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Expected {
    /// The answer that says nothing: not there, not yours, stopped.
    NotThere,
    /// Refused, and told why: it would stand in the name of somebody else.
    InAnothersName,
    /// A record or version, by its word.
    One(String),
    /// These versions, newest first, by their words; and that they are all.
    Versions(Vec<String>, bool),
    /// These records.
    Found(Found),
    /// That many.
    Number(usize),
    Each(Vec<Expected>),
    /// It is written, and may be found from now on.
    Written,
}

/// What a search finds, over all its pages.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Found {
    /// What was searched for, by address, as the store orders it: the oldest first.
    pub(super) matches: Vec<String>,
    /// How many matches there are that this user may not see: nobody may tell from the answer.
    pub(super) hidden: usize,
}

impl Town {
    /// What must come of this question of this user.
    pub(super) fn expected(&self, user: usize, question: &Question) -> Expected {
        match question {
            Question::Read(address) => match self.find(address) {
                Some(record) if self.may_read_record(user, record) => Expected::One(record.newest().word.clone()),
                _ => Expected::NotThere,
            },
            Question::Version(address, number) => {
                let record = self.find(address);
                let version = record.and_then(|record| Some((record, record.versions.get(number - 1)?)));
                match version {
                    Some((record, version)) if self.may_read_version(user, record, version) => {
                        Expected::One(version.word.clone())
                    }
                    _ => Expected::NotThere,
                }
            }
            Question::History(address, count) => match self.find(address) {
                Some(record) if self.may_read_record(user, record) => {
                    let same = record.versions.iter().rev().filter(|one| one.person == record.newest().person);
                    let seen = same.filter(|one| self.may_read_version(user, record, one));
                    let mut words: Vec<String> = seen.map(|one| one.word.clone()).collect();
                    let all = count.is_none_or(|count| words.len() <= count);
                    words.truncate(count.unwrap_or(usize::MAX));
                    Expected::Versions(words, all)
                }
                _ => Expected::NotThere,
            },
            Question::Search(search) => self.searched(user, search),
            Question::Everything { person, kinds, .. } => self.everything(user, person, kinds),
            Question::Batch(entries) => {
                Expected::Each(entries.iter().map(|entry| self.expected(user, entry)).collect())
            }
            Question::Create(record) => {
                let new = record.newest();
                let may =
                    self.may_create(user, new.person, record.kind().category, new.labelled) && self.may_link(user, new);
                self.written(may, user, record)
            }
            Question::Amend(record) => {
                let may = self.find(&record.address()).is_some_and(|stored| self.may_amend(user, stored))
                    && self.may_link(user, record.newest());
                self.written(may, user, record)
            }
        }
    }

    /// What comes of a write that may, or may not, be made: in the user's own name, or under none.
    fn written(&self, may: bool, user: usize, record: &Record) -> Expected {
        let named = record.kind().author.is_some();
        match may {
            false => Expected::NotThere,
            true if named && record.newest().author != self.users[user].key => Expected::InAnothersName,
            true => Expected::Written,
        }
    }

    /// Nobody finds out by a link whether there is what he may not read.
    fn may_link(&self, user: usize, version: &Version) -> bool {
        version.links.iter().all(|(_, to)| self.find(to).is_some_and(|linked| self.may_read_record(user, linked)))
    }

    fn searched(&self, user: usize, search: &Search) -> Expected {
        let Some(persons) = self.searched_persons(user, search) else { return Expected::NotThere };
        let fits = |record: &&Record| {
            record.kind == search.kind && persons.contains(&record.newest().person) && self.fits(search, record)
        };
        let fitting: Vec<&Record> = self.records.iter().filter(fits).collect();
        if search.view == View::Count {
            return Expected::Number(fitting.len());
        }
        let seen = fitting.iter().filter(|record| self.may_read_record(user, record));
        let matches: Vec<String> = seen.map(|record| record.address()).collect();
        Expected::Found(Found { hidden: fitting.len() - matches.len(), matches })
    }

    /// What comes along with these matches of a search.
    pub(super) fn comes_along(&self, user: usize, question: &Question, matches: &[String]) -> BTreeSet<String> {
        let Question::Search(search) = question else { return BTreeSet::new() };
        let seen: Vec<&Record> = matches.iter().filter_map(|address| self.find(address)).collect();
        let mut all: BTreeSet<String> = matches.iter().cloned().collect();
        let mut reached: Vec<String> = Vec::new();
        for include in &search.includes {
            seen.iter().for_each(|record| reached.extend(self.along(user, include, record)));
        }
        while let Some(address) = reached.pop() {
            if !all.insert(address.clone()) {
                continue;
            }
            let Some(record) = self.find(&address) else { continue };
            for include in search.includes.iter().filter(|include| include.iterates()) {
                let further = self.along(user, include, record);
                reached.extend(further.into_iter().filter(|address| !all.contains(address)));
            }
        }
        all.retain(|address| !matches.contains(address));
        all
    }

    /// Whom a search is about: those named, if all of it is permitted for all of them, or one's own of whom all of it is.
    fn searched_persons(&self, user: usize, search: &Search) -> Option<Vec<usize>> {
        let category = |kind: usize| KINDS[kind].category;
        // What is counted or looked through is not seen, so it counts as labelled.
        let parts = search.view != View::Whole;
        let unseen = search.view == View::Count || search.accurate || parts && !search.includes.is_empty();
        let mut needed: Vec<(Category, bool)> = vec![(category(search.kind), unseen)];
        needed.extend(search.includes.iter().filter_map(|include| Some((category(include.comes?), false))));
        needed.extend(match search.through {
            Some(Through::Sex(_)) => Some((Category::Demographics, true)),
            Some(Through::Has(kind, _)) => Some((category(kind), true)),
            Some(Through::AuthorsName(_)) | None => None,
        });
        let permitted = |person: usize| needed.iter().all(|(what, label)| self.may_read(user, person, *what, *label));
        if search.persons.is_empty() {
            let on_the_team = self.users[user].bonds.iter().filter(|(_, bond)| matches!(bond, Bond::Now(_)));
            let own: Vec<usize> = on_the_team.map(|(person, _)| *person).filter(|one| permitted(*one)).collect();
            return Some(own).filter(|own| !own.is_empty());
        }
        search.persons.iter().map(|id| self.person(id).filter(|person| permitted(*person))).collect()
    }

    fn fits(&self, search: &Search, record: &Record) -> bool {
        let newest = record.newest();
        let filter = match &search.filter {
            Some(Filter::Codes(codes)) => codes.contains(&newest.code),
            Some(Filter::Ids(ids)) => ids.contains(&record.id),
            Some(Filter::Author(key)) => newest.author == *key,
            None => true,
        };
        let same_person = |other: &&Record| other.newest().person == newest.person;
        filter
            && match search.through {
                Some(Through::Sex(sex)) => {
                    let mut persons = self.records.iter().filter(|other| other.kind == PATIENT).filter(same_person);
                    persons.any(|other| other.newest().code == sex)
                }
                Some(Through::AuthorsName(key)) => newest.author == key,
                Some(Through::Has(kind, code)) => {
                    let mut others = self.records.iter().filter(|other| other.kind == kind).filter(same_person);
                    others.any(|other| other.newest().code == code)
                }
                None => true,
            }
    }

    /// What comes along with a record that is seen, if it may be seen itself.
    fn along(&self, user: usize, include: &Include, record: &Record) -> Vec<String> {
        let leads = |from: &Record| -> Vec<String> {
            let newest = from.newest();
            match include.link {
                _ if from.kind != include.from => Vec::new(),
                "patient" => vec![format!("Patient/{}", self.persons[newest.person].id)],
                "performer" | "sender" => vec![format!("Practitioner/{}", newest.author)],
                link => newest.links.iter().filter(|(name, _)| *name == link).map(|(_, to)| to.clone()).collect(),
            }
        };
        if include.backwards() {
            let names_it = |other: &&Record| leads(other).contains(&record.address());
            let others = self.records.iter().filter(names_it).filter(|other| self.may_read_record(user, other));
            return others.map(Record::address).collect();
        }
        let may_be_seen = |address: &String| match self.find(address) {
            Some(record) => self.may_read_record(user, record),
            None => address.starts_with("Practitioner/"),
        };
        leads(record).into_iter().filter(may_be_seen).collect()
    }

    fn everything(&self, user: usize, person: &str, kinds: &[usize]) -> Expected {
        let may = |person: usize, category: Category| self.may_read(user, person, category, false);
        let Some(person) = self.person(person).filter(|person| may(*person, Category::Demographics)) else {
            return Expected::NotThere;
        };
        if !kinds.iter().all(|kind| may(person, KINDS[*kind].category)) {
            return Expected::NotThere;
        }
        let asked =
            |record: &&Record| record.newest().person == person && (kinds.is_empty() || kinds.contains(&record.kind));
        let there: Vec<&Record> = self.records.iter().filter(asked).collect();
        let seen = there.iter().filter(|record| self.may_read_record(user, record));
        let matches: Vec<String> = seen.map(|record| record.address()).collect();
        // Kinds that may not be seen are not asked for.
        let labelled = there.iter().filter(|one| may(person, one.kind().category) && !matches.contains(&one.address()));
        Expected::Found(Found { hidden: labelled.count(), matches })
    }
}
