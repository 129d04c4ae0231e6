//! `revoke` and `confirm`: certificates end for good (art. 38-2), and the facility administrator says so (art. 38-3).

use model::{DeviceId, ReasonCode, SerialNumber};
use registry::{Change, Command};
use serde_json::json;

use super::Desk;
use crate::cli::{Confirm, Revoke};
use crate::error::Error;
use crate::ids;
use crate::output::listed;

pub(super) fn revoke(desk: &Desk, verb: &Revoke) -> Result<(), Error> {
    let reason: ReasonCode = verb.reason.parse().map_err(Error::usage)?;
    let serials = match (&verb.what.device, &verb.what.serial) {
        (Some(device), None) => live_serials(desk, &ids::parse(device)?)?,
        (None, Some(serial)) => vec![SerialNumber::parse(serial).map_err(Error::usage)?],
        _ => return Err(Error::usage("name a device or a serial number")),
    };
    let mut revoked = Vec::with_capacity(serials.len());
    for serial in serials {
        // A theft takes along what is linked to it by renewal.
        if revoked.contains(&serial) {
            continue;
        }
        let executed = desk.execute(Command::RevokeCertificate { serial, reason }).map_err(|error| {
            if revoked.is_empty() {
                return error;
            }
            let device = verb.what.device.as_deref().unwrap_or_default();
            Error::Halfway {
                done: format!("revoked: {}", listed(&revoked)),
                next: format!("sekisho revoke --device {device} --reason {reason}"),
                source: Box::new(error),
            }
        })?;
        revoked.extend(revoked_in(&executed.changes));
    }
    let until = "open connections of the device end now";
    desk.say(
        format_args!("revoked ({reason}): {}; {until}", listed(&revoked)),
        &json!({ "revoked": texts(&revoked), "reason": reason.as_str(), "by": desk.author()?.to_string() }),
    )
}

/// Everything of a device that is reserved or active: a number that is only reserved may already be signed.
fn live_serials(desk: &Desk, device: &DeviceId) -> Result<Vec<SerialNumber>, Error> {
    let snapshot = desk.snapshot();
    if snapshot.device(device).is_none() {
        return Err(Error::usage(format_args!("there is no device `{device}`")));
    }
    let live: Vec<_> = snapshot
        .certificates_of(device)
        .filter(|certificate| certificate.is_live())
        .map(|certificate| certificate.serial)
        .collect();
    if live.is_empty() {
        return Err(Error::usage(format_args!("device `{device}` has no certificate that could be revoked")));
    }
    Ok(live)
}

pub(super) fn confirm(desk: &Desk, verb: &Confirm) -> Result<(), Error> {
    let serial = SerialNumber::parse(&verb.serial).map_err(Error::usage)?;
    desk.execute(Command::ConfirmRevocation { serial })?;
    let by = desk.author()?;
    desk.say(
        format_args!("the revocation of {serial} is confirmed by {by}"),
        &json!({ "serial": serial.to_string(), "state": "confirmed", "by": by.to_string() }),
    )
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
