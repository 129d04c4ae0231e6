//! The stores, as all workers share them: what is known of each, and how many places there are.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Instant;

use super::dial::Dial;
use super::lanes::{Lanes, PLACES_MAX, PLACES_MIN};
use super::pool::StoreError;
use super::settings::{HealthSettings, Protocol, StoreSetUpError, StoreSettings, Timeouts};
use super::station::{Station, StoreStatus};
use crate::bounds::{BUSY_TOLD_EVERY_SECONDS, STORES_MAX};

/// See the module.
pub struct Stores {
    pub(super) stations: Vec<Arc<Station>>,
    pub(super) lanes: Lanes,
    protocol: Protocol,
    timeouts: Timeouts,
    at_once: u16,
    at_once_in_all: Option<u16>,
    health: Option<HealthSettings>,
    begun: Instant,
    /// Who found no place, since that was told last; and when that was, in seconds.
    turned_away: AtomicU32,
    told_busy: AtomicU64,
}

impl Stores {
    /// By these settings. Connects to nobody.
    ///
    /// # Errors
    /// See [`StoreSetUpError`].
    pub fn new(settings: StoreSettings) -> Result<Self, StoreSetUpError> {
        let count = settings.servers.len();
        if count == 0 || count > STORES_MAX {
            return Err(StoreSetUpError::Count(count));
        }
        let limits = [Some(settings.at_once), settings.at_once_in_all];
        if let Some(wrong) = limits.into_iter().flatten().find(|limit| !(PLACES_MIN..=PLACES_MAX).contains(limit)) {
            return Err(StoreSetUpError::AtOnce(wrong));
        }
        let begun = Instant::now();
        let station = |server: &super::settings::Server| {
            let dial = Dial::new(server, settings.timeouts.connect)?;
            Ok(Arc::new(Station::new(server.name.clone(), dial, settings.connections_max, begun)))
        };
        let stations: Vec<_> = settings.servers.iter().map(station).collect::<Result<_, _>>()?;
        let places = places(settings.at_once, settings.at_once_in_all, count);
        Ok(Self {
            stations,
            lanes: Lanes::new(places, settings.queue_max, settings.queue_wait),
            protocol: settings.protocol,
            timeouts: settings.timeouts,
            at_once: settings.at_once,
            at_once_in_all: settings.at_once_in_all,
            health: settings.health,
            begun,
            turned_away: AtomicU32::new(0),
            told_busy: AtomicU64::new(0),
        })
    }

    /// How each stands.
    #[must_use]
    pub fn status(&self) -> Vec<StoreStatus> {
        self.stations.iter().map(|station| station.status()).collect()
    }

    /// How long answers may take.
    pub(crate) const fn timeouts(&self) -> &Timeouts {
        &self.timeouts
    }

    pub(super) const fn protocol(&self) -> Protocol {
        self.protocol
    }

    pub(super) const fn at_once(&self) -> u16 {
        self.at_once
    }

    pub(crate) const fn health(&self) -> Option<&HealthSettings> {
        self.health.as_ref()
    }

    /// Seconds since the start.
    pub(super) fn second(&self) -> u64 {
        self.begun.elapsed().as_secs()
    }

    /// Somebody has found no place. Told of all who did, now and then.
    pub(super) fn turned_away(&self) -> StoreError {
        self.turned_away.fetch_add(1, Ordering::Relaxed);
        let (now, told) = (self.second(), self.told_busy.load(Ordering::Relaxed));
        let due = told == 0 || now >= told + BUSY_TOLD_EVERY_SECONDS;
        if due && self.told_busy.compare_exchange(told, now.max(1), Ordering::Relaxed, Ordering::Relaxed).is_ok() {
            let refused = self.turned_away.swap(0, Ordering::Relaxed);
            tracing::warn!(refused, "more is asked of the store than it takes at once; refused");
        }
        StoreError::Busy
    }

    /// As many places as the stores that are asked have: what is left does not take over what the others did beyond what it
    /// can. With none left it is as if there were one.
    pub(super) fn reckon(&self) {
        let asked = self.stations.iter().filter(|station| station.serves()).count();
        self.lanes.resize(places(self.at_once, self.at_once_in_all, asked.max(1)));
    }
}

fn places(each: u16, in_all: Option<u16>, stores: usize) -> u16 {
    let together = u16::try_from(stores).map_or(PLACES_MAX, |stores| each.saturating_mul(stores));
    together.min(in_all.unwrap_or(PLACES_MAX)).clamp(PLACES_MIN, PLACES_MAX)
}
