//! The rule for break-glass (art. 41): entered by one officer, issued by another, taken back by any.

use super::Draft;
use crate::change::Change;
use crate::refused::{Refused, Why};

pub(super) fn propose(d: &mut Draft, rule: &str) -> Result<(), Refused> {
    d.name("the name of the city's rule", rule)?;
    d.push(Change::BreakGlassProposed { rule: rule.to_owned() })
}

pub(super) fn issue(d: &mut Draft) -> Result<(), Refused> {
    let proposed = d.next.break_glass().proposed.clone();
    let why = || d.refused(Why::Condition("no rule has been entered that could be issued".to_owned()));
    d.another_officer(&proposed.ok_or_else(why)?.by)?;
    d.push(Change::BreakGlassIssued)
}

pub(super) fn withdraw(d: &mut Draft, reason: &str) -> Result<(), Refused> {
    d.reason(reason)?;
    d.push(Change::BreakGlassWithdrawn { reason: reason.to_owned() })
}
