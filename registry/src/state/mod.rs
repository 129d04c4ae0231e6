//! The state as an immutable snapshot: tables in persistent maps, so that the next snapshot shares almost all of this
//! one. Looking up copies nothing.

mod break_glass;
mod certificates;
mod contract;
mod deletion;
mod device;
mod devices;
mod duty;
mod enrolment;
mod facility;
mod number;
mod numbering;
mod person;
mod revocation;
mod rules;
mod segmented;
mod service;
mod session;
mod signing;
mod suspension;
mod tables;
mod team;
mod user;

pub use break_glass::{BreakGlass, EMERGENCY_PROFESSIONS, Emergency};
pub use certificates::{CertificateIndex, Status};
pub use contract::Contract;
pub use deletion::{Cancellation, Deleted, DeletionOrder};
pub use device::{Certificate, Confirmation, Device, External, Revocation};
pub use duty::Duty;
pub use enrolment::{Enrolment, EnrolmentKind, Retiring};
pub use facility::{Administrator, Facility, FacilityDetails, FacilityKind};
pub use number::{
    ContractId, DeletionId, DutyId, EmergencyId, Generation, MembershipId, ReportId, SuspensionId, TaskId,
};
pub use numbering::NumberingKey;
pub use person::{Consent, ConsentForm, Eligibility, EligibilityKind, GivenBy, Person};
pub use revocation::{ConfirmationTask, Effect, FacilityRevocation};
pub use rules::{RuleApproval, RuleFile, RuleGates, RuleProof, RuleSet};
pub use service::{Awaited, Disaster, Service, Stop, StopReason, WHOLE_CITY};
pub use session::EndedSession;
pub use signing::Signing;
pub use suspension::{Report, ReportSubject, Suspension, SuspensionEnd};
pub use team::Membership;
pub use user::{User, UserIdRecord};

use model::lifecycle::{
    break_glass as break_glass_lifecycle, facility as facility_lifecycle, user_id as user_id_lifecycle,
};
use model::{
    Author, DeviceId, FacilityId, PersonId, Profession, RecordName, SerialDraw, SerialNumber, SessionId, Target,
    Timestamp, UserId, UserKey,
};

pub(crate) use certificates::{Certificates, Unfit};
pub(crate) use devices::Devices;
#[cfg(test)]
pub(crate) use numbering::Numbering;
pub(crate) use rules::Rules;
#[cfg(test)]
pub(crate) use segmented::Segmented;
pub(crate) use tables::Tables;

/// Who agreed to something, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Approval {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub by: Author,
}

/// What the city has decided, as of one generation.
#[derive(Clone, Debug, PartialEq)]
pub struct Snapshot {
    pub(crate) generation: Generation,
    pub(crate) last_at: Option<Timestamp>,
    pub(crate) tables: Tables,
}

impl Default for Snapshot {
    fn default() -> Self {
        Self { generation: Generation::START, last_at: None, tables: Tables::default() }
    }
}

impl Snapshot {
    /// Which state this is.
    #[must_use]
    pub const fn generation(&self) -> Generation {
        self.generation
    }

    /// The time of the newest command in it; none in the empty registry.
    #[must_use]
    pub const fn last_at(&self) -> Option<Timestamp> {
        self.last_at
    }

    /// What the authority was about to sign beside certificates of terminals.
    #[must_use]
    pub fn signing(&self) -> &Signing {
        &self.tables.signing
    }

    /// A facility.
    #[must_use]
    pub fn facility(&self, id: &FacilityId) -> Option<&Facility> {
        self.tables.facilities.get(id).map(AsRef::as_ref)
    }

    /// All facilities, by ID.
    pub fn facilities(&self) -> impl Iterator<Item = &Facility> {
        self.tables.facilities.values().map(AsRef::as_ref)
    }

    /// Where a facility stands at `at`: a suspension that is over by then is over, lifted or not.
    #[must_use]
    pub fn facility_state(&self, facility: &Facility, at: Timestamp) -> facility_lifecycle::State {
        let over = facility.state == facility_lifecycle::State::Suspended
            && self.suspension(&Target::Facility(facility.id.clone()), at).is_none();
        let resumed = facility.state.after(facility_lifecycle::Event::Resume);
        if over { resumed.unwrap_or(facility.state) } else { facility.state }
    }

