//! Texts by strangers, made harmless: bounded, one line, nothing that turns a reader's screen around.

use std::borrow::Cow;

/// Shown in place of a character that is not kept.
const REPLACEMENT: char = '\u{fffd}';
/// Shown at the end of a text that was cut.
const CUT: char = '…';

/// The text with at most so many bytes (at least 3); control characters, line separators and characters that change the
/// direction of writing are replaced. A text that is in order comes back as it was, so doing it twice changes nothing.
pub(crate) fn harmless(text: &str, bytes_max: usize) -> Cow<'_, str> {
    // Nearly every text is plain. Looked at without a branch for each octet, which a compiler makes wide steps of.
    if text.len() <= bytes_max && text.bytes().fold(true, |plain, octet| plain & (b' '..=b'~').contains(&octet)) {
        return Cow::Borrowed(text);
    }
    let mut kept = String::with_capacity(text.len().min(bytes_max));
    for character in text.chars().map(|c| if is_harmful(c) { REPLACEMENT } else { c }) {
        if kept.len() + character.len_utf8() > bytes_max {
            while kept.len() + CUT.len_utf8() > bytes_max && kept.pop().is_some() {}
            kept.push(CUT);
            break;
        }
        kept.push(character);
    }
    Cow::Owned(kept)
}

/// Whether a character could break a line, hide in it or reorder it (Unicode categories Cc, Zl, Zp and the bidirectional
/// controls).
pub(crate) fn is_harmful(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{2028}' | '\u{2029}' | '\u{200e}' | '\u{200f}' | '\u{061c}')
        || matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}
