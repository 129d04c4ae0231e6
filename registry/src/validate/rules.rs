//! Rules: proposed by one officer, taken into force by another, one step back at any time.

use policy::PolicyError;

use super::Draft;
use crate::bounds::{REASON_CHARACTERS_MAX, RULES_BYTES_MAX};
use crate::change::Change;
use crate::refused::{Refused, Why};
use crate::state::{RuleFile, RuleGates, RuleProof, RuleSet};

/// Nothing is proposed that is not in order: parsed, validated and linted by this program.
pub(super) fn propose(d: &mut Draft, schema: &str, files: &[RuleFile], reason: &str) -> Result<(), Refused> {
    d.reason(reason)?;
    let bytes = files
        .iter()
        .map(|file| file.name.len().saturating_add(file.text.len()))
        .fold(schema.len(), usize::saturating_add);
    d.require(bytes <= RULES_BYTES_MAX, || Why::Full { what: "bytes of rules", max: RULES_BYTES_MAX })?;
    let mut set = RuleSet {
        version: String::new(),
        schema: schema.to_owned(),
        files: files.to_vec(),
        reason: reason.to_owned(),
        proposed_by: d.act.by.clone(),
        proposed_at: d.at(),
    };
    let point = set.point().map_err(|error| d.refused(not_in_order(&error)))?;
    set.version = point.version().as_str().to_owned();
    d.push(Change::RulesProposed { rules: set })
}

/// Whoever approves says what the rules have passed. The registry has no solver, and takes it at the officer's word; it is on
/// record under his name. What he saw of the difference is one from the rules that were in force then.
pub(super) fn approve(d: &mut Draft, version: &str, over: Option<&str>, gates: &RuleGates) -> Result<(), Refused> {
    passed(d, gates)?;
    let set = d.next.rule_set(version).ok_or_else(|| d.not_known("set of rules", &version))?;
    let (one, other) = (set.proposed_by.name.trim().to_lowercase(), d.act.by.name.trim().to_lowercase());
    // Names differ in more than spaces and capitals: one officer is not two.
    d.require(one != other, || Why::Condition("rules are approved by another officer than proposed them".to_owned()))?;
    // The program that proposed them may have been another one.
    let point = set.point().map_err(|error| d.refused(not_in_order(&error)))?;
    d.require(point.version().as_str() == version, || Why::Condition("the rules are not of that version".to_owned()))?;
    let now = d.next.rules_in_force().map(|(set, _)| set.version.as_str());
    d.require(now == over, || {
        let (seen, now) = (over.unwrap_or("the rules built in"), now.unwrap_or("the rules built in"));
        Why::Condition(format!(
            "they were compared with {seen}, and meanwhile {now} came into force: compare them again"
        ))
    })?;
    d.push(Change::RulesApproved { version: version.to_owned(), gates: Some(gates.clone()) })
}

fn passed(d: &Draft, gates: &RuleGates) -> Result<(), Refused> {
    d.name("the version of the cases", &gates.cases_version)?;
    d.require(gates.cases > 0, || Why::Condition("rules are approved that no case has tried".to_owned()))?;
    match &gates.proof {
        RuleProof::Proved { fences, claims } => {
            d.name("the version of the fences", fences)?;
            d.require(*claims > 0, || Why::Condition("nothing was proved of the rules".to_owned()))
        }
        RuleProof::Without { reason } => d.reason(reason),
    }
}

pub(super) fn roll_back(d: &mut Draft, reason: &str) -> Result<(), Refused> {
    d.reason(reason)?;
    let in_force = d.next.rules_in_force().map(|(set, _)| set.version.clone());
    let nothing = || Why::Condition("the rules in force are those built in; there is no step back".to_owned());
    let Some(version) = in_force else { return Err(d.refused(nothing())) };
    d.push(Change::RulesRolledBack { version, reason: reason.to_owned() })
}

fn not_in_order(error: &PolicyError) -> Why {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(because) = cause {
        text = format!("{text}: {because}");
        cause = because.source();
    }
    Why::Condition(text.chars().take(REASON_CHARACTERS_MAX).collect())
}
