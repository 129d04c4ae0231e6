//! From findings to acts: who is held how far, by what the city has ordered.
//!
//! One fold over the audit journal: the same events in the same order come to the same findings and acts, live, after a restart and in a
//! replay. What an act of ours leads to (refusals, waits) is no evidence of anything.

use std::collections::VecDeque;

use model::Timestamp;

use crate::contain::{Ask, Containment, Leave, Step};
use crate::detect::city::{City, FacilityState};
use crate::detect::sign_in::Accounts;
use crate::detect::{Found, Scene, reading, refused, sign_in, terminal, volume, writing};
use crate::device::DeviceState;
use crate::event::{Account, Device, Event, Facility, Person, Refusal, User, What, Why};
use crate::finding::{Detector, Finding, Numbers, Subject};
use crate::norm::Norm;
use crate::params::{Params, StandingOrder};
use crate::recall::Recall;
use crate::user::{Habits, UserState, day_of, minute};

/// What is known of a user beside what he does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Profile {
    /// Whose work his is compared with: a profession, by its number.
    pub peers: u8,
    /// Where he works.
    pub facility: Facility,
}

/// Something an officer hears of, or a subject that is held from now on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Told {
    /// What was found.
    pub finding: Finding,
    /// How far the subject is held from now on because of it; [`Step::None`] where nothing was done.
    pub done: Step,
    /// What the standing order leaves to a human being: so far the subject should be held.
    pub proposed: Step,
}

/// Detectors and containment of a city.
#[derive(Debug)]
pub struct Guard {
    params: Params,
    order: StandingOrder,
    users: Vec<Held<UserState>>,
    devices: Vec<Held<DeviceState>>,
    facilities: Vec<FacilityState>,
    accounts: Accounts,
    city: City,
    peers: Vec<Peers>,
    /// Who was asked to prove himself, and by when he should have.
    asked: VecDeque<(Timestamp, Subject, Found)>,
}

/// A subject: what is remembered of it, how far it is held, and what was found of it.
#[derive(Clone, Debug, Default)]
struct Held<S> {
    state: S,
    held: Containment,
    recall: Recall,
}

/// What is usual among those who do the same work.
#[derive(Clone, Copy, Debug, Default)]
struct Peers {
    persons: [Norm; 3],
    unexplained: [Norm; 3],
    habits: Habits,
}

/// So long somebody has to prove himself before somebody else looks.
const ANSWER_MILLIS: i64 = 5 * 60_000;
/// So many are waited for.
const ASKED_MAX: usize = 4096;
/// Professions, at most: their numbers are small.
const PEERS_MAX: u8 = 32;

impl Default for Guard {
    fn default() -> Self {
        Self::new(Params::default(), StandingOrder::default())
    }
}

impl Guard {
    /// By these thresholds and this standing order.
    #[must_use]
    pub fn new(params: Params, order: StandingOrder) -> Self {
        Self {
            params,
            order,
            users: Vec::new(),
            devices: Vec::new(),
            facilities: Vec::new(),
            accounts: Accounts::default(),
            city: City::default(),
            peers: vec![Peers::default(); PEERS_MAX.into()],
            asked: VecDeque::new(),
        }
    }

    /// Whom a number stands for. To be told before his first event; told again when it changes.
    pub fn know(&mut self, user: User, profile: Profile) {
        let state = &mut of(&mut self.users, user.0).state;
        (state.peers, state.facility) = (profile.peers.min(PEERS_MAX - 1), Some(profile.facility));
    }

    /// Whether somebody may do something at a terminal now.
    pub fn leave(&mut self, user: User, device: Device, ask: Ask, now: Timestamp) -> Leave {
        let at_device = of(&mut self.devices, device.0).held.leave(ask, now);
        if at_device != Leave::Granted {
            return at_device;
        }
        of(&mut self.users, user.0).held.leave(ask, now)
    }

    /// An officer lifts what is held.
    pub fn lift(&mut self, subject: Subject) {
        match subject {
            Subject::User(user) => of(&mut self.users, user.0).held.lift(),
            Subject::Device(device) => of(&mut self.devices, device.0).held.lift(),
            Subject::Facility(_) | Subject::City => {}
        }
    }

    /// How far a user is held.
    #[must_use]
    pub fn user_step(&self, user: User, now: Timestamp) -> Step {
        self.users.get(index(user.0)).map_or(Step::None, |user| user.held.step(now))
    }

    /// How far a terminal is held.
    #[must_use]
    pub fn device_step(&self, device: Device, now: Timestamp) -> Step {
        self.devices.get(index(device.0)).map_or(Step::None, |device| device.held.step(now))
    }

