//! Visits, the notes that are written after them, and who reads these.

use std::collections::VecDeque;

use anomaly::event::{Edit, Person, User};
use model::Timestamp;

use super::{Beat, Fact, Plan, Planner, Sitting};
use crate::calendar::{DAY, HOUR, hour_of};
use crate::city::{Supported, Team};
use crate::deed::Act;
use crate::mix::{Span, Trade};
use crate::rng::Rng;

const MINUTE: f64 = 60_000.0;
/// So long what somebody wrote explains that he reads on.
const NOTE_LASTS: i64 = 3 * DAY;

impl Planner<'_> {
    pub(super) fn visits(&self, plan: &mut Plan) {
        let noon = self.at(12.0);
        let (often, notes) = (self.city.factor(noon, |what| what.visits), self.city.factor(noon, |what| what.notes));
        for (person, known) in self.city.supported(self.calendar.midnight(self.day.number + 1)) {
            let mut rng = Rng::of(self.seed, &[0x0151, u64::from(person.0), u64::from(self.day.number)]);
            for team in &known.team {
                let trade = self.mix.profession.of(team.profession);
                let factor = if self.day.is_working() { self.mix.care.weekday } else { trade.weekend };
                for _ in 0..rng.poisson(trade.visits / 7.0 * factor * often) {
                    self.visit(person, known, team, trade, notes, &mut rng, plan);
                }
            }
        }
    }

    #[expect(clippy::too_many_arguments, reason = "all of it is what a visit is")]
    fn visit(
        &self,
        person: Person,
        known: &Supported,
        team: &Team,
        trade: Trade,
        notes: f64,
        rng: &mut Rng,
        plan: &mut Plan,
    ) {
        let night = rng.chance(trade.night);
        let hour = if night { rng.between(0.0, 24.0) } else { rng.normal(trade.hour, trade.hour_sd).clamp(5.0, 22.5) };
        let at = self.at(hour);
        if at < known.from {
            return;
        }
        let on_call = self.city.facts.on_duty(team.facility, at).filter(|_| night);
        let own: Vec<User> = team.users.iter().copied().filter(|user| self.city.works(*user, at)).collect();
        let cover = rng.chance((self.mix.care.cover * self.city.factor(at, |what| what.covers)).min(1.0));
        let colleague = if cover { self.colleague(team, at, rng) } else { None };
        let Some(user) = on_call.or(colleague).or_else(|| rng.pick(&own).copied()) else { return };
        let tomorrow = self.calendar.midnight(self.day.number + 1);
        if colleague == Some(user) && !rng.chance(self.mix.care.unrecorded) {
            plan.facts.push(Fact::Substitute(user, person, tomorrow));
        }
        let writes = rng.chance((self.mix.care.note * notes).min(1.0));
        plan.facts.push(Fact::Visit(user, person, if writes { at.plus_millis(NOTE_LASTS) } else { tomorrow }));
        let mut beats = VecDeque::new();
        self.open(person, self.mix.care.records, &mut beats, rng);
        if writes {
            self.note(person, &mut beats, rng);
            self.readers(person, known, user, at, notes, rng, plan);
        }
        plan.sittings.push((at, Sitting::new(user, beats, rng.clone())));
    }

    /// Somebody of the same facility who is not on the team.
    fn colleague(&self, team: &Team, at: Timestamp, rng: &mut Rng) -> Option<User> {
        let house = self.city.house(team.facility)?;
        let others = house.users.iter().filter(|user| !team.users.contains(user) && self.city.works(**user, at));
        rng.pick(&others.copied().collect::<Vec<_>>()).copied()
    }

    /// Writes a note after the visit, and sometimes sets something right.
    fn note(&self, person: Person, beats: &mut VecDeque<Beat>, rng: &mut Rng) {
        let mut write = |minutes: f64, edit| {
            beats.push_back(Beat { gap: (minutes * MINUTE) as i64, act: Act::Write { person, edit } })
        };
        write(rng.between(8.0, 40.0), Edit::New);
        if rng.chance(self.mix.care.correct) {
            write(rng.between(1.0, 60.0), Edit::Own);
        }
        if rng.chance(self.mix.care.correct_others) {
            write(rng.between(1.0, 10.0), Edit::Others);
        }
        if rng.chance(self.mix.care.delete) {
            write(rng.between(1.0, 10.0), Edit::Deleted);
        }
    }

    /// One of each profession on the team may read it, by day.
    #[expect(clippy::too_many_arguments, reason = "all of it is what reading is")]
    fn readers(
        &self,
        person: Person,
        known: &Supported,
        author: User,
        at: Timestamp,
        notes: f64,
        rng: &mut Rng,
        plan: &mut Plan,
    ) {
        for team in &known.team {
            if !rng.chance((self.mix.care.note_read * notes).min(1.0)) {
                continue;
            }
            let read = by_day(at.plus_millis((rng.exponential(self.mix.care.note_read_h) * HOUR as f64) as i64), rng);
            let others: Vec<User> =
                team.users.iter().copied().filter(|user| *user != author && self.city.works(*user, read)).collect();
            if let Some(reader) = rng.pick(&others).copied() {
                let mut beats = VecDeque::new();
                self.open(person, Span::Fixed(1.0), &mut beats, rng);
                plan.sittings.push((read, Sitting::new(reader, beats, rng.clone())));
            }
        }
    }
}

/// What falls into the night is put off until the morning.
fn by_day(at: Timestamp, rng: &mut Rng) -> Timestamp {
    let hour = hour_of(at);
    let hours = if hour < 7.0 {
        7.5 - hour
    } else if hour > 21.0 {
        31.5 - hour
    } else {
        return at;
    };
    at.plus_millis(((hours + rng.between(0.0, 2.0)) * HOUR as f64) as i64)
}
