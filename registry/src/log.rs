//! What the office did: the journal read as a log, newest first. Nothing of a credential is in it.

use journal::{Journal, Position};
use model::{Author, Target, Timestamp};

use crate::bounds::READ_ENTRIES;
use crate::change::{Affected, Change};
use crate::error::{BadEntry, BadEntryWhy, RegistryError};
use crate::form::{self, read_entry};
use crate::kind::CommandKind;
use crate::state::{Generation, ReportSubject, RuleApproval};

/// A command that was carried out, as the journal has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logged {
    /// The state that it made.
    pub generation: Generation,
    /// When it was given.
    pub at: Timestamp,
    /// By whom.
    pub by: Author,
    /// What was to be done.
    pub command: CommandKind,
    /// Everybody and everything that its changes name.
    pub concerns: Affected,
    /// Why, in the author's words or in one of the words that there are for it.
    pub reasons: Vec<String>,
}

/// An approval of rules as the journal has it, which forgets none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PastApproval {
    /// Which set, by whom, when, and what it had passed.
    pub approval: RuleApproval,
    /// How it ended; none: it stands, in force or as a step back.
    pub rolled_back: Option<RollBack>,
}

/// The end of an approval.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RollBack {
    /// By whom.
    pub by: Author,
    /// When.
    pub at: Timestamp,
    /// Why.
    pub reason: String,
}

/// Every approval of rules there ever was, oldest first.
///
/// # Errors
/// The journal cannot be read, or an entry cannot be understood.
pub(crate) fn rule_approvals(journal: &Journal) -> Result<Vec<PastApproval>, RegistryError> {
    let (mut seen, mut found) = (Position::START, Vec::<PastApproval>::new());
    loop {
        let read = journal.read(seen, READ_ENTRIES).map_err(|error| RegistryError::journal("reading", error))?;
        let Some(newest) = read.last() else { return Ok(found) };
        seen = newest.position;
        for entry in &read {
            let form::Entry { at, by, changes, .. } = understood(entry).map_err(RegistryError::Entry)?;
            for change in changes {
                match change {
                    Change::RulesApproved { version, gates } => {
                        let approval = RuleApproval { version, by: by.clone(), at, gates };
                        found.push(PastApproval { approval, rolled_back: None });
                    }
                    Change::RulesRolledBack { version, reason } => {
                        let stands =
                            |one: &&mut PastApproval| one.rolled_back.is_none() && one.approval.version == version;
                        if let Some(last) = found.iter_mut().rev().find(stands) {
                            last.rolled_back = Some(RollBack { by: by.clone(), at, reason });
                        }
                    }
                    _ => {}
                }
            }
        }
    }
}

/// Commands before a position, newest first: some hundreds, or fewer when they are large. Empty: there are none.
///
/// # Errors
/// The journal cannot be read, or an entry cannot be understood.
pub(crate) fn before(journal: &Journal, end: Position) -> Result<Vec<Logged>, RegistryError> {
    let failed = |error| RegistryError::journal("reading", error);
    let last = end.get().saturating_sub(1);
    let mut seen = last.saturating_sub(READ_ENTRIES as u64);
    let mut found = Vec::new();
    while seen < last {
        let wanted = usize::try_from(last - seen).unwrap_or(READ_ENTRIES);
        let read = journal.read(Position::new(seen), wanted).map_err(failed)?;
        let Some(newest) = read.last() else { break };
        seen = newest.position.get();
        for entry in &read {
            found.push(logged(entry).map_err(RegistryError::Entry)?);
        }
    }
    found.reverse();
    Ok(found)
}

fn understood(entry: &journal::Entry) -> Result<form::Entry, BadEntry> {
    read_entry(&entry.body).map_err(|why| BadEntry {
        position: entry.position,
        before: Generation::new(entry.position.get().saturating_sub(1)),
        why: BadEntryWhy::Form(why),
    })
}

fn logged(entry: &journal::Entry) -> Result<Logged, BadEntry> {
    let number = entry.position.get();
    let read = understood(entry)?;
    let (mut concerns, mut reasons) = (Affected::default(), Vec::new());
    for change in &read.changes {
        concerns.merge(change.concerns());
        // A command gives each of its changes the same reason.
        reasons.extend(change.reason().filter(|reason| !reasons.contains(reason)));
    }
    let (at, by, command) = (read.at, read.by, read.command);
    Ok(Logged { generation: Generation::new(number), at, by, command, concerns, reasons })
}

