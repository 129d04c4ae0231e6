//! Shards of the revocation list: who wants to know of one certificate fetches a hundredth of the list. After
//! letsencrypt/boulder, `docs/CRLS.md`: the shard follows from random bits of the serial number, and stands in the
//! certificate from the day it is issued.

use std::fmt;

use model::SerialNumber;

/// One of 128 parts of the revocation list. A certificate belongs to the one that the lowest seven bits of its serial
/// number name; they are random, so that shards grow alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Shard(u8);

impl Shard {
    /// How many there are. Never to be changed: certificates name their shard until they expire.
    pub const COUNT: u8 = 128;

    /// The one with this number.
    #[must_use]
    pub const fn new(number: u8) -> Option<Self> {
        if number < Self::COUNT { Some(Self(number)) } else { None }
    }

    /// The one a certificate belongs to.
    #[must_use]
    pub fn of(serial: &SerialNumber) -> Self {
        Self(serial.octets().last().map_or(0, |octet| octet % Self::COUNT))
    }

    /// All, in order.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..Self::COUNT).map(Self)
    }

    /// Its number.
    #[must_use]
    pub const fn number(self) -> u8 {
        self.0
    }

    /// Its file's name, `000.crl` to `127.crl`.
    #[must_use]
    pub fn file_name(self) -> String {
        format!("{self}.crl")
    }

    /// The one with this file name, if it is exactly one.
    #[must_use]
    pub fn from_file_name(name: &str) -> Option<Self> {
        let shard = Self::new(name.strip_suffix(".crl")?.parse().ok()?)?;
        (shard.file_name() == name).then_some(shard)
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:03}", self.0)
    }
}
