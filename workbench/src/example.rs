//! Examples that people can read: what a solver found, brought as near to an ordinary day as it goes.

use cedar_policy_symcc::Env;
use model::Category;
use policy::matrix::{now, ordinary};
use policy::{Request, Resource};

use crate::bench::Bench;
use crate::words::{Phrase, Situation, phrases, usual};

/// A solver's example as a situation; none where it is not one of ours.
pub(crate) fn situation(bench: &Bench, found: &Env) -> Option<Situation> {
    let (request, facts) = bench.point().facts_of(&found.request, &found.entities).ok()?;
    Some(match request {
        Some(request) => Situation::Care(request, Box::new(facts)),
        None => Situation::Public(facts.service),
    })
}

/// Most strange facts that an ordinary day is tried with; beyond that trying all of them takes too long.
const STRANGE_TRIED_MAX: usize = 3;

/// The same with everything as on an ordinary day that need not be otherwise for `shows` to hold. What is left is why.
pub(crate) fn ordinary_but(situation: &Situation, shows: &dyn Fn(&Situation) -> bool) -> Situation {
    let best = one_by_one(situation, shows);
    // Facts that keep each other, so that none can be turned alone: with fewer of them an ordinary day may do all the same.
    match with_fewer(situation, best.strange().len(), shows) {
        Some(fewer) => one_by_one(&fewer, shows),
        None => best,
    }
}

/// An ordinary day with fewer of its strange facts than so many, the fewest there are.
fn with_fewer(situation: &Situation, than: usize, shows: &dyn Fn(&Situation) -> bool) -> Option<Situation> {
    let (day, strange) = (today(situation).on_an_ordinary_day(), today(situation).strange());
    (0..than).take(STRANGE_TRIED_MAX.saturating_add(1)).find_map(|count| with_some(&day, &strange, count, shows))
}

/// The day with so many of these facts.
fn with_some(
    day: &Situation,
    strange: &[&Phrase],
    count: usize,
    shows: &dyn Fn(&Situation) -> bool,
) -> Option<Situation> {
    let Some(left) = count.checked_sub(1) else { return shows(day).then(|| day.clone()) };
    let (first, others) = strange.split_first()?;
    with_some(&day.with(first), others, left, shows).or_else(|| with_some(day, others, count, shows))
}

/// Turns one fact after the other to what it is on an ordinary day.
fn one_by_one(situation: &Situation, shows: &dyn Fn(&Situation) -> bool) -> Situation {
    let mut best = situation.clone();
    // Turning one fact can set another free, so once more until nothing changes; each round takes something away.
    loop {
        let before = best.clone();
        let other = today(&best);
        take(&mut best, other, shows);
        let other = nearer_categories(&best).into_iter().find(|other| shows(other));
        best = other.unwrap_or(best);
        for phrase in phrases().iter().filter(|phrase| phrase.holds(&usual(), &ordinary())) {
            let turned = best.with(phrase);
            take(&mut best, turned, shows);
        }
        if best == before {
            return best;
        }
    }
}

fn take(best: &mut Situation, other: Situation, shows: &dyn Fn(&Situation) -> bool) {
    if other != *best && shows(&other) {
        *best = other;
    }
}

/// The same at the time of an ordinary day. What counts of a disaster use is on which side of its end it is: an hour is left,
/// or it is just over.
fn today(situation: &Situation) -> Situation {
    let mut other = situation.clone();
    if let Situation::Care(request, facts) = &mut other {
        if let Some(disaster) = &mut facts.service.disaster {
            disaster.until = now().plus_seconds(if disaster.until <= request.at { 0 } else { 3600 });
        }
        request.at = now();
    }
    other
}

/// The same about a note, else about what comes first in the order of categories: which one the solver came upon tells nothing.
fn nearer_categories(situation: &Situation) -> Vec<Situation> {
    let Situation::Care(request, facts) = situation else { return Vec::new() };
    if facts.resource == Resource::Directory {
        return Vec::new();
    }
    let others = Category::ALL.iter().copied().filter(|other| !matches!(other, Category::Note | Category::Directory));
    std::iter::once(Category::Note)
        .chain(others)
        .take_while(|nearer| *nearer != request.category)
        .map(|category| Situation::Care(Request { category, ..*request }, facts.clone()))
        .collect()
}
