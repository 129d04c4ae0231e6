//! Revoking: who may for which cause (`model::revocation`), what goes along, and who confirms it (art. 29, 38, 39).
//!
//! One authorised act is one entry of the journal, and cuts when it is published. Nothing here waits for anybody.

use std::collections::BTreeSet;

use model::lifecycle::confirmation;
use model::revocation::{Reach, reach, who_may};
use model::{Article, Cause, DeviceId, SerialNumber, Timestamp};

use super::{Draft, suspension};
use crate::bounds::{NAME_CHARACTERS_MAX, TICK_CHANGES_MAX};
use crate::change::Change;
use crate::refused::{Refused, Why};
use crate::state::{ConfirmationTask, Effect, ReportSubject, TaskId};

/// Proof: the author may revoke certificates of this terminal for this cause.
pub(super) struct Entitled {
    device: DeviceId,
    because: Cause,
    /// In the city's place: a report is owed.
    urgent: bool,
}

impl Entitled {
    /// Whoever may close a facility ends with it what is on loan to it (art. 13).
    pub(super) const fn by_closing(device: DeviceId) -> Self {
        Self { device, because: Cause::Closed, urgent: false }
    }

    /// Which terminal.
    pub(super) const fn device(&self) -> &DeviceId {
        &self.device
    }

    /// Why.
    pub(super) const fn because(&self) -> Cause {
        self.because
    }
}

/// Looks the author up in the table of acts: its office for the cause, and how far it reaches.
pub(super) fn entitled(d: &Draft, device: &DeviceId, because: Cause) -> Result<Entitled, Refused> {
    let known = d.next.device(device).ok_or_else(|| d.not_known("device", device))?;
    let given = d.act.by.office;
    let reach = reach(given, because).ok_or_else(|| {
        let why = Why::Cause { given, because, allowed: who_may(because) };
        d.refused_by(because.article(), why)
    })?;
    match reach {
        Reach::Own if d.author_user_id()?.user != known.holder => {
            return Err(d.not_theirs(format!("device `{device}`")));
        }
        Reach::Facility => d.own_facility(&known.facility)?,
        // That the contractor acts inside a contract is seen to before any command (`contract`).
        Reach::Own | Reach::Every | Reach::Urgent | Reach::Key => {}
    }
    Ok(Entitled { device: device.clone(), because, urgent: reach == Reach::Urgent })
}

/// Everything of a terminal, in one act.
pub(super) fn revoke_device(d: &mut Draft, device: &DeviceId, because: Cause) -> Result<(), Refused> {
    let entitled = entitled(d, device, because)?;
    let serials = revocable(d, device, because).ok_or_else(|| {
        d.refused(Why::Condition(format!("device `{device}` has no certificate that could be revoked")))
    })?;
    revoke_all(d, &entitled, &serials)?;
    report(d, ReportSubject::Device(device.clone()), &entitled)
}

/// One certificate; and where its key is out of our hands, whatever is linked to it by renewal.
pub(super) fn revoke(d: &mut Draft, serial: SerialNumber, because: Cause) -> Result<(), Refused> {
    let certificate = d.next.certificate(&serial).ok_or_else(|| d.not_known("certificate", &serial))?;
    let entitled = entitled(d, &certificate.device.clone(), because)?;
    let mut serials = vec![serial];
    if because.takes_everything() {
        serials.extend(family(d, &entitled.device, serial));
    }
    revoke_all(d, &entitled, &serials)?;
    report(d, ReportSubject::Revocation(serial), &entitled)
}

/// What a revocation of the whole terminal would revoke; none where it would end nothing. Stolen with its slip and before that was
/// used, a terminal has nothing but the code, and whoever took both has it: then there is no number, and the code ends.
pub(super) fn revocable(d: &Draft, device: &DeviceId, because: Cause) -> Option<Vec<SerialNumber>> {
    let serials = live(d, device);
    let code = because.takes_everything() && d.next.enrolment(device).is_some_and(|code| d.at() < code.until);
    (code || !serials.is_empty()).then_some(serials)
}

/// What of a terminal is not revoked: numbers that are only reserved too, for a signature may exist.
pub(super) fn live(d: &Draft, device: &DeviceId) -> Vec<SerialNumber> {
    let live = d.next.certificates_of(device).filter(|certificate| certificate.is_live());
    live.map(|certificate| certificate.serial).collect()
}

/// Revokes these certificates of a terminal, none of which is revoked, and has it confirmed where the cause asks for it.
pub(super) fn revoke_all(d: &mut Draft, entitled: &Entitled, serials: &[SerialNumber]) -> Result<(), Refused> {
    let Entitled { device, because, .. } = entitled;
    for serial in serials {
        d.push(Change::CertificateRevoked { serial: *serial, reason: because.reason_code() })?;
    }
    if because.takes_everything() {
        // Whoever has the terminal may have the slip.
        super::enrolment::end(d, device, Some(*because))?;
    }
    if serials.is_empty() || !because.is_to_be_confirmed() {
        return Ok(());
    }
    let (task, device) = (TaskId::new(d.number()), device.clone());
    d.push(Change::RevocationReported { task, device, serials: serials.to_vec(), because: *because })
}

