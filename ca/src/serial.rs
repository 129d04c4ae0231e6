//! Serial numbers: drawn at random, recorded, and only then usable. No number is ever used twice, whatever crashes.
//!
//! A terminal's number is a [`SerialDraw`] that the registry completes by an index, sealed so that neither volume nor order of
//! issue can be read off it. All other numbers are random as a whole.

use std::error::Error;

use model::{SerialDraw, SerialNumber};

use crate::authority::Issuing;
use crate::error::Refused;
use crate::random::Random;

/// Octets of a fresh serial number. 126 of its 128 bits are random; RFC 5280 4.1.2.2 allows 20 octets, and the
/// CA/Browser Forum's floor is 64 random bits.
const SERIAL_OCTETS: usize = 16;

/// Where serial numbers are recorded before use: the registry's journal, or the transcript of a key ceremony.
///
/// Any `FnMut(&SerialNumber) -> Result<(), E>` is one.
pub trait SerialBook {
    /// What can go wrong.
    type Error: Error + Send + Sync + 'static;

    /// Records `serial`, durably, and refuses a number that it has seen before.
    ///
    /// # Errors
    /// The number is not durable, or is taken.
    fn record(&mut self, serial: &SerialNumber) -> Result<(), Self::Error>;
}

impl<F, E> SerialBook for F
where
    F: FnMut(&SerialNumber) -> Result<(), E>,
    E: Error + Send + Sync + 'static,
{
    type Error = E;

    fn record(&mut self, serial: &SerialNumber) -> Result<(), E> {
        self(serial)
    }
}

/// Proof that a serial number is recorded. Used up by preparing one certificate; cannot be copied, cannot be made up:
///
/// ```compile_fail,E0599
/// # fn stranger(serial: ca::RecordedSerial) {
/// ca::RecordedSerial::clone(&serial);
/// # }
/// ```
#[derive(Debug, PartialEq, Eq)]
pub struct RecordedSerial(SerialNumber);

impl RecordedSerial {
    /// The number.
    #[must_use]
    pub fn number(&self) -> SerialNumber {
        self.0
    }
}

/// Proof that a number of revocation lists is recorded, and larger than every one before it (RFC 5280 5.2.3). Several lists may
/// carry it; none is signed without it.
#[derive(Debug, PartialEq, Eq)]
pub struct RecordedNumber(u64);

impl RecordedNumber {
    /// Has the next number recorded, durably, by whoever keeps count: the registry's journal.
    ///
    /// # Errors
    /// It is not durable, or 0.
    pub fn next<E: Error + Send + Sync + 'static>(book: impl FnOnce() -> Result<u64, E>) -> Result<Self, Refused> {
        let number = book().map_err(|error| Refused::NumberNotRecorded(Box::new(error)))?;
        if number == 0 {
            return Err(Refused::Crl("its number is 0".to_owned()));
        }
        Ok(Self(number))
    }

    /// The number.
    #[must_use]
    pub const fn number(&self) -> u64 {
        self.0
    }
}

/// Draws a serial number of 16 octets, positive, with 126 random bits.
///
/// # Errors
/// The random source failed.
pub fn fresh_serial(random: &dyn Random) -> Result<SerialNumber, Refused> {
    let mut octets = [0_u8; SERIAL_OCTETS];
    random.fill(&mut octets)?;
    // The top bit clear keeps the DER integer positive without a leading zero; the next one set fixes the length.
    if let Some(top) = octets.first_mut() {
        *top = (*top & 0x3f) | 0x40;
    }
    SerialNumber::from_octets(&octets).map_err(|_| Refused::Crypto("forming a serial number"))
}

/// Draws a serial number and has it recorded.
///
/// A crash after this and before the signature leaves a number that names no certificate: harmless.
///
/// # Errors
/// The random source or the book failed.
pub fn reserve(random: &dyn Random, book: &mut impl SerialBook) -> Result<RecordedSerial, Refused> {
    let serial = fresh_serial(random)?;
    book.record(&serial).map_err(|error| Refused::SerialNotRecorded(Box::new(error)))?;
    Ok(RecordedSerial(serial))
}

/// Draws for a terminal's certificate, and has a book complete the draw by an index and record what it comes to.
///
/// A crash after this and before the signature leaves a number that names no certificate: harmless.
///
/// # Errors
/// The random source or the book failed, or the book gives back a number of another draw.
pub fn reserve_numbered<E: Error + Send + Sync + 'static>(
    random: &dyn Random,
    issuing: &Issuing,
    book: impl FnOnce(SerialDraw) -> Result<SerialNumber, E>,
) -> Result<RecordedSerial, Refused> {
    let mut octets = [0; SerialDraw::RANDOM_OCTETS];
    random.fill(&mut octets)?;
    let draw = SerialDraw::new(issuing.epoch(), octets);
    let serial = book(draw).map_err(|error| Refused::SerialNotRecorded(Box::new(error)))?;
    if serial.numbered_parts().is_none_or(|parts| parts.draw != draw) {
        return Err(Refused::NotAsDrawn { serial });
    }
    Ok(RecordedSerial(serial))
}
