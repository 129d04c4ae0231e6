//! `contract`: under which the contractor operates for the city (art. 4-2, 4-3).

use registry::{Change, Command, Contract as Entered, ContractId};
use serde_json::json;

use super::Desk;
use crate::cli::Contract;
use crate::cli::contract::ContractEnter;
use crate::error::Error;
use crate::output;

pub(super) fn run(desk: &Desk, verb: &Contract) -> Result<(), Error> {
    match verb {
        Contract::Enter(asked) => enter(desk, asked),
        Contract::End(end) => {
            let contract = ContractId::new(end.contract);
            desk.execute(Command::EndContract { contract, reason: end.reason.clone() })?;
            desk.say(
                format_args!("contract {contract} has ended"),
                &json!({ "contract": contract.get(), "in_force": false }),
            )
        }
        Contract::List => {
            output::each(desk.snapshot().contracts(), "no contract was ever entered", |contract| say(desk, contract))
        }
    }
}

fn enter(desk: &Desk, asked: &ContractEnter) -> Result<(), Error> {
    let from = asked.from.unwrap_or_else(|| desk.now());
    let command = Command::EnterContract { contractor: asked.contractor.clone(), from, until: asked.until };
    let executed = desk.execute(command)?;
    let entered = executed.changes.iter().find_map(|change| match change {
        Change::ContractEntered { contract } => Some(contract),
        _ => None,
    });
    say(desk, entered.ok_or_else(|| Error::usage("nothing was entered"))?)
}

fn say(desk: &Desk, contract: &Entered) -> Result<(), Error> {
    let Entered { id, contractor, from, until, entered_by, ended } = contract;
    let in_force = contract.holds_at(desk.now());
    let why = ended.as_ref().map_or_else(String::new, |why| format!("  ended: {why}"));
    desk.say(
        format_args!(
            "{id}  {contractor}  from {} until {}{}  by {entered_by}{why}",
            from.to_jst_minutes(),
            until.to_jst_minutes(),
            if in_force { "" } else { "  (not now)" }
        ),
        &json!({
            "contract": id.get(), "contractor": contractor, "from": from.to_string(), "until": until.to_string(),
            "in_force": in_force, "by": entered_by.to_string(), "ended": ended,
        }),
    )
}
