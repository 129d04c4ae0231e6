//! Detectors in memory behind a city: deeds become events, as the gateway's journal would have them.

use anomaly::event::{Device, Event, Person, Refusal, User, What, Why};
use anomaly::{Ask, Guard, Leave, Profile, Step, Subject, Told};
use model::Timestamp;

use crate::city::{Access, City};
use crate::deed::{Act, Answer, Deed, Hand, Outcome, Sink};
use crate::door::Door;

/// What judges events. [`Guard`] does; others stand in for it in tests.
pub trait Judge {
    /// See [`Guard::know`].
    fn know(&mut self, user: User, profile: Profile);
    /// See [`Guard::leave`].
    fn leave(&mut self, user: User, device: Device, ask: Ask, now: Timestamp) -> Leave;
    /// See [`Guard::hear`].
    fn hear(&mut self, event: &Event, told: &mut Vec<Told>);
    /// See [`Guard::lift`].
    fn lift(&mut self, subject: Subject);
    /// See [`Guard::user_step`].
    fn user_step(&self, user: User, now: Timestamp) -> Step;
    /// See [`Guard::device_step`].
    fn device_step(&self, device: Device, now: Timestamp) -> Step;
}

impl Judge for Guard {
    fn know(&mut self, user: User, profile: Profile) {
        Self::know(self, user, profile);
    }

    fn leave(&mut self, user: User, device: Device, ask: Ask, now: Timestamp) -> Leave {
        Self::leave(self, user, device, ask, now)
    }

    fn hear(&mut self, event: &Event, told: &mut Vec<Told>) {
        Self::hear(self, event, &mut |one| told.push(one));
    }

    fn lift(&mut self, subject: Subject) {
        Self::lift(self, subject);
    }

    fn user_step(&self, user: User, now: Timestamp) -> Step {
        Self::user_step(self, user, now)
    }

    fn device_step(&self, device: Device, now: Timestamp) -> Step {
        Self::device_step(self, device, now)
    }
}

/// A judge who says nothing and holds nobody.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Judge for Silent {
    fn know(&mut self, _: User, _: Profile) {}

    fn leave(&mut self, _: User, _: Device, _: Ask, _: Timestamp) -> Leave {
        Leave::Granted
    }

    fn hear(&mut self, _: &Event, _: &mut Vec<Told>) {}

    fn lift(&mut self, _: Subject) {}

    fn user_step(&self, _: User, _: Timestamp) -> Step {
        Step::None
    }

    fn device_step(&self, _: Device, _: Timestamp) -> Step {
        Step::None
    }
}

/// A judge in memory, and somebody who listens to every event.
#[derive(Debug)]
pub struct Court<J, L> {
    judge: J,
    listener: L,
    door: Door,
}

impl<J: Judge, L: FnMut(&Event)> Court<J, L> {
    /// This judge, and this listener.
    pub fn new(judge: J, listener: L) -> Self {
        Self { judge, listener, door: Door::default() }
    }

    fn hear(&mut self, deed: &Deed, what: What, told: &mut Vec<Told>) {
        let Hand { device, facility, source, .. } = deed.hand;
        let event = Event { at: deed.at, source, device, facility, what };
        (self.listener)(&event);
        self.judge.hear(&event, told);
    }

    /// How far somebody is held, by himself or with his terminal.
    fn held(&self, hand: &Hand, at: Timestamp) -> Step {
        let user = hand.user.map_or(Step::None, |user| self.judge.user_step(user, at));
        user.max(self.judge.device_step(hand.device, at))
    }

    fn refuse(&mut self, deed: &Deed, person: Option<Person>, target: u64, refusal: Refusal, told: &mut Vec<Told>) {
        if let Some(user) = deed.hand.user {
            self.hear(deed, What::Refused { user, target, person, refusal }, told);
        }
    }

