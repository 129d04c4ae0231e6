//! From a phase of a mix to one act after the other: whom it is done to, in which order, at what pace.

use anomaly::event::{Edit, Facility, Person, Place, Print, User};
use model::Timestamp;

use crate::city::City;
use crate::deed::Act;
use crate::mix::{Needs, Order, Over, Phase, Primitive, Span};
use crate::rng::{Rng, digest};

/// What a phase is carried out with.
#[derive(Clone, Copy, Debug)]
pub struct Scene {
    /// As whom.
    pub user: Option<User>,
    /// Whose terminal it is.
    pub owner: User,
    /// Of which facility.
    pub facility: Facility,
    /// The one person it is all about.
    pub one: Option<Person>,
    /// The person who came lately.
    pub new: Option<Person>,
    /// The one user ID it is all about.
    pub account: Option<User>,
    /// What the client's TLS says.
    pub print: Print,
    /// Where it seems to be.
    pub place: Option<Place>,
    /// Octets of an ordinary answer.
    pub bytes: Span,
}

impl Scene {
    /// Nobody yet, at a terminal of a user.
    #[must_use]
    pub const fn of(owner: User, facility: Facility, bytes: Span) -> Self {
        let print = Print { hello: 0, family: 0 };
        Self { user: None, owner, facility, one: None, new: None, account: None, print, place: None, bytes }
    }
}

#[derive(Clone, Debug)]
enum Targets {
    Persons(Vec<Person>),
    Users(Vec<User>),
    /// Numbers that nothing has, from this one on.
    Numbers(u64),
    Nothing,
}

/// A phase as it goes on.
#[derive(Clone, Debug)]
pub struct Stream {
    acts: Vec<(Primitive, f64)>,
    targets: Targets,
    /// The target that is being dealt with, and the one after it.
    at: usize,
    next: usize,
    /// Acts on it that are left.
    each_left: u32,
    /// Targets that are left, where they are counted.
    left: Option<u32>,
    again: bool,
    in_order: bool,
    in_burst: u32,
    /// Milliseconds of a pace that is drawn once.
    pace: f64,
}

impl Stream {
    /// A phase begins.
    #[must_use]
    pub fn new(phase: &Phase, scene: &Scene, city: &City, at: Timestamp, rng: &mut Rng) -> Self {
        let acts = phase.does.weighed();
        let needs = acts.iter().map(|(act, _)| act.needs()).find(|needs| *needs != Needs::Nothing);
        let mut targets = match needs {
            None => Targets::Nothing,
            Some(_) => targets(phase.over, scene, city, at, rng),
        };
        let in_order = phase.order == Order::Ascending;
        match &mut targets {
            Targets::Persons(persons) if in_order => persons.sort_unstable(),
            Targets::Persons(persons) => rng.shuffle(persons),
            Targets::Users(users) if in_order => users.sort_unstable(),
            Targets::Users(users) => rng.shuffle(users),
            Targets::Numbers(_) | Targets::Nothing => {}
        }
        let left = phase.count.map(|count| count.count(rng));
        // Without a number, what has no targets is done once.
        let once = matches!(targets, Targets::Nothing) && left.is_none() && phase.per_day.is_none();
        Self {
            acts,
            targets,
            at: 0,
            next: 0,
            each_left: 0,
            left: if once { Some(1) } else { left },
            again: phase.begins_again(),
            in_order,
            in_burst: 0,
            pace: phase.pace_s.draw(rng) * 1000.0,
        }
    }

    /// The next act; none when there is nothing left to do it to.
    pub fn next(&mut self, phase: &Phase, scene: &Scene, rng: &mut Rng) -> Option<Act> {
        if self.each_left == 0 {
            if self.left == Some(0) || !self.turn() {
                return None;
            }
            self.left = self.left.map(|left| left - 1);
            self.each_left = phase.each.count(rng).max(1);
        }
        self.each_left -= 1;
        let act = rng.pick_weighed(self.acts.iter().copied())?;
        Some(self.act(act, phase, scene, rng))
    }

    /// Turns to the next target, or to the first again where that is wanted.
    fn turn(&mut self) -> bool {
        let count = match &self.targets {
            Targets::Persons(persons) => persons.len(),
            Targets::Users(users) => users.len(),
            Targets::Numbers(_) | Targets::Nothing => usize::MAX,
        };
        if self.next >= count && self.again {
            self.next = 0;
        }
        self.at = self.next;
        self.next = self.next.saturating_add(1);
        self.at < count
    }

    fn act(&mut self, act: Primitive, phase: &Phase, scene: &Scene, rng: &mut Rng) -> Act {
        let bytes = scene.bytes.draw(rng) as u32;
        match act {
            Primitive::WrongPassword => self.wrong_password(rng),
            Primitive::SignIn => {
                let owner = scene.user.unwrap_or(scene.owner);
                Act::sign_in(owner, true, false)
            }
            Primitive::Connect => Act::Connect { print: scene.print, place: scene.place },
            Primitive::UseEndedCertificate => Act::ShowEnded { owner: Some(scene.owner) },
            Primitive::Replay => Act::Replay,
            Primitive::Search => self.search(phase, bytes, rng),
            _ => match self.person() {
                Some(person) => on(act, person, phase.bytes, bytes, rng),
                None => Act::Missing { target: self.number() },
            },
        }
    }

