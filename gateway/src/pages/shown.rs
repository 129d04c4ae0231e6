//! Text from outside as it may be shown: nothing invisible, nothing that turns the line around.
//!
//! A name such as `佐藤<U+202E>...` could make a page read other than it is (CVE-2021-42574 did so with source text).
//! Escaping does not help: these are ordinary characters to HTML. They are written out as `[U+202E]`.

use std::fmt;

/// Characters shown of one text; what is longer ends in `…`.
const CHARACTERS_MAX: usize = 200;

/// Text that was entered or sent by somebody. The only way for such text into a page.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Shown<'a>(pub &'a str);

impl Shown<'_> {
    /// There is nothing to show.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (count, character) in self.0.chars().enumerate() {
            if count == CHARACTERS_MAX {
                return f.write_str("…");
            }
            if is_hidden(character) {
                write!(f, "[U+{:04X}]", u32::from(character))?;
            } else {
                fmt::Write::write_char(f, character)?;
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Shown({self})")
    }
}

/// Control and format characters without a look of their own. Variation selectors stay: Japanese names need them
/// (葛 and its variants), and they change nothing but a shape.
fn is_hidden(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180e}'
            | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{3164}' | '\u{feff}' | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}
