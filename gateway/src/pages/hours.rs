//! Inquiry hours of art. 14: 9 to 17 o'clock, Monday to Friday, except national holidays and 29 December to 3 January.

use model::Timestamp;

use super::calendar::{Date, Day, hour_and_minute};
use super::holidays::is_holiday;

/// First hour of the desk, in Japan.
const OPENS_HOUR: i64 = 9;
/// Hour at which the desk closes, in Japan.
const CLOSES_HOUR: i64 = 17;
/// Days looked ahead for the next opening. The longest closed stretch is a New Year with weekends at both ends: 9 days.
const DAYS_AHEAD_MAX: i64 = 31;

/// The desk at one point in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OfficeHours {
    /// Somebody answers now.
    pub open: bool,
    /// When it opens next, after now.
    pub next_opening: Timestamp,
}

impl OfficeHours {
    /// The desk at `now`.
    #[must_use]
    pub fn at(now: Timestamp) -> Self {
        Self { open: open_at(now), next_opening: next_opening(now) }
    }
}

/// Whether the desk answers at this point in time (art. 14-2).
#[must_use]
pub fn open_at(at: Timestamp) -> bool {
    let (hour, _) = hour_and_minute(at);
    (OPENS_HOUR..CLOSES_HOUR).contains(&hour) && is_desk_day(Day::of(at))
}

/// The next time the desk opens, strictly after this point in time.
#[must_use]
pub fn next_opening(after: Timestamp) -> Timestamp {
    let today = Day::of(after);
    (0..=DAYS_AHEAD_MAX)
        .map(|ahead| today.plus(ahead))
        .filter(|day| is_desk_day(*day))
        .map(|day| day.at_hour(OPENS_HOUR))
        .find(|opening| *opening > after)
        // Only for years in which weekdays hold holidays for a month: never.
        .unwrap_or(Timestamp::MAX)
}

fn is_desk_day(day: Day) -> bool {
    let Date { month, day: of_month, .. } = day.date();
    let new_year = matches!((month, of_month), (12, 29..) | (1, ..=3));
    (1..=5).contains(&day.weekday()) && !new_year && !is_holiday(day)
}
