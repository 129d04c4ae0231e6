//! Issuing a device certificate, in the one order that survives a crash anywhere (promise P10):
//!
//! 1. the serial number is reserved in the registry, durably. A crash after it wastes a number.
//! 2. the certificate is prepared and linted. If that fails, the number is given up.
//! 3. it is signed, once, and the caller puts it where it belongs, with its key, durably. If that fails, the number is given
//!    up: what was signed is nowhere. A crash after it leaves a certificate that the registry does not know, so the gateway
//!    refuses it: a signature is not enough. Its number can still be given up or revoked.
//! 4. its fingerprint is recorded: from here on it opens.

use ca::{Assurance, DeviceProfile, Host, Issued, PublicKey, Refused, SystemRandom, device_validity, prepare, reserve};
use model::{Author, DeviceId, SerialNumber, Timestamp};
use registry::{Command, Registry};

use crate::authority::{self, Authority};
use crate::error::Error;
use crate::settings::Settings;

/// What is to be issued, and in whose name.
pub(crate) struct Order<'a> {
    pub(crate) device: &'a DeviceId,
    pub(crate) key: &'a PublicKey,
    pub(crate) days: u16,
    pub(crate) assurance: Assurance,
    pub(crate) author: &'a Author,
    pub(crate) now: Timestamp,
}

/// What a certificate of so many days would be, before a number is taken.
pub(crate) struct Term {
    profile: DeviceProfile,
    pub(crate) not_before: Timestamp,
    /// Half-open, as the registry has it: one second behind the certificate's last.
    pub(crate) not_after: Timestamp,
}

impl Term {
    /// Refused where the authority would refuse it: its own validity is over, or so many days are not given.
    pub(crate) fn of(
        settings: &Settings,
        authority: &Authority,
        assurance: Assurance,
        days: u16,
        now: Timestamp,
    ) -> Result<Self, Error> {
        let refused = || Error::authority("issuing the certificate");
        let host = Host::new(&settings.hosts.care).map_err(refused())?;
        let profile = DeviceProfile::new(host, &authority::settings(settings)?.list_url).map_err(refused())?;
        let profile = profile.assured(assurance).valid_for(days).map_err(refused())?;
        let (not_before, last) = device_validity(&profile, now, &authority.issuing).map_err(refused())?;
        Ok(Self { profile, not_before, not_after: last.plus_seconds(1) })
    }
}

/// Issues a certificate, has it handed out, and records it. A key that went down with a full disk must not belong to a
/// certificate that opens, so it is handed out first.
pub(crate) fn issue<T>(
    settings: &Settings,
    registry: &Registry,
    authority: &Authority,
    order: &Order<'_>,
    hand_out: impl FnOnce(&Issued) -> Result<T, Error>,
) -> Result<(Issued, T), Error> {
    let refused = || Error::authority("issuing the certificate");
    // Before a number is taken: a wrong passphrase must not cost one.
    let key = authority.key()?;
    let execute = |command| registry.execute(command, order.author.clone(), order.now);
    let Term { profile, not_before, not_after } =
        Term::of(settings, authority, order.assurance, order.days, order.now)?;
    let mut book = |serial: &SerialNumber| {
        let device = order.device.clone();
        execute(Command::ReserveCertificate { serial: *serial, device, not_before, not_after }).map(|_| ())
    };
    let serial = reserve(&SystemRandom::new(), &mut book).map_err(reserving)?;
    let number = serial.number();
    let given_up = |error| {
        let abandoned = execute(Command::AbandonCertificate { serial: number }).is_ok();
        Error::GivenUp { serial: number, abandoned, source: Box::new(error) }
    };
    let prepared = prepare(&profile, order.device, order.key, serial, order.now, &authority.issuing);
    let prepared = match prepared {
        Ok(prepared) => prepared,
        Err(error) => {
            return Err(given_up(refused()(error)));
        }
    };
    let issued = prepared.issue(&key).map_err(refused())?;
    let handed_out = hand_out(&issued).map_err(given_up)?;
    let fingerprint = issued.fingerprint();
    execute(Command::RecordIssued { serial: number, fingerprint })
        .map_err(|error| Error::NotRecorded { serial: number, source: Box::new(error.into()) })?;
    Ok((issued, handed_out))
}

/// What the registry says against it is said in its own words.
fn reserving(refused: Refused) -> Error {
    match refused {
        Refused::SerialNotRecorded(cause) => match cause.downcast::<registry::RegistryError>() {
            Ok(error) => Error::from(*error),
            Err(cause) => Error::authority("reserving a serial number")(Refused::SerialNotRecorded(cause)),
        },
        other => Error::authority("reserving a serial number")(other),
    }
}

#[cfg(test)]
mod tests;
