//! Where in its file a rule stands, for whoever has to mend it.

use std::fmt;

use miette::Diagnostic;

/// A file and a line in it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place<'a> {
    file: &'a str,
    text: &'a str,
    /// From 1.
    line: usize,
}

impl<'a> Place<'a> {
    /// That of an octet of the file's text.
    pub(crate) fn of(file: &'a str, text: &'a str, octet: usize) -> Self {
        let line = text.bytes().take(octet).filter(|byte| *byte == b'\n').count().saturating_add(1);
        Self { file, text, line }
    }

    /// What a fault of Cedar points to in the same file; the place itself where it points to nothing.
    pub(crate) fn of_fault(self, fault: &dyn Diagnostic) -> Self {
        let octet = fault.labels().and_then(|mut labels| labels.next()).map(|label| label.offset());
        octet.map_or(self, |octet| Self::of(self.file, self.text, octet))
    }
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}
