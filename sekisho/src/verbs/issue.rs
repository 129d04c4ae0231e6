//! Issuing a device certificate, in the one order that survives a crash anywhere (promise P10):
//!
//! 1. the serial number is reserved in the registry, durably. A crash after it wastes a number.
//! 2. the certificate is prepared and linted. If that fails, the number is given up.
//! 3. it is signed, once. A crash after it leaves a signature that nobody has seen; the registry does not know the
//!    certificate, so the gateway refuses it (promise P7), and the number can still be revoked.
//! 4. its fingerprint is recorded: from here on it opens.
//! 5. the caller hands it out. A crash before that leaves a certificate whose key nobody has: it opens for nobody, and
//!    is revoked when somebody tidies up.

use aws_lc_rs::digest;
use ca::{DeviceProfile, Host, Issued, PublicKey, Refused, SystemRandom, prepare, reserve};
use model::{Author, DeviceId, SerialNumber, Timestamp};
use registry::{Command, Registry};

use crate::authority::{self, Authority};
use crate::error::Error;
use crate::settings::Settings;

/// Certificates begin so many seconds before now, as the authority's profile says: for terminals whose clock is behind.
const BACKDATED_SECONDS: i64 = 300;
const DAY_SECONDS: i64 = 86_400;

/// What is to be issued, and in whose name.
pub(crate) struct Order<'a> {
    pub(crate) device: &'a DeviceId,
    pub(crate) key: &'a PublicKey,
    pub(crate) days: u16,
    pub(crate) author: &'a Author,
    pub(crate) now: Timestamp,
}

/// Issues a certificate and records it.
pub(crate) fn issue(
    settings: &Settings,
    registry: &Registry,
    authority: &Authority,
    order: &Order<'_>,
) -> Result<Issued, Error> {
    let refused = || Error::authority("issuing the certificate");
    let host = Host::new(&settings.hosts.care).map_err(refused())?;
    let profile = DeviceProfile::new(host, &authority::settings(settings)?.list_url).map_err(refused())?;
    let profile = profile.valid_for(order.days).map_err(refused())?;
    // Before a number is taken: a wrong passphrase must not cost one.
    let key = authority.key()?;
    let execute = |command| registry.execute(command, order.author.clone(), order.now);
    let (not_before, not_after) = validity(authority, order);
    let mut book = |serial: &SerialNumber| {
        let device = order.device.clone();
        execute(Command::ReserveCertificate { serial: *serial, device, not_before, not_after }).map(|_| ())
    };
    let serial = reserve(&SystemRandom::new(), &mut book).map_err(reserving)?;
    let number = serial.number();
    let prepared = prepare(&profile, order.device, order.key, serial, order.now, &authority.issuing)
        .map_err(Error::authority("issuing the certificate"))
        .and_then(|prepared| {
            let (from, until) = prepared.validity();
            let covered = not_before <= from && until < not_after;
            let differ = || Error::usage("the registry's dates do not cover the certificate's");
            covered.then_some(prepared).ok_or_else(differ)
        });
    let prepared = match prepared {
        Ok(prepared) => prepared,
        Err(error) => {
            // If this fails too, the number stays reserved: wasted all the same, and never used.
            let _ = execute(Command::AbandonCertificate { serial: number });
            return Err(error);
        }
    };
    let issued = prepared.issue(&key).map_err(refused())?;
    let mut fingerprint = [0_u8; 32];
    fingerprint.copy_from_slice(digest::digest(&digest::SHA256, issued.der()).as_ref());
    execute(Command::RecordIssued { serial: number, fingerprint })?;
    Ok(issued)
}

/// The registry's dates: half-open, so one second behind the certificate's last. At most as the profile will say.
fn validity(authority: &Authority, order: &Order<'_>) -> (Timestamp, Timestamp) {
    let whole = |at: Timestamp| Timestamp::from_millis(at.as_seconds().saturating_mul(1000));
    let begin = order.now.plus_seconds(-BACKDATED_SECONDS).max(authority.issuing.not_before());
    let end = begin.plus_seconds(i64::from(order.days).saturating_mul(DAY_SECONDS));
    (whole(begin), whole(end.min(authority.issuing.not_after().plus_seconds(1))))
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
