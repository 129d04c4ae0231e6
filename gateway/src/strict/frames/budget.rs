//! So much at once, and so much in a second.

use tokio::time::Instant;

/// See the module.
#[derive(Debug)]
pub(super) struct Budget {
    most: u32,
    per_second: u32,
    left: u32,
    /// Up to here it was filled up.
    filled: Option<Instant>,
}

impl Budget {
    pub(super) const fn new(most: u32, per_second: u32) -> Self {
        Self { most, per_second, left: most, filled: None }
    }

    /// Takes `cost`; false if there is not so much.
    pub(super) fn spend(&mut self, cost: u32) -> bool {
        // The clock is asked only when it may matter.
        if self.left < self.most / 2 {
            self.fill(Instant::now());
        }
        match self.left.checked_sub(cost) {
            Some(left) => {
                self.left = left;
                self.filled.get_or_insert_with(Instant::now);
                true
            }
            None => false,
        }
    }

    /// Allows for so much more.
    pub(super) fn earn(&mut self, more: u32) {
        self.left = self.left.saturating_add(more).min(self.most);
    }

    fn fill(&mut self, now: Instant) {
        let since = self.filled.map_or(0, |filled| now.duration_since(filled).as_millis());
        let more = since.saturating_mul(u128::from(self.per_second)) / 1000;
        if more > 0 {
            self.filled = Some(now);
            self.earn(u32::try_from(more).unwrap_or(u32::MAX));
        }
    }
}
