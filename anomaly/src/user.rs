//! What is remembered of one user: meters, what came lately, and what is usual. Not quite 2 KiB, without a pointer.

use model::Timestamp;

use crate::day::{self, Day, Kind};
use crate::detect::Scene;
use crate::event::{Facility, Person};
use crate::meter::Meter;
use crate::norm::Norm;
use crate::params::Params;
use crate::rings::{Counted, Distinct, Recent};

/// So many persons whom nothing explains are remembered of a day.
pub(crate) const UNEXPLAINED_KEPT: u32 = 40;
/// Minutes of a day.
pub(crate) const DAY_MINUTES: u32 = 24 * 60;

/// See the module.
#[derive(Clone, Debug, Default)]
pub(crate) struct UserState {
    pub(crate) facility: Option<Facility>,
    pub(crate) peers: u8,
    pub(crate) meters: Meters,
    /// Persons opened lately: opening another of their records costs little.
    pub(crate) persons: Recent<u32, 16>,
    /// What was refused lately: asking for the same again costs little.
    pub(crate) targets: Recent<u64, 8>,
    /// Persons whom nothing explains, within a day.
    pub(crate) unexplained: Distinct<{ UNEXPLAINED_KEPT as usize }>,
    /// Those of the last weeks.
    pub(crate) unexplained_known: Counted,
    pub(crate) known_since: Day,
    pub(crate) burst: Burst,
    pub(crate) today: Today,
    pub(crate) usual: Usual,
    pub(crate) hours: Hours,
    pub(crate) cadence: Cadence,
    /// The day of the last thing he did.
    pub(crate) last_day: Day,
    /// Terminals that he worked at lately.
    pub(crate) devices: Recent<u32, 4>,
    /// The day on which he last opened somebody near.
    pub(crate) near_day: Day,
    /// Of today: he came back after a long time.
    pub(crate) is_back: bool,
    /// When he last proved himself once more.
    pub(crate) stepped_up: Option<Timestamp>,
    /// The last minute in which somebody was told of him: such days are nothing to learn from.
    pub(crate) told_minute: u32,
}

/// Meters of one user.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Meters {
    pub(crate) reading: Meter,
    pub(crate) reading_long: Meter,
    pub(crate) unexplained_slow: Meter,
    pub(crate) refusals: Meter,
    pub(crate) refusals_slow: Meter,
    pub(crate) refusals_long: Meter,
    pub(crate) edits: Meter,
    pub(crate) edits_others: Meter,
    pub(crate) emergencies: Meter,
    pub(crate) exports: Meter,
    pub(crate) stopped: Meter,
    pub(crate) near: Meter,
}

/// Records opened one after the other, since the meter was last empty.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Burst {
    pub(crate) opened: u16,
    pub(crate) unexplained: u16,
    pub(crate) began: Option<Timestamp>,
}

/// What there was today.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Today {
    pub(crate) day: Day,
    pub(crate) persons: Counted,
    pub(crate) unexplained: u16,
    pub(crate) bytes: u64,
    /// By [`Habit`], how often.
    pub(crate) counts: [u16; Habit::COUNT],
}

/// What has a number a day that is usual for some work and unheard of in another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Habit {
    /// Records written, weighed.
    Edits,
    /// Notes of others, or old ones, written anew or deleted.
    EditsOthers,
    /// Exports.
    Exports,
    /// The highest level of records opened.
    Peak,
}

impl Habit {
    pub(crate) const COUNT: usize = 4;
}

/// What is usual of each habit, by kind of day.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Habits([[Norm; Kind::COUNT]; Habit::COUNT]);

impl Habits {
    /// One more day.
    pub(crate) fn learn(&mut self, kind: Kind, counts: &[u16; Habit::COUNT]) {
        for (norms, count) in self.0.iter_mut().zip(counts) {
            if let Some(norm) = norms.get_mut(kind as usize) {
                norm.learn((*count).into());
            }
        }
    }

    /// What is usual on such days, once some of them are known.
    pub(crate) fn of(&self, habit: Habit, kind: Kind) -> Option<&Norm> {
        self.0.get(habit as usize)?.get(kind as usize).filter(|norm| norm.days() >= 5)
    }
}

/// What is usual for him.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Usual {
    /// Logarithm of one and the persons of a day, by kind of day.
    pub(crate) persons: [Norm; Kind::COUNT],
    /// Persons of a day whom nothing explains.
    pub(crate) unexplained: [Norm; Kind::COUNT],
    pub(crate) habits: Habits,
    /// Octets of a day.
    pub(crate) bytes: Norm,
}

/// In which hours of the week he is there.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Hours {
    each: [u8; 168],
    count: u32,
}

impl Default for Hours {
    fn default() -> Self {
        Self { each: [0; 168], count: 0 }
    }
}

impl Hours {
    /// Fewest hours from which something follows.
    const COUNT_MIN: u32 = 100;

