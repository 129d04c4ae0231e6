//! Codes that opened a moment ago. Who presses twice has typed nothing wrong, and must not be counted among those who guess.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use aws_lc_rs::constant_time::verify_slices_are_equal;
use model::{DeviceId, Timestamp};

/// So long, in milliseconds, a code that opened is known: an hour, as wrong ones are remembered.
const WINDOW_MS: i64 = 3_600_000;
/// Most terminals. Only right codes come in, so no stranger fills it; the oldest go.
const TERMINALS_MAX: usize = 4096;

/// The last code of each terminal that opened, as the digest that the registry had of it.
#[derive(Default)]
pub(crate) struct Spent(Mutex<HashMap<DeviceId, ([u8; 32], Timestamp)>>);

impl Spent {
    /// A code opens. To be said before it is used up, so that whoever comes in the same moment with the same is known.
    pub(crate) fn opens(&self, device: &DeviceId, digest: [u8; 32], now: Timestamp) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= TERMINALS_MAX && !known.contains_key(device) {
            let oldest = known.iter().min_by_key(|(_, (_, at))| *at).map(|(device, _)| device.clone());
            oldest.and_then(|oldest| known.remove(&oldest));
        }
        known.insert(device.clone(), (digest, now));
    }

    /// Whether this is the code that opened within the hour.
    pub(crate) fn knows(&self, device: &DeviceId, digest: &[u8; 32], now: Timestamp) -> bool {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known
            .get(device)
            .is_some_and(|(kept, at)| now < at.plus_millis(WINDOW_MS) && verify_slices_are_equal(kept, digest).is_ok())
    }
}
