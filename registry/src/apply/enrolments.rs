//! One-time codes of terminals, and certificates that a renewal retires.

use std::sync::Arc;

use super::{Act, Misfit, free, known};
use crate::bounds::ENROLMENT_TRIES_MAX;
use crate::change::Change;
use crate::state::{Enrolment, Tables};

pub(super) fn apply(tables: &mut Tables, act: &Act, change: &Change) -> Result<(), Misfit> {
    match change {
        Change::EnrolmentOffered { enrolment } => offer(tables, act, enrolment),
        Change::EnrolmentTried { device } => {
            let found = tables.enrolments.get_mut(device).ok_or_else(|| Misfit::not_known("code of device", device))?;
            let tries = found.tries.saturating_add(1);
            Arc::make_mut(found).tries = tries;
            if tries >= ENROLMENT_TRIES_MAX {
                tables.enrolments.remove(device);
            }
            Ok(())
        }
        Change::EnrolmentUsed { device } => {
            let taken = tables.enrolments.remove(device);
            let taken = taken.ok_or_else(|| Misfit::not_known("code of device", device))?;
            if taken.until <= act.at {
                return Err(Misfit::Contradiction("a code is used after its time"));
            }
            Ok(())
        }
        Change::EnrolmentEnded { device, .. } => {
            known(tables.enrolments.remove(device).is_some(), "code of device", device)
        }
        Change::CertificateRetiring { retiring } => {
            known(tables.certificates.contains_key(&retiring.serial), "certificate", &retiring.serial)?;
            known(tables.certificates.contains_key(&retiring.successor), "certificate", &retiring.successor)?;
            free(tables.retiring.contains_key(&retiring.successor), "successor", &retiring.successor)?;
            tables.put_retiring(retiring.clone());
            Ok(())
        }
        Change::CertificateRetired { successor } => {
            known(tables.retiring.remove(successor).is_some(), "successor", successor)
        }
        _ => Err(Misfit::Contradiction("not a change of an enrolment")),
    }
}

fn offer(tables: &mut Tables, act: &Act, enrolment: &Enrolment) -> Result<(), Misfit> {
    known(tables.devices.contains_key(&enrolment.device), "device", &enrolment.device)?;
    if enrolment.tries != 0 || enrolment.until <= act.at {
        return Err(Misfit::Contradiction("a code begins with no tries, and ends later"));
    }
    tables.put_enrolment(enrolment.clone());
    Ok(())
}
