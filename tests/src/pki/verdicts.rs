//! What the tables of verdicts have in common (`tests/pki/*.txt`): a line a case, and behind its last bar why it may differ.

use std::collections::BTreeMap;

pub(super) const fn word(accepted: bool) -> &'static str {
    if accepted { "accept" } else { "refuse" }
}

/// Reasons by case, as they stand in the file: after the last bar.
pub(super) fn reasons(kept: &str) -> BTreeMap<String, String> {
    let lines = kept.lines().filter(|line| !line.starts_with('#'));
    let parts = lines.map(|line| line.split('|').map(str::trim).collect::<Vec<_>>());
    let with_reason = parts.filter(|parts| parts.len() == 4 && !parts[3].is_empty());
    with_reason.map(|parts| (parts[1].to_owned(), parts[3].to_owned())).collect()
}

/// The name of what a chain check has against a certificate, without what stands around it.
pub(super) fn in_short(error: &rustls::Error) -> String {
    let text = format!("{error:?}").replace("InvalidCertificate(", "").replace("Other(OtherError(", "");
    format!("chain: {}", text.split([' ', '{', '(']).next().unwrap_or_default().trim_end_matches(')'))
}
