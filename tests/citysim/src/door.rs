//! The door as the gateway has it: whoever typed wrong passwords waits before the next one (`gateway/src/gate/guessing.rs`).

use std::collections::HashMap;

use anomaly::event::{Account, Device};
use anomaly::{Guesses, Patience};
use model::Timestamp;

/// A terminal waits no longer than this because of its users' mistakes, in seconds.
const DEVICE_WAIT_SECONDS_MAX: u32 = 30;

/// Wrong passwords, by user ID at a terminal and by terminal.
#[derive(Debug, Default)]
pub(crate) struct Door {
    by_pair: HashMap<(Device, Account), Guesses>,
    by_device: HashMap<Device, Guesses>,
}

impl Door {
    /// Milliseconds to wait before the next try, if any.
    pub(crate) fn wait(&self, device: Device, account: Account, now: Timestamp) -> Option<i64> {
        let seconds = |guesses: Option<&Guesses>| match guesses?.patience(now) {
            Patience::Try => None,
            Patience::Wait { seconds } => Some(seconds),
        };
        let by_device = seconds(self.by_device.get(&device)).map(|seconds| seconds.min(DEVICE_WAIT_SECONDS_MAX));
        let wait = seconds(self.by_pair.get(&(device, account))).max(by_device)?;
        Some(i64::from(wait) * 1000)
    }

    /// A password was typed.
    pub(crate) fn typed(&mut self, device: Device, account: Account, right: bool, now: Timestamp) {
        if right {
            self.by_pair.remove(&(device, account));
            return;
        }
        self.by_pair.entry((device, account)).or_default().wrong(now);
        self.by_device.entry(device).or_default().wrong(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guessing_gets_slower_and_a_shared_terminal_is_not_lost() {
        let (device, account, now) = (Device(1), Account(1), Timestamp::from_millis(1_775_401_200_000));
        let mut door = Door::default();
        for _ in 0..4 {
            assert_eq!(door.wait(device, account, now), None);
            door.typed(device, account, false, now);
        }
        for _ in 0..10 {
            door.typed(device, account, false, now);
        }
        assert_eq!(door.wait(device, account, now), Some(900_000));
        assert_eq!(door.wait(device, Account(2), now), Some(30_000), "somebody else at the same terminal");
        assert_eq!(door.wait(Device(2), account, now), None, "the same user at another terminal");
        door.typed(device, account, true, now);
        assert_eq!(door.wait(device, account, now), Some(30_000));
    }
}
