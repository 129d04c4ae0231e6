//! Random commands by random authors at random times: nothing panics, everything that must hold holds after each, and
//! the journal's entries come to the same state again.

use std::collections::{BTreeMap, BTreeSet};

use model::lifecycle::{
    break_glass, certificate, confirmation, deletion, facility as facility_lifecycle, user_id as user_id_lifecycle,
};
use model::{
    Article, Author, Cause, DutyKind, Office, Profession, ReasonCode, RecordName, SerialDraw, SerialNumber, SessionId,
    Target, TeamRole, Timestamp,
};
use proptest::prelude::*;

use super::dice::Dice;
use super::world::*;
use crate::form::{Entry, read_snapshot, write_entry, write_snapshot};
use crate::history::Next;
use crate::{
    Command, CommandKind, ContractId, DeletionId, DutyId, EMERGENCIES_PER_USER_MAX, EMERGENCY_MINUTES,
    EMERGENCY_PROFESSIONS, ENROLMENT_HOURS_MAX, ENROLMENT_TRIES_MAX, Effect, EmergencyId, EnrolmentKind, MembershipId,
    NumberingKey, ReportId, Snapshot, StopReason, TaskId,
};

/// A command over few names, so that they meet.
fn any_command(dice: &mut Dice, now: Timestamp) -> Command {
    fn of(dice: &mut Dice, kind: &str, count: u64) -> String {
        format!("{kind}-{}", 1 + dice.below(count))
    }
    let reason = "as it happened".to_owned();
    let near = |dice: &mut Dice| now.plus_seconds(i64::try_from(dice.below(5 * 86_400)).unwrap() - 86_400);
    let maybe = |dice: &mut Dice| (dice.below(2) == 0).then(|| near(dice));
    let a_facility = |dice: &mut Dice| facility(&of(dice, "F", 3));
    let a_user = |dice: &mut Dice| user(&of(dice, "K", 4));
    let an_id = |dice: &mut Dice| user_id(&of(dice, "U", 8));
    let a_device = |dice: &mut Dice| device(&of(dice, "D", 4));
    let a_person = |dice: &mut Dice| person(&of(dice, "P", 3));
    let a_serial = |dice: &mut Dice| serial(1 + dice.below(12));
    let a_target = |dice: &mut Dice| match dice.below(5) {
        0 => Target::User(a_user(dice)),
        1 => Target::Device(a_device(dice)),
        2 => Target::Facility(a_facility(dice)),
        3 => Target::Person(a_person(dice)),
        _ => Target::UserId(an_id(dice)),
    };
    match dice.one_of(CommandKind::ALL) {
        CommandKind::RegisterFacility => {
            let id = a_facility(dice);
            Command::RegisterFacility {
                details: details(id.as_str()),
                administrator: administrator(id.as_str()),
                facility: id,
            }
        }
        // More often than its share, or little else happens.
        CommandKind::ApproveFacility | CommandKind::RefuseFacility if dice.below(4) > 0 => {
            Command::ApproveFacility { facility: a_facility(dice), reason }
        }
        CommandKind::ApproveFacility | CommandKind::RefuseFacility => {
            Command::RefuseFacility { facility: a_facility(dice), reason }
        }
        CommandKind::ReapplyFacility => {
            Command::ReapplyFacility { facility: a_facility(dice), details: details("again") }
        }
        CommandKind::ChangeFacility => {
            Command::ChangeFacility { facility: a_facility(dice), details: details("other") }
        }
        CommandKind::SetAdministrator => {
            let id = a_facility(dice);
            Command::SetAdministrator { administrator: administrator(id.as_str()), facility: id }
        }
        CommandKind::CloseFacility if dice.below(8) > 0 => Command::Tick,
        CommandKind::CloseFacility => Command::CloseFacility { facility: a_facility(dice), reason },
        CommandKind::RegisterUser => Command::RegisterUser { user: a_user(dice), name: "Sato".to_owned() },
        CommandKind::GrantUserId => Command::GrantUserId {
            user_id: an_id(dice),
            user: a_user(dice),
            facility: a_facility(dice),
            profession: *dice.one_of(Profession::ALL),
            recognised_by: (dice.below(2) == 0).then(|| "院長".to_owned()),
        },
        CommandKind::ReplaceUserId => Command::ReplaceUserId { old: an_id(dice), new: an_id(dice), reason },
        CommandKind::EndUserId => Command::EndUserId { user_id: an_id(dice), reason },
        CommandKind::ChangePassword => change_password(&Snapshot::default(), &an_id(dice), PASSWORD),
        CommandKind::RegisterDevice => Command::RegisterDevice {
            device: a_device(dice),
            label: "tablet".to_owned(),
            facility: a_facility(dice),
            holder: a_user(dice),
        },
        CommandKind::ReturnDevice => {
            Command::ReturnDevice { device: a_device(dice), because: *dice.one_of(Cause::ALL) }
        }
        CommandKind::ReserveCertificate => Command::ReserveCertificate {
            serial: a_serial(dice),
            device: a_device(dice),
            not_before: near(dice),
            not_after: near(dice),
            assurance: model::Assurance::Software,
            key: key_of(serial(1 + dice.below(60))),
        },
        CommandKind::RecordIssued => Command::RecordIssued { serial: a_serial(dice), fingerprint: [dice.octet(); 32] },
        CommandKind::RevokeCertificate => {
            Command::RevokeCertificate { serial: a_serial(dice), because: *dice.one_of(Cause::ALL) }
        }
        CommandKind::RevokeDevice => {
            Command::RevokeDevice { device: a_device(dice), because: *dice.one_of(Cause::ALL) }
        }
        CommandKind::RecordEffects => Command::RecordEffects {
            effects: (0..3)
                .map(|_| {
                    let node = of(dice, "node", 3);
                    let effect =
                        Effect { node, at: now, connections: 1, exchanges: dice.below(9), last_octet_at: Some(now) };
                    (TaskId::new(dice.below(60)), effect)
                })
                .collect(),
        },
        CommandKind::RecordListed => {
            Command::RecordListed { tasks: (0..40).map(TaskId::new).collect(), number: dice.below(99) }
        }
        CommandKind::ProposeFacilityRevocation => {
            Command::ProposeFacilityRevocation { facility: a_facility(dice), because: *dice.one_of(Cause::ALL), reason }
        }
        CommandKind::ApproveFacilityRevocation => Command::ApproveFacilityRevocation { facility: a_facility(dice) },
        CommandKind::WithdrawFacilityRevocation => {
            Command::WithdrawFacilityRevocation { facility: a_facility(dice), reason }
        }
        CommandKind::ConfirmRevocation => Command::ConfirmRevocation { serial: a_serial(dice) },
        CommandKind::AbandonCertificate => Command::AbandonCertificate { serial: a_serial(dice) },
        CommandKind::RegisterPerson => Command::RegisterPerson {
            person: a_person(dice),
            name: "Yamada".to_owned(),
            area: "north".to_owned(),
            eligibility: eligibility(),
        },
        CommandKind::ChangePerson => {
            Command::ChangePerson { person: a_person(dice), name: "Yamada".to_owned(), area: String::new() }
        }
        CommandKind::EndEligibility => Command::EndEligibility { person: a_person(dice), until: near(dice) },
        CommandKind::RenewEligibility => {
            Command::RenewEligibility { person: a_person(dice), eligibility: eligibility() }
        }
        CommandKind::GiveConsent => Command::GiveConsent {
            person: a_person(dice),
            form: form(dice.below(2) == 0, dice.below(2) == 0, dice.below(2) == 0),
        },
        CommandKind::WithdrawConsent => Command::WithdrawConsent { person: a_person(dice), reason },
        CommandKind::JoinTeam => Command::JoinTeam {
            person: a_person(dice),
            user: a_user(dice),
            role: *dice.one_of(TeamRole::ALL),
            facility: (dice.below(2) == 0).then(|| a_facility(dice)),
            from: near(dice),
            until: maybe(dice),
        },
        CommandKind::LeaveTeam => Command::LeaveTeam { person: a_person(dice), user: a_user(dice) },
        CommandKind::Suspend => {
            Command::Suspend { target: a_target(dice), reason, article: Article::new(29), until: maybe(dice) }
        }
        CommandKind::Lift => Command::Lift { target: a_target(dice), suspension: None, reason },
        CommandKind::StopService => Command::StopService { reason: *dice.one_of(StopReason::ALL), text: String::new() },
        CommandKind::ResumeService => Command::ResumeService,
        CommandKind::DeclareDisaster => Command::DeclareDisaster {
            area: "north".to_owned(),
            reason,
            from: near(dice),
            until: near(dice),
            officers: [officer(), second_officer()],
        },
        CommandKind::ConfirmDisaster => Command::ConfirmDisaster,
        CommandKind::EndDisaster => Command::EndDisaster { reason },
        CommandKind::EndSession => {
            Command::EndSession { session: SessionId::new(&of(dice, "S", 5)).unwrap(), over_at: near(dice) }
        }
        CommandKind::EndSessions => Command::EndSessions { user_id: an_id(dice) },
        CommandKind::AcknowledgeReport => Command::AcknowledgeReport { report: ReportId::new(dice.below(20)) },
        // Few versions, so that they meet; and not often, for rules are read whole.
        CommandKind::ProposeRules | CommandKind::ApproveRules if dice.below(4) > 0 => Command::Tick,
        CommandKind::ProposeRules => propose_rules(&of(dice, "version", 3)),
        CommandKind::ApproveRules => {
            let over = maybe(dice).map(|_| version_of(&of(dice, "version", 3)));
            Command::ApproveRules { version: version_of(&of(dice, "version", 3)), over, gates: gates() }
        }
        CommandKind::RollBackRules => Command::RollBackRules { reason },
        CommandKind::Tick => Command::Tick,
        CommandKind::EnterDuty => Command::EnterDuty {
            user: a_user(dice),
            facility: a_facility(dice),
            kind: *dice.one_of(DutyKind::ALL),
            from: near(dice),
            until: maybe(dice),
        },
        CommandKind::EndDuty => Command::EndDuty { duty: DutyId::new(dice.below(40)) },
        CommandKind::EnterContract => {
            Command::EnterContract { contractor: "Works".to_owned(), from: near(dice), until: near(dice) }
        }
        CommandKind::EndContract => Command::EndContract { contract: ContractId::new(dice.below(40)), reason },
        CommandKind::OrderDeletion => Command::OrderDeletion {
            person: a_person(dice),
            record: (dice.below(2) == 0).then(|| RecordName::new("Observation/o-1").unwrap()),
            reason,
            executor: an_id(dice),
            until: near(dice),
        },
        CommandKind::ApproveDeletion => Command::ApproveDeletion { order: DeletionId::new(dice.below(40)) },
        CommandKind::CancelDeletion => Command::CancelDeletion { order: DeletionId::new(dice.below(40)), reason },
        CommandKind::MarkDeleted => Command::MarkDeleted {
            order: DeletionId::new(dice.below(40)),
            record: RecordName::new(&format!("Observation/o-{}", 1 + dice.below(2))).unwrap(),
            request: "00".to_owned(),
        },
        CommandKind::ProposeBreakGlass => Command::ProposeBreakGlass { rule: "規定第1号".to_owned() },
        CommandKind::IssueBreakGlass => Command::IssueBreakGlass,
        // Taken back less often than declared under, so that something is declared at all.
        CommandKind::WithdrawBreakGlass if dice.below(4) > 0 => Command::IssueBreakGlass,
        CommandKind::WithdrawBreakGlass => Command::WithdrawBreakGlass { reason },
        CommandKind::DeclareEmergency => Command::DeclareEmergency { person: a_person(dice), reason },
        CommandKind::EndEmergency => Command::EndEmergency { emergency: EmergencyId::new(dice.below(40)) },
        CommandKind::OfferEnrolment => Command::OfferEnrolment {
            device: a_device(dice),
            kind: *dice.one_of(EnrolmentKind::ALL),
            digest: [u8::try_from(dice.below(2)).unwrap(); 32],
            until: near(dice),
        },
        CommandKind::WithdrawEnrolment => Command::WithdrawEnrolment { device: a_device(dice) },
        CommandKind::CountWrongCode => Command::CountWrongCode { device: a_device(dice) },
        CommandKind::ReserveByCode => Command::ReserveByCode {
            serial: a_serial(dice),
            device: a_device(dice),
            kind: *dice.one_of(EnrolmentKind::ALL),
            digest: [u8::try_from(dice.below(2)).unwrap(); 32],
            not_before: near(dice),
            not_after: near(dice),
            assurance: *dice.one_of(model::Assurance::ALL),
            key: key_of(serial(1 + dice.below(60))),
        },
        CommandKind::NameHardware => {
            let hardware = (dice.below(4) > 0).then(|| format!("SN-{}", dice.below(3)));
            Command::NameHardware { device: a_device(dice), hardware }
        }
        CommandKind::ReserveSuccessor => Command::ReserveSuccessor {
            serial: a_serial(dice),
            predecessor: a_serial(dice),
            not_before: near(dice),
            not_after: near(dice),
            key: key_of(serial(1 + dice.below(60))),
        },
        CommandKind::RegisterCertificate => {
            register_certificate(a_serial(dice), [u8::try_from(dice.below(4)).unwrap(); 32], a_serial(dice))
        }
        CommandKind::NumberLists => Command::NumberLists { lists: u32::try_from(dice.below(3)).unwrap() },
        CommandKind::ReserveResponder => Command::ReserveResponder { serial: a_serial(dice) },
        CommandKind::BeginNumbering => {
            Command::BeginNumbering { key: NumberingKey::new(std::array::from_fn(|_| dice.octet())) }
        }
    }
}

