//! Names that may stand in certificates: of authorities, of hosts, of places where revocation lists lie.

use crate::error::{Refused, cut};

/// Longest common or organisation name, in characters (RFC 5280 A.1, ub-common-name, ub-organization-name).
const NAME_LENGTH_MAX: usize = 64;

/// Name of an authority: organisation and common name, in UTF-8. Never the name of a person or a terminal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthorityName {
    organization: String,
    common_name: String,
}

impl AuthorityName {
    /// Checks and wraps. Both parts: 1 to 64 characters, no control characters, no space at either end.
    ///
    /// # Errors
    /// A part is out of bounds.
    pub fn new(organization: &str, common_name: &str) -> Result<Self, Refused> {
        for part in [organization, common_name] {
            let length = part.chars().count();
            let plain = !part.chars().any(char::is_control) && part.trim() == part;
            if length == 0 || length > NAME_LENGTH_MAX || !plain {
                return Err(Refused::Name { kind: "name of an authority", given: cut(part) });
            }
        }
        Ok(Self { organization: organization.to_owned(), common_name: common_name.to_owned() })
    }

    /// The organisation: the city.
    #[must_use]
    pub fn organization(&self) -> &str {
        &self.organization
    }

    /// The common name.
    #[must_use]
    pub fn common_name(&self) -> &str {
        &self.common_name
    }
}

/// Checks a DNS host name in its plain form: lower-case letters, digits and hyphens in labels of 1 to 63, at most 253
/// characters, no trailing dot, the last label not all digits (that would be an address).
pub(crate) fn check_host(text: &str) -> Result<(), Refused> {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let address_like = text.rsplit('.').next().is_some_and(|last| last.bytes().all(|b| b.is_ascii_digit()));
    if text.len() <= 253 && text.split('.').all(label) && !address_like {
        Ok(())
    } else {
        Err(Refused::Name { kind: "host name", given: cut(text) })
    }
}

/// Checks the address of a revocation list: `http://` or `https://`, a host name or address, an optional port, a path
/// of unreserved characters and slashes. Plain HTTP is right here: the list is signed, and fetching it over TLS may
/// need the list itself (RFC 5280 8).
pub(crate) fn check_list_url(text: &str) -> Result<(), Refused> {
    let wrong = || Refused::Name { kind: "address of a revocation list", given: cut(text) };
    let rest = text.strip_prefix("http://").or_else(|| text.strip_prefix("https://")).ok_or_else(wrong)?;
    let (authority, path) = rest.split_once('/').ok_or_else(wrong)?;
    let (host, port) = match authority.split_once(':') {
        Some((host, port)) => (host, Some(port)),
        None => (authority, None),
    };
    let host_fine = check_host(host).is_ok() || host.parse::<std::net::Ipv4Addr>().is_ok();
    let port_fine = port.is_none_or(|port| port.parse::<u16>().is_ok_and(|port| port > 0));
    let path_fine = !path.is_empty()
        && path.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~' | b'/'));
    if host_fine && port_fine && path_fine && text.len() <= 255 { Ok(()) } else { Err(wrong()) }
}
