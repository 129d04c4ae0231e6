//! Applying a change to a state: one function for live commands, for what other processes wrote, and for replay. What
//! does not fit is an error, never a guess: a journal that does not add up opens nothing (promise P1).

mod certificates;
mod consents;
mod enrolments;
mod orders;
mod revocations;
mod rules;
mod service_state;
mod signing;

use std::sync::Arc;

use model::lifecycle::{NotAllowed, facility, user_id};
use model::{Author, Timestamp, UserId};

use crate::change::Change;
use crate::state::{Device, EndedSession, Facility, Person, Snapshot, Tables, UserIdRecord};

/// Who made the changes of a command, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Act {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub by: Author,
}

/// A change that does not fit the state.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Misfit {
    /// It names what there is not.
    #[error("there is no {what} `{id}`")]
    NotKnown {
        /// What kind of thing.
        what: &'static str,
        /// Its name.
        id: String,
    },
    /// It makes what there is already.
    #[error("{what} `{id}` exists already")]
    Taken {
        /// What kind of thing.
        what: &'static str,
        /// Its name.
        id: String,
    },
    /// The lifecycle does not allow it.
    #[error(transparent)]
    Lifecycle(#[from] NotAllowed),
    /// It contradicts itself or the state.
    #[error("{0}")]
    Contradiction(&'static str),
}

impl Misfit {
    pub(crate) fn not_known(what: &'static str, id: impl ToString) -> Self {
        Self::NotKnown { what, id: id.to_string() }
    }

    pub(crate) fn taken(what: &'static str, id: impl ToString) -> Self {
        Self::Taken { what, id: id.to_string() }
    }
}

impl Snapshot {
    /// The state after the change. On an error the state may be half changed and must be thrown away.
    ///
    /// # Errors
    /// The change does not fit.
    pub(crate) fn apply(&mut self, act: &Act, change: &Change) -> Result<(), Misfit> {
        let tables = &mut self.tables;
        match change {
            Change::FacilityApplied { facility } => apply_for(tables, facility),
            Change::FacilityMoved { facility, event, reason } => edit_facility(tables, facility, |facility| {
                facility.state = facility.state.after(*event)?;
                match event {
                    facility::Event::Approve | facility::Event::Refuse | facility::Event::Close => {
                        (facility.decided_at, facility.reason) = (Some(act.at), reason.clone());
                    }
                    facility::Event::Reapply => {
                        (facility.applied_at, facility.decided_at, facility.reason) = (act.at, None, None);
                    }
                    facility::Event::Suspend | facility::Event::Resume => {}
                }
                Ok(())
            }),
            Change::FacilityChanged { facility, details } => edit_facility(tables, facility, |facility| {
                facility.change(details);
                Ok(())
            }),
            Change::AdministratorSet { facility, administrator } => edit_facility(tables, facility, |facility| {
                facility.administrator = administrator.clone();
                Ok(())
            }),
            Change::UserRegistered { user } => {
                free(tables.users.contains_key(&user.key), "user", &user.key)?;
                tables.put_user(user.clone());
                Ok(())
            }
            Change::UserIdGranted { user_id } => grant(tables, user_id),
            Change::UserIdMoved { user_id, event, .. } => edit_user_id(tables, user_id, |user_id| {
                if *event == user_id::Event::ChangePassword {
                    return Err(Misfit::Contradiction("a change of password comes without a password"));
                }
                user_id.state = user_id.state.after(*event)?;
                if user_id.state == user_id::State::Ended {
                    (user_id.ended_at, user_id.credential) = (Some(act.at), None);
                }
                Ok(())
            }),
            Change::PasswordChanged { user_id, credential, epoch } => {
                edit_user_id(tables, user_id, |user_id| {
                    user_id.state = user_id.state.after(user_id::Event::ChangePassword)?;
                    user_id.credential = Some(credential.clone());
                    raise_epoch(user_id, *epoch)
                })?;
                tables.sessions.forget_user_id(user_id);
                Ok(())
            }
            Change::SessionsEnded { user_id, epoch } => {
                edit_user_id(tables, user_id, |user_id| raise_epoch(user_id, *epoch))?;
                tables.sessions.forget_user_id(user_id);
                Ok(())
            }
            Change::SessionEnded { session, user_id, over_at } => {
                known(tables.user_ids.contains_key(user_id), "user ID", user_id)?;
                free(tables.sessions.contains(session), "ended session", session)?;
                let (session, user_id) = (session.clone(), user_id.clone());
                tables.sessions.insert(EndedSession { session, user_id, over_at: *over_at });
                Ok(())
            }
            Change::SessionsForgotten { over_by } => {
                tables.sessions.forget_over_by(*over_by);
                Ok(())
            }
            Change::DeviceLoaned { device } => loan(tables, device),
            Change::DeviceHardware { device, hardware } => {
                let found = tables.devices.get_mut(device).ok_or_else(|| Misfit::not_known("device", device))?;
                found.hardware.clone_from(hardware);
                Ok(())
            }
            Change::DeviceReturned { device } => {
                let device = tables.devices.get_mut(device).ok_or_else(|| Misfit::not_known("device", device))?;
                if device.returned_at.is_some() {
                    return Err(Misfit::Contradiction("the device was returned already"));
                }
                device.returned_at = Some(act.at);
                Ok(())
            }
            Change::PersonRegistered { person } => {
                free(tables.persons.contains_key(&person.id), "person", &person.id)?;
                tables.put_person(person.clone());
                Ok(())
            }
            Change::PersonChanged { person, name, area } => edit_person(tables, person, |person| {
                (person.name, person.area) = (name.clone(), area.clone());
            }),
            Change::EligibilityChanged { person, eligibility } => edit_person(tables, person, |person| {
                person.eligibility = eligibility.clone();
            }),
            Change::TeamJoined { membership } => {
                known(tables.persons.contains_key(&membership.person), "person", &membership.person)?;
                known(tables.users.contains_key(&membership.user), "user", &membership.user)?;
                known(tables.facilities.contains_key(&membership.facility), "facility", &membership.facility)?;
                number(tables, membership.id.get())?;
                tables.put_membership(membership.clone());
                Ok(())
            }
            Change::TeamLeft { membership, person, user } => {
                let taken = tables.take_membership(*membership, person);
                let fits = taken.is_some_and(|taken| taken.user == *user);
                known(fits, "membership", membership)
            }
            Change::Suspended { suspension } => {
                number(tables, suspension.id.get())?;
                tables.put_suspension(suspension.clone());
                Ok(())
            }
            Change::SuspensionEnded { suspension, target, .. } => {
                let taken = tables.take_suspension(*suspension);
                let fits = taken.is_some_and(|taken| taken.target == *target);
                known(fits, "suspension", suspension)
            }
            Change::ReportDue { report } => {
                number(tables, report.id.get())?;
                tables.put_report(report.clone());
                Ok(())
            }
            Change::RulesProposed { .. } | Change::RulesApproved { .. } | Change::RulesRolledBack { .. } => {
                rules::apply(tables, act, change)
            }
            Change::ReportAcknowledged { report } => known(tables.reports.remove(report).is_some(), "report", report),
            Change::CertificateReserved { .. }
            | Change::CertificateIssued { .. }
            | Change::CertificateRevoked { .. }
            | Change::CertificateConfirmed { .. }
            | Change::CertificateAbandoned { .. }
            | Change::CertificateRegistered { .. }
            | Change::NumberingBegun { .. } => certificates::apply(tables, act, change),
            Change::ListsNumbered { .. } | Change::ResponderReserved { .. } => signing::apply(tables, change),
            Change::EnrolmentOffered { .. }
            | Change::EnrolmentTried { .. }
            | Change::EnrolmentUsed { .. }
            | Change::EnrolmentEnded { .. }
            | Change::CertificateRetiring { .. }
            | Change::CertificateRetired { .. } => enrolments::apply(tables, act, change),
            Change::RevocationReported { .. }
            | Change::RevocationTookEffect { .. }
            | Change::RevocationListed { .. }
            | Change::RevocationConfirmed { .. }
            | Change::RevocationReminded { .. }
            | Change::RevocationEscalated { .. }
            | Change::FacilityRevocationProposed { .. }
            | Change::FacilityRevocationEnded { .. } => revocations::apply(tables, act, change),
            Change::ConsentGiven { .. } | Change::ConsentWithdrawn { .. } => consents::apply(tables, act, change),
            Change::ServiceStopped { .. }
            | Change::ServiceResumed
            | Change::DisasterDeclared { .. }
            | Change::DisasterConfirmed
            | Change::DisasterEnded { .. } => service_state::apply(tables, change),
            Change::DutyEntered { .. }
            | Change::DutyEnded { .. }
            | Change::ContractEntered { .. }
            | Change::ContractEnded { .. }
            | Change::DeletionOrdered { .. }
            | Change::DeletionApproved { .. }
            | Change::DeletionCancelled { .. }
            | Change::DeletionCarriedOut { .. }
            | Change::BreakGlassProposed { .. }
            | Change::BreakGlassIssued
            | Change::BreakGlassWithdrawn { .. }
            | Change::EmergencyDeclared { .. }
            | Change::EmergencyEnded { .. }
            | Change::EmergencyOver { .. } => orders::apply(tables, act, change),
        }
    }
}

fn apply_for(tables: &mut Tables, facility: &Facility) -> Result<(), Misfit> {
    free(tables.facilities.contains_key(&facility.id), "facility", &facility.id)?;
    if facility.state != facility::State::Applied {
        return Err(Misfit::Contradiction("a facility begins by applying"));
    }
    tables.put_facility(facility.clone());
    Ok(())
}

fn grant(tables: &mut Tables, user_id: &UserIdRecord) -> Result<(), Misfit> {
    free(tables.user_ids.contains_key(&user_id.id), "user ID", &user_id.id)?;
    known(tables.users.contains_key(&user_id.user), "user", &user_id.user)?;
    known(tables.facilities.contains_key(&user_id.facility), "facility", &user_id.facility)?;
    if user_id.state != user_id::State::Granted || user_id.credential.is_none() {
        return Err(Misfit::Contradiction("a user ID begins as granted, with a password"));
    }
    tables.put_user_id(user_id.clone());
    Ok(())
}

fn loan(tables: &mut Tables, device: &Device) -> Result<(), Misfit> {
    free(tables.devices.contains_key(&device.id), "device", &device.id)?;
    known(tables.facilities.contains_key(&device.facility), "facility", &device.facility)?;
    known(tables.users.contains_key(&device.holder), "user", &device.holder)?;
    if tables.devices.is_full() {
        return Err(Misfit::Contradiction("there are as many devices as there can be"));
    }
    tables.put_device(device.clone());
    Ok(())
}

fn edit_facility(
    tables: &mut Tables,
    id: &model::FacilityId,
    edit: impl FnOnce(&mut Facility) -> Result<(), Misfit>,
) -> Result<(), Misfit> {
    let facility = tables.facilities.get_mut(id).ok_or_else(|| Misfit::not_known("facility", id))?;
    edit(Arc::make_mut(facility))
}

fn edit_user_id(
    tables: &mut Tables,
    id: &UserId,
    edit: impl FnOnce(&mut UserIdRecord) -> Result<(), Misfit>,
) -> Result<(), Misfit> {
    let user_id = tables.user_ids.get_mut(id).ok_or_else(|| Misfit::not_known("user ID", id))?;
    edit(Arc::make_mut(user_id))
}

fn edit_person(tables: &mut Tables, id: &model::PersonId, edit: impl FnOnce(&mut Person)) -> Result<(), Misfit> {
    let person = tables.persons.get_mut(id).ok_or_else(|| Misfit::not_known("person", id))?;
    edit(Arc::make_mut(person));
    Ok(())
}

/// An epoch only ever rises: an older session never comes to life again.
fn raise_epoch(user_id: &mut UserIdRecord, epoch: u32) -> Result<(), Misfit> {
    if epoch <= user_id.credential_epoch {
        return Err(Misfit::Contradiction("a credential epoch does not rise"));
    }
    user_id.credential_epoch = epoch;
    Ok(())
}

fn number(tables: &Tables, number: u64) -> Result<(), Misfit> {
    if number <= tables.last_number {
        return Err(Misfit::Contradiction("a number is given twice"));
    }
    Ok(())
}

fn known(is: bool, what: &'static str, id: &impl ToString) -> Result<(), Misfit> {
    if is { Ok(()) } else { Err(Misfit::not_known(what, id.to_string())) }
}

fn free(taken: bool, what: &'static str, id: &impl ToString) -> Result<(), Misfit> {
    if taken { Err(Misfit::taken(what, id.to_string())) } else { Ok(()) }
}
