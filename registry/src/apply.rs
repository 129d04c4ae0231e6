//! Applying a change to a state: one function for live commands, for what other processes wrote, and for replay. What
//! does not fit is an error, never a guess: a journal that does not add up opens nothing (promise P1).

mod orders;

use std::sync::Arc;

use model::lifecycle::{NotAllowed, certificate, consent, facility, service, user_id};
use model::{Author, SerialNumber, Timestamp, UserId};

use crate::change::Change;
use crate::state::{
    Certificate, Confirmation, Consent, Device, Disaster, EndedSession, Facility, Person, Revocation, RuleApproval,
    Service, Snapshot, Tables, UserIdRecord,
};

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
            Change::DeviceReturned { device } => {
                let found = tables.devices.get_mut(device).ok_or_else(|| Misfit::not_known("device", device))?;
                let device = Arc::make_mut(found);
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
                apply_to_rules(tables, act, change)
            }
            Change::ReportAcknowledged { report } => known(tables.reports.remove(report).is_some(), "report", report),
            Change::CertificateReserved { .. }
            | Change::CertificateIssued { .. }
            | Change::CertificateRevoked { .. }
            | Change::CertificateConfirmed { .. }
            | Change::CertificateAbandoned { .. } => apply_to_certificate(tables, act, change),
            Change::ConsentGiven { .. } | Change::ConsentWithdrawn { .. } => apply_to_consent(tables, act, change),
            Change::ServiceStopped { .. }
            | Change::ServiceResumed
            | Change::DisasterDeclared { .. }
            | Change::DisasterConfirmed
            | Change::DisasterEnded { .. } => apply_to_service(tables, change),
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
    tables.put_device(device.clone());
    Ok(())
}

fn apply_to_certificate(tables: &mut Tables, act: &Act, change: &Change) -> Result<(), Misfit> {
    use certificate::{Event, State};
    match change {
        Change::CertificateReserved { serial, device, not_before, not_after, predecessor } => {
            free(tables.certificates.contains_key(serial), "serial number", serial)?;
            known(tables.devices.contains_key(device), "device", device)?;
            tables.put_certificate(Certificate {
                serial: *serial,
                device: device.clone(),
                state: State::Reserved,
                fingerprint: None,
                not_before: *not_before,
                not_after: *not_after,
                predecessor: *predecessor,
                reserved_at: act.at,
                revocation: None,
            });
            Ok(())
        }
        Change::CertificateIssued { serial, fingerprint } => edit_certificate(tables, *serial, |certificate| {
            certificate.state = certificate.state.after(Event::Issue)?;
            certificate.fingerprint = Some(*fingerprint);
            Ok(())
        }),
        Change::CertificateRevoked { serial, reason } => edit_certificate(tables, *serial, |certificate| {
            certificate.state = certificate.state.after(Event::Revoke)?;
            let (at, by) = (act.at, act.by.clone());
            certificate.revocation = Some(Revocation { at, reason: *reason, by, confirmed: None });
            Ok(())
        }),
        Change::CertificateConfirmed { serial } => edit_certificate(tables, *serial, |certificate| {
            certificate.state = certificate.state.after(Event::Confirm)?;
            let missing = Misfit::Contradiction("a confirmation comes without a revocation");
            let revocation = certificate.revocation.as_mut().ok_or(missing)?;
            revocation.confirmed = Some(Confirmation { at: act.at, by: act.by.clone() });
            Ok(())
        }),
        Change::CertificateAbandoned { serial } => edit_certificate(tables, *serial, |certificate| {
            certificate.state = certificate.state.after(Event::Abandon)?;
            Ok(())
        }),
        _ => Err(Misfit::Contradiction("not a change of a certificate")),
    }
}

