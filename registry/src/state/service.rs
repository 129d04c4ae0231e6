//! The service as a whole: running, stopped (art. 26), disaster use (art. 21).

use model::lifecycle::service;
use model::{Author, Timestamp, words};

/// The area that means the whole city.
pub const WHOLE_CITY: &str = "*";

words! {
    /// Why the service is stopped without notice (art. 26).
    pub enum StopReason ("reason to stop") {
        /// 26-1-1: urgent maintenance.
        Maintenance = "maintenance",
        /// 26-1-2: fire, power failure and the like.
        FireOrPower = "fire-or-power",
        /// 26-1-3: natural disaster or accident.
        Disaster = "disaster",
        /// 26-1-4: any other operational or technical need.
        Other = "other",
        /// 26-2: urgency.
        Urgent = "urgent",
    }
}

/// A stop of the service (art. 26).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stop {
    /// Why.
    pub reason: StopReason,
    /// What people are told; may be empty.
    pub text: String,
    /// Since when.
    pub since: Timestamp,
    /// By whom.
    pub by: Author,
}

/// Disaster use as declared (art. 21).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disaster {
    /// Which district; [`WHOLE_CITY`] for all.
    pub area: String,
    /// Why.
    pub reason: String,
    /// From when.
    pub from: Timestamp,
    /// Until when (half-open).
    pub until: Timestamp,
    /// The two officers who declared it.
    pub officers: [Author; 2],
    /// The second officer's own act, while it is waited for. None: he has confirmed (or it was declared before that was
    /// asked of him).
    pub awaits: Option<Awaited>,
}

/// The second officer of a disaster use agreed by voice; his own act is waited for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Awaited {
    /// Who must confirm.
    pub officer: Author,
    /// Until when (half-open): unconfirmed, disaster use ends here.
    pub until: Timestamp,
}

impl Disaster {
    /// In force at `at`.
    #[must_use]
    pub fn holds_at(&self, at: Timestamp) -> bool {
        self.from <= at && at < self.ends_at()
    }

    /// When it ends by itself, as things stand: at its set time, or when nobody has confirmed it by then.
    #[must_use]
    pub fn ends_at(&self) -> Timestamp {
        self.awaits.as_ref().map_or(self.until, |awaited| awaited.until.min(self.until))
    }

    /// Its area covers this district.
    #[must_use]
    pub fn covers(&self, area: &str) -> bool {
        self.area == WHOLE_CITY || (!area.is_empty() && self.area == area)
    }
}

/// Where the service stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    /// Where it stands, as last moved. Disaster use also ends by the clock: see [`Self::disaster_at`].
    pub state: service::State,
    /// The stop, while stopped.
    pub stopped: Option<Stop>,
    /// The declaration, while in disaster use.
    pub disaster: Option<Disaster>,
}

impl Service {
    /// As every day.
    pub(crate) const RUNNING: Self = Self { state: service::State::Running, stopped: None, disaster: None };

    /// The disaster use in force at `at`: declared, begun and not past its end.
    #[must_use]
    pub fn disaster_at(&self, at: Timestamp) -> Option<&Disaster> {
        self.disaster.as_ref().filter(|disaster| self.state == service::State::DisasterUse && disaster.holds_at(at))
    }
}