    /// One more; whether he was never there in this hour or those beside it, of many.
    pub(crate) fn note(&mut self, hour: usize) -> bool {
        let at = |hour: usize| self.each.get(hour % 168).copied().unwrap_or_default();
        let rare = self.count >= Self::COUNT_MIN && at(hour) == 0 && at(hour + 1) == 0 && at(hour + 167) == 0;
        if let Some(each) = self.each.get_mut(hour) {
            *each = each.saturating_add(1);
        }
        self.count = self.count.saturating_add(1);
        rare
    }
}

/// How regular his requests are.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Cadence {
    new: Gaps,
    any: Gaps,
}

#[derive(Clone, Copy, Debug, Default)]
struct Gaps {
    last: Option<Timestamp>,
    gap_millis: f32,
    alike: u8,
}

/// So many gaps in a row were alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Alike {
    /// Between persons who were not opened lately.
    pub(crate) new: u8,
    /// Between any.
    pub(crate) any: u8,
}

impl Cadence {
    /// One more request.
    pub(crate) fn note(&mut self, now: Timestamp, new: bool) -> Alike {
        let any = self.any.note(now);
        Alike { new: if new { self.new.note(now) } else { 0 }, any }
    }
}

impl Gaps {
    fn note(&mut self, now: Timestamp) -> u8 {
        let gap = self.last.map(|last| now.millis_since(last).clamp(0, 86_400_000) as f32);
        // What comes at once is one screen, not one more step of a clock.
        if gap.is_some_and(|gap| gap < 200.0) {
            return self.alike;
        }
        self.last = Some(now);
        let Some(gap) = gap else { return 0 };
        if (gap - self.gap_millis).abs() < 0.12 * self.gap_millis {
            self.alike = self.alike.saturating_add(1);
            self.gap_millis += 0.1 * (gap - self.gap_millis);
        } else {
            self.alike /= 4;
            self.gap_millis = gap;
        }
        self.alike
    }
}

impl UserState {
    /// A new day has begun: yesterday becomes what is usual, unless somebody was told of it. What it was, for the peers.
    pub(crate) fn begin(&mut self, day: Day, minute: u32, params: &Params) -> Option<(Kind, Today)> {
        if self.today.day == day {
            return None;
        }
        let ended = std::mem::replace(&mut self.today, Today { day, ..Today::default() });
        let away = if self.last_day == 0 { 0 } else { day.saturating_sub(self.last_day) };
        self.is_back = away >= params.dormant_days;
        self.last_day = day;
        if day.saturating_sub(self.known_since) >= 14 {
            self.unexplained_known.clear();
            self.known_since = day;
        }
        let told = self.told_minute > 0 && minute.saturating_sub(self.told_minute) < 2 * DAY_MINUTES;
        if ended.day == 0 || told {
            return None;
        }
        let kind = params.calendar.kind(ended.day);
        let usual = &mut self.usual;
        if let Some(norm) = usual.persons.get_mut(kind as usize) {
            norm.learn((1.0 + ended.persons.count()).ln());
        }
        if let Some(norm) = usual.unexplained.get_mut(kind as usize) {
            norm.learn(f32::from(ended.unexplained));
        }
        usual.habits.learn(kind, &ended.counts);
        usual.bytes.learn(ended.bytes as f32);
        Some((kind, ended))
    }

    /// How many of this habit are no wonder: as many as anywhere, or as his own days of this kind or his peers' have.
    /// Four times the brim at most: nobody's habit is a flood.
    pub(crate) fn brim(&self, habit: Habit, brim: u32, scene: &Scene<'_>) -> u32 {
        let kind = scene.params.calendar.kind(self.today.day);
        let own = self.usual.habits.of(habit, kind).map_or(0.0, |norm| norm.above(3.0));
        let peers = scene.peers_habits.and_then(|peers| peers.of(habit, kind)).map_or(0.0, |norm| norm.above(3.0));
        brim.max(own.max(peers) as u32).min(brim.saturating_mul(4))
    }

    /// One more of this habit today.
    pub(crate) fn count(&mut self, habit: Habit) {
        if let Some(count) = self.today.counts.get_mut(habit as usize) {
            *count = count.saturating_add(1);
        }
    }

    /// Whether he has, within an hour.
    pub(crate) fn has_proved_himself(&self, now: Timestamp) -> bool {
        self.stepped_up.is_some_and(|at| now.millis_since(at) < 3_600_000)
    }

    /// Whether this person was opened lately.
    pub(crate) fn has_opened(&mut self, person: Person) -> bool {
        self.persons.has(person.0.wrapping_add(1))
    }
}

/// The minute of an instant, from 1.
pub(crate) fn minute(at: Timestamp) -> u32 {
    u32::try_from(at.as_millis().div_euclid(60_000)).unwrap_or(1).max(1)
}

/// The minute a day before.
pub(crate) const fn a_day_before(minute: u32) -> u32 {
    minute.saturating_sub(DAY_MINUTES)
}

/// The day of an instant.
pub(crate) fn day_of(at: Timestamp) -> Day {
    day::day(at)
}
