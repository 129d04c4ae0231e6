//! What a command prints: sentences for people, or one JSON object a line for programs.

use std::fmt::Display;
use std::io::{ErrorKind, Write};
use std::path::Path;

use serde_json::Value;

use crate::error::Error;

/// Where answers go.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Output {
    json: bool,
}

impl Output {
    pub(crate) const fn new(json: bool) -> Self {
        Self { json }
    }

    /// One fact, in both forms. A secret is printed here once and kept nowhere.
    pub(crate) fn say(self, sentence: impl Display, value: &Value) -> Result<(), Error> {
        if self.json { self.line(value) } else { self.line(sentence) }
    }

    fn line(self, line: impl Display) -> Result<(), Error> {
        match writeln!(std::io::stdout().lock(), "{line}") {
            // Whoever reads has seen enough, as `head` does.
            Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
            other => other.map_err(Error::file("writing", Path::new("standard output"))),
        }
    }
}

/// Says each of what a list or a search found, and where that is nothing, that it is: `what` there was none of.
pub(crate) fn each<T>(
    found: impl IntoIterator<Item = T>,
    what: impl Display,
    say: impl FnMut(T) -> Result<(), Error>,
) -> Result<(), Error> {
    let mut found = found.into_iter().peekable();
    if found.peek().is_none() {
        nothing(what);
    }
    found.try_for_each(say)
}

/// Says that there was nothing to be found. Not part of the answer: programs count lines.
pub(crate) fn nothing(what: impl Display) {
    eprintln!("sekisho: nothing found: {what}");
}

/// Says what whoever gave a command should know besides. Not part of the answer, which may go to a printer.
pub(crate) fn note(what: impl Display) {
    eprintln!("sekisho: note: {what}");
}

/// Says that a search stopped at its limit. Not part of the answer: programs count lines.
pub(crate) fn more(more: bool) {
    if more {
        eprintln!("sekisho: there are more; ask with a larger --limit, or for those before a time with --to");
    }
}

/// A list in a sentence: `a, b`, or `none`.
pub(crate) fn listed<T: Display>(items: impl IntoIterator<Item = T>) -> String {
    let items: Vec<String> = items.into_iter().map(|item| item.to_string()).collect();
    if items.is_empty() { "none".to_owned() } else { items.join(", ") }
}
