//! How much a worker takes on at once.
//!
//! When more is asked of a worker than it can do, everybody waits for everybody, and soon for longer than he stays. So it is measured
//! how late a task comes to its turn that should have it now, and how long a piece of a search waits for its own ([`crate::pieces`]).
//! When that is later than is good, three quarters of what was going on are taken on, and less if it stays so; whoever comes beyond is
//! told so before anything is done for him. When it goes well a little more is taken on each time.
//!
//! A turn is given back when what is left is no work to speak of: while the client's body comes, and once the answer has begun.
//!
//! While many are refused, clients are heard now and then only ([`crate::rounds`]).
//!
//! Care goes before searches, which wait for each other and hold up nobody else.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use http::{Method, Uri};
use tokio::time::{Instant, sleep_until};

use super::route::RecordRequest;
use crate::bounds::{
    BUSY_TOLD_EVERY_SECONDS, HEARD_EVERY, ROUNDS_CALM, ROUNDS_FROM, TURN_BEAT, TURNS_AT_LEAST, TURNS_CALM_BEATS,
    TURNS_LATE_MAX, TURNS_SEARCH_AT_LEAST, TURNS_SEARCH_LATE_MAX, TURNS_SEARCH_USUALLY, TURNS_WATCHED_FROM,
};
use crate::pieces::Pieces;
use crate::refusal::Refusal;
use crate::rounds::Rounds;

/// What a request is likely to cost, by its first line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weight {
    /// A record, what is written, a page of ours.
    Care,
    /// What looks for records.
    Search,
}

impl Weight {
    /// By its words only: it decides nothing but who is told to come again. What has a parameter counts as a search, and of FHIR whatever
    /// does not name one record.
    #[must_use]
    pub fn of(request: &RecordRequest) -> Self {
        Self::of_line(request.request().method(), request.request().uri())
    }

    fn of_line(method: &Method, uri: &Uri) -> Self {
        let path = uri.path();
        let searches = match *method {
            Method::GET if path.starts_with("/feeds/") => false,
            Method::GET => uri.query().is_some() || path.strip_prefix("/fhir/").is_some_and(|named| !names_one(named)),
            Method::POST => path.ends_with("/_search"),
            _ => false,
        };
        if searches { Self::Search } else { Self::Care }
    }
}

/// Whether this is one record, a version of it, or what the server says of itself.
fn names_one(named: &str) -> bool {
    let mut segments = named.split('/');
    match (segments.next(), segments.next(), segments.next(), segments.next()) {
        (Some("metadata"), None, ..) => true,
        (_, Some(id), None, _) => !id.starts_with(['_', '$']),
        (_, Some(_), Some("_history"), version) => version.is_some(),
        _ => false,
    }
}

/// The turns of one worker.
#[derive(Debug)]
pub struct Turns(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    care: Line,
    searches: Line,
    /// Pieces of searches.
    pieces: Pieces,
    /// In which clients are heard while many are refused.
    rounds: Rounds,
    /// Somebody looks how late the worker is.
    watched: AtomicBool,
    refused: AtomicU32,
}

#[derive(Debug)]
struct Line {
    taken: AtomicU32,
    most: AtomicU32,
    /// Later is too late.
    late_max: Duration,
    /// So many are taken on in any case.
    at_least: u32,
    /// And so many unless it is much too late.
    usually: u32,
}

/// Proof: taken on. Gives its turn back when dropped.
#[derive(Debug)]
pub struct Turn {
    shared: Arc<Shared>,
    weight: Weight,
}

impl Default for Turns {
    fn default() -> Self {
        let line = |late_max, at_least, usually| {
            let (taken, most) = (AtomicU32::new(0), AtomicU32::new(u32::MAX));
            Line { taken, most, late_max, at_least, usually }
        };
        Self(Arc::new(Shared {
            care: line(TURNS_LATE_MAX, TURNS_AT_LEAST, TURNS_AT_LEAST),
            searches: line(TURNS_SEARCH_LATE_MAX, TURNS_SEARCH_AT_LEAST, TURNS_SEARCH_USUALLY),
            pieces: Pieces::default(),
            rounds: Rounds::default(),
            watched: AtomicBool::new(false),
            refused: AtomicU32::new(0),
        }))
    }
}

