//! Why a patch is not applied. Each fault names the operation, counted from 1 as people count.

use crate::bounds::{JSON_DEPTH_MAX, PATCH_OPERATIONS_MAX};
use crate::json::JsonFault;

/// Why a patch is not read, or not applied.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PatchFault {
    /// No JSON with one reading.
    #[error("the patch {0}")]
    Json(#[from] JsonFault),
    /// JSON, but no patch.
    #[error("the patch {0}")]
    Shape(&'static str),
    /// More operations than the bound.
    #[error("the patch has more than {PATCH_OPERATIONS_MAX} operations")]
    TooManyOperations,
    /// One of the operations.
    #[error("operation {number} (`{name}`) {cause}")]
    Operation {
        /// Which, counted from 1.
        number: usize,
        /// What it is called in the patch.
        name: String,
        /// What is wrong with it.
        cause: PatchCause,
    },
}

/// What is wrong with an operation. Reads behind its name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PatchCause {
    /// No such operation.
    #[error("is no operation of this kind of patch")]
    Unknown,
    /// A part is missing, repeated or of another shape.
    #[error("has no usable `{0}`")]
    Part(&'static str),
    /// A part that this operation does not have.
    #[error("has a `{0}`, which does not belong to it")]
    MorePart(String),
    /// The path is not in the grammar that is read.
    #[error("has path `{path}`, which {why}")]
    Path {
        /// As given, shortened.
        path: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// It reaches for what only the store sets.
    #[error("reaches for `{0}`, which is the store's")]
    Kept(String),
    /// Nothing is there.
    #[error("finds nothing at `{0}`")]
    Nothing(String),
    /// More than one element is there.
    #[error("finds more than one element at `{0}`")]
    Several(String),
    /// A value cannot stand there: no such index, no list, no object, no name of an element.
    #[error("finds no place at `{0}`")]
    NoPlace(String),
    /// An element that does not repeat is there already.
    #[error("adds `{0}`, which is there already and does not repeat")]
    ThereAlready(String),
    /// A `test` that does not hold.
    #[error("expects another value at `{0}`")]
    NotEqual(String),
    /// A value moved into itself.
    #[error("moves `{0}` into itself")]
    IntoItself(String),
    /// FHIR R4 knows no such element there.
    #[error("names `{0}`, which is no element there")]
    NoElement(String),
    /// The value is of a type that the element does not take.
    #[error("has a value of type `{given}`, which `{element}` does not take")]
    Type {
        /// The type given.
        given: String,
        /// The element.
        element: String,
    },
    /// The element is a primitive value with an extension beside it, which would be left without its value.
    #[error("changes `{0}`, which carries an extension beside its value")]
    Extended(String),
    /// The record would be nested too deep.
    #[error("nests the record more than {JSON_DEPTH_MAX} deep")]
    Depth,
    /// The record would grow too large on the way.
    #[error("makes the record too large")]
    Size,
}
