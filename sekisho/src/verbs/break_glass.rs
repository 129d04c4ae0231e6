//! `break-glass`: off until two officers have issued the city's rule for it (art. 41).

use registry::{Approval, Command, Emergency};
use serde_json::json;

use super::Desk;
use crate::cli::BreakGlass;
use crate::error::Error;
use crate::output;

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
        BreakGlass::List => {
            let what = "no emergency was declared within the last hour";
            return output::each(desk.snapshot().emergencies(), what, |one| say(desk, one));
        }
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

fn say(desk: &Desk, emergency: &Emergency) -> Result<(), Error> {
    let Emergency { id, user_id, person, reason, declared_at, until, ended_at } = emergency;
    let stands = emergency.stands_at(desk.now());
    let state = if stands { "stands" } else { "ended" };
    desk.say(
        format_args!(
            "{id}  {user_id} about {person}  {state}  declared {}, until {}  {reason}",
            declared_at.to_jst_minutes(),
            ended_at.unwrap_or(*until).to_jst_minutes(),
        ),
        &json!({
            "emergency": id.get(), "user_id": user_id.as_str(), "person": person.as_str(), "reason": reason,
            "declared_at": declared_at.to_string(), "until": until.to_string(), "stands": stands,
            "ended_at": ended_at.map(|at| at.to_string()),
        }),
    )
}
