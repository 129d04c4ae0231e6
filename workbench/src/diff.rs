//! What a change of rules opens and what it closes, over all requests and all facts: asked of the solver, told in words.

use cedar_policy::{Authorizer, Decision as CedarDecision, Policy, PolicyId, PolicySet, RequestEnv};
use model::{Category, Profession};
use policy::{Request, Resource};

use crate::bench::Bench;
use crate::cases::Verdict;
use crate::error::BenchError;
use crate::example::{ordinary_but, situation};
use crate::fences::plausible;
use crate::prove::{kinds, name};
use crate::solver::{Solver, compile};
use crate::sources::Sources;
use crate::words::Situation;

/// Which way a change goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Direction {
    /// What was denied is permitted.
    Opens,
    /// What was permitted is denied.
    Closes,
}

/// One difference between two sets of rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Which way.
    pub direction: Direction,
    /// The kinds of request that the example stands for, such as `read Record`.
    pub kinds: Vec<String>,
    /// An example, as near to an ordinary day as it goes. None where what the solver found is not one of ours.
    pub example: Option<Example>,
}

/// A situation that the two sets of rules judge differently.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Example {
    /// What is asked, on which facts.
    pub situation: Situation,
    /// What the old rules say.
    pub old: Verdict,
    /// What the new rules say.
    pub new: Verdict,
    /// For which professions it is so as well, everything else being equal.
    pub professions: Vec<Profession>,
    /// For which categories of record it is so as well.
    pub categories: Vec<Category>,
}

/// Both sets of rules, under one schema.
///
/// # Errors
/// A set that is not in order. Where the schemas differ, the old rules must be in order under the new one: else their words
/// have changed, and what is the same request cannot be said.
pub fn pair(old: &Sources, new: &Sources) -> Result<(Bench, Bench), BenchError> {
    let old = Sources { schema: new.schema.clone(), ..old.clone() };
    Ok((Bench::new(&old)?, Bench::new(new)?))
}

/// Every difference, what is opened first. Of one kind of request there is an example for each rule that makes one.
///
/// # Errors
/// The solver fails. Then nothing is said.
pub fn diff(old: &Bench, new: &Bench, solver: &mut Solver) -> Result<Vec<Difference>, BenchError> {
    let plausible = plausible()?;
    let mut found: Vec<Difference> = Vec::new();
    for direction in [Direction::Opens, Direction::Closes] {
        let (from, to) = match direction {
            Direction::Opens => (new, old),
            Direction::Closes => (old, new),
        };
        for kind in kinds(from) {
            let search = Search { from, to, kind: &kind, plausible: &plausible };
            for situation in search.all(solver)? {
                let example = situation.and_then(|situation| example(old, new, &situation));
                add(&mut found, Difference { direction, kinds: vec![name(&kind)], example });
            }
        }
    }
    Ok(found)
}

/// What `from` permits and `to` does not, for one kind of request.
struct Search<'a> {
    from: &'a Bench,
    to: &'a Bench,
    kind: &'a RequestEnv,
    plausible: &'a [Policy],
}

