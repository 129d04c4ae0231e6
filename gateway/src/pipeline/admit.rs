//! Limits: by source for strangers, by device before any costly work, by user ID as soon as it is known. A [`Slot`] is held to the last byte of
//! the answer and gives its place back by itself.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use anomaly::{Bucket, Quota, Verdict};
use model::{DeviceId, Timestamp, UserId};

use super::authenticate::Subject;
use super::held::Share;
use super::turns::{Turn, Weight};
use crate::bounds::{REQUESTS_PER_USER_MAX, REQUESTS_PER_WORKER_MAX, SUBJECTS_MAX};
use crate::connection::Client;
use crate::refusal::Refusal;
use crate::source;
use crate::tls::device::VerifiedDevice;
use crate::worker::Worker;

/// Limits of one worker. A subject's connections may land on several workers, so each worker allows the whole quota:
/// the limit is at most so many times as wide as there are workers.
pub struct Limits {
    sources: Buckets<source::Prefix>,
    devices: Buckets<DeviceId>,
    users: Buckets<UserId>,
    in_flight: Arc<AtomicU32>,
    in_flight_of: Mutex<HashMap<UserId, InFlight>>,
}

/// Of one user ID.
#[derive(Clone, Default)]
struct InFlight {
    requests: Arc<AtomicU32>,
    /// What their look-ups hold.
    look_ups: Share,
}

/// Requests in so many seconds, and how many at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rates {
    /// One source address without a device that stands: the public pages, and the pages that explain.
    pub per_source: Quota,
    /// One device.
    pub per_device: Quota,
    /// One user ID.
    pub per_user: Quota,
}

/// A bucket for each subject, at most [`SUBJECTS_MAX`] of them. Who comes when all are taken shares one with all others who
/// do: a flood of new sources wipes out nobody's bucket, and gets no more than one subject would.
pub(crate) struct Buckets<K> {
    limit: &'static str,
    quota: Quota,
    known: Mutex<Known<K>>,
}

struct Known<K> {
    each: HashMap<K, Bucket>,
    others: Bucket,
}

/// Proof: within the limits. Gives its places back when dropped.
pub struct Slot {
    _gateway: Place,
    _user: Place,
    turn: Option<Turn>,
}

/// Proof: within the limits of the device, not yet of the user ID.
pub struct DeviceSlot {
    gateway: Place,
    turn: Option<Turn>,
}

/// One place among those in flight.
struct Place(Arc<AtomicU32>);

impl Limits {
    /// Limits with these rates.
    #[must_use]
    pub fn new(rates: Rates) -> Self {
        Self {
            sources: Buckets::new("source", rates.per_source),
            devices: Buckets::new("device", rates.per_device),
            users: Buckets::new("user", rates.per_user),
            in_flight: Arc::default(),
            in_flight_of: Mutex::default(),
        }
    }

    fn in_flight_of(&self, user_id: &UserId) -> InFlight {
        let mut each = self.in_flight_of.lock().unwrap_or_else(PoisonError::into_inner);
        if each.len() >= SUBJECTS_MAX {
            each.retain(|_, one| one.requests.load(Ordering::Relaxed) > 0 || one.look_ups.is_shared());
        }
        each.entry(user_id.clone()).or_default().clone()
    }
}

/// Admits whoever shows no device that stands, before anything is done for him. A facility's devices share an address, and
/// are not charged for each other.
///
/// # Errors
/// Too many requests from the source.
pub fn stranger(worker: &Worker, client: &Client) -> Result<(), Refusal> {
    if client.living.is_some() {
        return Ok(());
    }
    worker.limits().sources.charge(&source::prefix(client.peer.ip()), worker.now(), 1)
}

/// Charges a request of a device that never comes to [`admit`]: it is refused before, or is for a page that asks nobody. Else a
/// stolen device would have a worker refuse, and write its log, for as long as it likes. Strangers have paid already.
///
/// # Errors
/// Too many requests of the device.
pub fn in_passing(worker: &Worker, client: &Client) -> Result<(), Refusal> {
    if client.living.is_none() {
        return Ok(());
    }
    let (limits, now) = (worker.limits(), worker.now());
    match client.device(&worker.snapshot(), now) {
        Ok(device) => limits.devices.charge(device.device(), now, 1),
        // It stood when it came, and has ended since.
        Err(_) => limits.sources.charge(&source::prefix(client.peer.ip()), now, 1),
    }
}

