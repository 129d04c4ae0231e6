//! Thresholds, all in one place: data that the city may change, with the detectors' own as they are shipped.

use crate::contain::Step;
use crate::day::Calendar;
use crate::finding::Detector;
use crate::meter::Leak;

/// Where each detector begins to find something. Units are events, weighed as the detectors say, unless it is said otherwise.
#[derive(Clone, Debug, PartialEq)]
pub struct Params {
    /// Holidays and ends of months.
    pub calendar: Calendar,
    /// Records opened: faster than anybody reads.
    pub reading: Leak,
    /// Records opened: more than a day's work.
    pub reading_long: Leak,
    /// Persons whom nothing explains, within a day: somebody looks.
    pub unexplained: u32,
    /// And from how many on only explained persons are left.
    pub unexplained_hold: u32,
    /// Of them marked as sensitive.
    pub unexplained_sensitive: u32,
    /// Persons whom nothing explains, over weeks.
    pub unexplained_slow: Leak,
    /// Persons in a day, before it is compared with anything.
    pub persons: u32,
    /// Deviations above one's own days.
    pub persons_deviations: f32,
    /// Records refused in minutes.
    pub refusals: Leak,
    /// Records refused in hours.
    pub refusals_slow: Leak,
    /// Records refused in weeks.
    pub refusals_long: Leak,
    /// Records written anew in minutes.
    pub edits: Leak,
    /// Notes of others, or old ones, written anew or deleted.
    pub edits_others: Leak,
    /// Emergencies.
    pub emergencies: Leak,
    /// Exports.
    pub exports: Leak,
    /// Octets in a day that nobody wonders about.
    pub bytes: u64,
    /// Times one's own large days beyond which somebody wonders.
    pub bytes_times: f32,
    /// Wrong passwords for one user ID in minutes.
    pub guesses: Leak,
    /// Wrong passwords for one user ID in hours.
    pub guesses_slow: Leak,
    /// Wrong passwords for one user ID in weeks.
    pub guesses_long: Leak,
    /// User IDs that fail on one terminal, and do not succeed there, within an hour.
    pub sprayed: u32,
    /// The same within a day.
    pub sprayed_slow: u32,
    /// Seconds within which one certificate on two networks is in both at once.
    pub overlap_seconds: i64,
    /// Days without use after which somebody is not expected any more.
    pub dormant_days: i32,
    /// Gaps alike in a row, between persons who were not opened lately.
    pub cadence: u8,
    /// The same between any, where there are many persons.
    pub cadence_any: u8,
    /// Users of a facility that are hot within a quarter of an hour.
    pub outbreak: u32,
    /// Tries of persons whose support has stopped.
    pub stopped: Leak,
    /// Relatives, neighbours and colleagues whom nothing explains.
    pub near: Leak,
    /// Users at once of whom it is found: then it is the city's matter and not theirs.
    pub fleet: u32,
    /// From so many facilities.
    pub fleet_facilities: u32,
}

impl Default for Params {
    fn default() -> Self {
        Self {
            calendar: Calendar::default(),
            reading: Leak::new(15, 20),
            reading_long: Leak::new(60, 300),
            unexplained: 9,
            unexplained_hold: 12,
            unexplained_sensitive: 3,
            unexplained_slow: Leak::new(8, 2 * 86_400),
            persons: 14,
            persons_deviations: 4.5,
            refusals: Leak::new(8, 120),
            refusals_slow: Leak::new(10, 7200),
            refusals_long: Leak::new(20, 12 * 3600),
            edits: Leak::new(25, 60),
            edits_others: Leak::new(5, 3600),
            emergencies: Leak::new(2, 2 * 86_400),
            exports: Leak::new(4, 4 * 3600),
            bytes: 200 << 20,
            bytes_times: 3.0,
            guesses: Leak::new(5, 60),
            guesses_slow: Leak::new(12, 3600),
            guesses_long: Leak::new(20, 6 * 3600),
            sprayed: 5,
            sprayed_slow: 4,
            overlap_seconds: 60,
            dormant_days: 30,
            cadence: 24,
            cadence_any: 60,
            outbreak: 3,
            stopped: Leak::new(3, 8 * 3600),
            near: Leak::new(1, 14 * 86_400),
            fleet: 8,
            fleet_facilities: 4,
        }
    }
}

/// What the city has ordered of one detector.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Order {
    /// How far it may hold somebody by itself.
    pub ceiling: Step,
    /// It acts; else it proposes, and somebody has a minute to agree.
    pub acts: bool,
    /// Alone it may suspend: it has been right often enough, or cannot be wrong. Others need a second one beside them.
    pub proven: bool,
}

/// The standing order of the city: for each detector how far it may go (art. 29).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StandingOrder {
    each: Vec<Order>,
}

impl Default for StandingOrder {
    /// As it is shipped: whoever copies a certificate, sprays passwords, shows what is no session of his or is refused without end is
    /// suspended by one detector; all others by two that look at different things.
    fn default() -> Self {
        let order = |detector: &Detector| match detector {
            Detector::Spraying | Detector::CopiedCertificate | Detector::Replay | Detector::Refusals => {
                Order { ceiling: Step::UserSuspended, acts: true, proven: true }
            }
            _ => Order { ceiling: Step::UserSuspended, acts: true, proven: false },
        };
        Self { each: Detector::ALL.iter().map(order).collect() }
    }
}

impl StandingOrder {
    /// What is ordered of a detector; of one that is not named, nothing: it may not act.
    #[must_use]
    pub fn of(&self, detector: Detector) -> Order {
        let none = Order { ceiling: Step::None, acts: false, proven: false };
        self.each.get(detector as usize).copied().unwrap_or(none)
    }

    /// The same with another order for this detector.
    #[must_use]
    pub fn with(mut self, detector: Detector, order: Order) -> Self {
        if let Some(place) = self.each.get_mut(detector as usize) {
            *place = order;
        }
        self
    }
}
