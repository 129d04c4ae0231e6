//! Points in time as people in Japan write them: 令和8年11月23日(月) 14:05, with the ISO form for machines beside it.

use model::Timestamp;

use super::calendar::{Date, Day, hour_and_minute};
use super::texts::Language;

/// A point in time for a `<time>` element.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct When {
    /// For the `datetime` attribute: RFC 3339 in Japan's offset.
    pub iso: String,
    /// For people.
    pub text: String,
}

impl When {
    /// Writes a point in time, to the minute.
    #[must_use]
    pub fn new(language: Language, at: Timestamp) -> Self {
        Self { iso: at.to_jst(), text: written(language, at) }
    }

    /// The same to the second, where the order of events counts.
    #[must_use]
    pub fn to_the_second(language: Language, at: Timestamp) -> Self {
        let text = format!("{}:{:02}", written(language, at), at.as_seconds().rem_euclid(60));
        Self { iso: at.to_jst(), text }
    }
}

/// First days of the eras, newest first. A new era is a line here.
const ERAS: [(Date, &str); 3] = [
    (Date { year: 2019, month: 5, day: 1 }, "令和"),
    (Date { year: 1989, month: 1, day: 8 }, "平成"),
    (Date { year: 1926, month: 12, day: 25 }, "昭和"),
];

/// A point in time in words, to the minute, by the clock in Japan.
#[must_use]
pub fn written(language: Language, at: Timestamp) -> String {
    let day = Day::of(at);
    let date = day.date();
    let (hour, minute) = hour_and_minute(at);
    match language {
        Language::Ja => {
            let weekday = ["日", "月", "火", "水", "木", "金", "土"].get(day.weekday()).copied().unwrap_or_default();
            let Date { month, day, .. } = date;
            format!("{}{month}月{day}日({weekday}) {hour}:{minute:02}", japanese_year(date))
        }
        Language::En => {
            let weekdays = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
            let months = [
                "January",
                "February",
                "March",
                "April",
                "May",
                "June",
                "July",
                "August",
                "September",
                "October",
                "November",
                "December",
            ];
            let weekday = weekdays.get(day.weekday()).copied().unwrap_or_default();
            let month = usize::try_from(date.month - 1).ok().and_then(|month| months.get(month)).copied();
            format!("{weekday} {} {} {}, {hour}:{minute:02}", date.day, month.unwrap_or_default(), date.year)
        }
    }
}

/// 令和8年, 令和元年; before the Showa era the Gregorian year.
fn japanese_year(date: Date) -> String {
    match ERAS.iter().find(|(first, _)| date >= *first) {
        Some((first, era)) if first.year == date.year => format!("{era}元年"),
        Some((first, era)) => format!("{era}{}年", date.year - first.year + 1),
        None => format!("西暦{}年", date.year),
    }
}
