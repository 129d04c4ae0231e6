//! What honest people do on a day: visits and what follows from them, work at the desk, mistakes.
//!
//! It is planned at midnight and does not depend on what a judge says: with the same seed the same people want to do the same
//! things at the same times, whoever judges them; but for those whom the office puts out.

mod bursts;
mod desk;
mod visits;

use std::collections::VecDeque;

use anomaly::event::{Device, Person, User};
use model::Timestamp;

use crate::calendar::{Calendar, Day};
use crate::city::{City, Errand};
use crate::deed::Act;
use crate::mix::{Mix, Span};
use crate::rng::Rng;

pub use bursts::{Occasions, occasions, one_other};

/// One act, so long after the one before.
#[derive(Clone, Debug)]
pub struct Beat {
    /// Milliseconds.
    pub gap: i64,
    /// What.
    pub act: Act,
}

/// Some acts of one user, one after the other.
#[derive(Clone, Debug)]
pub struct Sitting {
    /// Whose.
    pub user: User,
    /// At another terminal than his own.
    pub device: Option<Device>,
    /// What he wants to do.
    pub beats: VecDeque<Beat>,
    /// His own chance.
    pub rng: Rng,
    /// He needs no connection and no session for it, or has them.
    pub greeted: bool,
    /// Records that were refused to him.
    pub refused: u32,
    /// How often he has proved himself once more, and nothing came of it yet.
    pub proofs: u32,
    /// Milliseconds that he has waited for what he is at.
    pub waited: i64,
    /// He has phoned.
    pub phoned: bool,
}

impl Sitting {
    /// A user who wants to do this.
    #[must_use]
    pub fn new(user: User, beats: VecDeque<Beat>, rng: Rng) -> Self {
        Self { user, device: None, beats, rng, greeted: false, refused: 0, proofs: 0, waited: 0, phoned: false }
    }
}

/// Something the registry comes to know.
#[derive(Clone, Copy, Debug)]
pub enum Fact {
    /// Somebody stands in for a team member, until.
    Substitute(User, Person, Timestamp),
    /// Somebody visits a person, or has written about one, until.
    Visit(User, Person, Timestamp),
    /// Somebody was called in about a person, until.
    Called(User, Person, Timestamp),
    /// Somebody has a duty.
    Errand(User, Errand),
}

/// A day as it is meant to be.
#[derive(Debug, Default)]
pub struct Plan {
    /// Who begins what, and when.
    pub sittings: Vec<(Timestamp, Sitting)>,
    /// What is recorded beforehand.
    pub facts: Vec<Fact>,
}

/// Plans a day.
#[derive(Debug)]
pub struct Planner<'a> {
    /// Of this city, as it is at midnight.
    pub city: &'a City,
    /// With these numbers.
    pub mix: &'a Mix,
    /// In these days.
    pub calendar: &'a Calendar,
    /// This day.
    pub day: Day,
    /// From this chance.
    pub seed: u64,
}

impl Planner<'_> {
    /// The plan of the day; bursts on their days.
    #[must_use]
    pub fn plan(&self, occasions: &[Occasions]) -> Plan {
        let mut plan = Plan::default();
        self.visits(&mut plan);
        self.desks(&mut plan);
        self.bursts(occasions, &mut plan);
        plan
    }

    fn at(&self, hour: f64) -> Timestamp {
        self.calendar.at(self.day.number, hour)
    }

    fn gap(&self, rng: &mut Rng) -> i64 {
        seconds(self.mix.care.pace_s, rng)
    }

    /// Opens some records of a person.
    fn open(&self, person: Person, records: Span, beats: &mut VecDeque<Beat>, rng: &mut Rng) {
        for _ in 0..records.count(rng).max(1) {
            let bytes = self.mix.care.bytes.draw(rng) as u32;
            beats.push_back(Beat { gap: self.gap(rng), act: Act::Open { person, bytes } });
        }
    }
}

fn seconds(span: Span, rng: &mut Rng) -> i64 {
    (span.draw(rng) * 1000.0) as i64
}

/// Lets the registry know.
pub fn record(facts: Vec<Fact>, city: &mut City) {
    for fact in facts {
        let known = &mut city.facts;
        match fact {
            Fact::Substitute(user, person, until) => _ = known.substitutes.insert((user, person), until),
            Fact::Visit(user, person, until) => _ = known.visits.insert((user, person), until),
            Fact::Called(user, person, until) => _ = known.called.insert((user, person), until),
            Fact::Errand(user, errand) => known.entrust(user, errand),
        }
    }
}