/// A number is mostly given as the registry's own callers do, once it gives any; sometimes one that is out of its turn.
fn any_numbered(dice: &mut Dice, snapshot: &Snapshot, mut command: Command) -> Command {
    let (Command::ReserveCertificate { serial, .. }
    | Command::ReserveByCode { serial, .. }
    | Command::RegisterCertificate { serial, .. }
    | Command::ReserveSuccessor { serial, .. }) = &mut command
    else {
        return command;
    };
    let draw = SerialDraw::new(1 + dice.octet() % 127, std::array::from_fn(|_| dice.octet()));
    match (dice.below(8), snapshot.next_serial(draw)) {
        (0, _) | (_, None) => {}
        (1, _) => *serial = draw.numbered(std::array::from_fn(|_| dice.octet())),
        (_, Some(next)) => *serial = next,
    }
    command
}

/// Mostly somebody who may.
fn any_author(dice: &mut Dice, command: &Command) -> Author {
    let office = if dice.below(8) == 0 { *dice.one_of(Office::ALL) } else { *dice.one_of(command.kind().offices()) };
    match office {
        Office::FacilityAdministrator => administrator_of(&format!("F-{}", 1 + dice.below(3))),
        Office::CityOfficer if dice.below(2) == 0 => second_officer(),
        Office::CityOfficer => officer(),
        Office::User => match command {
            Command::ChangePassword { current, .. } => himself(current.user_id().as_str()),
            _ => himself(&format!("U-{}", 1 + dice.below(8))),
        },
        other => Author::new(other, "somebody"),
    }
}

