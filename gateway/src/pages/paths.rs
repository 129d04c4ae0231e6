//! Where the pages live, and paths that lead nowhere but to this host.

use std::fmt;

/// Home, on the care host; outline, on the public host.
pub const HOME: &str = "/";
/// Sign-in form (GET) and sign-in (POST).
pub const SIGN_IN: &str = "/.sekisho/sign-in";
/// Sign-out (POST).
pub const SIGN_OUT: &str = "/.sekisho/sign-out";
/// Change of the own password: form (GET) and change (POST).
pub const PASSWORD: &str = "/.sekisho/password";
/// Own access history (art. 28).
pub const HISTORY: &str = "/.sekisho/history";
/// Declaring an emergency (art. 41): form (GET) and declaration (POST).
pub const EMERGENCY: &str = "/.sekisho/emergency";
/// Ending a declared emergency (POST).
pub const EMERGENCY_END: &str = "/.sekisho/emergency/end";
/// Terminals of one's own and of one's facility (art. 38-2).
pub const TERMINALS: &str = "/.sekisho/terminals";
/// Reporting a terminal: form (GET, `?device=`) and report (POST).
pub const TERMINAL_REPORT: &str = "/.sekisho/terminals/report";
/// What a facility administrator has to confirm (art. 38-3).
pub const REVOCATIONS: &str = "/.sekisho/revocations";
/// Confirming it (POST).
pub const REVOCATION_CONFIRM: &str = "/.sekisho/revocations/confirm";
/// Terminals of a facility administrator's facility that are about to be without a certificate.
pub const EXPIRING: &str = "/.sekisho/terminals/expiring";
/// The connection check, which needs no sign-in.
pub const CONNECTION: &str = "/.sekisho/connection";
/// Style sheet on the care host.
pub const STYLE: &str = "/.sekisho/style.css";
/// Style sheet on the public host.
pub const PUBLIC_STYLE: &str = "/style.css";
/// Prefix of the addresses that problem documents give as `type` (RFC 9457 3.1.1).
pub const PROBLEMS: &str = "/.sekisho/problems/";

/// Longest path kept, in octets.
const LENGTH_MAX: usize = 2048;

/// A path with its query on this host: begins with one `/`, so that neither `next` nor the language link can lead to
/// another host or become a script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocalPath(String);

impl LocalPath {
    /// Takes a path with its query, as it stands in a request line. None for another host (`//host`, `/\host`, a
    /// scheme), for anything but visible ASCII, and for more than 2048 octets.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let local = text.starts_with('/') && !text.starts_with("//");
        let plain = text.bytes().all(|octet| octet.is_ascii_graphic() && octet != b'\\');
        (local && plain && text.len() <= LENGTH_MAX).then(|| Self(text.to_owned()))
    }

    /// Home.
    #[must_use]
    pub fn home() -> Self {
        Self(HOME.to_owned())
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The same address, asking for a language: `lang` is set, everything else stays.
    #[must_use]
    pub fn with_language(&self, code: &str) -> Self {
        let address = self.0.split_once('#').map_or(self.0.as_str(), |(address, _)| address);
        let (path, query) = address.split_once('?').unwrap_or((address, ""));
        let kept = query
            .split('&')
            .filter(|pair| !pair.is_empty() && pair.split_once('=').map_or(*pair, |(key, _)| key) != "lang");
        let asked = format!("lang={code}");
        let pairs: Vec<&str> = kept.chain(std::iter::once(asked.as_str())).collect();
        Self(format!("{path}?{}", pairs.join("&")))
    }

    /// The sign-in page that comes back to here.
    #[must_use]
    pub fn sign_in(&self) -> Self {
        if self.0 == HOME {
            return Self(SIGN_IN.to_owned());
        }
        Self(format!("{SIGN_IN}?next={}", encoded(&self.0)))
    }
}

impl fmt::Display for LocalPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Percent-encodes everything but RFC 3986's unreserved characters.
fn encoded(text: &str) -> String {
    text.bytes().fold(String::with_capacity(text.len()), |mut written, octet| {
        if octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'.' | b'_' | b'~') {
            written.push(char::from(octet));
        } else {
            written.push_str(&format!("%{octet:02X}"));
        }
        written
    })
}
