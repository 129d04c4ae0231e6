//! References inside a resource's text, exchanged without touching anything else: numbers keep their spelling.
//! What a transaction calls by `urn:uuid:...` or by a condition (`Patient?identifier=1`) gets its real name here
//! (<https://hl7.org/fhir/R4/http.html#trules>).

use std::ops::Range;

use super::outcome::Fault;

/// Members whose text is a link: references, and everything of type uri, url, oid, uuid or canonical by its usual names.
const LINKS: [&str; 8] = ["reference", "url", "uri", "valueUri", "valueUrl", "valueUuid", "valueOid", "valueCanonical"];

/// Exchanges links: `name` gives the new text, or none to leave it.
pub(crate) fn exchange(
    text: &str,
    mut name: impl FnMut(&str, &str) -> Result<Option<String>, Fault>,
) -> Result<String, Fault> {
    let mut changed = String::with_capacity(text.len());
    let (mut copied, mut member) = (0, String::new());
    for (at, is_name) in strings(text) {
        let quoted = text.get(at.clone()).unwrap_or_default();
        let content: String = serde_json::from_str(quoted).unwrap_or_default();
        if is_name {
            member = content;
        } else if LINKS.contains(&member.as_str())
            && let Some(new) = name(&member, &content)?
        {
            changed.push_str(text.get(copied..at.start).unwrap_or_default());
            changed.push_str(&serde_json::Value::String(new).to_string());
            copied = at.end;
        }
    }
    changed.push_str(text.get(copied..).unwrap_or_default());
    Ok(changed)
}

/// Where the strings of a JSON text stand, with their quotes, and whether each is the name of a member.
fn strings(text: &str) -> impl Iterator<Item = (Range<usize>, bool)> {
    let bytes = text.as_bytes();
    let mut at = 0;
    std::iter::from_fn(move || {
        let start = at + bytes.get(at..)?.iter().position(|byte| *byte == b'"')?;
        let mut end = start + 1;
        loop {
            match bytes.get(end)? {
                b'"' => break,
                b'\\' => end += 2,
                _ => end += 1,
            }
        }
        at = end + 1;
        let after = bytes.get(at..)?.iter().find(|byte| !byte.is_ascii_whitespace());
        Some((start..at, after == Some(&b':')))
    })
}

#[cfg(test)]
mod tests {
    use super::exchange;

    #[test]
    fn links_change_and_nothing_else_does() {
        let check = |text: &str, expected: &str| {
            let named = exchange(text, |_, link| Ok((link == "urn:uuid:1").then(|| "Patient/p-1".to_owned())));
            assert_eq!(named.unwrap(), expected, "{text}");
        };
        check(
            r#"{"subject":{"reference":"urn:uuid:1"},"n":36.50}"#,
            r#"{"subject":{"reference":"Patient/p-1"},"n":36.50}"#,
        );
        check(r#"{"url" : "urn:uuid:1"}"#, r#"{"url" : "Patient/p-1"}"#);
        // An identifier is a value, not a link; nor is a text that mentions one.
        let same =
            r#"{"identifier":[{"value":"urn:uuid:1"}],"note":"\"urn:uuid:1\"","reference":"urn:uuid:12","a\\":1}"#;
        check(same, same);
    }
}