impl Turns {
    /// Pieces of searches.
    pub(crate) fn pieces(&self) -> &Pieces {
        &self.0.pieces
    }

    /// In which clients are heard.
    pub(crate) fn rounds(&self) -> &Rounds {
        &self.0.rounds
    }

    /// A turn, on the worker's own thread.
    ///
    /// # Errors
    /// [`Refusal::Busy`]: the worker has more to do than it can.
    pub fn take(&self, weight: Weight) -> Result<Turn, Refusal> {
        let shared = &self.0;
        if !shared.line(weight).enter() {
            shared.refused.fetch_add(1, Ordering::Relaxed);
            return Err(Refusal::Busy);
        }
        if shared.taken() >= TURNS_WATCHED_FROM && !shared.watched.swap(true, Ordering::Relaxed) {
            tokio::task::spawn_local(watch(Arc::clone(shared)));
        }
        Ok(Turn { shared: Arc::clone(shared), weight })
    }
}

impl Shared {
    const fn line(&self, weight: Weight) -> &Line {
        match weight {
            Weight::Care => &self.care,
            Weight::Search => &self.searches,
        }
    }

    /// As many as come.
    fn no_limit(&self) {
        for line in [&self.care, &self.searches] {
            line.most.store(u32::MAX, Ordering::Relaxed);
        }
    }

    fn taken(&self) -> u32 {
        self.care.taken().saturating_add(self.searches.taken())
    }
}

/// So many times too late is much too late.
const MUCH: u32 = 3;

impl Line {
    fn taken(&self) -> u32 {
        self.taken.load(Ordering::Relaxed)
    }

    fn enter(&self) -> bool {
        let most = self.most.load(Ordering::Relaxed);
        let one_more = |taken: u32| (taken < most).then(|| taken.saturating_add(1));
        self.taken.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_more).is_ok()
    }

    /// How many may be taken on from now, where a task that was ready has waited so long.
    fn adjust(&self, late: Duration) {
        let (most, taken) = (self.most.load(Ordering::Relaxed), self.taken());
        let at_least = if late > self.late_max * MUCH { self.at_least } else { self.usually };
        // While there are more than may be, what was set before has not shown yet.
        let next = if late > self.late_max && taken <= most {
            taken.saturating_sub(taken / 4).max(at_least)
        } else if late < self.late_max / 2 && taken >= most {
            most.saturating_add((most / 16).max(1))
        } else {
            return;
        };
        self.most.store(next, Ordering::Relaxed);
    }
}

/// Looks how late the worker is, until it has had little to do for a while.
async fn watch(shared: Arc<Shared>) {
    let mut watch = Watch::of(shared);
    while !watch.may_end() {
        let due = Instant::now() + TURN_BEAT;
        sleep_until(due).await;
        let waited = watch.shared.pieces.waited();
        watch.beat(due.elapsed(), waited);
    }
}

struct Watch {
    shared: Arc<Shared>,
    /// How late it was, the newest first.
    late: [Duration; 4],
    /// How long a piece of a search waited, likewise.
    waited: [Duration; 2],
    /// Looks since somebody was refused.
    calm: u32,
    stretch: Stretch,
    /// Who were, since it was told.
    refused: u32,
    told: Option<Instant>,
}

/// As long as a client waits to be heard, while many are refused.
struct Stretch {
    since: Instant,
    /// Who was refused in it.
    refused: u32,
    /// Stretches in a row in which few were.
    calm: u32,
}

impl Watch {
    fn of(shared: Arc<Shared>) -> Self {
        let stretch = Stretch { since: Instant::now(), refused: 0, calm: 0 };
        Self {
            shared,
            late: [Duration::ZERO; 4],
            waited: [Duration::ZERO; 2],
            calm: 0,
            stretch,
            refused: 0,
            told: None,
        }
    }

