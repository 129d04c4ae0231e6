//! What guessing passwords costs: a wait that grows with wrong ones, by user ID on this terminal and by terminal, and a place
//! among the few that are checked at once. Nobody is ever locked out.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};

use anomaly::{Guesses, Patience};
use model::{DeviceId, Timestamp, UserId};
use registry::PasswordCheck;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use zeroize::Zeroizing;

use crate::bounds::{PASSWORD_CHECKS_MAX, SUBJECTS_MAX};
use crate::refusal::Refusal;
use crate::worker::Worker;

/// Wrong passwords remembered, and how many are checked at once. Shared by all workers.
pub struct Guessing {
    by_pair: Mutex<HashMap<(DeviceId, String), Guesses>>,
    by_device: Mutex<HashMap<DeviceId, Guesses>>,
    checks: Arc<Semaphore>,
}

impl Default for Guessing {
    fn default() -> Self {
        Self {
            by_pair: Mutex::default(),
            by_device: Mutex::default(),
            checks: Arc::new(Semaphore::new(PASSWORD_CHECKS_MAX)),
        }
    }
}

/// A terminal shared by a ward waits no longer than this because of its users' mistakes, in seconds.
const DEVICE_WAIT_SECONDS_MAX: u32 = 30;

impl Guessing {
    /// Seconds to wait before the next try, if any.
    pub(super) fn wait(&self, pair: &(DeviceId, String), now: Timestamp) -> Option<u32> {
        let by_device = patience(&self.by_device, &pair.0, now).map(|seconds| seconds.min(DEVICE_WAIT_SECONDS_MAX));
        [patience(&self.by_pair, pair, now), by_device].into_iter().flatten().max()
    }

    pub(super) fn wrong(&self, pair: (DeviceId, String), now: Timestamp) {
        note(&self.by_device, pair.0.clone(), now);
        note(&self.by_pair, pair, now);
    }

    /// The password was right: what was guessed wrong on the way is forgotten.
    pub(super) fn right(&self, pair: &(DeviceId, String)) {
        self.take_back(pair);
        self.by_pair.lock().unwrap_or_else(PoisonError::into_inner).remove(pair);
    }

    /// A try did not count: its own charge is taken back, and nothing else. One's own right password must not wipe out
    /// guesses at other people's on the same terminal.
    pub(super) fn take_back(&self, pair: &(DeviceId, String)) {
        if let Some(guesses) = self.by_pair.lock().unwrap_or_else(PoisonError::into_inner).get_mut(pair) {
            guesses.take_back();
        }
        if let Some(guesses) = self.by_device.lock().unwrap_or_else(PoisonError::into_inner).get_mut(&pair.0) {
            guesses.take_back();
        }
    }
}

fn patience<K: Eq + Hash>(guesses: &Mutex<HashMap<K, Guesses>>, key: &K, now: Timestamp) -> Option<u32> {
    match guesses.lock().unwrap_or_else(PoisonError::into_inner).get(key)?.patience(now) {
        Patience::Try => None,
        Patience::Wait { seconds } => Some(seconds),
    }
}

fn note<K: Eq + Hash>(guesses: &Mutex<HashMap<K, Guesses>>, key: K, now: Timestamp) {
    let mut guesses = guesses.lock().unwrap_or_else(PoisonError::into_inner);
    if guesses.len() >= SUBJECTS_MAX {
        guesses.retain(|_, guesses| !guesses.is_forgotten(now));
    }
    // Full of fresh ones: a new one is not remembered by itself. Nobody's wait is wiped out, and each terminal is slowed
    // on its own too.
    if guesses.len() < SUBJECTS_MAX || guesses.contains_key(&key) {
        guesses.entry(key).or_default().wrong(now);
    }
}

/// What guesses are counted by. In capitals, known or not: other ways of writing an ID are no more guesses at it, and do not
/// show whether there is one.
pub(super) fn pair(device: &DeviceId, user_id: &str) -> (DeviceId, String) {
    (device.clone(), user_id.to_ascii_uppercase())
}

/// A password that was looked at, and the place among the few that are at once: held by whoever goes on to hash another.
pub(super) struct Checked {
    pub(super) check: PasswordCheck,
    pub(super) place: OwnedSemaphorePermit,
}

/// Argon2id costs tens of milliseconds: off the worker's thread, few at once.
pub(super) async fn check(
    worker: &Worker,
    user_id: Option<UserId>,
    password: Zeroizing<String>,
) -> Result<Checked, Refusal> {
    let busy = Refusal::TooMany { limit: "sign-in", retry_after_seconds: 2 };
    let shared = worker.share();
    let checks = Arc::clone(&shared.guessing.checks);
    let place = tokio::time::timeout(std::time::Duration::from_secs(2), checks.acquire_owned())
        .await
        .map_err(|_| busy.clone())?
        .map_err(|_| busy.clone())?;
    let checked = tokio::task::spawn_blocking(move || {
        // Not given back before the work is done, though whoever asked may be gone.
        let check = shared.registry.snapshot().verify_password(&shared.vault, user_id.as_ref(), &password);
        Checked { check, place }
    });
    checked.await.map_err(|error| {
        tracing::error!(%error, "a password check ended early; refused");
        busy
    })
}

#[cfg(test)]
mod tests {
    use model::DeviceId;

    use super::pair;
    use crate::gate::form::in_ascii;

    #[test]
    fn guesses_at_an_id_count_together_however_it_is_written() {
        let device = DeviceId::new("D-1").unwrap();
        let counted = |typed: &str| pair(&device, &in_ascii(typed));
        assert_eq!(counted("u-0015"), counted("Ｕ－００１５"));
        assert_ne!(counted("u-0015"), counted("u-0016"));
    }
}