    /// What the gateway does itself with whoever is held comes first; then the rules; then what somebody may who is held a little.
    fn about_persons(&mut self, deed: &Deed, user: User, city: &City, told: &mut Vec<Told>) -> Answer {
        let at = deed.at;
        let held = self.held(&deed.hand, at);
        let mut persons = permitted(deed, user, city);
        let Some(weakest) = persons.iter().map(|(_, why)| *why).max() else {
            return self.not_permitted(deed, user, held, city, told);
        };
        let ask = |why| match deed.act {
            Act::Write { edit, .. } => Ask::Write(edit, why),
            Act::Export { .. } => Ask::Export(why),
            _ => Ask::Open(why),
        };
        let mut leave = self.judge.leave(user, deed.hand.device, ask(weakest), at);
        if leave == Leave::Narrowed && matches!(deed.act, Act::Search { .. }) {
            // A search of somebody who is narrowed finds those whom something explains.
            persons.retain(|(_, why)| why.is_explained());
            if let Some(why) = persons.iter().map(|(_, why)| *why).max() {
                leave = self.judge.leave(user, deed.hand.device, ask(why), at);
            }
        }
        match leave {
            Leave::Granted => self.done(deed, user, &persons, city, told),
            Leave::AfterStepUp => Outcome::PasswordFirst.into(),
            Leave::Later(millis) => Outcome::Later(millis).into(),
            Leave::Narrowed => self.ours(deed, Outcome::Narrowed, told),
            Leave::Suspended => self.ours(deed, Outcome::Suspended, told),
        }
    }

    /// The rules refuse it. Whoever is suspended, asked for his password or slowed down does not come as far as the rules.
    fn not_permitted(&mut self, deed: &Deed, user: User, held: Step, city: &City, told: &mut Vec<Told>) -> Answer {
        match held {
            Step::DeviceSuspended | Step::UserSuspended => return self.ours(deed, Outcome::Suspended, told),
            Step::StepUp => return Outcome::PasswordFirst.into(),
            Step::Throttled => match self.judge.leave(user, deed.hand.device, Ask::Open(Why::Right), deed.at) {
                Leave::Later(millis) => return Outcome::Later(millis).into(),
                Leave::AfterStepUp => return Outcome::PasswordFirst.into(),
                Leave::Granted | Leave::Narrowed | Leave::Suspended => {}
            },
            Step::None | Step::Narrowed => {}
        }
        match deed.act {
            Act::Missing { target } => self.refuse(deed, None, target, Refusal::NotAvailable, told),
            Act::Declare { person } => self.refuse(deed, Some(person), target_of(person), Refusal::Rule, told),
            // A search finds nothing where nothing is permitted: no refusal.
            Act::Search { .. } => return Outcome::Done.into(),
            _ => {
                for person in deed.act.persons().iter().take(1) {
                    let refusal = match city.access(user, *person, deed.at) {
                        Access::Refused(refusal) => refusal,
                        Access::Permitted(_) => Refusal::NotAvailable,
                    };
                    self.refuse(deed, Some(*person), target_of(*person), refusal, told);
                }
            }
        }
        Outcome::Refused.into()
    }

    /// It is refused because of something that we did before.
    fn ours(&mut self, deed: &Deed, outcome: Outcome, told: &mut Vec<Told>) -> Answer {
        let person = deed.act.persons().first().copied();
        self.refuse(deed, person, person.map_or(0, target_of), Refusal::Ours, told);
        outcome.into()
    }

