//! Lines of a head (RFC 9112 2.2, 5), of a request or an answer: each ends in CRLF and holds no other control character than HTAB.
//!
//! Octets are looked at once: whoever finds a head unfinished goes on where it stopped when there is more. Nothing is copied.

use super::flaw::{Flaw, unreadable};

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Lines {
    /// Where the line begins that is being read.
    line: usize,
    /// Up to here every octet was looked at.
    seen: usize,
}

impl Lines {
    /// The next line, without its end. `octets` are all of the head so far, those of earlier calls first. None where it has not
    /// ended yet.
    pub(super) fn next<'a>(&mut self, octets: &'a [u8]) -> Result<Option<&'a [u8]>, Flaw> {
        let rest = octets.get(self.seen..).unwrap_or_default();
        let Some(end) = first_control(rest).map(|offset| self.seen + offset) else {
            self.seen = octets.len();
            return Ok(None);
        };
        match (octets.get(end), octets.get(end + 1)) {
            (Some(b'\r'), Some(b'\n')) => {}
            (Some(b'\r'), None) => {
                self.seen = end;
                return Ok(None);
            }
            (Some(b'\r'), _) => return unreadable("a CR that ends no line"),
            (Some(b'\n'), _) => return unreadable("an LF without its CR"),
            _ => return unreadable("a control character in the head"),
        }
        let line = octets.get(self.line..end).unwrap_or_default();
        self.line = end + 2;
        self.seen = self.line;
        Ok(Some(line))
    }

    /// How many octets the lines had that were given.
    pub(super) const fn octets(&self) -> usize {
        self.line
    }
}

/// The first control character but HTAB.
fn first_control(octets: &[u8]) -> Option<usize> {
    let control = |octet: &u8| (*octet < b' ' && *octet != b'\t') || *octet == 0x7f;
    // In steps that the compiler makes one comparison of.
    let free = octets.chunks(16).take_while(|step| !step.iter().fold(false, |found, octet| found | control(octet)));
    let from = free.map(<[u8]>::len).sum::<usize>();
    octets.get(from..)?.iter().position(control).map(|offset| from + offset)
}

/// RFC 9110 5.6.2.
pub(super) const fn is_token(octet: u8) -> bool {
    octet.is_ascii_alphanumeric()
        || matches!(octet, b'!' | b'#'..=b'\'' | b'*' | b'+' | b'-' | b'.' | b'^'..=b'`' | b'|' | b'~')
}

/// A port that somebody can listen at (RFC 3986 3.2.3), in as few digits as it takes.
pub(crate) fn is_port(octets: &[u8]) -> bool {
    let plain = octets.iter().all(u8::is_ascii_digit) && octets.first().is_some_and(|first| *first != b'0');
    plain && std::str::from_utf8(octets).is_ok_and(|port| port.parse::<u16>().is_ok())
}

/// RFC 9112 5.1: a field's name, which is a token, and what stands behind its colon.
pub(super) fn field(line: &[u8]) -> Result<(&[u8], &[u8]), Flaw> {
    let Some(colon) = line.iter().position(|octet| !is_token(*octet)) else {
        return unreadable("a field without a colon");
    };
    let (name, value) = line.split_at_checked(colon).unwrap_or_default();
    match value.split_first() {
        Some((b':', value)) if !name.is_empty() => Ok((name, value)),
        Some((b':', _)) => unreadable("a field without a name"),
        Some((b' ' | b'\t', _)) if name.is_empty() => unreadable("a field that is folded"),
        Some((b' ' | b'\t', _)) => unreadable("a blank before a field's colon"),
        _ => unreadable("a field's name that is no token"),
    }
}

/// The value of a field that frames the message: after one blank or none, and nothing behind it.
pub(super) fn plain(value: &[u8]) -> Result<&[u8], Flaw> {
    let value = value.strip_prefix(b" ").unwrap_or(value);
    let blank = |octet: Option<&u8>| matches!(octet, Some(b' ' | b'\t'));
    if blank(value.first()) || blank(value.last()) {
        return unreadable("blanks around the value of a field that frames the message");
    }
    Ok(value)
}

/// What the fields say of a body's length.
#[derive(Debug, Default)]
pub(super) struct Lengths {
    length: Option<u64>,
    chunked: bool,
}

impl Lengths {
    /// `Content-Length` (RFC 9112 6.2): digits, and as few as it takes.
    pub(super) fn length(&mut self, value: &[u8], most: u64) -> Result<(), Flaw> {
        if self.length.is_some() {
            return unreadable("more than one Content-Length");
        }
        let plain = !value.is_empty()
            && value.iter().all(u8::is_ascii_digit)
            && (value.len() == 1 || value.first() != Some(&b'0'));
        if !plain {
            return unreadable("a Content-Length other than one plain number");
        }
        let digit = |length: u64, octet: &u8| length.checked_mul(10)?.checked_add(u64::from(octet - b'0'));
        let length = value.iter().try_fold(0_u64, digit).filter(|length| *length <= most);
        self.length = Some(length.ok_or(Flaw::BodyTooLarge)?);
        Ok(())
    }

    /// `Transfer-Encoding` (RFC 9112 6.1).
    pub(super) fn coding(&mut self, value: &[u8]) -> Result<(), Flaw> {
        if std::mem::replace(&mut self.chunked, true) || !value.eq_ignore_ascii_case(b"chunked") {
            return unreadable("a transfer coding other than chunked, once");
        }
        Ok(())
    }

    /// Both, where there is one at most.
    pub(super) const fn given(&self) -> Result<(Option<u64>, bool), Flaw> {
        match (self.length, self.chunked) {
            (Some(_), true) => unreadable("both Content-Length and Transfer-Encoding"),
            given => Ok(given),
        }
    }
}
