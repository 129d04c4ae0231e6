//! How often a worker may ask a store twice: for every ten requests once, and once a second in any case. Retries beyond that would
//! be what keeps an overloaded store down.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use crate::bounds::{RETRIES_KEPT_MAX, RETRY_EVERY};

/// Of one worker: what holds for each holds for all of them together, since whatever is asked is asked by one of them.
#[derive(Debug, Default)]
pub(super) struct Budget {
    /// Requests that no retry was made for yet.
    requests: AtomicU32,
    /// The second after the last one in which a retry came free of charge.
    free_from: AtomicU64,
}

/// Requests that are kept at most.
const REQUESTS_MAX: u32 = RETRY_EVERY * RETRIES_KEPT_MAX;

impl Budget {
    /// A request is made.
    pub(super) fn earn(&self) {
        // Of one thread, so nothing comes between the two; and one that is lost would be no loss.
        let requests = self.requests.load(Ordering::Relaxed);
        if requests < REQUESTS_MAX {
            self.requests.store(requests.saturating_add(1), Ordering::Relaxed);
        }
    }

    /// Whether one may be made again, at this second since the start.
    pub(super) fn spend(&self, second: u64) -> bool {
        let cost = |requests: u32| requests.checked_sub(RETRY_EVERY);
        if self.requests.fetch_update(Ordering::Relaxed, Ordering::Relaxed, cost).is_ok() {
            return true;
        }
        let free = |from: u64| (second >= from).then_some(second.saturating_add(1));
        self.free_from.fetch_update(Ordering::Relaxed, Ordering::Relaxed, free).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_in_ten_and_one_a_second() {
        let budget = Budget::default();
        assert!(budget.spend(5), "free of charge");
        assert!(!budget.spend(5));
        assert!(budget.spend(6));
        (0..RETRY_EVERY - 1).for_each(|_| budget.earn());
        assert!(!budget.spend(6));
        budget.earn();
        assert!(budget.spend(6));
        assert!(!budget.spend(6));
    }

    /// A quiet night gives no right to a storm.
    #[test]
    fn what_is_kept_has_a_bound() {
        let budget = Budget::default();
        (0..100 * REQUESTS_MAX).for_each(|_| budget.earn());
        let spent = (0..REQUESTS_MAX).filter(|_| budget.spend(0)).count();
        assert_eq!(spent, usize::try_from(RETRIES_KEPT_MAX).unwrap() + 1);
    }
}
