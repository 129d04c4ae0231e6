//! `revocation preview`, `propose`, `approve`, `withdraw`: all terminals of a facility in one act, by two officers, after a look
//! at whom it hits.

use std::collections::BTreeSet;

use audit::{Reader, SignInQuery};
use journal::Journal;
use model::{Cause, DeviceId, FacilityId, PersonId, Timestamp};
use registry::{Command, Device, FacilityRevocation, Snapshot};
use serde_json::json;

use super::Desk;
use super::revocation::{cause, revoked_in};
use crate::cli::revocation::{FacilityOnly, FacilityPropose, FacilityWithdraw};
use crate::error::Error;
use crate::ids;
use crate::output::{self, listed};

/// Milliseconds of a day, and by how much Japan is ahead.
const DAY_MS: i64 = 86_400_000;
const JAPAN_MS: i64 = 9 * 3_600_000;

/// One line a terminal: who holds it, and whose care it touches.
pub(super) fn preview(desk: &Desk, of: &FacilityOnly) -> Result<(), Error> {
    let facility: FacilityId = ids::parse(&of.facility)?;
    let (snapshot, now) = (desk.snapshot(), desk.now());
    if snapshot.facility(&facility).is_none() {
        return Err(Error::usage(format_args!("there is no facility `{facility}`")));
    }
    let mut devices: Vec<&Device> = snapshot.devices().filter(|device| device.facility == facility).collect();
    // A code that waits would become a certificate.
    devices.retain(|device| {
        snapshot.certificates_of(&device.id).any(registry::Certificate::is_live)
            || snapshot.enrolment(&device.id).is_some_and(|code| now < code.until)
    });
    devices.sort_by(|a, b| a.id.cmp(&b.id));
    let log = Journal::open_existing(&desk.settings.journal.audit()).map_err(Error::journal("audit"))?;
    let log = Reader::new(log);
    let mut all = BTreeSet::new();
    output::each(&devices, format_args!("facility {facility} has no certificate that could be revoked"), |device| {
        let persons = in_care(&snapshot, device, now);
        let signed_in = last_sign_in(&log, &device.id, now)?;
        let on_duty = snapshot.duties_of(&device.holder).any(|duty| duty.facility == facility && duty.holds_at(now));
        let name = snapshot.user(&device.holder).map_or("", |user| user.name.as_str());
        all.extend(persons.iter().cloned());
        let duty = if on_duty { ", on duty now" } else { "" };
        let seen = signed_in.map_or_else(|| "not today".to_owned(), |at| at.to_jst_minutes());
        desk.say(
            format_args!(
                "{}  {}  held by {} {name}{duty}  persons today: {}  last sign-in: {seen}",
                device.id,
                device.label,
                device.holder,
                listed(&persons)
            ),
            &json!({
                "device": device.id.as_str(), "label": device.label, "holder": device.holder.as_str(), "name": name,
                "on_duty": on_duty, "persons": persons.iter().map(PersonId::as_str).collect::<Vec<_>>(),
                "last_sign_in": signed_in.map(|at| at.to_string()),
            }),
        )
    })?;
    let waiting = snapshot.facility_revocation(&facility).filter(|one| now < one.until).map(waiting);
    desk.say(
        format_args!(
            "together: {} devices, {} persons{}",
            devices.len(),
            all.len(),
            waiting.as_deref().map_or_else(String::new, |text| format!("; {text}"))
        ),
        &json!({ "facility": facility.as_str(), "devices": devices.len(), "persons": all.len(), "proposal": waiting }),
    )
}

fn waiting(proposal: &FacilityRevocation) -> String {
    let FacilityRevocation { because, reason, proposed, until, .. } = proposal;
    let by = &proposed.by;
    format!("proposed ({because}, `{reason}`) by {by}, waits for a second officer until {}", until.to_jst_minutes())
}

/// What a second officer may carry out now.
pub(super) fn proposals(desk: &Desk) -> Result<(), Error> {
    let (snapshot, now) = (desk.snapshot(), desk.now());
    let mut found: Vec<_> = snapshot.facility_revocations().filter(|one| now < one.until).collect();
    found.sort_by(|a, b| a.proposed.at.cmp(&b.proposed.at).then_with(|| a.facility.cmp(&b.facility)));
    output::each(found, "no proposal waits for a second officer", |one| {
        let FacilityRevocation { facility, devices, because, reason, proposed, until } = one;
        let next = format!("sekisho revocation approve {facility}");
        desk.say(
            format_args!("facility {facility}: {} devices  {}; next: {next}", devices.len(), waiting(one)),
            &json!({
                "facility": facility.as_str(), "devices": devices.len(), "because": because.as_str(), "reason": reason,
                "by": proposed.by.to_string(), "at": proposed.at.to_string(), "until": until.to_string(), "next": next,
            }),
        )
    })
}

