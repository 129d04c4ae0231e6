//! Wrong codes from one place: four in an hour for one terminal, twenty for all, and no more is looked at. A code ends by its fifth
//! wrong try, so nobody ends one from a single address in less than that; and whoever mistook his own holds off nobody else who
//! sits behind the same address.

use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher as _;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use anomaly::Prefix;
use model::Timestamp;
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::bounds::{WRONG_OF_ALL_MAX, WRONG_PATIENCE, WRONG_PER_SOURCE_MAX, WRONG_SOURCES_MAX, WRONG_WINDOW_MS};

/// Where a connection comes from.
#[derive(Clone, Copy)]
pub(super) struct Source(pub(super) IpAddr);

/// The terminal that a code is tried for, as a keyed digest of its number; none where a message does not say it in the open (ACME,
/// SCEP): such a try counts for every terminal.
type Which = Option<u64>;

/// The wrong codes of each source. A try is counted from its beginning, so that many at once are no way around.
#[derive(Default)]
pub(crate) struct Sources {
    heard: Mutex<HashMap<Prefix, Heard>>,
    ended: Notify,
    keyed: RandomState,
}

/// What was heard of one source.
#[derive(Default)]
struct Heard {
    wrong: Vec<(Which, Timestamp)>,
    going: Vec<Which>,
}

/// No more is heard from a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Held {
    /// For so many seconds, at least one.
    pub(crate) seconds: u64,
}

/// A try that goes on. Dropped, it was none: the code was right, or was not looked at.
pub(super) struct Try {
    sources: Arc<Sources>,
    source: Source,
    which: Which,
    at: Timestamp,
    wrong: bool,
}

/// What becomes of a try.
enum Begun {
    Going(Try),
    /// Others of the same source have to end first.
    Later,
    Held(Held),
}

impl Sources {
    /// Begins a try for a terminal, if that is known. Many at once wait for each other.
    pub(super) async fn begin(
        self: &Arc<Self>,
        source: Source,
        device: Option<&str>,
        now: Timestamp,
    ) -> Result<Try, Held> {
        let patience = Instant::now() + WRONG_PATIENCE;
        loop {
            // Before the look, so that none that ends behind it is missed.
            let ended = self.ended.notified();
            match self.attempt(source, device, now) {
                Begun::Going(tried) => return Ok(tried),
                Begun::Held(held) => return Err(held),
                Begun::Later if tokio::time::timeout_at(patience, ended).await.is_err() => {
                    return Err(Held { seconds: WRONG_PATIENCE.as_secs() });
                }
                Begun::Later => {}
            }
        }
    }

    fn attempt(self: &Arc<Self>, source: Source, device: Option<&str>, now: Timestamp) -> Begun {
        let which = device.map(|device| self.keyed.hash_one(enrolment::in_ascii(device).to_ascii_lowercase()));
        let prefix = anomaly::prefix(source.0);
        let since = now.plus_millis(-WRONG_WINDOW_MS);
        let mut known = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        make_room(&mut known, prefix, since);
        let heard = known.entry(prefix).or_default();
        heard.wrong.retain(|(_, at)| *at > since);
        if let Some(oldest) = heard.held(which) {
            let left = oldest.plus_millis(WRONG_WINDOW_MS).millis_since(now).max(0);
            return Begun::Held(Held { seconds: u64::try_from(left / 1000).unwrap_or(0) + 1 });
        }
        if heard.is_full(which) {
            return Begun::Later;
        }
        heard.going.push(which);
        Begun::Going(Try { sources: Arc::clone(self), source, which, at: now, wrong: false })
    }

    /// Ends a try: counted, or as if it had not been.
    fn end(&self, tried: &Try) {
        let mut known = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        let prefix = anomaly::prefix(tried.source.0);
        if let Some(heard) = known.get_mut(&prefix) {
            if let Some(place) = heard.going.iter().position(|which| *which == tried.which) {
                heard.going.swap_remove(place);
            }
            if tried.wrong {
                heard.wrong.push((tried.which, tried.at));
                // Once, when it begins: whoever goes on asking must not fill the log.
                if heard.held(tried.which).is_some() {
                    let (address, until) = (tried.source.0, tried.at.plus_millis(WRONG_WINDOW_MS).to_jst_minutes());
                    let of_all = heard.wrong.len() >= WRONG_OF_ALL_MAX;
                    tracing::warn!(%address, %until, of_all, "too many wrong codes: an address is heard no more for now");
                }
            }
            if heard.wrong.is_empty() && heard.going.is_empty() {
                known.remove(&prefix);
            }
        }
        drop(known);
        self.ended.notify_waiters();
    }
}

impl Heard {
    /// When the oldest of those wrong codes was given that hold off a further try; none: nothing does.
    fn held(&self, which: Which) -> Option<Timestamp> {
        let wrong: Vec<Which> = self.wrong.iter().map(|(of, _)| *of).collect();
        let of_all = wrong.len() >= WRONG_OF_ALL_MAX;
        let full = of_all || worst(&wrong, which) >= WRONG_PER_SOURCE_MAX;
        let counts = |of: &Which| of_all || which.is_none() || of.is_none() || *of == which;
        full.then(|| self.wrong.iter().filter(|(of, _)| counts(of)).map(|(_, at)| *at).min()).flatten()
    }

    /// Whether it would be held off if all that go on were wrong.
    fn is_full(&self, which: Which) -> bool {
        let both: Vec<Which> = self.wrong.iter().map(|(of, _)| *of).chain(self.going.iter().copied()).collect();
        both.len() >= WRONG_OF_ALL_MAX || worst(&both, which) >= WRONG_PER_SOURCE_MAX
    }
}

