//! `deletion`: one officer orders, another approves, a named user ID carries out (art. 17-2, 19-2).

use std::path::PathBuf;

use model::lifecycle::deletion::State;
use model::{PersonId, RecordName, Target, UserId};
use registry::{Change, Command, Deleted, DeletionId, DeletionOrder};
use serde_json::json;

use super::{Desk, sought};
use crate::cli::Deletion;
use crate::cli::deletion::DeletionOrder as Asked;
use crate::error::Error;
use crate::{ids, maps, output};

pub(super) fn run(desk: &Desk, verb: &Deletion) -> Result<(), Error> {
    match verb {
        Deletion::Order(asked) => order(desk, asked),
        Deletion::Approve(approve) => {
            let order = DeletionId::new(approve.order);
            desk.execute(Command::ApproveDeletion { order })?;
            let by = desk.author()?;
            desk.say(
                format_args!("deletion order {order} is approved by {by}; it may be carried out"),
                &json!({ "order": order.get(), "state": "approved", "by": by.to_string() }),
            )
        }
        Deletion::Cancel(cancel) => {
            let order = DeletionId::new(cancel.order);
            desk.execute(Command::CancelDeletion { order, reason: cancel.reason.clone() })?;
            let by = desk.author()?;
            desk.say(
                format_args!("deletion order {order} is taken back by {by}"),
                &json!({ "order": order.get(), "state": "cancelled", "by": by.to_string() }),
            )
        }
        Deletion::List(list) => {
            let snapshot = desk.snapshot();
            let person: Option<PersonId> = list.person.as_deref().map(ids::parse).transpose()?;
            let about = |order: &&DeletionOrder| person.as_ref().is_none_or(|person| order.person == *person);
            let whose = person.as_ref().map_or_else(String::new, |person| format!(" for person `{person}`"));
            let unknown = sought::unknown(&snapshot, person.clone().map(Target::Person));
            let what = format!("no deletion was ordered{whose}{unknown}");
            output::each(snapshot.deletions().filter(about), what, |order| say(desk, order))
        }
    }
}

fn order(desk: &Desk, asked: &Asked) -> Result<(), Error> {
    let (person, executor): (PersonId, UserId) = (ids::parse(&asked.person)?, ids::parse(&asked.executor)?);
    let record = asked.record.as_deref().map(RecordName::new).transpose().map_err(Error::usage)?;
    if let Some(record) = &record {
        // The registry does not know the maps. An order about what cannot be there would stand open until its end. A map that
        // is not in order holds up nothing that it does not say.
        let of_a_map = record.parts().0.contains('.');
        let maps: &[PathBuf] = if of_a_map { &desk.settings.maps } else { &[] };
        maps::reader(maps)?.is_removable(record).map_err(Error::usage)?;
    }
    let (reason, until) = (asked.reason.clone(), asked.until);
    let executed = desk.execute(Command::OrderDeletion { person, record, reason, executor, until })?;
    let number = executed.changes.iter().find_map(|change| match change {
        Change::DeletionOrdered { order } => Some(order.id),
        _ => None,
    });
    let number = number.ok_or_else(|| Error::usage("nothing was ordered"))?;
    let by = desk.author()?;
    desk.say(
        format_args!(
            "deletion order {number} of {by} waits for a second officer: sekisho deletion approve {number} --as \
             city-officer:NAME"
        ),
        &json!({ "order": number.get(), "state": "ordered", "by": by.to_string() }),
    )
}

fn say(desk: &Desk, order: &DeletionOrder) -> Result<(), Error> {
    let DeletionOrder { id, person, record, reason, executor, until, state, ordered, approved, cancelled } = order;
    let what = record.as_ref().map_or_else(|| "all records".to_owned(), ToString::to_string);
    let in_force = order.holds_at(desk.now());
    let second = approved.as_ref().map_or_else(String::new, |second| format!(", approved by {}", second.by));
    let back =
        cancelled.as_ref().map_or_else(String::new, |back| format!(", taken back by {}: {}", back.by, back.reason));
    let snapshot = desk.snapshot();
    let deleted: Vec<&Deleted> = snapshot.deleted_under(*id).collect();
    let open = match (in_force, record, *state) {
        (true, ..) => " (open)",
        (false, _, State::CarriedOut) => "",
        (false, Some(_), _) if deleted.is_empty() => " (not in force, nothing deleted)",
        (false, ..) => " (not in force)",
    };
    let each: String = deleted
        .iter()
        .map(|one| {
            format!("\n    {} deleted by {} at {}, request {}", one.record, one.by, one.at.to_jst(), one.request)
        })
        .collect();
    desk.say(
        format_args!(
            "{id}  {what} of {person}  by {executor} until {}  {state}{open}  ordered by {}{second}{back}  {reason}{each}",
            until.to_jst_minutes(),
            ordered.by,
        ),
        &json!({
            "order": id.get(), "person": person.as_str(), "record": record.as_ref().map(RecordName::as_str),
            "reason": reason, "executor": executor.as_str(), "until": until.to_string(), "state": state.as_str(),
            "in_force": in_force, "ordered_by": ordered.by.to_string(), "ordered_at": ordered.at.to_string(),
            "approved_by": approved.as_ref().map(|second| second.by.to_string()),
            "cancelled_by": cancelled.as_ref().map(|back| back.by.to_string()),
            "deleted": deleted
                .iter()
                .map(|one| json!({
                    "record": one.record.as_str(), "by": one.by.as_str(), "at": one.at.to_string(),
                    "request": one.request,
                }))
                .collect::<Vec<_>>(),
        }),
    )
}
