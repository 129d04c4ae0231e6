//! Certificates, from the serial number that is reserved to the revocation that is confirmed.

use model::SerialNumber;
use model::lifecycle::certificate::{Event, State};

use super::{Act, Misfit, free, known};
use crate::change::Change;
use crate::state::{Certificate, Confirmation, Revocation, Tables, Unfit};

pub(super) fn apply(tables: &mut Tables, act: &Act, change: &Change) -> Result<(), Misfit> {
    match change {
        Change::CertificateReserved { serial, device, not_before, not_after, predecessor, assurance, key } => {
            fits(tables, serial)?;
            free(tables.signing.responders.contains(serial), "serial number", serial)?;
            known(tables.devices.contains_key(device), "device", device)?;
            tables.put_certificate(Certificate {
                serial: *serial,
                device: device.clone(),
                state: State::Reserved,
                fingerprint: None,
                key: *key,
                not_before: *not_before,
                not_after: *not_after,
                predecessor: *predecessor,
                assurance: *assurance,
                reserved_at: act.at,
                external: None,
                revocation: None,
            });
            Ok(())
        }
        Change::CertificateRegistered { serial, device, external, fingerprint, not_before, not_after } => {
            fits(tables, serial)?;
            known(tables.devices.contains_key(device), "device", device)?;
            let certificates = &tables.certificates;
            let taken = certificates.elsewhere(fingerprint).is_some()
                || certificates.registered(&external.issuer, &external.number).is_some();
            free(taken, "certificate", &format!("{} {}", external.authority, external.number))?;
            tables.put_certificate(Certificate {
                serial: *serial,
                device: device.clone(),
                state: State::Reserved.after(Event::Issue)?,
                fingerprint: Some(*fingerprint),
                key: None,
                not_before: *not_before,
                not_after: *not_after,
                predecessor: None,
                assurance: None,
                reserved_at: act.at,
                external: Some(Box::new(external.clone())),
                revocation: None,
            });
            Ok(())
        }
        Change::CertificateIssued { serial, fingerprint } => edit_certificate(tables, *serial, |certificate| {
            certificate.state = certificate.state.after(Event::Issue)?;
            certificate.fingerprint = Some(*fingerprint);
            Ok(())
        }),
        Change::CertificateRevoked { serial, reason } => edit_certificate(tables, *serial, |certificate| {
            certificate.state = certificate.state.after(Event::Revoke)?;
            let (at, by) = (act.at, act.by.clone());
            certificate.revocation = Some(Box::new(Revocation { at, reason: *reason, by, confirmed: None }));
            Ok(())
        }),
        Change::CertificateConfirmed { serial } => edit_certificate(tables, *serial, |certificate| {
            certificate.state = certificate.state.after(Event::Confirm)?;
            let missing = Misfit::Contradiction("a confirmation comes without a revocation");
            let revocation = certificate.revocation.as_mut().ok_or(missing)?;
            revocation.confirmed = Some(Confirmation { at: act.at, by: act.by.clone() });
            Ok(())
        }),
        Change::CertificateAbandoned { serial } => edit_certificate(tables, *serial, |certificate| {
            certificate.state = certificate.state.after(Event::Abandon)?;
            Ok(())
        }),
        Change::NumberingBegun { key } => {
            if tables.certificates.begin_numbering(*key) {
                return Ok(());
            }
            Err(Misfit::Contradiction("the numbering of certificates has begun already"))
        }
        _ => Err(Misfit::Contradiction("not a change of a certificate")),
    }
}

/// Never used before, and where it gives its index, in its turn (promise P10).
fn fits(tables: &Tables, serial: &SerialNumber) -> Result<(), Misfit> {
    tables.certificates.fits(serial).map_err(|unfit| match unfit {
        Unfit::Taken => Misfit::taken("serial number", serial),
        Unfit::OutOfTurn => Misfit::Contradiction("the serial number stands for another place than the next"),
        Unfit::Full => Misfit::Contradiction("there are as many certificates as there can be"),
    })
}

fn edit_certificate(
    tables: &mut Tables,
    serial: SerialNumber,
    edit: impl FnOnce(&mut Certificate) -> Result<(), Misfit>,
) -> Result<(), Misfit> {
    let edited = tables.certificates.edit(&serial, edit);
    edited.ok_or_else(|| Misfit::not_known("certificate", serial))?
}
