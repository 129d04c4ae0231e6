//! OperationOutcomes of ours. The store's texts name ids and causes; these name neither.

use crate::json::{Json, Object};

/// For an error of the store.
pub(super) fn refused(status: u16) -> Vec<u8> {
    let code = match status {
        404 | 410 => "not-found",
        409 | 412 => "conflict",
        429 | 500..=599 => "transient",
        _ => "processing",
    };
    outcome("error", code)
}

/// For a write that the store answered with an outcome instead of the record.
pub(super) fn done() -> Vec<u8> {
    outcome("information", "informational")
}

fn outcome(severity: &'static str, code: &'static str) -> Vec<u8> {
    let issue = Object::of(vec![("severity", Json::own(severity)), ("code", Json::own(code))]);
    let members =
        vec![("resourceType", Json::own("OperationOutcome")), ("issue", Json::List(vec![Json::Object(issue)]))];
    Object::of(members).to_bytes()
}
