//! Bursts of the mix on their days: who takes part, and what the registry knows of it.

use std::collections::VecDeque;

use anomaly::event::{Person, User};
use model::Timestamp;

use super::{Beat, Fact, Plan, Planner, Sitting};
use crate::calendar::{Calendar, HOUR};
use crate::city::{City, Condition, Errand, Scope, Worker, place_of};
use crate::mix::{Burst, Mix, Over};
use crate::rng::{Rng, word};
use crate::stream::{Scene, Stream};

/// So long a person counts as new.
const NEW_DAYS: i64 = 14;

/// The days of a run on which a burst takes place, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Occasions(pub Vec<u32>);

/// The days of all bursts, and what is otherwise on them.
#[must_use]
pub fn occasions(mix: &Mix, calendar: &Calendar, days: u32, seed: u64) -> (Vec<Occasions>, Vec<Condition>) {
    let (mut all, mut conditions) = (Vec::new(), Vec::new());
    for (number, burst) in mix.burst.iter().enumerate() {
        let mut rng = Rng::of(seed, &[0x0cca, word(&burst.name)]);
        let mut on: Vec<u32> = (0..days).filter(|day| burst.when.is_on(calendar.day(*day), calendar)).collect();
        let during = during(mix, burst);
        on.retain(|day| {
            during.is_none_or(|during| holds(&conditions, during, calendar.midnight(*day), calendar.midnight(*day + 1)))
        });
        on.retain(|_| rng.chance(burst.when.chance));
        if let Some(most) = burst.when.days_max {
            rng.shuffle(&mut on);
            on.truncate(most as usize);
            on.sort_unstable();
        }
        for day in burst.meanwhile.iter().flat_map(|what| on.iter().map(move |day| (what, day))) {
            let (what, day) = day;
            let (from, to) = burst.when.hours.window();
            let from = calendar.at(*day, rng.between(from, to));
            let until = from.plus_millis((what.hours.draw(&mut rng) * HOUR as f64) as i64);
            conditions.push(Condition { burst: number, from, until, what: what.clone() });
        }
        all.push(Occasions(on));
    }
    (all, conditions)
}

/// The burst that another takes place in.
fn during(mix: &Mix, burst: &Burst) -> Option<usize> {
    burst.when.during.as_ref().and_then(|name| mix.burst.iter().position(|other| other.name == *name))
}

/// Whether a burst makes anything otherwise at any time between these.
fn holds(conditions: &[Condition], burst: usize, from: Timestamp, to: Timestamp) -> bool {
    conditions.iter().any(|condition| condition.burst == burst && condition.from <= to && from < condition.until)
}

