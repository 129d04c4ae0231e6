//! Proofs about a set of rules, for every request and all facts that the schema allows: that every fence holds, that no
//! rule can fail, and that none is dead.
//!
//! What is proved is about complete facts. That facts are complete is not Cedar's to prove; the decision point makes sure
//! of it (`policy/src/slice.rs`).

use std::collections::BTreeMap;

use cedar_policy::{Authorizer, Decision as CedarDecision, Effect, Policy, PolicySet, RequestEnv};
use cedar_policy_symcc::{CompiledPolicy, CompiledPolicySet, Env};

use crate::bench::Bench;
use crate::cases::Verdict;
use crate::error::BenchError;
use crate::example::{ordinary_but, situation};
use crate::fences::{Around, Fence, plausible};
use crate::solver::{Solver, compile, compile_one};
use crate::words::Situation;

/// What was to be proved, and whether it is.
#[derive(Clone, Debug)]
pub struct Proof {
    /// What.
    pub claim: Claim,
    /// None: proved. Else where it does not hold.
    pub refuted: Option<Refutation>,
}

/// What is to be proved.
#[derive(Clone, Debug)]
pub enum Claim {
    /// A fence holds.
    Fence(Box<Fence>),
    /// A rule, by its `@id`, can never fail to be evaluated.
    NeverErrors(String),
    /// There are facts for which the rule holds.
    CanFire(String),
    /// There are facts for which the decision would be another without it.
    CanDecide(String),
}

/// Where something does not hold.
#[derive(Clone, Debug)]
pub struct Refutation {
    /// For which kinds of request, such as `read Record`.
    pub kinds: Vec<String>,
    /// An example; none where there can be none (a dead rule), or where what the solver found is not one of ours.
    pub example: Option<Example>,
}

/// An example, and what the decision point says to it.
#[derive(Clone, Debug)]
pub struct Example {
    /// What is asked, on which facts.
    pub situation: Situation,
    /// What the decision point decides. It was asked, not the solver: the example is a real one.
    pub verdict: Verdict,
}

/// Proves what is to be proved, or refutes it.
///
/// # Errors
/// The solver fails. Then nothing is proved.
pub fn prove(bench: &Bench, fences: &[Fence], solver: &mut Solver) -> Result<Vec<Proof>, BenchError> {
    let desk = Desk::new(bench)?;
    let mut proofs = Vec::new();
    for fence in fences {
        let refuted = desk.fence(fence, solver)?;
        proofs.push(Proof { claim: Claim::Fence(Box::new(fence.clone())), refuted });
    }
    // In the order of the files.
    for rule in bench.point().rules() {
        let id = rule.id.to_string();
        let Some(policy) = desk.policies.get(&id) else {
            return Err(BenchError::Symbolic(format!("`{id}` is not among the policies")));
        };
        let errs = desk.errs(policy, solver)?;
        proofs.push(Proof { claim: Claim::NeverErrors(id.clone()), refuted: refutation(errs) });
        let fires = desk.fires(policy, solver)?;
        let dead = fires.is_empty().then(all_kinds);
        let decides = dead.is_none() && desk.decides(policy, &fires, solver)?;
        proofs.push(Proof { claim: Claim::CanFire(id.clone()), refuted: dead.clone() });
        let never = dead.is_none() && !decides;
        proofs.push(Proof { claim: Claim::CanDecide(id), refuted: never.then(all_kinds) });
    }
    Ok(proofs)
}

fn refutation(kinds: Vec<String>) -> Option<Refutation> {
    (!kinds.is_empty()).then_some(Refutation { kinds, example: None })
}

fn all_kinds() -> Refutation {
    Refutation { kinds: Vec::new(), example: None }
}

/// A kind of request with the rules put into the solver's form for it.
struct Kind {
    env: RequestEnv,
    rules: CompiledPolicySet,
}

struct Desk<'a> {
    bench: &'a Bench,
    policies: BTreeMap<String, Policy>,
    kinds: Vec<Kind>,
    plausible: Vec<Policy>,
}

impl<'a> Desk<'a> {
    fn new(bench: &'a Bench) -> Result<Self, BenchError> {
        let (schema, set) = (bench.point().schema(), bench.point().policies());
        let policies = set.policies().map(|policy| (policy.id().to_string(), policy.clone())).collect();
        let kinds = kinds(bench)
            .into_iter()
            .map(|env| Ok(Kind { rules: compile(set, &env, schema)?, env }))
            .collect::<Result<_, BenchError>>()?;
        Ok(Self { bench, policies, kinds, plausible: plausible()? })
    }

