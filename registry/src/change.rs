//! Changes: what a command came to. The journal holds these, and the state is what they add up to.

mod affected;

use model::lifecycle::{facility, user_id};
use model::{
    Assurance, Cause, DeviceId, FacilityId, PersonId, ReasonCode, SerialNumber, SessionId, Target, Timestamp, UserId,
    UserKey,
};

use crate::credential::Sealed;
use crate::state::{
    Administrator, ConsentForm, Contract, ContractId, Deleted, DeletionId, DeletionOrder, Device, Disaster, Duty,
    DutyId, Effect, Eligibility, Emergency, EmergencyId, Enrolment, External, Facility, FacilityDetails,
    FacilityRevocation, Membership, MembershipId, NumberingKey, Person, Report, ReportId, Retiring, RuleGates, RuleSet,
    Stop, Suspension, SuspensionEnd, SuspensionId, TaskId, User, UserIdRecord,
};

pub use affected::Affected;

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
        /// How its key came about; none in entries from before that was written down.
        assurance: Option<Assurance>,
        /// SHA-256 of the public key (SubjectPublicKeyInfo); likewise.
        key: Option<[u8; 32]>,
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
    /// A certificate of another authority was registered: from here on it is known, and opens.
    CertificateRegistered {
        /// Our number for it.
        serial: SerialNumber,
        /// On which terminal it is.
        device: DeviceId,
        /// Where it comes from.
        external: External,
        /// SHA-256 of it in DER.
        fingerprint: [u8; 32],
        /// First instant of its validity.
        not_before: Timestamp,
        /// End of its validity.
        not_after: Timestamp,
    },
    /// Serial numbers give their index from here on.
    NumberingBegun {
        /// By which key they are sealed.
        key: NumberingKey,
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
    /// A set of rules was proposed.
    RulesProposed {
        /// As proposed.
        rules: RuleSet,
    },
    /// A second officer took a set of rules into force.
    RulesApproved {
        /// Which.
        version: String,
        /// What they had passed; none: written when that was not asked for yet.
        gates: Option<RuleGates>,
    },
    /// The rules in force before are in force again.
    RulesRolledBack {
        /// Which set is in force no longer.
        version: String,
        /// Why.
        reason: String,
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
    /// A record was deleted under it (art. 19-2).
    DeletionCarriedOut {
        /// What, when, by whom.
        deleted: Deleted,
    },
    /// An officer entered the city's rule for break-glass (art. 41-1).
    BreakGlassProposed {
        /// Name and date of the rule.
        rule: String,
    },
    /// A second officer issued it.
    BreakGlassIssued,
    /// It was taken back, and every emergency declared under it is ended.
    BreakGlassWithdrawn {
        /// Why.
        reason: String,
    },
    /// A user declared an emergency (art. 41-1).
    EmergencyDeclared {
        /// As declared.
        emergency: Emergency,
    },
    /// He ended it before its time.
    EmergencyEnded {
        /// Which.
        emergency: EmergencyId,
        /// Whose.
        user_id: UserId,
    },
    /// Its time is over, ended before or not; it is remembered no longer.
    EmergencyOver {
        /// Which.
        emergency: EmergencyId,
        /// Whose.
        user_id: UserId,
    },
    /// A code was offered for a terminal (art. 38-1). The one before it is over.
    EnrolmentOffered {
        /// As offered.
        enrolment: Enrolment,
    },
    /// A wrong code was given for a terminal.
    EnrolmentTried {
        /// Which terminal.
        device: DeviceId,
    },
    /// The code of a terminal was used: it gave a serial number, in the same entry.
    EnrolmentUsed {
        /// Which terminal.
        device: DeviceId,
    },
    /// The code of a terminal ended unused: by the clock, with the loan, or because somebody else may have it.
    EnrolmentEnded {
        /// Which terminal.
        device: DeviceId,
        /// Why, where somebody ended it.
        because: Option<Cause>,
    },
    /// A certificate was renewed and will be revoked.
    CertificateRetiring {
        /// Which, and when.
        retiring: Retiring,
    },
    /// The name that a terminal's hardware vouches for was entered.
    DeviceHardware {
        /// Which terminal.
        device: DeviceId,
        /// The name; none: it was taken away.
        hardware: Option<String>,
    },
    /// It was dealt with.
    CertificateRetired {
        /// The number of the certificate that follows it.
        successor: SerialNumber,
    },
    /// Revoked certificates of a terminal wait for their confirmation (art. 38-3).
    RevocationReported {
        /// The task.
        task: TaskId,
        /// Of which terminal.
        device: DeviceId,
        /// What this act revoked, at least one.
        serials: Vec<SerialNumber>,
        /// Why.
        because: Cause,
    },
    /// What a revocation ended is known.
    RevocationTookEffect {
        /// Of which task.
        task: TaskId,
        /// What a gateway cut; none: every gateway that has not heard of it has stopped serving.
        effect: Option<Effect>,
    },
    /// A revocation list names all of it.
    RevocationListed {
        /// Of which task.
        task: TaskId,
        /// The list's number.
        number: u64,
    },
    /// The facility administrator confirmed all of it (art. 38-3).
    RevocationConfirmed {
        /// Which task.
        task: TaskId,
    },
    /// The facility administrator is reminded: unconfirmed for an hour.
    RevocationReminded {
        /// Of which task.
        task: TaskId,
    },
    /// It is put before the city: unconfirmed for a day.
    RevocationEscalated {
        /// Which task.
        task: TaskId,
    },
    /// An officer proposed to revoke all of a facility.
    FacilityRevocationProposed {
        /// As proposed.
        proposal: FacilityRevocation,
    },
    /// A proposal is over.
    FacilityRevocationEnded {
        /// About which facility.
        facility: FacilityId,
        /// A second officer had it carried out, in the same entry; otherwise it was taken back, or its time is over.
        carried_out: bool,
        /// Why it was taken back.
        reason: Option<String>,
    },
    /// Revocation lists were about to be signed under a number.
    ListsNumbered {
        /// The number; they only rise.
        number: u64,
        /// How many lists carry it.
        lists: u32,
    },
    /// A serial number was taken for who signs answers about certificates.
    ResponderReserved {
        /// The number.
        serial: SerialNumber,
    },
}
