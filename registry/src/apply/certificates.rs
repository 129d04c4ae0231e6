//! Certificates, from the serial number that is reserved to the revocation that is confirmed.

use std::sync::Arc;

use model::SerialNumber;
use model::lifecycle::certificate::{Event, State};

use super::{Act, Misfit, free, known};
use crate::change::Change;
use crate::state::{Certificate, Confirmation, Revocation, Tables};

pub(super) fn apply(tables: &mut Tables, act: &Act, change: &Change) -> Result<(), Misfit> {
    match change {
        Change::CertificateReserved { serial, device, not_before, not_after, predecessor, assurance } => {
            free(tables.certificates.contains_key(serial), "serial number", serial)?;
            free(tables.signing.responders.contains(serial), "serial number", serial)?;
            known(tables.devices.contains_key(device), "device", device)?;
            tables.put_certificate(Certificate {
                serial: *serial,
                device: device.clone(),
                state: State::Reserved,
                fingerprint: None,
                not_before: *not_before,
                not_after: *not_after,
                predecessor: *predecessor,
                assurance: *assurance,
                reserved_at: act.at,
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
            certificate.revocation = Some(Revocation { at, reason: *reason, by, confirmed: None });
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
        _ => Err(Misfit::Contradiction("not a change of a certificate")),
    }
}

fn edit_certificate(
    tables: &mut Tables,
    serial: SerialNumber,
    edit: impl FnOnce(&mut Certificate) -> Result<(), Misfit>,
) -> Result<(), Misfit> {
    let certificate = tables.certificates.get_mut(&serial).ok_or_else(|| Misfit::not_known("certificate", serial))?;
    edit(Arc::make_mut(certificate))
}
