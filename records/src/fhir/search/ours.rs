//! Pages that are made here. Whoever may not see every match would learn from the store's pages that there are some he may
//! not: they are not full, and yet others follow. So the store is asked for pages of one size, whatever the client asked for,
//! and out of them pages are made as a store would make them that had nothing else (`release/gathering.rs`).
//!
//! What comes along is asked for by itself, once it is known which matches are shown: with these and no others.

use model::PersonId;

use super::page::Place;
use super::within_a_target;
use crate::target;
use crate::touches::{Forward, RecordId};

/// What the store is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ours {
    /// The first of its pages, in origin form; `_count` stands at its end.
    pub(super) target: String,
    /// How many matches a page of ours holds.
    pub(super) count: u32,
    /// What comes along, if anything does.
    pub(super) along: Option<Along>,
}

/// What comes along with matches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Along {
    pub(super) path: String,
    /// The parameter that says whose records are searched for, and whom; none where the records are the persons.
    pub(super) person: Option<(&'static str, Vec<PersonId>)>,
    /// Includes, as they are sent on.
    pub(super) asked: Vec<(String, String)>,
    pub(super) view: Option<(&'static str, String)>,
}

impl Ours {
    /// How many matches a page holds.
    pub(crate) const fn count(&self) -> u32 {
        self.count
    }

    /// The first of the store's pages.
    pub(crate) fn first(&self) -> Forward {
        within_a_target(self.target.clone())
    }

    /// The store's page at a place.
    pub(crate) fn at(&self, place: &Place) -> Forward {
        match place {
            Place::Offset(0) => self.first(),
            Place::Offset(offset) => within_a_target(format!("{}&_offset={offset}", self.target)),
            Place::Link(link) => Forward::get(link.clone()),
        }
    }

    /// What comes along with these matches. None if nothing does.
    pub(crate) fn along_with(&self, shown: &[RecordId]) -> Option<Forward> {
        let along = self.along.as_ref().filter(|_| !shown.is_empty())?;
        let joined = |ids: &mut dyn Iterator<Item = &str>| ids.collect::<Vec<_>>().join(",");
        let ids = joined(&mut shown.iter().map(RecordId::as_str));
        let count = shown.len().to_string();
        let mut pairs: Vec<(&str, String)> = vec![("_id", ids)];
        if let Some((name, persons)) = &along.person {
            pairs.insert(0, (name, joined(&mut persons.iter().map(PersonId::as_str))));
        }
        pairs.extend(along.asked.iter().map(|(name, value)| (name.as_str(), value.clone())));
        pairs.extend(along.view.clone());
        pairs.push(("_count", count));
        let pairs = pairs.iter().map(|(name, value)| (*name, value.as_str()));
        Some(within_a_target(target::build(&along.path, pairs)))
    }
}
