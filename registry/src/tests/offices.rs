//! Who may give which command.

use std::collections::BTreeSet;

use model::{Article, Author, Cause, DutyKind, Office, Profession, SessionId, Target, TeamRole};

use super::world::*;
use crate::{
    Command, CommandKind, ContractId, DeletionId, DutyId, EmergencyId, EnrolmentKind, ReportId, StopReason, Why,
};

/// One of every command, such as the usual world takes (most of them).
fn one_of_each() -> Vec<Command> {
    let reason = || "as notified".to_owned();
    let now = begin();
    vec![
        Command::RegisterFacility {
            facility: facility("F-9"),
            details: details("F-9"),
            administrator: administrator("F-9"),
        },
        Command::ApproveFacility { facility: facility("F-1"), reason: reason() },
        Command::RefuseFacility { facility: facility("F-1"), reason: reason() },
        Command::ReapplyFacility { facility: facility("F-1"), details: details("F-1") },
        Command::ChangeFacility { facility: facility("F-1"), details: details("F-1") },
        Command::SetAdministrator { facility: facility("F-1"), administrator: administrator("F-1") },
        Command::CloseFacility { facility: facility("F-1"), reason: reason() },
        Command::RegisterUser { user: user("K-9"), name: "Sato".to_owned() },
        Command::GrantUserId {
            user_id: user_id("U-9"),
            user: user("K-1"),
            facility: facility("F-2"),
            profession: Profession::Nurse,
            recognised_by: None,
        },
        Command::ReplaceUserId { old: user_id("U-1"), new: user_id("U-9"), reason: reason() },
        Command::EndUserId { user_id: user_id("U-1"), reason: reason() },
        change_password(&crate::Snapshot::default(), &user_id("U-1"), PASSWORD),
        Command::RegisterDevice {
            device: device("D-9"),
            label: reason(),
            facility: facility("F-1"),
            holder: user("K-1"),
        },
        Command::ReturnDevice { device: device("D-1"), because: Cause::Returned },
        Command::ReserveCertificate {
            serial: serial(9),
            device: device("D-1"),
            not_before: now,
            not_after: now.plus_seconds(DAY),
            assurance: model::Assurance::Software,
            key: key_of(serial(9)),
        },
        Command::RecordIssued { serial: serial(1), fingerprint: [0; 32] },
        Command::RevokeCertificate { serial: serial(1), because: Cause::Stolen },
        Command::RevokeDevice { device: device("D-1"), because: Cause::Stolen },
        Command::RecordEffects { effects: Vec::new() },
        Command::RecordListed { tasks: Vec::new(), number: 1 },
        Command::ProposeFacilityRevocation { facility: facility("F-1"), because: Cause::Compromised, reason: reason() },
        Command::ApproveFacilityRevocation { facility: facility("F-1") },
        Command::WithdrawFacilityRevocation { facility: facility("F-1"), reason: reason() },
        Command::ConfirmRevocation { serial: serial(1) },
        Command::AbandonCertificate { serial: serial(1) },
        Command::RegisterPerson {
            person: person("P-9"),
            name: reason(),
            area: String::new(),
            eligibility: eligibility(),
        },
        Command::ChangePerson { person: person("P-1"), name: reason(), area: String::new() },
        Command::EndEligibility { person: person("P-1"), until: now.plus_seconds(DAY) },
        Command::RenewEligibility { person: person("P-1"), eligibility: eligibility() },
        Command::GiveConsent { person: person("P-1"), form: form(true, true, false) },
        Command::WithdrawConsent { person: person("P-1"), reason: reason() },
        Command::JoinTeam {
            person: person("P-1"),
            user: user("K-2"),
            role: TeamRole::Member,
            facility: None,
            from: now,
            until: None,
        },
        Command::LeaveTeam { person: person("P-1"), user: user("K-1") },
        Command::Suspend {
            target: Target::UserId(user_id("U-1")),
            reason: reason(),
            article: Article::new(29),
            until: Some(now.plus_seconds(DAY)),
        },
        Command::Lift { target: Target::UserId(user_id("U-1")), suspension: None, reason: reason() },
        Command::StopService { reason: StopReason::Maintenance, text: String::new() },
        Command::ResumeService,
        Command::DeclareDisaster {
            area: "north".to_owned(),
            reason: reason(),
            from: now,
            until: now.plus_seconds(HOUR),
            officers: [officer(), second_officer()],
        },
        Command::ConfirmDisaster,
        Command::EndDisaster { reason: reason() },
        Command::EndSession { session: SessionId::new("S-1").unwrap(), over_at: now.plus_seconds(HOUR) },
        Command::EndSessions { user_id: user_id("U-1") },
        Command::AcknowledgeReport { report: ReportId::new(1) },
        propose_rules("as proposed"),
        Command::ApproveRules { version: version_of("as proposed"), over: None, gates: gates() },
        Command::RollBackRules { reason: reason() },
        Command::Tick,
        Command::EnterDuty {
            user: user("K-1"),
            facility: facility("F-1"),
            kind: DutyKind::OnDuty,
            from: now,
            until: Some(now.plus_seconds(DAY)),
        },
        Command::EndDuty { duty: DutyId::new(1) },
        Command::EnterContract { contractor: reason(), from: now, until: now.plus_seconds(DAY) },
        Command::EndContract { contract: ContractId::new(1), reason: reason() },
        Command::OrderDeletion {
            person: person("P-1"),
            record: None,
            reason: reason(),
            executor: user_id("U-1"),
            until: now.plus_seconds(DAY),
        },
        Command::ApproveDeletion { order: DeletionId::new(1) },
        Command::CancelDeletion { order: DeletionId::new(1), reason: reason() },
        Command::MarkDeleted {
            order: DeletionId::new(1),
            record: model::RecordName::new("Observation/o-1").unwrap(),
            request: reason(),
        },
        Command::ProposeBreakGlass { rule: reason() },
        Command::IssueBreakGlass,
        Command::WithdrawBreakGlass { reason: reason() },
        Command::DeclareEmergency { person: person("P-1"), reason: reason() },
        Command::EndEmergency { emergency: EmergencyId::new(1) },
        Command::OfferEnrolment {
            device: device("D-1"),
            kind: EnrolmentKind::Csr,
            digest: [1; 32],
            until: now.plus_seconds(DAY),
        },
        Command::WithdrawEnrolment { device: device("D-1") },
        Command::CountWrongCode { device: device("D-1") },
        Command::ReserveByCode {
            serial: serial(9),
            device: device("D-1"),
            kind: EnrolmentKind::Csr,
            digest: [1; 32],
            not_before: now,
            not_after: now.plus_seconds(DAY),
            assurance: model::Assurance::Software,
            key: key_of(serial(9)),
        },
        register_certificate(serial(8), [8; 32], serial(1)),
        Command::NameHardware { device: device("D-1"), hardware: Some("SN-1".to_owned()) },
        Command::BeginNumbering { key: crate::NumberingKey::new([7; 16]) },
        Command::ReserveSuccessor {
            serial: serial(9),
            predecessor: serial(1),
            not_before: now,
            not_after: now.plus_seconds(DAY),
            key: key_of(serial(9)),
        },
        Command::NumberLists { lists: 1 },
        Command::ReserveResponder { serial: serial(9) },
    ]
}

