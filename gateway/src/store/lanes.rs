//! How much the stores are asked at once, and who goes first when that is not enough for all.
//!
//! A store that is asked more than it can do at once gets slower for everybody, and what it does late nobody waits for any
//! more. So there is a limit, and beyond it a short queue with the newest first: who came last has waited least and is still
//! there, while an old queue would have the store work for those who have given up. Nobody waits longer than a blink; then he is
//! told so, and when to come again. Care goes before searches, and these before what asks for much; of each some places are kept,
//! so that none starves.
//!
//! Where there is room, entering and leaving is one exchange of one word each. The lock is for those who wait.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::timeout;

use crate::bounds::STORE_AT_ONCE;

/// Whose turn it is, the first first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lane {
    /// One record, one person's news, whatever is written.
    Care,
    /// What looks for records.
    Search,
    /// What asks for much at once.
    Export,
}

impl Lane {
    const ALL: [Self; 3] = [Self::Care, Self::Search, Self::Export];

    const fn index(self) -> usize {
        self as usize
    }

    /// Places that nobody else takes, of so many in all: a quarter for care, and of the others one in sixteen, at least one.
    const fn kept(self, limit: u16) -> u16 {
        let share = match self {
            Self::Care => limit / 4,
            Self::Search | Self::Export => limit / 16,
        };
        if share == 0 { 1 } else { share }
    }
}

/// Fewest places: below, those that are kept would be all there are.
pub const PLACES_MIN: u16 = 4;
/// Most places: they are counted in sixteen bits.
pub const PLACES_MAX: u16 = 16_384;

const _: () = assert!(PLACES_MIN <= STORE_AT_ONCE && STORE_AT_ONCE <= PLACES_MAX, "what is usual is possible");

/// Who is in, by lane, and how many wait: one word.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) used: [u16; 3],
    pub(super) waiting: u16,
}

impl Counts {
    fn pack(self) -> u64 {
        let [care, search, export] = self.used.map(u64::from);
        care | search << 16 | export << 32 | u64::from(self.waiting) << 48
    }

    fn unpack(word: u64) -> Self {
        let part = |shift: u32| u16::try_from(word >> shift & 0xffff).unwrap_or(u16::MAX);
        Self { used: [part(0), part(16), part(32)], waiting: part(48) }
    }

    fn of(self, lane: Lane) -> u16 {
        self.used.get(lane.index()).copied().unwrap_or(u16::MAX)
    }

    /// Whether there is a place for this lane: one of its own, or one that is kept for no other.
    pub(super) fn has_room(self, lane: Lane, limit: u16) -> bool {
        let used: u32 = self.used.iter().copied().map(u32::from).sum();
        if used >= u32::from(limit) {
            return false;
        }
        if self.of(lane) < lane.kept(limit) {
            return true;
        }
        let others = Lane::ALL.into_iter().filter(|other| *other != lane);
        let kept: u32 = others.map(|other| u32::from(other.kept(limit).saturating_sub(self.of(other)))).sum();
        used.saturating_add(kept) < u32::from(limit)
    }

    /// With one more in this lane.
    pub(super) fn entered(mut self, lane: Lane) -> Self {
        if let Some(used) = self.used.get_mut(lane.index()) {
            *used = used.saturating_add(1);
        }
        self
    }

    /// With one less in this lane.
    pub(super) fn left(mut self, lane: Lane) -> Self {
        if let Some(used) = self.used.get_mut(lane.index()) {
            *used = used.saturating_sub(1);
        }
        self
    }
}

/// The places of all workers together.
pub(super) struct Lanes {
    counts: AtomicU64,
    limit: AtomicU32,
    /// Most that wait in one lane.
    queue_max: usize,
    wait_max: Duration,
    queue: Mutex<Queue>,
}

#[derive(Default)]
struct Queue {
    next: u64,
    /// By lane, the newest last.
    waiting: [VecDeque<Waiting>; 3],
}

struct Waiting {
    number: u64,
    call: oneshot::Sender<()>,
}

/// A place, given back when dropped.
pub(super) struct Place<'l> {
    lanes: &'l Lanes,
    lane: Lane,
}

/// Nobody may wait, or has been called, in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Full;

impl Lanes {
    /// So many places; so many may wait in each lane, for so long.
    pub(super) fn new(limit: u16, queue_max: usize, wait_max: Duration) -> Self {
        Self {
            counts: AtomicU64::new(0),
            limit: AtomicU32::new(limit.into()),
            queue_max,
            wait_max,
            queue: Mutex::default(),
        }
    }

