//! Commands: what offices ask the registry to do. Who may is in `kind`.

use model::{
    Article, Assurance, Author, Cause, DeviceId, DutyKind, FacilityId, PersonId, Profession, RecordName, SerialNumber,
    SessionId, Target, TeamRole, Timestamp, UserId, UserKey,
};
use zeroize::Zeroizing;

use crate::credential::VerifiedPassword;
use crate::state::{
    Administrator, ConsentForm, ContractId, DeletionId, DutyId, Effect, Eligibility, EmergencyId, EnrolmentKind,
    External, FacilityDetails, NumberingKey, ReportId, RuleFile, RuleGates, StopReason, SuspensionId, TaskId,
};

/// What is to be done.
#[derive(Clone)]
pub enum Command {
    /// Enters a facility's application (art. 8).
    RegisterFacility {
        /// Which; never used before.
        facility: FacilityId,
        /// What the application says.
        details: FacilityDetails,
        /// Who applies, and will answer for it.
        administrator: Administrator,
    },
    /// Approves an application (art. 9).
    ApproveFacility {
        /// Which.
        facility: FacilityId,
        /// The city's words on the notice.
        reason: String,
    },
    /// Refuses an application (art. 9).
    RefuseFacility {
        /// Which.
        facility: FacilityId,
        /// Why.
        reason: String,
    },
    /// Enters a new application of a refused facility (art. 8).
    ReapplyFacility {
        /// Which.
        facility: FacilityId,
        /// What the application says now.
        details: FacilityDetails,
    },
    /// Enters a change notice (art. 12), or takes a facility off the public page (art. 23).
    ChangeFacility {
        /// Which.
        facility: FacilityId,
        /// As they are now.
        details: FacilityDetails,
    },
    /// Says who answers for a facility (art. 8, 12).
    SetAdministrator {
        /// Which.
        facility: FacilityId,
        /// Who.
        administrator: Administrator,
    },
    /// Closes a facility: all its user IDs, certificates, devices and memberships end with it (art. 13).
    CloseFacility {
        /// Which.
        facility: FacilityId,
        /// The notice it gave.
        reason: String,
    },
    /// Registers a user as a human being.
    RegisterUser {
        /// Who; never used before.
        user: UserKey,
        /// Name.
        name: String,
    },
    /// Grants a user ID; the first password comes back once (art. 10-1).
    GrantUserId {
        /// Which; never used before.
        user_id: UserId,
        /// To whom.
        user: UserKey,
        /// At which approved facility.
        facility: FacilityId,
        /// Category of art. 7.
        profession: Profession,
        /// Who recognised the user; needed for art. 7-8 to 7-10, and only there.
        recognised_by: Option<String>,
    },
    /// Ends a lost user ID and grants a new one in its place; the first password comes back once (art. 10-6).
    ReplaceUserId {
        /// The lost one.
        old: UserId,
        /// The new one; never used before.
        new: UserId,
        /// What was reported.
        reason: String,
    },
    /// Ends a user ID: its user left the facility (art. 12).
    EndUserId {
        /// Which.
        user_id: UserId,
        /// Why.
        reason: String,
    },
    /// The user sets a password (art. 10-3).
    ChangePassword {
        /// Proof that the user knows the password there is; it says of which user ID.
        current: VerifiedPassword,
        /// The password there shall be.
        new: Zeroizing<String>,
    },
    /// Loans a device (art. 37).
    RegisterDevice {
        /// Which; never used before.
        device: DeviceId,
        /// What people call it.
        label: String,
        /// To which approved facility.
        facility: FacilityId,
        /// Who answers for it: somebody with a user ID there.
        holder: UserKey,
    },
    /// A device came back, was lost or retired: all its certificates are revoked.
    ReturnDevice {
        /// Which.
        device: DeviceId,
        /// Why.
        because: Cause,
    },
    /// Takes a serial number for a certificate, before it is signed (promise P10).
    ReserveCertificate {
        /// The number; never used before.
        serial: SerialNumber,
        /// For which terminal.
        device: DeviceId,
        /// First instant of its validity.
        not_before: Timestamp,
        /// End of its validity (half-open).
        not_after: Timestamp,
        /// How its key came about.
        assurance: Assurance,
        /// SHA-256 of its public key (SubjectPublicKeyInfo). No other terminal's certificate has it, and it was not lost.
        key: [u8; 32],
    },
    /// Enters the name that a terminal's hardware vouches for: the maker's serial number, say. An attestation has to say the
    /// same (art. 38-1).
    NameHardware {
        /// Which terminal.
        device: DeviceId,
        /// The name, 1 to 128 characters; none takes it away.
        hardware: Option<String>,
    },
    /// Records a signed certificate (promise P7).
    RecordIssued {
        /// Its number.
        serial: SerialNumber,
        /// SHA-256 of it in DER.
        fingerprint: [u8; 32],
    },
    /// Revokes a certificate, reserved or issued (art. 38-2).
    RevokeCertificate {
        /// Its number.
        serial: SerialNumber,
        /// Why.
        because: Cause,
    },
    /// Revokes every certificate of a device, reserved or issued, in one act (art. 38-2). It stays on loan: found or mended, it
    /// enrols anew.
    RevokeDevice {
        /// Which.
        device: DeviceId,
        /// Why.
        because: Cause,
    },
    /// The facility administrator confirms a revocation (art. 38-3): all that was revoked by the same act.
    ConfirmRevocation {
        /// Number of one of its certificates.
        serial: SerialNumber,
    },
    /// Gateways say what revocations ended. Idempotent.
    RecordEffects {
        /// Of which tasks, and what.
        effects: Vec<(TaskId, Effect)>,
    },
    /// A revocation list names all certificates of these tasks. Idempotent.
    RecordListed {
        /// Which.
        tasks: Vec<TaskId>,
        /// The list's number (RFC 5280 5.2.3).
        number: u64,
    },
    /// Proposes to revoke all terminals of a facility. A second officer carries it out; a proposal before it is replaced.
    ProposeFacilityRevocation {
        /// Which.
        facility: FacilityId,
        /// Why.
        because: Cause,
        /// The officer's words.
        reason: String,
    },
    /// A second officer has all of a facility revoked as proposed.
    ApproveFacilityRevocation {
        /// Which.
        facility: FacilityId,
    },
    /// Takes the proposal back.
    WithdrawFacilityRevocation {
        /// Which.
        facility: FacilityId,
        /// Why.
        reason: String,
    },
    /// Gives up a reserved number.
    AbandonCertificate {
        /// The number.
        serial: SerialNumber,
    },
    /// Offers a code by which a terminal comes to its certificate (art. 38-1). The one before it is over.
    OfferEnrolment {
        /// For which terminal.
        device: DeviceId,
        /// What for.
        kind: EnrolmentKind,
        /// SHA-256 over the code, its terminal and its kind.
        digest: [u8; 32],
        /// Until when (half-open), at most [`crate::ENROLMENT_HOURS_MAX`] from now.
        until: Timestamp,
    },
    /// Ends the code that is offered for a terminal, whose slip was lost, say.
    WithdrawEnrolment {
        /// Which terminal.
        device: DeviceId,
    },
    /// A wrong code was given for a terminal. Comes to no changes where no code is offered.
    CountWrongCode {
        /// Which terminal.
        device: DeviceId,
    },
    /// Uses up a terminal's code and takes a serial number for its certificate, in one.
    ReserveByCode {
        /// The number; never used before.
        serial: SerialNumber,
        /// For which terminal.
        device: DeviceId,
        /// What the code is for.
        kind: EnrolmentKind,
        /// SHA-256 over the code that was given.
        digest: [u8; 32],
        /// First instant of the certificate's validity.
        not_before: Timestamp,
        /// End of its validity (half-open).
        not_after: Timestamp,
        /// How its key came about, as far as the kind of code allows.
        assurance: Assurance,
        /// SHA-256 of its public key (SubjectPublicKeyInfo). No other terminal's certificate has it, and it was not lost.
        key: [u8; 32],
    },
    /// Takes a serial number for the certificate that follows one that stands, which is retired
    /// [`crate::RETIRING_DAYS`] later.
    ReserveSuccessor {
        /// The number; never used before.
        serial: SerialNumber,
        /// Which certificate it follows; the terminal is the same.
        predecessor: SerialNumber,
        /// First instant of the certificate's validity.
        not_before: Timestamp,
        /// End of its validity (half-open).
        not_after: Timestamp,
        /// SHA-256 of its public key (SubjectPublicKeyInfo). No other terminal's certificate has it, and it was not lost.
        key: [u8; 32],
    },
    /// Registers a certificate of another authority, which the settings name, for a terminal (art. 38-1). Whether it is good is
    /// for the caller to have found out.
    RegisterCertificate {
        /// Our number for it; never used before.
        serial: SerialNumber,
        /// On which terminal it is.
        device: DeviceId,
        /// Where it comes from; neither it nor its fingerprint was registered before.
        external: External,
        /// SHA-256 of it in DER.
        fingerprint: [u8; 32],
        /// First instant of its validity.
        not_before: Timestamp,
        /// End of its validity (half-open).
        not_after: Timestamp,
    },
    /// Takes the next number of revocation lists, before any list that carries it is signed (promise P10; RFC 5280 5.2.3).
    NumberLists {
        /// How many lists will carry it.
        lists: u32,
    },
    /// Takes a serial number for who signs answers about certificates, or speaks for the authority at the enrolment door, before
    /// its certificate is signed (promise P10).
    ReserveResponder {
        /// The number. No terminal has it.
        serial: SerialNumber,
    },
    /// Has serial numbers give their index from here on. Comes to no changes where they do already.
    BeginNumbering {
        /// By which key they are sealed.
        key: NumberingKey,
    },
    /// Registers a person (art. 3).
    RegisterPerson {
        /// Who; equal to the FHIR Patient's id, never used before.
        person: PersonId,
        /// Name.
        name: String,
        /// District of the city, as disaster use names it; may be empty.
        area: String,
        /// Why eligible, from and until when.
        eligibility: Eligibility,
    },
    /// Changes a person's name or district.
    ChangePerson {
        /// Who.
        person: PersonId,
        /// Name now.
        name: String,
        /// District now; may be empty.
        area: String,
    },
    /// A person's eligibility ends (art. 3).
    EndEligibility {
        /// Whose.
        person: PersonId,
        /// From when on the person is not eligible any more.
        until: Timestamp,
    },
    /// A person is eligible again, or on another ground (art. 3).
    RenewEligibility {
        /// Whose.
        person: PersonId,
        /// As it is now.
        eligibility: Eligibility,
    },
    /// Enters a consent form (art. 17-1).
    GiveConsent {
        /// Whose.
        person: PersonId,
        /// What stands on it.
        form: ConsentForm,
    },
    /// Withdraws consent: support stopped (art. 17-2, 17-3).
    WithdrawConsent {
        /// Whose.
        person: PersonId,
        /// What was asked for.
        reason: String,
    },
    /// Enters a user on a person's care team.
    JoinTeam {
        /// Whose team.
        person: PersonId,
        /// Who.
        user: UserKey,
        /// Why.
        role: TeamRole,
        /// Through which facility; none where the user has user IDs at one facility only.
        facility: Option<FacilityId>,
        /// From when.
        from: Timestamp,
        /// Until when (half-open); none: until further notice.
        until: Option<Timestamp>,
    },
    /// Takes a user off a person's care team, in all roles.
    LeaveTeam {
        /// Whose team.
        person: PersonId,
        /// Who.
        user: UserKey,
    },
    /// Suspends a user ID (art. 29), a user (art. 39-2), a device, a facility or a person's records.
    Suspend {
        /// Whom or what.
        target: Target,
        /// Why.
        reason: String,
        /// By which article.
        article: Article,
        /// Until when (half-open); none: until lifted. The machine must give one (promise P11).
        until: Option<Timestamp>,
    },
    /// Lifts suspensions.
    Lift {
        /// Of whom or what.
        target: Target,
        /// Which; none: all.
        suspension: Option<SuspensionId>,
        /// Why.
        reason: String,
    },
    /// Stops the service without notice (art. 26).
    StopService {
        /// Why.
        reason: StopReason,
        /// What people are told; may be empty.
        text: String,
    },
    /// The service goes on.
    ResumeService,
    /// Two officers declare disaster use (art. 21-1).
    DeclareDisaster {
        /// Which district; [`crate::WHOLE_CITY`] for all.
        area: String,
        /// Why.
        reason: String,
        /// From when.
        from: Timestamp,
        /// Until when (half-open), at most 72 hours from now.
        until: Timestamp,
        /// The two officers. The author is one of them; the other confirms by [`Self::ConfirmDisaster`] within an hour.
        officers: [Author; 2],
    },
    /// The second officer confirms a declaration by an act of his own; unconfirmed it ends after an hour.
    ConfirmDisaster,
    /// Ends disaster use.
    EndDisaster {
        /// Why.
        reason: String,
    },
    /// A user signs out: one session ends before its time.
    EndSession {
        /// Which.
        session: SessionId,
        /// When it would be over at the latest.
        over_at: Timestamp,
    },
    /// Ends all sessions of a user ID.
    EndSessions {
        /// Of which.
        user_id: UserId,
    },
    /// The city has received a report (art. 29-2, 39-3).
    AcknowledgeReport {
        /// Which.
        report: ReportId,
    },
    /// Proposes a set of rules. It decides nothing before another officer approves it.
    ProposeRules {
        /// The schema.
        schema: String,
        /// The files, in the order in which reasons are given.
        files: Vec<RuleFile>,
        /// Why.
        reason: String,
    },
    /// Takes a proposed set of rules into force, as the second officer.
    ApproveRules {
        /// Which.
        version: String,
        /// Which were in force when they were compared with what is in force; none: the rules built in. They must still be.
        over: Option<String>,
        /// What they have passed.
        gates: RuleGates,
    },
    /// Goes back to the rules that were in force before.
    RollBackRules {
        /// Why.
        reason: String,
    },
    /// Enters a role for a whole facility (art. 18). A facility administrator enters who stands in, the city who manages.
    EnterDuty {
        /// Who: somebody with a user ID there.
        user: UserKey,
        /// For which approved facility.
        facility: FacilityId,
        /// Which role.
        kind: DutyKind,
        /// From when.
        from: Timestamp,
        /// Until when (half-open); whoever stands in must have an end, at most 31 days later.
        until: Option<Timestamp>,
    },
    /// Ends a role for a whole facility.
    EndDuty {
        /// Which.
        duty: DutyId,
    },
    /// Enters a contract with the contractor (art. 4-2).
    EnterContract {
        /// With whom.
        contractor: String,
        /// From when.
        from: Timestamp,
        /// Until when (half-open).
        until: Timestamp,
    },
    /// Ends a contract now, before its time.
    EndContract {
        /// Which.
        contract: ContractId,
        /// Why.
        reason: String,
    },
    /// Orders a deletion (art. 17-2, 19-2). Nothing may be deleted before a second officer has approved it.
    OrderDeletion {
        /// Whose records.
        person: PersonId,
        /// Which record; none: all of the person's.
        record: Option<RecordName>,
        /// Why.
        reason: String,
        /// Who carries it out.
        executor: UserId,
        /// Until when (half-open), at most 30 days from now.
        until: Timestamp,
    },
    /// A second officer approves a deletion.
    ApproveDeletion {
        /// Which.
        order: DeletionId,
    },
    /// Takes a deletion order back.
    CancelDeletion {
        /// Which.
        order: DeletionId,
        /// Why.
        reason: String,
    },
    /// Marks that a record was deleted under an order, behind the store's answer. Idempotent. An order that names one record is
    /// used up by it.
    MarkDeleted {
        /// Which order: one that was in force when the deletion was decided on.
        order: DeletionId,
        /// Which record.
        record: RecordName,
        /// The number of the request in the audit log.
        request: String,
    },
    /// Enters the city's rule for break-glass (art. 41-1). Not in force before a second officer has issued it.
    ProposeBreakGlass {
        /// Name and date of the rule.
        rule: String,
    },
    /// A second officer issues the rule.
    IssueBreakGlass,
    /// Takes the rule back, at any time.
    WithdrawBreakGlass {
        /// Why.
        reason: String,
    },
    /// A user declares an emergency under the city's rule (art. 41-1): from now on he reads about this person what treats, for
    /// [`crate::EMERGENCY_MINUTES`]. Idempotent: while one of his about the person stands, it comes to no changes.
    DeclareEmergency {
        /// About whom. Whether there is such a person is not asked.
        person: PersonId,
        /// Why.
        reason: String,
    },
    /// The user ends an emergency before its time. Idempotent: what has ended already comes to no changes.
    EndEmergency {
        /// Which.
        emergency: EmergencyId,
    },
    /// Puts in order what only the clock ended: suspensions, disaster use, memberships, duties, emergencies, remembered
    /// sessions. Decisions do not wait for it. Comes to no changes when there is nothing to do.
    Tick,
}

impl std::fmt::Debug for Command {
    /// The kind alone: a command may hold a password.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.kind().as_str())
    }
}
