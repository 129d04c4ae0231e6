//! A record by its kind and its id, as the store knows it.

use std::fmt;
use std::sync::Arc;

use model::{Category, IdError, RecordName};

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