    /// A user.
    #[must_use]
    pub fn user(&self, key: &UserKey) -> Option<&User> {
        self.tables.users.get(key).map(AsRef::as_ref)
    }

    /// All users, in no particular order.
    pub fn users(&self) -> impl Iterator<Item = &User> {
        self.tables.users.values().map(AsRef::as_ref)
    }

    /// A user ID, ended ones included.
    #[must_use]
    pub fn user_id(&self, id: &UserId) -> Option<&UserIdRecord> {
        self.tables.user_ids.get(id).map(AsRef::as_ref)
    }

    /// All user IDs, ended ones included, in no particular order.
    pub fn user_ids(&self) -> impl Iterator<Item = &UserIdRecord> {
        self.tables.user_ids.values().map(AsRef::as_ref)
    }

    /// All user IDs of a user, ended ones included, in the order they were granted: his history (art. 10-6).
    pub fn user_ids_of(&self, user: &UserKey) -> impl Iterator<Item = &UserIdRecord> {
        self.tables.user_ids_of.get(user).into_iter().flat_map(|ids| ids.iter()).filter_map(|id| self.user_id(id))
    }

    /// Where a user ID stands at `at`: a suspension that is over by then is over, lifted or not.
    #[must_use]
    pub fn user_id_state(&self, user_id: &UserIdRecord, at: Timestamp) -> user_id_lifecycle::State {
        use user_id_lifecycle::{Event, State};
        let over = matches!(user_id.state, State::Suspended | State::GrantedSuspended)
            && self.suspension(&Target::UserId(user_id.id.clone()), at).is_none();
        let resumed = user_id.state.after(Event::Resume);
        if over { resumed.unwrap_or(user_id.state) } else { user_id.state }
    }

    /// A user ID that has not been given yet: `U-0001`, `U-0002`, ... Somebody else may take it before you do.
    ///
    /// # Errors
    /// None but a fault of the grammar of identifiers.
    pub fn free_user_id(&self) -> Result<UserId, model::IdError> {
        let mut number = self.tables.user_ids.len() + 1;
        loop {
            let id = UserId::new(&format!("U-{number:04}"))?;
            if !self.tables.user_ids.contains_key(&id) {
                return Ok(id);
            }
            number += 1;
        }
    }

    /// A device, returned ones included.
    #[must_use]
    pub fn device(&self, id: &DeviceId) -> Option<&Device> {
        self.tables.devices.get(id)
    }

    /// All devices, returned ones included, in the order they were loaned.
    pub fn devices(&self) -> impl Iterator<Item = &Device> {
        self.tables.devices.values()
    }

    /// A certificate, by its serial number. Every number that was ever taken is here.
    #[must_use]
    pub fn certificate(&self, serial: &SerialNumber) -> Option<&Certificate> {
        self.tables.certificates.get(serial)
    }

    /// All certificates, in the order their numbers were taken.
    pub fn certificates(&self) -> impl Iterator<Item = &Certificate> {
        self.tables.certificates.values()
    }

    /// All certificates of a device, in the order their numbers were taken.
    pub fn certificates_of(&self, device: &DeviceId) -> impl Iterator<Item = &Certificate> {
        self.tables.certificates.of_device(device)
    }

    /// Somebody answers for the terminal: its holder has a user ID at its facility (art. 37).
    #[must_use]
    pub fn is_held(&self, device: &Device) -> bool {
        self.user_ids_of(&device.holder).any(|id| id.is_live() && id.facility == device.facility)
    }

    /// Those of our own for this public key (SHA-256 of its SubjectPublicKeyInfo).
    pub(crate) fn certificates_with_key(&self, key: &[u8; 32]) -> impl Iterator<Item = &Certificate> {
        self.tables.certificates.with_key(*key)
    }

