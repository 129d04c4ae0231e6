//! From a command to its changes, against one state. Pure: what is random or slow (passwords) was made before.
//!
//! Each change is tried on a draft of the next state as soon as it is drafted, by the same function that replays the
//! journal. So lifecycles and names are checked in one place, and what is published is what was validated.

mod break_glass;
mod contract;
mod deletion;
mod device;
mod duty;
mod enrolment;
mod facility;
mod facility_revocation;
mod person;
mod revocation;
mod rules;
mod service;
mod signing;
mod suspension;
mod team;
mod user;

use model::lifecycle::facility as facility_lifecycle;
use model::{Article, Author, FacilityId, Office, Target, Timestamp, UserId, UserKey};

use crate::apply::{Act, Misfit};
use crate::bounds::{NAME_CHARACTERS_MAX, REASON_CHARACTERS_MAX};
use crate::change::Change;
use crate::command::Command;
use crate::credential::Sealed;
use crate::kind::CommandKind;
use crate::refused::{Refused, Why};
use crate::state::{Facility, Snapshot, UserIdRecord};

/// What was made ready before validation, for the commands that need it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Materials {
    /// The credential of a new password.
    pub(crate) credential: Option<Sealed>,
}

impl Materials {
    /// As if everything had been made ready: to find out whether a command would be refused anyway.
    pub(crate) fn rehearsal() -> Self {
        Self { credential: Some(Sealed::new("")) }
    }
}

/// A validated command: its changes, and the state after them.
#[derive(Debug)]
pub(crate) struct Draft {
    pub(crate) kind: CommandKind,
    pub(crate) act: Act,
    pub(crate) changes: Vec<Change>,
    pub(crate) next: Snapshot,
}

