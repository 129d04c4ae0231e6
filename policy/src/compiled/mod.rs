//! The rules once more, as small trees over the facts themselves: what decides on the request path.
//!
//! A decision by Cedar builds entities, checks them against the schema and walks maps of strings: some fifty
//! microseconds, more than everything else a request needs. Here a rule is read from Cedar's own JSON form when it is
//! loaded, its names are resolved to places in [`Facts`], and action and kind of resource are worked in, so that what is
//! left of a rule is a handful of comparisons. No parser of ours, no language of ours: Cedar parses, validates and stays
//! the yardstick. Held equal to it in decisions, reasons and errors by tests over random facts, and by the gateway, which asks
//! Cedar too every so often.
//!
//! What cannot be compiled is no fault: then Cedar decides, slower ([`crate::DecisionPoint::why_not_compiled`]).

mod place;
mod read;
mod test;

use std::sync::Arc;

use cedar_policy::{Effect, Policy};
use model::Action;

use crate::decision::{Basis, Decision, PolicyVersion, Rule};
use crate::facts::{Facts, Request, Resource};
use test::{Fault, Test};

pub(crate) use read::CannotCompile;

/// Which kind of resource a rule is worked out for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    Record,
    Directory,
}

impl Kind {
    pub(crate) const ALL: [Self; 2] = [Self::Record, Self::Directory];

    pub(crate) const fn of(resource: &Resource) -> Self {
        match resource {
            Resource::Record { .. } => Self::Record,
            Resource::Directory => Self::Directory,
        }
    }

    /// The entity type in the schema.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Record => "Record",
            Self::Directory => "Directory",
        }
    }
}

/// All rules, worked out for each action and kind of resource.
pub(crate) struct Compiled {
    /// In the order of [`Action::ALL`] and [`Kind::ALL`].
    worked_out: Vec<WorkedOut>,
}

/// What is left of the rules for one action on one kind of resource.
#[derive(Default)]
struct WorkedOut {
    forbids: Vec<(Arc<Rule>, Test)>,
    permits: Vec<(Arc<Rule>, Test)>,
}

impl Compiled {
    /// Reads the rules: `rules` and `policies` belong together one by one.
    ///
    /// # Errors
    /// A rule uses what is not known here; Cedar has to decide.
    pub(crate) fn new(rules: &[Arc<Rule>], policies: &[Policy]) -> Result<Self, CannotCompile> {
        let mut worked_out = Vec::new();
        for action in Action::ALL {
            for kind in Kind::ALL {
                let mut left = WorkedOut::default();
                for (rule, policy) in rules.iter().zip(policies) {
                    let test = read::policy(policy, *action, kind)?;
                    match (test, policy.effect()) {
                        // It can never hold here.
                        (Test::Const(false), _) => {}
                        (test, Effect::Forbid) => left.forbids.push((Arc::clone(rule), test)),
                        (test, Effect::Permit) => left.permits.push((Arc::clone(rule), test)),
                    }
                }
                worked_out.push(left);
            }
        }
        Ok(Self { worked_out })
    }

    /// Decides; none where Cedar has to (an action that is not in the list).
    pub(crate) fn decide(&self, request: &Request, facts: &Facts, version: &PolicyVersion) -> Option<Decision> {
        let kind = Kind::of(&facts.resource);
        let action = Action::ALL.iter().position(|action| *action == request.action)?;
        let kind_place = Kind::ALL.iter().position(|other| *other == kind)?;
        let left = self.worked_out.get(action * Kind::ALL.len() + kind_place)?;
        let basis = |rules, errors, only_forbidden| Basis { rules, version: version.clone(), errors, only_forbidden };
        let fits = (request.category == model::Category::Directory) == (kind == Kind::Directory);
        if !fits {
            return Some(Decision::Denial(basis(
                Vec::new(),
                vec![crate::slice::SliceError::Word("category").to_string()],
                false,
            )));
        }
        let mut errors = Vec::new();
        let forbids = holding(&left.forbids, request, facts, &mut errors);
        let permits = holding(&left.permits, request, facts, &mut errors);
        // As `DecisionPoint::judge_slice` reads Cedar's answer: a rule that fails denies, and permits are no reason for that.
        Some(match (forbids.is_empty(), permits.is_empty(), errors.is_empty()) {
            (true, false, true) => Decision::Permit(basis(permits, errors, false)),
            (false, false, true) => Decision::Denial(basis(forbids, errors, true)),
            _ => Decision::Denial(basis(forbids, errors, false)),
        })
    }
}

/// The rules that hold, in order. What fails is an error.
fn holding(rules: &[(Arc<Rule>, Test)], request: &Request, facts: &Facts, errors: &mut Vec<String>) -> Vec<Arc<Rule>> {
    let mut held = Vec::new();
    for (rule, test) in rules {
        match test.holds(request, facts) {
            Ok(true) => held.push(Arc::clone(rule)),
            Ok(false) => {}
            Err(Fault(attribute)) => errors.push(format!("`{}` needs `{attribute}`, which is not there", rule.id)),
        }
    }
    held
}
