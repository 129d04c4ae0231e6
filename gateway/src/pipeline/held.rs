//! Octets that look-ups hold, counted before they are held: against what one request may take, against the share of its user ID, and
//! against a pool that all requests of a worker share. Nobody waits for any, so nobody who holds some keeps another from ending.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use tokio::sync::Semaphore;

use crate::bounds::{
    ANSWER_READ_BYTES_MAX, LOOK_UP_KEPT_BYTES, LOOK_UPS_BYTES_MAX, LOOK_UPS_POOL_BYTES, LOOK_UPS_USER_BYTES,
};

/// The pool of one worker: a permit for each octet.
pub struct HeldPool(Semaphore);

/// Octets that the look-ups of one user ID hold in one worker, of all its requests.
#[derive(Clone, Default)]
pub(super) struct Share(Arc<AtomicUsize>);

/// Which bound of ours a look-up met. Nothing that the client is told of: how long a record is would show by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Beyond {
    /// The share of the user ID, or the pool, has no room.
    NoRoom,
    /// The answer is longer than [`ANSWER_READ_BYTES_MAX`].
    TooLong,
    /// The request holds as much as [`LOOK_UPS_BYTES_MAX`].
    TooMuch,
}

/// What one request holds. Given back when dropped.
pub(super) struct Held<'p> {
    pool: &'p HeldPool,
    share: Share,
    /// Taken in all.
    taken: AtomicUsize,
    /// Of these, kept for look-ups that are not begun.
    kept: AtomicUsize,
}

/// The answer to one look-up while it is read. What it took is given back when it is dropped before its end.
pub(super) struct Reading<'h, 'p> {
    held: &'h Held<'p>,
    room: usize,
    said: usize,
    /// Full but the last, each [`LOOK_UP_KEPT_BYTES`] large: so no more is held than is counted.
    pieces: Vec<Vec<u8>>,
}

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

impl Share {
    /// Whether any request still counts here.
    pub(super) fn is_shared(&self) -> bool {
        Arc::strong_count(&self.0) > 1
    }

    /// Takes so many, or none.
    fn take(&self, bytes: usize) -> bool {
        let within = |held: usize| held.checked_add(bytes).filter(|held| *held <= LOOK_UPS_USER_BYTES);
        self.0.fetch_update(Ordering::AcqRel, Ordering::Relaxed, within).is_ok()
    }

    fn give_back(&self, bytes: usize) {
        self.0.fetch_sub(bytes, Ordering::AcqRel);
    }
}

impl Beyond {
    /// In one phrase, for the officer.
    pub(super) const fn on_record(self) -> &'static str {
        match self {
            Self::NoRoom => "no room for look-ups",
            Self::TooLong => "longer than a look-up may be",
            Self::TooMuch => "more than the look-ups of one request may hold",
        }
    }
}

impl<'p> Held<'p> {
    /// Nothing yet.
    pub(super) const fn nothing(pool: &'p HeldPool, share: Share) -> Self {
        Self { pool, share, taken: AtomicUsize::new(0), kept: AtomicUsize::new(0) }
    }

    /// Keeps room for so many look-ups that are not begun, and for one more, beside all that is held already.
    ///
    /// # Errors
    /// There is none; what is held stays.
    pub(super) fn keep(&self, look_ups: usize) -> Result<(), Beyond> {
        let wanted = look_ups.saturating_add(1).saturating_mul(LOOK_UP_KEPT_BYTES);
        let missing = wanted.saturating_sub(self.kept.load(Ordering::Relaxed));
        self.take(missing)?;
        self.kept.fetch_add(missing, Ordering::Relaxed);
        Ok(())
    }

    /// Begins to read an answer, out of what is kept.
    ///
    /// # Errors
    /// Nothing is kept, and there is no room.
    pub(super) fn begin(&self) -> Result<Reading<'_, 'p>, Beyond> {
        let kept = self.kept.load(Ordering::Relaxed).min(LOOK_UP_KEPT_BYTES);
        self.take(LOOK_UP_KEPT_BYTES.saturating_sub(kept))?;
        self.kept.fetch_sub(kept, Ordering::Relaxed);
        Ok(Reading { held: self, room: LOOK_UP_KEPT_BYTES, said: 0, pieces: Vec::new() })
    }

    /// An answer of so many octets is let go of. What a look-up is begun with is kept for another.
    pub(super) fn give_back(&self, bytes: usize) {
        let kept = bytes.min(LOOK_UP_KEPT_BYTES);
        self.kept.fetch_add(kept, Ordering::Relaxed);
        self.narrow(bytes.saturating_sub(kept));
    }

    fn narrow(&self, bytes: usize) {
        self.taken.fetch_sub(bytes, Ordering::Relaxed);
        self.to_others(bytes);
    }

    fn take(&self, bytes: usize) -> Result<(), Beyond> {
        // Look-ups of one request take turns on one thread, so nothing is taken between looking and counting.
        let taken = self.taken.load(Ordering::Relaxed).saturating_add(bytes);
        if taken > LOOK_UPS_BYTES_MAX {
            return Err(Beyond::TooMuch);
        }
        if !self.share.take(bytes) {
            return Err(Beyond::NoRoom);
        }
        if !self.pool.take(bytes) {
            self.share.give_back(bytes);
            return Err(Beyond::NoRoom);
        }
        self.taken.store(taken, Ordering::Relaxed);
        Ok(())
    }

    fn to_others(&self, bytes: usize) {
        self.share.give_back(bytes);
        self.pool.0.add_permits(bytes);
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.to_others(self.taken.load(Ordering::Relaxed));
    }
}

impl Reading<'_, '_> {
    /// Adds what came.
    ///
    /// # Errors
    /// It may not be held.
    pub(super) fn add(&mut self, data: &[u8]) -> Result<(), Beyond> {
        let said = self.said.saturating_add(data.len());
        if said > ANSWER_READ_BYTES_MAX {
            return Err(Beyond::TooLong);
        }
        let steps = said.saturating_sub(self.room).div_ceil(LOOK_UP_KEPT_BYTES);
        let wider = steps.saturating_mul(LOOK_UP_KEPT_BYTES);
        self.held.take(wider)?;
        self.room = self.room.saturating_add(wider);
        self.said = said;
        self.fill(data);
        Ok(())
    }

    fn fill(&mut self, mut data: &[u8]) {
        while !data.is_empty() {
            let full = self.pieces.last().is_none_or(|piece| piece.len() >= LOOK_UP_KEPT_BYTES);
            if full {
                self.pieces.push(Vec::with_capacity(LOOK_UP_KEPT_BYTES));
            }
            let Some(piece) = self.pieces.last_mut() else { return };
            let (now, later) = data.split_at(data.len().min(LOOK_UP_KEPT_BYTES.saturating_sub(piece.len())));
            piece.extend_from_slice(now);
            data = later;
        }
    }

    /// All of it, in one. It is held twice for as long as joining takes, which is one answer at a time.
    pub(super) fn end(mut self) -> Bytes {
        let whole = Bytes::from(self.pieces.concat());
        let unused = self.room.saturating_sub(self.said);
        if self.room > LOOK_UP_KEPT_BYTES {
            self.held.narrow(unused)
        } else {
            self.held.give_back(unused)
        }
        self.room = 0;
        whole
    }
}

impl Drop for Reading<'_, '_> {
    fn drop(&mut self) {
        self.held.give_back(self.room);
    }
}

#[cfg(test)]
mod tests;
