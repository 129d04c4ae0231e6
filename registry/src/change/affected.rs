//! Whom a change hits.

use std::collections::BTreeSet;

use model::{DeviceId, FacilityId, PersonId, SerialNumber, Target, UserId, UserKey};

use super::Change;
use crate::state::Duty;

/// Whom and what a change hits: whoever is alive and rests on one of these is to be judged anew.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Affected {
    /// Terminals.
    pub devices: BTreeSet<DeviceId>,
    /// Certificates.
    pub serials: BTreeSet<SerialNumber>,
    /// User IDs.
    pub user_ids: BTreeSet<UserId>,
    /// Users.
    pub users: BTreeSet<UserKey>,
    /// Facilities: their user IDs and their terminals.
    pub facilities: BTreeSet<FacilityId>,
    /// Persons.
    pub persons: BTreeSet<PersonId>,
    /// The service as a whole: everybody.
    pub service: bool,
}

impl Affected {
    /// Nobody.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Takes these in as well.
    pub fn merge(&mut self, other: Self) {
        self.devices.extend(other.devices);
        self.serials.extend(other.serials);
        self.user_ids.extend(other.user_ids);
        self.users.extend(other.users);
        self.facilities.extend(other.facilities);
        self.persons.extend(other.persons);
        self.service |= other.service;
    }

    fn device(device: &DeviceId) -> Self {
        Self { devices: BTreeSet::from([device.clone()]), ..Self::default() }
    }

    fn serial(serial: SerialNumber) -> Self {
        Self { serials: BTreeSet::from([serial]), ..Self::default() }
    }

    fn user_id(user_id: &UserId) -> Self {
        Self { user_ids: BTreeSet::from([user_id.clone()]), ..Self::default() }
    }

    fn facility(facility: &FacilityId) -> Self {
        Self { facilities: BTreeSet::from([facility.clone()]), ..Self::default() }
    }

    fn person(person: &PersonId) -> Self {
        Self { persons: BTreeSet::from([person.clone()]), ..Self::default() }
    }

    fn target(target: &Target) -> Self {
        match target {
            Target::UserId(id) => Self::user_id(id),
            Target::User(key) => Self { users: BTreeSet::from([key.clone()]), ..Self::default() },
            Target::Device(id) => Self::device(id),
            Target::Facility(id) => Self::facility(id),
            Target::Person(id) => Self::person(id),
        }
    }
}

impl Change {
    /// Whom and what it hits. Changes that only open something new hit nobody, and neither does what no decision rests
    /// on.
    #[must_use]
    pub fn affects(&self) -> Affected {
        match self {
            Self::FacilityMoved { facility, .. } => Affected::facility(facility),
            Self::UserIdMoved { user_id, .. }
            | Self::PasswordChanged { user_id, .. }
            | Self::SessionsEnded { user_id, .. }
            | Self::SessionEnded { user_id, .. }
            | Self::EmergencyEnded { user_id, .. }
            | Self::EmergencyOver { user_id, .. } => Affected::user_id(user_id),
            Self::DeviceReturned { device } => Affected::device(device),
            Self::CertificateIssued { serial, .. }
            | Self::CertificateRevoked { serial, .. }
            | Self::CertificateConfirmed { serial }
            | Self::CertificateAbandoned { serial } => Affected::serial(*serial),
            Self::PersonChanged { person, .. }
            | Self::EligibilityChanged { person, .. }
            | Self::ConsentGiven { person, .. }
            | Self::ConsentWithdrawn { person, .. } => Affected::person(person),
            Self::TeamJoined { membership } => Affected::person(&membership.person),
            // Whoever reads about this person, this user among them.
            Self::TeamLeft { person, .. } => Affected::person(person),
            Self::Suspended { suspension } => Affected::target(&suspension.target),
            Self::SuspensionEnded { target, .. } => Affected::target(target),
            Self::DutyEntered { duty: Duty { user, .. } } | Self::DutyEnded { user, .. } => {
                Affected { users: BTreeSet::from([user.clone()]), ..Affected::default() }
            }
            Self::DeletionCancelled { person, .. } => Affected::person(person),
            Self::ServiceStopped { .. }
            | Self::ServiceResumed
            | Self::DisasterDeclared { .. }
            | Self::DisasterEnded { .. }
            | Self::BreakGlassWithdrawn { .. }
            // Other rules may decide otherwise about anybody.
            | Self::RulesApproved { .. }
            | Self::RulesRolledBack { .. } => Affected { service: true, ..Affected::default() },
            Self::FacilityApplied { .. }
            | Self::FacilityChanged { .. }
            | Self::AdministratorSet { .. }
            | Self::UserRegistered { .. }
            | Self::UserIdGranted { .. }
            | Self::SessionsForgotten { .. }
            | Self::DeviceLoaned { .. }
            | Self::CertificateReserved { .. }
            | Self::CertificateRegistered { .. }
            | Self::NumberingBegun { .. }
            | Self::PersonRegistered { .. }
            | Self::RulesProposed { .. }
            | Self::ReportDue { .. }
            | Self::ReportAcknowledged { .. }
            | Self::ContractEntered { .. }
            | Self::ContractEnded { .. }
            | Self::DeletionOrdered { .. }
            | Self::DeletionApproved { .. }
            // What it ends is over: the answer to the very request that brought it about is on its way.
            | Self::DeletionCarriedOut { .. }
            | Self::BreakGlassProposed { .. }
            | Self::BreakGlassIssued
            | Self::EmergencyDeclared { .. }
            | Self::EnrolmentOffered { .. }
            | Self::EnrolmentTried { .. }
            | Self::EnrolmentUsed { .. }
            | Self::EnrolmentEnded { .. }
            // What retires is revoked, which is a change of its own.
            | Self::CertificateRetiring { .. }
            | Self::CertificateRetired { .. }
            // What they are about is revoked, which is a change of its own.
            | Self::RevocationReported { .. }
            | Self::RevocationTookEffect { .. }
            | Self::RevocationListed { .. }
            | Self::RevocationConfirmed { .. }
            | Self::RevocationReminded { .. }
            | Self::RevocationEscalated { .. }
            | Self::FacilityRevocationProposed { .. }
            | Self::FacilityRevocationEnded { .. }
            | Self::ListsNumbered { .. }
            | Self::ResponderReserved { .. }
            // What is issued is not looked at again.
            | Self::DeviceHardware { .. }
            // It only goes on for longer.
            | Self::DisasterConfirmed => Affected::default(),
        }
    }
}
