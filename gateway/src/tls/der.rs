//! DER, read strictly (X.690 10 and 11): one value, one encoding.
//!
//! The parsers below us forgive what BER allows and DER does not. What two readers may read differently is no certificate
//! of anybody's.

/// Deepest nesting that is read; a certificate needs nine.
const DEPTH_MAX: usize = 24;

/// These octets are not DER.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NotDer;

/// One element: tag, content, and both with the length between them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Element<'a> {
    pub(crate) tag: u8,
    pub(crate) content: &'a [u8],
    pub(crate) whole: &'a [u8],
}

pub(crate) const BOOLEAN: u8 = 0x01;
pub(crate) const INTEGER: u8 = 0x02;
pub(crate) const BIT_STRING: u8 = 0x03;
pub(crate) const OCTET_STRING: u8 = 0x04;
pub(crate) const OBJECT_IDENTIFIER: u8 = 0x06;
pub(crate) const UTC_TIME: u8 = 0x17;
pub(crate) const GENERALIZED_TIME: u8 = 0x18;
pub(crate) const SEQUENCE: u8 = 0x30;
pub(crate) const SET: u8 = 0x31;

/// Splits the first element off `input`: definite length, in as few octets as it takes.
pub(crate) fn next<'a>(input: &mut &'a [u8]) -> Result<Element<'a>, NotDer> {
    let given = *input;
    let (&tag, rest) = given.split_first().ok_or(NotDer)?;
    // Tags of several octets occur in nothing that is read here.
    if tag & 0x1f == 0x1f {
        return Err(NotDer);
    }
    let (&first, rest) = rest.split_first().ok_or(NotDer)?;
    let (length, rest) = if first < 0x80 {
        (usize::from(first), rest)
    } else {
        let (octets, rest) = rest.split_at_checked(usize::from(first & 0x7f)).ok_or(NotDer)?;
        if octets.is_empty() || octets.len() > 3 || octets.first() == Some(&0) {
            return Err(NotDer);
        }
        let length = octets.iter().fold(0_usize, |sum, octet| (sum << 8) | usize::from(*octet));
        if length < 0x80 {
            return Err(NotDer);
        }
        (length, rest)
    };
    let (content, rest) = rest.split_at_checked(length).ok_or(NotDer)?;
    let (whole, _) = given.split_at_checked(given.len() - rest.len()).ok_or(NotDer)?;
    *input = rest;
    Ok(Element { tag, content, whole })
}

/// As [`next`], of this tag.
pub(crate) fn expect<'a>(input: &mut &'a [u8], tag: u8) -> Result<Element<'a>, NotDer> {
    let element = next(input)?;
    if element.tag == tag { Ok(element) } else { Err(NotDer) }
}

/// As [`expect`], if the next element has this tag.
pub(crate) fn optional<'a>(input: &mut &'a [u8], tag: u8) -> Result<Option<Element<'a>>, NotDer> {
    if input.first() == Some(&tag) { expect(input, tag).map(Some) } else { Ok(None) }
}

/// Whether `input` is nothing but elements in DER, all the way down. What lies in an OCTET STRING or under a tag of a
/// module's own without further structure is not looked into.
pub(crate) fn strict(input: &[u8]) -> Result<(), NotDer> {
    row(input, DEPTH_MAX)
}

fn row(mut input: &[u8], depth: usize) -> Result<(), NotDer> {
    let depth = depth.checked_sub(1).ok_or(NotDer)?;
    while !input.is_empty() {
        let element = next(&mut input)?;
        let content = element.content;
        match element.tag {
            SEQUENCE => row(content, depth)?,
            SET => set(content, depth)?,
            // Constructed under a tag of the module's own; a string in pieces is BER.
            tag if tag & 0x20 != 0 && tag & 0xc0 != 0 => row(content, depth)?,
            tag if tag & 0x20 != 0 => return Err(NotDer),
            tag if tag & 0xc0 != 0 => {}
            tag => primitive(tag, content)?,
        }
    }
    Ok(())
}

/// SET OF: in ascending order of the encodings (X.690 11.6).
fn set(content: &[u8], depth: usize) -> Result<(), NotDer> {
    let (mut rest, mut last): (&[u8], &[u8]) = (content, &[]);
    while !rest.is_empty() {
        let element = next(&mut rest)?;
        if element.whole < last {
            return Err(NotDer);
        }
        last = element.whole;
    }
    row(content, depth)
}

fn primitive(tag: u8, content: &[u8]) -> Result<(), NotDer> {
    let fits = match tag {
        // Every BOOLEAN of RFC 5280 is FALSE by default, and a default is not written (X.690 11.5).
        BOOLEAN => content == [0xff],
        INTEGER | 0x0a => integer(content),
        BIT_STRING => bits(content),
        OCTET_STRING => true,
        0x05 => content.is_empty(),
        OBJECT_IDENTIFIER => identifier(content),
        0x0c => std::str::from_utf8(content).is_ok(),
        0x12 => content.iter().all(|octet| octet.is_ascii_digit() || *octet == b' '),
        0x13 => content.iter().all(|octet| octet.is_ascii_alphanumeric() || b" '()+,-./:=?".contains(octet)),
        0x14 => true,
        0x16 => content.is_ascii(),
        0x1a => content.iter().all(|octet| (0x20..0x7f).contains(octet)),
        0x1c => content.len().is_multiple_of(4),
        0x1e => content.len().is_multiple_of(2),
        UTC_TIME => time(content, 12),
        GENERALIZED_TIME => time(content, 14),
        _ => false,
    };
    if fits { Ok(()) } else { Err(NotDer) }
}

/// In as few octets as it takes.
fn integer(content: &[u8]) -> bool {
    match content {
        [] => false,
        [0, second, ..] => *second >= 0x80,
        [0xff, second, ..] => *second < 0x80,
        _ => true,
    }
}

/// Unused bits are zero.
fn bits(content: &[u8]) -> bool {
    match content {
        [] => false,
        [unused] => *unused == 0,
        [unused, .., last] => *unused < 8 && u16::from(*last) & ((1 << *unused) - 1) == 0,
    }
}

fn identifier(content: &[u8]) -> bool {
    // A part of several octets does not begin with an empty one, and the last octet ends a part.
    let starts = std::iter::once(true).chain(content.iter().map(|octet| *octet < 0x80));
    content.last().is_some_and(|last| *last < 0x80)
        && content.iter().zip(starts).all(|(octet, start)| !(start && *octet == 0x80))
}

/// RFC 5280 4.1.2.5: with seconds, in Greenwich, no fractions.
fn time(content: &[u8], digits: usize) -> bool {
    content.len() == digits + 1 && content.last() == Some(&b'Z') && content.iter().take(digits).all(u8::is_ascii_digit)
}

#[cfg(test)]
mod tests;