impl Planner<'_> {
    pub(super) fn bursts(&self, occasions: &[Occasions], plan: &mut Plan) {
        for (burst, on) in self.mix.burst.iter().zip(occasions) {
            if !burst.phase.is_empty() && on.0.contains(&self.day.number) {
                self.burst(burst, plan);
            }
        }
    }

    fn burst(&self, burst: &Burst, plan: &mut Plan) {
        let mut rng = Rng::of(self.seed, &[0xb057, word(&burst.name), u64::from(self.day.number)]);
        let new = burst.phase.iter().any(|phase| phase.over == Over::New).then(|| self.new_person(&mut rng)).flatten();
        let during = during(self.mix, burst);
        for user in self.crowd(burst, new, &mut rng) {
            let mut rng =
                Rng::of(self.seed, &[0xb058, word(&burst.name), u64::from(self.day.number), u64::from(user.0)]);
            let (from, to) = burst.when.hours.window();
            let at = self.at(rng.between(from, to));
            if during.is_none_or(|during| holds(&self.city.conditions, during, at, at)) {
                self.take_part(burst, user, new, at, &mut rng, plan);
            }
        }
    }

    /// Who takes part today.
    fn crowd(&self, burst: &Burst, new: Option<Person>, rng: &mut Rng) -> Vec<User> {
        let who = &burst.who;
        let noon = self.at(12.0);
        let fits = |worker: &Worker| {
            worker.works(noon)
                && (who.professions.is_empty() || who.professions.iter().any(|named| named.0 == worker.profession))
                && (!who.heads || worker.manages)
                && (!who.city_right || worker.city_right)
        };
        let houses: Vec<bool> = self.city.houses.iter().map(|_| rng.chance(who.facilities)).collect();
        let taking_part = |worker: &Worker| houses.get(worker.facility.0 as usize).copied().unwrap_or(false);
        let mut crowd: Vec<User> = Vec::new();
        for (user, worker) in self.city.users() {
            if taking_part(worker) && rng.chance(who.share) && fits(worker) {
                crowd.push(user);
            }
        }
        if let Some(users) = who.users {
            let most = users.count(rng) as usize;
            rng.shuffle(&mut crowd);
            // It is about a person: whoever is on the team comes first, then their colleagues.
            if let Some(known) = new.and_then(|new| self.city.person(new)) {
                let far = |user: &User| {
                    let house = self.city.worker(*user).map(|worker| worker.facility);
                    (!known.is_on_team(*user), !house.is_some_and(|house| known.is_cared_for_by(house)))
                };
                crowd.sort_by_key(far);
            }
            crowd.truncate(most);
        }
        crowd
    }

    fn take_part(&self, burst: &Burst, user: User, new: Option<Person>, at: Timestamp, rng: &mut Rng, plan: &mut Plan) {
        let Some(worker) = self.city.worker(user) else { return };
        let Some(terminal) = self.city.terminal(worker.device) else { return };
        let scene = Scene {
            user: Some(user),
            owner: user,
            facility: worker.facility,
            one: if burst.phase.iter().any(|phase| phase.over == Over::One) { self.one(worker, rng) } else { None },
            new,
            account: None,
            print: terminal.print(),
            place: Some(place_of(worker.seat.source)),
            bytes: self.mix.care.bytes,
        };
        let mut beats = VecDeque::new();
        for phase in &burst.phase {
            let mut stream = Stream::new(phase, &scene, self.city, at, rng);
            let mut wait = (phase.wait_h.draw(rng) * HOUR as f64) as i64;
            while let Some(act) = stream.next(phase, &scene, rng) {
                beats.push_back(Beat { gap: wait, act });
                wait = stream.gap_millis(phase, rng);
            }
        }
        if beats.is_empty() {
            return;
        }
        if rng.chance(burst.recorded) {
            let lasts: i64 = beats.iter().map(|beat| beat.gap).sum();
            plan.facts.push(self.reason(burst, user, new, at.plus_millis(lasts + 2 * HOUR)));
        }
        let mut sitting = Sitting::new(user, beats, rng.clone());
        if burst.shared_terminal {
            sitting.device = self.city.house(worker.facility).and_then(|house| rng.pick(&house.shared).copied());
        }
        plan.sittings.push((at, sitting));
    }

    /// The fact that explains it.
    fn reason(&self, burst: &Burst, user: User, new: Option<Person>, until: Timestamp) -> Fact {
        if let Some(new) = new {
            return Fact::Called(user, new, until);
        }
        let city_wide = burst.phase.iter().any(|phase| matches!(phase.over, Over::All | Over::One | Over::Near));
        let scope = if city_wide { Scope::City } else { Scope::Facility };
        Fact::Errand(user, Errand { until, scope })
    }

    /// Somebody who came lately; else anybody.
    fn new_person(&self, rng: &mut Rng) -> Option<Person> {
        let noon = self.at(12.0);
        let since = noon.plus_millis(-NEW_DAYS * 24 * HOUR);
        let supported: Vec<(Person, bool)> =
            self.city.supported(noon).map(|(person, known)| (person, known.from > since)).collect();
        let new: Vec<Person> = supported.iter().filter(|(_, new)| *new).map(|(person, _)| *person).collect();
        rng.pick(&new).copied().or_else(|| rng.pick(&supported).map(|(person, _)| *person))
    }

    fn one(&self, worker: &Worker, rng: &mut Rng) -> Option<Person> {
        one_other(self.city, worker, self.at(12.0), rng)
    }
}

/// Some person for whom he does not care.
pub fn one_other(city: &City, worker: &Worker, at: Timestamp, rng: &mut Rng) -> Option<Person> {
    let others: Vec<Person> =
        city.supported(at).map(|(person, _)| person).filter(|person| !worker.panel.contains(person)).collect();
    rng.pick(&others).copied()
}
