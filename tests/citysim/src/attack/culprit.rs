//! One who carries out an attack: what he has in his hands, and what he does next.

use std::collections::{HashSet, VecDeque};

use anomaly::Prefix;
use anomaly::event::{Device, Person, Place};
use model::Timestamp;

use super::going::Going;
use crate::calendar::{Calendar, HOUR};
use crate::city::{ABROAD, CITY, City, FAR, Terminal, carrier_address, place_of, street_address};
use crate::deed::{Act, Hand, Outcome};
use crate::mix::{self, Attack, Kind, Later, Mix, Narrowed, Net, Over, Phase, Where};
use crate::rng::Rng;
use crate::stream::Scene;

/// So long a connection is kept without its being opened anew.
const CONNECTED: i64 = HOUR / 2;
/// So long where addresses change on purpose.
const CHANGED: i64 = HOUR / 12;
/// So long lasts the session that a guessed password opened.
const GUESSED: i64 = 8 * HOUR;
/// How often he proves himself to be let go of a narrowing.
const PROOFS_MAX: u32 = 1;

/// One who carries out an attack.
#[derive(Clone, Debug)]
pub struct Culprit {
    /// Of which attack: its number.
    pub instance: usize,
    /// As whom he acts, and about whom it is.
    pub scene: Scene,
    /// With what.
    pub means: Option<Means>,
    /// He acts no more.
    pub over: bool,
    /// Since when he is held.
    pub stopped: Option<Timestamp>,
    /// The office ended it before he was held.
    pub cut: bool,
    /// What he came to.
    pub loot: Loot,
    knows_password: bool,
    rng: Rng,
    phase: usize,
    going: Option<Going>,
    /// To be done before anything else.
    waiting: VecDeque<Act>,
    proofs: u32,
    /// He has just given the password, for nothing if he is asked again.
    proved: bool,
    refused: u32,
    held: u32,
}

/// What he has in his hands.
#[derive(Clone, Copy, Debug)]
pub struct Means {
    /// The terminal, or a copy of its certificate.
    pub device: Device,
    /// His address.
    pub source: Prefix,
    connected_until: Timestamp,
    signed_in_until: Timestamp,
}

/// What he came to; of phases that count.
#[derive(Clone, Debug, Default)]
pub struct Loot {
    /// Records, before he was held.
    pub records: u32,
    /// Records, in all.
    pub records_in_all: u32,
    /// Refusals, before he was held.
    pub refused: u32,
    /// Writes, before he was held.
    pub edits: u32,
    /// Persons whom nothing explains, before he was held.
    pub strange: HashSet<Person>,
    /// Acts in all.
    pub acts: u32,
}

/// What he does next.
#[derive(Clone, Debug)]
pub enum Move {
    /// This.
    Now(Act),
    /// Nothing until then.
    Wait(Timestamp),
    /// Nothing more.
    Over,
}

impl Culprit {
    /// Somebody with another's terminal, or with his own.
    #[must_use]
    pub fn new(instance: usize, scene: Scene, seed: u64) -> Self {
        Self {
            instance,
            scene,
            means: None,
            over: false,
            stopped: None,
            cut: false,
            loot: Loot::default(),
            knows_password: false,
            rng: Rng::of(seed, &[0xc01]),
            phase: 0,
            going: None,
            waiting: VecDeque::new(),
            proofs: 0,
            proved: false,
            refused: 0,
            held: 0,
        }
    }

    /// He takes what he needs: from then on the owner of a stolen terminal has another one.
    pub fn begin(&mut self, attack: &Attack, city: &mut City, at: Timestamp) {
        let kind = attack.who.kind;
        let Some(device) = city.worker(self.scene.owner).map(|worker| worker.device) else { return self.over = true };
        if matches!(kind, Kind::Thief | Kind::Retired) {
            city.replace_terminal(self.scene.owner, at, &mut self.rng);
        }
        self.scene.user = (!matches!(kind, Kind::Outsider | Kind::Retired)).then_some(self.scene.owner);
        self.knows_password = attack.who.knows_password();
        let drawn = self.rng.bits();
        let Some(terminal) = city.terminal(device) else { return self.over = true };
        let print = match attack.disguise.print_of(kind) {
            mix::Print::Own => terminal.print(),
            mix::Print::Version => terminal.other_version(drawn),
            mix::Print::Script => terminal.script(drawn),
            mix::Print::Other => Terminal::other_program(drawn),
            mix::Print::Nameless => Terminal::nameless(drawn),
        };
        let source = street_address(self.rng.bits());
        let never = Timestamp::MIN;
        self.scene.print = print;
        self.means = Some(Means { device, source, connected_until: never, signed_in_until: never });
    }

