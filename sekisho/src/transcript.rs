//! The transcript of ceremonies: lines of text, each with a hash over everything before it. Whoever has written down the last
//! hash on paper finds out whether a line was changed, taken out or put in since.

use std::fmt::Write as _;
use std::path::Path;

use aws_lc_rs::digest::{SHA256, digest};

use crate::error::Error;
use crate::folder;

/// Between a line's words and its hash.
const MARK: &str = " #";
/// Characters of a hash.
const HASH_CHARACTERS: usize = 64;

/// Adds a line, durably.
///
/// # Errors
/// The transcript is not whole, or cannot be written.
pub(crate) fn add(path: &Path, words: &str) -> Result<(), Error> {
    let before = read(path)?;
    // A chain that is broken already would prove nothing.
    check(&before).map_err(|fault| broken(path, fault))?;
    folder::add_line(path, &format!("{words}{MARK}{}", hash(&before, words)))
}

/// How many lines there are, and the last hash; none where no line has one yet.
///
/// # Errors
/// It cannot be read, or is not whole.
pub(crate) fn head(path: &Path) -> Result<(usize, Option<String>), Error> {
    let text = read(path)?;
    let last = check(&text).map_err(|fault| broken(path, fault))?;
    Ok((text.lines().count(), last))
}

fn read(path: &Path) -> Result<String, Error> {
    let octets = folder::read_secret(path)?;
    let what = "transcript in UTF-8";
    String::from_utf8(octets.to_vec()).map_err(|_| Error::NotA { path: path.to_owned(), what })
}

fn broken(path: &Path, line: usize) -> Error {
    let path = path.display();
    Error::usage(format_args!(
        "the transcript `{path}` is not whole: line {line} does not follow from what is before it"
    ))
}

fn hash(before: &str, words: &str) -> String {
    let found = digest(&SHA256, format!("{before}{words}").as_bytes());
    found.as_ref().iter().fold(String::new(), |mut text, octet| {
        let _ = write!(text, "{octet:02x}");
        text
    })
}

/// The last hash; or the number of the first line that does not fit. Lines of before there were hashes stand at the beginning
/// only, and the first hash covers them.
fn check(text: &str) -> Result<Option<String>, usize> {
    let (mut before, mut last) = (String::new(), None);
    for (place, line) in text.split_inclusive('\n').enumerate() {
        let fault = place.saturating_add(1);
        let bare = line.strip_suffix('\n').ok_or(fault)?;
        let marked = bare.rsplit_once(MARK).filter(|(_, hash)| hash.len() == HASH_CHARACTERS);
        match marked {
            Some((words, given)) if hash(&before, words) == given => last = Some(given.to_owned()),
            None if last.is_none() => {}
            _ => return Err(fault),
        }
        before.push_str(line);
    }
    Ok(last)
}

#[cfg(test)]
mod tests;