    /// Hears what happened, and tells what follows.
    pub fn hear(&mut self, event: &Event, tell: &mut impl FnMut(Told)) {
        let mut found = Gathered::default();
        match event.what {
            What::Opened { user, person, why, marked } => {
                let why = self.best_reason(event, (user, person), why);
                self.of_user(event, user, &mut found, |state, scene, find| {
                    reading::opened(state, scene, (person, why, marked), find);
                });
            }
            What::Wrote { user, edit, .. } => {
                self.of_user(event, user, &mut found, |state, scene, find| writing::wrote(state, scene, edit, find));
            }
            What::Refused { user, refusal: Refusal::Ours, .. } => {
                of(&mut self.users, user.0).held.told();
                of(&mut self.devices, event.device.0).held.told();
            }
            What::Refused { user, target, refusal, .. } => {
                self.of_user(event, user, &mut found, |state, scene, find| {
                    refused::refused(state, scene, (target, refusal), find);
                })
            }
            What::Delivered { user, bytes, export } => self.of_user(event, user, &mut found, |state, scene, find| {
                volume::delivered(state, scene, (bytes, export), find);
            }),
            What::SignedIn { account, user, right, step_up } => {
                self.signed_in(event, (account, user), (right, step_up), &mut found);
            }
            What::Connected { print, place } => self.of_device(event, &mut found, |state, scene, find| {
                terminal::connected(state, scene, (event.source, print, place), find);
            }),
            What::Ended { .. } => self.of_device(event, &mut found, |state, scene, find| {
                terminal::ended(state, scene, event.source, find);
            }),
            What::Replayed { .. } => {
                self.of_device(event, &mut found, |state, scene, find| terminal::replayed(state, scene, find))
            }
        }
        for (subject, found) in found.each.into_iter().flatten() {
            self.settle(event, subject, found, tell);
        }
        self.unanswered(event, tell);
    }

    /// Who was asked to prove himself, and has not for a while: a human being does within a minute, or has gone home. It is told on time,
    /// and not for whatever was refused meanwhile, once or a thousand times.
    fn unanswered(&mut self, event: &Event, tell: &mut impl FnMut(Told)) {
        while let Some((_, subject, found)) = self.asked.pop_front_if(|(due, ..)| *due <= event.at) {
            let held = match subject {
                Subject::User(user) => of(&mut self.users, user.0).held,
                Subject::Device(device) => of(&mut self.devices, device.0).held,
                Subject::Facility(_) | Subject::City => continue,
            };
            if held.has_not_answered(event.at) {
                self.settle(event, subject, Found { alert: true, step: Step::Narrowed, ..found }, tell);
            }
        }
    }

    /// The reason, or that a colleague has one and looks at the same person at the same time.
    fn best_reason(&mut self, event: &Event, (user, person): (User, Person), why: Why) -> Why {
        let facility = of(&mut self.users, user.0).state.facility.unwrap_or(event.facility);
        let (state, minute) = (of(&mut self.facilities, facility.0), minute(event.at));
        if why.is_explained() {
            state.opened(person, user, minute);
        } else if why == Why::Right && state.looks_with(person, user, minute) {
            return Why::Visit;
        }
        why
    }

