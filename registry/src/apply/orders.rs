//! What offices set up beside the everyday: duties, contracts, deletion orders, the rule for break-glass
//! and the emergencies declared under it.

use std::sync::Arc;

use model::lifecycle::{break_glass, deletion};

use super::{Act, Misfit, free, known, number};
use crate::change::Change;
use crate::state::{
    Approval, BreakGlass, Cancellation, Contract, ContractId, Deleted, DeletionId, DeletionOrder, Duty, Emergency,
    Tables,
};

pub(super) fn apply(tables: &mut Tables, act: &Act, change: &Change) -> Result<(), Misfit> {
    match change {
        Change::DutyEntered { duty } => enter_duty(tables, duty),
        Change::DutyEnded { duty, user } => {
            let taken = tables.take_duty(*duty);
            known(taken.is_some_and(|taken| taken.user == *user), "duty", duty)
        }
        Change::ContractEntered { contract } => {
            number(tables, contract.id.get())?;
            tables.put_contract(contract.clone());
            Ok(())
        }
        Change::ContractEnded { contract, reason } => edit_contract(tables, *contract, |contract| {
            if contract.until <= act.at {
                return Err(Misfit::Contradiction("the contract is over already"));
            }
            (contract.until, contract.ended) = (act.at, Some(reason.clone()));
            Ok(())
        }),
        Change::DeletionOrdered { order } => order_deletion(tables, order),
        Change::DeletionApproved { order, .. } => edit_deletion(tables, *order, |order| {
            order.state = order.state.after(deletion::Event::Approve)?;
            order.approved = Some(approval(act));
            Ok(())
        }),
        Change::DeletionCancelled { order, reason, .. } => edit_deletion(tables, *order, |order| {
            order.state = order.state.after(deletion::Event::Cancel)?;
            order.cancelled = Some(Cancellation { at: act.at, by: act.by.clone(), reason: reason.clone() });
            Ok(())
        }),
        Change::DeletionCarriedOut { deleted } => mark_deleted(tables, deleted),
        Change::BreakGlassProposed { .. } | Change::BreakGlassIssued | Change::BreakGlassWithdrawn { .. } => {
            tables.break_glass = Arc::new(break_glass_after(&tables.break_glass, act, change)?);
            if tables.break_glass.state != break_glass::State::Issued {
                // They stood under that rule, and another one does not bring them back. They stay on the list for their hour.
                tables.end_emergencies(act.at);
            }
            Ok(())
        }
        Change::EmergencyDeclared { emergency } => declare_emergency(tables, act, emergency),
        Change::EmergencyEnded { emergency, user_id } => {
            let found = tables.emergencies.get_mut(emergency).filter(|found| found.user_id == *user_id);
            let found = found.ok_or_else(|| Misfit::not_known("emergency", emergency))?;
            if !found.stands_at(act.at) {
                return Err(Misfit::Contradiction("the emergency has ended already"));
            }
            Arc::make_mut(found).ended_at = Some(act.at);
            Ok(())
        }
        Change::EmergencyOver { emergency, user_id } => {
            let taken = tables.take_emergency(*emergency).filter(|taken| taken.user_id == *user_id);
            let taken = taken.ok_or_else(|| Misfit::not_known("emergency", emergency))?;
            if act.at < taken.until {
                return Err(Misfit::Contradiction("the emergency's time is not over"));
            }
            Ok(())
        }
        _ => Err(Misfit::Contradiction("not a change of what offices set up")),
    }
}

fn approval(act: &Act) -> Approval {
    Approval { at: act.at, by: act.by.clone() }
}

fn enter_duty(tables: &mut Tables, duty: &Duty) -> Result<(), Misfit> {
    known(tables.users.contains_key(&duty.user), "user", &duty.user)?;
    known(tables.facilities.contains_key(&duty.facility), "facility", &duty.facility)?;
    number(tables, duty.id.get())?;
    tables.put_duty(duty.clone());
    Ok(())
}