    fn fence(&self, fence: &Fence, solver: &mut Solver) -> Result<Option<Refutation>, BenchError> {
        let (mut names, mut example) = (Vec::new(), None);
        for kind in &self.kinds {
            let inside = compile(&fence.inside, &kind.env, self.bench.point().schema())?;
            let found = match fence.around {
                Around::Permits => solver.implies(&kind.rules, &inside)?,
                Around::Denials => solver.implies(&inside, &kind.rules)?,
            };
            let Some(found) = found else { continue };
            names.push(name(&kind.env));
            if example.is_none() {
                example = self.example(fence, kind, &found, solver)?;
            }
        }
        Ok((!names.is_empty()).then_some(Refutation { kinds: names, example }))
    }

    /// A plausible example where there is one, else what was found at first; confirmed by the decision point, and as
    /// ordinary as can be.
    fn example(
        &self,
        fence: &Fence,
        kind: &Kind,
        found: &Env,
        solver: &mut Solver,
    ) -> Result<Option<Example>, BenchError> {
        let schema = self.bench.point().schema();
        let likely = match fence.around {
            Around::Permits => {
                let rules = compile(&self.with_plausible(self.bench.point().policies())?, &kind.env, schema)?;
                solver.implies(&rules, &compile(&fence.inside, &kind.env, schema)?)?
            }
            Around::Denials => {
                let inside = compile(&self.with_plausible(&fence.inside)?, &kind.env, schema)?;
                solver.implies(&inside, &kind.rules)?
            }
        };
        let breaks = |situation: &Situation| breaks(self.bench, fence, situation);
        let candidates = likely.iter().chain([found]);
        let first = candidates.filter_map(|env| situation(self.bench, env)).find(|situation| breaks(situation));
        Ok(first.and_then(|first| {
            let situation = ordinary_but(&first, &breaks);
            let verdict = Verdict::of(&self.bench.decide(&situation))?;
            Some(Example { situation, verdict })
        }))
    }

    fn with_plausible(&self, set: &PolicySet) -> Result<PolicySet, BenchError> {
        let policies = set.policies().chain(&self.plausible).cloned();
        PolicySet::from_policies(policies).map_err(|error| BenchError::Symbolic(error.to_string()))
    }

    /// The kinds of request for which a rule may fail.
    fn errs(&self, policy: &Policy, solver: &mut Solver) -> Result<Vec<String>, BenchError> {
        let mut kinds = Vec::new();
        for kind in &self.kinds {
            if !solver.never_errors(&self.compiled(policy, kind)?)? {
                kinds.push(name(&kind.env));
            }
        }
        Ok(kinds)
    }

    /// The kinds of request for which the rule can hold.
    fn fires(&self, policy: &Policy, solver: &mut Solver) -> Result<Vec<&Kind>, BenchError> {
        let mut kinds = Vec::new();
        for kind in &self.kinds {
            if !solver.never_matches(&self.compiled(policy, kind)?)? {
                kinds.push(kind);
            }
        }
        Ok(kinds)
    }

    /// Whether it decides anything that the other rules do not.
    fn decides(&self, policy: &Policy, kinds: &[&Kind], solver: &mut Solver) -> Result<bool, BenchError> {
        let others = self.policies.values().filter(|other| other.id() != policy.id()).cloned();
        let others = PolicySet::from_policies(others).map_err(|error| BenchError::Symbolic(error.to_string()))?;
        for kind in kinds {
            let others = compile(&others, &kind.env, self.bench.point().schema())?;
            let same = match policy.effect() {
                Effect::Permit => solver.holds(&kind.rules, &others)?,
                Effect::Forbid => solver.holds(&others, &kind.rules)?,
            };
            if !same {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn compiled(&self, policy: &Policy, kind: &Kind) -> Result<CompiledPolicy, BenchError> {
        compile_one(policy, &kind.env, self.bench.point().schema())
    }
}

/// Every kind of request that the schema allows, in the order of its names.
pub(crate) fn kinds(bench: &Bench) -> Vec<RequestEnv> {
    let mut kinds: Vec<RequestEnv> = bench.point().schema().request_envs().collect();
    kinds.sort_by_key(|env| (env.resource().to_string() != "Record", place(env), name(env)));
    kinds
}

/// The place of its action among ours.
fn place(env: &RequestEnv) -> Option<usize> {
    model::Action::ALL.iter().position(|action| action.as_str() == env.action().id().unescaped())
}

/// `read Record`.
pub(crate) fn name(env: &RequestEnv) -> String {
    format!("{} {}", env.action().id().unescaped(), env.resource())
}

/// Whether the rules and the fence are at odds here, asked of the decision point and of Cedar, not of the solver.
fn breaks(bench: &Bench, fence: &Fence, situation: &Situation) -> bool {
    let Ok((request, entities)) = bench.cedar_form(situation) else { return false };
    let inside = Authorizer::new().is_authorized(&request, &fence.inside, &entities).decision() == CedarDecision::Allow;
    let decision = bench.decide(situation);
    if !decision.basis().errors.is_empty() {
        return false;
    }
    match fence.around {
        Around::Permits => decision.is_permit() && !inside,
        Around::Denials => !decision.is_permit() && inside,
    }
}