impl Search<'_> {
    /// One example for each rule behind it: once a rule is found, it is set aside and the search goes on without it. None at
    /// the end: a difference that has no example among our facts.
    fn all(&self, solver: &mut Solver) -> Result<Vec<Option<Situation>>, BenchError> {
        let schema = self.from.point().schema();
        let narrow = compile(self.from.point().policies(), self.kind, schema)?;
        let likely: Vec<Policy> = self.from.point().policies().policies().chain(self.plausible).cloned().collect();
        let likely = compile(&set(&likely)?, self.kind, schema)?;
        let mut wide: Vec<Policy> = self.to.point().policies().policies().cloned().collect();
        let mut found = Vec::new();
        loop {
            let wide_set = set(&wide)?;
            let compiled = compile(&wide_set, self.kind, schema)?;
            let Some(any) = solver.implies(&narrow, &compiled)? else { return Ok(found) };
            let first = solver.implies(&likely, &compiled)?;
            let differs = |situation: &Situation| self.differs(situation, &wide_set);
            let candidates = first.iter().chain([&any]).filter_map(|env| situation(self.from, env));
            let Some(first) = candidates.into_iter().find(|one| differs(one)) else {
                found.push(None);
                return Ok(found);
            };
            let nearest = ordinary_but(&first, &differs);
            let before = wide.len();
            self.set_aside(&mut wide, &nearest);
            found.push(Some(nearest));
            if wide.len() == before {
                // Nothing to set aside: the search would turn in circles.
                return Ok(found);
            }
        }
    }

    fn differs(&self, situation: &Situation, wide: &PolicySet) -> bool {
        let Ok((request, entities)) = self.to.cedar_form(situation) else { return false };
        self.from.decide(situation).is_permit()
            && !self.to.decide(situation).is_permit()
            && Authorizer::new().is_authorized(&request, wide, &entities).decision() == CedarDecision::Deny
    }

    /// The forbids that deny it go; where there are none, the permits that would permit it come.
    fn set_aside(&self, wide: &mut Vec<Policy>, situation: &Situation) {
        let denied = self.to.decide(situation);
        let forbids: Vec<&str> = denied.basis().rules.iter().map(|rule| rule.id.as_str()).collect();
        wide.retain(|policy| !forbids.contains(&policy.id().to_string().as_str()));
        if forbids.is_empty() {
            let permitted = self.from.decide(situation);
            for rule in &permitted.basis().rules {
                // A rule of the same name may stand there already, saying something else.
                let id = PolicyId::new(format!("{} as it is in the other", rule.id));
                let policy = self.from.point().policies().policy(&PolicyId::new(rule.id.as_str()));
                if let Some(policy) = policy.filter(|_| wide.iter().all(|known| *known.id() != id)) {
                    wide.push(policy.new_id(id));
                }
            }
        }
    }
}

fn set(policies: &[Policy]) -> Result<PolicySet, BenchError> {
    PolicySet::from_policies(policies.iter().cloned()).map_err(|error| BenchError::Symbolic(error.to_string()))
}

/// Differences whose examples are alike but for the action are one.
fn add(found: &mut Vec<Difference>, next: Difference) {
    let alike = |known: &&mut Difference| {
        known.direction == next.direction
            && match (&known.example, &next.example) {
                (Some(known), Some(next)) => {
                    known.situation.facts() == next.situation.facts()
                        && category(&known.situation) == category(&next.situation)
                        && (&known.old, &known.new) == (&next.old, &next.new)
                        && (&known.professions, &known.categories) == (&next.professions, &next.categories)
                }
                _ => false,
            }
    };
    match found.iter_mut().find(alike) {
        Some(known) => known.kinds.extend(next.kinds),
        None => found.push(next),
    }
}

fn category(situation: &Situation) -> Option<Category> {
    match situation {
        Situation::Care(request, _) => Some(request.category),
        Situation::Public(_) => None,
    }
}

fn example(old: &Bench, new: &Bench, situation: &Situation) -> Option<Example> {
    let verdicts =
        |situation: &Situation| Some((Verdict::of(&old.decide(situation))?, Verdict::of(&new.decide(situation))?));
    let (was, is) = verdicts(situation)?;
    let (mut professions, mut categories) = (Vec::new(), Vec::new());
    // Alike: it goes the same way, by whichever rules.
    let alike = |other: &Situation| {
        verdicts(other)
            .is_some_and(|(before, after)| (before.permitted, after.permitted) == (was.permitted, is.permitted))
    };
    if let Situation::Care(request, facts) = situation {
        for profession in Profession::ALL {
            let mut other = facts.clone();
            other.subject.profession = *profession;
            if alike(&Situation::Care(*request, other)) {
                professions.push(*profession);
            }
        }
        if facts.resource != Resource::Directory {
            let of_person = Category::ALL.iter().filter(|category| **category != Category::Directory);
            categories = of_person
                .copied()
                .filter(|category| alike(&Situation::Care(Request { category: *category, ..*request }, facts.clone())))
                .collect();
        }
    }
    Some(Example { situation: situation.clone(), old: was, new: is, professions, categories })
}
