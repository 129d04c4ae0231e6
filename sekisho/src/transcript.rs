//! The transcript of ceremonies: lines of text, each with a hash over everything before it. Whoever has written down the last
//! hash on paper finds out whether a line was changed, taken out or put in since.
//!
//! It lies beside the root's key, wherever that is, so that one text tells of all that the root has signed. Copies of it are
//! beginnings of it; two that go on differently say that the root was used in two places that did not know of each other.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use aws_lc_rs::digest::{SHA256, digest};

use crate::error::Error;
use crate::folder;

/// Between a line's words and its hash.
const MARK: &str = " #";
/// Characters of a hash.
const HASH_CHARACTERS: usize = 64;

/// A transcript that is whole: every line follows from what is before it.
#[derive(Debug)]
pub(crate) struct Transcript {
    path: PathBuf,
    text: String,
    head: Option<String>,
}

impl Transcript {
    /// Reads one, and holds it to be whole. It may be empty.
    ///
    /// # Errors
    /// It cannot be read, or is not whole.
    pub(crate) fn read(path: &Path) -> Result<Self, Error> {
        let octets = folder::read_secret(path)?;
        let what = "transcript in UTF-8";
        let text = String::from_utf8(octets.to_vec()).map_err(|_| Error::NotA { path: path.to_owned(), what })?;
        let head = check(&text).map_err(|fault| broken(path, fault))?;
        Ok(Self { path: path.to_owned(), text, head })
    }

    /// The same, where a ceremony must have been before: an empty file is what is left when somebody took the lines away.
    ///
    /// # Errors
    /// As [`Self::read`]; or there is nothing in it.
    pub(crate) fn read_begun(path: &Path) -> Result<Self, Error> {
        let read = Self::read(path)?;
        if read.text.is_empty() {
            let path = path.display();
            return Err(Error::usage(format_args!(
                "the transcript `{path}` is empty; what the root signed is not in it"
            )));
        }
        Ok(read)
    }

    /// The last hash; none where no line has one yet.
    pub(crate) fn head(&self) -> Option<&str> {
        self.head.as_deref()
    }

    /// How many lines there are.
    pub(crate) fn count(&self) -> usize {
        self.text.lines().count()
    }

    /// The words of each line, without its hash.
    pub(crate) fn lines(&self) -> impl Iterator<Item = &str> {
        self.text.lines().map(|line| marked(line).map_or(line, |(words, _)| words))
    }

    /// The text as it stands in the file.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// How many lines follow the one with this hash: all up to there is as it was when somebody wrote the hash down.
    pub(crate) fn after(&self, hash: &str) -> Option<usize> {
        self.text.lines().rev().position(|line| marked(line).is_some_and(|(_, found)| found == hash))
    }

    /// How many lines this one has more than `copy`, which must be a beginning of it.
    ///
    /// # Errors
    /// They go on differently, or it is the copy that goes on.
    pub(crate) fn continues(&self, copy: &Self) -> Result<usize, Error> {
        let (here, there) = (self.path.display(), copy.path.display());
        if self.text.starts_with(&copy.text) {
            return Ok(self.count().saturating_sub(copy.count()));
        }
        if copy.text.starts_with(&self.text) {
            let more = copy.count().saturating_sub(self.count());
            return Err(Error::usage(format_args!(
                "`{there}` has {more} lines that are not in `{here}`; copy it there first, so that they are one"
            )));
        }
        let same = self.text.lines().zip(copy.text.lines()).take_while(|(one, other)| one == other).count();
        Err(Error::usage(format_args!(
            "`{here}` and `{there}` part after line {same}: the root signed in two places that did not know of each other; \
             find out what, keep the copy under another name, and have its last hash written down too"
        )))
    }
}

/// Adds a line, durably.
///
/// # Errors
/// The transcript is not whole, or cannot be written.
pub(crate) fn add(path: &Path, words: &str) -> Result<(), Error> {
    // A chain that is broken already would prove nothing.
    let before = Transcript::read(path)?.text;
    folder::add_line(path, &format!("{words}{MARK}{}", hash(&before, words)))
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

/// A line's words and its hash, if it has one.
fn marked(line: &str) -> Option<(&str, &str)> {
    line.rsplit_once(MARK).filter(|(_, hash)| hash.len() == HASH_CHARACTERS)
}

/// The last hash; or the number of the first line that does not fit. Lines of before there were hashes stand at the beginning
/// only, and the first hash covers them.
fn check(text: &str) -> Result<Option<String>, usize> {
    let (mut before, mut last) = (String::new(), None);
    for (place, line) in text.split_inclusive('\n').enumerate() {
        let fault = place.saturating_add(1);
        let bare = line.strip_suffix('\n').ok_or(fault)?;
        match marked(bare) {
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
