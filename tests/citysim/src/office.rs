//! The city's desk: an officer looks at alerts while it is open; a contractor on call looks at suspensions at any hour.

use std::collections::{HashMap, HashSet};

use anomaly::event::{Device, User};
use anomaly::{Step, Subject};
use model::Timestamp;

use crate::attack::Meant;
use crate::calendar::DAY;
use crate::city::{Errand, Scope};
use crate::deed::Sink;
use crate::mix::Kind;
use crate::rng::Rng;
use crate::run::{Call, Run};
use crate::score::Truth;

/// What lies on the desk.
#[derive(Debug)]
pub(crate) struct Office {
    /// What is to be looked into, and of when the finding is that tells most.
    pending: HashMap<Subject, Timestamp>,
    /// Of these, such as cannot wait until the desk is open.
    urgent: HashSet<Subject>,
    rng: Rng,
}

impl Office {
    pub(crate) fn new(seed: u64) -> Self {
        Self { pending: HashMap::new(), urgent: HashSet::new(), rng: Rng::of(seed, &[0x0ff1]) }
    }
}

impl<S: Sink> Run<'_, S> {
    /// Something is to be looked into: as soon as somebody is there.
    pub(crate) fn look_into(&mut self, subject: Subject, urgent: bool, at: Timestamp) {
        let urgent = urgent && self.mix.office.on_call_min.most() > 0.0;
        let known = self.office.pending.get(&subject).copied();
        if known.is_none_or(|known| self.truth(subject, known) < self.truth(subject, at)) {
            self.office.pending.insert(subject, at);
        }
        // What was not urgent may become so; the first verdict then settles it.
        let hurries = urgent && self.office.urgent.insert(subject);
        if known.is_some() && !hurries {
            return;
        }
        let office = &self.mix.office;
        let rng = &mut self.office.rng;
        let minutes = |minutes: f64| (minutes * 60_000.0) as i64;
        let verdict = minutes(office.verdict_min.draw(rng));
        let mut looks =
            next_open(&self.calendar, office.from, office.to, at).plus_millis(minutes(office.looks_min.draw(rng)));
        if urgent {
            looks = looks.min(at.plus_millis(minutes(office.on_call_min.draw(rng))));
        }
        self.say(looks.plus_millis(verdict), Call::Verdict(subject));
    }

    /// Somebody who is held phones.
    pub(crate) fn phone(&mut self, subject: Subject, at: Timestamp) {
        match self.sink.step(subject, at) {
            Step::DeviceSuspended | Step::UserSuspended => self.look_into(subject, true, at),
            Step::None => {}
            Step::StepUp | Step::Throttled | Step::Narrowed => self.look_into(subject, false, at),
        }
    }

    /// An officer has come to a verdict.
    pub(crate) fn verdict(&mut self, subject: Subject, at: Timestamp) {
        let Some(of) = self.office.pending.remove(&subject) else { return };
        self.office.urgent.remove(&subject);
        let wrong = self.office.rng.chance(self.mix.office.wrong);
        let truth = self.truth(subject, of);
        let attack = matches!(truth, Truth::True | Truth::Victim) && !wrong;
        if attack && self.mix.office.ends_attacks {
            self.end_attacks(subject, of, at);
        }
        // Nobody is held because somebody else tries his password.
        if !attack || truth == Truth::Victim {
            self.let_go(subject, at);
        }
        self.recover(at);
    }

    /// It was a mistake: what is held is let go of, and what explains it is recorded for a day.
    fn let_go(&mut self, subject: Subject, at: Timestamp) {
        self.sink.lift(subject);
        match subject {
            Subject::User(user) => self.explain(user, at),
            Subject::Facility(facility) => {
                let users = self.city.house(facility).map(|house| house.users.clone()).unwrap_or_default();
                for user in users {
                    if self.truth(Subject::User(user), at) == Truth::False {
                        self.sink.lift(Subject::User(user));
                        self.explain(user, at);
                    }
                }
            }
            Subject::Device(_) | Subject::City => {}
        }
    }

    fn explain(&mut self, user: User, at: Timestamp) {
        let Some(worker) = self.city.worker(user) else { return };
        let (device, scope) = (worker.device, if worker.city_right { Scope::City } else { Scope::Facility });
        if self.truth(Subject::Device(device), at) == Truth::False {
            self.sink.lift(Subject::Device(device));
        }
        self.city.facts.entrust(user, Errand { until: at.plus_millis(DAY), scope });
    }

    /// It was right: the attacks end, and whoever was their victim goes on with another password and another certificate.
    fn end_attacks(&mut self, subject: Subject, of: Timestamp, at: Timestamp) {
        for number in 0..self.instances.len() {
            let Some(instance) = self.instances.get(number) else { continue };
            let Some(kind) = self.kind(instance) else { continue };
            if instance.closed.is_some() || instance.is_meant(subject, kind, of) == Meant::No {
                continue;
            }
            let (users, devices, culprits) =
                (instance.users.clone(), instance.devices.clone(), instance.culprits.clone());
            let stays_out = self.stays_out(instance);
            let lost = matches!(kind.who.kind, Kind::Thief | Kind::Retired);
            for number in culprits {
                if let Some(culprit) = self.culprits.get_mut(number) {
                    culprit.cut = !culprit.over && culprit.stopped.is_none();
                }
                self.leaves(number, at);
            }
            if let Some(instance) = self.instances.get_mut(number) {
                instance.closed = Some(at);
                instance.ended.get_or_insert(at);
            }
            for user in users {
                if stays_out {
                    self.city.worker_mut(user).into_iter().for_each(|worker| worker.gone = true);
                } else {
                    self.sink.lift(Subject::User(user));
                }
            }
            for device in devices {
                self.renew(device, stays_out, lost, at);
            }
        }
    }

    /// A terminal that an attack was carried out with: shared ones are cleaned, and others get another certificate.
    fn renew(&mut self, device: Device, stays_out: bool, lost: bool, at: Timestamp) {
        let owners: Vec<User> = self
            .city
            .users()
            .filter(|(_, worker)| worker.device == device && worker.works(at))
            .map(|(user, _)| user)
            .collect();
        match owners.as_slice() {
            [] => {}
            [owner] if !stays_out && !lost => {
                let mut rng = Rng::of(self.size.seed, &[0x2e4e, u64::from(device.0)]);
                self.city.replace_terminal(*owner, at, &mut rng);
            }
            _ => self.sink.lift(Subject::Device(device)),
        }
    }
}

/// When the desk is open next; now, if it is.
fn next_open(calendar: &crate::calendar::Calendar, from: f64, to: f64, at: Timestamp) -> Timestamp {
    let today = calendar.number_at(at);
    (today..today.saturating_add(32))
        .filter(|number| calendar.day(*number).is_working())
        .map(|number| (calendar.at(number, from), calendar.at(number, to)))
        .find(|(_, closes)| at < *closes)
        .map_or(at, |(opens, _)| opens.max(at))
}
