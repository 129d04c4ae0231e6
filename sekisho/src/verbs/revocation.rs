//! `revoke`, `confirm` and `revocation list`: certificates end for good (art. 38-2), and the facility administrator says that
//! he has seen it (art. 38-3). Who may revoke for which cause stands in `model::revocation`; a refusal says who can.

use model::lifecycle::confirmation;
use model::{Cause, FacilityId, SerialNumber, Target, Timestamp};
use registry::{Change, Command, ConfirmationTask, Effect};
use serde_json::{Value, json};

use super::{Desk, facility_revocation, sought};
use crate::cli::revocation::{Because, RevocationList};
use crate::cli::{Confirm, Revocation, Revoke};
use crate::error::Error;
use crate::ids;
use crate::output::{self, listed};

pub(super) fn run(desk: &Desk, verb: &Revocation) -> Result<(), Error> {
    match verb {
        Revocation::List(list) => show(desk, list),
        Revocation::Confirm(verb) => confirm(desk, verb),
        Revocation::Preview(of) => facility_revocation::preview(desk, of),
        Revocation::Propose(verb) => facility_revocation::propose(desk, verb),
        Revocation::Proposals => facility_revocation::proposals(desk),
        Revocation::Approve(of) => facility_revocation::approve(desk, of),
        Revocation::Withdraw(verb) => facility_revocation::withdraw(desk, verb),
    }
}

/// Reads why something is revoked.
pub(super) fn cause(given: &Because) -> Result<Cause, Error> {
    given.because.parse().map_err(Error::usage)
}

pub(super) fn revoke(desk: &Desk, verb: &Revoke) -> Result<(), Error> {
    let because = cause(&verb.because)?;
    let command = match (&verb.what.device, &verb.what.serial) {
        (Some(device), None) => Command::RevokeDevice { device: ids::parse(device)?, because },
        (None, Some(serial)) => {
            Command::RevokeCertificate { serial: SerialNumber::parse(serial).map_err(Error::usage)?, because }
        }
        _ => return Err(Error::usage("name a device or a serial number")),
    };
    let executed = desk.execute(command)?;
    let revoked = revoked_in(&executed.changes);
    let task = task_in(&executed.changes);
    let next = if task.is_some() { "; the facility administrator has to confirm it" } else { "" };
    let done = if revoked.is_empty() {
        format!("there was no certificate; the code that waited is ended ({because})")
    } else {
        format!("revoked ({because}): {}; open connections of the device end now{next}", listed(&revoked))
    };
    desk.say(
        done,
        &json!({
            "revoked": texts(&revoked), "because": because.as_str(), "reason": because.reason_code().as_str(),
            "article": because.article().to_string(), "by": desk.author()?.to_string(),
            "task": task,
        }),
    )
}

pub(super) fn confirm(desk: &Desk, verb: &Confirm) -> Result<(), Error> {
    let serial = SerialNumber::parse(&verb.serial).map_err(Error::usage)?;
    let executed = desk.execute(Command::ConfirmRevocation { serial })?;
    let confirmed: Vec<_> = executed
        .changes
        .iter()
        .filter_map(|change| match change {
            Change::CertificateConfirmed { serial } => Some(*serial),
            _ => None,
        })
        .collect();
    let by = desk.author()?;
    desk.say(
        format_args!("the revocation of {} is confirmed by {by}", listed(&confirmed)),
        &json!({ "serial": serial.to_string(), "confirmed": texts(&confirmed), "state": "confirmed", "by": by.to_string() }),
    )
}

