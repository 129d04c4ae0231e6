//! All certificates there ever were, by the order in which their numbers were taken.
//!
//! ```text
//! serial number -> index -> row: state and device, 6 octets          what every handshake and request asks
//!                        -> fingerprint, 32 octets                   whether it is this certificate at all (promise P7)
//!                        -> everything else                          for people, lists and the rules
//! ```
//!
//! A numbered serial gives its index by itself; those from before there were indexes are found by a map.

use std::sync::Arc;

use imbl::{HashMap, Vector};
use model::lifecycle::certificate::State;
use model::{DeviceId, SerialDraw, SerialNumber};

use super::numbering::{Numbering, NumberingKey};
use super::segmented::Segmented;
use super::{Certificate, Device};

/// Place of a certificate among all that the registry ever knew, from 0: the order in which their numbers were taken. It stays
/// what it is in every later snapshot of the same registry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CertificateIndex(u32);

impl CertificateIndex {
    pub(crate) const fn new(index: u32) -> Self {
        Self(index)
    }

    /// The index.
    #[must_use]
    pub const fn get(self) -> u32 {
        self.0
    }

    fn place(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }

    fn of(place: usize) -> Option<Self> {
        u32::try_from(place).ok().map(Self)
    }
}

/// What the check path asks of a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Status<'a> {
    /// Where it stands among all.
    pub index: CertificateIndex,
    /// Where it stands in its life. Active: recorded as signed, and not revoked. Expiry is not a state.
    pub state: State,
    /// The terminal it is on.
    pub device: &'a Device,
}

/// One certificate in the table of states: 3 bits of state, 29 of device, 16 of the serial number's random octets. The last
/// tell most strangers apart without a look elsewhere; who is let through is told by the fingerprint.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Row([u8; 6]);

/// Bits of a row that hold the device's slot.
const SLOT_BITS: u32 = 29;

impl Row {
    fn new(state: State, slot: usize, serial: &SerialNumber) -> Self {
        let slot = u32::try_from(slot).unwrap_or(u32::MAX).min(SLOT_NONE);
        let [a, b, c, d] = (code(state) << SLOT_BITS | slot).to_be_bytes();
        let [e, f] = mark(serial);
        Self([a, b, c, d, e, f])
    }

    fn bits(self) -> u32 {
        let [a, b, c, d, ..] = self.0;
        u32::from_be_bytes([a, b, c, d])
    }

    fn state(self) -> Option<State> {
        Some(match self.bits() >> SLOT_BITS {
            1 => State::Reserved,
            2 => State::Active,
            3 => State::Revoked,
            4 => State::Confirmed,
            5 => State::Abandoned,
            _ => return None,
        })
    }

    fn slot(self) -> usize {
        usize::try_from(self.bits() & SLOT_NONE).unwrap_or(usize::MAX)
    }

    fn is_of(self, serial: &SerialNumber) -> bool {
        let [.., e, f] = self.0;
        [e, f] == mark(serial)
    }
}

/// No device has it: the bound of devices.
pub(super) const SLOT_NONE: u32 = (1 << SLOT_BITS) - 1;

/// 0 is what was never written.
const fn code(state: State) -> u32 {
    match state {
        State::Reserved => 1,
        State::Active => 2,
        State::Revoked => 3,
        State::Confirmed => 4,
        State::Abandoned => 5,
    }
}

/// Two of the random octets of a numbered serial; the last one names the shard, which everybody knows.
fn mark(serial: &SerialNumber) -> [u8; 2] {
    match serial.octets() {
        [.., first, second, _] => [*first, *second],
        _ => [0; 2],
    }
}

/// Rows of a segment: 24 KiB.
const ROWS: usize = 4096;
/// Fingerprints of a segment: 16 KiB.
const FINGERPRINTS: usize = 512;

/// The table. What may happen when is `apply`'s.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Certificates {
    numbering: Option<Arc<Numbering>>,
    rows: Segmented<Row, ROWS>,
    fingerprints: Segmented<[u8; 32], FINGERPRINTS>,
    known: Vector<Arc<Certificate>>,
    /// Those whose number does not give their index.
    unnumbered: HashMap<SerialNumber, CertificateIndex>,
    /// Those of other authorities, by fingerprint.
    elsewhere: HashMap<[u8; 32], CertificateIndex>,
    /// The same, by issuer and the number that stands in them.
    registered: HashMap<([u8; 32], SerialNumber), CertificateIndex>,
    /// By their public key, the newest that has it; the others are on the same device, or were given up.
    keys: HashMap<[u8; 32], CertificateIndex>,
    /// Of each device, in the order they were reserved.
    of_device: HashMap<DeviceId, Arc<Vec<CertificateIndex>>>,
}