    fn done(
        &mut self,
        deed: &Deed,
        user: User,
        persons: &[(Person, Why)],
        city: &City,
        told: &mut Vec<Told>,
    ) -> Answer {
        let mut answer = Answer::from(Outcome::Done);
        if let Act::Write { person, edit } = deed.act {
            self.hear(deed, What::Wrote { user, person, edit }, told);
            return answer;
        }
        for (person, why) in persons {
            let (person, why) = (*person, *why);
            let marked = city.marks(user, person);
            self.hear(deed, What::Opened { user, person, why, marked }, told);
            answer.records += 1;
            if !why.is_explained() {
                answer.strange.push(person);
            }
        }
        let (bytes, export) = match deed.act {
            Act::Export { bytes, .. } => (bytes, true),
            Act::Open { bytes, .. } | Act::Search { bytes, .. } => (u64::from(bytes), false),
            _ => (0, false),
        };
        if bytes > 0 {
            self.hear(deed, What::Delivered { user, bytes, export }, told);
        }
        answer
    }

    /// Connections and passwords: a suspended terminal does not come as far; whoever types passwords must not notice more than that.
    fn at_the_door(&mut self, deed: &Deed, what: What, told: &mut Vec<Told>) -> Answer {
        if self.held(&deed.hand, deed.at) >= Step::DeviceSuspended {
            return self.ours(deed, Outcome::Suspended, told);
        }
        self.hear(deed, what, told);
        Outcome::Done.into()
    }
}

impl<J: Judge, L: FnMut(&Event)> Sink for Court<J, L> {
    fn know(&mut self, user: User, profile: Profile) {
        self.judge.know(user, profile);
    }

    fn take(&mut self, deed: &Deed, city: &City, told: &mut Vec<Told>) -> Answer {
        match (&deed.act, deed.hand.user) {
            (Act::Connect { print, place }, _) => {
                self.at_the_door(deed, What::Connected { print: *print, place: *place }, told)
            }
            (Act::SignIn { account, owner, right, step_up }, _) => {
                let device = deed.hand.device;
                if let Some(millis) = self.door.wait(device, *account, deed.at) {
                    return Outcome::Later(millis).into();
                }
                self.door.typed(device, *account, *right, deed.at);
                let what = What::SignedIn { account: *account, user: *owner, right: *right, step_up: *step_up };
                self.at_the_door(deed, what, told)
            }
            (Act::ShowEnded { owner }, _) => {
                self.hear(deed, What::Ended { user: *owner }, told);
                Outcome::Refused.into()
            }
            (Act::Replay, Some(user)) => {
                if self.held(&deed.hand, deed.at) >= Step::DeviceSuspended {
                    return self.ours(deed, Outcome::Suspended, told);
                }
                self.hear(deed, What::Replayed { user }, told);
                Outcome::Refused.into()
            }
            (_, Some(user)) => self.about_persons(deed, user, city, told),
            (_, None) => Outcome::Refused.into(),
        }
    }

    fn lift(&mut self, subject: Subject) {
        self.judge.lift(subject);
    }

    fn step(&self, subject: Subject, at: Timestamp) -> Step {
        match subject {
            Subject::User(user) => self.judge.user_step(user, at),
            Subject::Device(device) => self.judge.device_step(device, at),
            Subject::Facility(_) | Subject::City => Step::None,
        }
    }
}

/// Those of the persons of a deed whom it is permitted for, each with the reason.
fn permitted(deed: &Deed, user: User, city: &City) -> Vec<(Person, Why)> {
    if let Act::Declare { person } = deed.act {
        return match city.access(user, person, deed.at) {
            Access::Permitted(why) => vec![(person, why)],
            Access::Refused(Refusal::Stopped) => Vec::new(),
            Access::Refused(_)
                if city.may_declare(user) && city.person(person).is_some_and(|known| known.is_supported(deed.at)) =>
            {
                vec![(person, Why::Emergency)]
            }
            Access::Refused(_) => Vec::new(),
        };
    }
    // What is his to see is his to write, in this city.
    let permitted = |person: &Person| match city.access(user, *person, deed.at) {
        Access::Permitted(why) => Some((*person, why)),
        Access::Refused(_) => None,
    };
    deed.act.persons().iter().filter_map(permitted).collect()
}

fn target_of(person: Person) -> u64 {
    crate::rng::digest(&[0x7a26, u64::from(person.0)])
}