#[test]
fn every_command_is_refused_to_the_other_offices() {
    let commands = one_of_each();
    let kinds: BTreeSet<_> = commands.iter().map(Command::kind).collect();
    assert_eq!(kinds.len(), CommandKind::ALL.len(), "a command is not tried here");
    let mut world = World::usual();
    for command in commands {
        let kind = command.kind();
        let may = kind.offices();
        assert!(!may.is_empty());
        for office in Office::ALL {
            let result = world.clone().give(Author::new(*office, "somebody"), command.clone());
            let by_office = matches!(&result, Err(refused) if matches!(refused.why, Why::Office { .. }));
            assert_eq!(by_office, !may.contains(office), "{kind} by {office}: {result:?}");
        }
        // Nobody acts without a name.
        let nameless = world.refused(Author::new(may[0], " "), command);
        assert!(nameless.contains("the author's name must have 1 to 200 characters"), "{nameless}");
    }
}

/// The separations of the regulation, said once more in its own words.
#[test]
fn the_contractor_stops_and_never_opens() {
    let may = |kind: &CommandKind| kind.offices().contains(&Office::Contractor);
    let kinds: Vec<_> = CommandKind::ALL.iter().filter(|kind| may(kind)).map(|kind| kind.as_str()).collect();
    assert_eq!(kinds, ["return-device", "revoke-certificate", "suspend", "end-sessions", "revoke-device"]);
    let officers_only: Vec<_> = CommandKind::ALL
        .iter()
        .filter(|kind| kind.offices() == [Office::CityOfficer])
        .map(|kind| kind.as_str())
        .collect();
    let two_officers_or_the_contract = [
        "declare-disaster",
        "end-disaster",
        "propose-rules",
        "approve-rules",
        "roll-back-rules",
        "enter-contract",
        "end-contract",
        "order-deletion",
        "approve-deletion",
        "cancel-deletion",
        "propose-break-glass",
        "issue-break-glass",
        "withdraw-break-glass",
        "confirm-disaster",
        "propose-facility-revocation",
        "approve-facility-revocation",
        "withdraw-facility-revocation",
    ];
    assert_eq!(officers_only, two_officers_or_the_contract);
    assert_eq!(CommandKind::ConfirmRevocation.offices(), [Office::FacilityAdministrator]);
}