/// Those on whose teams the holder is now, through the terminal's facility.
fn in_care(snapshot: &Snapshot, device: &Device, now: Timestamp) -> Vec<PersonId> {
    let here = snapshot.persons_of(&device.holder).filter(|one| one.facility == device.facility && one.holds_at(now));
    let persons: BTreeSet<PersonId> = here.map(|membership| membership.person.clone()).collect();
    persons.into_iter().collect()
}

/// When somebody last signed in with it today, as the day is in Japan.
fn last_sign_in(log: &Reader, device: &DeviceId, now: Timestamp) -> Result<Option<Timestamp>, Error> {
    let midnight = (now.as_millis() + JAPAN_MS).div_euclid(DAY_MS) * DAY_MS - JAPAN_MS;
    let from = Some(Timestamp::from_millis(midnight));
    let found =
        log.sign_ins(&SignInQuery { device: Some(device.clone()), from, limit: 1, ..SignInQuery::default() })?;
    Ok(found.sign_ins.first().map(|(_, sign_in)| sign_in.at))
}

pub(super) fn propose(desk: &Desk, verb: &FacilityPropose) -> Result<(), Error> {
    let facility: FacilityId = ids::parse(&verb.facility)?;
    let (because, reason): (Cause, _) = (cause(&verb.because)?, verb.reason.clone());
    desk.execute(Command::ProposeFacilityRevocation { facility: facility.clone(), because, reason })?;
    let next = format!("sekisho revocation approve {facility}");
    let count = desk.snapshot().facility_revocation(&facility).map_or(0, |one| one.devices.len());
    desk.say(
        format_args!(
            "revoking {count} devices of facility {facility} ({because}) waits for another officer: {next}; what cannot \
             wait: sekisho suspend facility:{facility}"
        ),
        &json!({ "facility": facility.as_str(), "devices": count, "because": because.as_str(), "next": next }),
    )
}

pub(super) fn approve(desk: &Desk, of: &FacilityOnly) -> Result<(), Error> {
    let facility: FacilityId = ids::parse(&of.facility)?;
    let proposal = desk.snapshot().facility_revocation(&facility).cloned();
    if let Some(proposal) = &proposal {
        // Before it is done, and not part of the answer.
        eprintln!("sekisho: facility {facility}, {} devices: {}", proposal.devices.len(), waiting(proposal));
    }
    let executed = desk.execute(Command::ApproveFacilityRevocation { facility: facility.clone() })?;
    let revoked = revoked_in(&executed.changes).len();
    let administrator = desk.snapshot().facility(&facility).map(|one| one.administrator.key.to_string());
    let next = format!(
        "sekisho --as facility-administrator:{} revocation confirm SERIAL",
        administrator.as_deref().unwrap_or("KEY")
    );
    desk.say(
        format_args!(
            "facility {facility}: {revoked} certificates are revoked; open connections end now; next: the facility \
             administrator, whose terminals are among them, confirms at the office, each that is named by `sekisho revocation \
             list --facility {facility}`: {next}"
        ),
        &json!({
            "facility": facility.as_str(), "certificates_revoked": revoked, "by": desk.author()?.to_string(),
            "proposed_by": proposal.as_ref().map(|one| one.proposed.by.to_string()),
            "because": proposal.as_ref().map(|one| one.because.as_str()), "reason": proposal.map(|one| one.reason),
            "next": next,
        }),
    )
}

pub(super) fn withdraw(desk: &Desk, verb: &FacilityWithdraw) -> Result<(), Error> {
    let facility: FacilityId = ids::parse(&verb.facility)?;
    let reason = verb.reason.clone();
    desk.execute(Command::WithdrawFacilityRevocation { facility: facility.clone(), reason })?;
    desk.say(
        format_args!("revoking facility {facility} is taken back"),
        &json!({ "facility": facility.as_str(), "withdrawn": true }),
    )
}
