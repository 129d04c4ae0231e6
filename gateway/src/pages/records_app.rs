//! Where a person's records are read: the application that a city puts behind or beside the gateway, from the settings. The
//! gateway itself has no page for records, and a page of FHIR JSON is none.

use model::PersonId;

/// Stands for the person's id in the address.
const PERSON: &str = "{person}";
/// Longest address, in octets.
const LENGTH_MAX: usize = 1024;

/// An address with a place for a person's id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordsApp(String);

/// Why a text is no address of a records application.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecordsAppError {
    /// Neither `https` nor a path of the care host.
    #[error("`{0}` is neither an https address nor a path of the care host, such as /app/{{person}}")]
    Elsewhere(String),
    /// Not once, or in the host's name.
    #[error("`{0}` must have {{person}} once, behind the host's name")]
    Person(String),
    /// Characters that an address does not have (RFC 3986), or too many.
    #[error("`{0}` has characters that an address has not, or more than 1024")]
    Characters(String),
}

impl RecordsApp {
    /// Takes `https://host/…{person}…`, or a path on the care host.
    ///
    /// # Errors
    /// See [`RecordsAppError`]. A script, another scheme, another host in disguise (`//host`, `user@host`) is refused: the link
    /// stands on a page that people trust.
    pub fn new(text: &str) -> Result<Self, RecordsAppError> {
        // RFC 3986 2: unreserved, reserved and `%`; braces are for the person.
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "-._~:/?#[]@!$&()*+,;=%{}".contains(c);
        if text.len() > LENGTH_MAX || !text.chars().all(is_plain) {
            return Err(RecordsAppError::Characters(text.chars().take(100).collect()));
        }
        let elsewhere = || RecordsAppError::Elsewhere(text.to_owned());
        let rest = match text.strip_prefix("https://") {
            Some(address) => {
                let end = address.find(['/', '?', '#']).unwrap_or(address.len());
                let (authority, rest) = address.split_at(end);
                let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | ':' | '[' | ']');
                if authority.is_empty() || authority.contains(['@', '\\']) {
                    return Err(elsewhere());
                }
                if !authority.chars().all(is_name) {
                    return Err(RecordsAppError::Person(text.to_owned()));
                }
                rest
            }
            None if text.starts_with('/') && !text.starts_with("//") => text,
            None => return Err(elsewhere()),
        };
        let parts: Vec<&str> = rest.split(PERSON).collect();
        if parts.len() != 2 || parts.iter().any(|part| part.contains(['{', '}'])) {
            return Err(RecordsAppError::Person(text.to_owned()));
        }
        Ok(Self(text.to_owned()))
    }

    /// The address for one person. Ids have letters, digits and hyphens only, so nothing need be escaped.
    #[must_use]
    pub fn of(&self, person: &PersonId) -> String {
        self.0.replace(PERSON, person.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_leads_to_one_person_s_page_over_https_or_on_this_host() {
        let of = |text: &str| RecordsApp::new(text).map(|app| app.of(&PersonId::new("P-0001").unwrap()));
        for (text, link) in [
            ("https://karte.example/{person}", "https://karte.example/P-0001"),
            (
                "https://karte.example:8443/#/persons/{person}/today",
                "https://karte.example:8443/#/persons/P-0001/today",
            ),
            ("https://[2001:db8::1]?person={person}", "https://[2001:db8::1]?person=P-0001"),
            ("/app/?person={person}&view=day", "/app/?person=P-0001&view=day"),
        ] {
            assert_eq!(of(text).as_deref(), Ok(link));
        }
        for (text, wrong) in [
            ("", "neither"),
            ("app/{person}", "neither"),
            ("//evil.example/{person}", "neither"),
            ("http://karte.example/{person}", "neither"),
            ("javascript:alert({person})", "neither"),
            ("https:///{person}", "neither"),
            ("https://care@evil.example/{person}", "neither"),
            ("https://{person}.example/", "once"),
            ("https://karte.example/", "once"),
            ("/{person}/{person}", "once"),
            ("/{person}/{other}", "once"),
            ("/\\evil.example/{person}", "characters"),
            ("/a b/{person}", "characters"),
            ("/\"onclick=/{person}", "characters"),
            ("/\u{3042}/{person}", "characters"),
        ] {
            let error = of(text).unwrap_err().to_string();
            assert!(error.contains(wrong), "{text}: {error}");
        }
        assert!(of(&format!("/{}{{person}}", "a".repeat(1024))).is_err());
    }
}
