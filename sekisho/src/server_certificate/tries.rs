//! Tries to fetch a certificate, on disk: a process that dies in the middle of each, and is started again every two seconds, asks
//! an authority no more often than one that lives.

use std::io::ErrorKind;
use std::path::Path;

use model::Timestamp;
use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::folder;

/// Pause after the first failed try, in seconds; each further one doubles it. Five within an hour at most: public authorities count
/// failed validations by the hour.
const PAUSE_SECONDS: i64 = 120;
/// Longest pause.
const PAUSE_SECONDS_MAX: i64 = 3600;

/// What came of the tries since the last that succeeded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Tries {
    /// How many failed, or were interrupted, in a row.
    failed: u32,
    /// The next is made at this second of Unix time, or later.
    next_seconds: i64,
}

impl Tries {
    /// As they stand in a file; none yet where there is none, or where it cannot be read: then one more is made.
    pub(super) fn read(path: &Path) -> Self {
        let read = folder::read(path).map(|text| serde_json::from_slice(&text));
        match read {
            Ok(Ok(tries)) => tries,
            Err(Error::File { source, .. }) if source.kind() == ErrorKind::NotFound => Self::default(),
            _ => {
                tracing::warn!(path = %path.display(), "tries on record cannot be read; counted anew");
                Self::default()
            }
        }
    }

    /// How many failed in a row, and when the next is made; none where none failed.
    pub(super) fn failed(self) -> Option<(u32, Timestamp)> {
        let next = Timestamp::from_millis(self.next_seconds.saturating_mul(1000));
        (self.failed > 0).then_some((self.failed, next))
    }

    /// Whether one may be made.
    pub(super) const fn may_try(&self, now: Timestamp) -> bool {
        // A clock that stood a year ahead when it was written must not keep us from trying for a year.
        now.as_seconds() >= self.next_seconds || self.next_seconds - now.as_seconds() > PAUSE_SECONDS_MAX
    }

    /// One more, written down as failed before it begins.
    pub(super) fn begin(self, path: &Path, now: Timestamp) -> Result<(), Error> {
        let pause = PAUSE_SECONDS.saturating_mul(1 << self.failed.min(10)).min(PAUSE_SECONDS_MAX);
        let next_seconds = now.as_seconds().saturating_add(pause);
        Self { failed: self.failed.saturating_add(1), next_seconds }.write(path)
    }

    /// It succeeded.
    pub(super) fn succeeded(path: &Path) -> Result<(), Error> {
        Self::default().write(path)
    }

    fn write(self, path: &Path) -> Result<(), Error> {
        let text = serde_json::to_vec(&self).map_err(Error::usage)?;
        folder::replace(path, &text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_failure_doubles_the_pause_and_a_crash_is_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tries.json");
        let mut now = Timestamp::from_millis(1_900_000_000_000);
        let mut begun = 0;
        assert!(Tries::read(&path).may_try(now));
        for pause in [120, 240, 480, 960, 1920, 3600, 3600] {
            // Nothing tells that it ended.
            Tries::read(&path).begin(&path, now).unwrap();
            begun += i64::from(pause < 3600);
            assert!(!Tries::read(&path).may_try(now.plus_seconds(pause - 1)), "{pause}");
            now = now.plus_seconds(pause);
            assert!(Tries::read(&path).may_try(now), "{pause}");
        }
        assert_eq!(begun, 5);
        Tries::succeeded(&path).unwrap();
        assert_eq!(Tries::read(&path), Tries::default());
    }

    #[test]
    fn neither_a_clock_nor_a_broken_file_stops_it_for_long() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tries.json");
        let now = Timestamp::from_millis(1_900_000_000_000);
        Tries::default().begin(&path, now.plus_seconds(400 * 86_400)).unwrap();
        assert!(Tries::read(&path).may_try(now), "written by a clock that was a year ahead");
        std::fs::write(&path, "{\"failed\":").unwrap();
        assert!(Tries::read(&path).may_try(now));
    }
}
