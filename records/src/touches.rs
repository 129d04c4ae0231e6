//! What a request touches, and what is sent to the store for it.

use std::fmt;

use model::{Action, Category, IdError, PersonId};

use crate::error::{Unreadable, quote};
use crate::fhir::types::FhirType;

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

/// A record, or all records of a type: `Observation/o-1`, `Observation`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RecordRef {
    /// Of which type.
    pub fhir_type: FhirType,
    /// Which one; none for a search, or for a record that is yet to be created.
    pub id: Option<RecordId>,
}

impl RecordRef {
    /// One record.
    #[must_use]
    pub const fn one(fhir_type: FhirType, id: RecordId) -> Self {
        Self { fhir_type, id: Some(id) }
    }

    /// The type as such.
    #[must_use]
    pub const fn all(fhir_type: FhirType) -> Self {
        Self { fhir_type, id: None }
    }

    /// What kind of shared information it is.
    #[must_use]
    pub const fn category(&self) -> Category {
        self.fhir_type.category()
    }
}

impl fmt::Display for RecordRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.id {
            Some(id) => write!(f, "{}/{id}", self.fhir_type),
            None => write!(f, "{}", self.fhir_type),
        }
    }
}

/// What a request touches. To be decided on for every person in it before anything is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct Touches {
    /// What is done.
    pub action: Action,
    /// To which kind of record.
    pub category: Category,
    /// Whose records, each once. Empty only for [`Category::Directory`]. Two where an update would hand a record from
    /// one person to another: both have to be permitted.
    pub persons: Vec<PersonId>,
    /// Which records; the first is the one the target names.
    pub records: Vec<RecordRef>,
    /// What is sent to the store.
    pub forward: Forward,
    /// What may come back.
    pub answer: AnswerKind,
    /// The client named a version that is not the stored one. See [`Self::check_version`].
    pub(crate) stale: bool,
}

impl Touches {
    /// Whether the client's `If-Match` names the stored version. To be asked *after* a permit: said before it, it would tell
    /// a stranger that the record exists (promise P4). Whoever forgets to ask is refused by the store: a stale request
    /// carries a version that no record has.
    ///
    /// # Errors
    /// [`Unreadable::Stale`].
    pub const fn check_version(&self) -> Result<(), Unreadable> {
        if self.stale { Err(Unreadable::Stale) } else { Ok(()) }
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

/// What may come back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AnswerKind {
    /// One resource of this type.
    Resource {
        /// Which type.
        fhir_type: FhirType,
    },
    /// A searchset.
    Bundle,
    /// Bytes of a document of that person; not read. They must be of the version whose owner was looked up.
    Opaque {
        /// Entity tag of that version (RFC 9110 8.8.3).
        version: String,
    },
    /// News of one person, as server-sent events: references, no contents.
    EventStream,
    /// The same by WebSocket (RFC 6455).
    WebSocket,
}