/// A number that does not fit the table: another one's, or out of its turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unfit {
    /// It is taken.
    Taken,
    /// It stands for an index that is not the next one.
    OutOfTurn,
    /// There are as many as there can be.
    Full,
}

impl Certificates {
    pub(crate) fn len(&self) -> usize {
        self.known.len()
    }

    pub(crate) fn numbering(&self) -> Option<NumberingKey> {
        self.numbering.as_ref().map(|numbering| numbering.key())
    }

    /// Numbers from here on give their index. False: they do already.
    pub(crate) fn begin_numbering(&mut self, key: NumberingKey) -> bool {
        if self.numbering.is_some() {
            return false;
        }
        self.numbering = Some(Arc::new(Numbering::new(key)));
        true
    }

    /// The number that the next certificate of this draw has; none before numbering has begun.
    pub(crate) fn next_serial(&self, draw: SerialDraw) -> Option<SerialNumber> {
        let index = CertificateIndex::of(self.known.len())?;
        self.numbering.as_ref().map(|numbering| numbering.serial(draw, index))
    }

    /// The index that a number gives by itself, whether there is such a certificate or not.
    fn numbered(&self, serial: &SerialNumber) -> Option<CertificateIndex> {
        self.numbering.as_ref()?.index(serial)
    }

    #[cfg(test)]
    pub(crate) fn numbered_for_measuring(&self, serial: &SerialNumber) -> Option<CertificateIndex> {
        self.numbered(serial)
    }

    /// Octets of the table of states.
    #[cfg(test)]
    pub(crate) fn state_octets(&self) -> usize {
        self.rows.octets()
    }

    /// Where a certificate of this number would be. Somebody else's number may lead here too.
    fn candidate(&self, serial: &SerialNumber) -> Option<(CertificateIndex, Row)> {
        let row = |index: CertificateIndex| {
            let row = self.rows.get(index.place()).copied().filter(|row| row.is_of(serial))?;
            Some((index, row))
        };
        self.numbered(serial).and_then(row).or_else(|| row(*self.unnumbered.get(serial)?))
    }

    fn index_of(&self, serial: &SerialNumber) -> Option<CertificateIndex> {
        let is_this = |index: &CertificateIndex| self.at(*index).is_some_and(|known| known.serial == *serial);
        let numbered = self.numbered(serial).filter(is_this);
        numbered.or_else(|| self.unnumbered.get(serial).copied())
    }

    pub(crate) fn at(&self, index: CertificateIndex) -> Option<&Certificate> {
        self.known.get(index.place()).map(AsRef::as_ref)
    }

    pub(crate) fn get(&self, serial: &SerialNumber) -> Option<&Certificate> {
        self.at(self.index_of(serial)?)
    }

    pub(crate) fn contains_key(&self, serial: &SerialNumber) -> bool {
        self.index_of(serial).is_some()
    }

    pub(crate) fn elsewhere(&self, fingerprint: &[u8; 32]) -> Option<CertificateIndex> {
        self.elsewhere.get(fingerprint).copied()
    }

    pub(crate) fn registered(&self, issuer: &[u8; 32], number: &SerialNumber) -> Option<CertificateIndex> {
        self.registered.get(&(*issuer, *number)).copied()
    }

    /// All, in the order their numbers were taken.
    pub(crate) fn values(&self) -> impl Iterator<Item = &Certificate> {
        self.known.iter().map(AsRef::as_ref)
    }

    /// Those of a device, in that order.
    pub(crate) fn of_device(&self, device: &DeviceId) -> impl Iterator<Item = &Certificate> {
        let indexes = self.of_device.get(device);
        indexes.into_iter().flat_map(|indexes| indexes.iter()).filter_map(|index| self.at(*index))
    }

    /// Those for this public key.
    pub(crate) fn with_key(&self, key: [u8; 32]) -> impl Iterator<Item = &Certificate> {
        let newest = self.keys.get(&key).and_then(|index| self.at(*index));
        newest.into_iter().flat_map(|newest| self.of_device(&newest.device)).filter(move |one| one.key == Some(key))
    }