/// An order begins as one that nobody has approved: a journal that says otherwise does not add up.
fn order_deletion(tables: &mut Tables, order: &DeletionOrder) -> Result<(), Misfit> {
    known(tables.persons.contains_key(&order.person), "person", &order.person)?;
    known(tables.user_ids.contains_key(&order.executor), "user ID", &order.executor)?;
    number(tables, order.id.get())?;
    if order.state != deletion::State::Ordered || order.approved.is_some() || order.cancelled.is_some() {
        return Err(Misfit::Contradiction("a deletion begins as ordered, approved by nobody"));
    }
    tables.put_deletion(order.clone());
    Ok(())
}

/// An order that names one record is used up. One that was taken back while the store was at it says so as well.
fn mark_deleted(tables: &mut Tables, deleted: &Deleted) -> Result<(), Misfit> {
    let twice = tables.deleted.get(&deleted.order).is_some_and(|records| records.contains_key(&deleted.record));
    free(twice, "deleted record", &deleted.record)?;
    edit_deletion(tables, deleted.order, |order| {
        if order.approved.is_none() {
            return Err(Misfit::Contradiction("a record is deleted under an order that nobody approved"));
        }
        if !order.covers(Some(&deleted.record)) || order.executor != deleted.by {
            return Err(Misfit::Contradiction("a record is deleted under an order that does not say so"));
        }
        if order.record.is_some() && order.state == deletion::State::Approved {
            order.state = order.state.after(deletion::Event::CarryOut)?;
        }
        Ok(())
    })?;
    tables.put_deleted(deleted.clone());
    Ok(())
}

/// Under a rule that is issued, and with an end: a journal that says otherwise does not add up.
fn declare_emergency(tables: &mut Tables, act: &Act, emergency: &Emergency) -> Result<(), Misfit> {
    known(tables.user_ids.contains_key(&emergency.user_id), "user ID", &emergency.user_id)?;
    number(tables, emergency.id.get())?;
    if tables.break_glass.state != break_glass::State::Issued {
        return Err(Misfit::Contradiction("an emergency is declared under a rule that is issued"));
    }
    if emergency.declared_at != act.at || !emergency.stands_at(act.at) {
        return Err(Misfit::Contradiction("an emergency begins when it is declared, and ends later"));
    }
    tables.put_emergency(emergency.clone());
    Ok(())
}

fn break_glass_after(before: &BreakGlass, act: &Act, change: &Change) -> Result<BreakGlass, Misfit> {
    use break_glass::Event;
    Ok(match change {
        Change::BreakGlassProposed { rule } => BreakGlass {
            state: before.state.after(Event::Propose)?,
            rule: Some(rule.clone()),
            proposed: Some(approval(act)),
            issued: None,
        },
        Change::BreakGlassIssued => {
            BreakGlass { state: before.state.after(Event::Issue)?, issued: Some(approval(act)), ..before.clone() }
        }
        Change::BreakGlassWithdrawn { .. } => {
            BreakGlass { state: before.state.after(Event::Withdraw)?, ..BreakGlass::OFF }
        }
        _ => return Err(Misfit::Contradiction("not a change of break-glass")),
    })
}

fn edit_contract(
    tables: &mut Tables,
    id: ContractId,
    edit: impl FnOnce(&mut Contract) -> Result<(), Misfit>,
) -> Result<(), Misfit> {
    let contract = tables.contracts.get_mut(&id).ok_or_else(|| Misfit::not_known("contract", id))?;
    edit(Arc::make_mut(contract))
}

fn edit_deletion(
    tables: &mut Tables,
    id: DeletionId,
    edit: impl FnOnce(&mut DeletionOrder) -> Result<(), Misfit>,
) -> Result<(), Misfit> {
    let order = tables.deletions.get_mut(&id).ok_or_else(|| Misfit::not_known("deletion order", id))?;
    edit(Arc::make_mut(order))
}
