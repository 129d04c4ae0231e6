//! What was found of one subject lately: nobody is told the same twice a day, and two detectors that look at different things tell more than one.

use crate::finding::Detector;
use crate::user::DAY_MINUTES;

/// See the module.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Recall {
    /// By detector, the minute in which it last told somebody; 0 is never.
    told: [u32; Detector::ALL.len()],
    /// And the minute in which it last found anything.
    found: [u32; Detector::ALL.len()],
}

impl Default for Recall {
    fn default() -> Self {
        Self { told: [0; Detector::ALL.len()], found: [0; Detector::ALL.len()] }
    }
}

impl Recall {
    /// Notes what was found; whether somebody is to be told: not again within a day, whatever has become of what he was told.
    pub(crate) fn note(&mut self, detector: Detector, minute: u32, alert: bool) -> bool {
        if let Some(found) = self.found.get_mut(detector as usize) {
            *found = minute;
        }
        let Some(told) = self.told.get_mut(detector as usize) else { return false };
        let news = *told == 0 || minute.saturating_sub(*told) >= DAY_MINUTES;
        if alert && news {
            *told = minute;
        }
        news
    }

    /// Whether this was found within a day.
    pub(crate) fn was_found(&self, detector: Detector, minute: u32) -> bool {
        self.found.get(detector as usize).is_some_and(|found| *found > 0 && minute.saturating_sub(*found) < DAY_MINUTES)
    }

    /// Whether another detector, of those that look at something else, has told somebody within a day.
    pub(crate) fn independent(&self, detector: Detector, minute: u32) -> bool {
        let own = looks_at(detector);
        Detector::ALL
            .iter()
            .zip(self.told)
            .any(|(other, told)| told > 0 && minute.saturating_sub(told) < DAY_MINUTES && looks_at(*other) != own)
    }
}

/// What a detector looks at: two that look at the same are not two.
const fn looks_at(detector: Detector) -> u8 {
    match detector {
        Detector::FastReading
        | Detector::ManyPersons
        | Detector::Unexplained
        | Detector::Near
        | Detector::Emergencies
        | Detector::Volume
        | Detector::Cadence => 0,
        Detector::Refusals | Detector::Stopped => 1,
        Detector::Rewriting => 2,
        Detector::Guessing | Detector::Spraying => 3,
        Detector::CopiedCertificate | Detector::OtherClient | Detector::Travel | Detector::Replay | Detector::Ended => {
            4
        }
        Detector::Dormant | Detector::UnusualHour => 5,
        Detector::Outbreak | Detector::Drift => 6,
    }
}