    /// With what he acts.
    #[must_use]
    pub fn hand(&self) -> Option<Hand> {
        let Means { device, source, .. } = self.means?;
        Some(Hand { user: self.scene.user, device, facility: self.scene.facility, source })
    }

    /// He comes to the door: connects, and signs in where no session is open.
    pub fn arrive(&mut self, attack: &Attack, mix: &Mix, city: &mut City, at: Timestamp) -> Vec<Act> {
        let mut acts = Vec::new();
        let Some(mut means) = self.means else { return acts };
        let (kind, net) = (attack.who.kind, attack.disguise.net_of(attack.who.kind));
        if means.connected_until <= at {
            means.source = match net {
                Net::Own => self.own_address(city, at),
                Net::Carrier => carrier_address(self.rng.below(mix.network.carrier_addresses as usize)),
                Net::Other => means.source,
                Net::Changing => street_address(self.rng.bits()),
            };
            means.connected_until = at.plus_millis(if net == Net::Changing { CHANGED } else { CONNECTED });
            self.scene.place = place(attack, means.source);
            acts.push(Act::Connect { print: self.scene.print, place: self.scene.place });
        }
        let brings_session = matches!(kind, Kind::Thief | Kind::Infected | Kind::Facility);
        if means.signed_in_until <= at && !brings_session && self.knows_password {
            let session = (mix.network.session_h * HOUR as f64) as i64;
            means.signed_in_until = at.plus_millis(session);
            // An insider may have a session open already.
            let open = kind == Kind::Insider
                && city.worker(self.scene.owner).is_some_and(|worker| {
                    worker.seat.device == Some(means.device) && at.millis_since(worker.seat.signed_in) < session
                });
            acts.extend(self.scene.user.filter(|_| !open).map(|user| Act::sign_in(user, true, false)));
        }
        self.means = Some(means);
        acts
    }

    fn own_address(&self, city: &City, at: Timestamp) -> Prefix {
        let seat = city.worker(self.scene.owner).map(|worker| worker.seat).filter(|seat| at < seat.until);
        let of_house = city.house(self.scene.facility).map(|house| house.source).unwrap_or_default();
        seat.map_or(of_house, |seat| seat.source)
    }

    /// What he does at this time.
    pub fn next(&mut self, attack: &Attack, city: &City, calendar: &Calendar, at: Timestamp) -> Move {
        if self.over {
            return Move::Over;
        }
        if let Some(act) = self.waiting.pop_front() {
            return Move::Now(act);
        }
        while let Some(phase) = attack.phase.get(self.phase) {
            if self.going.is_none() {
                self.going = Going::begin(phase, &self.scene, city, calendar, at, &mut self.rng);
            }
            if let Some(going) = &mut self.going {
                if at < going.due() {
                    return Move::Wait(going.due());
                }
                if let Some(act) = going.next(phase, &self.scene, &mut self.rng) {
                    return Move::Now(act);
                }
            }
            self.going = None;
            self.phase += 1;
            self.guess(phase, attack, city, at);
            if let Some(act) = self.waiting.pop_front() {
                return Move::Now(act);
            }
        }
        self.over = true;
        Move::Over
    }

    /// Whether what he is at counts.
    #[must_use]
    pub fn counts(&self, attack: &Attack) -> bool {
        attack.phase.get(self.phase).is_none_or(|phase| !phase.prelude)
    }

