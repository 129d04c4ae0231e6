//! The days of a run, in Japan: UTC+9 without daylight saving, with its holidays.

use jiff::ToSpan;
use jiff::civil::Date;
use model::Timestamp;

/// Milliseconds of an hour.
pub const HOUR: i64 = 3_600_000;
/// Milliseconds of a day.
pub const DAY: i64 = 24 * HOUR;
const JAPAN_IS_AHEAD: i64 = 9 * HOUR;

/// Public holidays (国民の祝日, with their substitutes) of the years that a run may lie in.
const HOLIDAYS: [(i16, &str); 2] = [
    (2026, "1/1 1/12 2/11 2/23 3/20 4/29 5/3 5/4 5/5 5/6 7/20 8/11 9/21 9/22 9/23 10/12 11/3 11/23"),
    (2027, "1/1 1/11 2/11 2/23 3/21 3/22 4/29 5/3 5/4 5/5 7/19 8/11 9/20 9/23 10/11 11/3 11/23"),
];

/// One day.
#[derive(Clone, Copy, Debug)]
pub struct Day {
    /// Of the run, from 0.
    pub number: u32,
    /// Of the month, from 1.
    pub of_month: u8,
    /// How many days of the month follow: 0 on the last.
    pub to_month_end: u8,
    /// Monday is 0.
    pub weekday: u8,
    /// A public holiday, or one of the days around New Year on which offices are closed.
    pub holiday: bool,
}

impl Day {
    /// Whether offices are open.
    #[must_use]
    pub const fn is_working(&self) -> bool {
        self.weekday < 5 && !self.holiday
    }
}

/// The days of a run.
#[derive(Clone, Debug)]
pub struct Calendar {
    first: Date,
    midnight: Timestamp,
}

/// A run that the table of holidays does not cover.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is no day (YYYY-MM-DD) from 2026-01-01 to 2027-12-31")]
pub struct NoSuchDay(String);

impl Calendar {
    /// From this day on.
    ///
    /// # Errors
    /// It is no day, or the table of holidays does not know its year.
    pub fn new(first: &str) -> Result<Self, NoSuchDay> {
        let none = || NoSuchDay(first.chars().take(40).collect());
        let first: Date = first.parse().map_err(|_| none())?;
        if !HOLIDAYS.iter().any(|(year, _)| *year == first.year()) {
            return Err(none());
        }
        let midnight = Timestamp::parse(&format!("{first}T00:00:00+09:00")).map_err(|_| none())?;
        Ok(Self { first, midnight })
    }

    /// A day by its number.
    #[must_use]
    pub fn day(&self, number: u32) -> Day {
        let date = self.first.checked_add(i64::from(number).days()).unwrap_or(Date::MAX);
        let weekday = date.weekday().to_monday_zero_offset().unsigned_abs();
        Day {
            number,
            of_month: date.day().unsigned_abs(),
            to_month_end: date.days_in_month().abs_diff(date.day()),
            weekday,
            holiday: is_holiday(date),
        }
    }

    /// A day's number by its date; none for another form, or a day before the first.
    #[must_use]
    pub fn number(&self, date: &str) -> Option<u32> {
        let date: Date = date.parse().ok()?;
        u32::try_from(self.first.until(date).ok()?.get_days()).ok()
    }

    /// When a day begins.
    #[must_use]
    pub const fn midnight(&self, number: u32) -> Timestamp {
        self.midnight.plus_millis(number as i64 * DAY)
    }

    /// So many hours into a day; above 24 it is the next one.
    #[must_use]
    pub fn at(&self, number: u32, hour: f64) -> Timestamp {
        self.midnight(number).plus_millis((hour * HOUR as f64) as i64)
    }

    /// Which day it is; 0 before the first.
    #[must_use]
    pub fn number_at(&self, at: Timestamp) -> u32 {
        u32::try_from(at.millis_since(self.midnight).div_euclid(DAY)).unwrap_or(0)
    }

    /// The hour of the day, from 0 to below 24.
    #[must_use]
    pub fn hour_at(&self, at: Timestamp) -> f64 {
        at.millis_since(self.midnight).rem_euclid(DAY) as f64 / HOUR as f64
    }
}

/// The hour of the day, wherever the run began.
#[must_use]
pub fn hour_of(at: Timestamp) -> f64 {
    at.as_millis().saturating_add(JAPAN_IS_AHEAD).rem_euclid(DAY) as f64 / HOUR as f64
}

fn is_holiday(date: Date) -> bool {
    let (month, day) = (date.month(), date.day());
    let new_year = (month == 12 && day >= 29) || (month == 1 && day <= 3);
    let named = format!("{month}/{day}");
    new_year || HOLIDAYS.iter().any(|(year, days)| *year == date.year() && days.split(' ').any(|one| one == named))
}

/// Reads `mon` to `sun`: Monday is 0.
#[must_use]
pub fn weekday(word: &str) -> Option<u8> {
    let words = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    words.iter().zip(0..).find(|(known, _)| **known == word).map(|(_, day)| day)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn april() -> Calendar {
        Calendar::new("2026-04-06").unwrap()
    }

    #[test]
    fn a_run_begins_on_monday_at_midnight_in_japan() {
        let calendar = april();
        assert_eq!(calendar.midnight(0).to_string(), "2026-04-05T15:00:00.000Z");
        assert_eq!(calendar.at(1, 9.5).to_jst(), "2026-04-07T09:30:00.000+09:00");
        assert_eq!(calendar.day(0).weekday, 0);
        assert_eq!(calendar.number_at(calendar.at(3, 23.99)), 3);
        assert!((calendar.hour_at(calendar.at(3, 8.5)) - 8.5).abs() < 1e-9);
        assert!((hour_of(calendar.at(3, 8.5)) - 8.5).abs() < 1e-9);
    }

    #[test]
    fn days_know_what_they_are() {
        let calendar = april();
        let day = |date| calendar.day(calendar.number(date).unwrap());
        assert!(day("2026-05-06").holiday, "for May 3rd, which is a Sunday");
        assert!(day("2026-12-31").holiday && day("2027-03-22").holiday && !day("2026-05-07").holiday);
        assert!(!day("2026-04-29").is_working() && !day("2026-04-25").is_working() && day("2026-04-30").is_working());
        assert_eq!((day("2026-04-30").to_month_end, day("2026-05-01").of_month), (0, 1));
    }

    #[test]
    fn other_years_and_words_are_refused() {
        for first in ["2025-12-31", "2028-01-01", "yesterday", ""] {
            assert!(Calendar::new(first).is_err(), "{first}");
        }
        assert_eq!((weekday("mon"), weekday("sun"), weekday("Mon")), (Some(0), Some(6), None));
        assert_eq!(april().number("2026-04-05"), None);
    }
}
