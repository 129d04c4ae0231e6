//! Fences: what must hold of any set of rules. Written in Cedar (`policy/fences`), so that an officer can read them.

use cedar_policy::{
    ActionConstraint, Effect, Policy, PolicyId, PolicySet, PrincipalConstraint, ResourceConstraint, Schema,
    ValidationMode, Validator,
};
use model::Article;

use crate::error::BenchError;

/// The fences of the house.
pub const FENCES: &str = include_str!("../../policy/fences/fences.cedar");

/// What a counterexample must look like to be read by people.
const PLAUSIBLE: &str = include_str!("../../policy/fences/plausible.cedar");

/// One fence.
#[derive(Clone, Debug)]
pub struct Fence {
    /// `@id`.
    pub id: String,
    /// `@article`.
    pub articles: Vec<Article>,
    /// `@text_ja`.
    pub text_ja: String,
    /// `@text_en`.
    pub text_en: String,
    /// Around what it stands.
    pub around: Around,
    /// What lies inside: as a set of policies that permits exactly that (around permits), or denies only that.
    pub(crate) inside: PolicySet,
}

/// Around what a fence stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Around {
    /// Whatever is permitted must lie inside.
    Permits,
    /// Whatever is denied must lie inside.
    Denials,
}

/// Reads fences and holds them against the schema.
///
/// # Errors
/// A fence without its annotations, one with a scope, or one that is not valid.
pub fn read(text: &str, schema: &Schema) -> Result<Vec<Fence>, BenchError> {
    let policies = parsed("the fences", text)?;
    if policies.is_empty() {
        return Err(wrong("the fences", "are none: nothing would be proved"));
    }
    let mut fences: Vec<Fence> = Vec::new();
    for policy in policies {
        let fence = fence(&policy, schema)?;
        if fences.iter().any(|known| known.id == fence.id) {
            return Err(wrong(&fence.id, "stands there twice"));
        }
        fences.push(fence);
    }
    Ok(fences)
}

/// The forbids that make a counterexample plausible.
pub(crate) fn plausible() -> Result<Vec<Policy>, BenchError> {
    let policies = parsed("what is plausible", PLAUSIBLE)?;
    let named = |policy: &Policy| policy.annotation("id").map(|id| policy.new_id(PolicyId::new(id)));
    policies
        .iter()
        .map(|policy| named(policy).ok_or_else(|| wrong("what is plausible", "has a policy without `@id`")))
        .collect()
}

/// In the order of the file.
fn parsed(whose: &str, text: &str) -> Result<Vec<Policy>, BenchError> {
    let set: PolicySet = text.parse().map_err(|error: cedar_policy::ParseErrors| wrong(whose, &error.to_string()))?;
    if set.templates().next().is_some() {
        return Err(wrong(whose, "hold a template"));
    }
    let mut policies: Vec<Policy> = set.policies().cloned().collect();
    policies.sort_by_key(|policy| policy.id().to_string().trim_start_matches("policy").parse::<usize>().ok());
    Ok(policies)
}

fn fence(policy: &Policy, schema: &Schema) -> Result<Fence, BenchError> {
    let place = policy.annotation("id").map_or_else(|| policy.id().to_string(), str::to_owned);
    let text = |name: &str| {
        let text = policy.annotation(name).filter(|text| !text.trim().is_empty());
        text.map(str::to_owned).ok_or_else(|| wrong(&place, &format!("has no `@{name}`")))
    };
    let id = text("id")?;
    let articles: Result<Vec<Article>, _> = text("article")?.split(',').map(Article::parse).collect();
    let articles = articles.map_err(|error| wrong(&place, &format!("cites no article: {error}")))?;
    // A scope would leave requests outside of the fence, unread.
    let unscoped = policy.principal_constraint() == PrincipalConstraint::Any
        && policy.action_constraint() == ActionConstraint::Any
        && policy.resource_constraint() == ResourceConstraint::Any;
    if !unscoped {
        return Err(wrong(&place, "has a scope; what it says belongs into `when`"));
    }
    let policy = policy.new_id(PolicyId::new(&id));
    let (around, mut inside) = match policy.effect() {
        Effect::Permit => (Around::Permits, Vec::new()),
        Effect::Forbid => (Around::Denials, vec![everything()?]),
    };
    inside.push(policy);
    let inside = PolicySet::from_policies(inside).map_err(|error| wrong(&place, &error.to_string()))?;
    let result = Validator::new(schema.clone()).validate(&inside, ValidationMode::Strict);
    if let Some(error) = result.validation_errors().map(ToString::to_string).next() {
        return Err(wrong(&place, &error));
    }
    Ok(Fence { id, articles, text_ja: text("text_ja")?, text_en: text("text_en")?, around, inside })
}

fn everything() -> Result<Policy, BenchError> {
    Policy::parse(Some(PolicyId::new("everything")), "permit (principal, action, resource);")
        .map_err(|error| wrong("everything", &error.to_string()))
}

fn wrong(fence: &str, what: &str) -> BenchError {
    BenchError::Fence { fence: fence.to_owned(), what: what.to_owned() }
}