/// Admits a request of this device; without a weight, what is part of one that was.
///
/// # Errors
/// Too many requests of the device, too many in flight in all, or more than the worker can do.
pub fn admit(
    worker: &Worker,
    device: VerifiedDevice,
    weight: Option<Weight>,
) -> Result<(VerifiedDevice, DeviceSlot), Refusal> {
    let limits = worker.limits();
    limits.devices.charge(device.device(), worker.now(), 1)?;
    let gateway = enter(&limits.in_flight, REQUESTS_PER_WORKER_MAX, "gateway")?;
    let turn = weight.map(|weight| worker.handle().turns().take(weight)).transpose()?;
    Ok((device, DeviceSlot { gateway, turn }))
}

/// Charges look-ups at the store that one request causes beyond the first, each like a request: a transaction must not be a
/// cheap way to keep the store busy. What does not fit one of the two limits is charged to neither.
///
/// # Errors
/// Too many for the device or the user ID.
pub(super) fn look_ups(worker: &Worker, subject: &Subject, count: u32) -> Result<(), Refusal> {
    let (limits, now) = (worker.limits(), worker.now());
    let (device, user_id) = (subject.device().device(), subject.user_id());
    limits.devices.fits(device, now, count)?;
    limits.users.charge(user_id, now, count)?;
    limits.devices.charge(device, now, count)
}

/// What the look-ups of this user ID hold in this worker.
pub(super) fn look_ups_of(worker: &Worker, subject: &Subject) -> Share {
    worker.limits().in_flight_of(subject.user_id()).look_ups
}

impl DeviceSlot {
    /// See [`Slot::goes_on_by_itself`].
    pub(crate) fn goes_on_by_itself(&mut self) {
        self.turn = None;
    }

    /// Goes on to the limits of the user ID.
    ///
    /// # Errors
    /// Too many requests of the user ID, or too many of it in flight.
    pub fn for_subject(self, worker: &Worker, subject: &Subject) -> Result<Slot, Refusal> {
        let limits = worker.limits();
        limits.users.charge(subject.user_id(), worker.now(), 1)?;
        let InFlight { requests, .. } = limits.in_flight_of(subject.user_id());
        let user = enter(&requests, REQUESTS_PER_USER_MAX, "user")?;
        Ok(Slot { _gateway: self.gateway, _user: user, turn: self.turn })
    }
}

impl Slot {
    /// What is left of it goes at its client's pace, and is no work to speak of: it gives its turn back.
    pub(super) fn goes_on_by_itself(&mut self) {
        self.turn = None;
    }
}

impl<K: Eq + Hash + Clone> Buckets<K> {
    pub(crate) fn new(limit: &'static str, quota: Quota) -> Self {
        let known = Known { each: HashMap::new(), others: Bucket::default() };
        Self { limit, quota, known: Mutex::new(known) }
    }

    /// Charges so many units.
    pub(crate) fn charge(&self, key: &K, now: Timestamp, cost: u32) -> Result<(), Refusal> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let Known { each, others } = &mut *known;
        if each.len() >= SUBJECTS_MAX && !each.contains_key(key) {
            each.retain(|_, bucket| !bucket.is_full(now));
        }
        let bucket = if each.len() < SUBJECTS_MAX || each.contains_key(key) {
            each.entry(key.clone()).or_default()
        } else {
            others
        };
        self.verdict(bucket.charge(self.quota, now, cost))
    }

    /// Whether so many could be charged.
    fn fits(&self, key: &K, now: Timestamp, cost: u32) -> Result<(), Refusal> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let mut bucket = known
            .each
            .get(key)
            .copied()
            .unwrap_or_else(|| if known.each.len() < SUBJECTS_MAX { Bucket::default() } else { known.others });
        self.verdict(bucket.charge(self.quota, now, cost))
    }

    fn verdict(&self, verdict: Verdict) -> Result<(), Refusal> {
        match verdict {
            Verdict::Within => Ok(()),
            Verdict::Beyond { retry_after_millis } => {
                let seconds = u32::try_from(retry_after_millis.max(0).saturating_add(999) / 1000).unwrap_or(u32::MAX);
                Err(Refusal::TooMany { limit: self.limit, retry_after_seconds: seconds.max(1) })
            }
        }
    }
}

fn enter(counter: &Arc<AtomicU32>, max: u32, limit: &'static str) -> Result<Place, Refusal> {
    let entered = counter.fetch_update(Ordering::AcqRel, Ordering::Relaxed, |count| (count < max).then_some(count + 1));
    match entered {
        Ok(_) => Ok(Place(Arc::clone(counter))),
        Err(_) => Err(Refusal::TooMany { limit, retry_after_seconds: 1 }),
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests;