impl Change {
    /// Whom and what it names, whether anybody has to be judged anew for it or not.
    fn concerns(&self) -> Affected {
        let mut named = self.affects();
        match self {
            Self::FacilityApplied { facility } => drop(named.facilities.insert(facility.id.clone())),
            Self::FacilityMoved { facility, .. }
            | Self::FacilityChanged { facility, .. }
            | Self::AdministratorSet { facility, .. } => drop(named.facilities.insert(facility.clone())),
            Self::UserRegistered { user } => drop(named.users.insert(user.key.clone())),
            Self::UserIdGranted { user_id } => {
                named.user_ids.insert(user_id.id.clone());
                named.users.insert(user_id.user.clone());
                named.facilities.insert(user_id.facility.clone());
            }
            Self::DeviceLoaned { device } => {
                named.devices.insert(device.id.clone());
                named.users.insert(device.holder.clone());
                named.facilities.insert(device.facility.clone());
            }
            Self::CertificateReserved { serial, device, .. } | Self::CertificateRegistered { serial, device, .. } => {
                named.serials.insert(*serial);
                named.devices.insert(device.clone());
            }
            Self::PersonRegistered { person } => drop(named.persons.insert(person.id.clone())),
            Self::TeamJoined { membership } => {
                named.users.insert(membership.user.clone());
                named.facilities.insert(membership.facility.clone());
            }
            Self::TeamLeft { user, .. } => drop(named.users.insert(user.clone())),
            Self::DutyEntered { duty } => drop(named.facilities.insert(duty.facility.clone())),
            Self::DeletionOrdered { order } => {
                named.persons.insert(order.person.clone());
                named.user_ids.insert(order.executor.clone());
            }
            Self::DeletionCarriedOut { deleted } => drop(named.user_ids.insert(deleted.by.clone())),
            Self::EmergencyDeclared { emergency } => {
                named.persons.insert(emergency.person.clone());
                named.user_ids.insert(emergency.user_id.clone());
            }
            Self::DeletionApproved { person, .. } => drop(named.persons.insert(person.clone())),
            Self::EnrolmentOffered { enrolment } => drop(named.devices.insert(enrolment.device.clone())),
            Self::EnrolmentTried { device }
            | Self::EnrolmentUsed { device }
            | Self::EnrolmentEnded { device, .. }
            | Self::DeviceHardware { device, .. } => {
                named.devices.insert(device.clone());
            }
            Self::CertificateRetiring { retiring } => drop(named.serials.insert(retiring.serial)),
            Self::CertificateRetired { successor } => drop(named.serials.insert(*successor)),
            Self::ResponderReserved { serial } => drop(named.serials.insert(*serial)),
            Self::ReportDue { report } => match &report.about {
                ReportSubject::Suspension(target) => named.merge(of(target)),
                ReportSubject::Revocation(serial) => drop(named.serials.insert(*serial)),
                ReportSubject::Device(device) | ReportSubject::Return(device) => {
                    named.devices.insert(device.clone());
                }
            },
            Self::RevocationReported { device, .. } => drop(named.devices.insert(device.clone())),
            Self::FacilityRevocationProposed { proposal } => {
                named.facilities.insert(proposal.facility.clone());
                named.devices.extend(proposal.devices.iter().cloned());
            }
            Self::FacilityRevocationEnded { facility, .. } => drop(named.facilities.insert(facility.clone())),
            // What these name is what they affect.
            Self::UserIdMoved { .. }
            | Self::PasswordChanged { .. }
            | Self::SessionsEnded { .. }
            | Self::SessionEnded { .. }
            | Self::SessionsForgotten { .. }
            | Self::DeviceReturned { .. }
            | Self::CertificateIssued { .. }
            | Self::CertificateRevoked { .. }
            | Self::CertificateConfirmed { .. }
            | Self::CertificateAbandoned { .. }
            | Self::NumberingBegun { .. }
            // Of which terminal a task is says the entry that reported it.
            | Self::RevocationTookEffect { .. }
            | Self::RevocationListed { .. }
            | Self::RevocationConfirmed { .. }
            | Self::RevocationReminded { .. }
            | Self::RevocationEscalated { .. }
            | Self::PersonChanged { .. }
            | Self::EligibilityChanged { .. }
            | Self::ConsentGiven { .. }
            | Self::ConsentWithdrawn { .. }
            | Self::Suspended { .. }
            | Self::SuspensionEnded { .. }
            | Self::ServiceStopped { .. }
            | Self::ServiceResumed
            | Self::DisasterDeclared { .. }
            | Self::DisasterConfirmed
            | Self::DisasterEnded { .. }
            | Self::ReportAcknowledged { .. }
            | Self::DutyEnded { .. }
            | Self::ContractEntered { .. }
            | Self::ContractEnded { .. }
            | Self::DeletionCancelled { .. }
            | Self::BreakGlassProposed { .. }
            | Self::BreakGlassIssued
            | Self::BreakGlassWithdrawn { .. }
            | Self::EmergencyEnded { .. }
            | Self::EmergencyOver { .. }
            | Self::ListsNumbered { .. }
            | Self::RulesProposed { .. }
            | Self::RulesApproved { .. }
            | Self::RulesRolledBack { .. } => {}
        }
        named
    }

