//! What the registry knows, and what follows: whether somebody may open a record, and why.
//!
//! It is our policy in small: the team, whoever is on duty or runs the facility for the facility's persons, everybody in a disaster,
//! doctors and nurses in an emergency, officials with a right.

use std::collections::HashMap;

use anomaly::event::{Device, Facility, Person, Refusal, User, Why};
use model::{Profession, Timestamp};

use super::City;
use crate::calendar::hour_of;
use crate::rng::digest;

/// Duty begins in the evening and ends in the morning; on days off it lasts all day.
const EVENING: f64 = 17.5;
const MORNING: f64 = 8.5;

/// What the registry knows for a while.
#[derive(Debug, Default)]
pub struct Facts {
    /// Stands in for a team member, until.
    pub substitutes: HashMap<(User, Person), Timestamp>,
    /// Visits the person, or wrote about the person lately, until.
    pub visits: HashMap<(User, Person), Timestamp>,
    /// Was called in about the person, until.
    pub called: HashMap<(User, Person), Timestamp>,
    /// Declared an emergency about the person, until.
    pub emergencies: HashMap<(User, Person), Timestamp>,
    /// Is on duty by day, until.
    pub errands: HashMap<User, Errand>,
    /// Lost or replaced terminals, and since when.
    pub ended: HashMap<Device, Timestamp>,
    /// Who is on duty, by facility: since yesterday's evening, and from today's on.
    pub duty: [Vec<Option<User>>; 2],
    /// Offices are closed today.
    pub closed: bool,
}

/// A duty for a task.
#[derive(Clone, Copy, Debug)]
pub struct Errand {
    /// Until when.
    pub until: Timestamp,
    /// For whom.
    pub scope: Scope,
}

/// Whom a duty is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// The persons of his facility.
    Facility,
    /// All persons.
    City,
}

/// Whether somebody may open a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Yes, for the best reason there is.
    Permitted(Why),
    /// No.
    Refused(Refusal),
}

impl Access {
    /// Permitted, and something says why he needs it.
    #[must_use]
    pub const fn is_explained(self) -> bool {
        matches!(self, Self::Permitted(why) if why.is_explained())
    }
}

impl Facts {
    /// Whether a user is on duty at this time, by roster or for a task.
    fn duty(&self, user: User, facility: Facility, at: Timestamp) -> Option<Scope> {
        if let Some(errand) = self.errands.get(&user).filter(|errand| at < errand.until) {
            return Some(errand.scope);
        }
        (self.on_duty(facility, at) == Some(user)).then_some(Scope::Facility)
    }

    /// Who is on duty for a facility by roster.
    #[must_use]
    pub fn on_duty(&self, facility: Facility, at: Timestamp) -> Option<User> {
        let hour = hour_of(at);
        let roster = if hour < MORNING {
            self.duty.first()
        } else if self.closed || hour >= EVENING {
            self.duty.last()
        } else {
            None
        };
        roster?.get(facility.0 as usize).copied().flatten()
    }

    /// Gives somebody a duty; of two at a time the wider and the longer hold.
    pub fn entrust(&mut self, user: User, errand: Errand) {
        let held = self.errands.entry(user).or_insert(errand);
        held.until = held.until.max(errand.until);
        held.scope = held.scope.max(errand.scope);
    }

    /// Forgets what is over.
    pub fn forget(&mut self, at: Timestamp) {
        for facts in [&mut self.substitutes, &mut self.visits, &mut self.called, &mut self.emergencies] {
            facts.retain(|_, until| at < *until);
        }
        self.errands.retain(|_, errand| at < errand.until);
    }
}

fn holds(facts: &HashMap<(User, Person), Timestamp>, key: (User, Person), at: Timestamp) -> bool {
    facts.get(&key).is_some_and(|until| at < *until)
}

impl City {
    /// Whether somebody may open a record of a person, by what the registry knows.
    #[must_use]
    pub fn access(&self, user: User, person: Person, at: Timestamp) -> Access {
        let access = self.access_by_rules(user, person, at);
        // Wrong rules refuse the same thing to the same user for an hour, as wrong rules do.
        let refused: f64 = self.now(at).map(|condition| condition.what.refused).sum();
        if refused > 0.0 && matches!(access, Access::Permitted(_)) {
            let hour = at.as_millis().unsigned_abs() / 3_600_000;
            let drawn = digest(&[u64::from(user.0), u64::from(person.0), hour]) >> 11;
            if (drawn as f64) < refused * 9_007_199_254_740_992.0 {
                return Access::Refused(Refusal::NotAvailable);
            }
        }
        access
    }

    fn access_by_rules(&self, user: User, person: Person, at: Timestamp) -> Access {
        let (Some(worker), Some(known)) = (self.worker(user), self.person(person)) else {
            return Access::Refused(Refusal::NotAvailable);
        };
        let on_team = known.is_on_team(user);
        if !known.is_supported(at) {
            let was_his = on_team && known.stopped.is_some();
            return Access::Refused(if was_his { Refusal::Stopped } else { Refusal::NotAvailable });
        }
        let key = (user, person);
        if (on_team && known.known_from <= at) || holds(&self.facts.substitutes, key, at) {
            return Access::Permitted(Why::Team);
        }
        if holds(&self.facts.called, key, at) {
            return Access::Permitted(Why::Visit);
        }
        let of_house = known.is_cared_for_by(worker.facility);
        let duty = match self.facts.duty(user, worker.facility, at) {
            Some(Scope::City) => true,
            Some(Scope::Facility) => of_house,
            None => false,
        };
        let right = worker.city_right || (worker.manages && of_house);
        if (duty || right) && holds(&self.facts.visits, key, at) {
            return Access::Permitted(Why::Visit);
        }
        if duty {
            return Access::Permitted(Why::Duty);
        }
        if self.now(at).any(|condition| condition.what.disaster) {
            return Access::Permitted(Why::Disaster);
        }
        if holds(&self.facts.emergencies, key, at) {
            return Access::Permitted(Why::Emergency);
        }
        if right { Access::Permitted(Why::Right) } else { Access::Refused(Refusal::NotAvailable) }
    }

    /// Whether somebody may declare an emergency.
    #[must_use]
    pub fn may_declare(&self, user: User) -> bool {
        self.worker(user).is_some_and(|worker| matches!(worker.profession, Profession::Doctor | Profession::Nurse))
    }
}
