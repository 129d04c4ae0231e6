//! Dates of searches: FHIR R4 `date` and `dateTime`, with a prefix (<https://hl7.org/fhir/R4/search.html#date>).

const PREFIXES: [&str; 9] = ["eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap"];

/// Which side of a range a search date limits; for `eq` and the like both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    From,
    Until,
    Both,
}

/// Checks a search date: `[prefix]YYYY[-MM[-DD[Thh:mm[:ss[.f]](Z|+hh:mm)]]]`, each part in its range.
pub(crate) fn check(text: &str) -> Option<Side> {
    let (prefix, date) = match text.split_at_checked(2) {
        Some((prefix, date)) if PREFIXES.contains(&prefix) => (prefix, date),
        _ => ("eq", text),
    };
    let (date, time) = match date.split_once('T') {
        Some((date, time)) => (date, Some(time)),
        None => (date, None),
    };
    let mut parts = date.split('-');
    number(parts.next()?, 4, 1..=9999)?;
    let month = parts.next().map(|month| number(month, 2, 1..=12));
    let day = parts.next().map(|day| number(day, 2, 1..=31));
    if parts.next().is_some() || month == Some(None) || day == Some(None) {
        return None;
    }
    if let Some(time) = time {
        day?;
        check_time(time)?;
    }
    Some(match prefix {
        "gt" | "ge" | "sa" => Side::From,
        "lt" | "le" | "eb" => Side::Until,
        _ => Side::Both,
    })
}

/// Whether it is an `instant`: a point of time to the second at least, with its zone.
pub(crate) fn instant(text: &str) -> bool {
    let plain = text.starts_with(|c: char| c.is_ascii_digit()) && check(text).is_some();
    let time = text.split_once('T').and_then(|(_, time)| time.split(['Z', '+', '-']).next());
    plain && time.is_some_and(|time| time.matches(':').count() == 2)
}

/// A time with its zone: without one, the day it falls on would depend on the reader.
fn check_time(time: &str) -> Option<()> {
    let (time, zone) = match time.strip_suffix('Z') {
        Some(time) => (time, None),
        None => {
            let (time, zone) = time.split_once(['+', '-'])?;
            (time, Some(zone))
        }
    };
    if let Some(zone) = zone {
        let (hours, minutes) = zone.split_once(':')?;
        number(hours, 2, 0..=14)?;
        number(minutes, 2, 0..=59)?;
    }
    let mut parts = time.split(':');
    number(parts.next()?, 2, 0..=23)?;
    number(parts.next()?, 2, 0..=59)?;
    if let Some(seconds) = parts.next() {
        let (whole, fraction) = seconds.split_once('.').unwrap_or((seconds, "0"));
        number(whole, 2, 0..=60)?;
        if fraction.is_empty() || fraction.len() > 9 || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
    }
    parts.next().is_none().then_some(())
}

fn number(text: &str, digits: usize, range: std::ops::RangeInclusive<u32>) -> Option<u32> {
    let plain = text.len() == digits && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|number| plain && range.contains(number))
}

#[cfg(test)]
mod tests {
    use super::{Side, check, instant};

    #[test]
    fn instants_are_to_the_second() {
        assert!(instant("2024-02-29T10:00:00Z") && instant("2024-02-29T10:00:00.123+09:00"));
        for text in ["2024-02-29", "2024-02-29T10:00Z", "ge2024-02-29T10:00:00Z", "2024-02-29T10:00:00", "", "T::Z"] {
            assert!(!instant(text), "{text}");
        }
    }

    #[test]
    fn dates_and_what_they_limit() {
        for (text, expected) in [
            ("2024", Some(Side::Both)),
            ("ge2024-02", Some(Side::From)),
            ("eb2024-02-29", Some(Side::Until)),
            ("ne2024-02-29T23:59:60Z", Some(Side::Both)),
            ("2024-02-29T10:00:00.123456789-03:30", Some(Side::Both)),
            ("2024-02-29T10:00+09:00", Some(Side::Both)),
            ("2024-02-29T10Z", None),
            ("2024-02-29T10:00:00", None),
            ("2024-02-29T10:00:00.Z", None),
            ("2024-02-29T10:00:00+0900", None),
            ("2024-02-29T10:00:00+15:00", None),
            ("2024-02-29T", None),
            ("2024-00", None),
            ("2024-01-32", None),
            ("2024-01-1", None),
            ("0000", None),
            ("+024", None),
            ("gele2024", None),
            ("ge", None),
            ("", None),
            ("２０２４", None),
        ] {
            assert_eq!(check(text), expected, "{text}");
        }
    }
}
