//! Devices and certificates (art. 37, 38).

use model::{Article, Cause, DeviceId, FacilityId, SerialNumber, Target, Timestamp, UserKey};

use super::{Draft, revocation};
use crate::bounds::{CERTIFICATE_DAYS_MAX, CERTIFICATES_PER_DEVICE_MAX};
use crate::change::Change;
use crate::refused::{Refused, Why};
use crate::state::{Device, ReportSubject};

pub(super) fn register(
    d: &mut Draft,
    id: &DeviceId,
    label: &str,
    facility: &FacilityId,
    holder: &UserKey,
) -> Result<(), Refused> {
    d.name("the label", label)?;
    d.approved(facility)?;
    holds_here(d, holder, facility)?;
    d.push(Change::DeviceLoaned {
        device: Device {
            id: id.clone(),
            label: label.to_owned(),
            facility: facility.clone(),
            holder: holder.clone(),
            loaned_at: d.at(),
            returned_at: None,
        },
    })
}

/// One person of the facility answers for a terminal (art. 37).
fn holds_here(d: &Draft, holder: &UserKey, facility: &FacilityId) -> Result<(), Refused> {
    if d.next.user(holder).is_none() {
        return Err(d.not_known("user", holder));
    }
    let why = || Why::Condition(format!("the holder `{holder}` has no user ID at facility `{facility}`"));
    if d.user_id_at(holder, facility).is_none() {
        return Err(d.refused_by(Article::new(37), why()));
    }
    Ok(())
}

pub(super) fn give_back(d: &mut Draft, device: &DeviceId, because: Cause) -> Result<(), Refused> {
    let known = d.next.device(device).ok_or_else(|| d.not_known("device", device))?;
    let returned = known.returned_at.is_some();
    let entitled = revocation::entitled(d, device, because)?;
    d.require(!returned, || Why::Condition(format!("device `{device}` was returned already")))?;
    end_one(d, &entitled)?;
    revocation::report(d, ReportSubject::Return(device.clone()), because)
}

/// Takes a device back, if that has not happened: certificates, suspensions and all.
pub(super) fn end_one(d: &mut Draft, entitled: &revocation::Entitled) -> Result<(), Refused> {
    let device = entitled.device();
    let serials = revocation::live(d, device);
    revocation::revoke_all(d, entitled, &serials)?;
    if d.next.device(device).is_some_and(|device| device.returned_at.is_none()) {
        d.push(Change::DeviceReturned { device: device.clone() })?;
    }
    super::enrolment::end(d, device)?;
    d.end_suspensions(&Target::Device(device.clone()))
}

pub(super) fn reserve(
    d: &mut Draft,
    serial: SerialNumber,
    device: &DeviceId,
    not_before: Timestamp,
    not_after: Timestamp,
) -> Result<(), Refused> {
    let live = d.next.certificates_of(device).filter(|certificate| certificate.is_live());
    let predecessor = live.last().map(|certificate| certificate.serial);
    reserve_behind(d, serial, device, (not_before, not_after), predecessor)
}

/// A device on loan, at an approved facility, with somebody there who answers for it.
pub(super) fn may_have_certificates(d: &Draft, device: &DeviceId) -> Result<(), Refused> {
    let known = d.next.device(device).cloned().ok_or_else(|| d.not_known("device", device))?;
    d.require(known.returned_at.is_none(), || Why::Condition(format!("device `{device}` was returned")))?;
    d.approved(&known.facility)?;
    holds_here(d, &known.holder, &known.facility)
}

/// Takes a number for a certificate that follows this one.
pub(super) fn reserve_behind(
    d: &mut Draft,
    serial: SerialNumber,
    device: &DeviceId,
    (not_before, not_after): (Timestamp, Timestamp),
    predecessor: Option<SerialNumber>,
) -> Result<(), Refused> {
    may_have_certificates(d, device)?;
    d.require(not_before < not_after, || Why::Time("the certificate's validity ends before it begins"))?;
    d.require(d.at() < not_after, || Why::Time("the certificate's validity is over already"))?;
    let longest = not_before.plus_seconds(CERTIFICATE_DAYS_MAX * 24 * 3600);
    d.require(not_after <= longest, || Why::Time("the certificate's validity is longer than any device lasts"))?;
    let (what, max) = ("certificates of this device", CERTIFICATES_PER_DEVICE_MAX);
    d.require(d.next.certificates_of(device).count() < max, || Why::Full { what, max })?;
    let device = device.clone();
    d.push(Change::CertificateReserved { serial, device, not_before, not_after, predecessor })
}
