//! Changes to a part of a record (FHIR R4 `http.html#patch`): applied here, so that what is decided on is the record as it
//! will be, and what the store gets is a plain update of the version that was looked at. A store that applied a patch by
//! itself could read it otherwise than we did.
//!
//! Two kinds: [`json_patch`] (RFC 6902) and [`fhirpath_patch`] (<https://hl7.org/fhir/R4/fhirpatch.html>). Reading a patch
//! says only what the client wrote. Applying one says what the stored record holds (`test` is a question about it), so a
//! fault of [`apply`] may be told *after* a permit only (promise P4).
//!
//! What identifies a record and what the store says about it are no client's to change: `resourceType`, `id`, `meta`,
//! `implicitRules`. A patch that reaches for them is refused when it is read.

mod elements;
mod fault;
mod fhirpath_patch;
mod json_patch;
mod path;
mod place;
mod value;

pub use fault::{PatchCause, PatchFault};

use fhirpath_patch::FhirpathPatch;
use json_patch::JsonPatch;

use crate::bounds::RESOURCE_BYTES_MAX;
use crate::error::Unreadable;
use crate::json::{self, Object};

/// A patch that was read, and not applied yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Patch<'a> {
    /// `application/json-patch+json`.
    Json(JsonPatch<'a>),
    /// A `Parameters` resource.
    Fhirpath(FhirpathPatch<'a>),
}

impl<'a> Patch<'a> {
    /// Reads a JSON Patch.
    pub(crate) fn read_json(body: &'a [u8]) -> Result<Self, PatchFault> {
        JsonPatch::read(body).map(Self::Json)
    }

    /// Reads a FHIRPath Patch.
    pub(crate) fn read_parameters(body: &'a [u8]) -> Result<Self, PatchFault> {
        FhirpathPatch::read(body).map(Self::Fhirpath)
    }
}

/// The resource as it is after all operations; all of them or none. Its text is one that [`crate::json::parse`] reads.
pub(crate) fn apply<'a>(patch: &'a Patch<'a>, resource: &Object<'a>) -> Result<Object<'a>, PatchFault> {
    let patched = match patch {
        Patch::Json(patch) => patch.apply(resource)?,
        Patch::Fhirpath(patch) => patch.apply(resource)?,
    };
    if patched.to_bytes().len() > RESOURCE_BYTES_MAX {
        return Err(PatchFault::Shape("makes the record larger than one may be"));
    }
    Ok(patched)
}

/// Which kind of patch, by its content type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PatchKind {
    /// `application/json-patch+json` (RFC 6902).
    Json,
    /// `application/fhir+json`: a `Parameters` resource.
    Fhirpath,
}

/// Applies a patch to a resource, both given as text. Whose the resource is before and after is not asked here.
///
/// # Errors
/// Neither reads, or the patch does not fit. See [`PatchFault`].
pub fn patched(kind: PatchKind, patch: &[u8], resource: &[u8]) -> Result<Vec<u8>, Unreadable> {
    let patch = match kind {
        PatchKind::Json => Patch::read_json(patch)?,
        PatchKind::Fhirpath => Patch::read_parameters(patch)?,
    };
    let tree = json::parse(resource)?;
    Ok(apply(&patch, tree.object().ok_or(Unreadable::Body("is no resource"))?)?.to_bytes())
}

/// Members of a resource that no patch changes.
const KEPT: [&str; 6] = ["resourceType", "id", "_id", "meta", "implicitRules", "_implicitRules"];

#[cfg(test)]
mod tests;
