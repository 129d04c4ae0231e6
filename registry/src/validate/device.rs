//! Devices and certificates (art. 37, 38).

use model::lifecycle::certificate;
use model::{Article, Assurance, Cause, DeviceId, FacilityId, ReasonCode, SerialNumber, Target, Timestamp, UserKey};

use super::{Draft, revocation};
use crate::bounds::{CERTIFICATE_DAYS_MAX, CERTIFICATES_PER_DEVICE_MAX};
use crate::change::Change;
use crate::refused::{Refused, Why};
use crate::state::{Device, External, NumberingKey, ReportSubject};

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
            hardware: None,
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
    revocation::report(d, ReportSubject::Return(device.clone()), &entitled)
}

/// Takes a device back, if that has not happened: certificates, suspensions and all.
pub(super) fn end_one(d: &mut Draft, entitled: &revocation::Entitled) -> Result<(), Refused> {
    let device = entitled.device();
    let serials = revocation::live(d, device);
    revocation::revoke_all(d, entitled, &serials)?;
    if d.next.device(device).is_some_and(|device| device.returned_at.is_none()) {
        d.push(Change::DeviceReturned { device: device.clone() })?;
    }
    super::enrolment::end(d, device, Some(entitled.because()))?;
    d.end_suspensions(&Target::Device(device.clone()))
}

pub(super) fn reserve(
    d: &mut Draft,
    serial: SerialNumber,
    device: &DeviceId,
    validity: (Timestamp, Timestamp),
    key: (Assurance, &[u8; 32]),
) -> Result<(), Refused> {
    let live = d.next.certificates_of(device).filter(|one| one.is_live() && one.external.is_none());
    let predecessor = live.last().map(|certificate| certificate.serial);
    reserve_behind(d, serial, device, validity, Follows { predecessor, key })
}

/// The name that its hardware vouches for, which an attestation must say. It is compared, never shown to strangers.
pub(super) fn name_hardware(d: &mut Draft, device: &DeviceId, hardware: Option<&str>) -> Result<(), Refused> {
    let known = d.next.device(device).cloned().ok_or_else(|| d.not_known("device", device))?;
    d.require(known.returned_at.is_none(), || Why::Condition(format!("device `{device}` was returned already")))?;
    if let Some(name) = hardware {
        let fine =
            (1..=128).contains(&name.chars().count()) && name.trim() == name && !name.chars().any(char::is_control);
        d.require(fine, || {
            Why::Condition("a name of hardware has 1 to 128 characters, and no blanks at its ends".to_owned())
        })?;
        // A machine that came back is loaned again under a new number.
        let on_loan = d.next.devices().filter(|other| other.returned_at.is_none() && other.id != *device);
        let taken = on_loan.filter(|other| other.hardware.as_deref() == Some(name)).count() > 0;
        d.require(!taken, || Why::Condition("another device has this name of hardware".to_owned()))?;
    }
    if known.hardware.as_deref() == hardware {
        return Ok(());
    }
    d.push(Change::DeviceHardware { device: device.clone(), hardware: hardware.map(str::to_owned) })
}

/// Several processes may be the first: one key is taken.
pub(super) fn begin_numbering(d: &mut Draft, key: NumberingKey) -> Result<(), Refused> {
    if d.next.tables.certificates.numbering().is_some() {
        return Ok(());
    }
    d.push(Change::NumberingBegun { key })
}

/// A device on loan, at an approved facility, with somebody there who answers for it.
pub(super) fn may_have_certificates(d: &Draft, device: &DeviceId) -> Result<(), Refused> {
    let known = d.next.device(device).cloned().ok_or_else(|| d.not_known("device", device))?;
    d.require(known.returned_at.is_none(), || Why::Condition(format!("device `{device}` was returned")))?;
    d.approved(&known.facility)?;
    holds_here(d, &known.holder, &known.facility)
}

/// Whether a certificate of this validity may come to the device.
fn takes_one_more(
    d: &Draft,
    device: &DeviceId,
    (not_before, not_after): (Timestamp, Timestamp),
) -> Result<(), Refused> {
    may_have_certificates(d, device)?;
    d.require(not_before < not_after, || Why::Time("the certificate's validity ends before it begins"))?;
    d.require(d.at() < not_after, || Why::Time("the certificate's validity is over already"))?;
    let longest = not_before.plus_seconds(CERTIFICATE_DAYS_MAX * 24 * 3600);
    d.require(not_after <= longest, || Why::Time("the certificate's validity is longer than any device lasts"))?;
    let (what, max) = ("certificates of this device", CERTIFICATES_PER_DEVICE_MAX);
    d.require(d.next.certificates_of(device).count() < max, || Why::Full { what, max })
}

/// A certificate of another authority.
pub(super) fn register_certificate(
    d: &mut Draft,
    serial: SerialNumber,
    device: &DeviceId,
    external: &External,
    fingerprint: &[u8; 32],
    (not_before, not_after): (Timestamp, Timestamp),
) -> Result<(), Refused> {
    d.name("the authority", &external.authority)?;
    takes_one_more(d, device, (not_before, not_after))?;
    let (device, external, fingerprint) = (device.clone(), external.clone(), *fingerprint);
    d.push(Change::CertificateRegistered { serial, device, external, fingerprint, not_before, not_after })
}

/// Which certificate one follows; how its key came about, and which it is.
pub(super) struct Follows<'a> {
    pub(super) predecessor: Option<SerialNumber>,
    pub(super) key: (Assurance, &'a [u8; 32]),
}

/// Takes a number for a certificate that follows this one.
pub(super) fn reserve_behind(
    d: &mut Draft,
    serial: SerialNumber,
    device: &DeviceId,
    (not_before, not_after): (Timestamp, Timestamp),
    Follows { predecessor, key: (assurance, key) }: Follows<'_>,
) -> Result<(), Refused> {
    takes_one_more(d, device, (not_before, not_after))?;
    is_its_own(d, device, key)?;
    let (device, assurance, key) = (device.clone(), Some(assurance), Some(*key));
    d.push(Change::CertificateReserved { serial, device, not_before, not_after, predecessor, assurance, key })
}

/// A terminal's key is no other terminal's (art. 38-1), and one that got out of our hands is nobody's any more (art. 38-2).
fn is_its_own(d: &Draft, device: &DeviceId, key: &[u8; 32]) -> Result<(), Refused> {
    for one in d.next.certificates_with_key(key) {
        if one.device != *device && one.state != certificate::State::Abandoned {
            return Err(d.refused(Why::Key("another terminal has a certificate for this key")));
        }
        if one.revocation.as_ref().is_some_and(|revocation| revocation.reason == ReasonCode::KeyCompromise) {
            return Err(d.refused(Why::Key("this key was lost, stolen or copied")));
        }
    }
    Ok(())
}
