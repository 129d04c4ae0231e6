//! Sets of rules that officers proposed, and which of them is in force.

use std::fmt;
use std::sync::Arc;

use imbl::OrdMap;
use model::{Author, Timestamp};
use policy::{DecisionPoint, PolicyError};

use crate::bounds::{RULE_SETS_MAX, RULE_STEPS_BACK_MAX};

/// One file of rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleFile {
    /// Its name, such as `care.cedar`.
    pub name: String,
    /// What stands in it.
    pub text: String,
}

/// A set of rules as an officer proposed it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleSet {
    /// Its version: the digest that the decision point makes of schema and files.
    pub version: String,
    /// The schema.
    pub schema: String,
    /// The files, in the order in which reasons are given.
    pub files: Vec<RuleFile>,
    /// Why.
    pub reason: String,
    /// By whom.
    pub proposed_by: Author,
    /// When.
    pub proposed_at: Timestamp,
}

impl RuleSet {
    /// The decision point of these rules.
    ///
    /// # Errors
    /// This program cannot take them into use. They were in order for the one that proposed them.
    pub fn point(&self) -> Result<DecisionPoint, PolicyError> {
        let files: Vec<(&str, &str)> = self.files.iter().map(|file| (file.name.as_str(), file.text.as_str())).collect();
        DecisionPoint::from_sources(&self.schema, &files)
    }
}

/// What a set of rules passed before it was approved (`docs/rules.md`). That it is read, valid and in order the registry sees
/// for itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleGates {
    /// How many cases it was tried on; all turned out as expected, and each rule was tried. At least one.
    pub cases: u64,
    /// Which cases: the digest of the text of those built in, and after `+` of those beside them.
    pub cases_version: String,
    /// What was proved.
    pub proof: RuleProof,
}

/// What was proved of a set of rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RuleProof {
    /// Every fence, and of each rule that it cannot fail, can hold and can decide.
    Proved {
        /// Which fences: the digest of the text of those built in, and after `+` of those beside them.
        fences: String,
        /// How many claims. At least one.
        claims: u64,
    },
    /// Nothing: the officer took the rules into force all the same.
    Without {
        /// Why, in his words.
        reason: String,
    },
}

impl fmt::Display for RuleGates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cases = if self.cases == 1 { "case" } else { "cases" };
        write!(f, "{} {cases} ({}) passed, ", self.cases, self.cases_version)?;
        match &self.proof {
            RuleProof::Proved { fences, claims } => write!(f, "{claims} claims proved (fences {fences})"),
            RuleProof::Without { reason } => write!(f, "nothing proved: {reason}"),
        }
    }
}

/// A set of rules in force: since when, and by which second officer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleApproval {
    /// Which set.
    pub version: String,
    /// By whom; never the one who proposed it.
    pub by: Author,
    /// When.
    pub at: Timestamp,
    /// What they had passed; none: approved when that was not asked for yet.
    pub gates: Option<RuleGates>,
}

/// What was proposed, and what is in force.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Rules {
    pub(crate) sets: OrdMap<String, Arc<RuleSet>>,
    /// The last one is in force; without any, the rules built into the program are. One step back takes the last away.
    pub(crate) approvals: Vec<RuleApproval>,
}

impl Rules {
    /// The set in force; none: the rules built in.
    pub(crate) fn in_force(&self) -> Option<(&RuleSet, &RuleApproval)> {
        let approval = self.approvals.last()?;
        Some((self.sets.get(&approval.version)?, approval))
    }

    /// Takes a proposal in. Beyond the bound the oldest that nobody can go back to is forgotten; the journal keeps it.
    pub(crate) fn propose(&mut self, set: RuleSet) {
        self.sets.insert(set.version.clone(), Arc::new(set));
        while self.sets.len() > RULE_SETS_MAX {
            let stands = |set: &RuleSet| self.approvals.iter().any(|approval| approval.version == set.version);
            let idle = self.sets.values().filter(|set| !stands(set)).min_by_key(|set| set.proposed_at);
            let Some(oldest) = idle.map(|set| set.version.clone()) else { return };
            self.sets.remove(&oldest);
        }
    }

    /// Takes a set into force. Beyond the bound the first step back is forgotten.
    pub(crate) fn approve(&mut self, approval: RuleApproval) {
        self.approvals.push(approval);
        if self.approvals.len() > RULE_STEPS_BACK_MAX {
            self.approvals.remove(0);
        }
    }
}
