//! Where a key is: a PKCS#11 URI (RFC 7512), of which three attributes are used. Any other is refused and not passed over:
//! it could have narrowed down which key is meant.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::fault::Fault;

/// Most octets of a token's or key's name: what a token's label can hold (CK_TOKEN_INFO).
const LABEL_OCTETS_MAX: usize = 32;

/// Where a key is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    module: PathBuf,
    token: String,
    object: String,
}

impl Place {
    /// Whether the text means a token at all.
    #[must_use]
    pub fn is_uri(text: &str) -> bool {
        text.starts_with("pkcs11:")
    }

    /// Reads a URI: `token` and `object` in the path, `module-path` in the query.
    ///
    /// # Errors
    /// Not a PKCS#11 URI, one of the three is missing or twice, or there is another. A PIN in it is refused: it would stand in
    /// the settings.
    pub fn parse(uri: &str) -> Result<Self, Fault> {
        let wrong = |why| Fault::Uri { uri: shown(uri), why };
        let rest = uri.strip_prefix("pkcs11:").ok_or_else(|| wrong("it does not begin with pkcs11:"))?;
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (mut token, mut object, mut module) = (None, None, None);
        for (part, in_query) in
            path.split(';').map(|part| (part, false)).chain(query.split('&').map(|part| (part, true)))
        {
            if part.is_empty() {
                continue;
            }
            let (name, value) = part.split_once('=').ok_or_else(|| wrong("an attribute has no value"))?;
            let place = match (name, in_query) {
                ("token", false) => &mut token,
                ("object", false) => &mut object,
                ("module-path", true) => &mut module,
                ("pin-value" | "pin-source", _) => return Err(wrong("a PIN must not stand in it")),
                _ => return Err(wrong("it has an attribute that is not used here")),
            };
            let value = decoded(value).ok_or_else(|| wrong("a value is not percent-encoded text"))?;
            if place.replace(value).is_some() {
                return Err(wrong("an attribute stands in it twice"));
            }
        }
        let label = |found: Option<String>, why| {
            let fits = |label: &String| (1..=LABEL_OCTETS_MAX).contains(&label.len());
            found.filter(fits).ok_or_else(|| wrong(why))
        };
        let token = label(token, "`token` is missing, or longer than 32 octets")?;
        let object = label(object, "`object` is missing, or longer than 32 octets")?;
        let module = module.map(PathBuf::from).filter(|path| path.is_absolute());
        let module = module.ok_or_else(|| wrong("`module-path` is missing, or no absolute path"))?;
        Ok(Self { module, token, object })
    }

    /// The file of the PKCS#11 module.
    #[must_use]
    pub fn module(&self) -> &Path {
        &self.module
    }

    /// Name of the token.
    #[must_use]
    pub fn token(&self) -> &str {
        &self.token
    }

    /// Name of the key in it.
    #[must_use]
    pub fn object(&self) -> &str {
        &self.object
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { module, token, object } = self;
        let module = module.to_string_lossy();
        write!(f, "pkcs11:token={};object={}?module-path={}", encoded(token), encoded(object), encoded(&module))
    }
}

/// What may be shown of a URI that was refused: nothing of a PIN that somebody wrote into it.
fn shown(uri: &str) -> String {
    let end = uri.find("pin-").unwrap_or(uri.len());
    uri.get(..end).unwrap_or_default().chars().take(200).collect()
}

fn decoded(text: &str) -> Option<String> {
    let mut octets = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(octet) = rest.next() {
        if octet != b'%' {
            octets.push(octet);
            continue;
        }
        let mut digit = || char::from(rest.next()?).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        octets.push(digit()? * 16 + digit()?);
    }
    String::from_utf8(octets).ok().filter(|text| !text.chars().any(char::is_control))
}

/// Everything but what RFC 3986 leaves alone, and `/`, which a query may hold.
fn encoded(text: &str) -> String {
    use std::fmt::Write as _;
    text.bytes().fold(String::new(), |mut written, octet| {
        if octet.is_ascii_alphanumeric() || b"-._~/".contains(&octet) {
            written.push(char::from(octet));
        } else {
            let _ = write!(written, "%{octet:02X}");
        }
        written
    })
}
