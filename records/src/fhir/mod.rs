//! FHIR R4 (<https://hl7.org/fhir/R4/http.html>), as far as it is served.

pub(crate) mod authors;
pub(crate) mod bundle;
pub(crate) mod condition;
pub(crate) mod date;
pub(crate) mod draft;
pub(crate) mod interaction;
pub(crate) mod labels;
mod labels_written;
pub(crate) mod links;
pub(crate) mod metadata;
pub(crate) mod parameters;
pub(crate) mod patching;
pub(crate) mod person;
pub(crate) mod reading;
pub(crate) mod refused;
pub(crate) mod removal;
pub(crate) mod search;
pub(crate) mod types;
