//! Attacks: who carries them out against whom, from when on, and what he does next.

mod cast;
mod culprit;
mod going;
mod times;

use std::collections::HashSet;

use anomaly::Subject;
use anomaly::event::{Device, Facility, User};
use model::Timestamp;

use crate::calendar::DAY;
use crate::mix::{Attack, Kind};

pub use cast::cast;
pub use culprit::{Culprit, Loot, Means, Move};
pub use times::Hours;

/// An attack that has ended still explains what is found of it for so long.
const STILL_MEANT: i64 = DAY;

/// One attack of a kind.
#[derive(Clone, Debug)]
pub struct Instance {
    /// Which kind: its number in the mix.
    pub kind: usize,
    /// When it is to begin.
    pub starts: Timestamp,
    /// Those who carry it out, by their numbers.
    pub culprits: Vec<usize>,
    /// As whom it is carried out.
    pub users: Vec<User>,
    /// With which terminals.
    pub devices: Vec<Device>,
    /// At which facilities.
    pub facilities: Vec<Facility>,
    /// Whose passwords are tried: meant by a finding, but not to be held.
    pub victims: HashSet<User>,
    /// When it began.
    pub begun: Option<Timestamp>,
    /// When what counts began: after what only prepares it.
    pub counts_from: Option<Timestamp>,
    /// When the last of them stopped acting.
    pub ended: Option<Timestamp>,
    /// When the office ended it.
    pub closed: Option<Timestamp>,
    /// When an officer first heard of it.
    pub detected: Option<Timestamp>,
}

/// How a finding about somebody stands to an attack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meant {
    /// It is not about this attack.
    No,
    /// It is about somebody whom it is done to.
    Victim,
    /// It is about somebody, or something, that it is done with.
    Yes,
}

impl Instance {
    /// Whether it goes on, or ended a short time ago.
    #[must_use]
    pub fn is_recent(&self, at: Timestamp) -> bool {
        self.begun.is_some_and(|begun| begun <= at)
            && self.ended.is_none_or(|ended| at.millis_since(ended) < STILL_MEANT)
    }

    /// Whether it goes on.
    #[must_use]
    pub fn is_on(&self, at: Timestamp) -> bool {
        self.begun.is_some_and(|begun| begun <= at) && self.ended.is_none()
    }

    /// How a finding about `subject` stands to it.
    #[must_use]
    pub fn is_meant(&self, subject: Subject, kind: &Attack, at: Timestamp) -> Meant {
        if !self.is_recent(at) {
            return Meant::No;
        }
        let yes = match subject {
            Subject::User(user) if self.users.contains(&user) => true,
            Subject::User(user) if self.victims.contains(&user) => return Meant::Victim,
            Subject::User(_) => false,
            Subject::Device(device) => self.devices.contains(&device),
            Subject::Facility(facility) => self.facilities.contains(&facility),
            Subject::City => kind.city_wide,
        };
        if yes { Meant::Yes } else { Meant::No }
    }
}

/// Whether those who carry it out are users of their own will: their user IDs stay ended.
#[must_use]
pub fn by_insiders(kind: &Attack) -> bool {
    matches!(kind.who.kind, Kind::Insider | Kind::Leaver)
}
