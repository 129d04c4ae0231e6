//! Records opened: too fast, without a reason, too many.

use super::{Found, Scene};
use crate::contain::Step;
use crate::day::hour_of_week;
use crate::event::{Marks, Person, Why};
use crate::finding::{Detector, Numbers};
use crate::meter::UNIT;
use crate::norm::Norm;
use crate::user::{Burst, Habit, UNEXPLAINED_KEPT, UserState, a_day_before};

/// A record of a person was opened.
pub(crate) fn opened(
    user: &mut UserState,
    scene: &Scene<'_>,
    (person, why, marks): (Person, Why, Marks),
    find: &mut dyn FnMut(Found),
) {
    let new = !user.has_opened(person);
    // A program that looks at the same few again and again is somebody's screen.
    let alike = user.cadence.note(scene.now, new);
    let regular = alike.new >= scene.params.cadence
        || (alike.any >= scene.params.cadence_any && user.today.persons.count() > SCREEN_PERSONS);
    if regular {
        let seen = alike.new.max(alike.any).into();
        let numbers = Numbers { seen, limit: scene.params.cadence.into(), ..Numbers::default() };
        find(Found::alert(Detector::Cadence, Step::Throttled, numbers));
    }
    if user.hours.note(hour_of_week(scene.now)) {
        find(Found::score(Detector::UnusualHour, Numbers { seen: 1, ..Numbers::default() }));
    }
    user.today.persons.note(person.0);
    fast(user, scene, why, new, regular, find);
    match why {
        Why::Right => unexplained(user, scene, person, marks, find),
        Why::Emergency if new => emergency(user, scene, find),
        _ => {}
    }
    many(user, scene, find);
}

/// A screen that renews itself shows no more persons than these.
const SCREEN_PERSONS: f32 = 5.5;

/// Faster than anybody reads.
fn fast(user: &mut UserState, scene: &Scene<'_>, why: Why, new: bool, regular: bool, find: &mut dyn FnMut(Found)) {
    let params = scene.params;
    // Another record of a person that is open already, or of anybody in a disaster, is hardly another.
    let weight = if new && why != Why::Disaster { UNIT } else { UNIT / 4 };
    let weight = if regular { 2 * weight } else { weight };
    if user.meters.reading.level(params.reading, scene.now) == 0 {
        user.burst = Burst { began: Some(scene.now), ..Burst::default() };
    }
    let burst = &mut user.burst;
    burst.opened = burst.opened.saturating_add(u16::from(new));
    burst.unexplained = burst.unexplained.saturating_add(u16::from(new && !why.is_explained() && why != Why::Disaster));
    let (opened, without) = (u32::from(burst.opened), u32::from(burst.unexplained));
    let level = user.meters.reading.pour(params.reading, scene.now, weight);
    let long = user.meters.reading_long.pour(params.reading_long, scene.now, weight);
    if let Some(peak) = user.today.counts.get_mut(Habit::Peak as usize) {
        *peak = (*peak).max(u16::try_from(level).unwrap_or(u16::MAX));
    }
    let explained = without * 3 <= opened;
    let brim = if explained { user.brim(Habit::Peak, params.reading.brim, scene) } else { params.reading.brim };
    let brim = if explained { scene.limit(Detector::FastReading, brim) } else { brim };
    let long_brim = params.reading_long.brim.max(2 * brim);
    if level <= brim && long <= long_brim {
        return;
    }
    let seconds = user.burst.began.map_or(0, |began| scene.now.millis_since(began) / 1000);
    let usual = user.usual.habits.of(Habit::Peak, params.calendar.kind(user.today.day));
    let numbers = Numbers {
        seen: opened,
        telling: without,
        seconds: u32::try_from(seconds.max(0)).unwrap_or(u32::MAX),
        usual: usual.map_or(0.0, Norm::mean),
        limit: brim,
        ..Numbers::default()
    };
    let proved = user.has_proved_himself(scene.now);
    if !explained {
        find(Found::alert(Detector::FastReading, Step::Narrowed, numbers));
    } else if !proved {
        find(Found::hold(Detector::FastReading, Step::StepUp, numbers));
    } else if level > 3 * brim || long > 3 * long_brim {
        // It is him, by his password, and he goes on.
        find(Found::alert(Detector::FastReading, Step::Narrowed, numbers));
    }
}