    fn beat(&mut self, late: Duration, waited: Duration) {
        self.shared.care.adjust(steadily(&mut self.late, late));
        self.shared.searches.adjust(steadily(&mut self.waited, waited));
        let refused = self.shared.refused.swap(0, Ordering::Relaxed);
        self.calm = if refused == 0 { self.calm.saturating_add(1) } else { 0 };
        if self.calm == TURNS_CALM_BEATS {
            self.shared.no_limit();
        }
        self.hear(refused, Instant::now());
        self.refused = self.refused.saturating_add(refused);
        self.tell(Duration::from_secs(BUSY_TOLD_EVERY_SECONDS));
    }

    /// Lets clients wait to be heard while many are refused, and hears each at once when few were for a while.
    fn hear(&mut self, refused: u32, now: Instant) {
        let rounds = &self.shared.rounds;
        rounds.call(now);
        let Stretch { since, refused: so_far, calm } = &mut self.stretch;
        *so_far = so_far.saturating_add(refused);
        if now.saturating_duration_since(*since) < HEARD_EVERY {
            return;
        }
        *calm = if *so_far < ROUNDS_FROM { calm.saturating_add(1) } else { 0 };
        if *calm == 0 {
            rounds.begin();
        } else if *calm >= ROUNDS_CALM {
            rounds.end();
        }
        (*since, *so_far) = (now, 0);
    }

    fn may_end(&self) -> bool {
        self.calm >= TURNS_CALM_BEATS && self.shared.taken() < TURNS_WATCHED_FROM
    }

    fn tell(&mut self, every: Duration) {
        if self.refused > 0 && self.told.is_none_or(|told| told.elapsed() >= every) {
            tracing::warn!(refused = self.refused, "more is asked of the gateway than it can do at once; refused");
            (self.refused, self.told) = (0, Some(Instant::now()));
        }
    }
}

