//! A run: everything that happens, in the order of time, out of one queue.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, HashSet};

use anomaly::event::{Device, Facility, User};
use anomaly::{Profile, Step, Subject, Told};
use model::Timestamp;

use crate::attack::{Culprit, Instance, Meant, by_insiders, cast};
use crate::calendar::{Calendar, HOUR};
use crate::city::City;
use crate::day::{Beat, Occasions, Planner, Sitting, occasions, record};
use crate::deed::{Act, Answer, Deed, Hand, Sink};
use crate::mix::{Attack, Mix};
use crate::office::Office;
use crate::rng::Rng;
use crate::score::{Score, Truth};

/// How large, how long, and from which chance.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    /// Users.
    pub users: u32,
    /// Weeks.
    pub weeks: u32,
    /// The seed.
    pub seed: u64,
}

/// What comes next.
#[derive(Debug)]
pub(crate) enum Call {
    /// A day begins.
    Midnight(u32),
    /// Somebody goes on with what he sat down to.
    Sitting(Box<Sitting>),
    /// Somebody goes on with an attack.
    Culprit(usize),
    /// The office comes to a verdict.
    Verdict(Subject),
    /// A phone rings at the office.
    Phone(Subject),
    /// A terminal is updated.
    Update(Device),
}

#[derive(Debug)]
struct Entry {
    at: Timestamp,
    /// Of what is due at the same time, what was said first comes first.
    number: u64,
    call: Call,
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        (self.at, self.number) == (other.at, other.number)
    }
}

impl Eq for Entry {}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Entry {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.at, self.number).cmp(&(other.at, other.number))
    }
}

/// A run of a city before a sink.
#[derive(Debug)]
pub struct Run<'m, S> {
    pub(crate) mix: &'m Mix,
    pub(crate) calendar: Calendar,
    pub(crate) size: Size,
    pub(crate) city: City,
    pub(crate) sink: S,
    pub(crate) instances: Vec<Instance>,
    pub(crate) culprits: Vec<Culprit>,
    pub(crate) office: Office,
    pub(crate) score: Score,
    /// Honest users who met a refusal of ours, and since when.
    pub(crate) troubled: HashMap<User, Timestamp>,
    /// Users who act against the rules of their own will, once they have begun.
    pub(crate) insiders: HashSet<User>,
    occasions: Vec<Occasions>,
    queue: BinaryHeap<Reverse<Entry>>,
    said: u64,
    told: Vec<Told>,
}

impl<'m, S: Sink> Run<'m, S> {
    /// A city, before its first day.
    ///
    /// # Errors
    /// Never with a mix that was read.
    pub fn new(mix: &'m Mix, size: Size, sink: S) -> Result<Self, crate::calendar::NoSuchDay> {
        let calendar = Calendar::new(&mix.city.start)?;
        let days = size.weeks.saturating_mul(7);
        let mut city = City::found(mix, size.users, size.seed);
        let (occasions, conditions) = occasions(mix, &calendar, days, size.seed);
        city.conditions = conditions;
        let (instances, culprits) = cast(mix, &mut city, &calendar, days, size.seed);
        let mut run = Self {
            mix,
            calendar,
            size,
            city,
            sink,
            instances,
            culprits,
            office: Office::new(size.seed),
            score: Score::new(mix, size),
            troubled: HashMap::new(),
            insiders: HashSet::new(),
            occasions,
            queue: BinaryHeap::new(),
            said: 0,
            told: Vec::new(),
        };
        for user in (0..run.city.workers.len()).map(|user| User(user as u32)) {
            run.introduce(user);
            run.send_away(user);
        }
        run.say(run.calendar.midnight(0), Call::Midnight(0));
        let mut starts = Vec::new();
        for instance in &run.instances {
            for (nth, culprit) in instance.culprits.iter().enumerate() {
                // Those who act together do not begin at the same instant.
                let late = Rng::of(size.seed, &[0x1a7e, *culprit as u64]).between(0.0, 120_000.0) as i64;
                starts.push((instance.starts.plus_millis(if nth == 0 { 0 } else { late }), *culprit));
            }
        }
        for (at, culprit) in starts {
            run.say(at, Call::Culprit(culprit));
        }
        Ok(run)
    }

