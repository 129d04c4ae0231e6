//! Rules laid open: what the decision point says to a situation, and which rules hold beneath that, alone.

use std::collections::BTreeSet;

use cedar_policy::{Authorizer, Effect, Entities, PolicySet, Request as CedarRequest};
use policy::{Decision, DecisionPoint, FormError};

use crate::error::BenchError;
use crate::sources::Sources;
use crate::words::Situation;

/// A set of rules with its parts.
pub struct Bench {
    point: DecisionPoint,
    permits: PolicySet,
    forbids: PolicySet,
}

/// The rules that hold in a situation, by their `@id`, whichever of them decide.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Holding {
    /// Permits.
    pub permits: BTreeSet<String>,
    /// Forbids.
    pub forbids: BTreeSet<String>,
}

impl Bench {
    /// From a set of rules that is in order.
    ///
    /// # Errors
    /// Rules that are not.
    pub fn new(sources: &Sources) -> Result<Self, BenchError> {
        let point = sources.point()?;
        let part = |effect| {
            let policies = point.policies().policies().filter(|policy| policy.effect() == effect).cloned();
            PolicySet::from_policies(policies).map_err(|error| BenchError::Symbolic(error.to_string()))
        };
        let (permits, forbids) = (part(Effect::Permit)?, part(Effect::Forbid)?);
        Ok(Self { point, permits, forbids })
    }

    /// The decision point.
    #[must_use]
    pub const fn point(&self) -> &DecisionPoint {
        &self.point
    }

    /// What the gateway would decide.
    pub fn decide(&self, situation: &Situation) -> Decision {
        match situation {
            Situation::Care(request, facts) => self.point.decide(request, facts),
            Situation::Public(service) => self.point.decide_public(service),
        }
    }

    /// The situation in Cedar's form.
    ///
    /// # Errors
    /// Facts that make none.
    pub fn cedar_form(&self, situation: &Situation) -> Result<(CedarRequest, Entities), FormError> {
        match situation {
            Situation::Care(request, facts) => self.point.cedar_form(request, facts),
            Situation::Public(service) => self.point.cedar_form_of_public(service),
        }
    }

    /// Every rule that holds, decisive or not.
    ///
    /// # Errors
    /// Facts that have no Cedar form.
    pub fn holding(&self, situation: &Situation) -> Result<Holding, FormError> {
        let (request, entities) = self.cedar_form(situation)?;
        let ask = |set: &PolicySet| {
            let response = Authorizer::new().is_authorized(&request, set, &entities);
            response.diagnostics().reason().map(ToString::to_string).collect()
        };
        Ok(Holding { permits: ask(&self.permits), forbids: ask(&self.forbids) })
    }
}

impl std::fmt::Debug for Bench {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Bench").field("point", &self.point).finish()
    }
}
