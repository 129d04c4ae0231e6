//! `certificate status`: where a device certificate stands.

use model::{DeviceId, SerialNumber};
use registry::Certificate as Known;
use serde_json::json;

use super::Desk;
use crate::cli::Certificate;
use crate::error::Error;

pub(super) fn run(desk: &Desk, verb: &Certificate) -> Result<(), Error> {
    let Certificate::Status(status) = verb;
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

fn say(desk: &Desk, known: &Known) -> Result<(), Error> {
    let Known { serial, device, state, not_before, not_after, .. } = known;
    let validity = if known.in_validity(desk.now()) { "" } else { ", which is not now" };
    let revocation = known.revocation.as_ref().map_or_else(String::new, |revocation| {
        let confirmed = revocation.confirmed.as_ref();
        let confirmed = confirmed.map_or(", not yet confirmed".to_owned(), |by| format!(", confirmed by {}", by.by));
        format!("; revoked {} ({}) by {}{confirmed}", revocation.at.to_jst_minutes(), revocation.reason, revocation.by)
    });
    desk.say(
        format_args!(
            "{serial}  device {device}  {state}  valid from {} until {}{validity}{revocation}",
            not_before.to_jst_minutes(),
            not_after.to_jst_minutes()
        ),
        &json!({
            "serial": serial.to_string(), "device": device.as_str(), "state": state.as_str(),
            "not_before": not_before.to_string(), "not_after": not_after.to_string(),
            "valid_now": known.in_validity(desk.now()),
            "revoked_at": known.revocation.as_ref().map(|revocation| revocation.at.to_string()),
            "reason": known.revocation.as_ref().map(|revocation| revocation.reason.as_str()),
            "revoked_by": known.revocation.as_ref().map(|revocation| revocation.by.to_string()),
            "confirmed_by": known.revocation.as_ref().and_then(|r| r.confirmed.as_ref()).map(|c| c.by.to_string()),
        }),
    )
}
