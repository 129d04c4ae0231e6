//! Random commands over few names, and random authors.

use model::{
    Article, Author, Cause, DutyKind, Office, Profession, RecordName, SerialDraw, SessionId, Target, TeamRole,
    Timestamp,
};

use super::super::dice::Dice;
use super::super::world::*;
use crate::{
    Command, CommandKind, ContractId, DeletionId, DutyId, Effect, EmergencyId, EnrolmentKind, NumberingKey, ReportId,
    Snapshot, StopReason, TaskId,
};

/// A command over few names, so that they meet.
pub(super) fn any_command(dice: &mut Dice, now: Timestamp) -> Command {
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
pub(super) fn any_numbered(dice: &mut Dice, snapshot: &Snapshot, mut command: Command) -> Command {
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
pub(super) fn any_author(dice: &mut Dice, command: &Command) -> Author {
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
