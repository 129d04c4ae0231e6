//! `break-glass`: off until two officers have issued the city's rule for it (art. 41).

use registry::{Approval, Command};
use serde_json::json;

use super::Desk;
use crate::cli::BreakGlass;
use crate::error::Error;

pub(super) fn run(desk: &Desk, verb: &BreakGlass) -> Result<(), Error> {
    match verb {
        BreakGlass::Propose(propose) => {
            desk.execute(Command::ProposeBreakGlass { rule: propose.rule.clone() })?;
        }
        BreakGlass::Issue => {
            desk.execute(Command::IssueBreakGlass)?;
        }
        BreakGlass::Withdraw(withdraw) => {
            desk.execute(Command::WithdrawBreakGlass { reason: withdraw.reason.clone() })?;
        }
        BreakGlass::Status => {}
    }
    status(desk)
}

fn status(desk: &Desk) -> Result<(), Error> {
    let snapshot = desk.snapshot();
    let now = snapshot.break_glass();
    let by = |what: &str, who: &Option<Approval>| {
        who.as_ref().map_or_else(String::new, |who| format!(", {what} by {} at {}", who.by, who.at.to_jst_minutes()))
    };
    let rule = now.rule.as_ref().map_or_else(String::new, |rule| format!(": {rule}"));
    let (entered, issued) = (by("entered", &now.proposed), by("issued", &now.issued));
    let author = |who: &Option<Approval>| who.as_ref().map(|who| who.by.to_string());
    desk.say(
        format_args!("break-glass is {}{rule}{entered}{issued}", now.state),
        &json!({
            "break_glass": now.state.as_str(), "rule": now.rule, "entered_by": author(&now.proposed),
            "issued_by": author(&now.issued),
        }),
    )
}
