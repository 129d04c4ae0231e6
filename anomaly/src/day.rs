//! Days as the people of a city count them: in Japan's time, with its holidays and its ends of months.

use jiff::ToSpan as _;
use jiff::civil::{Date, Weekday};
use model::Timestamp;

/// Japan is so many milliseconds ahead of UTC, all year.
const JAPAN_MILLIS: i64 = 9 * 3_600_000;
const DAY_MILLIS: i64 = 24 * 3_600_000;

/// A day in Japan, counted from 1970-01-01.
pub type Day = i32;

/// Days that are alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Monday to Friday.
    Week,
    /// Saturday, Sunday, a holiday.
    Rest,
    /// The last two and the first three of a month: reviews, bills, reports.
    MonthEdge,
}

impl Kind {
    pub(crate) const COUNT: usize = 3;
}

/// Which days are holidays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Calendar {
    /// In order.
    holidays: Vec<Day>,
}

impl Calendar {
    /// With these holidays.
    #[must_use]
    pub fn new(mut holidays: Vec<Day>) -> Self {
        holidays.sort_unstable();
        Self { holidays }
    }

    /// What kind of day it is.
    #[must_use]
    pub fn kind(&self, day: Day) -> Kind {
        let Some(date) = date(day) else { return Kind::Rest };
        if date.day() <= 3 || date.day() + 2 > date.days_in_month() {
            return Kind::MonthEdge;
        }
        let weekend = matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday);
        if weekend || self.holidays.binary_search(&day).is_ok() { Kind::Rest } else { Kind::Week }
    }
}

/// The day of an instant.
#[must_use]
pub fn day(at: Timestamp) -> Day {
    i32::try_from(at.as_millis().saturating_add(JAPAN_MILLIS).div_euclid(DAY_MILLIS)).unwrap_or(i32::MAX)
}

/// Hour of the week, Monday's first being 0.
#[must_use]
pub fn hour_of_week(at: Timestamp) -> usize {
    let hours = at.as_millis().saturating_add(JAPAN_MILLIS).div_euclid(3_600_000);
    usize::try_from((hours + 72).rem_euclid(168)).unwrap_or_default()
}

/// None beyond the years that there are.
fn date(day: Day) -> Option<Date> {
    Date::new(1970, 1, 1).ok()?.checked_add(i64::from(day).days()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Day {
        day(Timestamp::parse(text).unwrap())
    }

    #[test]
    fn days_are_japans() {
        assert_eq!(of("2026-04-05T15:00:00Z"), of("2026-04-06T23:59:59+09:00"));
        assert_eq!(date(of("2028-02-29T00:00:00+09:00")).unwrap().to_string(), "2028-02-29");
        assert_eq!(hour_of_week(Timestamp::parse("2026-04-06T00:30:00+09:00").unwrap()), 0);
        assert_eq!(hour_of_week(Timestamp::parse("2026-04-12T23:30:00+09:00").unwrap()), 167);
    }

    #[test]
    fn kinds_of_days() {
        let calendar = Calendar::new(vec![of("2026-05-06T12:00:00+09:00"), of("2026-04-29T12:00:00+09:00")]);
        for (text, kind) in [
            ("2026-04-06T12:00:00+09:00", Kind::Week),
            ("2026-04-11T12:00:00+09:00", Kind::Rest),
            ("2026-04-29T12:00:00+09:00", Kind::MonthEdge),
            ("2026-05-06T12:00:00+09:00", Kind::Rest),
            ("2026-04-28T12:00:00+09:00", Kind::Week),
            ("2026-05-03T12:00:00+09:00", Kind::MonthEdge),
            ("2026-05-04T12:00:00+09:00", Kind::Week),
            ("2026-12-31T12:00:00+09:00", Kind::MonthEdge),
        ] {
            assert_eq!(calendar.kind(of(text)), kind, "{text}");
        }
    }
}
