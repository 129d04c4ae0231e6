//! Changes: what a command came to. The journal holds these, and the state is what they add up to.

use std::collections::BTreeSet;

use model::lifecycle::{facility, user_id};
use model::{DeviceId, FacilityId, PersonId, ReasonCode, SerialNumber, SessionId, Target, Timestamp, UserId, UserKey};

use crate::credential::Sealed;
use crate::state::{
    Administrator, ConsentForm, Contract, ContractId, DeletionId, DeletionOrder, Device, Disaster, Duty, DutyId,
    Eligibility, Facility, FacilityDetails, Membership, MembershipId, Person, Report, ReportId, Stop, Suspension,
    SuspensionEnd, SuspensionId, User, UserIdRecord,
};

/// One change. Who made it and when stands beside it, once for all changes of a command. Variants are only ever added:
/// the journal keeps them for ever.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// A facility applied for the first time (art. 8).
    FacilityApplied {
        /// As it applied.
        facility: Facility,
    },
    /// A facility was approved, refused, suspended, resumed, closed, or applied again (art. 8, 9, 13).
    FacilityMoved {
        /// Which.
        facility: FacilityId,
        /// What happened.
        event: facility::Event,
        /// Why; the city's words on the notice (art. 9).
        reason: Option<String>,
    },
    /// The particulars of a facility changed (art. 12).
    FacilityChanged {
        /// Which.
        facility: FacilityId,
        /// As they are now.
        details: FacilityDetails,
    },
    /// Somebody else answers for a facility (art. 8, 12).
    AdministratorSet {
        /// Which.
        facility: FacilityId,
        /// Who.
        administrator: Administrator,
    },
    /// A user was registered as a human being.
    UserRegistered {
        /// Who.
        user: User,
    },
    /// A user ID was granted (art. 10-1), or a new one for a lost one (art. 10-6).
    UserIdGranted {
        /// As granted.
        user_id: UserIdRecord,
    },
    /// A user ID was suspended, resumed or ended.
    UserIdMoved {
        /// Which.
        user_id: UserId,
        /// What happened. Never a change of password, which has its own change.
        event: user_id::Event,
        /// Why it ended; a suspension has its own reason.
        reason: Option<String>,
    },
    /// The user set a password (art. 10-3). His sessions end.
    PasswordChanged {
        /// Of which user ID.
        user_id: UserId,
        /// The new credential.
        credential: Sealed,
        /// The new credential epoch.
        epoch: u32,
    },
    /// All sessions of a user ID ended.
    SessionsEnded {
        /// Of which user ID.
        user_id: UserId,
        /// The new credential epoch.
        epoch: u32,
    },
    /// One session ended before its time.
    SessionEnded {
        /// Which.
        session: SessionId,
        /// Of which user ID.
        user_id: UserId,
        /// When it would have been over at the latest.
        over_at: Timestamp,
    },
    /// Ends of sessions that would be over by now anyway are forgotten.
    SessionsForgotten {
        /// Over by when.
        over_by: Timestamp,
    },
    /// A device was loaned (art. 37).
    DeviceLoaned {
        /// As loaned.
        device: Device,
    },
    /// A device came back, was lost or retired.
    DeviceReturned {
        /// Which.
        device: DeviceId,
    },
    /// A serial number was taken, before anything is signed (promise P10).
    CertificateReserved {
        /// The number.
        serial: SerialNumber,
        /// For which terminal.
        device: DeviceId,
        /// First instant of its validity.
        not_before: Timestamp,
        /// End of its validity.
        not_after: Timestamp,
        /// Which certificate it follows.
        predecessor: Option<SerialNumber>,
    },
    /// A signed certificate was recorded: from here on it is known, and opens.
    CertificateIssued {
        /// Its number.
        serial: SerialNumber,
        /// SHA-256 of it in DER.
        fingerprint: [u8; 32],
    },
    /// A certificate was revoked (art. 38-2).
    CertificateRevoked {
        /// Its number.
        serial: SerialNumber,
        /// Why.
        reason: ReasonCode,
    },
    /// The facility administrator confirmed a revocation (art. 38-3).
    CertificateConfirmed {
        /// Its number.
        serial: SerialNumber,
    },
    /// A reserved number was given up.
    CertificateAbandoned {
        /// The number.
        serial: SerialNumber,
    },
    /// A person was registered (art. 3).
    PersonRegistered {
        /// As registered.
        person: Person,
    },
    /// A person's name or district changed.
    PersonChanged {
        /// Who.
        person: PersonId,
        /// Name now.
        name: String,
        /// District now.
        area: String,
    },
    /// A person's eligibility changed (art. 3).
    EligibilityChanged {
        /// Whose.
        person: PersonId,
        /// As it is now.
        eligibility: Eligibility,
    },
    /// A consent form was received (art. 17-1).
    ConsentGiven {
        /// Whose.
        person: PersonId,
        /// What stands on it.
        form: ConsentForm,
    },
    /// Consent was withdrawn: support stopped (art. 17-2, 17-3).
    ConsentWithdrawn {
        /// Whose.
        person: PersonId,
        /// What was asked for.
        reason: String,
    },
    /// A user joined a care team.
    TeamJoined {
        /// As entered.
        membership: Membership,
    },
    /// A membership ended.
    TeamLeft {
        /// Which.
        membership: MembershipId,
        /// Whose team.
        person: PersonId,
        /// Who was on it.
        user: UserKey,
    },
    /// Something was suspended (art. 29, 39-2).
    Suspended {
        /// As made.
        suspension: Suspension,
    },
    /// A suspension ended.
    SuspensionEnded {
        /// Which.
        suspension: SuspensionId,
        /// Of whom or what.
        target: Target,
        /// How.
        end: SuspensionEnd,
        /// The city's words when it lifted it.
        reason: Option<String>,
    },
    /// The service was stopped (art. 26).
    ServiceStopped {
        /// How.
        stop: Stop,
    },
    /// The service goes on.
    ServiceResumed,
    /// Disaster use was declared (art. 21-1).
    DisasterDeclared {
        /// As declared.
        disaster: Disaster,
    },
    /// The second officer confirmed it by an act of his own.
    DisasterConfirmed,
    /// Disaster use ended.
    DisasterEnded {
        /// Why; none: by the clock.
        reason: Option<String>,
    },
    /// The contractor or the machine acted in the city's place and owes a report (art. 29-2, 39-3).
    ReportDue {
        /// Which.
        report: Report,
    },
    /// The city has the report.
    ReportAcknowledged {
        /// Which.
        report: ReportId,
    },
    /// A user took up a role for his whole facility (art. 18).
    DutyEntered {
        /// As entered.
        duty: Duty,
    },
    /// A role for a facility ended.
    DutyEnded {
        /// Which.
        duty: DutyId,
        /// Whose.
        user: UserKey,
    },
    /// A contract was entered (art. 4-2).
    ContractEntered {
        /// As entered.
        contract: Contract,
    },
    /// A contract ended before its time.
    ContractEnded {
        /// Which.
        contract: ContractId,
        /// Why.
        reason: String,
    },
    /// An officer ordered a deletion (art. 17-2, 19-2).
    DeletionOrdered {
        /// As ordered.
        order: DeletionOrder,
    },
    /// A second officer approved it: from here on it may be carried out.
    DeletionApproved {
        /// Which.
        order: DeletionId,
        /// Whose records.
        person: PersonId,
    },
    /// It was taken back.
    DeletionCancelled {
        /// Which.
        order: DeletionId,
        /// Whose records.
        person: PersonId,
        /// Why.
        reason: String,
    },
    /// An officer entered the city's rule for break-glass (art. 41-1).
    BreakGlassProposed {
        /// Name and date of the rule.
        rule: String,
    },
    /// A second officer issued it.
    BreakGlassIssued,
    /// It was taken back.
    BreakGlassWithdrawn {
        /// Why.
        reason: String,
    },
}

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
            | Self::SessionEnded { user_id, .. } => Affected::user_id(user_id),
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
            | Self::BreakGlassWithdrawn { .. } => Affected { service: true, ..Affected::default() },
            Self::FacilityApplied { .. }
            | Self::FacilityChanged { .. }
            | Self::AdministratorSet { .. }
            | Self::UserRegistered { .. }
            | Self::UserIdGranted { .. }
            | Self::SessionsForgotten { .. }
            | Self::DeviceLoaned { .. }
            | Self::CertificateReserved { .. }
            | Self::PersonRegistered { .. }
            | Self::ReportDue { .. }
            | Self::ReportAcknowledged { .. }
            | Self::ContractEntered { .. }
            | Self::ContractEnded { .. }
            | Self::DeletionOrdered { .. }
            | Self::DeletionApproved { .. }
            | Self::BreakGlassProposed { .. }
            | Self::BreakGlassIssued
            // It only goes on for longer.
            | Self::DisasterConfirmed => Affected::default(),
        }
    }
}
