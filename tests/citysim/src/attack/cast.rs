//! Who carries out what, and from when on: decided before the first day, so that it does not depend on what is found.

use std::collections::{BTreeSet, HashSet};

use anomaly::event::{Device, Facility, User};
use model::Timestamp;

use super::{Culprit, Hours, Instance};
use crate::calendar::{Calendar, DAY};
use crate::city::{City, House, Worker};
use crate::day::one_other;
use crate::mix::{Attack, Kind, Mix, Over, Right};
use crate::rng::{Rng, word};
use crate::stream::Scene;

/// A head who reads what he should not has at least so many to read about.
const OTHERS: usize = 8;
/// Whoever is cast cares for so many, if somebody does.
const PANEL: usize = 8;
/// Nothing begins in the first hours of a run.
const FIRST_DAY: u32 = 1;

/// All attacks of a run. Whoever is cast stays in the city, and is cast once.
pub fn cast(mix: &Mix, city: &mut City, calendar: &Calendar, days: u32, seed: u64) -> (Vec<Instance>, Vec<Culprit>) {
    let mut casting =
        Casting { mix, city, calendar, days, taken: BTreeSet::new(), instances: Vec::new(), culprits: Vec::new() };
    for (kind, attack) in mix.attack.iter().enumerate() {
        for nth in 0..attack.instances {
            let mut rng = Rng::of(seed, &[0xa77a, word(&attack.name), u64::from(nth)]);
            // One that finds no time or nobody is left out, and missing in the table.
            let _ = casting.place(kind, attack, &mut rng);
        }
    }
    (casting.instances, casting.culprits)
}

struct Casting<'a> {
    mix: &'a Mix,
    city: &'a mut City,
    calendar: &'a Calendar,
    days: u32,
    taken: BTreeSet<User>,
    instances: Vec<Instance>,
    culprits: Vec<Culprit>,
}