    /// Where exactly this certificate stands: the one of this serial number with this SHA-256 (promise P7). None: the registry
    /// does not know it. Of a number that opens nothing anyway (revoked, reserved, given up) the number alone is asked.
    #[must_use]
    pub fn status(&self, serial: &SerialNumber, fingerprint: &[u8; 32]) -> Option<Status<'_>> {
        self.status_again(serial, fingerprint, None)
    }

    /// The same of a certificate that was found before, in any snapshot of this registry: looked for there first, and held to
    /// be the same.
    #[must_use]
    pub fn status_again(
        &self,
        serial: &SerialNumber,
        fingerprint: &[u8; 32],
        before: Option<CertificateIndex>,
    ) -> Option<Status<'_>> {
        let (index, state, slot) = self.tables.certificates.status(serial, fingerprint, before)?;
        Some(Status { index, state, device: self.tables.devices.at(slot)? })
    }

    /// The same of a certificate that was found before, in this snapshot or one before it.
    #[must_use]
    pub fn status_at(&self, index: CertificateIndex) -> Option<Status<'_>> {
        let (state, slot) = self.tables.certificates.status_at(index)?;
        Some(Status { index, state, device: self.tables.devices.at(slot)? })
    }

    /// Where a certificate of another authority stands that has this SHA-256 and was registered under this authority's name.
    #[must_use]
    pub fn status_elsewhere(&self, authority: &str, fingerprint: &[u8; 32]) -> Option<Status<'_>> {
        let index = self.tables.certificates.elsewhere(fingerprint)?;
        let external = self.certificate_at(index)?.external.as_ref()?;
        self.status_at(index).filter(|_| external.authority == authority)
    }

    /// A certificate that was found before, in this snapshot or one before it.
    #[must_use]
    pub fn certificate_at(&self, index: CertificateIndex) -> Option<&Certificate> {
        self.tables.certificates.at(index)
    }

    /// The certificate that this issuer (SHA-256 of its name in DER) gave this number, if it was registered.
    #[must_use]
    pub fn registered(&self, issuer: &[u8; 32], number: &SerialNumber) -> Option<&Certificate> {
        self.certificate_at(self.tables.certificates.registered(issuer, number)?)
    }

    /// The serial number that the next certificate of this draw would have; none before numbering has begun.
    #[must_use]
    pub(crate) fn next_serial(&self, draw: SerialDraw) -> Option<SerialNumber> {
        self.tables.certificates.next_serial(draw)
    }

    /// The code that a device can be enrolled by, used by nobody yet (one that is over until the next `Tick`).
    #[must_use]
    pub fn enrolment(&self, device: &DeviceId) -> Option<&Enrolment> {
        self.tables.enrolments.get(device).map(AsRef::as_ref)
    }

    /// All codes that nobody has used yet, by device (those that are over until the next `Tick`).
    pub fn enrolments(&self) -> impl Iterator<Item = &Enrolment> {
        self.tables.enrolments.values().map(AsRef::as_ref)
    }

    /// Certificates that were renewed and are not retired yet.
    pub fn retiring(&self) -> impl Iterator<Item = &Retiring> {
        self.tables.retiring.values().map(AsRef::as_ref)
    }

    /// A person.
    #[must_use]
    pub fn person(&self, id: &PersonId) -> Option<&Person> {
        self.tables.persons.get(id).map(AsRef::as_ref)
    }

    /// All persons, in no particular order.
    pub fn persons(&self) -> impl Iterator<Item = &Person> {
        self.tables.persons.values().map(AsRef::as_ref)
    }

    /// A person's consent; none before any form or withdrawal.
    #[must_use]
    pub fn consent(&self, person: &PersonId) -> Option<&Consent> {
        self.tables.consents.get(person).map(AsRef::as_ref)
    }

    /// Memberships of a user on a person's team, present and future (past ones until the next `Tick`).
    pub fn memberships(&self, person: &PersonId, user: &UserKey) -> impl Iterator<Item = &Membership> {
        self.team(person).filter(move |membership| membership.user == *user)
    }

    /// A person's care team, present and future (past ones until the next `Tick`).
    pub fn team(&self, person: &PersonId) -> impl Iterator<Item = &Membership> {
        self.tables.teams.get(person).into_iter().flat_map(|team| team.iter()).map(AsRef::as_ref)
    }

    /// A user's memberships on all teams, in the order they were entered.
    pub fn persons_of(&self, user: &UserKey) -> impl Iterator<Item = &Membership> {
        let memberships = self.tables.memberships_of.get(user);
        memberships.into_iter().flat_map(imbl::OrdMap::values).map(AsRef::as_ref)
    }

    /// A user's roles for whole facilities, present and future (past ones until the next `Tick`).
    pub fn duties_of(&self, user: &UserKey) -> impl Iterator<Item = &Duty> {
        self.tables.duties_of.get(user).into_iter().flat_map(|all| all.iter()).map(AsRef::as_ref)
    }

    /// All roles for whole facilities, in the order they were entered (past ones until the next `Tick`).
    pub fn duties(&self) -> impl Iterator<Item = &Duty> {
        self.tables.duties.values().map(AsRef::as_ref)
    }

    /// All contracts, in the order they were entered, past ones included.
    pub fn contracts(&self) -> impl Iterator<Item = &Contract> {
        self.tables.contracts.values().map(AsRef::as_ref)
    }

    /// All deletion orders, in the order they were given, past ones included.
    pub fn deletions(&self) -> impl Iterator<Item = &DeletionOrder> {
        self.tables.deletions.values().map(AsRef::as_ref)
    }

    /// A deletion order.
    #[must_use]
    pub fn deletion(&self, id: DeletionId) -> Option<&DeletionOrder> {
        self.tables.deletions.get(&id).map(AsRef::as_ref)
    }

    /// All deletion orders about a person, in the order they were given, past ones included.
    pub fn deletions_of(&self, person: &PersonId) -> impl Iterator<Item = &DeletionOrder> {
        let ids = self.tables.deletions_of.get(person);
        ids.into_iter().flat_map(|ids| ids.iter()).filter_map(|id| self.deletion(*id))
    }

    /// What was deleted under an order, by record.
    pub fn deleted_under(&self, order: DeletionId) -> impl Iterator<Item = &Deleted> {
        let records = self.tables.deleted.get(&order);
        records.into_iter().flat_map(|records| records.values()).map(AsRef::as_ref)
    }

    /// The orders in force at `at` that name this user ID and cover this record of the person (none: a record that is not known).
    pub fn deletion_orders(
        &self,
        person: &PersonId,
        record: Option<&RecordName>,
        user_id: &UserId,
        at: Timestamp,
    ) -> impl Iterator<Item = &DeletionOrder> {
        let holds =
            move |order: &&DeletionOrder| order.executor == *user_id && order.covers(record) && order.holds_at(at);
        self.deletions_of(person).filter(holds)
    }

    /// Where break-glass stands (art. 41).
    #[must_use]
    pub fn break_glass(&self) -> &BreakGlass {
        &self.tables.break_glass
    }

    /// All emergencies that are remembered, in the order they were declared (those that are over until the next `Tick`).
    pub fn emergencies(&self) -> impl Iterator<Item = &Emergency> {
        self.tables.emergencies.values().map(AsRef::as_ref)
    }

    /// Those of a user ID.
    pub fn emergencies_of(&self, user_id: &UserId) -> impl Iterator<Item = &Emergency> {
        let ids = self.tables.emergencies_of.get(user_id);
        ids.into_iter().flat_map(|ids| ids.iter()).filter_map(|id| self.tables.emergencies.get(id)).map(AsRef::as_ref)
    }

    /// The emergency about this person that this user ID has declared and that stands at `at`.
    #[must_use]
    pub fn emergency(&self, user_id: &UserId, person: &PersonId, at: Timestamp) -> Option<&Emergency> {
        self.emergencies_of(user_id).find(|one| one.person == *person && one.stands_at(at))
    }

    /// Whether somebody of this profession may declare an emergency: the city has issued its rule, and the profession treats.
    #[must_use]
    pub fn may_declare_emergency(&self, profession: Profession) -> bool {
        self.break_glass().state == break_glass_lifecycle::State::Issued && EMERGENCY_PROFESSIONS.contains(&profession)
    }

    /// A suspension of this target that is in force at `at`: the one that holds longest.
    #[must_use]
    pub fn suspension(&self, target: &Target, at: Timestamp) -> Option<&Suspension> {
        let longest = |suspension: &&Suspension| suspension.until.unwrap_or(Timestamp::MAX);
        self.suspensions_of(target).filter(|suspension| suspension.holds_at(at)).max_by_key(longest)
    }

    /// All suspensions of a target (expired ones until the next `Tick`).
    pub fn suspensions_of(&self, target: &Target) -> impl Iterator<Item = &Suspension> {
        self.tables.suspensions_of.get(target).into_iter().flat_map(|all| all.iter()).map(AsRef::as_ref)
    }

    /// All suspensions, in the order they were made (expired ones until the next `Tick`).
    pub fn suspensions(&self) -> impl Iterator<Item = &Suspension> {
        self.tables.suspensions.values().map(AsRef::as_ref)
    }

    /// The reports that the city waits for (art. 29-2, 39-3), oldest first.
    pub fn reports(&self) -> impl Iterator<Item = &Report> {
        self.tables.reports.values().map(AsRef::as_ref)
    }

    /// A task of confirmation (art. 38-3).
    #[must_use]
    pub fn task(&self, id: TaskId) -> Option<&ConfirmationTask> {
        self.tables.tasks.get(&id).map(AsRef::as_ref)
    }

    /// The task that the revocation of this certificate is part of.
    #[must_use]
    pub fn task_of(&self, serial: &SerialNumber) -> Option<&ConfirmationTask> {
        self.tables.task_of.get(serial).and_then(|id| self.task(*id))
    }

    /// All tasks of confirmation, confirmed ones included, oldest first.
    pub fn tasks(&self) -> impl DoubleEndedIterator<Item = &ConfirmationTask> {
        self.tables.tasks.values().map(AsRef::as_ref)
    }

    /// Those that nobody has confirmed, oldest first.
    pub fn open_tasks(&self) -> impl Iterator<Item = &ConfirmationTask> {
        self.tables.open_tasks.iter().filter_map(|id| self.task(*id))
    }

    /// What was proposed to revoke all of a facility, and waits for its second officer.
    #[must_use]
    pub fn facility_revocation(&self, facility: &FacilityId) -> Option<&FacilityRevocation> {
        self.tables.facility_revocations.get(facility).map(AsRef::as_ref)
    }

    /// All such proposals (those that are over until the next `Tick`).
    pub fn facility_revocations(&self) -> impl Iterator<Item = &FacilityRevocation> {
        self.tables.facility_revocations.values().map(AsRef::as_ref)
    }

    /// Where the service stands.
    #[must_use]
    pub fn service(&self) -> &Service {
        &self.tables.service
    }

    /// The set of rules in force, and who took it into force; none: the rules built into the program.
    #[must_use]
    pub fn rules_in_force(&self) -> Option<(&RuleSet, &RuleApproval)> {
        self.tables.rules.in_force()
    }

    /// A set of rules that was proposed.
    #[must_use]
    pub fn rule_set(&self, version: &str) -> Option<&RuleSet> {
        self.tables.rules.sets.get(version).map(AsRef::as_ref)
    }

    /// All sets of rules that were proposed, by version.
    pub fn rule_sets(&self) -> impl Iterator<Item = &RuleSet> {
        self.tables.rules.sets.values().map(AsRef::as_ref)
    }

    /// The approvals that stand, the one in force last: each but the first is one step back from the next.
    #[must_use]
    pub fn rule_approvals(&self) -> &[RuleApproval] {
        &self.tables.rules.approvals
    }

    /// The session was ended before its time. That says nothing of sessions that are over by the clock or by their
    /// credential epoch.
    #[must_use]
    pub fn session_ended(&self, session: &SessionId) -> bool {
        self.tables.sessions.contains(session)
    }

    /// How many objects it holds: for metrics, and for deciding when to store it.
    #[must_use]
    pub fn objects(&self) -> u64 {
        let tables = &self.tables;
        let lengths = [
            tables.facilities.len(),
            tables.users.len(),
            tables.user_ids.len(),
            tables.devices.len(),
            tables.certificates.len(),
            tables.persons.len(),
            tables.consents.len(),
            tables.membership_count,
            tables.suspensions.len(),
            tables.reports.len(),
            tables.sessions.len(),
            tables.duties.len(),
            tables.contracts.len(),
            tables.deletions.len(),
            tables.emergencies.len(),
            tables.deleted_count,
            tables.enrolments.len(),
            tables.retiring.len(),
            tables.tasks.len(),
        ];
        lengths.iter().map(|length| u64::try_from(*length).unwrap_or(u64::MAX)).fold(0, u64::saturating_add)
    }
}
