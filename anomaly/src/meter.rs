//! A leaky bucket that goes on filling: how much has come lately, beyond its brim too.
//!
//! [`crate::gcra`] says whether something may pass and charges nothing it refuses. Whoever watches does not refuse, and wants to know how far
//! beyond it went: twice the brim is another matter than one more than fits. The same arithmetic, one number a subject.

use model::Timestamp;

/// How a meter leaks, and where its brim is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Leak {
    /// Milliseconds for one unit to leak away.
    pub unit_millis: i64,
    /// Units that fit.
    pub brim: u32,
}

impl Leak {
    /// `brim` units fit, and one leaks away in every `seconds` (at least 1).
    #[must_use]
    pub const fn new(brim: u32, seconds: u32) -> Self {
        let seconds = if seconds == 0 { 1 } else { seconds };
        Self { unit_millis: seconds as i64 * 1000, brim }
    }
}

/// A thousandth of a unit: what counts less than one whole.
pub const UNIT: u32 = 1000;
/// So many times its brim a meter fills at most: a flood leaks away in a time that can be waited for.
const BRIMS_MAX: i64 = 4;

/// The level of one subject. Zero is empty.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Meter {
    // Milliseconds since the epoch at which it will be empty.
    empty_millis: i64,
}

impl Meter {
    /// Pours so many thousandths of a unit in, and says how many whole units are in it then, rounded up.
    pub fn pour(&mut self, leak: Leak, now: Timestamp, thousandths: u32) -> u32 {
        let now = now.as_millis();
        let full = leak.unit_millis.saturating_mul(i64::from(leak.brim)).saturating_mul(BRIMS_MAX);
        // A clock that was set back leaves it no fuller than full.
        let level = self.empty_millis.saturating_sub(now).clamp(0, full);
        let poured = leak.unit_millis.saturating_mul(i64::from(thousandths)) / i64::from(UNIT);
        let level = level.saturating_add(poured).min(full);
        self.empty_millis = now.saturating_add(level);
        units(level, leak)
    }

    /// How many whole units are in it, rounded up.
    #[must_use]
    pub fn level(&self, leak: Leak, now: Timestamp) -> u32 {
        units(self.empty_millis.saturating_sub(now.as_millis()).max(0), leak)
    }

    /// Empties it.
    pub const fn empty(&mut self) {
        self.empty_millis = 0;
    }
}

fn units(level_millis: i64, leak: Leak) -> u32 {
    let unit = leak.unit_millis.max(1);
    u32::try_from(level_millis.saturating_add(unit - 1) / unit).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(1_700_000_000_000 + seconds * 1000)
    }

    #[test]
    fn it_fills_beyond_its_brim_and_leaks() {
        let (leak, mut meter) = (Leak::new(5, 10), Meter::default());
        let levels: Vec<u32> = (0..8).map(|_| meter.pour(leak, at(0), UNIT)).collect();
        assert_eq!(levels, [1, 2, 3, 4, 5, 6, 7, 8]);
        assert_eq!(meter.level(leak, at(10)), 7);
        assert_eq!(meter.level(leak, at(1000)), 0);
        assert_eq!((0..100).map(|_| meter.pour(leak, at(0), UNIT)).last(), Some(20), "four times its brim");
        assert_eq!(meter.pour(leak, at(-1_000_000), 0), 20, "a clock set back");
    }

    #[test]
    fn thousandths_add_up() {
        let (leak, mut meter) = (Leak::new(5, 10), Meter::default());
        let levels: Vec<u32> = (0..5).map(|_| meter.pour(leak, at(0), UNIT / 4)).collect();
        assert_eq!(levels, [1, 1, 1, 1, 2]);
    }
}
