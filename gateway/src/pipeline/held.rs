//! Octets that look-ups hold, counted against a pool that all requests of a worker share. Nobody waits for any, so nobody who holds
//! some keeps another from ending.

use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Semaphore;

use crate::bounds::{LOOK_UP_KEPT_BYTES, LOOK_UPS_POOL_BYTES};

/// The pool of one worker: a permit for each octet.
pub struct HeldPool(Semaphore);

impl Default for HeldPool {
    fn default() -> Self {
        Self::of(LOOK_UPS_POOL_BYTES)
    }
}

impl HeldPool {
    fn of(bytes: usize) -> Self {
        Self(Semaphore::new(bytes))
    }

    /// Takes so many, or none.
    fn take(&self, bytes: usize) -> bool {
        let Ok(permits) = u32::try_from(bytes) else { return false };
        self.0.try_acquire_many(permits).map(tokio::sync::SemaphorePermit::forget).is_ok()
    }
}

/// What one request holds. Given back when dropped.
pub(super) struct Held<'p> {
    pool: &'p HeldPool,
    /// Taken from the pool.
    taken: AtomicUsize,
    /// May be held without taking more.
    room: AtomicUsize,
    /// Said by the store.
    bytes: AtomicUsize,
}

impl<'p> Held<'p> {
    /// Nothing yet.
    pub(super) const fn nothing(pool: &'p HeldPool) -> Self {
        Self { pool, taken: AtomicUsize::new(0), room: AtomicUsize::new(0), bytes: AtomicUsize::new(0) }
    }

    /// For one look-up, out of what its request keeps for one more, or that of a request that makes no other.
    pub(super) const fn one_more(pool: &'p HeldPool) -> Self {
        let room = AtomicUsize::new(LOOK_UP_KEPT_BYTES);
        Self { pool, taken: AtomicUsize::new(0), room, bytes: AtomicUsize::new(0) }
    }

    /// Keeps room for so many look-ups in all, and for one more. False: the pool has none.
    pub(super) fn keep(&self, look_ups: usize) -> bool {
        let wanted = look_ups.saturating_add(1).saturating_mul(LOOK_UP_KEPT_BYTES);
        self.widen(wanted.saturating_sub(self.room.load(Ordering::Relaxed)))
    }

    /// Counts what the store says. False: there is no room for it.
    pub(super) fn add(&self, bytes: usize) -> bool {
        let said = self.bytes.fetch_add(bytes, Ordering::Relaxed).saturating_add(bytes);
        let room = self.room.load(Ordering::Relaxed);
        match said.saturating_sub(room) {
            0 => true,
            // In steps, so that a trickle does not ask for each octet.
            missing => self.widen(missing.max(LOOK_UP_KEPT_BYTES)),
        }
    }

    /// What the store has said so far.
    pub(super) fn bytes(&self) -> usize {
        self.bytes.load(Ordering::Relaxed)
    }

    fn widen(&self, bytes: usize) -> bool {
        let widened = bytes == 0 || self.pool.take(bytes);
        if widened {
            self.taken.fetch_add(bytes, Ordering::Relaxed);
            self.room.fetch_add(bytes, Ordering::Relaxed);
        }
        widened
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.pool.0.add_permits(*self.taken.get_mut());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_and_what_is_said_come_out_of_one_pool_and_go_back() {
        let pool = HeldPool::of(10 * LOOK_UP_KEPT_BYTES);
        let left = || pool.0.available_permits() / LOOK_UP_KEPT_BYTES;
        let (one, other) = (Held::nothing(&pool), Held::nothing(&pool));
        assert!(one.keep(3) && one.keep(2), "less than is kept already takes nothing");
        assert_eq!(left(), 6);
        assert!(!other.keep(6), "seven of six");
        assert!(other.keep(3));
        assert_eq!(left(), 2);
        // Within what is kept nothing is taken; beyond it, in steps, while there are any.
        assert!(one.add(4 * LOOK_UP_KEPT_BYTES));
        assert_eq!(left(), 2);
        assert!(one.add(1) && one.add(LOOK_UP_KEPT_BYTES - 1));
        assert_eq!(left(), 1);
        assert!(!one.add(2 * LOOK_UP_KEPT_BYTES), "more than there is");
        assert_eq!(left(), 1);
        assert!(other.add(5 * LOOK_UP_KEPT_BYTES) && !Held::nothing(&pool).keep(0), "the last of all");
        drop(one);
        assert_eq!(left(), 5);
        drop(other);
        assert_eq!(left(), 10);
    }

    #[test]
    fn one_look_up_more_takes_nothing_until_it_is_long() {
        let pool = HeldPool::of(LOOK_UP_KEPT_BYTES);
        let probe = Held::one_more(&pool);
        assert!(probe.add(LOOK_UP_KEPT_BYTES) && probe.bytes() == LOOK_UP_KEPT_BYTES);
        assert_eq!(pool.0.available_permits(), LOOK_UP_KEPT_BYTES);
        assert!(probe.add(1) && !probe.add(LOOK_UP_KEPT_BYTES));
        drop(probe);
        assert_eq!(pool.0.available_permits(), LOOK_UP_KEPT_BYTES);
    }
}
