//! Sets of rules: proposed, approved, rolled back.

use std::sync::Arc;

use super::{Act, Misfit, free, known};
use crate::change::Change;
use crate::state::{RuleApproval, Tables};

pub(super) fn apply(tables: &mut Tables, act: &Act, change: &Change) -> Result<(), Misfit> {
    let rules = Arc::make_mut(&mut tables.rules);
    match change {
        Change::RulesProposed { rules: set } => {
            free(rules.sets.contains_key(&set.version), "set of rules", &set.version)?;
            rules.propose(set.clone());
            Ok(())
        }
        Change::RulesApproved { version, gates } => {
            known(rules.sets.contains_key(version), "set of rules", version)?;
            if rules.approvals.last().is_some_and(|last| last.version == *version) {
                return Err(Misfit::Contradiction("the rules are in force already"));
            }
            let (version, gates) = (version.clone(), gates.clone());
            rules.approve(RuleApproval { version, by: act.by.clone(), at: act.at, gates });
            Ok(())
        }
        Change::RulesRolledBack { version, .. } => {
            let taken = rules.approvals.pop();
            known(taken.is_some_and(|taken| taken.version == *version), "set of rules in force", version)
        }
        _ => Err(Misfit::Contradiction("not a change of rules")),
    }
}
