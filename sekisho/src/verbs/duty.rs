//! `duty`: roles for whole facilities (art. 18).

use model::{DutyKind, FacilityId, Target, UserKey};
use registry::{Change, Command, Duty as Entered, DutyId};
use serde_json::json;

use super::{Desk, sought};
use crate::cli::Duty;
use crate::cli::duty::DutyEnter;
use crate::error::Error;
use crate::{ids, output};

pub(super) fn run(desk: &Desk, verb: &Duty) -> Result<(), Error> {
    match verb {
        Duty::Enter(asked) => enter(desk, asked),
        Duty::End(end) => {
            let duty = DutyId::new(end.duty);
            desk.execute(Command::EndDuty { duty })?;
            desk.say(format_args!("duty {duty} has ended"), &json!({ "duty": duty.get(), "ended": true }))
        }
        Duty::List(list) => {
            let snapshot = desk.snapshot();
            let facility: Option<FacilityId> = list.facility.as_deref().map(ids::parse).transpose()?;
            let here = |duty: &&Entered| facility.as_ref().is_none_or(|facility| duty.facility == *facility);
            let unknown = sought::unknown(&snapshot, facility.clone().map(Target::Facility));
            let place = facility.as_ref().map_or_else(String::new, |facility| format!(" for facility `{facility}`"));
            let what = format!("no role{place} is on record, present or future{unknown}");
            output::each(snapshot.duties().filter(here), what, |duty| say(desk, duty))
        }
    }
}

fn enter(desk: &Desk, asked: &DutyEnter) -> Result<(), Error> {
    let (user, facility): (UserKey, FacilityId) = (ids::parse(&asked.user)?, ids::parse(&asked.facility)?);
    let kind: DutyKind = asked.kind.parse().map_err(Error::usage)?;
    let (from, until) = (asked.from.unwrap_or_else(|| desk.now()), asked.until);
    let executed = desk.execute(Command::EnterDuty { user, facility, kind, from, until })?;
    let entered = executed.changes.iter().find_map(|change| match change {
        Change::DutyEntered { duty } => Some(duty),
        _ => None,
    });
    say(desk, entered.ok_or_else(|| Error::usage("nothing was entered"))?)
}

fn say(desk: &Desk, duty: &Entered) -> Result<(), Error> {
    let Entered { id, user, facility, kind, from, until, added_by } = duty;
    let holds = duty.holds_at(desk.now());
    let end = until.map_or_else(|| "further notice".to_owned(), |until| until.to_jst_minutes());
    desk.say(
        format_args!(
            "{id}  user {user}  {kind}  for {facility}  from {} until {end}{}  by {added_by}",
            from.to_jst_minutes(),
            if holds { "" } else { "  (not now)" }
        ),
        &json!({
            "duty": id.get(), "user": user.as_str(), "facility": facility.as_str(), "kind": kind.as_str(),
            "from": from.to_string(), "until": until.map(|until| until.to_string()), "now": holds,
            "by": added_by.to_string(),
        }),
    )
}
