//! A phase as it goes on: which act is next, and when it is due.

use model::Timestamp;

use super::Hours;
use super::times::first_of;
use crate::calendar::{Calendar, HOUR};
use crate::city::City;
use crate::deed::Act;
use crate::mix::Phase;
use crate::rng::Rng;
use crate::stream::{Scene, Stream};

/// A phase that goes on.
#[derive(Clone, Debug)]
pub(super) struct Going {
    stream: Stream,
    hours: Hours,
    due: Timestamp,
    daily: Option<Daily>,
}

#[derive(Clone, Copy, Debug)]
struct Daily {
    /// Acts on the first day and on the last, on average.
    from: f64,
    to: f64,
    days: u32,
    /// Days that have begun.
    begun: u32,
    /// The day to look at next.
    next: u32,
    /// Acts that are left today.
    left: u32,
    ends: Timestamp,
}

impl Going {
    /// A phase begins; none if none of its days comes.
    pub(super) fn begin(
        phase: &Phase,
        scene: &Scene,
        city: &City,
        calendar: &Calendar,
        at: Timestamp,
        rng: &mut Rng,
    ) -> Option<Self> {
        let stream = Stream::new(phase, scene, city, at, rng);
        let hours = Hours::new(&phase.hours, phase.working_days);
        let from = at.plus_millis((phase.wait_h.draw(rng) * HOUR as f64) as i64);
        let daily = phase.per_day.map(|per_day| {
            let strength = per_day.draw(rng);
            let to = phase.per_day_to.map_or(strength, |to| to.draw(rng));
            let days = phase.days.count(rng).max(1);
            // The night before may go on.
            let next = calendar.number_at(from).saturating_sub(1);
            Daily { from: strength, to, days, begun: 0, next, left: 0, ends: from }
        });
        let mut going = Self { stream, hours, due: from, daily };
        if going.daily.is_some() {
            going.open_day(phase, from, calendar, rng)?;
        } else {
            going.due = hours.next(from, calendar, rng);
        }
        Some(going)
    }

    /// When the next act is due.
    pub(super) const fn due(&self) -> Timestamp {
        self.due
    }

    /// The next act; none when there is nothing left to do it to.
    pub(super) fn next(&mut self, phase: &Phase, scene: &Scene, rng: &mut Rng) -> Option<Act> {
        self.stream.next(phase, scene, rng)
    }

    /// Begins the next of his days, not before `from`; none when there are no more.
    fn open_day(&mut self, phase: &Phase, from: Timestamp, calendar: &Calendar, rng: &mut Rng) -> Option<()> {
        let daily = self.daily.as_mut()?;
        // A day without a working day within a month does not exist; a day without an act may.
        for _ in 0..400 {
            if daily.begun >= daily.days {
                return None;
            }
            let number = daily.next;
            daily.next += 1;
            let Some((opens, ends)) = self.hours.on(number, calendar).filter(|(_, ends)| from < *ends) else {
                continue;
            };
            let share = f64::from(daily.begun) / f64::from(daily.days.max(2) - 1);
            let strength = daily.from + (daily.to - daily.from) * share;
            daily.left = rng.poisson(strength).max(u32::from(daily.begun == 0));
            daily.begun += 1;
            daily.ends = ends;
            if daily.left == 0 {
                continue;
            }
            let opens = opens.max(from);
            self.due = if phase.spread {
                first_of(daily.left, opens, ends, rng)
            } else {
                opens.plus_millis((rng.between(0.0, 0.6) * ends.millis_since(opens) as f64) as i64)
            };
            return Some(());
        }
        None
    }

    /// One act was done: the next is due at his pace; none when his days are over.
    pub(super) fn advance(&mut self, phase: &Phase, calendar: &Calendar, at: Timestamp, rng: &mut Rng) -> Option<()> {
        let gap = self.stream.gap_millis(phase, rng);
        let Some(daily) = self.daily.as_mut() else {
            self.due = self.hours.next(at.plus_millis(gap), calendar, rng);
            return Some(());
        };
        daily.left = daily.left.saturating_sub(1);
        let due = if phase.spread { first_of(daily.left, at, daily.ends, rng) } else { at.plus_millis(gap) };
        if daily.left > 0 && due < daily.ends {
            self.due = due;
            return Some(());
        }
        self.open_day(phase, at, calendar, rng)
    }
}
