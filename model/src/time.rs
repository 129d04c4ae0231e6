//! Points in time: milliseconds since 1970-01-01T00:00:00Z. No clock: the outermost floor owns one and passes time in.

use std::fmt;

use jiff::civil::DateTime;
use jiff::tz::Offset;

/// A point in time, in milliseconds since the Unix epoch (UTC). Ordered; arithmetic saturates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Timestamp(i64);

/// A text is no RFC 3339 point in time.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no point in time; expected RFC 3339, such as 2026-11-23T14:05:00+09:00")]
pub struct TimeError(String);

impl Timestamp {
    /// The earliest point that can be written as text.
    pub const MIN: Self = Self(-62_135_596_800_000);
    /// The latest point that can be written as text (end of the year 9998).
    pub const MAX: Self = Self(253_370_764_799_999);

    /// From milliseconds since the epoch, held within [`Self::MIN`] and [`Self::MAX`].
    #[must_use]
    pub const fn from_millis(millis: i64) -> Self {
        if millis < Self::MIN.0 {
            Self::MIN
        } else if millis > Self::MAX.0 {
            Self::MAX
        } else {
            Self(millis)
        }
    }

    /// Milliseconds since the epoch.
    #[must_use]
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// Whole seconds since the epoch, rounded down.
    #[must_use]
    pub const fn as_seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// Later by so many milliseconds.
    #[must_use]
    pub const fn plus_millis(self, millis: i64) -> Self {
        Self::from_millis(self.0.saturating_add(millis))
    }

    /// Later by so many seconds.
    #[must_use]
    pub const fn plus_seconds(self, seconds: i64) -> Self {
        self.plus_millis(seconds.saturating_mul(1000))
    }

    /// Milliseconds from `earlier` to this; negative when `earlier` is later.
    #[must_use]
    pub const fn millis_since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// Reads RFC 3339.
    ///
    /// # Errors
    /// The text is something else or out of range.
    pub fn parse(text: &str) -> Result<Self, TimeError> {
        text.parse::<jiff::Timestamp>()
            .map(|at| Self::from_millis(at.as_millisecond()))
            .map_err(|_| TimeError(text.chars().take(64).collect()))
    }

    /// RFC 3339 in Japan Standard Time (UTC+9, no daylight saving), to the millisecond.
    #[must_use]
    pub fn to_jst(self) -> String {
        self.in_japan().map_or_else(String::new, |at| at.strftime("%Y-%m-%dT%H:%M:%S.%3f+09:00").to_string())
    }

    /// For people in Japan: `2026-11-23 14:05`.
    #[must_use]
    pub fn to_jst_minutes(self) -> String {
        self.in_japan().map_or_else(String::new, |at| at.strftime("%Y-%m-%d %H:%M").to_string())
    }

    fn in_japan(self) -> Option<DateTime> {
        jiff::Timestamp::from_millisecond(self.0).ok().map(|at| Offset::constant(9).to_datetime(at))
    }
}

impl fmt::Display for Timestamp {
    /// RFC 3339 in UTC, to the millisecond.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_millisecond(self.0) {
            Ok(at) => write!(f, "{at:.3}"),
            Err(_) => Err(fmt::Error),
        }
    }
}
