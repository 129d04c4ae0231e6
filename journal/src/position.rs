//! The nouns: positions, hashes, entries, the head.

use std::fmt;
use std::str::FromStr;

use crate::JournalError;

/// Number of an entry: 1 is the first, 0 ([`Position::START`]) is the place before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Position(u64);

impl Position {
    /// Before the first entry: the head of an empty journal.
    pub const START: Self = Self(0);

    /// A position by number.
    #[must_use]
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }

    /// Of the entry behind it.
    #[must_use]
    pub const fn following(self) -> Self {
        self.plus(1)
    }

    /// So many entries further on. Saturates, which no journal reaches: 2^64 entries.
    pub(crate) const fn plus(self, entries: u64) -> Self {
        Self(self.0.saturating_add(entries))
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Hash of an entry and, through the chain, of all before it: SHA-256. Shown as 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Hash([u8; 32]);

impl Hash {
    /// The hash before the first entry.
    pub const START: Self = Self([0; 32]);

    /// From its octets.
    #[must_use]
    pub const fn new(octets: [u8; 32]) -> Self {
        Self(octets)
    }

    /// Its octets.
    #[must_use]
    pub const fn octets(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|octet| write!(f, "{octet:02x}"))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hash({self})")
    }
}

/// An entry as it was read, its place in the chain checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its number.
    pub position: Position,
    /// What was appended.
    pub body: Vec<u8>,
    /// Hash of the chain up to and with this entry.
    pub hash: Hash,
}

impl FromStr for Hash {
    type Err = JournalError;

    fn from_str(text: &str) -> Result<Self, JournalError> {
        let no_hash = || JournalError::NoHead { given: text.chars().take(100).collect() };
        let mut octets = [0; 32];
        if text.len() != 2 * octets.len() || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(no_hash());
        }
        for (octet, digits) in octets.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
            let digits = std::str::from_utf8(digits).map_err(|_| no_hash())?;
            *octet = u8::from_str_radix(digits, 16).map_err(|_| no_hash())?;
        }
        Ok(Self(octets))
    }
}

/// The end of a journal. Kept elsewhere, it is evidence of everything before it: see [`crate::Journal::holds`]. Written
/// `POSITION:HASH`, such as on the paper in the city's safe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// Number of the last entry.
    pub position: Position,
    /// Hash of the chain up to and with it.
    pub hash: Hash,
}

impl Head {
    /// The head of an empty journal.
    pub const START: Self = Self { position: Position::START, hash: Hash::START };
}

impl fmt::Display for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.position, self.hash)
    }
}

impl FromStr for Head {
    type Err = JournalError;

    fn from_str(text: &str) -> Result<Self, JournalError> {
        let no_head = || JournalError::NoHead { given: text.chars().take(100).collect() };
        let (position, hash) = text.split_once(':').ok_or_else(no_head)?;
        let position = position.parse().map(Position::new).map_err(|_| no_head())?;
        Ok(Self { position, hash: hash.parse().map_err(|_| no_head())? })
    }
}

/// What an append came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Appended {
    /// Position of the first entry of the call.
    pub first: Position,
    /// Position of the last entry of the call.
    pub last: Position,
    /// Hash of the chain up to and with the last.
    pub hash: Hash,
}