    /// State and device's slot of exactly this certificate: of this number and, unless nothing opens with it anyway, of this
    /// fingerprint. Where it was found before spares opening its number; it is believed no more than the number is.
    pub(crate) fn status(
        &self,
        serial: &SerialNumber,
        fingerprint: &[u8; 32],
        before: Option<CertificateIndex>,
    ) -> Option<(CertificateIndex, State, usize)> {
        let again = before.and_then(|index| self.status_in(index, *self.rows.get(index.place())?, serial, fingerprint));
        again.or_else(|| {
            let (index, row) = self.candidate(serial)?;
            self.status_in(index, row, serial, fingerprint)
        })
    }

    fn status_in(
        &self,
        index: CertificateIndex,
        row: Row,
        serial: &SerialNumber,
        fingerprint: &[u8; 32],
    ) -> Option<(CertificateIndex, State, usize)> {
        if !row.is_of(serial) {
            return None;
        }
        let state = row.state()?;
        let is_this = match state {
            // The octets that the fingerprint was taken of hold the number: no other certificate has it.
            State::Active => self.fingerprints.get(index.place()) == Some(fingerprint),
            // Where it was recorded, in every state: whoever signs with a stolen key shall not pass for what was revoked.
            _ => self.at(index).is_some_and(|known| {
                known.serial == *serial && known.fingerprint.is_none_or(|own| own == *fingerprint)
            }),
        };
        is_this.then(|| (index, state, row.slot()))
    }

    /// The same of one that was found before.
    pub(crate) fn status_at(&self, index: CertificateIndex) -> Option<(State, usize)> {
        let row = self.rows.get(index.place())?;
        Some((row.state()?, row.slot()))
    }

    /// Whether this number may be the next.
    pub(crate) fn fits(&self, serial: &SerialNumber) -> Result<(), Unfit> {
        if self.contains_key(serial) {
            return Err(Unfit::Taken);
        }
        let next = CertificateIndex::of(self.known.len()).ok_or(Unfit::Full)?;
        // Every number of this length is a numbered one from the beginning of numbering on, so that none leads to two places.
        let out_of_turn = self.numbering.is_some()
            && serial.numbered_parts().is_some()
            && self.numbered(serial).is_none_or(|index| index != next);
        if out_of_turn { Err(Unfit::OutOfTurn) } else { Ok(()) }
    }

    /// A new certificate behind the last, on the device of this slot. Asked before: [`Self::fits`].
    pub(crate) fn push(&mut self, certificate: Certificate, slot: usize) {
        let Some(index) = CertificateIndex::of(self.known.len()) else { return };
        if self.numbered(&certificate.serial) != Some(index) {
            self.unnumbered.insert(certificate.serial, index);
        }
        if let (Some(external), Some(fingerprint)) = (&certificate.external, certificate.fingerprint) {
            self.elsewhere.insert(fingerprint, index);
            self.registered.insert((external.issuer, external.number), index);
        }
        if let Some(key) = certificate.key {
            self.keys.insert(key, index);
        }
        Arc::make_mut(self.of_device.entry(certificate.device.clone()).or_default()).push(index);
        self.rows.push(Row::new(certificate.state, slot, &certificate.serial));
        self.fingerprints.push(certificate.fingerprint.unwrap_or_default());
        self.known.push_back(Arc::new(certificate));
    }

    /// Changes one. Its number, its device and its index stay.
    pub(crate) fn edit<E>(
        &mut self,
        serial: &SerialNumber,
        edit: impl FnOnce(&mut Certificate) -> Result<(), E>,
    ) -> Option<Result<(), E>> {
        let place = self.index_of(serial)?.place();
        let slot = self.rows.get(place)?.slot();
        let certificate = Arc::make_mut(self.known.get_mut(place)?);
        if let Err(error) = edit(certificate) {
            return Some(Err(error));
        }
        let (row, fingerprint) = (Row::new(certificate.state, slot, &certificate.serial), certificate.fingerprint);
        *self.rows.get_mut(place)? = row;
        if let Some(fingerprint) = fingerprint {
            *self.fingerprints.get_mut(place)? = fingerprint;
        }
        Some(Ok(()))
    }
}
