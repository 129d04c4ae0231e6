//! From findings to acts: who is held how far, by what the city has ordered.

use model::Timestamp;

use crate::contain::{Ask, Containment, Leave, Step};
use crate::event::{Device, Event, Facility, User};
use crate::finding::{Detector, Finding, Subject};

/// What is known of a user beside what he does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Profile {
    /// Whose work his is compared with: a profession, by its number.
    pub peers: u8,
    /// Where he works.
    pub facility: Facility,
}

/// Something an officer hears of.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Told {
    /// What was found.
    pub finding: Finding,
    /// How far the subject is held from now on because of it; [`Step::None`] where nothing was done.
    pub done: Step,
}

/// Detectors and containment of a city.
#[derive(Debug, Default)]
pub struct Guard {
    users: Vec<Containment>,
    devices: Vec<Containment>,
}

impl Guard {
    /// Whom a number stands for. To be told before his first event; told again when it changes.
    pub fn know(&mut self, user: User, profile: Profile) {
        let _ = (user, profile);
    }

    /// Whether somebody may do something at a terminal now.
    pub fn leave(&mut self, user: User, device: Device, ask: Ask, now: Timestamp) -> Leave {
        let mut leave = Leave::Granted;
        for held in [self.devices.get_mut(device.0 as usize), self.users.get_mut(user.0 as usize)].into_iter().flatten() {
            leave = held.leave(ask, now);
            if leave != Leave::Granted {
                break;
            }
        }
        leave
    }

    /// Hears what happened, and says what an officer has to hear.
    pub fn hear(&mut self, event: &Event, tell: &mut impl FnMut(Told)) {
        let _ = (event, tell, Detector::ALL);
    }

    /// An officer lifts what is held.
    pub fn lift(&mut self, subject: Subject) {
        match subject {
            Subject::User(user) => self.users.get_mut(user.0 as usize).into_iter().for_each(Containment::lift),
            Subject::Device(device) => self.devices.get_mut(device.0 as usize).into_iter().for_each(Containment::lift),
            Subject::Facility(_) | Subject::City => {}
        }
    }

    /// How far a user is held.
    #[must_use]
    pub fn user_step(&self, user: User, now: Timestamp) -> Step {
        self.users.get(user.0 as usize).map_or(Step::None, |held| held.step(now))
    }

    /// How far a terminal is held.
    #[must_use]
    pub fn device_step(&self, device: Device, now: Timestamp) -> Step {
        self.devices.get(device.0 as usize).map_or(Step::None, |held| held.step(now))
    }
}