    /// Enters, at once or within the time that somebody may wait.
    ///
    /// # Errors
    /// [`Full`], at once where nobody may wait.
    pub(super) async fn enter(&self, lane: Lane) -> Result<Place<'_>, Full> {
        let limit = self.limit();
        if self.change(|counts| counts.has_room(lane, limit).then(|| counts.entered(lane))).is_some() {
            return Ok(Place { lanes: self, lane });
        }
        // In a box: what hardly ever happens takes no room in every request.
        Box::pin(self.wait(lane)).await
    }

    async fn wait(&self, lane: Lane) -> Result<Place<'_>, Full> {
        match self.stand_in_line(lane)? {
            Standing::Entered(place) => Ok(place),
            Standing::InLine(mut waiter) => {
                let called = timeout(self.wait_max, &mut waiter.called).await;
                // Called in the very last moment is called all the same.
                if matches!(called, Ok(Ok(()))) { Ok(waiter.enter()) } else { waiter.leave().ok_or(Full) }
            }
        }
    }

    /// Another number of places: a store has gone or come.
    pub(super) fn resize(&self, limit: u16) {
        self.limit.store(limit.clamp(PLACES_MIN, PLACES_MAX).into(), Ordering::Release);
        self.call();
    }

    /// Who is in, and how many wait.
    #[cfg(test)]
    pub(super) fn counts(&self) -> Counts {
        Counts::unpack(self.counts.load(Ordering::Relaxed))
    }

    fn limit(&self) -> u16 {
        u16::try_from(self.limit.load(Ordering::Relaxed)).unwrap_or(PLACES_MAX)
    }

    /// Changes the word; gives what it was before, none where it stays as it is.
    fn change(&self, change: impl Fn(Counts) -> Option<Counts>) -> Option<Counts> {
        let changed = |word| change(Counts::unpack(word)).map(Counts::pack);
        self.counts.fetch_update(Ordering::AcqRel, Ordering::Acquire, changed).ok().map(Counts::unpack)
    }

    /// Stands in the line of this lane, or enters where there is room after all. Both are one exchange of the word, and under the
    /// lock: whoever leaves after it sees that somebody waits, and finds him here. When the line is full, who has stood there
    /// longest makes way: he has the least time left.
    fn stand_in_line(&self, lane: Lane) -> Result<Standing<'_>, Full> {
        if self.queue_max == 0 || self.wait_max.is_zero() {
            return Err(Full);
        }
        let mut queue = self.queue();
        let limit = self.limit();
        let before = self.change(|counts| {
            if counts.has_room(lane, limit) {
                Some(counts.entered(lane))
            } else {
                counts.waiting.checked_add(1).map(|waiting| Counts { waiting, ..counts })
            }
        });
        if before.ok_or(Full)?.has_room(lane, limit) {
            return Ok(Standing::Entered(Place { lanes: self, lane }));
        }
        let number = queue.next;
        queue.next = queue.next.wrapping_add(1);
        let (call, called) = oneshot::channel();
        let line = queue.line(lane);
        line.push_back(Waiting { number, call });
        // Dropping him tells him.
        if line.len() > self.queue_max && line.pop_front().is_some() {
            self.one_waits_no_more();
        }
        drop(queue);
        Ok(Standing::InLine(Waiter { lanes: self, lane, number, called }))
    }

    /// Calls those for whom there is room now: care first, of each lane the newest.
    fn call(&self) {
        let mut queue = self.queue();
        for lane in Lane::ALL {
            while let Some(newest) = queue.line(lane).pop_back() {
                let limit = self.limit();
                let before = self.change(|counts| {
                    let waiting = counts.waiting.saturating_sub(1);
                    counts.has_room(lane, limit).then(|| Counts { waiting, ..counts }.entered(lane))
                });
                if before.is_none() {
                    queue.line(lane).push_back(newest);
                    break;
                }
                // Who waits takes himself out of the line before he goes, so he is there.
                if newest.call.send(()).is_err() {
                    self.change(|counts| Some(counts.left(lane)));
                }
            }
        }
    }

    fn one_waits_no_more(&self) {
        self.change(|counts| Some(Counts { waiting: counts.waiting.saturating_sub(1), ..counts }));
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Queue {
    fn line(&mut self, lane: Lane) -> &mut VecDeque<Waiting> {
        let [care, search, export] = &mut self.waiting;
        match lane {
            Lane::Care => care,
            Lane::Search => search,
            Lane::Export => export,
        }
    }
}

/// What came of standing in line.
enum Standing<'l> {
    Entered(Place<'l>),
    InLine(Waiter<'l>),
}

/// Somebody in line. Dropped, because his request is over or its client has left, he takes himself out.
struct Waiter<'l> {
    lanes: &'l Lanes,
    lane: Lane,
    number: u64,
    called: oneshot::Receiver<()>,
}

impl<'l> Waiter<'l> {
    /// He has been called.
    fn enter(self) -> Place<'l> {
        // The call is taken, so the drop of `self` finds nothing to give back.
        Place { lanes: self.lanes, lane: self.lane }
    }

    /// Out of the line; his place, where he has been called meanwhile.
    fn leave(mut self) -> Option<Place<'l>> {
        self.take_out()
    }

    fn take_out(&mut self) -> Option<Place<'l>> {
        let mut queue = self.lanes.queue();
        let line = queue.line(self.lane);
        if let Some(position) = line.iter().position(|waiting| waiting.number == self.number) {
            line.remove(position);
            self.lanes.one_waits_no_more();
            return None;
        }
        drop(queue);
        // Calls are made under the lock: whatever was said is there by now.
        self.called.try_recv().ok().map(|()| Place { lanes: self.lanes, lane: self.lane })
    }
}

impl Drop for Waiter<'_> {
    fn drop(&mut self) {
        drop(self.take_out());
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let before = self.lanes.change(|counts| Some(counts.left(self.lane)));
        if before.is_some_and(|counts| counts.waiting > 0) {
            self.lanes.call();
        }
    }
}

#[cfg(test)]
mod tests;