#[test]
fn a_facility_administrator_acts_for_his_own_facility_only() {
    let world = World::usual();
    let (own, other) = (administrator_of("F-1"), administrator_of("F-2"));
    let mut revoked = world.clone();
    revoked.must(own.clone(), Command::RevokeCertificate { serial: serial(1), because: Cause::Stolen });
    for command in [
        Command::RevokeCertificate { serial: serial(1), because: Cause::Stolen },
        Command::ReturnDevice { device: device("D-1"), because: Cause::Stolen },
        Command::Suspend {
            target: Target::UserId(user_id("U-1")),
            reason: "lost".to_owned(),
            article: Article::new(29),
            until: None,
        },
        Command::Suspend {
            target: Target::Device(device("D-1")),
            reason: "lost".to_owned(),
            article: Article::new(29),
            until: None,
        },
    ] {
        world.clone().must(own.clone(), command.clone());
        let refusal = world.clone().refused(other.clone(), command);
        assert!(refusal.contains("`facility-administrator:A-F-2` may not do this to facility `F-1`"), "{refusal}");
    }
    // Beyond his facility there is nothing he may suspend, not even his own.
    for target in ["facility:F-1", "user:K-1", "person:P-1"] {
        let (target, reason) = (Target::parse(target).unwrap(), "dispute".to_owned());
        let command = Command::Suspend { target, reason, article: Article::new(29), until: None };
        assert!(world.clone().refused(own.clone(), command).contains("may not do this"));
    }
    // Art. 38-3: no one else confirms.
    revoked.later(crate::REVOCATION_EFFECTIVE_SECONDS);
    assert!(revoked.refused(other, Command::ConfirmRevocation { serial: serial(1) }).contains("F-1"));
    revoked.must(own, Command::ConfirmRevocation { serial: serial(1) });
    let confirmed = revoked.snapshot.certificate(&serial(1)).unwrap().revocation.clone().unwrap().confirmed.unwrap();
    assert_eq!(confirmed.by, administrator_of("F-1"));
}

/// Every command that a facility administrator may give at all, aimed at a facility that is not his: each is refused. A
/// new one without its line here fails.
#[test]
fn no_command_reaches_beyond_the_administrators_own_facility() {
    let mut world = World::usual();
    world.must(administrator_of("F-9"), one_of_each().remove(0));
    world.must(clerk(), Command::RefuseFacility { facility: facility("F-9"), reason: "no address".to_owned() });
    world.must(clerk(), Command::RevokeCertificate { serial: serial(2), because: Cause::Stolen });
    let duty = one_of_each().into_iter().find(|command| command.kind() == CommandKind::EnterDuty).unwrap();
    world.must(administrator_of("F-1"), duty.clone());
    let entered = world.snapshot.duties().next().unwrap().id;
    let tried = [
        Command::RegisterFacility {
            facility: facility("F-8"),
            details: details("F-8"),
            administrator: administrator("F-8"),
        },
        Command::ReapplyFacility { facility: facility("F-9"), details: details("F-9") },
        Command::RevokeCertificate { serial: serial(1), because: Cause::Stolen },
        Command::ReturnDevice { device: device("D-1"), because: Cause::Stolen },
        Command::RevokeDevice { device: device("D-1"), because: Cause::Stolen },
        Command::ConfirmRevocation { serial: serial(2) },
        Command::Suspend {
            target: Target::UserId(user_id("U-1")),
            reason: "lost".to_owned(),
            article: Article::new(29),
            until: None,
        },
        duty,
        Command::EndDuty { duty: entered },
    ];
    let of_another = administrator_of("F-7");
    let kinds: BTreeSet<_> = tried.iter().map(Command::kind).collect();
    let may = |kind: &&CommandKind| kind.offices().contains(&Office::FacilityAdministrator);
    assert_eq!(kinds, CommandKind::ALL.iter().filter(may).copied().collect(), "a command is not tried here");
    for command in tried {
        let kind = command.kind();
        let refusal = world.clone().refused(of_another.clone(), command);
        assert!(refusal.contains("`facility-administrator:A-F-7` may not do this to"), "{kind}: {refusal}");
    }
}

#[test]
fn a_user_acts_for_himself_only() {
    let world = World::usual();
    let change = |id: &str| change_password(&world.snapshot, &user_id(id), "another long one");
    world.clone().must(himself("U-1"), change("U-1"));
    assert!(world.clone().refused(himself("U-2"), change("U-1")).contains("may not do this to user ID `U-1`"));
    let end = || Command::EndSessions { user_id: user_id("U-1") };
    world.clone().must(himself("U-1"), end());
    assert!(world.clone().refused(himself("U-2"), end()).contains("may not do this"));
    // Art. 38-2: whoever holds the terminal reports it lost by himself.
    let revoke = || Command::RevokeCertificate { serial: serial(1), because: Cause::Stolen };
    world.clone().must(himself("U-1"), revoke());
    assert!(world.clone().refused(himself("U-2"), revoke()).contains("may not do this to device `D-1`"));
    assert!(world.clone().refused(himself("U-3"), revoke()).contains("there is no user ID `U-3`"));
    let mut ended = world.clone();
    ended.must(clerk(), Command::EndUserId { user_id: user_id("U-1"), reason: "left".to_owned() });
    assert!(ended.refused(himself("U-1"), revoke()).contains("there is no user ID `U-1`"));
}

#[test]
fn every_command_rests_on_an_article_that_there_is() {
    for kind in crate::CommandKind::ALL {
        assert!(kind.article().stands(), "{kind}: {}", kind.article());
    }
}
