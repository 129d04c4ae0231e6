//! The canonical request target: one reading for policy and store, or a refusal.
//!
//! Only origin-form (RFC 9112 3.2.1). The path takes no percent-encoding at all: no segment that is served needs one, so
//! an encoded slash, dot or letter can only be there to be read twice. The query takes it in values only, once.

use crate::bounds::{PAGE_CHARACTERS_MAX, PARAMETER_BYTES_MAX, PARAMETERS_MAX, SEGMENTS_MAX, TARGET_BYTES_MAX};
use crate::error::{Unreadable, quote};

/// A target taken apart.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Target<'a> {
    /// Segments of the path, none empty.
    pub(crate) segments: Vec<&'a str>,
    pub(crate) query: Query<'a>,
}

/// Parameters in the order given, values decoded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Query<'a>(pub(crate) Vec<(&'a str, String)>);

impl<'a> Target<'a> {
    pub(crate) fn read(target: &'a str) -> Result<Self, Unreadable> {
        if target.len() > TARGET_BYTES_MAX {
            return Err(Unreadable::Target("is too long"));
        }
        if !target.starts_with('/') {
            return Err(Unreadable::Target("is not in origin form"));
        }
        let (path, query) = match target.split_once('?') {
            Some((path, query)) => (path, Query::read(query)?),
            None => (target, Query::default()),
        };
        if path.contains('%') {
            return Err(Unreadable::Target("holds an encoded character in its path"));
        }
        if !path.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/-_$.".contains(&byte)) {
            return Err(Unreadable::Target("holds a character in its path that no address has"));
        }
        let segments: Vec<&str> = path.split('/').skip(1).collect();
        if segments.len() > SEGMENTS_MAX {
            return Err(Unreadable::Target("has too many segments"));
        }
        // What somebody adds who takes an address for a folder; `/` alone is no address at all.
        if let [first, .., ""] = segments.as_slice()
            && !first.is_empty()
        {
            return Err(Unreadable::Target("ends with a slash, as no address here does; leave it out"));
        }
        if segments.iter().any(|segment| segment.is_empty()) {
            return Err(Unreadable::Target("has an empty segment"));
        }
        if segments.iter().any(|segment| segment.starts_with('.') || segment.ends_with('.')) {
            return Err(Unreadable::Target("has a dot segment"));
        }
        Ok(Self { segments, query })
    }
}

impl<'a> Query<'a> {
    /// Reads `name=value&...`, of a target or of a form.
    pub(crate) fn read(text: &'a str) -> Result<Self, Unreadable> {
        let mut parameters = Vec::new();
        for part in text.split('&') {
            let Some((name, value)) = part.split_once('=') else {
                return Err(Unreadable::Target("has a parameter without a value"));
            };
            if name.is_empty() {
                return Err(Unreadable::Target("has a parameter without a name"));
            }
            if !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-:.".contains(&byte)) {
                return Err(Unreadable::Target("holds a character in a parameter's name that no name has"));
            }
            if parameters.len() == PARAMETERS_MAX {
                return Err(Unreadable::Target("has too many parameters"));
            }
            parameters.push((name, decode(name, value)?));
        }
        Ok(Self(parameters))
    }

    /// The parameters of a form beside those of the target. A name in both is refused: stores differ in which they take.
    pub(crate) fn merged(mut self, form: Self) -> Result<Self, Unreadable> {
        if let Some((name, _)) = form.0.iter().find(|(name, _)| self.0.iter().any(|(own, _)| own == name)) {
            return Err(Unreadable::Parameter { name: quote(name), why: "stands in the target and in the body" });
        }
        self.0.extend(form.0);
        Ok(self)
    }

    /// Drops what only asks for the form that every answer has anyway (`_format=json`, `_pretty`).
    pub(crate) fn without_form(mut self) -> Result<Self, Unreadable> {
        const JSON: [&str; 3] = ["json", "application/json", "application/fhir+json"];
        for (name, allowed) in [("_format", &JSON[..]), ("_pretty", &["true", "false"][..])] {
            let mut given = self.0.iter().filter(|(own, _)| *own == name);
            if let Some((_, value)) = given.next() {
                if given.next().is_some() || !allowed.contains(&value.as_str()) {
                    return Err(Unreadable::Parameter {
                        name: name.to_owned(),
                        why: "asks for a form that is not served",
                    });
                }
                self.0.retain(|(own, _)| *own != name);
            }
        }
        Ok(self)
    }

    /// Refuses any parameter.
    pub(crate) fn none(&self) -> Result<(), Unreadable> {
        match self.0.first() {
            Some((name, _)) => Err(Unreadable::Parameter { name: quote(name), why: "is not served here" }),
            None => Ok(()),
        }
    }
}

