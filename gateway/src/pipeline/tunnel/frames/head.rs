//! The head of a frame as octets (RFC 6455 5.2): kind, length and mask.

use super::Breach;

/// In the second octet: a mask follows.
pub(super) const MASKED: u8 = 0x80;

/// First octet, length of the payload and mask of a whole head. A length has one form, the shortest (RFC 6455 5.2).
pub(super) fn parse(head: &[u8], masked: bool) -> Result<(u8, u64, Option<[u8; 4]>), Breach> {
    let broken = Breach::Protocol("has a head that is none");
    let ([first, second], rest) = head.split_first_chunk::<2>().ok_or(broken)?;
    let (length, rest) = match second & !MASKED {
        126 => {
            let (length, rest) = rest.split_first_chunk::<2>().ok_or(broken)?;
            (u64::from(u16::from_be_bytes(*length)), rest)
        }
        127 => {
            let (length, rest) = rest.split_first_chunk::<8>().ok_or(broken)?;
            (u64::from_be_bytes(*length), rest)
        }
        short => (u64::from(short), rest),
    };
    let least = match second & !MASKED {
        126 => 126,
        127 => 1 << 16,
        _ => 0,
    };
    if length < least || length > i64::MAX.unsigned_abs() {
        return Err(Breach::Protocol("has a length in other than its shortest form"));
    }
    let key = if masked { Some(*rest.first_chunk::<4>().ok_or(broken)?) } else { None };
    Ok((*first, length, key))
}

/// Writes a head; a length in its shortest form.
pub(super) fn write(first: u8, length: u64, key: Option<[u8; 4]>, out: &mut Vec<u8>) {
    let masked = if key.is_some() { MASKED } else { 0 };
    out.push(first);
    match (u8::try_from(length), u16::try_from(length)) {
        (Ok(short @ 0..=125), _) => out.push(short | masked),
        (_, Ok(middle)) => {
            out.push(126 | masked);
            out.extend_from_slice(&middle.to_be_bytes());
        }
        _ => {
            out.push(127 | masked);
            out.extend_from_slice(&length.to_be_bytes());
        }
    }
    out.extend_from_slice(key.as_ref().map_or(&[], <[u8; 4]>::as_slice));
}
