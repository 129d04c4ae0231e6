//! What people type, in the letters that stand on the slip.

/// A number or code as a Japanese keyboard may have written it: full-width forms become ASCII (what NFKC does to them), and so does
/// whatever the hyphen's key writes; blanks around it go.
#[must_use]
pub fn in_ascii(typed: &str) -> String {
    typed.trim().chars().map(ascii).collect()
}

/// One character of it.
pub(crate) fn ascii(character: char) -> char {
    match character {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(character) - 0xfee0).unwrap_or(character),
        // Hyphens and dashes, the minus sign, the long-vowel mark in both widths.
        '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{30fc}' | '\u{ff70}' => '-',
        '\u{3000}' => ' ',
        other => other,
    }
}
