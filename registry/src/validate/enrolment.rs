//! Codes by which a terminal comes to its certificate, and renewal by the certificate itself (art. 38-1).

use model::lifecycle::certificate;
use model::{Assurance, Cause, DeviceId, SerialNumber, Target, Timestamp};

use super::{Draft, device};
use crate::bounds::{
    ENROLMENT_HOURS_MAX, LIVE_CERTIFICATES_FOR_RENEWAL, RESERVED_SECONDS, RETIRING_DAYS, TICK_CHANGES_MAX,
};
use crate::change::Change;
use crate::refused::{Refused, Why};
use crate::state::{Enrolment, EnrolmentKind, Retiring};

pub(super) fn offer(
    d: &mut Draft,
    id: &DeviceId,
    kind: EnrolmentKind,
    digest: &[u8; 32],
    until: Timestamp,
) -> Result<(), Refused> {
    device::may_have_certificates(d, id)?;
    d.require(d.at() < until, || Why::Time("the code would be over already"))?;
    let longest = d.at().plus_seconds(ENROLMENT_HOURS_MAX * 3600);
    d.require(until <= longest, || Why::Time("a code can be used for 72 hours at most"))?;
    let (offered_at, offered_by) = (d.at(), d.act.by.clone());
    let enrolment = Enrolment { device: id.clone(), kind, digest: *digest, offered_at, offered_by, until, tries: 0 };
    d.push(Change::EnrolmentOffered { enrolment })
}

/// The clerk takes a code back. That there is none is said: a wrong number would leave the lost slip as good as it was.
pub(super) fn withdraw(d: &mut Draft, device: &DeviceId) -> Result<(), Refused> {
    let open = d.next.enrolment(device).is_some_and(|known| d.at() < known.until);
    d.require(open, || Why::Condition(format!("no code of device `{device}` can be used")))?;
    end(d, device, None)
}

/// A wrong code was given. Where there is none to be guessed, nothing is written: strangers must not fill the journal.
pub(super) fn tried(d: &mut Draft, device: &DeviceId) -> Result<(), Refused> {
    match d.next.enrolment(device) {
        Some(known) if d.at() < known.until => d.push(Change::EnrolmentTried { device: device.clone() }),
        _ => Ok(()),
    }
}

/// What a certificate is asked for by a code.
pub(super) struct Coded<'a> {
    pub(super) serial: SerialNumber,
    pub(super) device: &'a DeviceId,
    pub(super) kind: EnrolmentKind,
    pub(super) digest: &'a [u8; 32],
    pub(super) validity: (Timestamp, Timestamp),
    /// How it came about, and which it is.
    pub(super) key: (Assurance, &'a [u8; 32]),
}

/// Using up the code and taking the number are one entry of the journal: whatever crashes, whoever else is at it, a code
/// gives one number and no more.
pub(super) fn reserve(d: &mut Draft, coded: &Coded<'_>) -> Result<(), Refused> {
    let opens = |known: &Enrolment| known.opens(coded.kind, coded.digest, d.at());
    // Wrong, used, over, of another terminal: one answer.
    d.require(d.next.enrolment(coded.device).is_some_and(opens), || Why::Code)?;
    // A key that travelled is no better than a container, whoever asks; and only who proves it is attested.
    let (assurance, _) = coded.key;
    let fits = match coded.kind {
        EnrolmentKind::Csr => assurance == Assurance::Software,
        EnrolmentKind::Container => assurance == Assurance::Container,
        EnrolmentKind::Attested => assurance == Assurance::Attested,
    };
    d.require(fits, || Why::Condition(format!("a code for {} gives no `{assurance}`", coded.kind)))?;
    d.push(Change::EnrolmentUsed { device: coded.device.clone() })?;
    device::reserve(d, coded.serial, coded.device, coded.validity, coded.key)
}

/// A certificate that stands asks for the next one of the same terminal.
pub(super) fn renew(
    d: &mut Draft,
    serial: SerialNumber,
    predecessor: SerialNumber,
    (not_before, not_after): (Timestamp, Timestamp),
    key: &[u8; 32],
) -> Result<(), Refused> {
    let known = d.next.certificate(&predecessor).cloned();
    let known = known.ok_or_else(|| d.not_known("certificate", &predecessor))?;
    let stands = known.state == certificate::State::Active && known.in_validity(d.at());
    d.require(stands, || Why::Condition(format!("certificate `{predecessor}` is revoked, expired or not issued")))?;
    let suspended = d.next.suspension(&Target::Device(known.device.clone()), d.at()).is_some();
    d.require(!suspended, || Why::Condition(format!("device `{}` is suspended", known.device)))?;
    // A number that came to no certificate within an hour will not: a token that was away must not use up renewals.
    let pending = |one: &crate::Certificate| {
        one.state != certificate::State::Reserved || d.at() < one.reserved_at.plus_seconds(RESERVED_SECONDS)
    };
    let standing = |one: &&crate::Certificate| one.is_live() && one.in_validity(d.at()) && pending(one);
    let live = d.next.certificates_of(&known.device).filter(standing).count();
    let (what, max) = ("live certificates of this device", LIVE_CERTIFICATES_FOR_RENEWAL);
    d.require(live < max, || Why::Full { what, max })?;
    let key = (known.assurance().renewed(), key);
    let follows = device::Follows { predecessor: Some(predecessor), key };
    device::reserve_behind(d, serial, &known.device, (not_before, not_after), follows)?;
    let at = d.at().plus_seconds(RETIRING_DAYS * 24 * 3600);
    d.push(Change::CertificateRetiring { retiring: Retiring { serial: predecessor, successor: serial, at } })
}

/// Ends the code of a terminal, if there is one.
pub(super) fn end(d: &mut Draft, device: &DeviceId, because: Option<Cause>) -> Result<(), Refused> {
    if d.next.enrolment(device).is_none() {
        return Ok(());
    }
    d.push(Change::EnrolmentEnded { device: device.clone(), because })
}

/// Puts in order the codes whose time is over, and retires what was renewed. A successor that was never issued retires nothing.
pub(super) fn settle(d: &mut Draft) -> Result<(), Refused> {
    let over: Vec<_> = d.next.enrolments().filter(|one| one.until <= d.at()).map(|one| one.device.clone()).collect();
    for device in over {
        if d.changes.len() >= TICK_CHANGES_MAX {
            return Ok(());
        }
        end(d, &device, None)?;
    }
    let due: Vec<_> = d.next.retiring().filter(|one| one.at <= d.at()).cloned().collect();
    for Retiring { serial, successor, .. } in due {
        if d.changes.len() >= TICK_CHANGES_MAX {
            return Ok(());
        }
        let issued = d.next.certificate(&successor).is_some_and(|one| one.fingerprint.is_some());
        if issued && d.next.certificate(&serial).is_some_and(crate::Certificate::is_live) {
            d.push(Change::CertificateRevoked { serial, reason: Cause::Renewed.reason_code() })?;
        }
        d.push(Change::CertificateRetired { successor })?;
    }
    Ok(())
}
