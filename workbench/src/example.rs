//! Examples that people can read: what a solver found, brought as near to an ordinary day as it goes.

use cedar_policy_symcc::Env;
use model::Category;
use policy::matrix::{now, ordinary};
use policy::{Request, Resource};

use crate::bench::Bench;
use crate::words::{Situation, phrases, usual};

/// A solver's example as a situation; none where it is not one of ours.
pub(crate) fn situation(bench: &Bench, found: &Env) -> Option<Situation> {
    let (request, facts) = bench.point().facts_of(&found.request, &found.entities).ok()?;
    Some(match request {
        Some(request) => Situation::Care(request, Box::new(facts)),
        None => Situation::Public(facts.service),
    })
}

/// The same with everything as on an ordinary day that need not be otherwise for `shows` to hold. What is left is why.
pub(crate) fn ordinary_but(situation: &Situation, shows: &dyn Fn(&Situation) -> bool) -> Situation {
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