impl Casting<'_> {
    fn place(&mut self, kind: usize, attack: &Attack, rng: &mut Rng) -> Option<()> {
        let idle = (attack.who.kind == Kind::Leaver).then(|| attack.who.idle_days.draw(rng).round() as u32);
        let starts = self.start(attack, idle.unwrap_or(0), rng)?;
        let owners = self.owners(attack, rng)?;
        let mut instance = Instance {
            kind,
            starts,
            culprits: Vec::new(),
            users: Vec::new(),
            devices: Vec::new(),
            facilities: Vec::new(),
            victims: HashSet::new(),
            begun: None,
            counts_from: None,
            ended: None,
            closed: None,
            detected: None,
        };
        let account = self.somebody(rng);
        for owner in owners {
            self.taken.insert(owner);
            let number = self.culprits.len();
            let one = self.city.worker(owner).and_then(|worker| one_other(self.city, worker, starts, rng));
            self.relate(owner, attack, rng);
            if let Some(idle) = idle {
                let last = starts.plus_millis(-i64::from(idle) * DAY);
                self.city.worker_mut(owner).into_iter().for_each(|worker| worker.until = Some(last));
            }
            let worker = self.city.worker_mut(owner)?;
            worker.cast = true;
            instance.facilities.push(worker.facility);
            instance.culprits.push(number);
            let seed = rng.bits();
            let facility = worker.facility;
            let scene = Scene { owner, facility, one, account, ..Scene::of(owner, facility, self.mix.care.bytes) };
            self.culprits.push(Culprit::new(self.instances.len(), scene, seed));
        }
        self.instances.push(instance);
        Some(())
    }

    /// Whoever is curious about relatives has some.
    fn relate(&mut self, owner: User, attack: &Attack, rng: &mut Rng) {
        let near = attack.phase.iter().any(|phase| phase.over == Over::Near);
        let lacks = self
            .city
            .worker(owner)
            .is_some_and(|worker| worker.near.iter().all(|person| worker.panel.contains(person)));
        if near && lacks && rng.chance(0.5) {
            let persons: Vec<_> = self.city.supported(Timestamp::MIN).map(|(person, _)| person).collect();
            let relative = rng.pick(&persons).copied();
            self.city.worker_mut(owner).into_iter().for_each(|worker| worker.near.extend(relative));
        }
    }

    fn start(&self, attack: &Attack, idle: u32, rng: &mut Rng) -> Option<Timestamp> {
        let start = &attack.start;
        // It should be over within the run, if it can.
        let lasts: f64 = attack
            .phase
            .iter()
            .map(|phase| phase.wait_h.most() / 24.0 + phase.per_day.map_or(0.0, |_| phase.days.most()))
            .sum();
        let first = FIRST_DAY.max((start.after_weeks * 7.0).ceil() as u32).max(if idle > 0 { idle + 3 } else { 0 });
        let last = self.days.saturating_sub((lasts.ceil() as u32).max(1));
        let mut fit: Vec<u32> = (first..=last).filter(|day| *day < self.days && self.fits(attack, *day)).collect();
        rng.shuffle(&mut fit);
        let hours = Hours::new(&start.hours, start.working_days);
        let during = start.during.as_ref().and_then(|name| self.mix.burst.iter().position(|burst| burst.name == *name));
        for day in fit {
            for _ in 0..20 {
                let Some((from, to)) = hours.on(day, self.calendar) else { break };
                let at = from.plus_millis((rng.unit() * to.millis_since(from) as f64) as i64);
                let held = during.is_none_or(|burst| self.goes_on(burst, at));
                if held {
                    return Some(at);
                }
            }
        }
        None
    }

    fn fits(&self, attack: &Attack, number: u32) -> bool {
        let day = self.calendar.day(number);
        (!attack.start.working_days || day.is_working())
            && attack.start.month_end.is_none_or(|last| day.to_month_end < last)
    }

    /// Whether a burst goes on: while it makes anything otherwise, or on its days.
    fn goes_on(&self, burst: usize, at: Timestamp) -> bool {
        let mut conditions = self.city.conditions.iter().filter(|condition| condition.burst == burst).peekable();
        if conditions.peek().is_some() {
            return conditions.any(|condition| condition.from <= at && at < condition.until);
        }
        let day = self.calendar.day(self.calendar.number_at(at));
        self.mix.burst.get(burst).is_some_and(|burst| burst.when.is_on(day, self.calendar))
    }

    fn owners(&self, attack: &Attack, rng: &mut Rng) -> Option<Vec<User>> {
        let count = attack.who.users.count(rng).max(1) as usize;
        if attack.who.kind == Kind::Facility {
            let fit = |house: &House| {
                house.users.len() >= count
                    && house.users.iter().all(|user| !self.taken.contains(user))
                    && (attack.who.professions.is_empty()
                        || attack.who.professions.iter().any(|named| named.0 == house.profession))
            };
            let houses: Vec<Facility> = (0..)
                .map(Facility)
                .zip(&self.city.houses)
                .filter(|(_, house)| fit(house))
                .map(|(facility, _)| facility)
                .collect();
            return rng.pick(&houses).and_then(|facility| self.city.house(*facility)).map(|house| house.users.clone());
        }
        // What is stolen or copied is a terminal that one user has for himself; and whoever has nobody to care for has little to do.
        let own_terminal = attack.who.kind != Kind::Insider;
        let shared: BTreeSet<Device> = self.city.houses.iter().flat_map(|house| house.shared.iter().copied()).collect();
        let mut fit: Vec<User> = Vec::new();
        for (user, worker) in self.city.users() {
            let right = match attack.who.right {
                Right::Any => true,
                Right::None => !worker.manages && !worker.city_right,
                Right::Facility => worker.manages && self.others(worker) >= OTHERS,
                Right::City => worker.city_right,
            };
            let profession = attack.who.professions.is_empty()
                || attack.who.professions.iter().any(|named| named.0 == worker.profession);
            let leaves = attack.who.kind != Kind::Leaver || !worker.manages;
            let terminal = !own_terminal || !shared.contains(&worker.device);
            if right && profession && leaves && terminal && !self.taken.contains(&user) && !worker.panel.is_empty() {
                fit.push(user);
            }
        }
        if fit.is_empty() && attack.who.right == Right::City {
            fit = self
                .city
                .users()
                .filter(|(user, worker)| worker.city_right && !self.taken.contains(user))
                .map(|(user, _)| user)
                .collect();
        }
        rng.shuffle(&mut fit);
        // There is little to take from whoever cares for few.
        fit.sort_by_key(|user| self.city.worker(*user).is_none_or(|worker| worker.panel.len() < PANEL));
        fit.truncate(count);
        (!fit.is_empty()).then_some(fit)
    }

    /// Persons of his facility for whom he does not care.
    fn others(&self, worker: &Worker) -> usize {
        let persons = self.city.house(worker.facility).map_or(0, |house| house.persons.len());
        persons.saturating_sub(worker.panel.len())
    }

    fn somebody(&self, rng: &mut Rng) -> Option<User> {
        let all: Vec<User> =
            self.city.users().map(|(user, _)| user).filter(|user| !self.taken.contains(user)).collect();
        rng.pick(&all).copied()
    }
}