/// Whoever acts in the city's place owes it a report: under art. 39-3 where what was done is forbidden by art. 39-1, otherwise
/// under art. 29-2.
pub(super) fn report(d: &mut Draft, about: ReportSubject, entitled: &Entitled) -> Result<(), Refused> {
    if !entitled.urgent {
        return Ok(());
    }
    let forbidden = matches!(entitled.because, Cause::Misuse | Cause::Copied);
    let article = if forbidden { Article::paragraph(39, 3) } else { Article::paragraph(29, 2) };
    suspension::report_under(d, about, article)
}

/// Whoever had the key could renew with it: what is linked to the certificate, before it and behind it, and is not revoked.
fn family(d: &Draft, device: &DeviceId, serial: SerialNumber) -> Vec<SerialNumber> {
    // What another authority says of its certificate takes none of ours along.
    let ours = d.next.certificates_of(device).filter(|one| one.external.is_none());
    let links: Vec<_> = ours.map(|one| (one.serial, one.predecessor, one.is_live())).collect();
    let mut family = BTreeSet::from([serial]);
    loop {
        let before = family.len();
        for (one, predecessor, _) in &links {
            let linked = predecessor.filter(|predecessor| family.contains(one) || family.contains(predecessor));
            if let Some(predecessor) = linked {
                family.extend([*one, predecessor]);
            }
        }
        if family.len() == before {
            break;
        }
    }
    let others = links.iter().filter(|(one, _, live)| *live && *one != serial && family.contains(one));
    others.map(|(one, ..)| *one).collect()
}

/// The facility administrator has seen the revocation: all of its task, where it has one.
pub(super) fn confirm(d: &mut Draft, serial: SerialNumber) -> Result<(), Refused> {
    let certificate = d.next.certificate(&serial).ok_or_else(|| d.not_known("certificate", &serial))?;
    let device = certificate.device.clone();
    let device = d.next.device(&device).ok_or_else(|| d.not_known("device", &device))?;
    d.own_facility(&device.facility.clone())?;
    let Some(task) = d.next.task_of(&serial).cloned() else {
        return d.push(Change::CertificateConfirmed { serial });
    };
    let in_effect = task.state_at(d.at()) != confirmation::State::Reported;
    d.require(in_effect, || {
        Why::Condition("what the revocation ended is not yet known; confirm it in a few seconds".to_owned())
    })?;
    if task.state == confirmation::State::Reported {
        d.push(Change::RevocationTookEffect { task: task.id, effect: None })?;
    }
    for serial in &task.serials {
        d.push(Change::CertificateConfirmed { serial: *serial })?;
    }
    d.push(Change::RevocationConfirmed { task: task.id })
}

/// What gateways say that they cut. Said twice, or about a task that is not open, it comes to nothing: a gateway that does not
/// know whether it was heard says it again.
pub(super) fn record_effects(d: &mut Draft, effects: &[(TaskId, Effect)]) -> Result<(), Refused> {
    for (task, effect) in effects.iter().take(TICK_CHANGES_MAX) {
        d.text("the gateway's name", &effect.node, 1, NAME_CHARACTERS_MAX)?;
        if d.next.task(*task).is_some_and(|task| task.takes(&effect.node)) {
            d.push(Change::RevocationTookEffect { task: *task, effect: Some(effect.clone()) })?;
        }
    }
    Ok(())
}

/// A revocation list names all of these. Only the first number counts.
pub(super) fn record_listed(d: &mut Draft, tasks: &[TaskId], number: u64) -> Result<(), Refused> {
    for task in tasks.iter().take(TICK_CHANGES_MAX) {
        if d.next.task(*task).is_some_and(|task| task.is_open() && task.listed.is_none()) {
            d.push(Change::RevocationListed { task: *task, number })?;
        }
    }
    Ok(())
}

/// What time makes of open tasks: in effect, to be reminded of, the city's. Each is written once.
pub(super) fn settle(d: &mut Draft) -> Result<(), Refused> {
    let at = d.at();
    let due: Vec<Change> = d.next.open_tasks().flat_map(|task| due(task, at)).take(TICK_CHANGES_MAX).collect();
    for change in due {
        if d.changes.len() >= TICK_CHANGES_MAX {
            return Ok(());
        }
        d.push(change)?;
    }
    super::facility_revocation::settle(d)
}

fn due(task: &ConfirmationTask, at: Timestamp) -> impl Iterator<Item = Change> + use<> {
    let id = task.id;
    let in_effect = task.state == confirmation::State::Reported && task.state_at(at) == confirmation::State::Effective;
    let late = task.reminded_at.is_none() && task.is_late(at);
    let overdue = task.escalated_at.is_none() && task.is_overdue(at);
    let changes = [
        in_effect.then_some(Change::RevocationTookEffect { task: id, effect: None }),
        late.then_some(Change::RevocationReminded { task: id }),
        overdue.then_some(Change::RevocationEscalated { task: id }),
    ];
    changes.into_iter().flatten()
}
