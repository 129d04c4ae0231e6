//! The service as a whole: contracts, reports, rules.

use super::Snapshot;
use crate::state::{Contract, Report, RuleApproval, RuleSet, Service};

impl Snapshot {
    /// All contracts, in the order they were entered, past ones included.
    pub fn contracts(&self) -> impl Iterator<Item = &Contract> {
        self.tables.contracts.values().map(AsRef::as_ref)
    }

    /// The reports that the city waits for (art. 29-2, 39-3), oldest first.
    pub fn reports(&self) -> impl Iterator<Item = &Report> {
        self.tables.reports.values().map(AsRef::as_ref)
    }

    /// Where the service stands.
    #[must_use]
    pub fn service(&self) -> &Service {
        &self.tables.service
    }

    /// The set of rules in force, and who took it into force; none: the rules built into the program.
    #[must_use]
    pub fn rules_in_force(&self) -> Option<(&RuleSet, &RuleApproval)> {
        self.tables.rules.in_force()
    }

    /// A set of rules that was proposed.
    #[must_use]
    pub fn rule_set(&self, version: &str) -> Option<&RuleSet> {
        self.tables.rules.sets.get(version).map(AsRef::as_ref)
    }

    /// All sets of rules that were proposed, by version.
    pub fn rule_sets(&self) -> impl Iterator<Item = &RuleSet> {
        self.tables.rules.sets.values().map(AsRef::as_ref)
    }

    /// The approvals that stand, the one in force last: each but the first is one step back from the next.
    #[must_use]
    pub fn rule_approvals(&self) -> &[RuleApproval] {
        &self.tables.rules.approvals
    }
}
