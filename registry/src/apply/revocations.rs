//! Tasks of confirmation, and proposals to revoke all of a facility.

use std::sync::Arc;

use model::lifecycle::confirmation::{Event, State};

use super::{Act, Misfit, known, number};
use crate::bounds::EFFECTS_PER_TASK_MAX;
use crate::change::Change;
use crate::state::{Confirmation, ConfirmationTask, Effect, Tables, TaskId};

pub(super) fn apply(tables: &mut Tables, act: &Act, change: &Change) -> Result<(), Misfit> {
    match change {
        Change::RevocationReported { task, device, serials, because } => {
            let task = ConfirmationTask {
                id: *task,
                device: device.clone(),
                serials: serials.clone(),
                because: *because,
                by: act.by.clone(),
                reported_at: act.at,
                state: State::Reported,
                effects: Vec::new(),
                listed: None,
                reminded_at: None,
                escalated_at: None,
                confirmed: None,
            };
            report(tables, task)
        }
        Change::RevocationTookEffect { task, effect } => edit(tables, *task, |task| take_effect(task, effect.as_ref())),
        Change::RevocationListed { task, number } => edit(tables, *task, |task| {
            once(task.listed.is_some())?;
            task.listed = Some(*number);
            Ok(())
        }),
        Change::RevocationReminded { task } => edit(tables, *task, |task| {
            once(task.reminded_at.is_some())?;
            task.reminded_at = Some(act.at);
            Ok(())
        }),
        Change::RevocationEscalated { task } => edit(tables, *task, |task| {
            once(task.escalated_at.is_some())?;
            task.escalated_at = Some(act.at);
            Ok(())
        }),
        Change::RevocationConfirmed { task } => {
            edit(tables, *task, |task| {
                task.state = task.state.after(Event::Confirm)?;
                task.confirmed = Some(Confirmation { at: act.at, by: act.by.clone() });
                Ok(())
            })?;
            tables.open_tasks.remove(task);
            Ok(())
        }
        Change::FacilityRevocationProposed { proposal } => {
            known(tables.facilities.contains_key(&proposal.facility), "facility", &proposal.facility)?;
            tables.facility_revocations.insert(proposal.facility.clone(), Arc::new(proposal.clone()));
            Ok(())
        }
        Change::FacilityRevocationEnded { facility, .. } => {
            known(tables.facility_revocations.remove(facility).is_some(), "proposal about facility", facility)
        }
        _ => Err(Misfit::Contradiction("not a change of a confirmation")),
    }
}

fn report(tables: &mut Tables, task: ConfirmationTask) -> Result<(), Misfit> {
    number(tables, task.id.get())?;
    known(tables.devices.contains_key(&task.device), "device", &task.device)?;
    if task.serials.is_empty() {
        return Err(Misfit::Contradiction("a task is about a revocation"));
    }
    for serial in &task.serials {
        let certificate = tables.certificates.get(serial).ok_or_else(|| Misfit::not_known("certificate", serial))?;
        if certificate.device != task.device || certificate.revocation.is_none() {
            return Err(Misfit::Contradiction("a task is about what this terminal has revoked"));
        }
        if tables.task_of.contains_key(serial) {
            return Err(Misfit::taken("task of certificate", serial));
        }
    }
    tables.put_task(task);
    Ok(())
}

fn take_effect(task: &mut ConfirmationTask, effect: Option<&Effect>) -> Result<(), Misfit> {
    task.state = task.state.after(Event::TakeEffect)?;
    let Some(effect) = effect else { return Ok(()) };
    if !task.takes(&effect.node) {
        return Err(Misfit::Contradiction("a gateway says twice what it cut, or too many say it"));
    }
    task.effects.push(effect.clone());
    Ok(())
}

impl ConfirmationTask {
    /// Whether this gateway may still say what it cut.
    pub(crate) fn takes(&self, node: &str) -> bool {
        self.is_open() && self.effects.len() < EFFECTS_PER_TASK_MAX && self.effects.iter().all(|one| one.node != node)
    }
}

fn once(already: bool) -> Result<(), Misfit> {
    if already { Err(Misfit::Contradiction("what happens to a task once happens twice")) } else { Ok(()) }
}

fn edit(
    tables: &mut Tables,
    task: TaskId,
    edit: impl FnOnce(&mut ConfirmationTask) -> Result<(), Misfit>,
) -> Result<(), Misfit> {
    let found = tables.tasks.get_mut(&task).ok_or_else(|| Misfit::not_known("task", task))?;
    edit(Arc::make_mut(found))
}
