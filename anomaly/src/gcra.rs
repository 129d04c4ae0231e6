//! Leaky bucket as a meter, in the form of the generic cell rate algorithm (ITU-T I.371, Annex A): one number a subject.

use model::Timestamp;

/// So many in so long, and how many at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    interval_micros: i64,
    tolerance_micros: i64,
}

impl Quota {
    /// `burst` at once (at least 1), then `count` (at least 1) in every `seconds` (at least 1).
    #[must_use]
    pub fn new(count: u32, seconds: u32, burst: u32) -> Self {
        let interval = i64::from(seconds.max(1)).saturating_mul(1_000_000) / i64::from(count.max(1));
        let interval = interval.max(1);
        Self { interval_micros: interval, tolerance_micros: interval.saturating_mul(i64::from(burst.max(1)) - 1) }
    }
}

/// The state of one subject under one quota: the theoretical arrival time of the next unit. New subjects start full.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bucket {
    // Microseconds since the epoch; before or at now means full.
    next_micros: i64,
}

/// What a bucket says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Verdict {
    /// Within the quota; the bucket has been charged.
    Within,
    /// Beyond it; nothing was charged. A retry fits after so many milliseconds.
    Beyond {
        /// Milliseconds until as much as was asked fits.
        retry_after_millis: i64,
    },
}

impl Bucket {
    /// Charges `cost` units at `now`, if they fit. A refusal is never charged, so that waiting always helps.
    pub fn charge(&mut self, quota: Quota, now: Timestamp, cost: u32) -> Verdict {
        let now = now.as_millis().saturating_mul(1000);
        // A clock that was set back must not lock anybody out for longer than an empty bucket would.
        let empty = quota.tolerance_micros.saturating_add(quota.interval_micros);
        let limit = now.saturating_add(empty);
        let start = self.next_micros.max(now).min(limit);
        // A cost above the burst counts as the whole burst: otherwise it would never fit.
        let after = start.saturating_add(quota.interval_micros.saturating_mul(i64::from(cost)).min(empty));
        if after <= limit {
            self.next_micros = after;
            Verdict::Within
        } else {
            self.next_micros = start;
            Verdict::Beyond { retry_after_millis: (after.saturating_sub(limit)).div_euclid(1000).saturating_add(1) }
        }
    }

    /// Whether the bucket is full again, so that it need not be kept.
    #[must_use]
    pub const fn is_full(&self, now: Timestamp) -> bool {
        self.next_micros <= now.as_millis().saturating_mul(1000)
    }
}