/// Validates a command against a state.
///
/// # Errors
/// Why it is refused; nothing has happened then.
pub(crate) fn validate(
    snapshot: &Snapshot,
    command: &Command,
    materials: &Materials,
    author: &Author,
    at: Timestamp,
) -> Result<Draft, Refused> {
    let kind = command.kind();
    let act = Act { at, by: author.clone() };
    let mut draft = Draft { kind, act, changes: Vec::new(), next: snapshot.clone() };
    draft.office()?;
    contract::covers_the_author(&draft)?;
    let d = &mut draft;
    match command {
        Command::RegisterFacility { facility, details, administrator } => {
            facility::register(d, facility, details, administrator)
        }
        Command::ApproveFacility { facility, reason } => {
            facility::decide(d, facility, facility_lifecycle::Event::Approve, reason)
        }
        Command::RefuseFacility { facility, reason } => {
            facility::decide(d, facility, facility_lifecycle::Event::Refuse, reason)
        }
        Command::ReapplyFacility { facility, details } => facility::reapply(d, facility, details),
        Command::ChangeFacility { facility, details } => facility::change(d, facility, details),
        Command::SetAdministrator { facility, administrator } => {
            facility::set_administrator(d, facility, administrator)
        }
        Command::CloseFacility { facility, reason } => facility::close(d, facility, reason),
        Command::RegisterUser { user, name } => user::register(d, user, name),
        Command::GrantUserId { user_id, user, facility, profession, recognised_by } => {
            let granted = user::Granted { user_id, user, facility, profession: *profession, recognised_by };
            user::grant(d, &granted, materials)
        }
        Command::ReplaceUserId { old, new, reason } => user::replace(d, old, new, reason, materials),
        Command::EndUserId { user_id, reason } => user::end(d, user_id, reason),
        Command::ChangePassword { current, new } => user::change_password(d, current, new, materials),
        Command::EndSession { session, over_at } => user::end_session(d, session, *over_at),
        Command::EndSessions { user_id } => user::end_sessions(d, user_id),
        Command::RegisterDevice { device, label, facility, holder } => {
            device::register(d, device, label, facility, holder)
        }
        Command::ReturnDevice { device, because } => device::give_back(d, device, *because),
        Command::ReserveCertificate { serial, device, not_before, not_after, assurance, key } => {
            device::reserve(d, *serial, device, (*not_before, *not_after), (*assurance, key))
        }
        Command::RecordIssued { serial, fingerprint } => {
            d.push(Change::CertificateIssued { serial: *serial, fingerprint: *fingerprint })
        }
        Command::RevokeCertificate { serial, because } => revocation::revoke(d, *serial, *because),
        Command::RevokeDevice { device, because } => revocation::revoke_device(d, device, *because),
        Command::ConfirmRevocation { serial } => revocation::confirm(d, *serial),
        Command::RecordEffects { effects } => revocation::record_effects(d, effects),
        Command::RecordListed { tasks, number } => revocation::record_listed(d, tasks, *number),
        Command::ProposeFacilityRevocation { facility, because, reason } => {
            facility_revocation::propose(d, facility, *because, reason)
        }
        Command::ApproveFacilityRevocation { facility } => facility_revocation::approve(d, facility),
        Command::WithdrawFacilityRevocation { facility, reason } => facility_revocation::withdraw(d, facility, reason),
        Command::AbandonCertificate { serial } => d.push(Change::CertificateAbandoned { serial: *serial }),
        Command::RegisterPerson { person, name, area, eligibility } => {
            person::register(d, person, name, area, eligibility)
        }
        Command::ChangePerson { person, name, area } => person::change(d, person, name, area),
        Command::EndEligibility { person, until } => person::end_eligibility(d, person, *until),
        Command::RenewEligibility { person, eligibility } => person::renew_eligibility(d, person, eligibility),
        Command::GiveConsent { person, form } => person::give_consent(d, person, form),
        Command::WithdrawConsent { person, reason } => person::withdraw_consent(d, person, reason),
        Command::JoinTeam { person, user, role, facility, from, until } => {
            let place =
                team::Place { person, user, role: *role, facility: facility.as_ref(), from: *from, until: *until };
            team::join(d, &place)
        }
        Command::LeaveTeam { person, user } => team::leave(d, person, user),
        Command::Suspend { target, reason, article, until } => suspension::suspend(d, target, reason, *article, *until),
        Command::Lift { target, suspension, reason } => suspension::lift(d, target, *suspension, reason),
        Command::AcknowledgeReport { report } => d.push(Change::ReportAcknowledged { report: *report }),
        Command::StopService { reason, text } => service::stop(d, *reason, text),
        Command::ResumeService => d.push(Change::ServiceResumed),
        Command::DeclareDisaster { area, reason, from, until, officers } => {
            service::declare_disaster(d, area, reason, (*from, *until), officers)
        }
        Command::ConfirmDisaster => service::confirm_disaster(d),
        Command::EndDisaster { reason } => service::end_disaster(d, reason),
        Command::ProposeRules { schema, files, reason } => rules::propose(d, schema, files, reason),
        Command::ApproveRules { version, over, gates } => rules::approve(d, version, over.as_deref(), gates),
        Command::RollBackRules { reason } => rules::roll_back(d, reason),
        Command::Tick => service::tick(d),
        Command::EnterDuty { user, facility, kind, from, until } => {
            duty::enter(d, &duty::Entered { user, facility, kind: *kind, from: *from, until: *until })
        }
        Command::EndDuty { duty } => duty::end(d, *duty),
        Command::EnterContract { contractor, from, until } => contract::enter(d, contractor, *from, *until),
        Command::EndContract { contract, reason } => contract::end(d, *contract, reason),
        Command::OrderDeletion { person, record, reason, executor, until } => {
            let ordered = deletion::Ordered { person, record: record.as_ref(), reason, executor, until: *until };
            deletion::order(d, &ordered)
        }
        Command::ApproveDeletion { order } => deletion::approve(d, *order),
        Command::CancelDeletion { order, reason } => deletion::cancel(d, *order, reason),
        Command::MarkDeleted { order, record, request } => deletion::mark(d, *order, record, request),
        Command::ProposeBreakGlass { rule } => break_glass::propose(d, rule),
        Command::IssueBreakGlass => break_glass::issue(d),
        Command::WithdrawBreakGlass { reason } => break_glass::withdraw(d, reason),
        Command::DeclareEmergency { person, reason } => break_glass::declare(d, person, reason),
        Command::EndEmergency { emergency } => break_glass::end(d, *emergency),
        Command::OfferEnrolment { device, kind, digest, until } => enrolment::offer(d, device, *kind, digest, *until),
        Command::WithdrawEnrolment { device } => enrolment::withdraw(d, device),
        Command::CountWrongCode { device } => enrolment::tried(d, device),
        Command::NameHardware { device, hardware } => device::name_hardware(d, device, hardware.as_deref()),
        Command::ReserveByCode { serial, device, kind, digest, not_before, not_after, assurance, key } => {
            let (validity, key) = ((*not_before, *not_after), (*assurance, key));
            let coded = enrolment::Coded { serial: *serial, device, kind: *kind, digest, validity, key };
            enrolment::reserve(d, &coded)
        }
        Command::ReserveSuccessor { serial, predecessor, not_before, not_after, key } => {
            enrolment::renew(d, *serial, *predecessor, (*not_before, *not_after), key)
        }
        Command::RegisterCertificate { serial, device, external, fingerprint, not_before, not_after } => {
            device::register_certificate(d, *serial, device, external, fingerprint, (*not_before, *not_after))
        }
        Command::NumberLists { lists } => signing::number_lists(d, *lists),
        Command::ReserveResponder { serial } => signing::reserve_responder(d, *serial),
        Command::BeginNumbering { key } => device::begin_numbering(d, *key),
    }?;
    Ok(draft)
}

/// One officer is not two, however he writes his name.
fn differ(one: &Author, other: &Author) -> bool {
    one.name.trim().to_lowercase() != other.name.trim().to_lowercase()
}

impl Draft {
    /// Drafts a change.
    fn push(&mut self, change: Change) -> Result<(), Refused> {
        self.next.apply(&self.act, &change).map_err(|misfit| self.refused(misfit))?;
        self.changes.push(change);
        Ok(())
    }

