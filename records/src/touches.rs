//! What a request touches, and what is sent to the store for it.

use std::fmt;
use std::sync::Arc;

use model::{Action, Category, IdError, PersonId, RecordName};

use crate::error::{Unreadable, quote};
use crate::fhir::condition::refused_by_the_store;
use crate::fhir::search::{Expected, Page, Place};
use crate::fhir::types::FhirType;
use crate::route_map::RouteMap;

/// The id of a record in the store: FHIR R4 `id` without the dot, as all identifiers here.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RecordId(Box<str>);

impl RecordId {
    /// Checks the grammar and wraps.
    ///
    /// # Errors
    /// See [`IdError`].
    pub fn new(text: &str) -> Result<Self, IdError> {
        model::id::check(text)?;
        Ok(Self(Box::from(text)))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub(crate) fn read(text: &str) -> Result<Self, Unreadable> {
        Self::new(text).map_err(|cause| Unreadable::Id { given: quote(text), cause })
    }
}

impl fmt::Display for RecordId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for RecordId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RecordId({})", self.0)
    }
}

/// Of which kind a record is: a type of FHIR R4, or one that a route map names.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RecordKind {
    /// A resource type.
    Fhir(FhirType),
    /// A kind of a store that does not speak FHIR.
    Mapped {
        /// Its name in the map.
        name: Arc<str>,
        /// What policy calls it.
        category: Category,
    },
}

impl RecordKind {
    /// What kind of shared information it is.
    #[must_use]
    pub const fn category(&self) -> Category {
        match self {
            Self::Fhir(fhir_type) => fhir_type.category(),
            Self::Mapped { category, .. } => *category,
        }
    }
}

impl fmt::Display for RecordKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fhir(fhir_type) => fhir_type.fmt(f),
            Self::Mapped { name, .. } => f.write_str(name),
        }
    }
}

/// A record, or all records of a kind: `Observation/o-1`, `Observation`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RecordRef {
    /// Of which kind.
    pub kind: RecordKind,
    /// Which one; none for a search, or for a record that is yet to be created.
    pub id: Option<RecordId>,
}

impl RecordRef {
    /// One record of FHIR.
    #[must_use]
    pub const fn one(fhir_type: FhirType, id: RecordId) -> Self {
        Self { kind: RecordKind::Fhir(fhir_type), id: Some(id) }
    }

    /// The type as such.
    #[must_use]
    pub const fn all(fhir_type: FhirType) -> Self {
        Self { kind: RecordKind::Fhir(fhir_type), id: None }
    }

    /// Its name, as an order to delete it has it (art. 19-2).
    ///
    /// # Errors
    /// It is no single record, or has no such name.
    pub fn name(&self) -> Result<RecordName, Unreadable> {
        RecordName::new(&self.to_string()).map_err(|_| Unreadable::Interaction("a record that cannot be named"))
    }

    /// What kind of shared information it is.
    #[must_use]
    pub const fn category(&self) -> Category {
        self.kind.category()
    }

    /// Its type, if it is of FHIR.
    #[must_use]
    pub const fn fhir_type(&self) -> Option<FhirType> {
        match self.kind {
            RecordKind::Fhir(fhir_type) => Some(fhir_type),
            RecordKind::Mapped { .. } => None,
        }
    }
}

impl fmt::Display for RecordRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.id {
            Some(id) => write!(f, "{}/{id}", self.kind),
            None => write!(f, "{}", self.kind),
        }
    }
}

/// One thing that has to be permitted, for every person in it, before anything is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// What is done.
    pub action: Action,
    /// To which kind of record.
    pub category: Category,
    /// Whose records, each once. Empty only for [`Category::Directory`]. Two where an update would hand a record from
    /// one person to another: both have to be permitted.
    pub persons: Vec<PersonId>,
    /// Whom the stored version names as its authors; nobody where there is none.
    pub authors: Authors,
    /// Whom the version that is written names; nobody where nothing is written.
    pub written: Authors,
    /// Whom the version that is written names beside them as authors of parts of it, and the stored version does not: keys of human
    /// beings, or what stands there where it cannot be told who it is.
    pub beneath: Vec<String>,
    /// It is labelled as sensitive ([`ResourceAttributes::sensitive`]).
    pub sensitive: bool,
    /// Which record, where that matters to who may: a removal is ordered of one (art. 19-2).
    pub record: Option<RecordName>,
}

impl Claim {
    /// That a record is read, whoever wrote it; whether it is labelled, the caller says. A write has no such short form: whoever
    /// makes one says in whose name.
    #[must_use]
    pub const fn read(category: Category, persons: Vec<PersonId>, sensitive: bool) -> Self {
        let (authors, written) = (Authors::Unknown, Authors::Unknown);
        let beneath = Vec::new();
        Self { action: Action::Read, category, persons, authors, written, beneath, sensitive, record: None }
    }

