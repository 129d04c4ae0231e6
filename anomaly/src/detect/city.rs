//! What many do at once: users of one facility, or of all.

use crate::event::{Facility, Person, User};
use crate::finding::Detector;
use crate::params::Params;
use crate::rings::Distinct;

/// What is remembered of a facility.
#[derive(Clone, Debug)]
pub(crate) struct FacilityState {
    /// Its users of whom something was found.
    pub(crate) hot: Distinct<16>,
    /// Persons who were opened lately for a known reason, and by whom.
    opened: [(u32, u32, u32); TOGETHER],
    next: u8,
}

impl Default for FacilityState {
    fn default() -> Self {
        Self { hot: Distinct::default(), opened: [(0, 0, 0); TOGETHER], next: 0 }
    }
}

/// So many persons of a facility are remembered.
const TOGETHER: usize = 48;
/// Minutes within which two look at somebody together: a hand-over, a conference.
const TOGETHER_MINUTES: u32 = 30;

impl FacilityState {
    /// A person was opened for a known reason.
    pub(crate) fn opened(&mut self, person: Person, user: User, minute: u32) {
        let same = self.opened.iter_mut().find(|(one, by, _)| *one == person.0 && *by == user.0);
        if let Some((_, _, at)) = same {
            *at = minute;
            return;
        }
        if let Some(place) = self.opened.get_mut(usize::from(self.next)) {
            *place = (person.0, user.0, minute);
        }
        self.next = if usize::from(self.next) + 1 < TOGETHER { self.next + 1 } else { 0 };
    }

    /// Whether a colleague looks at this person for a known reason at the same time.
    pub(crate) fn looks_with(&self, person: Person, user: User, minute: u32) -> bool {
        let since = minute.saturating_sub(TOGETHER_MINUTES).max(1);
        self.opened.iter().any(|(one, by, at)| *one == person.0 && *by != user.0 && *at >= since)
    }
}

/// What is remembered of the city.
#[derive(Clone, Debug, Default)]
pub(crate) struct City {
    found: Vec<Crowd>,
    /// By detector, until which minute it is the city's matter.
    fleet_until: [u32; Detector::ALL.len()],
}

/// Of whom one detector found something.
#[derive(Clone, Debug, Default)]
struct Crowd {
    users: Distinct<64>,
    facilities: Distinct<32>,
}

/// Minutes within which what is found of several is found at once.
const AT_ONCE_MINUTES: u32 = 60;
/// Minutes for which it stays the city's matter.
const FLEET_MINUTES: u32 = 12 * 60;

impl City {
    /// Something was found of a user; whether it has become the city's matter by that, with how many.
    pub(crate) fn found(
        &mut self,
        detector: Detector,
        (user, facility): (User, Facility),
        minute: u32,
        params: &Params,
    ) -> Option<u32> {
        if self.found.is_empty() {
            self.found = vec![Crowd::default(); Detector::ALL.len()];
        }
        let crowd = self.found.get_mut(detector as usize)?;
        let since = minute.saturating_sub(AT_ONCE_MINUTES).max(1);
        crowd.users.note(user.0, minute, since, false);
        crowd.facilities.note(facility.0, minute, since, false);
        let (users, facilities) = (crowd.users.since(since).0, crowd.facilities.since(since).0);
        if users < params.fleet || facilities < params.fleet_facilities {
            return None;
        }
        let until = self.fleet_until.get_mut(detector as usize)?;
        let news = *until < minute;
        *until = minute.saturating_add(FLEET_MINUTES);
        news.then_some(users)
    }

    /// Whether what this detector finds is the city's matter.
    pub(crate) fn is_of_many(&self, detector: Detector, minute: u32) -> bool {
        self.fleet_until.get(detector as usize).is_some_and(|until| *until >= minute)
    }

    /// The detectors whose findings are the city's matter, a bit each.
    pub(crate) fn fleet(&self, minute: u32) -> u32 {
        self.fleet_until
            .iter()
            .enumerate()
            .filter(|(_, until)| **until >= minute)
            .fold(0, |bits, (at, _)| bits | 1 << at)
    }
}
