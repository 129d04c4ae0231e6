//! What a request touches, and what is sent to the store for it.

mod answer;
mod claim;
mod forward;
mod record;

use model::{Action, Category, PersonId};

use crate::error::Unreadable;
use crate::fhir::condition::refused_by_the_store;
use crate::fhir::search::{Expected, Page, Place};

pub use answer::{AnswerKind, MappedAnswer, Part};
pub use claim::{Authors, Claim, ResourceAttributes};
pub use forward::{Field, Forward, ForwardBody};
pub use record::{RecordId, RecordKind, RecordRef};

/// What a request touches. Every claim is to be decided on before anything is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct Touches {
    /// What the request is about.
    main: Claim,
    /// What has to be permitted beside that.
    also: Vec<Claim>,
    /// Which records; the first is the one the target names.
    pub records: Vec<RecordRef>,
    /// What is sent to the store.
    pub forward: Forward,
    /// What may come back.
    pub answer: AnswerKind,
    /// What is wrong with the request, and may be said only to whoever is permitted. See [`Self::check`].
    after: Option<Unreadable>,
    /// What an answer to a search is held against.
    searched: Option<Box<Expected>>,
    /// Whose pages the answer to a search comes in.
    pages: Pages,
    /// What was wanted, where something else is decided on first.
    wanted: Option<Action>,
}

/// Whose pages a search comes in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pages {
    /// The store's, for whoever may see all that may be found: [`crate::Searchset`].
    Stores,
    /// Ours, made here out of what may be seen, since the store's would tell that there is something else:
    /// [`crate::Gathering`]. So it is until somebody says otherwise.
    #[default]
    Ours,
}

impl Touches {
    /// All that the parts of a transaction touch; none without parts.
    pub(crate) fn all_of(parts: Vec<Part>, forward: Forward) -> Option<Self> {
        let mut claims = parts.iter().flat_map(|part| part.touches.claims().cloned());
        let mut all = Self::new(claims.next()?, Vec::new(), forward, AnswerKind::Transaction(Vec::new()));
        all = claims.fold(all, Self::and);
        all.wanted = parts.first().map(|part| part.touches.action());
        for record in parts.iter().flat_map(|part| &part.touches.records) {
            if !all.records.contains(record) {
                all.records.push(record.clone());
            }
        }
        let wrong = |part: &Part| {
            let cause = Box::new(part.touches.after.clone()?);
            Some(Unreadable::Entry { number: part.place + 1, cause })
        };
        let wrong = parts.iter().find_map(wrong);
        all.answer = AnswerKind::Transaction(parts);
        Some(match wrong {
            Some(wrong) => all.but(wrong),
            None => all,
        })
    }

    pub(crate) fn new(claim: Claim, records: Vec<RecordRef>, forward: Forward, answer: AnswerKind) -> Self {
        Self {
            main: claim,
            also: Vec::new(),
            records,
            forward,
            answer,
            after: None,
            searched: None,
            pages: Pages::default(),
            wanted: None,
        }
    }

    /// Something more that has to be permitted.
    pub(crate) fn and(mut self, claim: Claim) -> Self {
        if self.claims().all(|known| *known != claim) {
            self.also.push(claim);
        }
        self
    }

    /// Something that is wrong, said after the decision. What would have been sent is let go of: no store takes what is left.
    pub(crate) fn but(mut self, unreadable: Unreadable) -> Self {
        self.after = Some(unreadable);
        self.forward = match self.records.first() {
            Some(record) if record.fhir_type().is_some() => refused_by_the_store(record),
            // A map has its own words for what is wrong with the version.
            _ => Forward { body: ForwardBody::None, ..self.forward },
        };
        self
    }

    /// What is decided on before anything else, on the way to this.
    pub(crate) fn wanting(mut self, action: Action) -> Self {
        self.wanted = Some(action);
        self
    }

    /// A search, and what may come back of it.
    pub(crate) fn searching(mut self, expected: Expected) -> Self {
        self.searched = Some(Box::new(expected));
        self
    }

    /// What may come back of a search; none if this is no search.
    pub(crate) fn expected(&self) -> Option<&Expected> {
        self.searched.as_deref()
    }