    /// That records are searched. Labels are looked at when they are found, of each by itself.
    #[must_use]
    pub const fn search(category: Category, persons: Vec<PersonId>) -> Self {
        let (authors, written) = (Authors::Unknown, Authors::Unknown);
        let beneath = Vec::new();
        Self { action: Action::Search, category, persons, authors, written, beneath, sensitive: false, record: None }
    }
}

/// Who wrote a record, as far as it says so itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Authors {
    /// It names nobody, or was not looked at. Who needs to know refuses.
    Unknown,
    /// It names somebody of whom it cannot be told who it is: it may be anybody.
    Unclear,
    /// These, in order and each once: professionals by the id of their entry in the directory, which is the key of the human
    /// being; whoever does not sign in, such as the person or a facility, as `Type/id`.
    Named(Vec<String>),
}

/// What is asked about a record before it is released.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ResourceAttributes<'a> {
    /// Whose it is.
    pub person: &'a PersonId,
    /// What kind of record it is.
    pub category: Category,
    /// It bears a label of confidentiality or sensitivity (FHIR R4 security-labels.html).
    pub sensitive: bool,
    /// This request wrote it, so it may be shown to its writer. What else stands in the answer to a write, such as the record
    /// that a conditional create found instead, is a read like any other.
    pub written: bool,
}

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

/// The request towards the store, built from what was understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forward {
    /// Method.
    pub method: &'static str,
    /// Canonical target in origin form. Reading it again gives the same [`Touches`].
    pub target: String,
    /// `If-Match`: the version that was looked at, so that check and use are of the same one.
    pub if_match: Option<String>,
    /// `Content-Type`, where there is a body.
    pub content_type: Option<String>,
    /// Further fields, names in lower case. They take the place of the client's.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: ForwardBody,
}

impl Forward {
    pub(crate) fn get(target: String) -> Self {
        Self { method: "GET", target, if_match: None, content_type: None, headers: Vec::new(), body: ForwardBody::None }
    }
}

/// The body towards the store.
#[derive(Clone, PartialEq, Eq)]
pub enum ForwardBody {
    /// None, whatever the client sent. A search sent as a form goes on as a plain `GET`.
    None,
    /// This: the client's resource, written anew from what was understood.
    Built(Vec<u8>),
    /// The client's, as a stream, unread: the bytes of a document.
    Stream,
}

impl fmt::Debug for ForwardBody {
    // Contents of records stay out of logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("None"),
            Self::Built(body) => write!(f, "Built({} bytes)", body.len()),
            Self::Stream => f.write_str("Stream"),
        }
    }
}

/// A part of a transaction: what one entry touches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Where its answer belongs, from 0: the place of the entry in what the client sent.
    pub place: usize,
    /// What it touches, and what may come back for it. Its forward is that of the entry; the resource in it has gone into
    /// the Bundle.
    pub touches: Touches,
}

/// What may come back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AnswerKind {
    /// One resource of this type.
    Resource {
        /// Which type.
        fhir_type: FhirType,
    },
    /// An old version of one: it may have belonged to somebody else, and nothing it says is remembered.
    Version {
        /// Which type.
        fhir_type: FhirType,
    },
    /// Every version of one, newest first.
    History {
        /// Which type.
        fhir_type: FhirType,
        /// As the client asked for it, in its one form.
        asked: String,
        /// How many entries it may have: of those that may be seen, which is known here only.
        count: usize,
    },
    /// A searchset.
    Bundle,
    /// What the store says it can do; what goes out is what is enforced here.
    Capabilities,
    /// A transaction-response, with an answer to each of these, in this order.
    Transaction(Vec<Part>),
    /// Bytes of a document of that person; not read. They must be of the version whose owner was looked up.
    Opaque {
        /// Entity tag of that version (RFC 9110 8.8.3).
        version: String,
    },
    /// News of one person, as server-sent events: references, no contents.
    EventStream,
    /// The same by WebSocket (RFC 6455).
    WebSocket,
    /// What a route of a map says.
    Mapped(MappedAnswer),
}

/// An answer as a route of a map says it.
#[derive(Clone)]
pub struct MappedAnswer {
    pub(crate) map: Arc<RouteMap>,
    /// The route's number in the map.
    pub(crate) route: usize,
}

impl PartialEq for MappedAnswer {
    /// By the map in memory: there is one of each.
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.map, &other.map) && self.route == other.route
    }
}

impl Eq for MappedAnswer {}

impl fmt::Debug for MappedAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.map.name(), self.map.route_name(self.route))
    }
}
