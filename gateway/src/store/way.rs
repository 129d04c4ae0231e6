//! A worker's way to the stores: which of them is asked, and whether another is when that one fails.
//!
//! Of two that are drawn the one is asked that has less to do for this worker (the power of two choices): as good as looking at
//! all of them, and no two workers run after the same one. What was never sent may be asked of another store, whatever it is;
//! what was sent only if it changes nothing and not one octet of an answer has come, and within a budget. Whatever may have
//! been carried out is never repeated.

use std::hash::{BuildHasher as _, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use http::{Request, Response};
use tokio::time::Instant;

use super::budget::Budget;
use super::errand::Errand;
use super::going::StoreBody;
use super::pool::{Again, Body, Pool, StoreError, Unanswered};
use super::settings::Timeouts;
use super::stores::Stores;
use crate::bounds::STORES_MAX;

/// See the module.
pub struct Way {
    stores: Arc<Stores>,
    pools: Vec<Arc<Pool>>,
    budget: Budget,
    dice: Dice,
}

/// Stores that were asked in vain, by their numbers: one bit each, and one for [`Tried::REPEATED`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Tried(u32);

const _: () = assert!(STORES_MAX < 32, "as many bits as it takes");

impl Tried {
    const fn has(self, number: usize) -> bool {
        self.0 >> number & 1 == 1
    }

    /// A lone store, which is asked on another connection.
    const REPEATED: Self = Self(1 << STORES_MAX);

    const fn and(self, number: usize) -> Self {
        Self(self.0 | 1 << number)
    }
}

impl Way {
    /// Of one worker. Connects to nobody yet.
    #[must_use]
    pub fn new(stores: &Arc<Stores>) -> Self {
        let pool = |station| Arc::new(Pool::new(Arc::clone(station), Arc::clone(stores)));
        Self {
            stores: Arc::clone(stores),
            pools: stores.stations.iter().map(pool).collect(),
            budget: Budget::default(),
            dice: Dice::new(),
        }
    }

    /// How long answers may take.
    pub(crate) fn timeouts(&self) -> &Timeouts {
        self.stores.timeouts()
    }

    /// Sends a request and waits for the head of the answer, for as long as it may take.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn send(&self, request: Request<Body>, errand: Errand) -> Result<Response<StoreBody>, StoreError> {
        let place = self.stores.lanes.enter(errand.lane).await.map_err(|_| self.stores.turned_away())?;
        // What goes at the client's pace has been let in, and holds up nobody.
        let _place = (!errand.class.goes_at_the_clients_pace()).then_some(place);
        let now = Instant::now();
        self.budget.earn();
        let within = errand.within.unwrap_or(self.timeouts().of(errand.class).head);
        self.ask(request, errand, (now, now + within)).await
    }

    async fn ask(
        &self,
        mut request: Request<Body>,
        errand: Errand,
        times: (Instant, Instant),
    ) -> Result<Response<StoreBody>, StoreError> {
        let several = self.pools.len() > 1;
        let mut tried = Tried::default();
        loop {
            let (number, pool) = self.choose(tried, errand)?;
            let Unanswered { error, again } = match pool.send(request, errand, times, several).await {
                Ok(answer) => return Ok(answer),
                Err(unanswered) => unanswered,
            };
            let first = tried == Tried::default();
            tried = tried.and(number);
            request = match again {
                // A lone store that was not reached is not reached any better a moment later.
                Some(Again::Unsent(request)) if self.has_another(tried) => request,
                Some(Again::Harmless(request)) if self.has_another(tried) && self.may_repeat() => request,
                // A connection that may have been closed just then: the store is asked on another.
                Some(Again::Harmless(request)) if !several && first && self.may_repeat() => {
                    tried = Tried::REPEATED;
                    request
                }
                _ => return Err(error),
            };
            tracing::info!(store = %pool.station.name, %error, "asked once more");
        }
    }

    fn may_repeat(&self) -> bool {
        self.budget.spend(self.stores.second())
    }

    fn has_another(&self, tried: Tried) -> bool {
        (0..self.pools.len()).any(|number| !tried.has(number))
    }

    /// Which store is asked: of two that are drawn from those that are, the one with less to do.
    fn choose(&self, tried: Tried, errand: Errand) -> Result<(usize, &Arc<Pool>), StoreError> {
        if let [only] = self.pools.as_slice()
            && only.station.is_fine()
        {
            return Ok((0, only));
        }
        let mut passed_over = tried;
        loop {
            let stands = |number: &usize, pool: &Pool| !passed_over.has(*number) && pool.station.would_be_asked(errand);
            let asked = self.pools.iter().enumerate().filter(|(number, pool)| stands(number, pool));
            let count = asked.clone().count();
            let Some(chosen) = self.better_of_two(asked, count) else { return self.least_bad(tried, errand) };
            // Another worker may have sent the one on trial meanwhile.
            if chosen.1.station.is_asked(errand) {
                return Ok(chosen);
            }
            passed_over = passed_over.and(chosen.0);
        }
    }

    fn better_of_two<'p>(
        &self,
        among: impl Iterator<Item = (usize, &'p Arc<Pool>)> + Clone,
        count: usize,
    ) -> Option<(usize, &'p Arc<Pool>)> {
        if count < 2 {
            return among.clone().next();
        }
        let (one, other) = self.dice.two_below(count);
        let (one, other) = (among.clone().nth(one)?, among.clone().nth(other)?);
        let full = |pool: &Pool| pool.station.asked() >= u32::from(self.stores.at_once());
        let chosen = if one.1.going() <= other.1.going() { one } else { other };
        if full(chosen.1) { among.min_by_key(|(_, pool)| (full(pool), pool.going())) } else { Some(chosen) }
    }

    /// None is asked as things stand. A store that is found unwell, or that is quick to fail, is better than nothing; one that
    /// keeps silent is not.
    fn least_bad(&self, tried: Tried, errand: Errand) -> Result<(usize, &Arc<Pool>), StoreError> {
        let untried = || self.pools.iter().enumerate().filter(|(number, _)| !tried.has(*number));
        let answering = untried().filter(|(_, pool)| pool.station.circuit().answers());
        if let Some(chosen) = least(answering).or_else(|| untried().find(|(_, pool)| pool.station.is_asked(errand))) {
            return Ok(chosen);
        }
        let rests = |pool: &Arc<Pool>| pool.station.circuit().rests(pool.station.now());
        let millis = untried().map(|(_, pool)| rests(pool)).min().unwrap_or_default();
        let seconds = u32::try_from(millis.div_ceil(1000)).unwrap_or(u32::MAX).max(1);
        Err(StoreError::Resting { seconds })
    }
}

/// The one with least to do.
fn least<'p>(among: impl Iterator<Item = (usize, &'p Arc<Pool>)>) -> Option<(usize, &'p Arc<Pool>)> {
    among.min_by_key(|(_, pool)| pool.going())
}

/// Draws lots (xorshift): good enough to spread, and nobody gains from guessing.
pub(super) struct Dice(AtomicU64);

impl Dice {
    pub(super) fn new() -> Self {
        Self(AtomicU64::new(RandomState::new().hash_one(0_u8) | 1))
    }

    pub(super) fn next(&self) -> u64 {
        let mut drawn = self.0.load(Ordering::Relaxed);
        drawn ^= drawn << 13;
        drawn ^= drawn >> 7;
        drawn ^= drawn << 17;
        self.0.store(drawn, Ordering::Relaxed);
        drawn
    }

    /// Two different numbers below `count`, which is at least 2.
    fn two_below(&self, count: usize) -> (usize, usize) {
        let count = u64::try_from(count).unwrap_or(u64::MAX).max(2);
        let one = self.next() % count;
        let other = (one + 1 + self.next() % (count - 1)) % count;
        (usize::try_from(one).unwrap_or_default(), usize::try_from(other).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests;
