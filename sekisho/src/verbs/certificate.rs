//! `certificate`: where device certificates stand, and giving up a number (art. 38).

use model::lifecycle::certificate::State;
use model::{DeviceId, SerialNumber, Timestamp};
use registry::{Certificate as Known, Command};
use serde_json::json;

use super::{Desk, server};
use crate::cli::certificate::{CertificateAbandon, CertificateList, CertificateStatus};
use crate::cli::{Certificate, Common};
use crate::error::Error;
use crate::output;

pub(super) fn run(common: &Common, verb: &Certificate) -> Result<(), Error> {
    match verb {
        Certificate::Status(status) => find(&Desk::open(common)?, status),
        Certificate::List(list) => show(&Desk::open(common)?, list),
        Certificate::Abandon(abandon) => give_up(&Desk::open(common)?, abandon),
        // Asks nothing of the registry, so a registry that is down does not let the server's certificate run out.
        Certificate::RenewServer(renew) => server::renew(common, renew),
    }
}

fn find(desk: &Desk, status: &CertificateStatus) -> Result<(), Error> {
    let snapshot = desk.snapshot();
    let device = DeviceId::new(&status.which).ok().and_then(|id| snapshot.device(&id));
    if let Some(device) = device {
        return snapshot.certificates_of(&device.id).try_for_each(|known| say(desk, known));
    }
    let serial = SerialNumber::parse(&status.which).ok().and_then(|serial| snapshot.certificate(&serial));
    match serial {
        Some(known) => say(desk, known),
        None => Err(Error::usage(format_args!("`{}` is no device and no serial number on record", status.which))),
    }
}

/// By device, and of each device in the order the numbers were taken.
fn show(desk: &Desk, list: &CertificateList) -> Result<(), Error> {
    let state = list.state.as_deref().map(state).transpose()?;
    let snapshot = desk.snapshot();
    let mut devices: Vec<_> = snapshot.devices().map(|device| &device.id).collect();
    devices.sort();
    let all = devices.into_iter().flat_map(|device| snapshot.certificates_of(device));
    let found = all.filter(|known| state.is_none_or(|state| known.state == state));
    let what = state.map_or_else(|| "no certificate".to_owned(), |state| format!("no certificate in state {state}"));
    output::each(found, format_args!("{what} is on record"), |known| say(desk, known))
}

fn state(text: &str) -> Result<State, Error> {
    let states = State::ALL.iter().map(|state| state.as_str()).collect::<Vec<_>>().join(", ");
    State::parse(text).map_err(|_| Error::usage(format_args!("unknown state `{text}`; one of: {states}")))
}

fn give_up(desk: &Desk, abandon: &CertificateAbandon) -> Result<(), Error> {
    let serial = SerialNumber::parse(&abandon.serial).map_err(Error::usage)?;
    desk.execute(Command::AbandonCertificate { serial })?;
    desk.say(
        format_args!("serial number {serial} is given up; no certificate ever has it"),
        &json!({ "serial": serial.to_string(), "state": "abandoned" }),
    )
}

/// What a certificate is linked to by renewal, and when it ends by it.
struct Line {
    before: Option<SerialNumber>,
    after: Option<SerialNumber>,
    ends: Option<Timestamp>,
}

impl Line {
    fn of(desk: &Desk, known: &Known) -> Self {
        let snapshot = desk.snapshot();
        let mut others = snapshot.certificates_of(&known.device);
        let after = others.find(|other| other.predecessor == Some(known.serial)).map(|other| other.serial);
        let ends = snapshot.retiring().find(|one| one.serial == known.serial).map(|one| one.at);
        Self { before: known.predecessor, after, ends }
    }
}

fn say(desk: &Desk, known: &Known) -> Result<(), Error> {
    let Known { serial, device, state, not_before, not_after, .. } = known;
    let validity = if known.in_validity(desk.now()) { "" } else { ", which is not now" };
    let revocation = known.revocation.as_ref().map_or_else(String::new, |revocation| {
        let confirmed = revocation.confirmed.as_ref();
        let confirmed = confirmed.map_or(", not yet confirmed".to_owned(), |by| format!(", confirmed by {}", by.by));
        format!("; revoked {} ({}) by {}{confirmed}", revocation.at.to_jst_minutes(), revocation.reason, revocation.by)
    });
    let Line { before, after, ends } = Line::of(desk, known);
    let line = [
        before.map(|serial| format!("follows {serial}")),
        after.map(|serial| format!("followed by {serial}")),
        ends.map(|at| format!("revoked as superseded on {}", at.to_jst_minutes())),
    ];
    let line: String = line.into_iter().flatten().map(|said| format!("; {said}")).collect();
    let external = known.external.as_ref();
    let whose = external.map_or_else(String::new, |one| format!("  number {} of {}", one.number, one.authority));
    desk.say(
        format_args!(
            "{serial}{whose}  device {device}  {state}  valid from {} until {}{validity}{line}{revocation}",
            not_before.to_jst_minutes(),
            not_after.to_jst_minutes()
        ),
        &json!({
            "serial": serial.to_string(), "device": device.as_str(), "state": state.as_str(),
            "authority": external.map(|one| one.authority.as_str()), "number": external.map(|one| one.number.to_string()),
            "not_before": not_before.to_string(), "not_after": not_after.to_string(),
            "predecessor": before.map(|serial| serial.to_string()), "successor": after.map(|serial| serial.to_string()),
            "ends_at": ends.map(|at| at.to_string()),
            "valid_now": known.in_validity(desk.now()),
            "revoked_at": known.revocation.as_ref().map(|revocation| revocation.at.to_string()),
            "reason": known.revocation.as_ref().map(|revocation| revocation.reason.as_str()),
            "revoked_by": known.revocation.as_ref().map(|revocation| revocation.by.to_string()),
            "confirmed_by": known.revocation.as_ref().and_then(|r| r.confirmed.as_ref()).map(|c| c.by.to_string()),
        }),
    )
}
