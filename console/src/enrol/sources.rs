//! Wrong codes from one place: four in an hour, and no more is looked at. A code ends by its fifth wrong try, so nobody ends
//! one from a single address in less than that.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use anomaly::Prefix;
use model::Timestamp;

use crate::bounds::{WRONG_PER_SOURCE_MAX, WRONG_SOURCES_MAX, WRONG_WINDOW_MS};

/// Where a connection comes from.
#[derive(Clone, Copy)]
pub(super) struct Source(pub(super) Prefix);

/// The wrong codes of each source. A try is counted when it begins, so that many at once are no way around.
#[derive(Default)]
pub(crate) struct Sources(Mutex<HashMap<Prefix, Vec<Timestamp>>>);

/// A try that goes on. Dropped, it was none: the code was right, or was not looked at.
pub(super) struct Try {
    sources: Arc<Sources>,
    source: Prefix,
    at: Timestamp,
    wrong: bool,
}

impl Sources {
    /// Begins a try; none: there were too many wrong ones from there.
    pub(super) fn begin(self: &Arc<Self>, source: Source, now: Timestamp) -> Option<Try> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let since = now.plus_millis(-WRONG_WINDOW_MS);
        if known.len() >= WRONG_SOURCES_MAX && !known.contains_key(&source.0) {
            known.retain(|_, tries| tries.last().is_some_and(|last| *last > since));
            let stalest = known.iter().min_by_key(|(_, tries)| tries.last().copied()).map(|(source, _)| *source);
            if let (true, Some(stalest)) = (known.len() >= WRONG_SOURCES_MAX, stalest) {
                known.remove(&stalest);
            }
        }
        let tries = known.entry(source.0).or_default();
        tries.retain(|at| *at > since);
        if tries.len() >= WRONG_PER_SOURCE_MAX {
            return None;
        }
        tries.push(now);
        Some(Try { sources: Arc::clone(self), source: source.0, at: now, wrong: false })
    }
}

impl Try {
    /// It was a wrong code.
    pub(super) fn wrong(mut self) {
        self.wrong = true;
    }
}

impl Drop for Try {
    fn drop(&mut self) {
        if self.wrong {
            return;
        }
        let mut known = self.sources.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(tries) = known.get_mut(&self.source) {
            if let Some(place) = tries.iter().position(|at| *at == self.at) {
                tries.remove(place);
            }
            if tries.is_empty() {
                known.remove(&self.source);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_wrong_codes_an_hour_and_right_ones_without_end() {
        let sources = Arc::new(Sources::default());
        let (here, there) = (Source([1; 8]), Source([2; 8]));
        let mut now = Timestamp::parse("2026-11-27T00:00:00Z").unwrap();
        for _ in 0..100 {
            drop(sources.begin(here, now).unwrap());
        }
        for _ in 0..WRONG_PER_SOURCE_MAX {
            sources.begin(here, now).unwrap().wrong();
            now = now.plus_millis(1000);
        }
        assert!(sources.begin(here, now).is_none());
        assert!(sources.begin(there, now).is_some());
        // As many at once count as much.
        let at_once: Vec<_> = (0..10).map_while(|_| sources.begin(there, now)).collect();
        assert_eq!(at_once.len(), WRONG_PER_SOURCE_MAX);
        drop(at_once);
        now = now.plus_millis(WRONG_WINDOW_MS);
        assert!(sources.begin(here, now).is_some(), "an hour later");
        for number in 0..WRONG_SOURCES_MAX as u64 + 10 {
            sources.begin(Source(number.to_be_bytes()), now).unwrap().wrong();
        }
        assert_eq!(sources.0.lock().unwrap().len(), WRONG_SOURCES_MAX);
    }
}
