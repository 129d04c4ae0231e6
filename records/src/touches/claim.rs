//! What has to be permitted, and what is asked about a record before it is released.

use model::{Action, Category, PersonId, RecordName};

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