fn show(desk: &Desk, list: &RevocationList) -> Result<(), Error> {
    let (snapshot, now) = (desk.snapshot(), desk.now());
    let facility: Option<FacilityId> = list.facility.as_deref().map(ids::parse).transpose()?;
    let here = |task: &&ConfirmationTask| {
        let of = snapshot.device(&task.device).map(|device| &device.facility);
        facility.as_ref().is_none_or(|wanted| of == Some(wanted))
    };
    let wanted =
        |task: &&ConfirmationTask| list.all || if list.overdue { task.is_overdue(now) } else { task.is_open() };
    let found = snapshot.tasks().filter(wanted).filter(here);
    let unknown = sought::unknown(&snapshot, facility.clone().map(Target::Facility));
    output::each(found, format_args!("no such revocation is on record{unknown}"), |task| {
        let facility = snapshot.device(&task.device).map_or("", |device| device.facility.as_str());
        say(desk, task, facility, now)
    })
}

fn say(desk: &Desk, task: &ConfirmationTask, facility: &str, now: Timestamp) -> Result<(), Error> {
    let ConfirmationTask { id, device, serials, because, by, reported_at, .. } = task;
    let state = task.state_at(now);
    let late = match () {
        () if task.is_overdue(now) => ", OVERDUE: the city's",
        () if task.is_late(now) => ", late",
        () => "",
    };
    let confirmed = task.confirmed.as_ref().map_or_else(String::new, |one| format!(" by {}", one.by));
    let list = task.listed.map_or_else(|| "none yet".to_owned(), |number| number.to_string());
    desk.say(
        format_args!(
            "{id}  {device} of {facility}  {because}  reported {} by {by}  {state}{confirmed}{late}  certificates: {}  {}  \
             revocation list: {list}",
            reported_at.to_jst_minutes(),
            listed(serials),
            ended(task, state)
        ),
        &json!({
            "task": id.get(), "device": device.as_str(), "facility": facility, "serials": texts(serials),
            "because": because.as_str(), "article": because.article().to_string(), "by": by.to_string(),
            "reported_at": reported_at.to_string(), "state": state.as_str(), "overdue": task.is_overdue(now),
            "connections_cut": task.connections(), "exchanges_cut": task.exchanges(),
            "last_octet_at": task.last_octet_at().map(|at| at.to_string()), "list_number": task.listed,
            "effects": task.effects.iter().map(effect).collect::<Vec<_>>(),
            "reminded_at": task.reminded_at.map(|at| at.to_string()),
            "escalated_at": task.escalated_at.map(|at| at.to_string()),
            "confirmed_by": task.confirmed.as_ref().map(|one| one.by.to_string()),
            "confirmed_at": task.confirmed.as_ref().map(|one| one.at.to_string()),
        }),
    )
}

/// What it ended, in a sentence.
fn ended(task: &ConfirmationTask, state: confirmation::State) -> String {
    match (task.effects.len(), task.last_octet_at()) {
        (0, _) if state == confirmation::State::Reported => "what it ended is not yet known".to_owned(),
        (0, _) => "no gateway has said what it ended; none serves on it".to_owned(),
        (_, None) => "nothing was open".to_owned(),
        (_, Some(at)) => {
            let (connections, exchanges) = (task.connections(), task.exchanges());
            format!("cut: {connections} connections, {exchanges} exchanges, last octet {}", at.to_jst())
        }
    }
}

fn effect(effect: &Effect) -> Value {
    let Effect { node, at, connections, exchanges, last_octet_at } = effect;
    json!({
        "node": node, "at": at.to_string(), "connections": connections, "exchanges": exchanges,
        "last_octet_at": last_octet_at.map(|at| at.to_string()),
    })
}

/// The task that these changes opened.
fn task_in(changes: &[Change]) -> Option<u64> {
    changes.iter().find_map(|change| match change {
        Change::RevocationReported { task, .. } => Some(task.get()),
        _ => None,
    })
}

/// The certificates that these changes revoked.
pub(super) fn revoked_in(changes: &[Change]) -> Vec<SerialNumber> {
    let revoked = changes.iter().filter_map(|change| match change {
        Change::CertificateRevoked { serial, .. } => Some(*serial),
        _ => None,
    });
    revoked.collect()
}

/// Serial numbers as JSON has them.
pub(super) fn texts(serials: &[SerialNumber]) -> Vec<String> {
    serials.iter().map(ToString::to_string).collect()
}