    /// Asks the detectors of a user.
    fn of_user(
        &mut self,
        event: &Event,
        user: User,
        gathered: &mut Gathered,
        ask: impl FnOnce(&mut UserState, &Scene<'_>, &mut dyn FnMut(Found)),
    ) {
        let (day, minute) = (day_of(event.at), minute(event.at));
        let kind = self.params.calendar.kind(day) as usize;
        let state = &mut of(&mut self.users, user.0).state;
        let peers = self.peers.get_mut(usize::from(state.peers));
        let (mut peers_persons, mut peers_unexplained, mut peers_habits) = (f32::MAX, 0.0, None);
        if let Some(peers) = peers {
            if let Some((kind, ended)) = state.begin(day, minute, &self.params) {
                if let Some(norm) = peers.persons.get_mut(kind as usize) {
                    norm.learn((1.0 + ended.persons.count()).ln());
                }
                if let Some(norm) = peers.unexplained.get_mut(kind as usize) {
                    norm.learn(ended.unexplained.into());
                }
                peers.habits.learn(kind, &ended.counts);
            }
            // Two and a half deviations of a bell: one in two hundred.
            peers_persons = peers.persons.get(kind).map_or(f32::MAX, |norm| norm.above(2.6).exp() - 1.0);
            peers_habits = Some(&peers.habits);
            peers_unexplained = peers.unexplained.get(kind).map_or(0.0, Norm::mean);
        }
        let scene = Scene {
            params: &self.params,
            now: event.at,
            minute,
            fleet: self.city.fleet(minute),
            peers_persons,
            peers_habits,
            peers_unexplained,
        };
        let subject = Subject::User(user);
        ask(state, &scene, &mut |found| gathered.add(subject, found));
        // Who comes back after months and does what nothing explains.
        if state.is_back && gathered.has_any() {
            gathered.add(subject, Found::alert(Detector::Dormant, Step::StepUp, Numbers::default()));
        }
    }

    /// Asks the detectors of a terminal.
    fn of_device(
        &mut self,
        event: &Event,
        gathered: &mut Gathered,
        ask: impl FnOnce(&mut DeviceState, &Scene<'_>, &mut dyn FnMut(Found)),
    ) {
        let scene = scene(&self.params, event);
        let state = &mut of(&mut self.devices, event.device.0).state;
        ask(state, &scene, &mut |found| gathered.add(Subject::Device(event.device), found));
    }

    fn signed_in(
        &mut self,
        event: &Event,
        (account, user): (Account, Option<User>),
        (right, step_up): (bool, bool),
        gathered: &mut Gathered,
    ) {
        let scene = scene(&self.params, event);
        let device = of(&mut self.devices, event.device.0);
        if !right {
            let subject = Subject::Device(event.device);
            sign_in::wrong(&mut device.state, &mut self.accounts, &scene, account, &mut |found| {
                gathered.add(subject, found)
            });
            return;
        }
        let guessed = sign_in::right(&mut device.state, &mut self.accounts, &scene, account);
        if step_up {
            device.held.stepped_up(event.at);
        }
        let Some(user) = user else { return };
        if step_up {
            let user = of(&mut self.users, user.0);
            user.held.stepped_up(event.at);
            user.state.stepped_up = Some(event.at);
        }
        if let Some(guessed) = guessed {
            gathered.add(Subject::User(user), guessed);
        }
        let strange = device.recall.was_found(Detector::OtherClient, scene.minute);
        let state = &mut of(&mut self.users, user.0).state;
        let away = if state.last_day == 0 { 0 } else { day_of(event.at).saturating_sub(state.last_day) };
        let new = !state.devices.has(event.device.0.wrapping_add(1));
        if away >= self.params.dormant_days && new && !strange {
            gathered.add(Subject::User(user), Found::score(Detector::Dormant, Numbers::default()));
        }
        if away >= self.params.dormant_days && strange {
            let numbers =
                Numbers { seen: u32::try_from(away).unwrap_or_default(), seconds: 86_400, ..Numbers::default() };
            gathered.add(Subject::User(user), Found::alert(Detector::Dormant, Step::StepUp, numbers));
        }
    }

    /// What follows from a finding.
    fn settle(&mut self, event: &Event, subject: Subject, found: Found, tell: &mut impl FnMut(Told)) {
        let (now, minute) = (event.at, minute(event.at));
        let found = self.beside(event, subject, found, minute);
        let order = self.order.of(found.detector);
        let of_many = self.city.is_of_many(found.detector, minute);
        let (held, recall) = match subject {
            Subject::User(user) => {
                let user = of(&mut self.users, user.0);
                (Some(&mut user.held), Some(&mut user.recall))
            }
            Subject::Device(device) => {
                let device = of(&mut self.devices, device.0);
                (Some(&mut device.held), Some(&mut device.recall))
            }
            Subject::Facility(_) | Subject::City => (None, None),
        };
        let mut step = found.step;
        let mut news = true;
        if let Some(recall) = recall {
            news = recall.note(found.detector, minute, found.alert);
            // What is found of many at once is no second opinion about any of them.
            let others = !of_many && recall.independent(found.detector, minute);
            if step >= Step::Narrowed && found.alert && others {
                step = step.max(Step::UserSuspended);
            }
            // One detector alone does not suspend, unless it cannot well be wrong.
            if step > Step::Narrowed && !order.proven && !others {
                step = Step::Narrowed;
            }
        }
        if matches!(subject, Subject::Device(_)) && step == Step::UserSuspended {
            step = Step::DeviceSuspended;
        }
        step = step.min(order.ceiling);
        let (mut done, mut proposed) = (Step::None, Step::None);
        if let Some(held) = held {
            if order.acts {
                let by_himself = !matches!(found.detector, Detector::Unexplained | Detector::Refusals);
                if held.hold(step, by_himself, now) {
                    done = step;
                    let asks = !found.alert && !matches!(found.detector, Detector::Guessing);
                    if asks && self.asked.len() < ASKED_MAX {
                        self.asked.push_back((now.plus_millis(ANSWER_MILLIS), subject, found));
                    }
                }
            } else if step > held.step(now) {
                proposed = step;
            }
        }
        if let Subject::User(user) = subject {
            self.among_others(event, user, found, tell);
        }
        if done == Step::None && proposed == Step::None && !(found.alert && news) {
            return;
        }
        if found.alert
            && let Subject::User(user) = subject
        {
            of(&mut self.users, user.0).state.told_minute = minute;
        }
        let finding = Finding {
            at: now,
            detector: found.detector,
            subject,
            step: found.step,
            alert: found.alert && news,
            numbers: found.numbers,
        };
        tell(Told { finding, done, proposed });
    }

    /// What is nothing to look at alone may be beside something else of the same day: haste at a terminal that speaks as another, is
    /// somewhere else, or guessed at passwords before.
    fn beside(&mut self, event: &Event, subject: Subject, found: Found, minute: u32) -> Found {
        let Subject::User(user) = subject else { return found };
        if found.alert || found.step < Step::StepUp {
            return found;
        }
        let himself = of(&mut self.users, user.0).recall.was_found(Detector::Dormant, minute);
        let recall = &of(&mut self.devices, event.device.0).recall;
        let mut terminal = [Detector::OtherClient, Detector::Travel, Detector::Replay, Detector::Guessing].iter();
        let alert = himself || terminal.any(|other| recall.was_found(*other, minute));
        Found { alert, ..found }
    }

    /// What is found of several at once: of one facility, or of the city.
    fn among_others(&mut self, event: &Event, user: User, found: Found, tell: &mut impl FnMut(Told)) {
        let minute = minute(event.at);
        let facility = of(&mut self.users, user.0).state.facility.unwrap_or(event.facility);
        let told = |detector, subject, numbers| Told {
            finding: Finding { at: event.at, detector, subject, step: Step::None, alert: true, numbers },
            done: Step::None,
            proposed: Step::None,
        };
        let users = self.city.found(found.detector, (user, facility), minute, &self.params);
        // What many do at their end of a month is no fault of anybody's.
        if let Some(users) = users.filter(|_| is_ever_the_citys(found.detector)) {
            let numbers = Numbers { seen: users, seconds: 3600, limit: self.params.fleet, ..Numbers::default() };
            tell(told(Detector::Drift, Subject::City, numbers));
        }
        if !found.alert {
            return;
        }
        let hot = &mut of(&mut self.facilities, facility.0).hot;
        let since = minute.saturating_sub(15).max(1);
        let new = hot.note(user.0, minute, since, false);
        let users = hot.since(since).0;
        if new && users == self.params.outbreak {
            let numbers = Numbers { seen: users, seconds: 900, limit: self.params.outbreak, ..Numbers::default() };
            tell(told(Detector::Outbreak, Subject::Facility(facility), numbers));
        }
    }
}

/// Whether somebody should look when it is found of many.
const fn is_ever_the_citys(detector: Detector) -> bool {
    matches!(
        detector,
        Detector::Refusals | Detector::Stopped | Detector::Guessing | Detector::Spraying | Detector::Rewriting
    )
}

fn scene<'s>(params: &'s Params, event: &Event) -> Scene<'s> {
    Scene {
        params,
        now: event.at,
        minute: minute(event.at),
        fleet: 0,
        peers_persons: f32::MAX,
        peers_habits: None,
        peers_unexplained: 0.0,
    }
}

fn index(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// The place of a number, made when it is new.
fn of<T: Default + Clone>(all: &mut Vec<T>, number: u32) -> &mut T {
    let at = index(number);
    if all.len() <= at {
        all.resize(at.saturating_add(1), T::default());
    }
    #[expect(clippy::indexing_slicing, reason = "it was just made long enough")]
    &mut all[at]
}

/// What the detectors found in one event: a few things at most.
#[derive(Default)]
struct Gathered {
    each: [Option<(Subject, Found)>; 8],
}

impl Gathered {
    fn add(&mut self, subject: Subject, found: Found) {
        if let Some(place) = self.each.iter_mut().find(|place| place.is_none()) {
            *place = Some((subject, found));
        }
    }

    fn has_any(&self) -> bool {
        self.each.iter().any(Option::is_some)
    }
}

#[cfg(test)]
mod tests;