    /// All of it.
    pub fn go(mut self) -> (Score, S) {
        let end = self.calendar.midnight(self.size.weeks.saturating_mul(7));
        while let Some(Reverse(Entry { at, call, .. })) = self.queue.pop() {
            if at >= end {
                break;
            }
            match call {
                Call::Midnight(number) => self.midnight(number, at),
                Call::Sitting(sitting) => self.sit(sitting, at),
                Call::Culprit(number) => self.attack(number, at),
                Call::Verdict(subject) => self.verdict(subject, at),
                Call::Phone(subject) => self.phone(subject, at),
                Call::Update(device) => self.city.update(device),
            }
        }
        for (user, since) in std::mem::take(&mut self.troubled) {
            self.score.recovered(user, since, end);
        }
        self.score.close(&self.instances, &self.culprits, self.mix);
        (self.score, self.sink)
    }

    /// Says what comes, and when.
    pub(crate) fn say(&mut self, at: Timestamp, call: Call) {
        self.queue.push(Reverse(Entry { at, number: self.said, call }));
        self.said += 1;
    }

    /// An attack's kind.
    pub(crate) fn kind(&self, instance: &Instance) -> Option<&'m Attack> {
        self.mix.attack.get(instance.kind)
    }

    fn introduce(&mut self, user: User) {
        if let Some(worker) = self.city.worker(user) {
            let profile = Profile { peers: worker.profession.item(), facility: worker.facility };
            self.sink.know(user, profile);
        }
    }

    /// Some are away for months, and come back.
    fn send_away(&mut self, user: User) {
        let mut rng = Rng::of(self.size.seed, &[0xa3a7, u64::from(user.0)]);
        let day = rng.below(6) as u32;
        let until = day + self.mix.churn.away_days.count(&mut rng);
        let (from, until) = (self.calendar.midnight(day), self.calendar.midnight(until));
        let away = rng.chance(self.mix.churn.away);
        if let Some(worker) = self.city.worker_mut(user).filter(|worker| away && !worker.cast) {
            worker.away = Some((from, until));
        }
    }

    fn midnight(&mut self, number: u32, at: Timestamp) {
        let day = self.calendar.day(number);
        let mut rng = Rng::of(self.size.seed, &[0x0da7, u64::from(number)]);
        self.city.facts.forget(at);
        self.city.facts.closed = !day.is_working();
        self.roster(number, at);
        let changes = self.city.change(self.mix, at, day.is_working(), &mut rng);
        for user in changes.joined {
            self.introduce(user);
        }
        for (device, owner) in changes.found_again {
            let mut sitting =
                Sitting::new(owner, [Beat { gap: 0, act: Act::ShowEnded { owner: Some(owner) } }].into(), rng.clone());
            (sitting.device, sitting.greeted) = (Some(device), true);
            self.sit_down(at.plus_millis((rng.between(9.0, 20.0) * HOUR as f64) as i64), sitting);
        }
        for (person, stopped) in changes.stopped {
            // Somebody has not heard of it yet.
            let team = self
                .city
                .person(person)
                .map(|known| known.team.iter().flat_map(|team| team.users.clone()).collect::<Vec<_>>());
            if let Some(user) = team.as_ref().and_then(|team| rng.pick(team)).copied().filter(|_| rng.chance(0.5)) {
                let beats = [Beat { gap: 0, act: Act::Open { person, bytes: 20_000 } }].into();
                let late = (rng.between(0.2, 30.0) * HOUR as f64) as i64;
                self.sit_down(stopped.plus_millis(late), Sitting::new(user, beats, rng.clone()));
            }
        }
        self.updates(number, at, &mut rng);
        let planner = Planner { city: &self.city, mix: self.mix, calendar: &self.calendar, day, seed: self.size.seed };
        let plan = planner.plan(&self.occasions);
        record(plan.facts, &mut self.city);
        for (at, sitting) in plan.sittings {
            self.sit_down(at, sitting);
        }
        self.recover(at);
        self.say(self.calendar.midnight(number + 1), Call::Midnight(number + 1));
    }

    fn sit_down(&mut self, at: Timestamp, sitting: Sitting) {
        let first = sitting.beats.front().map_or(0, |beat| beat.gap);
        self.say(at.plus_millis(first), Call::Sitting(Box::new(sitting)));
    }

    /// Who is on duty from this evening to tomorrow's morning: they take turns.
    fn roster(&mut self, number: u32, at: Timestamp) {
        let mut duty = Vec::with_capacity(self.city.houses.len());
        for (facility, house) in (0..).map(Facility).zip(&self.city.houses) {
            let there: Vec<User> = house.users.iter().copied().filter(|user| self.city.works(*user, at)).collect();
            let turn = (number as usize + facility.0 as usize) % there.len().max(1);
            let has = self.mix.profession.of(house.profession).duty;
            duty.push(there.get(turn).copied().filter(|_| has));
        }
        let [yesterday, today] = &mut self.city.facts.duty;
        *yesterday = std::mem::replace(today, duty);
    }

    /// Terminals that are updated on the days of a wave, each at its own time.
    fn updates(&mut self, number: u32, at: Timestamp, rng: &mut Rng) {
        let waves: Vec<(f64, Timestamp, Timestamp)> = (self.city.conditions.iter())
            .filter(|wave| {
                wave.what.new_prints > 0.0 && self.calendar.number_at(wave.from) == number && wave.from >= at
            })
            .map(|wave| (wave.what.new_prints, wave.from, wave.until))
            .collect();
        for (share, from, until) in waves {
            for device in 0..self.city.terminals.len() {
                if rng.chance(share) {
                    let later = (rng.unit() * until.millis_since(from) as f64) as i64;
                    self.say(from.plus_millis(later), Call::Update(Device(device as u32)));
                }
            }
        }
    }

    /// Something is done; an officer hears what comes of it.
    pub(crate) fn deed(&mut self, at: Timestamp, hand: Hand, act: &Act) -> Answer {
        let deed = Deed { at, hand, act: act.clone() };
        let answer = self.sink.take(&deed, &self.city, &mut self.told);
        if !self.told.is_empty() {
            let told = std::mem::take(&mut self.told);
            for one in &told {
                self.heed(one, at);
            }
            self.look_at_culprits(at);
        }
        answer
    }

    fn heed(&mut self, told: &Told, at: Timestamp) {
        let subject = told.finding.subject;
        let truth = self.truth(subject, at);
        self.score.told(told, truth, at);
        let held = told.done >= Step::Narrowed;
        if told.finding.alert || held {
            for number in 0..self.instances.len() {
                let Some(instance) = self.instances.get_mut(number) else { continue };
                let Some(kind) = self.mix.attack.get(instance.kind) else { continue };
                if instance.is_meant(subject, kind, at) != Meant::No {
                    instance.detected.get_or_insert(at);
                }
            }
            self.look_into(subject, told.done >= Step::DeviceSuspended, at);
        }
    }

    /// Whether a finding about somebody is right.
    pub(crate) fn truth(&self, subject: Subject, at: Timestamp) -> Truth {
        let meant =
            |instance: &Instance| self.kind(instance).map_or(Meant::No, |kind| instance.is_meant(subject, kind, at));
        match self.instances.iter().map(meant).max_by_key(|meant| *meant as u8) {
            Some(Meant::Yes) => return Truth::True,
            Some(Meant::Victim) => return Truth::Victim,
            _ => {}
        }
        let incident = |burst: usize| self.mix.burst.get(burst).is_some_and(|burst| burst.incident);
        // What a fault leaves behind in counters is still about the fault for an hour.
        let recent = |from: Timestamp, until: Timestamp| from <= at && at.millis_since(until) < HOUR;
        let at_fault = self.city.conditions.iter().any(|one| incident(one.burst) && recent(one.from, one.until));
        if subject == Subject::City && at_fault { Truth::Incident } else { Truth::False }
    }

    /// Whether somebody, or his terminal, has to do with an attack.
    pub(crate) fn is_touched(&self, user: User, device: Device, at: Timestamp) -> bool {
        let recent = self.instances.iter().filter(|instance| instance.is_recent(at));
        recent.into_iter().any(|instance| instance.users.contains(&user) || instance.devices.contains(&device))
    }

    /// Since when those who carry out attacks are held.
    pub(crate) fn look_at_culprits(&mut self, at: Timestamp) {
        for culprit in self.culprits.iter_mut().filter(|culprit| !culprit.over && culprit.stopped.is_none()) {
            let Some(hand) = culprit.hand() else { continue };
            let user = hand.user.map_or(Step::None, |user| self.sink.step(Subject::User(user), at));
            if user.max(self.sink.step(Subject::Device(hand.device), at)) >= Step::Narrowed {
                culprit.stopped = Some(at);
            }
        }
    }

    /// Whether the users of an attack stay out when it is ended.
    pub(crate) fn stays_out(&self, instance: &Instance) -> bool {
        self.kind(instance).is_some_and(by_insiders)
    }
}
