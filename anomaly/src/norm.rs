//! What is usual: a mean and a deviation that follow slowly.

/// What is usual of one number, such as the persons of a day.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Norm {
    mean: f32,
    variance: f32,
    days: u16,
}

/// A day counts a twentieth once there are twenty: what is usual is what was in the last month.
const DAYS_REMEMBERED: u16 = 20;
/// Its mean grows by so much a day at most: a twentieth a week. Who gets people used to more needs half a year for three times as much.
const GROWTH_A_DAY: f32 = 0.007;

impl Norm {
    /// One more day.
    pub fn learn(&mut self, seen: f32) {
        self.days = self.days.saturating_add(1);
        let weight = 1.0 / f32::from(self.days.min(DAYS_REMEMBERED));
        let off = seen - self.mean;
        let mut mean = self.mean + weight * off;
        if self.days > DAYS_REMEMBERED {
            mean = mean.min(self.mean * (1.0 + GROWTH_A_DAY) + 0.01);
        }
        self.variance = (1.0 - weight) * (self.variance + weight * off * off);
        self.mean = mean;
    }

    /// How many days it was learned from.
    #[must_use]
    pub const fn days(&self) -> u16 {
        self.days
    }

    /// What is usual.
    #[must_use]
    pub const fn mean(&self) -> f32 {
        self.mean
    }

    /// So many deviations above the mean.
    #[must_use]
    pub fn above(&self, deviations: f32) -> f32 {
        self.mean + deviations * self.variance.sqrt()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_comes_to_what_is_usual() {
        let mut norm = Norm::default();
        (0..200).for_each(|day| norm.learn(if day % 2 == 0 { 4.0 } else { 6.0 }));
        assert!((norm.mean() - 5.0).abs() < 0.3, "{norm:?}");
        assert!((norm.above(1.0) - 6.0).abs() < 0.4, "{norm:?}");
    }

    #[test]
    fn nobody_gets_it_used_to_more_in_a_hurry() {
        let mut norm = Norm::default();
        (0..40).for_each(|_| norm.learn(10.0));
        (0..30).for_each(|_| norm.learn(40.0));
        assert!(norm.mean() < 13.0, "{norm:?}");
    }
}
