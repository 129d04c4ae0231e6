//! When an attacker acts: at his hours, on his days, so many times a day.

use model::Timestamp;

use crate::calendar::{Calendar, HOUR};
use crate::mix;
use crate::rng::Rng;

/// Hours of the day, on all days or on working days.
#[derive(Clone, Copy, Debug)]
pub struct Hours {
    from: f64,
    to: f64,
    working_days: bool,
}

impl Hours {
    /// These hours.
    #[must_use]
    pub fn new(hours: &mix::Hours, working_days: bool) -> Self {
        let (from, to) = hours.window();
        Self { from, to, working_days }
    }

    /// The hours of a day, if it is one of his days.
    #[must_use]
    pub fn on(&self, number: u32, calendar: &Calendar) -> Option<(Timestamp, Timestamp)> {
        let is_his = !self.working_days || calendar.day(number).is_working();
        is_his.then(|| (calendar.at(number, self.from), calendar.at(number, self.to)))
    }

    /// The first moment at or after `at` that is within his hours; some minutes into them where he has to wait for them.
    pub fn next(&self, at: Timestamp, calendar: &Calendar, rng: &mut Rng) -> Timestamp {
        let today = calendar.number_at(at);
        // Hours past midnight belong to the day before. A year has no month without a working day.
        for number in today.saturating_sub(1)..today.saturating_add(32) {
            let Some((from, to)) = self.on(number, calendar) else { continue };
            if from <= at && at < to {
                return at;
            }
            if at < from {
                let late = rng.between(0.0, ((to.millis_since(from)) as f64).min(0.5 * HOUR as f64));
                return from.plus_millis(late as i64);
            }
        }
        at
    }
}

/// The first of `left` moments that are spread evenly over the rest of the day.
pub(super) fn first_of(left: u32, from: Timestamp, to: Timestamp, rng: &mut Rng) -> Timestamp {
    let rest = to.millis_since(from).max(0) as f64;
    let part = 1.0 - (1.0 - rng.unit()).powf(1.0 / f64::from(left.max(1)));
    from.plus_millis((rest * part) as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn night_goes_on_past_midnight_and_days_off_are_left_out() {
        let calendar = Calendar::new("2026-04-06").unwrap();
        let mut rng = Rng::of(1, &[]);
        let night = Hours::new(&mix::Hours::Between([22.0, 5.0]), false);
        assert_eq!(night.next(calendar.at(1, 3.0), &calendar, &mut rng), calendar.at(1, 3.0));
        let next = night.next(calendar.at(1, 12.0), &calendar, &mut rng);
        assert!((calendar.at(1, 22.0)..=calendar.at(1, 22.5)).contains(&next), "{next}");
        let work = Hours::new(&mix::Hours::Between([9.0, 17.0]), true);
        let next = work.next(calendar.at(5, 10.0), &calendar, &mut rng);
        assert_eq!(calendar.number_at(next), 7, "from Saturday to Monday");
    }

    #[test]
    fn what_is_spread_is_spread() {
        let calendar = Calendar::new("2026-04-06").unwrap();
        let mut rng = Rng::of(1, &[]);
        let (mut at, to) = (calendar.at(0, 0.0), calendar.at(0, 24.0));
        let mut hours = Vec::new();
        for left in (1..=1000).rev() {
            at = first_of(left, at, to, &mut rng);
            hours.push(calendar.hour_at(at));
        }
        let mean = hours.iter().sum::<f64>() / 1000.0;
        assert!((11.0..13.0).contains(&mean) && hours.windows(2).all(|two| two[0] <= two[1]), "{mean}");
    }
}