    fn reason(&self) -> Option<String> {
        match self {
            Self::FacilityMoved { reason, .. }
            | Self::UserIdMoved { reason, .. }
            | Self::SuspensionEnded { reason, .. }
            | Self::DisasterEnded { reason } => reason.clone(),
            Self::EnrolmentEnded { because, .. } => because.map(|because| because.to_string()),
            Self::CertificateRevoked { reason, .. } => Some(reason.to_string()),
            Self::RevocationReported { task, because, .. } => Some(format!("{because} (task {task})")),
            Self::RevocationTookEffect { task, .. }
            | Self::RevocationListed { task, .. }
            | Self::RevocationConfirmed { task }
            | Self::RevocationReminded { task }
            | Self::RevocationEscalated { task } => Some(format!("task {task}")),
            Self::FacilityRevocationProposed { proposal } => {
                Some(format!("{} ({})", proposal.reason, proposal.because))
            }
            Self::FacilityRevocationEnded { reason, .. } => reason.clone(),
            Self::CertificateRegistered { external, .. } => Some(external.authority.clone()),
            Self::ConsentGiven { form, .. } => form.reason.clone(),
            Self::ConsentWithdrawn { reason, .. }
            | Self::ContractEnded { reason, .. }
            | Self::DeletionCancelled { reason, .. }
            | Self::BreakGlassWithdrawn { reason } => Some(reason.clone()),
            Self::DeletionOrdered { order } => Some(order.reason.clone()),
            Self::DeletionCarriedOut { deleted } => Some(format!("{} (order {})", deleted.record, deleted.order)),
            Self::BreakGlassProposed { rule } => Some(rule.clone()),
            Self::DeviceHardware { hardware, .. } => hardware.clone(),
            Self::EnrolmentOffered { enrolment } => Some(enrolment.kind.to_string()),
            Self::ListsNumbered { number, lists } => Some(format!("number {number} for {lists} revocation lists")),
            Self::EmergencyDeclared { emergency } => Some(emergency.reason.clone()),
            Self::Suspended { suspension } => Some(format!("{} (art. {})", suspension.reason, suspension.article)),
            Self::ServiceStopped { stop } => Some(format!("{} ({})", stop.text, stop.reason)),
            Self::DisasterDeclared { disaster } => Some(disaster.reason.clone()),
            Self::RulesProposed { rules } => Some(format!("{} ({})", rules.reason, rules.version)),
            Self::RulesApproved { version, gates } => Some(match gates {
                Some(gates) => format!("{version}: {gates}"),
                None => version.clone(),
            }),
            Self::RulesRolledBack { version, reason } => Some(format!("{reason} ({version})")),
            _ => None,
        }
    }
}

fn of(target: &Target) -> Affected {
    let mut named = Affected::default();
    match target {
        Target::UserId(id) => drop(named.user_ids.insert(id.clone())),
        Target::User(key) => drop(named.users.insert(key.clone())),
        Target::Device(id) => drop(named.devices.insert(id.clone())),
        Target::Facility(id) => drop(named.facilities.insert(id.clone())),
        Target::Person(id) => drop(named.persons.insert(id.clone())),
    }
    named
}
