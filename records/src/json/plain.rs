//! How far a string goes on without anything special in it. Reading, taking apart and writing all look for that, and byte
//! by byte it would be most of what an entry costs.

/// How many bytes at the beginning stand for themselves within a string: no quote, no backslash, no control character
/// (RFC 8259 7).
#[inline]
pub(super) fn plain(bytes: &[u8]) -> usize {
    let Some(last) = bytes.last_chunk() else {
        let special = |byte: &u8| matches!(byte, 0..0x20 | b'"' | b'\\');
        return bytes.iter().position(special).unwrap_or(bytes.len());
    };
    let (words, _) = bytes.as_chunks();
    for (index, word) in words.iter().enumerate() {
        let special = special_in(u64::from_le_bytes(*word));
        if special != 0 {
            return index * 8 + special.trailing_zeros() as usize / 8;
        }
    }
    // Those of the last eight that were seen already are plain. Of eight plain ones, 64 bits are zero.
    bytes.len() - 8 + special_in(u64::from_le_bytes(*last)).trailing_zeros() as usize / 8
}

/// Eight bytes at once: the lowest bit that is set stands at the top of the first special byte. Higher ones may stand
/// where a subtraction borrowed, so only the lowest counts.
const fn special_in(word: u64) -> u64 {
    below(word, EACH * 0x20) | below(word ^ (EACH * 0x22), EACH) | below(word ^ (EACH * 0x5c), EACH)
}

/// Marks bytes that are smaller than those of `bound`. Bytes from 0x80 on, the inner ones of UTF-8, are not.
const fn below(word: u64, bound: u64) -> u64 {
    word.wrapping_sub(bound) & !word & HIGHEST
}

/// One in each byte.
const EACH: u64 = 0x0101_0101_0101_0101;
/// The highest bit of each byte.
const HIGHEST: u64 = EACH << 7;
