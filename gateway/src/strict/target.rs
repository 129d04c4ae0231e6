//! The target of a request in its one form (RFC 3986 3.3, 3.4), for both versions of HTTP: what is written otherwise is refused, so
//! that nothing behind this has to make it plain, and no two things can do so differently.
//!
//! No address that is served has a character in its path that need be encoded: an encoded slash, dot or letter can only be there
//! to be read twice. `records` says more about the targets of records; this is for every page.

use super::flaw::{Flaw, unreadable};

/// Proof: the target is in its one form.
pub struct Canonical(());

/// Looks at a target in origin form, with its query.
///
/// # Errors
/// It is in another form.
pub fn canonical(target: &str) -> Result<Canonical, Flaw> {
    let (path, query) = target.split_once('?').map_or((target, None), |(path, query)| (path, Some(query)));
    let Some(segments) = path.strip_prefix('/') else {
        return unreadable("a target in other than origin form");
    };
    if !path.bytes().all(|octet| octet.is_ascii_alphanumeric() || matches!(octet, b'/' | b'-' | b'_' | b'$' | b'.')) {
        return unreadable("a character in the path that no address here has, or an encoded one");
    }
    let mut segments = segments.split('/').peekable();
    while let Some(segment) = segments.next() {
        let last = segments.peek().is_none();
        match segment {
            // What a slash at the end leads to is for the pages to say.
            "" if last => {}
            "" => return unreadable("an empty segment in the path"),
            "." | ".." => return unreadable("a dot segment in the path"),
            _ => {}
        }
    }
    query.map_or(Ok(()), plain_query)?;
    Ok(Canonical(()))
}

/// Nothing that some reader takes for the end of the query or of a parameter, and encodings that are whole and of no control
/// character.
fn plain_query(query: &str) -> Result<(), Flaw> {
    let mut octets = query.bytes();
    while let Some(octet) = octets.next() {
        match octet {
            b'%' => {
                let mut digit = || octets.next().and_then(|octet| char::from(octet).to_digit(16));
                match (digit(), digit()) {
                    (Some(0..=1), Some(_)) | (Some(7), Some(15)) => {
                        return unreadable("a control character in the query");
                    }
                    (Some(_), Some(_)) => {}
                    _ => return unreadable("a broken percent-encoding in the query"),
                }
            }
            b'#' | b'"' | b'<' | b'>' | b'\\' | b'^' | b'`' | b'{' | b'}' | b';' => {
                return unreadable("a character in the query that has to be encoded");
            }
            _ if octet.is_ascii_graphic() => {}
            _ => return unreadable("a character in the query that has to be encoded"),
        }
    }
    Ok(())
}