    fn at(&self) -> Timestamp {
        self.act.at
    }

    fn refused(&self, why: impl Into<Why>) -> Refused {
        self.refused_by(self.kind.article(), why)
    }

    fn refused_by(&self, article: Article, why: impl Into<Why>) -> Refused {
        Refused { command: self.kind.as_str(), why: why.into(), article }
    }

    fn not_known(&self, what: &'static str, id: &impl ToString) -> Refused {
        self.refused(Misfit::not_known(what, id.to_string()))
    }

    fn require(&self, holds: bool, why: impl FnOnce() -> Why) -> Result<(), Refused> {
        if holds { Ok(()) } else { Err(self.refused(why())) }
    }

    /// The author acts in an office that may do this at all, and says who he is.
    fn office(&self) -> Result<(), Refused> {
        let (given, may) = (self.act.by.office, self.kind.offices());
        if !may.contains(&given) {
            let allowed = may.iter().map(|office| office.as_str()).collect::<Vec<_>>().join(", ");
            return Err(self.refused(Why::Office { given, allowed }));
        }
        self.text("the author's name", &self.act.by.name, 1, NAME_CHARACTERS_MAX)
    }

    /// A second officer is another one than the first. Names differ in more than spaces and capitals.
    fn another_officer(&self, first: &Author) -> Result<(), Refused> {
        let two = self.act.by.office == Office::CityOfficer && differ(first, &self.act.by);
        self.require(two, || Why::Condition(format!("this needs a second city officer, another one than `{first}`")))
    }

    fn not_theirs(&self, whose: impl Into<String>) -> Refused {
        self.refused(Why::NotTheirs { author: self.act.by.to_string(), whose: whose.into() })
    }

    /// A facility administrator acts for his own facility only.
    fn own_facility(&self, facility: &FacilityId) -> Result<(), Refused> {
        if self.act.by.office != Office::FacilityAdministrator {
            return Ok(());
        }
        let known = self.next.facility(facility).ok_or_else(|| self.not_known("facility", facility))?;
        if known.administrator.key.as_str() == self.act.by.name {
            return Ok(());
        }
        Err(self.not_theirs(format!("facility `{facility}`")))
    }

    /// A user acts for himself only: under this user ID.
    fn own_user_id(&self, user_id: &UserId) -> Result<(), Refused> {
        if self.act.by.office != Office::User || self.act.by.name == user_id.as_str() {
            return Ok(());
        }
        Err(self.not_theirs(format!("user ID `{user_id}`")))
    }

    /// The live user ID that the author, a user, acts under.
    fn author_user_id(&self) -> Result<&UserIdRecord, Refused> {
        let known = UserId::new(&self.act.by.name).ok().and_then(|user_id| self.next.user_id(&user_id));
        known.filter(|known| known.is_live()).ok_or_else(|| self.not_known("user ID", &self.act.by.name))
    }

    /// A facility that may be given things now (art. 6, 9).
    fn approved(&self, facility: &FacilityId) -> Result<&Facility, Refused> {
        let known = self.next.facility(facility).ok_or_else(|| self.not_known("facility", facility))?;
        let state = self.next.facility_state(known, self.at());
        if state != facility_lifecycle::State::Approved {
            let why = Why::Condition(format!("facility `{facility}` is {state}, not approved"));
            return Err(self.refused_by(Article::new(9), why));
        }
        Ok(known)
    }

    /// The live user ID of a user at a facility.
    fn user_id_at(&self, user: &UserKey, facility: &FacilityId) -> Option<&UserIdRecord> {
        self.next.user_ids_of(user).find(|user_id| user_id.is_live() && user_id.facility == *facility)
    }

    fn text(&self, field: &'static str, text: &str, min: usize, max: usize) -> Result<(), Refused> {
        let count = text.chars().count();
        let fits = (min..=max).contains(&count) && !text.chars().any(char::is_control);
        // A text of spaces says as little as none.
        let says = min == 0 || !text.trim().is_empty();
        self.require(fits && says, || Why::Text { field, min, max })
    }

    fn name(&self, field: &'static str, text: &str) -> Result<(), Refused> {
        self.text(field, text, 1, NAME_CHARACTERS_MAX)
    }

    fn reason(&self, text: &str) -> Result<(), Refused> {
        self.text("the reason", text, 1, REASON_CHARACTERS_MAX)
    }

    /// The next number for whatever is numbered.
    fn number(&self) -> u64 {
        self.next.tables.last_number.saturating_add(1)
    }

    /// Ends the suspensions of what has itself ended: nothing is left to lift.
    fn end_suspensions(&mut self, target: &Target) -> Result<(), Refused> {
        let ids: Vec<_> = self.next.suspensions_of(target).map(|suspension| suspension.id).collect();
        for suspension in ids {
            let (target, end) = (target.clone(), crate::SuspensionEnd::TargetEnded);
            self.push(Change::SuspensionEnded { suspension, target, end, reason: None })?;
        }
        Ok(())
    }
}
