//! The octets of a body, followed to where it ends (RFC 9112 6, 7.1). Of the chunked coding only what every reader takes: sizes in
//! plain hexadecimal digits, no extensions, CRLF and nothing like it. Trailers are read to their end, and go nowhere: whatever
//! forwards a body drops them.

use super::flaw::{Flaw, unreadable};
use super::head::Framing;
use super::lines::is_token;
use crate::bounds::{CHUNK_SIZE_DIGITS_MAX, TRAILER_BYTES_MAX};

/// Where in a body the next octet is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Follower {
    place: Place,
    /// Octets of the trailers so far.
    trailers: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// Behind it.
    Over,
    /// So many octets before the end.
    Length(u64),
    /// In the digits of a size.
    Size { digits: u8, size: u64 },
    /// Before the LF of a size.
    SizeEnds(u64),
    /// So many octets before the end of a chunk's data, at least one.
    Data(u64),
    /// Before the CR behind it.
    DataEnds,
    /// Before its LF.
    DataEnded,
    /// Where a trailer begins, or the last line.
    Line,
    /// In a trailer's name, which has at least one octet.
    Name,
    /// In its value.
    Value,
    /// Before the LF of a trailer.
    ValueEnds,
    /// Before the LF of the last line.
    LastLine,
}

impl Follower {
    /// At the beginning of a body.
    #[must_use]
    pub const fn new(framing: Framing) -> Self {
        let place = match framing {
            Framing::None => Place::Over,
            Framing::Length(length) => Place::Length(length),
            Framing::Chunked => Place::Size { digits: 0, size: 0 },
        };
        Self { place, trailers: 0 }
    }

    /// Whether the body has ended.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.place == Place::Over
    }

    /// Follows these octets; how many of them belong to the body, which is all of them unless it ends before.
    ///
    /// # Errors
    /// It is no body in the chunked coding.
    pub fn follow(&mut self, octets: &[u8]) -> Result<usize, Flaw> {
        let mut at = 0;
        while let (false, Some(octet)) = (self.is_over(), octets.get(at)) {
            match self.place {
                Place::Length(left) => {
                    let taken = skip(left, octets.len() - at);
                    self.place = if left == taken.0 { Place::Over } else { Place::Length(left - taken.0) };
                    at += taken.1;
                }
                Place::Data(left) => {
                    let taken = skip(left, octets.len() - at);
                    self.place = if left == taken.0 { Place::DataEnds } else { Place::Data(left - taken.0) };
                    at += taken.1;
                }
                _ => {
                    self.place = self.step(*octet)?;
                    at += 1;
                }
            }
        }
        Ok(at)
    }

    fn step(&mut self, octet: u8) -> Result<Place, Flaw> {
        Ok(match (self.place, octet) {
            (Place::Size { digits, size }, _) if octet.is_ascii_hexdigit() => {
                if digits == CHUNK_SIZE_DIGITS_MAX {
                    return unreadable("the size of a chunk in too many digits");
                }
                let digit = char::from(octet).to_digit(16).unwrap_or_default();
                Place::Size { digits: digits + 1, size: size * 16 + u64::from(digit) }
            }
            (Place::Size { digits: 1.., size }, b'\r') => Place::SizeEnds(size),
            (Place::Size { digits: 1.., .. }, b';' | b' ' | b'\t') => return unreadable("a chunk with an extension"),
            (Place::Size { .. }, _) => return unreadable("the size of a chunk that is no plain number"),
            (Place::SizeEnds(0), b'\n') => Place::Line,
            (Place::SizeEnds(size), b'\n') => Place::Data(size),
            (Place::SizeEnds(_), _) => return unreadable("a chunk's size that does not end in CRLF"),
            (Place::DataEnds, b'\r') => Place::DataEnded,
            (Place::DataEnded, b'\n') => Place::Size { digits: 0, size: 0 },
            (Place::DataEnds | Place::DataEnded, _) => return unreadable("a chunk that does not end where it says"),
            (Place::LastLine, b'\n') => Place::Over,
            (Place::LastLine, _) => return unreadable("chunks that do not end in CRLF"),
            _ => return self.trailer(octet),
        })
    }

    fn trailer(&mut self, octet: u8) -> Result<Place, Flaw> {
        self.trailers += 1;
        if self.trailers > TRAILER_BYTES_MAX {
            return unreadable("trailers that are too long");
        }
        Ok(match (self.place, octet) {
            (Place::Line, b'\r') => Place::LastLine,
            (Place::Name, b':') => Place::Value,
            (Place::Line | Place::Name, b'_') => return unreadable("an underscore in a trailer's name"),
            (Place::Line | Place::Name, _) if is_token(octet) => Place::Name,
            (Place::Value, b'\r') => Place::ValueEnds,
            (Place::Value, b'\t' | b' '..=b'~' | 0x80..) => Place::Value,
            (Place::ValueEnds, b'\n') => Place::Line,
            _ => return unreadable("a trailer that is no field"),
        })
    }
}

/// As many octets as there are, of those that are left; as either number.
fn skip(left: u64, there: usize) -> (u64, usize) {
    match usize::try_from(left) {
        Ok(left_here) if left_here <= there => (left, left_here),
        _ => (there as u64, there),
    }
}