/// What must hold in every state, looked up the slow way.
fn check(snapshot: &Snapshot) {
    for id in snapshot.user_ids() {
        assert_eq!(id.credential.is_some(), id.is_live(), "{}", id.id);
        assert_eq!(id.ended_at.is_some(), !id.is_live());
        let home = snapshot.facility(&id.facility).unwrap();
        assert!(snapshot.user(&id.user).is_some());
        if home.state == facility_lifecycle::State::Closed {
            assert_eq!(id.state, user_id_lifecycle::State::Ended);
        }
        let suspensions = snapshot.suspensions_of(&Target::UserId(id.id.clone())).count();
        let suspended =
            matches!(id.state, user_id_lifecycle::State::Suspended | user_id_lifecycle::State::GrantedSuspended);
        assert_eq!(suspended, suspensions > 0, "{}", id.id);
    }
    for facility in snapshot.facilities() {
        let suspensions = snapshot.suspensions_of(&Target::Facility(facility.id.clone())).count();
        assert_eq!(facility.state == facility_lifecycle::State::Suspended, suspensions > 0, "{}", facility.id);
        let live = |user: &crate::User| {
            snapshot.user_ids_of(&user.key).filter(|id| id.is_live() && id.facility == facility.id).count()
        };
        assert!(snapshot.users().all(|user| live(user) <= 1), "two user IDs at {}", facility.id);
    }
    for certificate in snapshot.certificates() {
        let device = snapshot.device(&certificate.device).unwrap();
        assert!(device.returned_at.is_none() || !certificate.is_live());
        let revoked = matches!(certificate.state, certificate::State::Revoked | certificate::State::Confirmed);
        assert_eq!(revoked, certificate.revocation.is_some());
        let confirmed = certificate.revocation.as_ref().is_some_and(|revocation| revocation.confirmed.is_some());
        assert_eq!(confirmed, certificate.state == certificate::State::Confirmed);
        assert!(certificate.state != certificate::State::Active || certificate.fingerprint.is_some());
        // A key stands for one terminal, and one that was lost for none.
        let key = certificate.key.filter(|_| certificate.state != certificate::State::Abandoned);
        let same = |one: &&crate::Certificate| one.key == key && one.state != certificate::State::Abandoned;
        for other in snapshot.certificates().filter(same).filter(|_| key.is_some()) {
            assert_eq!(other.device, certificate.device);
            let lost = |revocation: &crate::Revocation| revocation.reason == ReasonCode::KeyCompromise;
            assert!(!other.is_live() || !certificate.revocation.as_deref().is_some_and(lost), "{}", other.serial);
        }
    }
    // The table of states says what the records say.
    for (place, certificate) in snapshot.certificates().enumerate() {
        assert_eq!(snapshot.certificate(&certificate.serial), Some(certificate));
        let status = snapshot.status(&certificate.serial, &certificate.fingerprint.unwrap_or([9; 32])).unwrap();
        assert_eq!(status.index.get() as usize, place);
        assert_eq!((status.state, &status.device.id), (certificate.state, &certificate.device));
        assert_eq!(snapshot.status_at(status.index), Some(status));
        if let (Some(external), Some(fingerprint)) = (&certificate.external, &certificate.fingerprint) {
            assert_eq!(snapshot.status_elsewhere(&external.authority, fingerprint), Some(status));
            assert_eq!(snapshot.status_elsewhere("another", fingerprint), None);
            assert_eq!(snapshot.registered(&external.issuer, &external.number), Some(certificate));
        }
        let other = snapshot.status(&certificate.serial, &[0xee; 32]);
        assert_eq!(other.is_none(), certificate.fingerprint.is_some(), "another certificate of its number");
    }
    for task in snapshot.tasks() {
        assert_eq!(task.is_open(), task.confirmed.is_none());
        assert_eq!(snapshot.open_tasks().any(|open| open.id == task.id), task.is_open());
        assert!(task.because.is_to_be_confirmed() && !task.serials.is_empty());
        assert!(task.state != confirmation::State::Reported || task.effects.is_empty());
        assert!(task.escalated_at.is_none() || task.reminded_at.is_some(), "first the facility, then the city");
        for serial in &task.serials {
            let certificate = snapshot.certificate(serial).unwrap();
            assert_eq!(snapshot.task_of(serial).unwrap().id, task.id);
            assert_eq!(certificate.device, task.device);
            assert_eq!(certificate.revocation.as_ref().unwrap().reason, task.because.reason_code());
            assert_eq!(certificate.state == certificate::State::Confirmed, !task.is_open());
        }
    }
    for code in snapshot.enrolments() {
        assert!(snapshot.device(&code.device).unwrap().returned_at.is_none());
        assert!(code.tries < ENROLMENT_TRIES_MAX);
        assert!(code.until <= code.offered_at.plus_seconds(ENROLMENT_HOURS_MAX * 3600));
    }
    for retiring in snapshot.retiring() {
        let successor = snapshot.certificate(&retiring.successor).unwrap();
        assert_eq!(successor.predecessor, Some(retiring.serial));
        assert_eq!(successor.device, snapshot.certificate(&retiring.serial).unwrap().device);
    }
    // What is in force was proposed by somebody else.
    for approval in snapshot.rule_approvals() {
        assert_ne!(snapshot.rule_set(&approval.version).unwrap().proposed_by, approval.by);
    }
    // Every index leads to what the other one does.
    let by_person: BTreeMap<MembershipId, _> =
        snapshot.persons().flat_map(|person| snapshot.team(&person.id)).map(|one| (one.id, one.clone())).collect();
    let by_user: BTreeMap<MembershipId, _> =
        snapshot.users().flat_map(|user| snapshot.persons_of(&user.key)).map(|one| (one.id, one.clone())).collect();
    assert_eq!(by_person, by_user);
    assert_eq!(by_person.len(), snapshot.tables.membership_count);
    assert_eq!(by_person.values().filter(|one| one.until.is_some()).count(), snapshot.tables.expiring.len());
    for membership in by_person.values() {
        assert!(snapshot.user_ids_of(&membership.user).any(|id| id.is_live() && id.facility == membership.facility));
    }
    for duty in snapshot.duties() {
        assert!(snapshot.duties_of(&duty.user).any(|other| other == duty));
        assert!(snapshot.user_ids_of(&duty.user).any(|id| id.is_live() && id.facility == duty.facility));
    }
    assert_eq!(
        snapshot.users().map(|user| snapshot.duties_of(&user.key).count()).sum::<usize>(),
        snapshot.duties().count()
    );
    // Two officers, always: whatever is in force was approved by somebody else than who ordered it.
    for order in snapshot.deletions() {
        assert!(snapshot.deletions_of(&order.person).any(|other| other == order));
        assert_eq!(order.state == deletion::State::Ordered, order.approved.is_none() && order.cancelled.is_none());
        assert!(order.approved.as_ref().is_none_or(|second| second.by != order.ordered.by));
        let deleted: Vec<_> = snapshot.deleted_under(order.id).collect();
        assert!(deleted.is_empty() || order.approved.is_some());
        assert!(deleted.iter().all(|one| order.covers(Some(&one.record)) && one.by == order.executor));
        if order.record.is_some() {
            assert!(deleted.is_empty() || order.state != deletion::State::Approved, "used up");
            assert!(order.state != deletion::State::CarriedOut || deleted.len() == 1);
        } else {
            assert_ne!(order.state, deletion::State::CarriedOut);
        }
    }
    let deleted: usize = snapshot.deletions().map(|order| snapshot.deleted_under(order.id).count()).sum();
    assert_eq!(deleted, snapshot.tables.deleted_count);
    let glass = snapshot.break_glass();
    let by = |approval: &Option<crate::Approval>| approval.as_ref().map(|one| one.by.clone());
    assert_eq!(glass.state == break_glass::State::Issued, glass.issued.is_some());
    assert!(glass.issued.is_none() || by(&glass.issued) != by(&glass.proposed));
    let ended = snapshot.emergencies().all(|one| one.ended_at.is_some());
    assert!(glass.state == break_glass::State::Issued || ended, "without a rule");
    for emergency in snapshot.emergencies() {
        assert!(snapshot.emergencies_of(&emergency.user_id).any(|other| other == emergency));
        assert!(emergency.until == emergency.declared_at.plus_seconds(EMERGENCY_MINUTES * 60));
        assert!(EMERGENCY_PROFESSIONS.contains(&snapshot.user_id(&emergency.user_id).unwrap().profession));
        let beside = snapshot.emergencies_of(&emergency.user_id).filter(|one| one.until > emergency.declared_at);
        assert!(beside.filter(|one| one.declared_at <= emergency.declared_at).count() <= EMERGENCIES_PER_USER_MAX);
    }
    let by_user_id: usize = snapshot.user_ids().map(|known| snapshot.emergencies_of(&known.id).count()).sum();
    assert_eq!(by_user_id, snapshot.emergencies().count());
    let by_device: usize = snapshot.devices().map(|device| snapshot.certificates_of(&device.id).count()).sum();
    assert_eq!(by_device, snapshot.certificates().count());
    let targets: BTreeSet<_> = snapshot.suspensions().map(|suspension| suspension.target.clone()).collect();
    let by_target: usize = targets.iter().map(|target| snapshot.suspensions_of(target).count()).sum();
    assert_eq!(by_target, snapshot.suspensions().count());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, max_shrink_iters: 200, ..ProptestConfig::default() })]

    #[test]
    fn any_commands_in_any_order(seed: u64, count in 1_usize..400) {
        let mut dice = Dice::new(seed);
        let mut world = World::new();
        let mut journal: Vec<Vec<u8>> = Vec::new();
        let mut taken: BTreeSet<SerialNumber> = BTreeSet::new();
        let mut carried_out = 0;
        for _ in 0..count {
            world.later(i64::try_from(dice.below(7200)).unwrap());
            let command = any_command(&mut dice, world.now);
            let command = any_numbered(&mut dice, &world.snapshot, command);
            let (kind, author) = (command.kind(), any_author(&mut dice, &command));
            let before = std::sync::Arc::clone(&world.snapshot);
            match world.give(author.clone(), command) {
                Ok(changes) => {
                    carried_out += 1;
                    check(&world.snapshot);
                    for change in &changes {
                        if let crate::Change::CertificateReserved { serial, .. }
                        | crate::Change::CertificateRegistered { serial, .. } = change
                        {
                            assert!(taken.insert(*serial), "{serial} twice");
                        }
                    }
                    journal.push(write_entry(&Entry { at: world.now, by: author, command: kind, changes }));
                }
                Err(refused) => {
                    assert_eq!(*world.snapshot, *before);
                    assert!(!refused.to_string().contains("given twice"), "{refused}");
                }
            }
        }
        prop_assert!(count < 50 || carried_out > 0);
        // Replayed from the beginning, and from a stored state half way.
        let half = journal.len() / 2;
        let mut replayed = Snapshot::default();
        for (place, body) in journal.into_iter().enumerate() {
            if place == half {
                let kept = read_snapshot(&write_snapshot(&replayed)).unwrap();
                prop_assert_eq!(&kept, &replayed);
                replayed = kept;
            }
            let position = journal::Position::new(place as u64 + 1);
            let entry = journal::Entry { position, body, hash: journal::Hash::START };
            Next::read(replayed.generation(), &entry).unwrap().apply(&mut replayed).unwrap();
        }
        prop_assert_eq!(replayed, (*world.snapshot).clone());
    }

    /// Facts at any time come out or say what is missing; they never panic.
    #[test]
    fn facts_at_any_time(millis in Timestamp::MIN.as_millis()..Timestamp::MAX.as_millis()) {
        let world = World::usual();
        let at = Timestamp::from_millis(millis);
        let facts = world.snapshot.facts(&user_id("U-1"), &serial(1), Some(&person("P-1")), at).unwrap();
        let inside = world.snapshot.certificate(&serial(1)).unwrap().in_validity(at);
        prop_assert_eq!(facts.device.certificate_in_validity, inside);
    }
}