/// Something may always come between once, such as another process: what counts is the least of the last.
fn steadily(last: &mut [Duration], newest: Duration) -> Duration {
    last.rotate_right(1);
    if let Some(first) = last.first_mut() {
        *first = newest;
    }
    last.iter().min().copied().unwrap_or_default()
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.tell(Duration::ZERO);
        self.shared.no_limit();
        self.shared.rounds.end();
        self.shared.watched.store(false, Ordering::Relaxed);
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.shared.line(self.weight).taken.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use tokio::runtime::{Builder, LocalOptions};
    use tokio::task::yield_now;

    use super::*;

    /// Turns that somebody watches by hand.
    fn watched() -> (Turns, Watch) {
        let turns = Turns::default();
        turns.0.watched.store(true, Ordering::Relaxed);
        let shared = Arc::clone(&turns.0);
        (turns, Watch::of(shared))
    }

    fn taken(turns: &Turns, weight: Weight, count: usize) -> Vec<Turn> {
        (0..count).map_while(|_| turns.take(weight).ok()).collect()
    }

    const LATE_FOR_SEARCHES: Duration =
        Duration::from_millis(MUCH as u64 * TURNS_SEARCH_LATE_MAX.as_millis() as u64 + 1);
    const LATE: Duration = Duration::from_millis(TURNS_LATE_MAX.as_millis() as u64 + 1);

    #[test]
    fn a_worker_that_is_in_time_takes_on_whatever_comes() {
        let (turns, mut watch) = watched();
        let held = taken(&turns, Weight::Search, 10_000);
        for late in [Duration::ZERO, LATE, Duration::ZERO, LATE, TURNS_SEARCH_LATE_MAX, Duration::ZERO] {
            watch.beat(late, late);
        }
        assert_eq!((held.len(), taken(&turns, Weight::Care, 10_000).len()), (10_000, 10_000), "late once is not late");
    }

    #[test]
    fn a_worker_that_is_late_takes_on_fewer_searches_and_goes_on_with_care() {
        let (turns, mut watch) = watched();
        let mut held = taken(&turns, Weight::Search, 40);
        watch.beat(Duration::ZERO, LATE_FOR_SEARCHES);
        held.extend(turns.take(Weight::Search));
        (0..10).for_each(|_| watch.beat(Duration::ZERO, LATE_FOR_SEARCHES));
        assert_eq!(turns.take(Weight::Search).unwrap_err(), Refusal::Busy);
        assert_eq!(taken(&turns, Weight::Care, 10_000).len(), 10_000);
        // Once, while so many are still there: what was set before has not shown yet.
        held.truncate(30);
        assert_eq!(taken(&turns, Weight::Search, 1000).len(), 1, "three quarters of 41");
        // However long it lasts, some are taken on.
        for _ in 0..20 {
            held.truncate(held.len() / 2);
            watch.beat(Duration::ZERO, LATE_FOR_SEARCHES);
        }
        assert_eq!(taken(&turns, Weight::Search, 1000).len(), TURNS_SEARCH_AT_LEAST as usize);
    }

    #[test]
    fn as_many_searches_as_one_user_may_have_and_some_more_are_refused_only_when_it_is_much_too_late() {
        let (turns, mut watch) = watched();
        let late = TURNS_SEARCH_LATE_MAX + Duration::from_millis(1);
        let mut held = taken(&turns, Weight::Search, 200);
        for _ in 0..40 {
            watch.beat(Duration::ZERO, late);
            held.truncate(held.len() * 3 / 4);
        }
        assert_eq!(taken(&turns, Weight::Search, 1000).len(), TURNS_SEARCH_USUALLY as usize - held.len());
        (0..4).for_each(|_| watch.beat(Duration::ZERO, LATE_FOR_SEARCHES));
        assert!(taken(&turns, Weight::Search, 1000).len() <= TURNS_SEARCH_AT_LEAST as usize);
    }

    #[test]
    fn in_time_again_it_takes_on_one_more_each_time_that_it_has_no_more_room() {
        let (turns, mut watch) = watched();
        let held = taken(&turns, Weight::Search, 20);
        (0..3).for_each(|_| watch.beat(Duration::ZERO, LATE_FOR_SEARCHES));
        drop(held);
        let mut held = taken(&turns, Weight::Search, 1000);
        assert_eq!(held.len(), 15);
        (0..2).for_each(|_| watch.beat(Duration::ZERO, TURNS_SEARCH_LATE_MAX));
        assert!(turns.take(Weight::Search).is_err(), "that was in between");
        watch.beat(Duration::ZERO, Duration::ZERO);
        for more in 1..=10 {
            held.extend(taken(&turns, Weight::Search, 1000));
            assert_eq!(held.len(), 15 + more);
            watch.beat(Duration::ZERO, Duration::ZERO);
        }
        held.truncate(5);
        (0..50).for_each(|_| watch.beat(Duration::ZERO, Duration::ZERO));
        held.extend(taken(&turns, Weight::Search, 1000));
        assert_eq!(held.len(), 26, "nobody needed more");
        // With many it goes faster: nobody is kept away for long by what was once too much.
        for _ in 0..100 {
            watch.beat(Duration::ZERO, Duration::ZERO);
            held.extend(taken(&turns, Weight::Search, 10_000));
        }
        assert!(held.len() > 2000, "{}", held.len());
    }

    #[test]
    fn whoever_holds_turns_and_does_nothing_keeps_others_away_for_a_moment_only() {
        let (turns, mut watch) = watched();
        let _idle = taken(&turns, Weight::Search, 64);
        (0..2).for_each(|_| watch.beat(Duration::ZERO, LATE_FOR_SEARCHES));
        assert!(turns.take(Weight::Search).is_err());
        // Nothing is waited for any more.
        let mut beats = 0;
        while turns.take(Weight::Search).is_err() {
            watch.beat(Duration::ZERO, Duration::ZERO);
            beats += 1;
            assert!(beats < 50, "shut for {beats} looks");
        }
    }

    #[test]
    fn after_a_calm_while_as_many_are_taken_on_as_come_whatever_is_going_on() {
        let (turns, mut watch) = watched();
        let _held = taken(&turns, Weight::Search, 100);
        (0..2).for_each(|_| watch.beat(Duration::ZERO, LATE_FOR_SEARCHES));
        assert!(turns.take(Weight::Search).is_err());
        (0..=TURNS_CALM_BEATS).for_each(|_| watch.beat(Duration::ZERO, TURNS_SEARCH_LATE_MAX));
        assert_eq!(taken(&turns, Weight::Search, 1000).len(), 1000);
        assert!(!watch.may_end(), "there is much to do");
    }

    #[test]
    fn care_is_refused_when_it_is_much_too_late() {
        let (turns, mut watch) = watched();
        let held = taken(&turns, Weight::Care, 400);
        (0..4).for_each(|_| watch.beat(LATE, Duration::ZERO));
        assert_eq!(turns.take(Weight::Care).unwrap_err(), Refusal::Busy);
        drop(held);
        let held = taken(&turns, Weight::Care, 1000);
        assert_eq!(held.len(), 300);
        // However slow the machine: what a facility's terminals ask for at once is not too much.
        for _ in 0..20 {
            watch.beat(LATE, Duration::ZERO);
        }
        drop(held);
        (0..20).for_each(|_| watch.beat(LATE, Duration::ZERO));
        assert_eq!(taken(&turns, Weight::Care, 1000).len(), TURNS_AT_LEAST as usize);
    }

    #[test]
    fn clients_wait_to_be_heard_while_many_are_refused() {
        let (turns, mut watch) = watched();
        let start = watch.stretch.since;
        let mut hear = |refused, stretches: u32| {
            watch.hear(refused, start + HEARD_EVERY * stretches);
            turns.rounds().are_held()
        };
        assert!(!hear(ROUNDS_FROM, 0), "it is not yet known");
        assert!(hear(0, 1));
        assert!(hear(ROUNDS_FROM - 1, 2) && hear(ROUNDS_FROM - 1, 3), "few, but not for long");
        assert!(hear(ROUNDS_FROM, 4) && hear(0, 5) && hear(1, 6));
        assert!(!hear(0, 7));
        assert!(hear(ROUNDS_FROM, 8));
        drop(watch);
        assert!(!turns.rounds().are_held(), "nobody looks any more");
    }

    #[test]
    fn a_worker_is_watched_while_there_is_much_to_do_and_then_all_is_as_it_was() {
        let runtime = Builder::new_current_thread().enable_all().build_local(LocalOptions::default()).unwrap();
        runtime.block_on(async {
            let turns = Turns::default();
            let held = taken(&turns, Weight::Care, 400);
            yield_now().await;
            for _ in 0..12 {
                std::thread::sleep(2 * TURN_BEAT + TURNS_LATE_MAX);
                yield_now().await;
            }
            assert!(turns.take(Weight::Care).is_err(), "late by the clock");
            drop(held);
            let end = Instant::now() + Duration::from_secs(60);
            while turns.0.watched.load(Ordering::Relaxed) {
                assert!(Instant::now() < end, "it is still watched");
                tokio::time::sleep(TURN_BEAT).await;
            }
            assert_eq!(taken(&turns, Weight::Care, 10_000).len(), 10_000);
        });
    }

    #[test]
    fn a_search_is_known_by_its_first_line() {
        for (method, target, weight) in [
            (Method::GET, "/fhir/Observation?patient=P-0001", Weight::Search),
            (Method::GET, "/fhir/Observation/O-1", Weight::Care),
            (Method::POST, "/fhir/Observation/_search", Weight::Search),
            (Method::POST, "/fhir/Observation", Weight::Care),
            (Method::PUT, "/fhir/Observation?identifier=1", Weight::Care),
            (Method::GET, "/fhir/Observation", Weight::Search),
            (Method::GET, "/fhir/Patient/P-0001/Observation", Weight::Search),
            (Method::GET, "/fhir/Patient/P-0001/$everything", Weight::Search),
            (Method::GET, "/fhir/Observation/_history", Weight::Search),
            (Method::GET, "/fhir/Observation/O-1/_history", Weight::Search),
            (Method::GET, "/fhir/Observation/O-1/_history/2", Weight::Care),
            (Method::GET, "/fhir/metadata", Weight::Care),
            (Method::GET, "/feeds/notes?patient=P-0001", Weight::Care),
            (Method::GET, "/notes/people/P-0001/entries", Weight::Care),
            (Method::GET, "/notes/people/P-0001/entries?from=2026-01-01", Weight::Search),
        ] {
            let uri = target.parse().unwrap();
            assert_eq!(Weight::of_line(&method, &uri), weight, "{method} {target}");
        }
    }
}
