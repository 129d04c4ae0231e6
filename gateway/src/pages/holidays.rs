//! National holidays of Japan (国民の祝日に関する法律, Act 178 of 1948), computed: no table to forget in December.
//!
//! The law as in force since 2020; the dates moved for the Olympic Games in 2020 and 2021 and holidays before 2020 are
//! not modelled, since nobody asks whether the desk was open then. A new holiday is a change here.

use super::calendar::{Date, Day};

const SUNDAY: usize = 0;
const MONDAY: usize = 1;

/// Whether the day is a day of rest under the law: a national holiday, its substitute (article 3-2: a holiday on a
/// Sunday moves to the next day that is none), or a day between two holidays (article 3-3).
#[must_use]
pub fn is_holiday(day: Day) -> bool {
    is_national(day) || is_substitute(day) || (is_national(day.plus(-1)) && is_national(day.plus(1)))
}

/// A national holiday of article 2.
fn is_national(day: Day) -> bool {
    let Date { year, month, day: of_month } = day.date();
    match (month, of_month) {
        // New Year, foundation, the emperor's birthday, Showa, constitution, greenery, children, mountains, culture, labour.
        (1, 1) | (2, 11 | 23) | (4, 29) | (5, 3..=5) | (8, 11) | (11, 3 | 23) => true,
        // Coming of age, sports: second Monday.
        (1 | 10, 8..=14) => day.weekday() == MONDAY,
        // Sea: third Monday.
        (7, 15..=21) => day.weekday() == MONDAY,
        (3, _) => of_month == equinoxes(year).0,
        // The aged: third Monday; and the equinox.
        (9, _) => of_month == equinoxes(year).1 || (day.weekday() == MONDAY && (15..=21).contains(&of_month)),
        _ => false,
    }
}

/// Reaching back over holidays without a gap, there is one on a Sunday.
fn is_substitute(day: Day) -> bool {
    // Four holidays in a row do not occur; seven days reach a Sunday in any case.
    (1..=7)
        .map(|back| day.plus(-back))
        .take_while(|before| is_national(*before))
        .any(|before| before.weekday() == SUNDAY)
        && !is_national(day)
}

/// Days of the equinoxes in Japan, in March and in September. The approximation in common use, right for 1980 to 2099;
/// the official day is announced each February for the year after.
#[must_use]
pub const fn equinoxes(year: i64) -> (i64, i64) {
    // In millionths of a day.
    let years = year - 1980;
    let drift = 242_194 * years - 1_000_000 * years.div_euclid(4);
    ((20_843_100 + drift).div_euclid(1_000_000), (23_248_800 + drift).div_euclid(1_000_000))
}
