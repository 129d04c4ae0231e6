//! How honest people take what becomes of their deeds.

use std::collections::VecDeque;

use anomaly::event::User;
use anomaly::{Step, Subject};
use model::Timestamp;

use crate::calendar::HOUR;
use crate::city::{Access, Seat, Terminal, carrier_address, place_of};
use crate::day::{Beat, Sitting};
use crate::deed::{Act, Hand, Outcome, Sink};
use crate::rng::Rng;
use crate::run::{Call, Run};

/// So long a PC keeps its connection.
const DESK_CONNECTED: i64 = 8 * HOUR;
/// Share of connections of a tablet that are by the carrier; the others by its facility.
const BY_CARRIER: f64 = 0.7;

impl<S: Sink> Run<'_, S> {
    /// Somebody does the next of what he sat down to.
    pub(crate) fn sit(&mut self, mut sitting: Box<Sitting>, at: Timestamp) {
        if let Some(until) = self.outage(at) {
            // Nobody is answered. Whoever wanted something comes again when it is over.
            let late = (sitting.rng.between(0.0, 600.0) * 1000.0) as i64;
            return self.say(until.plus_millis(late), Call::Sitting(sitting));
        }
        if !self.city.works(sitting.user, at) {
            return;
        }
        if !sitting.greeted {
            self.greet(&mut sitting, at);
        }
        let (Some(hand), Some(beat)) = (self.hand(&sitting), sitting.beats.pop_front()) else { return };
        if self.is_given_up(&sitting, &beat.act, at) {
            return self.go_on(sitting, at);
        }
        let explained = self.is_explained(sitting.user, &beat.act, at);
        let outcome = self.deed(at, hand, &beat.act).outcome;
        self.score.honest(&beat.act, outcome);
        match outcome {
            Outcome::Done => {
                // The password was worth it: asked for it once more later on, he gives it once more.
                let got_on = !matches!(beat.act, Act::SignIn { .. } | Act::Connect { .. });
                sitting.proofs = if got_on { 0 } else { sitting.proofs };
                self.settle(&mut sitting, explained, false, at);
            }
            Outcome::Refused => {
                sitting.refused += 1;
                self.settle(&mut sitting, false, false, at);
            }
            Outcome::PasswordFirst => {
                self.score.stepped_up(self.is_touched(sitting.user, hand.device, at));
                self.prove(&mut sitting, beat, explained, at);
            }
            Outcome::Later(millis) => self.wait(&mut sitting, beat, millis, explained, at),
            Outcome::Narrowed => {
                self.trouble(&mut sitting, hand, at);
                if sitting.proofs == 0 && sitting.rng.chance(self.mix.people.proves) {
                    self.prove(&mut sitting, beat, explained, at);
                } else {
                    self.phones(&mut sitting, hand, at);
                    self.settle(&mut sitting, explained, true, at);
                }
            }
            Outcome::Suspended => {
                self.trouble(&mut sitting, hand, at);
                self.phones(&mut sitting, hand, at);
                self.settle(&mut sitting, explained, true, at);
                // Nothing of what he came for is to be had.
                for beat in std::mem::take(&mut sitting.beats) {
                    let explained = self.is_explained(sitting.user, &beat.act, at);
                    self.settle(&mut sitting, explained, true, at);
                }
            }
        }
        self.go_on(sitting, at);
    }

    fn go_on(&mut self, sitting: Box<Sitting>, at: Timestamp) {
        if let Some(next) = sitting.beats.front() {
            self.say(at.plus_millis(next.gap.max(0)), Call::Sitting(sitting));
        }
    }

    pub(crate) fn outage(&self, at: Timestamp) -> Option<Timestamp> {
        self.city.now(at).filter(|condition| condition.what.outage).map(|condition| condition.until).max()
    }

    fn hand(&self, sitting: &Sitting) -> Option<Hand> {
        let worker = self.city.worker(sitting.user)?;
        let device = sitting.device.unwrap_or(worker.device);
        let facility = self.city.terminal(device)?.facility;
        let source = if sitting.device.is_some() { self.city.house(facility)?.source } else { worker.seat.source };
        Some(Hand { user: Some(sitting.user), device, facility, source })
    }

    fn is_explained(&self, user: User, act: &Act, at: Timestamp) -> bool {
        act.persons().iter().any(|person| self.city.access(user, *person, at).is_explained())
    }

    /// Whether he does not try it any more: too much of the kind was refused.
    fn is_given_up(&self, sitting: &Sitting, act: &Act, at: Timestamp) -> bool {
        sitting.refused >= self.mix.people.gives_up_after
            && (matches!(act, Act::Missing { .. })
                || (!act.persons().is_empty() && !self.is_permitted(sitting.user, act, at)))
    }

    fn is_permitted(&self, user: User, act: &Act, at: Timestamp) -> bool {
        let permitted = |person| matches!(self.city.access(user, person, at), Access::Permitted(_));
        act.persons().iter().any(|person| permitted(*person))
    }

    /// What he wanted is settled: he has it, or he does not get it because of something we did.
    fn settle(&mut self, sitting: &mut Sitting, explained: bool, lost: bool, at: Timestamp) {
        sitting.waited = 0;
        if explained && !self.insiders.contains(&sitting.user) {
            let device = sitting.device.or_else(|| self.city.worker(sitting.user).map(|worker| worker.device));
            let touched = device.is_some_and(|device| self.is_touched(sitting.user, device, at));
            self.score.explained(self.calendar.number_at(at) / 7, lost, touched);
        }
        if !lost && self.troubled.contains_key(&sitting.user) {
            self.recover(at);
        }
    }

    /// He gives his password, and tries once more; in vain twice is enough.
    fn prove(&mut self, sitting: &mut Sitting, beat: Beat, explained: bool, at: Timestamp) {
        sitting.proofs += 1;
        if sitting.proofs > 2 || matches!(beat.act, Act::SignIn { .. }) {
            self.hand(sitting).into_iter().for_each(|hand| self.phones(sitting, hand, at));
            return self.settle(sitting, explained, true, at);
        }
        let gap = (self.mix.people.password_s.draw(&mut sitting.rng) * 1000.0) as i64;
        let act = Act::sign_in(sitting.user, true, true);
        sitting.beats.push_front(Beat { gap: 2_000, ..beat });
        sitting.beats.push_front(Beat { gap, act });
    }

    fn wait(&mut self, sitting: &mut Sitting, beat: Beat, millis: i64, explained: bool, at: Timestamp) {
        sitting.waited += millis;
        if sitting.waited as f64 > self.mix.people.patience_s * 1000.0 {
            return self.settle(sitting, explained, true, at);
        }
        sitting.beats.push_front(Beat { gap: millis.max(0) + 100, ..beat });
    }

    /// He has met a refusal of ours that is not because of an attack.
    fn trouble(&mut self, sitting: &mut Sitting, hand: Hand, at: Timestamp) {
        if !self.is_touched(sitting.user, hand.device, at) {
            self.troubled.entry(sitting.user).or_insert(at);
        }
    }

    fn phones(&mut self, sitting: &mut Sitting, hand: Hand, at: Timestamp) {
        if sitting.phoned {
            return;
        }
        sitting.phoned = true;
        let later = (self.mix.people.phones_min.draw(&mut sitting.rng) * 60_000.0) as i64;
        for subject in [Subject::User(sitting.user), Subject::Device(hand.device)] {
            if self.sink.step(subject, at) > Step::None {
                self.say(at.plus_millis(later), Call::Phone(subject));
            }
        }
    }

    /// Who is no longer held has recovered.
    pub(crate) fn recover(&mut self, at: Timestamp) {
        let mut free: Vec<(User, Timestamp)> = Vec::new();
        for (user, since) in &self.troubled {
            let device = self.city.worker(*user).map(|worker| worker.device);
            let held = self.sink.step(Subject::User(*user), at);
            let held = held.max(device.map_or(Step::None, |device| self.sink.step(Subject::Device(device), at)));
            if held < Step::Narrowed {
                free.push((*user, *since));
            }
        }
        for (user, since) in free {
            self.troubled.remove(&user);
            self.score.recovered(user, since, at);
        }
    }

    /// Connects and signs in first, where that is needed.
    fn greet(&mut self, sitting: &mut Sitting, at: Timestamp) {
        let network = &self.mix.network;
        let Some(worker) = self.city.worker(sitting.user) else { return };
        let (mobile, facility, mut seat) = (worker.mobile, worker.facility, worker.seat);
        let own = worker.device;
        let session = (network.session_h * HOUR as f64) as i64;
        let other = seat.device != Some(own) || sitting.device.is_some();
        let signs_in = other || at.millis_since(seat.signed_in) >= session;
        if !signs_in && at < seat.until {
            return;
        }
        let rng = &mut sitting.rng;
        let mut source = self.city.house(facility).map(|house| house.source).unwrap_or_default();
        let mut lasts = DESK_CONNECTED;
        if mobile && sitting.device.is_none() {
            let addresses = self.city.factor(at, |what| what.addresses).max(0.01);
            lasts = (network.address_min.draw(rng) / addresses * 60_000.0) as i64;
            if rng.chance(BY_CARRIER) {
                source = carrier_address(rng.below(network.carrier_addresses as usize));
            }
        }
        let device = sitting.device.unwrap_or(own);
        let beside = rng.chance(network.other_program);
        let print = if beside { Terminal::print_beside } else { Terminal::print };
        let Some(print) = self.city.terminal(device).map(print) else { return };
        let place = rng.chance(network.placed).then(|| place_of(source));
        let mut first = VecDeque::from([Beat { gap: 0, act: Act::Connect { print, place } }]);
        if signs_in {
            sign_in(sitting.user, network.wrong_password, &mut first, rng);
        }
        if sitting.device.is_some() {
            // At another terminal he signs in for this once, and his own session stays as it is.
            sitting.greeted = true;
        } else {
            let signed_in = if signs_in { at } else { seat.signed_in };
            seat = Seat { device: Some(own), signed_in, source, until: at.plus_millis(lasts) };
            self.city.worker_mut(sitting.user).into_iter().for_each(|worker| worker.seat = seat);
        }
        // What he wanted comes shortly after.
        sitting.beats.front_mut().into_iter().for_each(|beat| beat.gap = 1_500);
        for beat in first.into_iter().rev() {
            sitting.beats.push_front(beat);
        }
    }
}

/// Signs in, mistyping now and then.
fn sign_in(user: User, wrong: f64, beats: &mut VecDeque<Beat>, rng: &mut Rng) {
    let mut types = |right, rng: &mut Rng| {
        let gap = (rng.between(4.0, 15.0) * 1000.0) as i64;
        beats.push_back(Beat { gap, act: Act::sign_in(user, right, false) });
    };
    for _ in 0..rng.in_a_row(wrong).min(4) {
        types(false, rng);
    }
    types(true, rng);
}