/// A page of a search, `/fhir/TYPE?_page=SEALED` and nothing else: type and seal. The seal is longer than other targets may
/// be, and of unreserved characters only (RFC 3986 2.3), so there is nothing to decode. None for any other target.
pub(crate) fn page(target: &str) -> Option<Result<(&str, &str), Unreadable>> {
    let (path, sealed) = target.split_once("?_page=")?;
    let fhir_type = path.strip_prefix("/fhir/").filter(|name| name.bytes().all(|byte| byte.is_ascii_alphabetic()));
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    Some(match fhir_type {
        _ if sealed.len() > PAGE_CHARACTERS_MAX => Err(Unreadable::Target("is too long")),
        Some(fhir_type) if !sealed.is_empty() && sealed.bytes().all(plain) => Ok((fhir_type, sealed)),
        _ => Err(Unreadable::Parameter {
            name: "_page".to_owned(),
            why: "stands beside something else, or is none of ours",
        }),
    })
}

/// Decodes a value once (RFC 3986 2.1). `+` is refused: a blank to some readers, a plus sign to others. So is `%25`: who
/// decodes twice would see something else.
fn decode(name: &str, value: &str) -> Result<String, Unreadable> {
    let fault = |why| Unreadable::Parameter { name: quote(name), why };
    let mut decoded = Vec::with_capacity(value.len());
    let mut bytes = value.bytes();
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'+' => return Err(fault("holds `+`, which has two readings; write %2B")),
            b'%' => {
                let mut digit = || bytes.next().and_then(|byte| char::from(byte).to_digit(16));
                let (Some(high), Some(low)) = (digit(), digit()) else {
                    return Err(fault("holds a broken percent-encoding"));
                };
                match u8::try_from(high * 16 + low) {
                    Ok(b'%') | Err(_) => return Err(fault("is encoded twice")),
                    Ok(0..0x20 | 0x7f) => return Err(fault("holds a control character")),
                    Ok(byte) => byte,
                }
            }
            // RFC 3986 3.4 without `;`, which some readers take for `&`; `|` because FHIR clients send it bare.
            _ if byte.is_ascii_alphanumeric() || b"-._~!$'()*,=:@/?|".contains(&byte) => byte,
            _ => return Err(fault("holds a character that has to be encoded")),
        });
    }
    if decoded.len() > PARAMETER_BYTES_MAX {
        return Err(fault("is too long"));
    }
    // Strict: overlong forms and surrogates are no UTF-8.
    String::from_utf8(decoded).map_err(|_| fault("is not UTF-8"))
}

/// Writes a target anew. Everything but unreserved characters, `/` and `:` is encoded, in upper-case digits.
pub(crate) fn build<'v>(path: &str, parameters: impl IntoIterator<Item = (&'v str, &'v str)>) -> String {
    // Most are shorter, and grow no further.
    let mut target = String::with_capacity(path.len() + 128);
    target.push_str(path);
    for (index, (name, value)) in parameters.into_iter().enumerate() {
        target.push(if index == 0 { '?' } else { '&' });
        target.push_str(name);
        target.push('=');
        for byte in value.bytes() {
            if byte.is_ascii_alphanumeric() || b"-._~/:".contains(&byte) {
                target.push(char::from(byte));
            } else {
                target.push_str(&format!("%{byte:02X}"));
            }
        }
    }
    target
}
