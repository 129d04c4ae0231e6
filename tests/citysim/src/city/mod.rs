//! The city: who works where with which terminal, who is cared for by whom, and what the registry knows of it.

mod churn;
mod facts;
mod found;
mod terminals;

use anomaly::Prefix;
use anomaly::event::{Account, Device, Facility, Marks, Person, User};
use model::{Profession, Timestamp};

use crate::mix::Meanwhile;
use crate::rng::digest;

pub use facts::{Access, Errand, Facts, Scope};
pub use terminals::{ABROAD, CITY, FAR, Terminal, carrier_address, place_of, street_address};

/// Everything there is.
#[derive(Debug, Default)]
pub struct City {
    /// By [`User`].
    pub workers: Vec<Worker>,
    /// By [`Person`].
    pub persons: Vec<Supported>,
    /// By [`Facility`].
    pub houses: Vec<House>,
    /// By [`Device`].
    pub terminals: Vec<Terminal>,
    /// What the registry knows for a while.
    pub facts: Facts,
    /// What is otherwise for a while.
    pub conditions: Vec<Condition>,
}

/// A user.
#[derive(Clone, Debug)]
pub struct Worker {
    /// What he is.
    pub profession: Profession,
    /// Where he works.
    pub facility: Facility,
    /// The terminal he works with.
    pub device: Device,
    /// It goes along on visits.
    pub mobile: bool,
    /// He manages his facility.
    pub manages: bool,
    /// He has a right to all records of the city.
    pub city_right: bool,
    /// Persons on whose care team he is.
    pub panel: Vec<Person>,
    /// Relatives and neighbours among the persons.
    pub near: Vec<Person>,
    /// How many persons he takes, beside his colleagues.
    pub weight: f64,
    /// Since when he works here.
    pub from: Timestamp,
    /// When he left.
    pub until: Option<Timestamp>,
    /// From when to when he is away.
    pub away: Option<(Timestamp, Timestamp)>,
    /// The office has ended his user ID, for a reason.
    pub gone: bool,
    /// Something is going to happen with him: he does not leave by chance.
    pub cast: bool,
    /// His session and connection.
    pub seat: Seat,
}

/// A session and a connection, as far as they tell when there is a new one.
#[derive(Clone, Copy, Debug)]
pub struct Seat {
    /// At which terminal.
    pub device: Option<Device>,
    /// When he signed in.
    pub signed_in: Timestamp,
    /// His address.
    pub source: Prefix,
    /// Until when he has it.
    pub until: Timestamp,
}

impl Default for Seat {
    fn default() -> Self {
        Self { device: None, signed_in: Timestamp::MIN, source: [0; 8], until: Timestamp::MIN }
    }
}

/// A supported person.
#[derive(Clone, Debug)]
pub struct Supported {
    /// Who cares for the person.
    pub team: Vec<Team>,
    /// Since when.
    pub from: Timestamp,
    /// Since when the registry knows the team.
    pub known_from: Timestamp,
    /// Since when support has stopped.
    pub stopped: Option<Timestamp>,
    /// Records are labelled as sensitive.
    pub sensitive: bool,
    /// The person is staff of a facility.
    pub staff: bool,
}

/// Those of one facility who care for a person.
#[derive(Clone, Debug)]
pub struct Team {
    /// Their profession.
    pub profession: Profession,
    /// Their facility.
    pub facility: Facility,
    /// They take turns.
    pub users: Vec<User>,
}

/// A facility.
#[derive(Clone, Debug)]
pub struct House {
    /// What is done there.
    pub profession: Profession,
    /// Who works there.
    pub users: Vec<User>,
    /// Who is cared for from there.
    pub persons: Vec<Person>,
    /// Terminals that are everybody's.
    pub shared: Vec<Device>,
    /// Its address.
    pub source: Prefix,
}

/// Something that is otherwise for a while.
#[derive(Clone, Debug)]
pub struct Condition {
    /// Number of the burst in the mix.
    pub burst: usize,
    /// Since when.
    pub from: Timestamp,
    /// Until when.
    pub until: Timestamp,
    /// What.
    pub what: Meanwhile,
}

impl City {
    /// A user.
    #[must_use]
    pub fn worker(&self, user: User) -> Option<&Worker> {
        self.workers.get(user.0 as usize)
    }

    /// A user, to change him.
    pub fn worker_mut(&mut self, user: User) -> Option<&mut Worker> {
        self.workers.get_mut(user.0 as usize)
    }

    /// A person.
    #[must_use]
    pub fn person(&self, person: Person) -> Option<&Supported> {
        self.persons.get(person.0 as usize)
    }

    /// A facility.
    #[must_use]
    pub fn house(&self, facility: Facility) -> Option<&House> {
        self.houses.get(facility.0 as usize)
    }

    /// A terminal.
    #[must_use]
    pub fn terminal(&self, device: Device) -> Option<&Terminal> {
        self.terminals.get(device.0 as usize)
    }

    /// All users by their numbers.
    pub fn users(&self) -> impl Iterator<Item = (User, &Worker)> {
        (0..).map(User).zip(&self.workers)
    }

    /// Whether somebody works here at this time.
    #[must_use]
    pub fn works(&self, user: User, at: Timestamp) -> bool {
        self.worker(user).is_some_and(|worker| worker.works(at))
    }

    /// Persons who are cared for at this time.
    pub fn supported(&self, at: Timestamp) -> impl Iterator<Item = (Person, &Supported)> {
        (0..).map(Person).zip(&self.persons).filter(move |(_, person)| person.is_supported(at))
    }

    /// What a person's record is marked with for a user.
    #[must_use]
    pub fn marks(&self, user: User, person: Person) -> Marks {
        let near = self.worker(user).is_some_and(|worker| worker.near.contains(&person));
        self.person(person)
            .map_or_else(Marks::default, |known| Marks { sensitive: known.sensitive, near: near || known.staff })
    }

    /// Conditions that hold at this time.
    pub fn now(&self, at: Timestamp) -> impl Iterator<Item = &Condition> {
        self.conditions.iter().filter(move |condition| condition.from <= at && at < condition.until)
    }

    /// The product of a factor over all conditions that hold.
    pub fn factor(&self, at: Timestamp, factor: impl Fn(&Meanwhile) -> f64) -> f64 {
        self.now(at).map(|condition| factor(&condition.what)).product()
    }

    /// The user ID of a user, as typed.
    #[must_use]
    pub fn account(user: User) -> Account {
        Account(digest(&[0xacc0, u64::from(user.0)]))
    }

    /// A user ID that does not exist.
    #[must_use]
    pub fn unknown_account(nth: u64) -> Account {
        Account(digest(&[0x0acc, nth]))
    }
}

impl Worker {
    /// Whether he works here at this time.
    #[must_use]
    pub fn works(&self, at: Timestamp) -> bool {
        let here = self.from <= at && self.until.is_none_or(|until| at < until);
        here && !self.gone && self.away.is_none_or(|(from, to)| at < from || to <= at)
    }
}

impl Supported {
    /// Whether the person is cared for at this time.
    #[must_use]
    pub fn is_supported(&self, at: Timestamp) -> bool {
        self.from <= at && self.stopped.is_none_or(|stopped| at < stopped)
    }

    /// Whether somebody is on the team.
    #[must_use]
    pub fn is_on_team(&self, user: User) -> bool {
        self.team.iter().any(|team| team.users.contains(&user))
    }

    /// Whether a facility is on the team.
    #[must_use]
    pub fn is_cared_for_by(&self, facility: Facility) -> bool {
        self.team.iter().any(|team| team.facility == facility)
    }
}

#[cfg(test)]
mod tests;
