//! Work beside visits: reading at the desk, searching, a mistake, a look by right, an emergency.

use std::collections::VecDeque;

use anomaly::event::{Person, User};
use model::Profession;

use super::{Beat, Plan, Planner, Sitting};
use crate::city::Worker;
use crate::deed::Act;
use crate::mix::Span;
use crate::rng::Rng;

/// Likelihood that somebody works at all, when offices are open.
const THERE: f64 = 0.9;
/// And that he works on a day off of whoever works at weekends.
const THERE_ON_DAYS_OFF: f64 = 0.6;

impl Planner<'_> {
    pub(super) fn desks(&self, plan: &mut Plan) {
        let midnight = self.calendar.midnight(self.day.number);
        for (user, worker) in self.city.users().filter(|(_, worker)| worker.works(midnight)) {
            let trade = self.mix.profession.of(worker.profession);
            let there = if self.day.is_working() { THERE } else { trade.weekend * THERE_ON_DAYS_OFF };
            let mut rng = Rng::of(self.seed, &[0xde5c, u64::from(user.0), u64::from(self.day.number)]);
            if rng.chance(there) {
                self.desk(user, worker, trade.desk, &mut rng, plan);
            }
        }
    }

    fn desk(&self, user: User, worker: &Worker, desk: f64, rng: &mut Rng, plan: &mut Plan) {
        let care = &self.mix.care;
        let working = self.day.is_working();
        let noon = self.at(12.0);
        if working && rng.chance(desk) {
            let persons = 1 + rng.poisson(1.5);
            self.sit(user, rng, plan, |beats, rng| {
                for _ in 0..persons {
                    if let Some(person) = rng.pick(&worker.panel) {
                        self.open(*person, care.records, beats, rng);
                    }
                }
            });
        }
        if rng.chance(care.search) {
            self.sit(user, rng, plan, |beats, rng| self.search(worker, beats, rng));
        }
        if working && rng.chance(care.export) {
            self.sit(user, rng, plan, |beats, rng| {
                let bytes = Span::Log(200_000.0, 8_000_000.0).draw(rng) as u64;
                let person = rng.pick(&worker.panel).copied();
                beats.extend(person.map(|person| Beat { gap: self.gap(rng), act: Act::Export { person, bytes } }));
            });
        }
        if rng.chance((care.denied * self.city.factor(noon, |what| what.denials)).min(1.0)) {
            self.sit(user, rng, plan, |beats, rng| self.mistake(worker, beats, rng));
        }
        if working && (worker.manages || worker.city_right) && rng.chance(care.right_reads) {
            self.sit(user, rng, plan, |beats, rng| self.look_by_right(worker, beats, rng));
        }
        let declares = matches!(worker.profession, Profession::Doctor | Profession::Nurse);
        if declares && rng.chance(care.emergency) {
            self.sit(user, rng, plan, |beats, rng| {
                let person = self.anybody(rng);
                beats.push_back(Beat { gap: 0, act: Act::Declare { person } });
                self.open(person, care.records, beats, rng);
            });
        }
    }

    /// Sits down at some time of the day, if there is anything to do.
    fn sit(&self, user: User, rng: &mut Rng, plan: &mut Plan, mut fill: impl FnMut(&mut VecDeque<Beat>, &mut Rng)) {
        let at = self.at(rng.normal(13.0, 2.8).clamp(7.5, 20.0));
        let mut beats = VecDeque::new();
        fill(&mut beats, rng);
        if !beats.is_empty() {
            plan.sittings.push((at, Sitting::new(user, beats, rng.clone())));
        }
    }

    fn search(&self, worker: &Worker, beats: &mut VecDeque<Beat>, rng: &mut Rng) {
        let count = self.mix.care.search_finds.count(rng) as usize;
        let mut panel = worker.panel.clone();
        rng.shuffle(&mut panel);
        panel.truncate(count);
        if !panel.is_empty() {
            let bytes = self.mix.care.bytes.draw(rng) as u32;
            beats.push_back(Beat { gap: self.gap(rng), act: Act::Search { persons: panel.into(), bytes } });
        }
    }

    /// Tries a record that is not his: of a colleague's person, of somebody else altogether, or a number mistyped.
    fn mistake(&self, worker: &Worker, beats: &mut VecDeque<Beat>, rng: &mut Rng) {
        for _ in 0..=rng.in_a_row(1.0 / 3.0) {
            let of_house = self.city.house(worker.facility).and_then(|house| rng.pick(&house.persons).copied());
            let person = if rng.chance(0.5) { of_house } else { Some(self.anybody(rng)) };
            let bytes = self.mix.care.bytes.draw(rng) as u32;
            let act = match person.filter(|person| !worker.panel.contains(person)) {
                Some(person) if rng.chance(0.7) => Act::Open { person, bytes },
                _ => Act::Missing { target: rng.bits() },
            };
            beats.push_back(Beat { gap: self.gap(rng), act });
        }
    }

    /// Somebody phones, or something is asked, and nobody records that.
    fn look_by_right(&self, worker: &Worker, beats: &mut VecDeque<Beat>, rng: &mut Rng) {
        for _ in 0..self.mix.care.right_persons.count(rng) {
            let of_house = self.city.house(worker.facility).and_then(|house| rng.pick(&house.persons).copied());
            let person = if worker.city_right { Some(self.anybody(rng)) } else { of_house };
            if let Some(person) = person {
                self.open(person, self.mix.care.records, beats, rng);
            }
        }
    }

    fn anybody(&self, rng: &mut Rng) -> Person {
        Person(rng.below(self.city.persons.len()) as u32)
    }
}
