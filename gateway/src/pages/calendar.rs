//! Days in Japan: the proleptic Gregorian calendar at UTC+9, which has no daylight saving. Just enough for office hours
//! and written dates.

use model::Timestamp;

const OFFSET_SECONDS: i64 = 9 * 3600;
const DAY_SECONDS: i64 = 24 * 3600;

/// A day in Japan, counted from 1970-01-01.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Day(i64);

/// Year, month and day of the month.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Date {
    /// Gregorian year.
    pub year: i64,
    /// 1 to 12.
    pub month: i64,
    /// 1 to 31.
    pub day: i64,
}

impl Day {
    /// The day in Japan that a point in time falls on.
    #[must_use]
    pub const fn of(at: Timestamp) -> Self {
        Self((at.as_seconds() + OFFSET_SECONDS).div_euclid(DAY_SECONDS))
    }

    /// The day of a date. Days past the end of a month run over into the next one.
    #[must_use]
    pub const fn from_date(date: Date) -> Self {
        // Years that begin in March, in eras of 400 years: Howard Hinnant, "chrono-Compatible Low-Level Date
        // Algorithms", `days_from_civil`.
        let year = if date.month <= 2 { date.year - 1 } else { date.year };
        let era = year.div_euclid(400);
        let year_of_era = year.rem_euclid(400);
        let month = (date.month + 9) % 12;
        let day_of_year = (153 * month + 2) / 5 + date.day - 1;
        let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
        Self(era * 146_097 + day_of_era - 719_468)
    }

    /// Its date: the same algorithm backwards, `civil_from_days`.
    #[must_use]
    pub const fn date(self) -> Date {
        let days = self.0 + 719_468;
        let era = days.div_euclid(146_097);
        let day_of_era = days.rem_euclid(146_097);
        let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * month + 2) / 5 + 1;
        let month = if month < 10 { month + 3 } else { month - 9 };
        let year = year_of_era + era * 400 + if month <= 2 { 1 } else { 0 };
        Date { year, month, day }
    }

    /// Day of the week, 0 for Sunday to 6 for Saturday.
    #[must_use]
    pub const fn weekday(self) -> usize {
        (self.0 + 4).rem_euclid(7).unsigned_abs() as usize
    }

    /// So many days later; negative is earlier.
    #[must_use]
    pub const fn plus(self, days: i64) -> Self {
        Self(self.0 + days)
    }

    /// The point in time of an hour on this day, by the clock in Japan.
    #[must_use]
    pub const fn at_hour(self, hour: i64) -> Timestamp {
        Timestamp::from_millis((self.0 * DAY_SECONDS + hour * 3600 - OFFSET_SECONDS) * 1000)
    }
}

/// Hour and minute by the clock in Japan.
#[must_use]
pub const fn hour_and_minute(at: Timestamp) -> (i64, i64) {
    let seconds = (at.as_seconds() + OFFSET_SECONDS).rem_euclid(DAY_SECONDS);
    (seconds / 3600, seconds / 60 % 60)
}
