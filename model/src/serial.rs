//! Serial numbers of certificates and the reasons for revoking them, in RFC 5280's words.

use std::fmt;

use crate::{hexadecimal, words};

/// A certificate's serial number: a positive integer of at most 20 octets (RFC 5280 4.1.2.2), kept as its
/// big-endian octets without leading zeros.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SerialNumber {
    // Right-aligned; the order of arrays is then the order of numbers.
    octets: [u8; 20],
}

/// A serial number that RFC 5280 does not allow.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SerialError {
    /// Zero, or nothing at all.
    #[error("a serial number is zero")]
    Zero,
    /// More than 20 octets, or the sign bit makes it so.
    #[error("a serial number has more than 20 octets")]
    TooLong,
    /// Not hexadecimal.
    #[error("`{0}` is no hexadecimal serial number")]
    NotHex(String),
}

impl SerialNumber {
    /// From big-endian octets; leading zeros are dropped.
    ///
    /// # Errors
    /// Zero, or more than 20 octets once encoded in DER (so the top bit of a 20-octet number must be clear).
    pub fn from_octets(given: &[u8]) -> Result<Self, SerialError> {
        let significant = given.iter().position(|octet| *octet != 0).map(|start| given.split_at(start).1);
        let significant = significant.ok_or(SerialError::Zero)?;
        let mut octets = [0; 20];
        let start = octets.len().checked_sub(significant.len()).ok_or(SerialError::TooLong)?;
        octets.split_at_mut(start).1.copy_from_slice(significant);
        if octets.first().is_some_and(|top| *top >= 0x80) {
            return Err(SerialError::TooLong);
        }
        Ok(Self { octets })
    }

    /// Big-endian octets without leading zeros.
    #[must_use]
    pub fn octets(&self) -> &[u8] {
        let start = self.octets.iter().position(|octet| *octet != 0).unwrap_or(self.octets.len());
        self.octets.split_at(start).1
    }

    /// Reads hexadecimal, upper or lower case, with or without colons (`openssl x509 -serial` prints it so).
    ///
    /// # Errors
    /// See [`SerialError`].
    pub fn parse(text: &str) -> Result<Self, SerialError> {
        let wrong = || SerialError::NotHex(text.chars().take(64).collect());
        let digits: Vec<u8> = text
            .chars()
            .filter(|c| *c != ':')
            .map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok()).ok_or_else(wrong))
            .collect::<Result<_, _>>()?;
        if digits.len() > 64 {
            return Err(SerialError::TooLong);
        }
        let octets: Vec<u8> =
            digits.rchunks(2).rev().map(|pair| pair.iter().fold(0_u8, |sum, digit| (sum << 4) | digit)).collect();
        Self::from_octets(&octets)
    }
}

/// Random octets of a numbered serial: 80 bits, where RFC 5280's readers and the CA/Browser Forum's floor ask for 64.
const RANDOM_OCTETS: usize = 10;
/// Octets of a sealed index: 2^48 certificates are more than any authority signs.
const SEALED_OCTETS: usize = 6;
/// Octets of a numbered serial. Serials before there were indexes have 16, so the length tells them apart.
const NUMBERED_OCTETS: usize = 1 + SEALED_OCTETS + RANDOM_OCTETS;

/// What an authority draws for a certificate, before the registry gives its index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SerialDraw {
    /// Of which issuing certificate's generation: 1 to 127, so that the number is positive and has all its octets.
    epoch: u8,
    random: [u8; RANDOM_OCTETS],
}

/// The parts of a numbered serial: `epoch | sealed index | random octets`, 17 octets in all (RFC 5280 4.1.2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NumberedParts {
    /// What was drawn.
    pub draw: SerialDraw,
    /// Which certificate of the registry it is, readable to whoever has the key it was sealed by.
    pub sealed: [u8; SEALED_OCTETS],
}

impl SerialDraw {
    /// Random octets of a draw.
    pub const RANDOM_OCTETS: usize = RANDOM_OCTETS;

    /// Of an epoch and random octets. An epoch out of 1 to 127 is moved to the nearer end.
    #[must_use]
    pub fn new(epoch: u8, random: [u8; RANDOM_OCTETS]) -> Self {
        Self { epoch: epoch.clamp(1, 0x7f), random }
    }

    /// The epoch, 1 to 127.
    #[must_use]
    pub const fn epoch(self) -> u8 {
        self.epoch
    }

    /// The serial number that this draw and a sealed index come to.
    #[must_use]
    pub fn numbered(self, sealed: [u8; SEALED_OCTETS]) -> SerialNumber {
        let (mut octets, parts) = ([0; 20], [[self.epoch].as_slice(), &sealed, &self.random].concat());
        octets.iter_mut().rev().zip(parts.iter().rev()).for_each(|(place, octet)| *place = *octet);
        SerialNumber { octets }
    }
}

impl SerialNumber {
    /// Its parts, if it has the form of a numbered one. Any 17 octets have; whose they are only the registry says.
    #[must_use]
    pub fn numbered_parts(&self) -> Option<NumberedParts> {
        let (epoch, rest) = self.octets.get(20 - NUMBERED_OCTETS..)?.split_first()?;
        let (sealed, random) = rest.split_first_chunk()?;
        let random = random.first_chunk()?;
        let leading = self.octets.iter().take(20 - NUMBERED_OCTETS).all(|octet| *octet == 0);
        let fits = leading && (1..=0x7f).contains(epoch);
        fits.then_some(NumberedParts { draw: SerialDraw { epoch: *epoch, random: *random }, sealed: *sealed })
    }
}

impl fmt::Display for SerialNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut digits = [0; 40];
        f.write_str(hexadecimal(self.octets(), &mut digits))
    }
}

impl fmt::Debug for SerialNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SerialNumber({self})")
    }
}

words! {
    /// Why a certificate was revoked: CRLReason of RFC 5280 5.3.1, those that make sense for a terminal.
    pub enum ReasonCode ("reason code") {
        /// 0: no reason given.
        Unspecified = "unspecified",
        /// 1: the key is out of our hands: lost or stolen terminal, copied certificate (art. 38-2, 39-1-10).
        KeyCompromise = "key-compromise",
        /// 3: the terminal went to another facility or holder.
        AffiliationChanged = "affiliation-changed",
        /// 4: a newer certificate took its place.
        Superseded = "superseded",
        /// 5: the terminal or the facility is no longer in use (art. 13, 38-2).
        CessationOfOperation = "cessation-of-operation",
        /// 9: the right to use was withdrawn (art. 39-2).
        PrivilegeWithdrawn = "privilege-withdrawn",
    }
}

impl ReasonCode {
    /// The number of RFC 5280 5.3.1.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Unspecified => 0,
            Self::KeyCompromise => 1,
            Self::AffiliationChanged => 3,
            Self::Superseded => 4,
            Self::CessationOfOperation => 5,
            Self::PrivilegeWithdrawn => 9,
        }
    }
}