    fn wrong_password(&self, rng: &mut Rng) -> Act {
        let (account, owner) = match &self.targets {
            Targets::Users(users) => {
                let owner = users.get(self.at).copied();
                (owner.map(City::account), owner)
            }
            _ => (None, None),
        };
        let account = account.unwrap_or_else(|| City::unknown_account(rng.bits()));
        Act::SignIn { account, owner, right: false, step_up: false }
    }

    fn search(&mut self, phase: &Phase, bytes: u32, rng: &mut Rng) -> Act {
        let Targets::Persons(persons) = &self.targets else { return Act::Missing { target: self.number() } };
        let page = (phase.finds.count(rng) as usize).clamp(1, persons.len().max(1));
        let found: Vec<Person> = persons.iter().cycle().skip(self.at).take(page).copied().collect();
        self.next = self.next.saturating_add(page - 1);
        // What one search finds counts as that many.
        self.left = self.left.map(|left| left.saturating_sub(u32::try_from(page - 1).unwrap_or(u32::MAX)));
        self.each_left = 0;
        Act::Search { persons: found.into(), bytes }
    }

    fn person(&self) -> Option<Person> {
        match &self.targets {
            Targets::Persons(persons) => persons.get(self.at).copied(),
            _ => None,
        }
    }

    fn number(&self) -> u64 {
        match &self.targets {
            // One after the other, or any.
            Targets::Numbers(first) if self.in_order => first.wrapping_add(self.at as u64),
            Targets::Numbers(first) => digest(&[*first, self.at as u64]),
            _ => self.at as u64,
        }
    }

    /// Milliseconds until the next act.
    pub fn gap_millis(&mut self, phase: &Phase, rng: &mut Rng) -> i64 {
        if let Some(burst) = phase.burst {
            if self.in_burst == 0 {
                self.in_burst = burst.count(rng).max(1);
            }
            self.in_burst -= 1;
            if self.in_burst == 0 {
                return (phase.pause_s.draw(rng) * 1000.0) as i64;
            }
        }
        if phase.jitter == 0.0 {
            return self.pace as i64;
        }
        let pace = phase.pace_s.draw(rng) * 1000.0;
        rng.log_normal(pace, phase.jitter) as i64
    }
}

fn on(act: Primitive, person: Person, export: Span, bytes: u32, rng: &mut Rng) -> Act {
    match act {
        Primitive::Export => Act::Export { person, bytes: export.draw(rng) as u64 },
        Primitive::Create => Act::Write { person, edit: Edit::New },
        Primitive::EditOwn => Act::Write { person, edit: Edit::Own },
        Primitive::EditOthers => Act::Write { person, edit: Edit::Others },
        Primitive::Delete => Act::Write { person, edit: Edit::Deleted },
        Primitive::Emergency => Act::Declare { person },
        _ => Act::Open { person, bytes },
    }
}

fn targets(over: Over, scene: &Scene, city: &City, at: Timestamp, rng: &mut Rng) -> Targets {
    let doer = city.worker(scene.user.unwrap_or(scene.owner));
    let panel = doer.map(|doer| doer.panel.clone()).unwrap_or_default();
    let of_house = city.house(scene.facility).map(|house| house.persons.clone()).unwrap_or_default();
    let persons = match over {
        Over::Panel => panel,
        Over::Facility => of_house,
        Over::Others => of_house.into_iter().filter(|person| !panel.contains(person)).collect(),
        Over::All => city.supported(at).map(|(person, _)| person).collect(),
        Over::Stopped => {
            let all = (0..).map(Person).zip(&city.persons);
            all.filter(|(_, known)| known.stopped.is_some_and(|stopped| stopped <= at))
                .map(|(person, _)| person)
                .collect()
        }
        Over::Near => {
            let relatives = doer.map(|doer| doer.near.clone()).unwrap_or_default();
            let near: Vec<Person> = relatives.into_iter().filter(|person| !panel.contains(person)).collect();
            let staff = city.supported(at).filter(|(person, known)| known.staff && !panel.contains(person));
            // Whoever has no relatives here is curious about colleagues.
            if near.is_empty() { staff.map(|(person, _)| person).collect() } else { near }
        }
        Over::One => scene.one.into_iter().collect(),
        Over::New => scene.new.into_iter().collect(),
        Over::Missing => return Targets::Numbers(rng.bits() >> 16),
        Over::UnknownAccounts => return Targets::Numbers(rng.bits() >> 16),
        Over::Accounts => {
            let others = city.users().filter(|(user, worker)| worker.works(at) && *user != scene.owner);
            return Targets::Users(others.map(|(user, _)| user).collect());
        }
        Over::OneAccount => return Targets::Users(scene.account.into_iter().collect()),
        Over::OwnAccount => return Targets::Users(vec![scene.owner]),
    };
    Targets::Persons(persons)
}
