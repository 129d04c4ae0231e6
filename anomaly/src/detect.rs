//! The detectors, by what they look at. Each gets what is remembered, and what happened, and says what it has found.

pub(crate) mod city;
pub(crate) mod reading;
pub(crate) mod refused;
pub(crate) mod sign_in;
pub(crate) mod terminal;
pub(crate) mod volume;
pub(crate) mod writing;

use model::Timestamp;

use crate::contain::Step;
use crate::finding::{Detector, Numbers};
use crate::params::Params;
use crate::user::Habits;

/// What a detector has found, of whom it was asked about.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Found {
    pub(crate) detector: Detector,
    pub(crate) step: Step,
    pub(crate) alert: bool,
    pub(crate) numbers: Numbers,
}

impl Found {
    /// It counts beside others.
    pub(crate) const fn score(detector: Detector, numbers: Numbers) -> Self {
        Self { detector, step: Step::None, alert: false, numbers }
    }

    /// He is held, and nobody has to look: he can end it himself.
    pub(crate) const fn hold(detector: Detector, step: Step, numbers: Numbers) -> Self {
        Self { detector, step, alert: false, numbers }
    }

    /// Somebody should look; meanwhile he is held so far.
    pub(crate) const fn alert(detector: Detector, step: Step, numbers: Numbers) -> Self {
        Self { detector, step, alert: true, numbers }
    }
}

/// What all detectors get.
pub(crate) struct Scene<'s> {
    pub(crate) params: &'s Params,
    pub(crate) now: Timestamp,
    /// Minutes, for what is dated.
    pub(crate) minute: u32,
    /// What is found of many users of many facilities at once, by detector: the city's matter, not theirs.
    pub(crate) fleet: u32,
    /// Persons of a day that his peers stay below.
    pub(crate) peers_persons: f32,
    /// What is usual among his peers.
    pub(crate) peers_habits: Option<&'s Habits>,
    /// Persons of a day whom nothing explains, of his peers.
    pub(crate) peers_unexplained: f32,
}

impl Scene<'_> {
    /// Whether this is found of many at once.
    pub(crate) const fn is_of_many(&self, detector: Detector) -> bool {
        self.fleet & 1 << detector as u32 != 0
    }

    /// From where on it is somebody's own matter: what is found of many at once has to be much more. Not without end: many may have
    /// been taken over at once.
    pub(crate) const fn limit(&self, detector: Detector, limit: u32) -> u32 {
        if self.is_of_many(detector) { limit.saturating_mul(3) } else { limit }
    }
}
