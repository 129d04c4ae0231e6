//! What all workers know of one store: whether it is asked, how much it is asked, how many connections there are. Atomics only:
//! nobody waits for anybody here.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::time::Instant;

use tokio::sync::Notify;

use super::circuit::{Circuit, Failure};
use super::dial::Dial;
use super::errand::Errand;

/// See the module.
pub(super) struct Station {
    pub(super) name: String,
    pub(super) dial: Dial,
    circuit: AtomicU64,
    /// Whoever looks after it has found it unwell.
    unwell: AtomicBool,
    /// A request that may take long by itself has waited in vain: somebody should look.
    suspected: AtomicBool,
    /// Tells that somebody should look.
    restless: Notify,
    connections: AtomicU32,
    connections_max: u32,
    begun: Instant,
    counts: Counts,
}

/// What every request changes, on a cache line of its own: what every request only reads stays with every worker.
#[derive(Default)]
#[repr(align(64))]
struct Counts {
    /// Asked, and no head of an answer yet.
    asked: AtomicU32,
    /// Heads of answers so far, round and round.
    answers: AtomicU32,
}

/// A connection, while it lasts.
pub(super) struct Connected(Arc<Station>);

/// A request without an answer, while it lasts.
pub(super) struct Asked<'s> {
    station: &'s Station,
    /// What had been answered when it was sent.
    answers: u32,
}

impl Asked<'_> {
    /// The head of an answer has come.
    pub(super) fn has_head(&self) {
        self.station.counts.answers.fetch_add(1, Ordering::Relaxed);
    }

    /// Whether the store has answered anybody since this was sent: then it is not the store that is silent.
    pub(super) fn others_were_answered(&self) -> bool {
        self.station.counts.answers.load(Ordering::Relaxed) != self.answers
    }
}

/// How a store stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It is asked.
    Asked,
    /// It has failed several times in a row; not asked for a while, or one request is on trial.
    Resting,
    /// It is found unwell by whoever looks after it; not asked where another can be.
    Unwell,
}

/// What an officer may want to know of a store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreStatus {
    /// As the settings have it.
    pub name: String,
    /// How it stands.
    pub standing: Standing,
    /// Requests without an answer.
    pub asked: u32,
    /// Open connections.
    pub connections: u32,
}

impl Station {
    pub(super) fn new(name: String, dial: Dial, connections_max: u32, begun: Instant) -> Self {
        Self {
            name,
            dial,
            circuit: AtomicU64::new(Circuit::NEW.into()),
            unwell: AtomicBool::new(false),
            suspected: AtomicBool::new(false),
            restless: Notify::new(),
            connections: AtomicU32::new(0),
            connections_max,
            begun,
            counts: Counts::default(),
        }
    }

