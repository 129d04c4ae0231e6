//! Who comes and goes: users, persons, terminals.

use anomaly::event::{Device, Facility, Person, User};
use model::Timestamp;

use super::City;
use crate::calendar::HOUR;
use crate::mix::Mix;
use crate::rng::Rng;

/// Days of a month, for shares of a month.
const MONTH: f64 = 30.44;

/// What changed on a day, as far as others have to hear of it.
#[derive(Debug, Default)]
pub struct Changes {
    /// Users who joined.
    pub joined: Vec<User>,
    /// Terminals that were replaced and are started once more, and whose they were.
    pub found_again: Vec<(Device, User)>,
    /// Persons whose support stops today, and when.
    pub stopped: Vec<(Person, Timestamp)>,
}

impl City {
    /// Lets a day's changes happen; `midnight` is when it begins.
    pub fn change(&mut self, mix: &Mix, midnight: Timestamp, working: bool, rng: &mut Rng) -> Changes {
        let mut changes = Changes::default();
        let churn = &mix.churn;
        let users = self.users().filter(|(_, worker)| worker.works(midnight)).count() as f64;
        let noon = |rng: &mut Rng| midnight.plus_millis((rng.between(9.0, 17.0) * HOUR as f64) as i64);
        if working {
            for _ in 0..rng.poisson(users * churn.join / MONTH * 7.0 / 5.0) {
                changes.joined.extend(self.join(mix, midnight, rng));
            }
        }
        for _ in 0..rng.poisson(users * churn.leave / MONTH) {
            let user = User(rng.below(self.workers.len()) as u32);
            let open = rng.chance(churn.left_open);
            self.leave(user, midnight, open);
        }
        let persons = self.supported(midnight).count() as f64;
        for _ in 0..rng.poisson(persons * churn.persons / MONTH) {
            let from = noon(rng);
            let person = self.take_in(mix, from, rng);
            let late = rng.chance(mix.care.unrecorded);
            let hours = if late { rng.between(8.0, 48.0) } else { 0.0 };
            if let Some(known) = self.persons.get_mut(person.0 as usize) {
                known.known_from = from.plus_millis((hours * HOUR as f64) as i64);
            }
        }
        for _ in 0..rng.poisson(persons * churn.persons / MONTH) {
            let person = Person(rng.below(self.persons.len()) as u32);
            if self.person(person).is_some_and(|known| known.is_supported(midnight)) {
                let at = noon(rng);
                self.stop(person, at);
                changes.stopped.push((person, at));
            }
        }
        for _ in 0..rng.poisson(users * churn.terminals / MONTH) {
            let user = User(rng.below(self.workers.len()) as u32);
            if self.worker(user).is_some_and(|worker| worker.works(midnight) && !worker.cast) {
                let old = self.replace_terminal(user, midnight, rng);
                changes.found_again.extend(old.filter(|_| rng.chance(churn.found_again)).map(|old| (old, user)));
            }
        }
        for _ in 0..rng.poisson(self.terminals.len() as f64 * mix.network.updates / MONTH) {
            let device = rng.below(self.terminals.len());
            self.update(Device(device as u32));
        }
        changes
    }

    /// A terminal has another version of its program.
    pub fn update(&mut self, device: Device) {
        self.terminals.get_mut(device.0 as usize).into_iter().for_each(|terminal| terminal.version += 1);
    }

    /// A user joins a facility and takes half of what a colleague has.
    fn join(&mut self, mix: &Mix, at: Timestamp, rng: &mut Rng) -> Option<User> {
        let facility = Facility(rng.below(self.houses.len()) as u32);
        let house = self.house(facility)?;
        let (profession, colleague) = (house.profession, rng.pick(&house.users).copied());
        let user = self.employ(facility, mix.profession.of(profession), mix, at, rng)?;
        let panel = colleague.and_then(|colleague| self.worker(colleague)).map(|colleague| colleague.panel.clone());
        for person in panel.unwrap_or_default() {
            if rng.chance(0.5) {
                self.add_to_team(user, facility, person);
            }
        }
        Some(user)
    }

    fn add_to_team(&mut self, user: User, facility: Facility, person: Person) {
        let Some(known) = self.persons.get_mut(person.0 as usize) else { return };
        let Some(team) = known.team.iter_mut().find(|team| team.facility == facility) else { return };
        if !team.users.contains(&user) {
            team.users.push(user);
            self.worker_mut(user).into_iter().for_each(|worker| worker.panel.push(person));
        }
    }

    /// A user leaves, if nothing is to happen with him; a colleague takes his persons. His user ID ends, or stays open.
    fn leave(&mut self, user: User, at: Timestamp, open: bool) {
        let leaves = self.worker(user).is_some_and(|worker| worker.works(at) && !worker.cast && !worker.manages);
        if leaves {
            self.part(user, at);
            // Whoever's user ID ends takes no part in anything any more.
            self.worker_mut(user).into_iter().for_each(|worker| worker.gone = !open);
        }
    }

    /// A user leaves; a colleague takes his persons.
    pub fn part(&mut self, user: User, at: Timestamp) {
        let Some(worker) = self.worker_mut(user) else { return };
        worker.until = Some(at);
        let (facility, panel) = (worker.facility, std::mem::take(&mut worker.panel));
        let colleagues = self.house(facility).map(|house| house.users.clone()).unwrap_or_default();
        let heirs: Vec<User> = colleagues.into_iter().filter(|heir| *heir != user && self.works(*heir, at)).collect();
        for (person, nth) in panel.into_iter().zip(0..) {
            if let Some(known) = self.persons.get_mut(person.0 as usize) {
                known.team.iter_mut().for_each(|team| team.users.retain(|other| *other != user));
            }
            if let Some(heir) = heirs.get(nth % heirs.len().max(1)) {
                self.add_to_team(*heir, facility, person);
            }
        }
        self.houses
            .get_mut(facility.0 as usize)
            .into_iter()
            .for_each(|house| house.users.retain(|other| *other != user));
    }

    /// A user has another terminal from now on; returns the old one, if it was his alone.
    pub fn replace_terminal(&mut self, user: User, at: Timestamp, rng: &mut Rng) -> Option<Device> {
        let worker = self.worker(user)?;
        let (facility, mobile, old) = (worker.facility, worker.mobile, worker.device);
        let shared = self.house(facility)?.shared.contains(&old);
        let device = self.loan(facility, mobile, rng);
        self.worker_mut(user)?.device = device;
        if !shared {
            self.facts.ended.insert(old, at);
        }
        (!shared).then_some(old)
    }
}
