//! The one-time code on the slip: 19 random characters of Crockford's base 32 (95 bits) and one that finds slips of the pen,
//! as four groups of five: `7K3VD-9XQ2M-…`.

use std::fmt;

use aws_lc_rs::digest;
use ca::{Random, Refused, Zeroizing};
use model::DeviceId;
use registry::EnrolmentKind;

use crate::typed;

/// No I, L, O, U: it is read aloud and typed on a tablet.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// Random characters.
const RANDOM: usize = 19;
/// Longest text that is looked at at all, in octets: separators and spaces are free.
const TEXT_OCTETS_MAX: usize = 100;

/// A code, its last character checked. Wiped when dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct Code(Zeroizing<[u8; RANDOM]>);

/// The text is no code: a letter is missing, or mistaken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is no code: 20 letters and digits are needed, and one of them is missing or mistyped")]
pub struct CodeError;

impl Code {
    /// Draws one.
    ///
    /// # Errors
    /// The random source failed.
    pub fn draw(random: &dyn Random) -> Result<Self, Refused> {
        let mut values = Zeroizing::new([0_u8; RANDOM]);
        random.fill(values.as_mut_slice())?;
        // 256 is a multiple of 32: every character is equally likely.
        values.iter_mut().for_each(|value| *value %= 32);
        Ok(Self(values))
    }

    /// Reads what somebody typed: capitals or not, in full width or not, with or without hyphens and spaces; I and L are 1, O is
    /// 0.
    ///
    /// # Errors
    /// Not 20 characters, one that there is not, or the last does not fit the others.
    pub fn read(text: &str) -> Result<Self, CodeError> {
        if text.len() > TEXT_OCTETS_MAX {
            return Err(CodeError);
        }
        let characters = text.chars().map(typed::ascii).filter(|c| !matches!(c, '-' | ' ' | '\t' | '\r' | '\n'));
        let values = characters.map(value).collect::<Option<Vec<u8>>>().map(Zeroizing::new).ok_or(CodeError)?;
        let (check, random) = values.split_last().ok_or(CodeError)?;
        let random: [u8; RANDOM] = random.try_into().map_err(|_| CodeError)?;
        if check_of(&random) != *check {
            return Err(CodeError);
        }
        Ok(Self(Zeroizing::new(random)))
    }

    /// What the registry keeps: SHA-256 over the code, its terminal and its kind. The code has 95 random bits, so nothing slower
    /// is needed; and what was offered for one terminal is nothing for another.
    #[must_use]
    pub fn digest(&self, device: &DeviceId, kind: EnrolmentKind) -> [u8; 32] {
        self.digest_with(device, kind, None)
    }

    /// The same over a code and the password that lies on another sheet: whoever has one of them has nothing.
    #[must_use]
    pub fn digest_with(&self, device: &DeviceId, kind: EnrolmentKind, password: Option<&Self>) -> [u8; 32] {
        let mut context = digest::Context::new(&digest::SHA256);
        for part in [b"sekisho enrolment 1".as_slice(), kind.as_str().as_bytes(), device.as_str().as_bytes()] {
            context.update(part);
            context.update(&[0]);
        }
        context.update(self.0.as_slice());
        if let Some(password) = password {
            context.update(password.0.as_slice());
        }
        let mut octets = [0; 32];
        octets.iter_mut().zip(context.finish().as_ref()).for_each(|(to, from)| *to = *from);
        octets
    }

    /// The key of the MAC that binds an ACME account to a terminal (RFC 8555 7.3.4). Comes from the code alone: nobody who
    /// reads the registry has it.
    #[must_use]
    pub fn mac_key(&self, device: &DeviceId) -> [u8; 32] {
        let mut context = digest::Context::new(&digest::SHA256);
        for part in [b"sekisho acme binding 1".as_slice(), device.as_str().as_bytes(), self.0.as_slice()] {
            context.update(part);
            context.update(&[0]);
        }
        let mut octets = [0; 32];
        octets.iter_mut().zip(context.finish().as_ref()).for_each(|(to, from)| *to = *from);
        octets
    }

    /// As it stands on the slip.
    #[must_use]
    pub fn text(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::with_capacity(RANDOM + 4));
        for (place, value) in self.0.iter().copied().chain([check_of(&self.0)]).enumerate() {
            if place > 0 && place % 5 == 0 {
                text.push('-');
            }
            text.push(char::from(ALPHABET.get(usize::from(value)).copied().unwrap_or(b'0')));
        }
        text
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Code(not shown)")
    }
}

fn value(character: char) -> Option<u8> {
    let plain = match character.to_ascii_uppercase() {
        'I' | 'L' => '1',
        'O' => '0',
        other => other,
    };
    let place = ALPHABET.iter().position(|known| char::from(*known) == plain)?;
    u8::try_from(place).ok()
}

/// The last character. Every place has a weight of its own, all odd, so that any one mistaken character shows, and of two
/// neighbours that changed places all but those that are 16 apart.
fn check_of(random: &[u8; RANDOM]) -> u8 {
    let sum: u32 = (0_u32..).zip(random).map(|(place, value)| (2 * place + 1) * u32::from(*value)).sum();
    u8::try_from(sum % 32).unwrap_or(0)
}