/// How many tries count against a terminal: those for it, and those of which nobody knows. A try of which nobody knows is as bad
/// as the worst that it may be for.
fn worst(tries: &[Which], which: Which) -> usize {
    let against = |terminal: Which| tries.iter().filter(|of| **of == terminal || of.is_none()).count();
    match which {
        Some(_) => against(which),
        None => tries.iter().map(|of| against(*of)).max().unwrap_or(0),
    }
}

fn make_room(known: &mut HashMap<Prefix, Heard>, prefix: Prefix, since: Timestamp) {
    let last = |heard: &Heard| heard.wrong.last().map(|(_, at)| *at);
    if known.len() < WRONG_SOURCES_MAX || known.contains_key(&prefix) {
        return;
    }
    known.retain(|_, heard| !heard.going.is_empty() || last(heard).is_some_and(|last| last > since));
    let stalest = known.iter().min_by_key(|(_, heard)| last(heard)).map(|(prefix, _)| *prefix);
    if let (true, Some(stalest)) = (known.len() >= WRONG_SOURCES_MAX, stalest) {
        known.remove(&stalest);
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
        self.sources.end(self);
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    const NOON: &str = "2026-11-27T00:00:00Z";

    fn source(number: u32) -> Source {
        Source(Ipv4Addr::from_bits(number).into())
    }

    /// So many can begin, all wrong.
    fn wrong(sources: &Arc<Sources>, from: Source, device: Option<&str>, now: Timestamp) -> usize {
        let begun = |_: &usize| match sources.attempt(from, device, now) {
            Begun::Going(tried) => {
                tried.wrong();
                true
            }
            _ => false,
        };
        (0..100_usize).take_while(begun).count()
    }

    #[test]
    fn four_wrong_codes_of_a_terminal_hold_off_that_terminal() {
        let (sources, mut now) = (Arc::new(Sources::default()), Timestamp::parse(NOON).unwrap());
        let (here, there) = (source(1), source(2));
        for _ in 0..100 {
            assert!(matches!(sources.attempt(here, Some("D-1"), now), Begun::Going(_)), "right ones without end");
        }
        assert_eq!(wrong(&sources, here, Some("D-1"), now), WRONG_PER_SOURCE_MAX);
        // However it is typed.
        assert_eq!(wrong(&sources, here, Some("ｄ－1 "), now), 0);
        assert_eq!((wrong(&sources, here, Some("D-2"), now), wrong(&sources, there, Some("D-1"), now)), (4, 4));
        now = now.plus_millis(600_000);
        match sources.attempt(here, Some("D-1"), now) {
            Begun::Held(held) => assert_eq!(held, Held { seconds: 3001 }),
            _ => panic!("it is held off"),
        }
        now = now.plus_millis(WRONG_WINDOW_MS - 600_000);
        assert_eq!(wrong(&sources, here, Some("D-1"), now), 4, "an hour after the first");
    }

    #[test]
    fn a_source_has_twenty_for_all_terminals() {
        let (sources, now) = (Arc::new(Sources::default()), Timestamp::parse(NOON).unwrap());
        let all: usize = (0..50).map(|device| wrong(&sources, source(1), Some(&format!("D-{device}")), now)).sum();
        assert_eq!(all, WRONG_OF_ALL_MAX);
        for number in 0..u32::try_from(WRONG_SOURCES_MAX).unwrap() + 10 {
            wrong(&sources, source(number), Some("D-1"), now);
        }
        assert_eq!(sources.heard.lock().unwrap().len(), WRONG_SOURCES_MAX);
    }

    #[test]
    fn what_does_not_say_its_terminal_is_no_way_to_a_fifth_try() {
        let (sources, now) = (Arc::new(Sources::default()), Timestamp::parse(NOON).unwrap());
        // Three for one terminal, and one more of which nobody knows; whatever follows could be the fifth.
        for _ in 0..3 {
            match sources.attempt(source(1), Some("D-1"), now) {
                Begun::Going(tried) => tried.wrong(),
                _ => panic!("not yet"),
            }
        }
        assert_eq!(wrong(&sources, source(1), None, now), 1);
        assert_eq!(wrong(&sources, source(1), Some("D-1"), now), 0);
        assert_eq!(wrong(&sources, source(1), None, now), 0);
        assert_eq!(wrong(&sources, source(1), Some("D-2"), now), 3);
        assert_eq!(wrong(&sources, source(2), None, now), WRONG_PER_SOURCE_MAX);
    }

    #[tokio::test]
    async fn many_at_once_wait_for_each_other_and_count_all_the_same() {
        let (sources, now) = (Arc::new(Sources::default()), Timestamp::parse(NOON).unwrap());
        let mut going = Vec::new();
        for _ in 0..WRONG_PER_SOURCE_MAX {
            going.push(sources.begin(source(1), Some("D-1"), now).await.unwrap());
        }
        let (waiting, first) = (Arc::clone(&sources), going.pop().unwrap());
        let fifth = tokio::spawn(async move { waiting.begin(source(1), Some("D-1"), now).await.map(drop) });
        drop(first);
        assert_eq!(fifth.await.unwrap(), Ok(()), "the first was right");
        let waiting = Arc::clone(&sources);
        going.push(sources.begin(source(1), Some("D-1"), now).await.unwrap());
        let next = tokio::spawn(async move { waiting.begin(source(1), Some("D-1"), now).await.map(drop) });
        going.into_iter().for_each(Try::wrong);
        assert_eq!(next.await.unwrap(), Err(Held { seconds: 3601 }), "all of them were wrong");
    }
}