    /// Milliseconds since the start.
    pub(super) fn now(&self) -> u64 {
        u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    pub(super) fn circuit(&self) -> Circuit {
        self.circuit.load(Ordering::Acquire).into()
    }

    /// Nothing is known against it: the way of almost every request, which asks no clock.
    pub(super) fn is_fine(&self) -> bool {
        self.circuit.load(Ordering::Relaxed) == 0 && !self.unwell.load(Ordering::Relaxed)
    }

    pub(super) fn is_unwell(&self) -> bool {
        self.unwell.load(Ordering::Relaxed)
    }

    /// Whether a request would be let through now.
    pub(super) fn would_be_asked(&self, errand: Errand) -> bool {
        self.is_fine() || (!self.is_unwell() && self.lets_through(self.circuit(), errand).is_some())
    }

    /// Whether the circuit lets a request through now; if the store rests, as the one on trial.
    pub(super) fn is_asked(&self, errand: Errand) -> bool {
        self.is_fine() || self.change(|circuit| self.lets_through(circuit, errand)).is_some()
    }

    fn lets_through(&self, circuit: Circuit, errand: Errand) -> Option<Circuit> {
        circuit.asked(self.now()).filter(|asked| errand.is_quick() || matches!(asked, Circuit::Closed { .. }))
    }

    /// Whether it is one of those that are asked.
    pub(super) fn serves(&self) -> bool {
        !self.is_unwell() && matches!(self.circuit(), Circuit::Closed { .. })
    }

    /// An answer has come. True: it was not asked before.
    pub(super) fn answered(&self) -> bool {
        if self.circuit.load(Ordering::Relaxed) == 0 {
            return false;
        }
        let before = self.change(|circuit| Some(circuit.answered()));
        let back = matches!(before, Some(Circuit::Trial { .. }));
        if back {
            tracing::info!(store = %self.name, "the store answers again");
        }
        back
    }

    /// It has failed. True: it is not asked any more, for now.
    pub(super) fn failed(&self, how: Failure) -> bool {
        let now = self.now();
        let before = self.change(|circuit| Some(circuit.failed(how, now)));
        let Some(Circuit::Open { until, .. }) = before.map(|before| before.failed(how, now)) else { return false };
        let opened = !matches!(before, Some(Circuit::Open { .. }));
        if opened {
            let millis = until.saturating_sub(now);
            tracing::warn!(store = %self.name, ?how, millis, "the store failed several times in a row; it rests");
            self.restless.notify_one();
        }
        opened
    }

    /// No answer came to what may take long by itself, and to nobody else meanwhile. That says nothing yet: somebody looks.
    pub(super) fn suspect(&self) {
        if !self.suspected.swap(true, Ordering::Relaxed) {
            self.restless.notify_one();
        }
    }

    /// Ready once somebody should look.
    pub(super) async fn restless(&self) {
        self.restless.notified().await;
    }

    /// Whether it rests or is suspected.
    pub(super) fn is_restless(&self) -> bool {
        self.suspected.load(Ordering::Relaxed) || !matches!(self.circuit(), Circuit::Closed { .. })
    }

    /// Whether somebody is to look now: it is suspected, or has rested long enough. Then it is on trial.
    pub(super) fn is_looked_at(&self) -> bool {
        let on_trial =
            |circuit: Circuit| circuit.asked(self.now()).filter(|asked| matches!(asked, Circuit::Trial { .. }));
        self.suspected.swap(false, Ordering::Relaxed) || self.change(on_trial).is_some()
    }

    /// What became of the look. True: that is news.
    pub(super) fn was_looked_at(&self, found: Result<(), Failure>) -> bool {
        let now = self.now();
        let changed = |circuit: Circuit| match found {
            Ok(()) => circuit.found_well(),
            Err(how) => circuit.found_failing(how, now),
        };
        let is_asked = |circuit: Circuit| matches!(circuit, Circuit::Closed { .. });
        let before = self.change(|circuit| Some(changed(circuit))).unwrap_or(Circuit::NEW);
        let (before, after) = (is_asked(before), is_asked(changed(before)));
        match (before, after) {
            (false, true) => tracing::info!(store = %self.name, "the store answers again"),
            (true, false) => tracing::warn!(store = %self.name, "the store does not answer; it rests"),
            (true, true) | (false, false) => {}
        }
        before != after
    }

    /// What whoever looks after it has found. True: that is news.
    pub(super) fn found(&self, well: bool) -> bool {
        let rested = well && self.was_looked_at(Ok(()));
        let news = self.unwell.swap(!well, Ordering::Relaxed) == well;
        if news && well {
            tracing::info!(store = %self.name, "the store is well again");
        } else if news {
            tracing::warn!(store = %self.name, "the store is unwell; others are asked, where there are others");
        }
        news || rested
    }

    /// Room for one more connection; none when there are as many as may be.
    pub(super) fn connects(self: &Arc<Self>) -> Option<Connected> {
        let more = |count: u32| (count < self.connections_max).then_some(count.saturating_add(1));
        self.connections.fetch_update(Ordering::AcqRel, Ordering::Relaxed, more).ok()?;
        Some(Connected(Arc::clone(self)))
    }

    /// A request goes to it.
    pub(super) fn ask(&self) -> Asked<'_> {
        self.counts.asked.fetch_add(1, Ordering::Relaxed);
        Asked { station: self, answers: self.counts.answers.load(Ordering::Relaxed) }
    }

    /// How many are asked.
    pub(super) fn asked(&self) -> u32 {
        self.counts.asked.load(Ordering::Relaxed)
    }

    pub(super) fn status(&self) -> StoreStatus {
        let standing = match self.circuit() {
            Circuit::Open { .. } | Circuit::Trial { .. } => Standing::Resting,
            Circuit::Closed { .. } if self.is_unwell() => Standing::Unwell,
            Circuit::Closed { .. } => Standing::Asked,
        };
        let connections = self.connections.load(Ordering::Relaxed);
        StoreStatus { name: self.name.clone(), standing, asked: self.asked(), connections }
    }

    /// Changes the circuit; gives what it was before, none where that is not to be changed.
    fn change(&self, change: impl Fn(Circuit) -> Option<Circuit>) -> Option<Circuit> {
        let changed = |word: u64| change(Circuit::from(word)).map(u64::from);
        self.circuit.fetch_update(Ordering::AcqRel, Ordering::Acquire, changed).ok().map(Circuit::from)
    }
}

impl Drop for Connected {
    fn drop(&mut self) {
        self.0.connections.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Drop for Asked<'_> {
    fn drop(&mut self) {
        self.station.counts.asked.fetch_sub(1, Ordering::Relaxed);
    }
}
