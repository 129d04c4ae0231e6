//! Cases: several findings about one subject within a day are one.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use anomaly::{Detector, Subject};
use model::Timestamp;

use super::Truth;
use crate::calendar::DAY;

/// What one case is about.
#[derive(Clone, Debug)]
pub struct Case {
    /// About whom.
    pub subject: Subject,
    /// When it was opened.
    pub at: Timestamp,
    /// The best of what its findings were.
    pub truth: Truth,
    /// Which detectors found something.
    pub detectors: BTreeSet<Detector>,
}

/// Cases of a run, or of several.
#[derive(Clone, Debug, Default)]
pub struct Cases {
    all: Vec<Case>,
    open: HashMap<Subject, usize>,
}

impl Cases {
    /// A finding: of the case that is open about its subject, or of a new one.
    pub fn hear(&mut self, subject: Subject, detector: Detector, truth: Truth, at: Timestamp) {
        let open = self.open.get(&subject).and_then(|number| self.all.get_mut(*number));
        if let Some(case) = open.filter(|case| at.millis_since(case.at) < DAY) {
            case.truth = case.truth.max(truth);
            case.detectors.insert(detector);
            return;
        }
        self.open.insert(subject, self.all.len());
        self.all.push(Case { subject, at, truth, detectors: BTreeSet::from([detector]) });
    }

    /// All of them.
    #[must_use]
    pub fn all(&self) -> &[Case] {
        &self.all
    }

    /// Those of another run.
    pub fn add(&mut self, other: Self) {
        // What was open in one run is not open in another.
        self.open.clear();
        self.all.extend(other.all);
    }

    /// How many of them are such.
    pub fn count(&self, such: impl Fn(Truth) -> bool) -> u32 {
        self.all.iter().filter(|case| such(case.truth)).count() as u32
    }

    /// Of those that are not about a fault of the service, the share that is right; none where there are none.
    pub fn precision(&self, right: impl Fn(Truth) -> bool) -> Option<f64> {
        let all = self.count(|truth| truth != Truth::Incident);
        (all > 0).then(|| f64::from(self.count(|truth| truth != Truth::Incident && right(truth))) / f64::from(all))
    }

    /// False ones by detector; one that two detectors found counts for both.
    #[must_use]
    pub fn false_by_detector(&self) -> BTreeMap<Detector, u32> {
        let mut by = BTreeMap::new();
        for case in self.all.iter().filter(|case| case.truth == Truth::False) {
            for detector in &case.detectors {
                *by.entry(*detector).or_default() += 1;
            }
        }
        by
    }
}