/// Persons whom nothing explains.
fn unexplained(user: &mut UserState, scene: &Scene<'_>, person: Person, marks: Marks, find: &mut dyn FnMut(Found)) {
    let params = scene.params;
    let since = a_day_before(scene.minute);
    if !user.unexplained.note(person.0, scene.minute, since, marks.sensitive) {
        return;
    }
    user.today.unexplained = user.today.unexplained.saturating_add(1);
    let (seen, sensitive) = user.unexplained.since(since);
    let kind = params.calendar.kind(user.today.day) as usize;
    let own = user.usual.unexplained.get(kind).filter(|own| own.days() >= 3).map_or(0.0, |own| own.above(3.0));
    let usual = own.max(scene.peers_unexplained * 3.0);
    let extra = (usual as u32).min(params.unexplained);
    let limit = scene.limit(Detector::Unexplained, params.unexplained + extra);
    let hold = scene.limit(Detector::Unexplained, params.unexplained_hold + extra);
    let numbers = |limit| Numbers {
        seen,
        telling: sensitive,
        seconds: 86_400,
        usual: own,
        peers: scene.peers_unexplained,
        limit,
    };
    if seen >= hold.min(UNEXPLAINED_KEPT) {
        find(Found::alert(Detector::Unexplained, Step::Narrowed, numbers(hold)));
    } else if seen >= limit || sensitive >= scene.limit(Detector::Unexplained, params.unexplained_sensitive) {
        find(Found::alert(Detector::Unexplained, Step::None, numbers(limit)));
    } else if seen >= params.unexplained / 2 {
        find(Found::score(Detector::Unexplained, numbers(limit)));
    }
    // Somebody near, on one day and on another: once, whoever sits beside him asked.
    if marks.near && user.near_day != user.today.day {
        user.near_day = user.today.day;
        let near = user.meters.near.pour(scene.params.near, scene.now, UNIT);
        let numbers = Numbers { seen: near, telling: seen, limit: scene.params.near.brim, ..Numbers::default() };
        if near > scene.params.near.brim {
            find(Found::alert(Detector::Near, Step::None, numbers));
        } else {
            find(Found::score(Detector::Near, numbers));
        }
    }
    // Those of the last weeks, each once; the more is usual among his peers the less it counts.
    if user.unexplained_known.note(person.0) {
        let usual = scene.peers_unexplained.max(0.0);
        let weight = (UNIT as f32 * (0.3 / usual.max(0.3))) as u32;
        let slow = user.meters.unexplained_slow.pour(params.unexplained_slow, scene.now, weight);
        if slow > params.unexplained_slow.brim && !scene.is_of_many(Detector::Unexplained) {
            let numbers = Numbers {
                seen: slow,
                seconds: 14 * 86_400,
                peers: usual,
                limit: params.unexplained_slow.brim,
                ..Numbers::default()
            };
            find(Found::alert(Detector::Unexplained, Step::Narrowed, numbers));
        }
    }
}

/// Emergencies, again and again.
fn emergency(user: &mut UserState, scene: &Scene<'_>, find: &mut dyn FnMut(Found)) {
    let leak = scene.params.emergencies;
    let seen = user.meters.emergencies.pour(leak, scene.now, UNIT);
    if seen > leak.brim {
        let numbers = Numbers { seen, seconds: 7 * 86_400, limit: leak.brim, ..Numbers::default() };
        find(Found::alert(Detector::Emergencies, Step::StepUp, numbers));
    }
}

/// More persons than is usual for him and for his peers: this counts beside others.
fn many(user: &UserState, scene: &Scene<'_>, find: &mut dyn FnMut(Found)) {
    let persons = user.today.persons.count();
    if persons < scene.params.persons as f32 {
        return;
    }
    let kind = scene.params.calendar.kind(user.today.day) as usize;
    let Some(own) = user.usual.persons.get(kind).filter(|own| own.days() >= 5) else { return };
    let usual = own.above(scene.params.persons_deviations).exp() - 1.0;
    if persons > usual.max(scene.peers_persons) {
        let numbers = Numbers {
            seen: persons as u32,
            telling: user.today.unexplained.into(),
            seconds: 86_400,
            usual: own.mean().exp() - 1.0,
            peers: scene.peers_persons,
            limit: scene.params.persons,
        };
        find(Found::score(Detector::ManyPersons, numbers));
    }
}
