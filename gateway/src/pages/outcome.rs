//! Refusals of a batch's entries: OperationOutcomes (FHIR R4 operationoutcome.html), for a batch-response has no place for
//! a problem document. They say the same.

use serde::Serialize;

use super::problem::Words;
use crate::refusal::Refusal;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Outcome<'a> {
    resource_type: &'static str,
    issue: [Issue<'a>; 1],
}

#[derive(Serialize)]
struct Issue<'a> {
    severity: &'static str,
    code: &'static str,
    details: Details<'a>,
    diagnostics: String,
}

#[derive(Serialize)]
struct Details<'a> {
    coding: [Coding<'a>; 1],
    text: String,
}

#[derive(Serialize)]
struct Coding<'a> {
    system: &'static str,
    code: &'a str,
    display: String,
}

/// The outcome for a refusal. `incident` is the number under which the entry can be asked about; of two records that are
/// not available it is all that differs (promise P4).
#[must_use]
pub fn outcome(refusal: &Refusal, incident: &str) -> String {
    let Words { text_ja, text_en, detail, .. } = Words::of(refusal);
    let outcome = Outcome {
        resource_type: "OperationOutcome",
        issue: [Issue {
            severity: "error",
            code: issue_type(refusal.status()),
            details: Details {
                coding: [Coding { system: SYSTEM, code: refusal.code(), display: text_en }],
                text: text_ja,
            },
            diagnostics: format!("{detail} (urn:sekisho:incident:{incident})"),
        }],
    };
    // Strings always serialise; should that ever change, the status alone still refuses.
    serde_json::to_string(&outcome).unwrap_or_default()
}

/// Of our codes: those of problem documents.
const SYSTEM: &str = "urn:sekisho:problems";

/// FHIR R4 valueset-issue-type.html.
const fn issue_type(status: u16) -> &'static str {
    match status {
        401 => "login",
        403 => "forbidden",
        404 => "not-found",
        405 => "not-supported",
        412 => "conflict",
        413 => "too-long",
        429 => "throttled",
        500.. => "transient",
        _ => "processing",
    }
}
