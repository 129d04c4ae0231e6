//! Calendar, holidays, office hours and written dates.

use model::Timestamp;
use proptest::prelude::*;

use crate::pages::Language::{En, Ja};
use crate::pages::calendar::{Date, Day, hour_and_minute};
use crate::pages::dates::{When, written};
use crate::pages::holidays::{equinoxes, is_holiday};
use crate::pages::hours::{next_opening, open_at};

fn at(text: &str) -> Timestamp {
    Timestamp::parse(&format!("{text}:00+09:00")).unwrap()
}

proptest! {
    /// The calendar agrees with jiff's, which `model` writes with.
    #[test]
    fn the_calendar_agrees_with_the_models(millis in Timestamp::MIN.as_millis()..Timestamp::MAX.as_millis() - 86_400_000) {
        let at = Timestamp::from_millis(millis);
        let Date { year, month, day } = Day::of(at).date();
        let (hour, minute) = hour_and_minute(at);
        prop_assert_eq!(format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}"), at.to_jst_minutes());
        prop_assert_eq!(Day::from_date(Date { year, month, day }), Day::of(at));
        prop_assert_eq!(Day::of(Day::of(at).at_hour(0)), Day::of(at));
    }

    /// The next opening is an opening: open from then on, closed just before, and nothing open in between.
    #[test]
    fn the_next_opening_is_the_next(minutes in 0_i64..60 * 24 * 366 * 10) {
        let now = at("2024-01-01T00:00").plus_seconds(60 * minutes);
        let next = next_opening(now);
        prop_assert!(next > now && open_at(next) && !open_at(next.plus_millis(-1)));
        let mut hour = now;
        let mut left = !open_at(now);
        while hour < next {
            left |= !open_at(hour);
            prop_assert!(!left || !open_at(hour), "open at {}", hour);
            hour = hour.plus_seconds(1800);
        }
    }
}

fn holidays(year: i64) -> Vec<String> {
    let first = Day::from_date(Date { year, month: 1, day: 1 });
    (0..366)
        .map(|days| first.plus(days))
        .filter(|day| day.date().year == year && is_holiday(*day))
        .map(|day| format!("{}/{}", day.date().month, day.date().day))
        .collect()
}

#[test]
fn holidays_are_those_the_cabinet_office_lists() {
    // Substitutes on 2/12, 5/6, 8/12, 9/23, 11/4.
    assert_eq!(
        holidays(2024).join(" "),
        "1/1 1/8 2/11 2/12 2/23 3/20 4/29 5/3 5/4 5/5 5/6 7/15 8/11 8/12 9/16 9/22 9/23 10/14 11/3 11/4 11/23"
    );
    // 5/4 is a Sunday: its substitute waits until 5/6.
    assert_eq!(
        holidays(2025).join(" "),
        "1/1 1/13 2/11 2/23 2/24 3/20 4/29 5/3 5/4 5/5 5/6 7/21 8/11 9/15 9/23 10/13 11/3 11/23 11/24"
    );
    // 9/22 lies between two holidays.
    assert_eq!(
        holidays(2026).join(" "),
        "1/1 1/12 2/11 2/23 3/20 4/29 5/3 5/4 5/5 5/6 7/20 8/11 9/21 9/22 9/23 10/12 11/3 11/23"
    );
    // The spring equinox falls on a Sunday.
    assert_eq!(
        holidays(2027).join(" "),
        "1/1 1/11 2/11 2/23 3/21 3/22 4/29 5/3 5/4 5/5 7/19 8/11 9/20 9/23 10/11 11/3 11/23"
    );
}

#[test]
fn equinoxes_of_the_century() {
    // From the almanac of the National Astronomical Observatory, and its long-range forecast.
    for (year, spring, autumn) in [
        (2000, 20, 23),
        (2003, 21, 23),
        (2012, 20, 22),
        (2024, 20, 22),
        (2025, 20, 23),
        (2026, 20, 23),
        (2027, 21, 23),
        (2028, 20, 22),
        (2044, 20, 22),
        (2092, 19, 22),
        (2099, 20, 23),
    ] {
        assert_eq!(equinoxes(year), (spring, autumn), "{year}");
    }
}

#[test]
fn the_desk_is_open_as_article_14_says() {
    for (when, open) in [
        ("2026-11-20T08:59", false),
        ("2026-11-20T09:00", true),
        ("2026-11-20T12:30", true),
        ("2026-11-20T16:59", true),
        ("2026-11-20T17:00", false),
        // Saturday, Sunday, a holiday on a Monday, the Tuesday after.
        ("2026-11-21T10:00", false),
        ("2026-11-22T10:00", false),
        ("2026-11-23T10:00", false),
        ("2026-11-24T10:00", true),
        // A substitute holiday, and a day between two holidays.
        ("2026-05-06T10:00", false),
        ("2026-05-07T10:00", true),
        ("2026-09-22T10:00", false),
        // The end of the year: 12/28 is the last day, 1/4 the first.
        ("2026-12-28T10:00", true),
        ("2026-12-29T10:00", false),
        ("2026-12-31T10:00", false),
        ("2027-01-01T10:00", false),
        ("2024-01-02T10:00", false),
        ("2024-01-03T10:00", false),
        ("2024-01-04T10:00", true),
    ] {
        assert_eq!(open_at(at(when)), open, "{when}");
    }
}

#[test]
fn the_next_opening_is_named() {
    for (now, next) in [
        ("2026-11-20T08:00", "2026-11-20T09:00"),
        ("2026-11-20T09:00", "2026-11-24T09:00"),
        ("2026-11-20T18:00", "2026-11-24T09:00"),
        ("2026-05-01T17:00", "2026-05-07T09:00"),
        // 12/29 (Tuesday) to 1/3 (Sunday).
        ("2026-12-28T17:00", "2027-01-04T09:00"),
        ("2026-09-18T20:00", "2026-09-24T09:00"),
    ] {
        assert_eq!(next_opening(at(now)), at(next), "{now}");
    }
}

#[test]
fn dates_are_written_for_their_readers() {
    let monday = at("2026-11-23T14:05");
    assert_eq!(written(Ja, monday), "令和8年11月23日(月) 14:05");
    assert_eq!(written(En, monday), "Mon 23 November 2026, 14:05");
    assert_eq!(When::to_the_second(Ja, monday.plus_seconds(7)).text, "令和8年11月23日(月) 14:05:07");
    assert_eq!(When::to_the_second(En, Timestamp::from_millis(-1)).text, "Thu 1 January 1970, 8:59:59");
    assert_eq!(When::new(Ja, monday).iso, "2026-11-23T14:05:00.000+09:00");
    assert_eq!(written(Ja, at("2026-01-04T09:00")), "令和8年1月4日(日) 9:00");
    assert_eq!(written(Ja, at("2019-05-01T00:00")), "令和元年5月1日(水) 0:00");
    assert_eq!(written(Ja, at("2019-04-30T23:59")), "平成31年4月30日(火) 23:59");
    assert_eq!(written(Ja, at("1989-01-07T00:00")), "昭和64年1月7日(土) 0:00");
    assert_eq!(written(Ja, at("1926-12-24T00:00")), "西暦1926年12月24日(金) 0:00");
}
