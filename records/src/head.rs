//! Header fields: those that are read here, and those that change what a message means and are refused.

use crate::bounds::FIELD_BYTES_MAX;
use crate::error::{Unreadable, quote};
use crate::media::MediaType;

/// The head of a request, as received. The host is not in it: the gateway has judged that.
#[derive(Clone, Copy, Debug)]
pub struct Head<'a> {
    /// As received; methods are case-sensitive (RFC 9110 9.1).
    pub method: &'a str,
    /// Origin form (RFC 9112 3.2.1), as received.
    pub target: &'a str,
    /// Names in lower case, in the order received.
    pub headers: &'a [(&'a str, &'a [u8])],
}

/// Fields that other software takes as an order to do something else than the request line says.
const REFUSED: &[(&str, &str)] = &[
    ("x-http-method-override", "would change the method"),
    ("x-http-method", "would change the method"),
    ("x-method-override", "would change the method"),
    ("x-original-url", "would change the target"),
    ("x-original-uri", "would change the target"),
    ("x-rewrite-url", "would change the target"),
    ("content-location", "would change the target"),
    ("x-rewrite-history", "would change the past"),
    ("x-cascade", "would change other records"),
    ("x-meta-snapshot-mode", "would change the labels of a record"),
    ("content-encoding", "hides the body"),
    ("content-range", "sends a part of a body"),
];

/// Whether a field of this name is refused wherever it comes from.
pub(crate) fn is_refused(name: &str) -> bool {
    REFUSED.iter().any(|(refused, _)| *refused == name)
}

/// The fields that are read here, each given once at most.
#[derive(Debug, Default)]
pub(crate) struct Fields<'a> {
    pub(crate) accept: Option<&'a str>,
    pub(crate) content_type: Option<MediaType>,
    pub(crate) if_match: Option<&'a str>,
    /// Criteria of a conditional create.
    pub(crate) if_none_exist: Option<&'a str>,
    pub(crate) security_context: Option<&'a str>,
    pub(crate) upgrade: Option<&'a str>,
    /// `return=minimal`: the writer does not want the record back.
    pub(crate) minimal: bool,
    /// The head says that a body follows (RFC 9112 6.3).
    pub(crate) has_body: bool,
}

impl<'a> Fields<'a> {
    pub(crate) fn read(headers: &[(&'a str, &'a [u8])]) -> Result<Self, Unreadable> {
        let mut fields = Self::default();
        let mut prefer = None;
        let mut content_type = None;
        for (name, value) in headers {
            let fault = |why| Unreadable::Header { name: quote(name), why };
            if let Some((_, why)) = REFUSED.iter().find(|(refused, _)| refused == name) {
                return Err(fault(why));
            }
            if name.contains('_') {
                // Many a server takes `_` for `-`.
                return Err(fault("has an underscore in its name"));
            }
            let known = match *name {
                "accept" => &mut fields.accept,
                "content-type" => &mut content_type,
                "if-match" => &mut fields.if_match,
                "if-none-exist" => &mut fields.if_none_exist,
                "x-security-context" => &mut fields.security_context,
                "upgrade" => &mut fields.upgrade,
                "prefer" => &mut prefer,
                "content-length" => {
                    fields.has_body |= *value != b"0";
                    continue;
                }
                "transfer-encoding" => {
                    fields.has_body = true;
                    continue;
                }
                _ => continue,
            };
            if value.len() > FIELD_BYTES_MAX {
                return Err(fault("is too long"));
            }
            let plain = value.iter().all(|byte| matches!(byte, b' '..=b'~'));
            let text = std::str::from_utf8(value).ok().filter(|_| plain).ok_or_else(|| fault("is not plain ASCII"))?;
            if known.replace(text.trim_matches(' ')).is_some() {
                return Err(fault("is given twice"));
            }
        }
        if let Some(text) = content_type {
            let fault = || Unreadable::Header { name: "content-type".to_owned(), why: "names no media type" };
            fields.content_type = Some(MediaType::read(text).ok_or_else(fault)?);
        }
        if let Some(text) = prefer {
            fields.minimal = preference(text)?;
        }
        Ok(fields)
    }

    /// Refuses a body where none belongs: it would travel unread.
    pub(crate) fn no_body(&self) -> Result<(), Unreadable> {
        if self.has_body { Err(Unreadable::Body("does not belong to this request")) } else { Ok(()) }
    }

    /// Refuses what belongs to other interactions only, so that nobody believes it was heeded.
    pub(crate) fn nothing_special(&self) -> Result<(), Unreadable> {
        self.nothing_but(&[])
    }

    /// The same, but for these.
    pub(crate) fn nothing_but(&self, allowed: &[&str]) -> Result<(), Unreadable> {
        let given = [
            ("if-match", self.if_match.is_some()),
            ("if-none-exist", self.if_none_exist.is_some()),
            ("x-security-context", self.security_context.is_some()),
            ("upgrade", self.upgrade.is_some()),
        ];
        match given.iter().find(|(name, given)| *given && !allowed.contains(name)) {
            Some((name, _)) => {
                Err(Unreadable::Header { name: (*name).to_owned(), why: "does not belong to this request" })
            }
            None => Ok(()),
        }
    }
}

/// `Prefer` (RFC 7240): only what changes nothing about who sees what, and when. Returns whether `return=minimal`.
fn preference(text: &str) -> Result<bool, Unreadable> {
    let mut minimal = false;
    for preference in text.split([',', ';']) {
        match preference.trim() {
            "return=minimal" => minimal = true,
            "return=representation" | "handling=strict" => {}
            _ => return Err(Unreadable::Header { name: "prefer".to_owned(), why: "asks for what is not served" }),
        }
    }
    Ok(minimal)
}
