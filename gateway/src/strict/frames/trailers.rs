//! Pseudo-header fields among trailers, which the RFC forbids (RFC 9113 8.1) and hyper overlooks: found in the header block as it is
//! sent (RFC 7541 6), without a table of our own.
//!
//! A trailer that is one number of the dynamic table could be anything that was sent before; nobody needs that for trailers, which
//! are dropped here in any case, so it counts as one.

/// The last of the static table that is a pseudo-header field (RFC 7541 appendix A).
const PSEUDO_MAX: usize = 14;
const STATIC_MAX: usize = 61;

/// Whether a block has, or may have, a pseudo-header field in it. One that cannot be read has none: hyper refuses it.
pub(super) fn is_of_pseudo_fields(mut block: &[u8]) -> bool {
    while let Some(first) = block.first().copied() {
        let found = match first {
            // 6.1: a field of the tables.
            0x80.. => integer(&mut block, 7).map(|index| index <= PSEUDO_MAX || index > STATIC_MAX),
            // 6.2: a value with a name of the tables, or with one of its own.
            0x40..=0x7f => literal(&mut block, 6),
            0x00..=0x1f => literal(&mut block, 4),
            // 6.3: the size of the dynamic table.
            0x20..=0x3f => integer(&mut block, 5).map(|_| false),
        };
        match found {
            Some(false) => {}
            Some(true) => return true,
            None => return false,
        }
    }
    false
}

/// A literal: whether its name is that of a pseudo-header field.
fn literal(block: &mut &[u8], prefix: u32) -> Option<bool> {
    let index = integer(block, prefix)?;
    let pseudo = match index {
        0 => begins_with_colon(block)?,
        1..=PSEUDO_MAX => true,
        _ => index > STATIC_MAX,
    };
    // The value.
    text(block)?;
    Some(pseudo)
}

/// RFC 7541 5.2: whether a string begins with a colon, plain or as Huffman writes it (appendix B: 1011100).
fn begins_with_colon(block: &mut &[u8]) -> Option<bool> {
    let huffman = block.first()? & 0x80 != 0;
    let first = text(block)?.first().copied();
    Some(first.is_some_and(|first| if huffman { first >> 1 == 0b101_1100 } else { first == b':' }))
}

fn text<'a>(block: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = integer(block, 7)?;
    let (text, rest) = block.split_at_checked(length)?;
    *block = rest;
    Some(text)
}

/// RFC 7541 5.1. None where it ends too soon, or is larger than any here.
fn integer(block: &mut &[u8], prefix: u32) -> Option<usize> {
    let (first, mut rest) = block.split_first()?;
    let mask = (1_usize << prefix) - 1;
    let mut value = usize::from(*first) & mask;
    if value == mask {
        for shift in [0, 7, 14, 21] {
            let (octet, after) = rest.split_first()?;
            rest = after;
            value += (usize::from(*octet) & 0x7f) << shift;
            if octet & 0x80 == 0 {
                *block = rest;
                return Some(value);
            }
        }
        return None;
    }
    *block = rest;
    Some(value)
}