fn apply_to_consent(tables: &mut Tables, act: &Act, change: &Change) -> Result<(), Misfit> {
    let (person, event) = match change {
        Change::ConsentGiven { person, .. } => (person, consent::Event::Give),
        Change::ConsentWithdrawn { person, .. } => (person, consent::Event::Withdraw),
        _ => return Err(Misfit::Contradiction("not a change of consent")),
    };
    known(tables.persons.contains_key(person), "person", person)?;
    let before = tables.consents.get(person);
    let state = before.map_or(consent::State::Absent, |consent| consent.state).after(event)?;
    let (form, withdrawal) = match change {
        Change::ConsentGiven { form, .. } => (Some(form.clone()), None),
        Change::ConsentWithdrawn { reason, .. } => {
            (before.and_then(|consent| consent.form.clone()), Some(reason.clone()))
        }
        _ => return Err(Misfit::Contradiction("not a change of consent")),
    };
    tables.put_consent(Consent { person: person.clone(), state, form, withdrawal, since: act.at });
    Ok(())
}

fn apply_to_service(tables: &mut Tables, change: &Change) -> Result<(), Misfit> {
    use service::Event;
    let before = tables.service.state;
    let after = match change {
        // A stop ends disaster use as well: it is declared anew, or not, when the service goes on.
        Change::ServiceStopped { stop } => {
            Service { state: before.after(Event::Stop)?, stopped: Some(stop.clone()), disaster: None }
        }
        Change::ServiceResumed => Service { state: before.after(Event::Resume)?, stopped: None, disaster: None },
        Change::DisasterDeclared { disaster } => {
            let state = before.after(Event::DeclareDisaster)?;
            Service { state, stopped: None, disaster: Some(disaster.clone()) }
        }
        Change::DisasterConfirmed => confirmed(&tables.service)?,
        Change::DisasterEnded { .. } => {
            Service { state: before.after(Event::EndDisaster)?, stopped: None, disaster: None }
        }
        _ => return Err(Misfit::Contradiction("not a change of the service")),
    };
    tables.service = Arc::new(after);
    Ok(())
}

/// The same disaster use, and nobody is waited for any more.
fn confirmed(before: &Service) -> Result<Service, Misfit> {
    let missing = Misfit::Contradiction("a confirmation comes without a disaster use that waits for it");
    let awaiting = before.disaster.as_ref().filter(|disaster| disaster.awaits.is_some());
    let disaster = Some(Disaster { awaits: None, ..awaiting.ok_or(missing)?.clone() });
    Ok(Service { disaster, ..before.clone() })
}

fn apply_to_rules(tables: &mut Tables, act: &Act, change: &Change) -> Result<(), Misfit> {
    let rules = Arc::make_mut(&mut tables.rules);
    match change {
        Change::RulesProposed { rules: set } => {
            free(rules.sets.contains_key(&set.version), "set of rules", &set.version)?;
            rules.propose(set.clone());
            Ok(())
        }
        Change::RulesApproved { version, gates } => {
            known(rules.sets.contains_key(version), "set of rules", version)?;
            if rules.approvals.last().is_some_and(|last| last.version == *version) {
                return Err(Misfit::Contradiction("the rules are in force already"));
            }
            let (version, gates) = (version.clone(), gates.clone());
            rules.approve(RuleApproval { version, by: act.by.clone(), at: act.at, gates });
            Ok(())
        }
        Change::RulesRolledBack { version, .. } => {
            let taken = rules.approvals.pop();
            known(taken.is_some_and(|taken| taken.version == *version), "set of rules in force", version)
        }
        _ => Err(Misfit::Contradiction("not a change of rules")),
    }
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

fn edit_certificate(
    tables: &mut Tables,
    serial: SerialNumber,
    edit: impl FnOnce(&mut Certificate) -> Result<(), Misfit>,
) -> Result<(), Misfit> {
    let certificate = tables.certificates.get_mut(&serial).ok_or_else(|| Misfit::not_known("certificate", serial))?;
    edit(Arc::make_mut(certificate))
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