    /// A phase of trying passwords ends: one of them may have been right.
    fn guess(&mut self, phase: &Phase, attack: &Attack, city: &City, at: Timestamp) {
        if phase.guessed > 0.0 && self.rng.chance(phase.guessed) {
            let found = match phase.over {
                Over::OwnAccount => Some(self.scene.owner),
                Over::OneAccount => self.scene.account,
                Over::Accounts => {
                    let works = city.users().filter(|(_, worker)| worker.works(at));
                    self.rng.pick(&works.map(|(user, _)| user).collect::<Vec<_>>()).copied()
                }
                _ => None,
            };
            if let Some(user) = found {
                self.scene.user = Some(user);
                self.knows_password = true;
                self.waiting.push_back(Act::sign_in(user, true, false));
                self.means.iter_mut().for_each(|means| means.signed_in_until = at.plus_millis(GUESSED));
            }
        }
        // Nobody is signed in, and what comes asks for somebody.
        let needs = attack
            .phase
            .get(self.phase)
            .is_some_and(|next| next.does.weighed().iter().any(|(act, _)| act.needs_user()));
        self.over |= needs && self.scene.user.is_none();
    }

    /// How he takes what became of an act; returns when he goes on.
    pub fn take(
        &mut self,
        act: Act,
        outcome: Outcome,
        attack: &Attack,
        calendar: &Calendar,
        at: Timestamp,
    ) -> Timestamp {
        let reaction = &attack.reaction;
        self.refused = if outcome == Outcome::Refused { self.refused + 1 } else { 0 };
        let asked = outcome == Outcome::PasswordFirst;
        self.proved &= asked || matches!(act, Act::SignIn { .. });
        match outcome {
            Outcome::Done => {}
            Outcome::Refused => self.over |= reaction.refusals.is_some_and(|most| self.refused >= most),
            Outcome::Later(millis) => match reaction.later {
                Later::Waits => {
                    self.waiting.push_front(act);
                    return at.plus_millis(millis.max(0) + 100);
                }
                Later::GoesOn => {}
                Later::Leaves => self.over = true,
            },
            Outcome::PasswordFirst if !self.proved && self.proves(&act) => return self.password(act, at),
            Outcome::PasswordFirst | Outcome::Suspended => {
                self.stopped.get_or_insert(at);
                self.is_held(reaction.held);
            }
            Outcome::Narrowed => {
                self.stopped.get_or_insert(at);
                match reaction.narrowed {
                    Narrowed::Proves if self.proofs < PROOFS_MAX && self.proves(&act) => {
                        self.proofs += 1;
                        return self.password(act, at);
                    }
                    Narrowed::Proves | Narrowed::GoesOn => self.is_held(reaction.held),
                    Narrowed::Leaves => self.over = true,
                }
            }
        }
        self.advance(attack, calendar, at)
    }

    fn is_held(&mut self, most: u32) {
        self.held += 1;
        self.over |= self.held >= most;
    }

    fn proves(&self, act: &Act) -> bool {
        self.knows_password && self.scene.user.is_some() && !matches!(act, Act::SignIn { .. })
    }

    /// He gives the password, and then does what he wanted to.
    fn password(&mut self, act: Act, at: Timestamp) -> Timestamp {
        self.proved = true;
        let owner = self.scene.user.unwrap_or(self.scene.owner);
        self.waiting.push_back(Act::sign_in(owner, true, true));
        self.waiting.push_back(act);
        at.plus_millis((self.rng.between(10.0, 40.0) * 1000.0) as i64)
    }

    /// When the next act is due.
    fn advance(&mut self, attack: &Attack, calendar: &Calendar, at: Timestamp) -> Timestamp {
        if !self.waiting.is_empty() {
            return at.plus_millis(2_000);
        }
        let (Some(phase), Some(going)) = (attack.phase.get(self.phase), &mut self.going) else { return at };
        if going.advance(phase, calendar, at, &mut self.rng).is_none() {
            self.going = None;
            self.phase += 1;
            return at;
        }
        going.due()
    }
}

/// Where an address of his seems to be.
fn place(attack: &Attack, source: Prefix) -> Option<Place> {
    match (attack.disguise.place_of(), attack.disguise.net_of(attack.who.kind)) {
        (Where::Unknown, _) => None,
        (Where::Far, _) => Some(FAR),
        (Where::Abroad, _) => Some(ABROAD),
        (Where::Near, Net::Own | Net::Carrier) => Some(place_of(source)),
        (Where::Near, Net::Other | Net::Changing) => Some(CITY),
    }
}