    /// What a search may find, kind by kind and person by person, as far as it is counted into pages: what comes along is not.
    /// Whoever may not see all of it, labelled or not, gets [`Pages::Ours`].
    pub fn may_be_found(&self) -> impl Iterator<Item = (PersonId, Category)> {
        let mut categories: Vec<Category> = Vec::new();
        let found = self.expected().filter(|expected| !expected.counts_only());
        for fhir_type in found.into_iter().flat_map(|expected| expected.matches()) {
            let category = fhir_type.category();
            if category != Category::Directory && !categories.contains(&category) {
                categories.push(category);
            }
        }
        let persons = if categories.is_empty() { Vec::new() } else { self.persons() };
        persons
            .into_iter()
            .flat_map(move |person| categories.clone().into_iter().map(move |category| (person.clone(), category)))
    }

    /// The same, in these pages, and each part of a transaction too; what is no search stays as it is.
    ///
    /// # Errors
    /// [`Unreadable::PageOver`]: it is a page of the other kind.
    pub fn in_pages(mut self, pages: Pages) -> Result<Self, Unreadable> {
        if let AnswerKind::Transaction(parts) = &mut self.answer {
            for part in parts {
                part.touches = part.touches.clone().in_pages(pages)?;
            }
        }
        let Some(expected) = &self.searched else { return Ok(self) };
        match (pages, expected.here()) {
            (Pages::Stores, Page::Ours(..)) => return Err(Unreadable::PageOver),
            (Pages::Stores, Page::Stores(_)) => {}
            (Pages::Ours, Page::Ours(..)) => {}
            (Pages::Ours, here) if *here == Page::FIRST => self.forward = expected.ours().first(),
            (Pages::Ours, Page::Stores(_)) => return Err(Unreadable::PageOver),
        }
        self.pages = pages;
        Ok(self)
    }

    /// Whose pages it comes in.
    #[must_use]
    pub const fn pages(&self) -> Pages {
        self.pages
    }

    /// Whether it is a page of a search that the store keeps: it may have let go of that meanwhile.
    #[must_use]
    pub fn asks_for_kept(&self) -> bool {
        let here = self.expected().map(Expected::here);
        matches!(here, Some(Page::Stores(Place::Link(_)) | Page::Ours(Place::Link(_), _)))
    }

    /// What has to be permitted, every one of them. The first is what the request is about.
    pub fn claims(&self) -> impl Iterator<Item = &Claim> {
        std::iter::once(&self.main).chain(&self.also)
    }

    /// What the request is about.
    #[must_use]
    pub const fn main(&self) -> &Claim {
        &self.main
    }

    /// What was to be done, for the audit entry. Whoever may not even ask which record his criteria mean, wanted to remove it
    /// all the same.
    #[must_use]
    pub fn action(&self) -> Action {
        self.wanted.unwrap_or_else(|| self.main().action)
    }

    /// Whose records, over all claims, each once.
    #[must_use]
    pub fn persons(&self) -> Vec<PersonId> {
        let mut persons: Vec<PersonId> = Vec::new();
        for person in self.claims().flat_map(|claim| &claim.persons) {
            if !persons.contains(person) {
                persons.push(person.clone());
            }
        }
        persons
    }

    /// The search that is asked for, in its one form; for a page, the search that it is a page of.
    #[must_use]
    pub fn asked(&self) -> Option<&str> {
        self.searched.as_deref().map(Expected::asked)
    }

    /// Whether anything is changed.
    #[must_use]
    pub fn writes(&self) -> bool {
        self.claims().any(|claim| claim.action.writes())
    }

    /// What is wrong with the request beside the question who may make it: the version that the client named is not the
    /// stored one, a patch does not fit. To be asked *after* a permit: said before it, it would tell a stranger that the
    /// record exists (promise P4). Whoever forgets to ask is refused by the store: what is sent then is an update without a
    /// record, of a version that none has, and of a route of a map one of such a version and without a body.
    ///
    /// # Errors
    /// [`Unreadable::Stale`] and the like.
    pub fn check(&self) -> Result<(), Unreadable> {
        self.after.clone().map_or(Ok(()), Err)
    }
}
