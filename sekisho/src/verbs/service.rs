//! `service` and `disaster`: the service as a whole (art. 26), and disaster use (art. 21).

use model::{Author, Office};
use registry::{Command, StopReason};
use serde_json::json;

use super::Desk;
use crate::cli::service::{DisasterDeclare, ServiceStop};
use crate::cli::{Disaster, Service};
use crate::error::Error;

pub(super) fn run(desk: &Desk, verb: &Service) -> Result<(), Error> {
    match verb {
        Service::Stop(stop) => halt(desk, stop),
        Service::Resume => {
            desk.execute(Command::ResumeService)?;
            desk.say("the service is running again", &json!({ "service": "running" }))
        }
        Service::Status => status(desk),
    }
}

fn halt(desk: &Desk, stop: &ServiceStop) -> Result<(), Error> {
    let reason: StopReason = stop.reason.parse().map_err(Error::usage)?;
    desk.execute(Command::StopService { reason, text: stop.text.clone() })?;
    desk.say(
        format_args!("the service is stopped ({reason}); public information stays open"),
        &json!({ "service": "stopped", "reason": reason.as_str(), "text": stop.text }),
    )
}

fn status(desk: &Desk) -> Result<(), Error> {
    let (snapshot, now) = (desk.snapshot(), desk.now());
    let service = snapshot.service();
    let state = snapshot.service_facts(now).state;
    let details = match (&service.stopped, service.disaster_at(now)) {
        (Some(stop), _) => format!(", since {}: {} ({})", stop.since.to_jst_minutes(), stop.text, stop.reason),
        (None, Some(use_now)) => {
            let [one, other] = &use_now.officers;
            let until = use_now.ends_at().to_jst_minutes();
            let awaited = use_now.awaits.as_ref();
            let awaited = awaited.map_or_else(String::new, |one| format!("; waits for {} to confirm", one.officer));
            format!(" in `{}` until {until}, declared by {one} and {other}: {}{awaited}", use_now.area, use_now.reason)
        }
        (None, None) => String::new(),
    };
    desk.say(
        format_args!("the service is {state}{details}"),
        &json!({
            "service": state.as_str(),
            "reason": service.stopped.as_ref().map(|stop| stop.reason.as_str()),
            "text": service.stopped.as_ref().map(|stop| stop.text.as_str()),
            "area": service.disaster_at(now).map(|disaster| disaster.area.as_str()),
            "until": service.disaster_at(now).map(|disaster| disaster.ends_at().to_string()),
            "awaits": service.disaster_at(now).and_then(|one| Some(one.awaits.as_ref()?.officer.to_string())),
        }),
    )
}

pub(super) fn disaster(desk: &Desk, verb: &Disaster) -> Result<(), Error> {
    match verb {
        Disaster::Declare(declare) => begin(desk, declare),
        Disaster::Confirm => {
            desk.execute(Command::ConfirmDisaster)?;
            let by = desk.author()?;
            desk.say(
                format_args!("disaster use is confirmed by {by}"),
                &json!({ "service": "disaster-use", "confirmed_by": by.to_string() }),
            )
        }
        Disaster::End(end) => {
            desk.execute(Command::EndDisaster { reason: end.reason.clone() })?;
            desk.say("disaster use has ended", &json!({ "service": "running" }))
        }
    }
}

/// Two officers; whoever acts is one of them, in his own name and office.
fn begin(desk: &Desk, declare: &DisasterDeclare) -> Result<(), Error> {
    let one = desk.author()?.clone();
    let other = Author::new(Office::CityOfficer, &declare.second_officer);
    let command = Command::DeclareDisaster {
        area: declare.area.clone(),
        reason: declare.reason.clone(),
        from: desk.now(),
        until: declare.until,
        officers: [one.clone(), other.clone()],
    };
    desk.execute(command)?;
    desk.say(
        format_args!(
            "disaster use in `{}` until {}, declared by {one} and {other}; {other} confirms it within an hour: sekisho disaster \
             confirm",
            declare.area,
            declare.until.to_jst_minutes()
        ),
        &json!({
            "service": "disaster-use", "area": declare.area, "until": declare.until.to_string(),
            "officers": [one.to_string(), other.to_string()],
        }),
    )
}
