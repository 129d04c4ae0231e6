//! Media types (RFC 9110 8.3.1), as far as they decide how a body is read.

/// Type and subtype, in lower case, without blanks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MediaType {
    essence: String,
    charset: Option<String>,
}

impl MediaType {
    /// Reads a media type; parameters other than `charset`, `fhirversion` and `boundary` make it unreadable, and so does
    /// one that is given twice.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let mut parts = text.split(';').map(str::trim);
        let essence = parts.next()?.to_ascii_lowercase();
        let (kind, subkind) = essence.split_once('/')?;
        if !(token(kind) && token(subkind)) {
            return None;
        }
        let (mut charset, mut version, mut boundary) = (None, None, None);
        for part in parts {
            let (name, value) = part.split_once('=')?;
            let value = value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).unwrap_or(value);
            if !token(value) {
                return None;
            }
            let slot = match name.to_ascii_lowercase().as_str() {
                "charset" => &mut charset,
                "fhirversion" => &mut version,
                "boundary" => &mut boundary,
                _ => return None,
            };
            if slot.replace(value.to_ascii_lowercase()).is_some() {
                return None;
            }
        }
        // Another version of FHIR is another grammar.
        let r4 = version.is_none_or(|version| version == "4.0" || version == "4.0.1");
        r4.then_some(Self { essence, charset })
    }

    /// FHIR R4 JSON in UTF-8: the one form that is read.
    pub(crate) fn is_fhir_json(&self) -> bool {
        matches!(self.essence.as_str(), "application/fhir+json" | "application/json") && self.is_utf8()
    }

    /// JSON in UTF-8, and nothing said about FHIR.
    pub(crate) fn is_json(&self) -> bool {
        self.essence == "application/json" && self.is_utf8()
    }

    /// A page in UTF-8.
    pub(crate) fn is_page(&self) -> bool {
        self.essence == "text/html" && self.is_utf8()
    }

    /// Type and subtype.
    pub(crate) fn essence(&self) -> &str {
        &self.essence
    }

    /// RFC 6902 6.
    pub(crate) fn is_json_patch(&self) -> bool {
        self.essence == "application/json-patch+json" && self.is_utf8()
    }

    pub(crate) fn is_xml(&self) -> bool {
        self.essence.ends_with("/xml") || self.essence.ends_with("+xml")
    }

    pub(crate) fn is_form(&self) -> bool {
        self.essence == "application/x-www-form-urlencoded" && self.is_utf8()
    }

    /// What a raw upload may be. Not what a store could take for a resource or take apart by itself.
    pub(crate) fn is_plain_bytes(&self) -> bool {
        let fhir = self.essence.contains("fhir") || matches!(self.essence.as_str(), "application/json" | "text/json");
        let parts = self.essence.starts_with("multipart/") || self.essence.starts_with("message/");
        let form = self.essence == "application/x-www-form-urlencoded";
        let xml = self.essence == "application/xml" || self.essence == "text/xml";
        !(fhir || parts || form || xml || self.essence.contains('*'))
    }

    fn is_utf8(&self) -> bool {
        self.charset.as_deref().is_none_or(|charset| charset == "utf-8")
    }
}

impl std::fmt::Display for MediaType {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.essence)?;
        match &self.charset {
            Some(charset) => write!(f, "; charset={charset}"),
            None => Ok(()),
        }
    }
}

/// Whether an `Accept` field names FHIR JSON among what it takes.
pub(crate) fn accepts_fhir_json(accept: &str) -> bool {
    accept.split(',').any(|range| {
        let essence = range.split(';').next().unwrap_or_default().trim();
        ["application/fhir+json", "application/json"].iter().any(|json| essence.eq_ignore_ascii_case(json))
    })
}

fn token(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 127
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$&^_.+-'*`|~%".contains(&b))
}
