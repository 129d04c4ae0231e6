//! `name=value&...` as web applications send it (WHATWG URL 5): of a query, or of a posted form. Read strictly, written
//! anew in the one way that every reader reads alike.
//!
//! Unlike in FHIR's queries `+` is a blank here: that is how every browser writes one in a form. What goes on has `%20`.

use crate::bounds::PARAMETERS_MAX;
use crate::error::{Unreadable, quote};
use crate::target;

/// Names and decoded values, each name once.
pub(super) fn read(text: &str) -> Result<Vec<(&str, String)>, Unreadable> {
    let mut pairs: Vec<(&str, String)> = Vec::new();
    for part in text.split('&') {
        let fault = |name: &str, why| Unreadable::Parameter { name: quote(name), why };
        let (name, value) = part.split_once('=').ok_or_else(|| fault(part, "has no value"))?;
        if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte)) {
            return Err(fault(name, "holds a character that no name has"));
        }
        // Upper and lower case taken as one: some readers see one name where others see two.
        if pairs.iter().any(|(own, _)| own.eq_ignore_ascii_case(name)) {
            return Err(fault(name, "is given twice"));
        }
        if pairs.len() == PARAMETERS_MAX {
            return Err(fault(name, "is one too many"));
        }
        pairs.push((name, decode(value).map_err(|why| fault(name, why))?));
    }
    Ok(pairs)
}

/// Written anew.
pub(super) fn write(pairs: &[(&str, &str)]) -> String {
    let written = target::build("", pairs.iter().copied());
    written.strip_prefix('?').unwrap_or_default().to_owned()
}

/// Decodes a value once.
fn decode(value: &str) -> Result<String, &'static str> {
    let mut decoded = Vec::with_capacity(value.len());
    let mut bytes = value.bytes();
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'+' => b' ',
            b'%' => {
                let mut digit = || bytes.next().and_then(|byte| char::from(byte).to_digit(16));
                let (Some(high), Some(low)) = (digit(), digit()) else { return Err("holds a broken percent-encoding") };
                u8::try_from(high * 16 + low).map_err(|_| "holds a broken percent-encoding")?
            }
            // What a browser leaves as it is in a form, and what people type into an address; never `;`, which some readers
            // take for `&`.
            _ if byte.is_ascii_alphanumeric() || b"*-._~:,/@!$'()?".contains(&byte) => byte,
            _ => return Err("holds a character that has to be encoded"),
        });
    }
    // Strict: overlong forms and surrogates are no UTF-8. What the characters may be is the grammar's business.
    String::from_utf8(decoded).map_err(|_| "is not UTF-8")
}
