//! FHIR dates as half-open spans of milliseconds since 1970: `2026` is a year long, `2026-11-23T09:00:00+09:00` a second.

use jiff::civil;
use jiff::tz::Offset;

/// [from, until), in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) from: i64,
    pub(crate) until: i64,
}

/// Reads `YYYY`, `YYYY-MM`, `YYYY-MM-DD` or a date with time. Where no offset is given, Japan's is meant.
pub(crate) fn span(text: &str) -> Option<Span> {
    match text.len() {
        4 => {
            let year = text.parse().ok()?;
            days(civil::Date::new(year, 1, 1).ok()?, |date| date.checked_add(jiff::Span::new().years(1)))
        }
        7 => {
            let (year, month) = text.split_once('-')?;
            let date = civil::Date::new(year.parse().ok()?, month.parse().ok()?, 1).ok()?;
            days(date, |date| date.checked_add(jiff::Span::new().months(1)))
        }
        10 => days(text.parse().ok()?, |date| date.tomorrow()),
        _ => {
            let from = match text.parse::<jiff::Timestamp>() {
                Ok(timestamp) => timestamp,
                Err(_) => japan(text.parse().ok()?)?,
            }
            .as_millisecond();
            // A fraction of a second means that millisecond, a whole second that second, minutes alone that minute.
            let time = text.split_once('T')?.1;
            let long = if time.contains('.') {
                1
            } else if time.matches(':').count() - usize::from(offset_has_colon(time)) >= 2 {
                1_000
            } else {
                60_000
            };
            Some(Span { from, until: from.checked_add(long)? })
        }
    }
}

fn offset_has_colon(time: &str) -> bool {
    time.rsplit_once(['+', '-']).is_some_and(|(_, offset)| offset.contains(':'))
}

fn days(first: civil::Date, next: impl Fn(civil::Date) -> Result<civil::Date, jiff::Error>) -> Option<Span> {
    let until = next(first).ok()?;
    let at = |date: civil::Date| Some(japan(date.at(0, 0, 0, 0))?.as_millisecond());
    Some(Span { from: at(first)?, until: at(until)? })
}

fn japan(civil: civil::DateTime) -> Option<jiff::Timestamp> {
    Offset::constant(9).to_timestamp(civil).ok()
}

/// RFC 3339 in Japan time, to the millisecond.
pub(crate) fn instant(millis: i64) -> String {
    let timestamp = jiff::Timestamp::from_millisecond(millis).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    let civil = Offset::constant(9).to_datetime(timestamp);
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}+09:00",
        civil.year(),
        civil.month(),
        civil.day(),
        civil.hour(),
        civil.minute(),
        civil.second(),
        civil.millisecond()
    )
}

/// The store's clock, in milliseconds since 1970.
pub(crate) fn now() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// For `Last-Modified` (RFC 9110 5.6.7).
pub(crate) fn http_date(millis: i64) -> String {
    const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let timestamp = jiff::Timestamp::from_millisecond(millis).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    let civil = Offset::UTC.to_datetime(timestamp);
    let day = usize::try_from(civil.weekday().to_monday_zero_offset()).ok().and_then(|n| DAYS.get(n)).unwrap_or(&"Mon");
    let month = usize::try_from(civil.month() - 1).ok().and_then(|n| MONTHS.get(n)).unwrap_or(&"Jan");
    format!(
        "{day}, {:02} {month} {:04} {:02}:{:02}:{:02} GMT",
        civil.day(),
        civil.year(),
        civil.hour(),
        civil.minute(),
        civil.second()
    )
}

/// Reads what [`http_date`] writes.
pub(crate) fn read_http_date(text: &str) -> Option<i64> {
    Some(jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text).ok()?.as_millisecond())
}

#[cfg(test)]
mod tests {
    use super::{http_date, instant, read_http_date, span};

    #[test]
    fn a_date_is_as_long_as_it_is_exact() {
        let long = |text: &str| span(text).map(|span| span.until - span.from);
        const DAY: i64 = 86_400_000;
        assert_eq!(long("2026"), Some(365 * DAY));
        assert_eq!(long("2024-02"), Some(29 * DAY));
        assert_eq!(long("2026-11-23"), Some(DAY));
        assert_eq!(long("2026-11-23T09:00:00+09:00"), Some(1_000));
        assert_eq!(long("2026-11-23T09:00:00.5Z"), Some(1));
        assert_eq!(long("2026-11-23T09:00+09:00"), Some(60_000));
        for text in ["", "26", "2026-13", "2026-02-30", "2026-11-23T", "heute", "2026-1-1"] {
            assert_eq!(long(text), None, "{text}");
        }
        assert_eq!(span("2026-11-23").map(|s| s.from), span("2026-11-22T15:00:00Z").map(|s| s.from));
    }

    #[test]
    fn instants_are_written_in_japan_time() {
        assert_eq!(instant(0), "1970-01-01T09:00:00.000+09:00");
        assert_eq!(http_date(784_111_777_000), "Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(read_http_date("Sun, 06 Nov 1994 08:49:37 GMT"), Some(784_111_777_000));
        assert_eq!(read_http_date("yesterday"), None);
    }
}
