//! Facts as an entry keeps them: the text of [`crate::facts::compact_all`].

use std::fmt;
use std::ops::Deref;
use std::sync::{Arc, OnceLock};

/// A text of facts. Cheap to clone: entries that rest on the same decision share it, and what stands of it in a line is written once
/// for all of them.
#[derive(Clone, Default)]
pub struct FactsText(Arc<Text>);

#[derive(Default)]
struct Text {
    plain: String,
    /// As a string of JSON, made harmless; see `line`.
    quoted: OnceLock<Vec<u8>>,
}

impl FactsText {
    /// The text as a string of JSON; `quote` writes it the first time.
    pub(crate) fn quoted(&self, quote: impl FnOnce() -> Vec<u8>) -> &[u8] {
        self.0.quoted.get_or_init(quote)
    }
}

impl Deref for FactsText {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0.plain
    }
}

impl From<String> for FactsText {
    fn from(plain: String) -> Self {
        Self(Arc::new(Text { plain, quoted: OnceLock::new() }))
    }
}

impl PartialEq for FactsText {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Eq for FactsText {}

impl fmt::Display for FactsText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self)
    }
}

impl fmt::Debug for FactsText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}
