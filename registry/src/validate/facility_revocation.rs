//! All terminals of a facility in one act, by two officers. What cannot wait for the second is suspended (art. 29).

use model::lifecycle::facility::State;
use model::{Cause, DeviceId, FacilityId};

use super::{Draft, revocation};
use crate::bounds::{FACILITY_REVOCATION_HOURS, REVOKED_BYTES_MAX, TASK_BYTES_MAX};
use crate::change::Change;
use crate::refused::{Refused, Why};
use crate::state::{Approval, FacilityRevocation};

/// The first officer: what it will hit is written down as he sees it.
pub(super) fn propose(d: &mut Draft, facility: &FacilityId, because: Cause, reason: &str) -> Result<(), Refused> {
    d.reason(reason)?;
    let known = d.next.facility(facility).ok_or_else(|| d.not_known("facility", facility))?;
    d.require(known.state != State::Closed, || Why::Condition(format!("facility `{facility}` is closed")))?;
    let here = d.next.devices().filter(|device| device.facility == *facility);
    let hit = here.filter_map(|device| Some((device.id.clone(), revocation::revocable(d, &device.id, because)?.len())));
    let (mut devices, counts): (Vec<DeviceId>, Vec<usize>) = hit.unzip();
    devices.sort();
    let first = devices.first().cloned();
    let first = first.ok_or_else(|| {
        d.refused(Why::Condition(format!("facility `{facility}` has no certificate that could be revoked")))
    })?;
    // Every cause that an officer may give for one terminal, and no other.
    revocation::entitled(d, &first, because)?;
    let octets = devices.len() * TASK_BYTES_MAX + counts.iter().sum::<usize>() * REVOKED_BYTES_MAX;
    let max = journal::ENTRY_BYTES_MAX / (TASK_BYTES_MAX + REVOKED_BYTES_MAX);
    d.require(octets < journal::ENTRY_BYTES_MAX, || Why::Full { what: "devices, more than one act takes;", max })?;
    let proposed = Approval { at: d.at(), by: d.act.by.clone() };
    let until = d.at().plus_seconds(FACILITY_REVOCATION_HOURS * 3600);
    let (facility, reason) = (facility.clone(), reason.to_owned());
    let proposal = FacilityRevocation { facility, devices, because, reason, proposed, until };
    d.push(Change::FacilityRevocationProposed { proposal })
}

/// The second officer: it is done. What was revoked meanwhile is left as it is.
pub(super) fn approve(d: &mut Draft, facility: &FacilityId) -> Result<(), Refused> {
    let proposal = standing(d, facility)?;
    d.another_officer(&proposal.proposed.by)?;
    d.require(d.at() < proposal.until, || Why::Time("the proposal is over; propose it anew"))?;
    d.push(Change::FacilityRevocationEnded { facility: facility.clone(), carried_out: true, reason: None })?;
    for device in &proposal.devices {
        if let Some(serials) = revocation::revocable(d, device, proposal.because) {
            let entitled = revocation::entitled(d, device, proposal.because)?;
            revocation::revoke_all(d, &entitled, &serials)?;
        }
    }
    Ok(())
}

/// An officer takes it back.
pub(super) fn withdraw(d: &mut Draft, facility: &FacilityId, reason: &str) -> Result<(), Refused> {
    d.reason(reason)?;
    standing(d, facility)?;
    let (facility, reason) = (facility.clone(), Some(reason.to_owned()));
    d.push(Change::FacilityRevocationEnded { facility, carried_out: false, reason })
}

fn standing(d: &Draft, facility: &FacilityId) -> Result<FacilityRevocation, Refused> {
    let proposal = d.next.facility_revocation(facility).cloned();
    proposal.ok_or_else(|| d.not_known("proposal about facility", facility))
}

/// Forgets what nobody carried out in time.
pub(super) fn settle(d: &mut Draft) -> Result<(), Refused> {
    let over = d.next.facility_revocations().filter(|one| one.until <= d.at()).map(|one| one.facility.clone());
    for facility in over.collect::<Vec<_>>() {
        d.push(Change::FacilityRevocationEnded { facility, carried_out: false, reason: None })?;
    }
    Ok(())
}
