//! Refusals for programs: problem documents (RFC 9457).

use serde::Serialize;

use super::paths::PROBLEMS;
use super::texts::{self, Language};
use crate::refusal::Refusal;

/// `Content-Type` of a problem document.
pub const CONTENT_TYPE: &str = "application/problem+json";

/// The members of RFC 9457 3.1, then ours.
#[derive(Serialize)]
struct Problem<'a> {
    r#type: String,
    title: String,
    status: u16,
    detail: String,
    instance: String,
    code: &'static str,
    articles: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<&'a str>,
    text_ja: String,
    text_en: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after_seconds: Option<u32>,
}

/// The document for a refusal. `incident` is the number under which the request can be asked about; it must have the
/// same length for every request, since for [`Refusal::NotAvailable`] it is all that differs (promise P4).
#[must_use]
pub fn problem(refusal: &Refusal, incident: &str) -> String {
    let code = refusal.code();
    let Words { title, rule, text_ja, text_en, detail } = Words::of(refusal);
    let document = Problem {
        r#type: format!("{PROBLEMS}{code}"),
        title,
        status: refusal.status(),
        detail,
        instance: format!("urn:sekisho:incident:{incident}"),
        code,
        articles: refusal.articles().iter().map(ToString::to_string).collect(),
        rule,
        text_ja,
        text_en,
        retry_after_seconds: refusal.retry_after_seconds(),
    };
    // Strings and numbers always serialise; should that ever change, the status alone still refuses.
    serde_json::to_string(&document).unwrap_or_else(|_| "{}".to_owned())
}

/// What is said of a refusal, whatever document it is said in.
pub(super) struct Words<'a> {
    title: String,
    rule: Option<&'a str>,
    pub(super) text_ja: String,
    pub(super) text_en: String,
    pub(super) detail: String,
}

impl<'a> Words<'a> {
    pub(super) fn of(refusal: &'a Refusal) -> Self {
        let code = refusal.code();
        let text = |language, part: &str| texts::text(language, &format!("refusal-{code}-{part}"), &[]);
        let (rule, text_ja, text_en) = match refusal {
            Refusal::Told(rule) => (Some(rule.id.as_str()), rule.text_ja.clone(), rule.text_en.clone()),
            Refusal::Stopped(rule) => (Some(rule.id.as_str()), text(Language::Ja, "what"), text(Language::En, "what")),
            Refusal::PasswordUnfit(problem) => (None, problem.text(Language::Ja), problem.text(Language::En)),
            _ => (None, text(Language::Ja, "what"), text(Language::En, "what")),
        };
        let detail = match refusal {
            Refusal::Unreadable(cause) => cause.told.clone(),
            Refusal::DoesNotFit(cause) => cause.clone(),
            Refusal::BodyTooLarge(limit) => format!("{text_en} At most {limit} octets."),
            Refusal::MethodNotAllowed(allowed) => format!("{text_en} Allowed: {allowed}."),
            Refusal::PasswordUnfit(problem) => problem.text(Language::En),
            Refusal::TooMany { limit, .. } => format!("{text_en} Limit: {limit}."),
            _ => text_en.clone(),
        };
        Self { title: text(Language::En, "title"), rule, text_ja, text_en, detail }
    }
}
