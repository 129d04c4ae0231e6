//! Certificates that were read lately. What is read from a certificate follows from its octets alone, so whoever shows the same
//! octets again, in a resumed session or a new one, need not be read anew.
//!
//! A place for each of so many certificates, taken by the newest that falls on it: bounded, and nothing to put in order. Only a
//! certificate whose chain was good gets here, so that strangers push nobody out.

use std::sync::{Mutex, MutexGuard, PoisonError};

use rustls::pki_types::CertificateDer;

use super::device::Presented;
use super::profile::ProfileFault;
use crate::bounds::READINGS_MAX;

/// See the module. Shared by all workers.
pub struct Readings(Box<[Mutex<Option<Presented>>]>);

impl Default for Readings {
    fn default() -> Self {
        Self((0..READINGS_MAX).map(|_| Mutex::new(None)).collect())
    }
}

impl std::fmt::Debug for Readings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Readings")
    }
}

impl Readings {
    /// What was read of exactly this certificate.
    #[must_use]
    pub fn get(&self, leaf: &CertificateDer<'_>) -> Option<Presented> {
        // Compared whole: where it lies says nothing of what it is.
        self.place(leaf)?.as_ref().filter(|kept| kept.is(leaf)).cloned()
    }

    /// Keeps what was read of a certificate whose chain is good.
    pub(crate) fn keep(&self, presented: Presented) {
        if let Some(mut place) = self.place(presented.der()) {
            *place = Some(presented);
        }
    }

    /// What was read of this certificate before, or is read now.
    ///
    /// # Errors
    /// It is not in its form.
    pub(crate) fn read(&self, leaf: &CertificateDer<'_>) -> Result<Presented, ProfileFault> {
        self.get(leaf).map_or_else(|| Presented::read(leaf), Ok)
    }

    /// By the last octets, which are of the signature: nobody chooses them without a key.
    fn place(&self, der: &[u8]) -> Option<MutexGuard<'_, Option<Presented>>> {
        let number = u64::from_be_bytes(*der.last_chunk()?);
        let places = u64::try_from(self.0.len()).ok()?;
        let place = usize::try_from(number.checked_rem(places)?).ok()?;
        // Whoever panicked while he held it left a whole value.
        Some(self.0.get(place)?.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests;
