//! What the regulation tells, told to the registry.

use std::collections::BTreeSet;

use model::lifecycle::{certificate, consent, facility as facility_lifecycle, service, user_id as user_id_lifecycle};
use model::{Article, Profession, ReasonCode, SessionId, Target, TeamRole};

use super::world::*;
use crate::{
    Affected, Change, Command, ConsentForm, ENDED_SESSIONS_PER_USER_ID_MAX, EligibilityKind, GivenBy, PasswordCheck,
    ReportSubject, StopReason, SuspensionEnd, Vault,
};

fn kinds(changes: &[Change]) -> Vec<String> {
    use crate::form::Form as _;
    changes.iter().map(|change| change.write()["kind"].as_str().unwrap().to_owned()).collect()
}

/// Art. 6, 8, 9: nothing is given before the city has approved, and a refused facility may apply again.
#[test]
fn nothing_is_given_under_a_facility_that_is_not_approved() {
    let mut world = World::usual();
    let id = facility("F-3");
    let register = Command::RegisterFacility {
        facility: id.clone(),
        details: details("F-3"),
        administrator: administrator("F-3"),
    };
    assert!(world.refused(administrator_of("F-1"), register.clone()).contains("may not do this to facility `F-3`"));
    world.must(administrator_of("F-3"), register.clone());
    assert!(world.refused(clerk(), register).contains("facility `F-3` exists already"));
    let grant = Command::GrantUserId {
        user_id: user_id("U-3"),
        user: user("K-1"),
        facility: id.clone(),
        profession: Profession::Nurse,
        recognised_by: None,
    };
    assert!(world.refused(clerk(), grant.clone()).contains("facility `F-3` is applied, not approved (art. 9)"));
    world.must(officer(), Command::RefuseFacility { facility: id.clone(), reason: "no address".to_owned() });
    assert!(world.refused(clerk(), grant.clone()).contains("is refused, not approved"));
    assert_eq!(world.snapshot.facility(&id).unwrap().reason.as_deref(), Some("no address"));
    world.must(
        administrator_of("F-3"),
        Command::ReapplyFacility { facility: id.clone(), details: details("With address") },
    );
    assert_eq!(world.snapshot.facility(&id).unwrap().name, "With address");
    world.must(clerk(), Command::ApproveFacility { facility: id.clone(), reason: "in order".to_owned() });
    world.must(clerk(), grant);
    world.suspend(officer(), "facility:F-3", None);
    let device =
        Command::RegisterDevice { device: device("D-3"), label: "x".to_owned(), facility: id, holder: user("K-1") };
    assert!(world.refused(clerk(), device).contains("is suspended, not approved"));
}

/// Art. 7-8 to 7-10: somebody recognises these users, and nobody else's.
#[test]
fn recognition_is_named_where_it_is_asked_for() {
    for profession in Profession::ALL {
        let mut world = World::usual();
        let grant = |recognised_by: Option<&str>| Command::GrantUserId {
            user_id: user_id("U-3"),
            user: user("K-1"),
            facility: facility("F-2"),
            profession: *profession,
            recognised_by: recognised_by.map(str::to_owned),
        };
        let (right, wrong) = if profession.needs_recognition() {
            (grant(Some("院長")), grant(None))
        } else {
            (grant(None), grant(Some("院長")))
        };
        assert!(world.refused(clerk(), wrong).contains(&format!("(art. 7-1-{})", profession.item())));
        world.must(clerk(), right);
    }
}

/// Art. 13: one act closes the facility; 0 active objects remain.
#[test]
fn closing_a_facility_ends_everything_of_it() {
    let mut world = World::usual();
    world.nurse("3", "F-1");
    world.joins("3", "P-2");
    world.certificate("D-1", 11);
    let (not_before, not_after) = (world.now, world.now.plus_seconds(DAY));
    world.must(
        clerk(),
        Command::ReserveCertificate { serial: serial(12), device: device("D-1"), not_before, not_after },
    );
    world.suspend(officer(), "user-id:U-1", None);
    world.suspend(officer(), "device:D-1", None);
    world.suspend(officer(), "facility:F-1", None);
    let neighbour = world.facts("U-2", 2, "P-2");

    let changes =
        world.must(clerk(), Command::CloseFacility { facility: facility("F-1"), reason: "notice".to_owned() });
    let snapshot = &world.snapshot;
    assert_eq!(snapshot.facility(&facility("F-1")).unwrap().state, facility_lifecycle::State::Closed);
    let here = facility("F-1");
    let of_device = |serial| snapshot.certificate(&serial).unwrap();
    assert_eq!(snapshot.user_ids().filter(|one| one.facility == here && one.is_live()).count(), 0);
    assert_eq!(snapshot.user_ids().filter(|one| one.facility == here && one.credential.is_some()).count(), 0);
    assert_eq!(snapshot.devices().filter(|one| one.facility == here && one.returned_at.is_none()).count(), 0);
    assert_eq!(snapshot.certificates_of(&device("D-1")).filter(|one| one.is_live()).count(), 0);
    for number in [1, 11, 12] {
        let revocation = of_device(serial(number)).revocation.clone().unwrap();
        assert_eq!((revocation.reason, revocation.at), (ReasonCode::CessationOfOperation, world.now));
    }
    assert_eq!(snapshot.persons_of(&user("K-1")).chain(snapshot.persons_of(&user("K-3"))).count(), 0);
    assert_eq!(snapshot.suspensions().count(), 0);
    assert_eq!(world.facts("U-2", 2, "P-2"), neighbour, "nobody else is touched");

    // Whoever is alive on it hears of it.
    let mut affected = Affected::default();
    changes.iter().for_each(|change| affected.merge(change.affects()));
    assert_eq!(affected.facilities, BTreeSet::from([facility("F-1")]));
    assert_eq!(affected.user_ids, BTreeSet::from([user_id("U-1"), user_id("U-3")]));
    assert_eq!(affected.devices, BTreeSet::from([device("D-1")]));
    assert_eq!(affected.serials, BTreeSet::from([serial(1), serial(11), serial(12)]));
    assert_eq!(affected.persons, BTreeSet::from([person("P-1"), person("P-2")]));
    assert!(!affected.service);
    // Closed is for good; only its administrator still confirms.
    for event in [
        Command::ApproveFacility { facility: facility("F-1"), reason: "again".to_owned() },
        Command::CloseFacility { facility: facility("F-1"), reason: "again".to_owned() },
    ] {
        assert!(world.refused(clerk(), event).contains("is not possible while `closed`"));
    }
    world.must(administrator_of("F-1"), Command::ConfirmRevocation { serial: serial(1) });
}

/// Art. 10-4 to 10-6: the lost ID is dead, the new one sees the same persons, and one history holds both.
#[test]
fn a_lost_user_id_is_replaced_and_the_teams_stay() {
    let mut world = World::usual();
    let session_epoch = world.snapshot.user_id(&user_id("U-1")).unwrap().credential_epoch;
    // Lost on a Sunday: the administrator suspends, the city replaces.
    let report = world.suspend(administrator_of("F-1"), "user-id:U-1", None);
    assert_eq!(kinds(&report), ["suspended", "user-id-moved", "report-due"]);
    let replace =
        |new: &str| Command::ReplaceUserId { old: user_id("U-1"), new: user_id(new), reason: "lost".to_owned() };
    let changes = world.must(clerk(), replace("U-1b"));
    assert_eq!(kinds(&changes), ["user-id-moved", "suspension-ended", "user-id-granted"]);
    let snapshot = world.snapshot.clone();
    let (old, new) = (snapshot.user_id(&user_id("U-1")).unwrap(), snapshot.user_id(&user_id("U-1b")).unwrap());
    assert_eq!(old.state, user_id_lifecycle::State::Ended);
    assert_eq!(old.credential, None, "nothing is left to guess");
    assert_eq!(new.replaces, Some(user_id("U-1")));
    assert!(new.must_change());
    assert_eq!((&new.user, &new.facility, new.profession), (&old.user, &old.facility, old.profession));
    assert!(session_epoch <= old.credential_epoch);
    assert_eq!(
        snapshot.user_ids_of(&user("K-1")).map(|one| one.id.as_str()).collect::<Vec<_>>(),
        ["U-1", "U-1b"],
        "one person, both histories"
    );
    world.change_password(&user_id("U-1b"));
    let facts = world.facts("U-1b", 1, "P-1");
    assert!(matches!(
        facts.resource,
        policy::Resource::Record { relation: policy::Relation::Team(TeamRole::Member), .. }
    ));
    // An ID is never given again, and a dead one not replaced twice.
    assert!(world.refused(clerk(), replace("U-3")).contains("is not possible while `ended`"));
    let again = Command::GrantUserId {
        user_id: user_id("U-1"),
        user: user("K-1"),
        facility: facility("F-2"),
        profession: Profession::Nurse,
        recognised_by: None,
    };
    assert!(world.refused(clerk(), again).contains("user ID `U-1` exists already"));
}

/// Art. 12: who leaves a facility leaves the teams he was on through it.
#[test]
fn who_leaves_a_facility_leaves_its_teams() {
    let mut world = World::usual();
    world.must(clerk(), Command::EndUserId { user_id: user_id("U-1"), reason: "left".to_owned() });
    assert_eq!(world.snapshot.persons_of(&user("K-1")).count(), 0);
    assert_eq!(world.snapshot.team(&person("P-1")).count(), 0);
    // A device that he holds gets no new certificate until somebody else answers for it (art. 37).
    let (not_before, not_after) = (world.now, world.now.plus_seconds(DAY));
    let reserve = Command::ReserveCertificate { serial: serial(9), device: device("D-1"), not_before, not_after };
    assert!(world.refused(clerk(), reserve).contains("has no user ID at facility `F-1` (art. 37)"));
}

/// Art. 10-1: one person, one user ID at a facility.
#[test]
fn nobody_has_two_user_ids_at_one_facility() {
    let mut world = World::usual();
    let grant = Command::GrantUserId {
        user_id: user_id("U-3"),
        user: user("K-1"),
        facility: facility("F-1"),
        profession: Profession::Nurse,
        recognised_by: None,
    };
    assert!(world.refused(clerk(), grant).contains("the user has user ID `U-1` there already (art. 10-1)"));
}

/// Art. 29-2, 39-3: whoever acts in the city's place owes a report, in the same entry.
#[test]
fn acts_in_the_citys_place_open_a_report() {
    for (author, owing) in
        [(contractor(), true), (machine(), true), (administrator_of("F-1"), true), (officer(), false), (clerk(), false)]
    {
        let mut world = World::usual();
        let until = Some(world.now.plus_seconds(HOUR));
        let changes = world.suspend(author.clone(), "user-id:U-1", until);
        assert_eq!(changes.iter().any(|change| matches!(change, Change::ReportDue { .. })), owing, "{author}");
        assert_eq!(world.snapshot.reports().count(), usize::from(owing));
    }
    let mut world = World::usual();
    world.suspend(contractor(), "user:K-1", None);
    world.must(contractor(), Command::RevokeCertificate { serial: serial(1), reason: ReasonCode::KeyCompromise });
    world.must(contractor(), Command::ReturnDevice { device: device("D-2"), reason: ReasonCode::KeyCompromise });
    let open: Vec<_> =
        world.snapshot.reports().map(|report| (report.about.clone(), report.article.to_string())).collect();
    assert_eq!(
        open,
        [
            (ReportSubject::Suspension(Target::User(user("K-1"))), "39-3".to_owned()),
            (ReportSubject::Revocation(serial(1)), "29-2".to_owned()),
            (ReportSubject::Return(device("D-2")), "29-2".to_owned()),
        ]
    );
    let report = world.snapshot.reports().next().unwrap().id;
    world.must(officer(), Command::AcknowledgeReport { report });
    assert_eq!(world.snapshot.reports().count(), 2);
    assert!(world.refused(officer(), Command::AcknowledgeReport { report }).contains("there is no report"));
}

/// Promise P11: every automatic act has an end.
#[test]
fn the_machine_must_say_when_its_suspension_ends() {
    let mut world = World::usual();
    let (target, reason) = (Target::UserId(user_id("U-1")), "too many readings".to_owned());
    let suspend =
        |until| Command::Suspend { target: target.clone(), reason: reason.clone(), article: Article::new(29), until };
    assert!(world.refused(machine(), suspend(None)).contains("the machine must say"));
    assert!(world.refused(machine(), suspend(Some(world.now))).contains("is over already"));
    let until = world.now.plus_seconds(1800);
    world.must(machine(), suspend(Some(until)));
    // The way back, by the city and by the clock.
    let mut lifted = world.clone();
    let lift = Command::Lift { target: target.clone(), suspension: None, reason: "false alarm".to_owned() };
    let changes = lifted.must(clerk(), lift.clone());
    assert_eq!(kinds(&changes), ["suspension-ended", "user-id-moved"]);
    assert_eq!(lifted.snapshot.user_id(&user_id("U-1")).unwrap().state, user_id_lifecycle::State::Active);
    assert!(lifted.refused(clerk(), lift).contains("is not suspended so"));
    assert_eq!(world.must(machine(), Command::Tick), []);
    world.later(1800);
    let changes = world.must(machine(), Command::Tick);
    assert!(matches!(&changes[0], Change::SuspensionEnded { end: SuspensionEnd::Expired, .. }), "{changes:?}");
    assert_eq!(world.snapshot.user_id(&user_id("U-1")).unwrap().state, user_id_lifecycle::State::Active);
    assert_eq!(world.snapshot.suspensions().count(), 0);
    assert_eq!(world.must(machine(), Command::Tick), []);
}

/// Two suspensions of one target: lifting one leaves the other in force.
#[test]
fn one_suspension_lifted_leaves_the_other() {
    let mut world = World::usual();
    world.suspend(officer(), "facility:F-1", None);
    world.suspend(contractor(), "facility:F-1", None);
    let target = Target::Facility(facility("F-1"));
    let first = world.snapshot.suspensions_of(&target).next().unwrap().id;
    let lift = |suspension| Command::Lift { target: target.clone(), suspension, reason: "settled".to_owned() };
    assert_eq!(kinds(&world.must(clerk(), lift(Some(first)))), ["suspension-ended"]);
    assert_eq!(world.snapshot.facility(&facility("F-1")).unwrap().state, facility_lifecycle::State::Suspended);
    assert_eq!(kinds(&world.must(clerk(), lift(None))), ["suspension-ended", "facility-moved"]);
    assert_eq!(world.snapshot.facility(&facility("F-1")).unwrap().state, facility_lifecycle::State::Approved);
}

/// Art. 10-3 and 29: a suspension before the first password was changed comes back to that.
#[test]
fn a_suspended_first_password_is_still_a_first_password() {
    let mut world = World::usual();
    let (id, key, at) = (user_id("U-3"), user("K-1"), facility("F-2"));
    let profession = Profession::Nurse;
    world.must(
        clerk(),
        Command::GrantUserId { user_id: id.clone(), user: key, facility: at, profession, recognised_by: None },
    );
    world.suspend(officer(), "user-id:U-3", None);
    assert_eq!(world.snapshot.user_id(&id).unwrap().state, user_id_lifecycle::State::GrantedSuspended);
    let change = Command::ChangePassword { user_id: id.clone(), current: secret("slip"), new: secret(PASSWORD) };
    assert!(
        world.refused(himself("U-3"), change).contains("`change-password` is not possible while `granted-suspended`")
    );
    world.must(
        clerk(),
        Command::Lift { target: Target::UserId(id.clone()), suspension: None, reason: "found".to_owned() },
    );
    assert!(world.snapshot.user_id(&id).unwrap().must_change());
}

/// Art. 39-2: the qualification follows the human being.
#[test]
fn a_suspended_qualification_holds_everywhere() {
    let mut world = World::usual();
    let grant = Command::GrantUserId {
        user_id: user_id("U-3"),
        user: user("K-1"),
        facility: facility("F-2"),
        profession: Profession::Nurse,
        recognised_by: None,
    };
    let mut second = world.clone();
    second.must(clerk(), grant.clone());
    second.suspend(officer(), "user:K-1", None);
    for (id, number) in [("U-1", 1), ("U-3", 2)] {
        assert!(second.facts(id, number, "P-1").subject.qualification_suspended, "{id}");
    }
    assert!(!second.facts("U-2", 2, "P-1").subject.qualification_suspended);
    // And it is not got round by another ID.
    world.suspend(officer(), "user:K-1", None);
    assert!(world.refused(clerk(), grant).contains("the qualification of user `K-1` is suspended (art. 39-2)"));
}

/// Art. 17-1, 17-2, 17-3.
#[test]
fn consent_is_given_by_somebody_for_a_reason_and_withdrawn_at_any_time() {
    let mut world = World::usual();
    let give = |form: ConsentForm| Command::GiveConsent { person: person("P-1"), form };
    let by_family = ConsentForm { given_by: GivenBy::Family, ..form(true, true, false) };
    assert!(
        world.refused(clerk(), give(by_family.clone())).contains("it must be said why the person did not (art. 17-1)")
    );
    world.must(clerk(), give(ConsentForm { reason: Some("dementia".to_owned()), ..by_family }));
    assert!(world.refused(clerk(), give(form(false, false, false))).contains("agrees to nothing"));
    let received_at = world.now.plus_seconds(1);
    assert!(
        world
            .refused(clerk(), give(ConsentForm { received_at, ..form(true, true, true) }))
            .contains("not been received")
    );
    let signed_at = begin();
    assert!(
        world.refused(clerk(), give(ConsentForm { signed_at, ..form(true, true, true) })).contains("before its date")
    );
    let withdraw = || Command::WithdrawConsent { person: person("P-1"), reason: "on request".to_owned() };
    let changes = world.must(clerk(), withdraw());
    assert_eq!(changes[0].affects().persons, BTreeSet::from([person("P-1")]));
    assert_eq!(world.snapshot.consent(&person("P-1")).unwrap().state, consent::State::SupportStopped);
    assert!(world.refused(clerk(), withdraw()).contains("is not possible while `support-stopped`"));
    world.must(clerk(), give(form(true, true, true)));
    assert_eq!(world.snapshot.consent(&person("P-1")).unwrap().withdrawal, None);
    assert!(
        world
            .refused(clerk(), Command::WithdrawConsent { person: person("P-9"), reason: "?".to_owned() })
            .contains("no person `P-9`")
    );
}

/// Art. 3: nobody is registered without eligibility.
#[test]
fn persons_are_eligible_or_not_registered() {
    let mut world = World::new();
    let register = |eligibility| Command::RegisterPerson {
        person: person("P-1"),
        name: "山田".to_owned(),
        area: String::new(),
        eligibility,
    };
    let over = crate::Eligibility { until: Some(world.now), ..eligibility() };
    assert!(world.refused(clerk(), register(over)).contains("not eligible any more (art. 3)"));
    let nowhere = crate::Eligibility { municipality: " ".to_owned(), ..eligibility() };
    assert!(world.refused(clerk(), register(nowhere)).contains("the municipality must have 1 to 200 characters"));
    let backwards = crate::Eligibility { until: Some(begin().plus_seconds(-2 * DAY)), ..eligibility() };
    assert!(world.refused(clerk(), register(backwards)).contains("ends before it begins"));
    world.must(clerk(), register(crate::Eligibility { kind: EligibilityKind::AddressException, ..eligibility() }));
}

#[test]
fn a_team_takes_users_who_work_somewhere() {
    let mut world = World::usual();
    world.must(clerk(), Command::RegisterUser { user: user("K-5"), name: "Nobody".to_owned() });
    let join = |who: &str, about: &str, from: i64, until: Option<i64>| Command::JoinTeam {
        person: person(about),
        user: user(who),
        role: TeamRole::Member,
        facility: None,
        from: begin().plus_seconds(from),
        until: until.map(|until| begin().plus_seconds(until)),
    };
    assert!(world.refused(clerk(), join("K-9", "P-1", 0, None)).contains("no user `K-9`"));
    assert!(world.refused(clerk(), join("K-1", "P-9", 0, None)).contains("no person `P-9`"));
    assert!(world.refused(clerk(), join("K-5", "P-1", 0, None)).contains("user `K-5` has no user ID"));
    assert!(world.refused(clerk(), join("K-2", "P-1", 10, Some(10))).contains("ends before it begins"));
    assert!(world.refused(clerk(), join("K-2", "P-1", -10, Some(0))).contains("over already"));
    assert!(world.refused(clerk(), join("K-1", "P-1", 10, None)).contains("meets this one"));
    world.must(clerk(), join("K-2", "P-1", 0, Some(10)));
    world.must(clerk(), join("K-2", "P-1", 10, Some(20)));
    assert_eq!(world.snapshot.memberships(&person("P-1"), &user("K-2")).count(), 2);
    world.later(10);
    let changes = world.must(machine(), Command::Tick);
    assert_eq!(kinds(&changes), ["team-left"]);
    let changes = world.must(clerk(), Command::LeaveTeam { person: person("P-1"), user: user("K-2") });
    assert_eq!(kinds(&changes), ["team-left"]);
    assert!(
        world
            .refused(clerk(), Command::LeaveTeam { person: person("P-1"), user: user("K-2") })
            .contains("not on the team")
    );
    assert_eq!(world.must(machine(), Command::Tick), []);
}

/// Art. 26 and 21.
#[test]
fn the_service_stops_and_goes_on() {
    let mut world = World::usual();
    let stop = || Command::StopService { reason: StopReason::FireOrPower, text: "停電のため".to_owned() };
    let changes = world.must(officer(), stop());
    assert!(changes[0].affects().service);
    assert_eq!(world.snapshot.service().stopped.as_ref().unwrap().reason, StopReason::FireOrPower);
    assert!(world.refused(officer(), stop()).contains("is not possible while `stopped`"));
    assert!(world.refused(officer(), Command::EndDisaster { reason: "?".to_owned() }).contains("is not possible"));
    world.must(clerk(), Command::ResumeService);
    assert_eq!((world.snapshot.service().state, &world.snapshot.service().stopped), (service::State::Running, &None));
}

#[test]
fn disaster_use_needs_two_officers_and_ends() {
    let mut world = World::usual();
    let declare = |officers, hours: i64| Command::DeclareDisaster {
        area: "north".to_owned(),
        reason: "river".to_owned(),
        from: begin(),
        until: begin().plus_seconds(hours * HOUR),
        officers,
    };
    let twin = model::Author::new(model::Office::CityOfficer, " TANAKA ");
    for officers in [[officer(), officer()], [officer(), twin], [officer(), clerk()], [officer(), contractor()]] {
        assert!(world.refused(officer(), declare(officers, 1)).contains("two different city officers"));
    }
    let third = model::Author::new(model::Office::CityOfficer, "Kato");
    assert!(world.refused(third, declare([officer(), second_officer()], 1)).contains("a declaration of two others"));
    assert!(world.refused(officer(), declare([officer(), second_officer()], 73)).contains("within 72 hours"));
    assert!(world.refused(officer(), declare([officer(), second_officer()], 0)).contains("ends before it begins"));
    let changes = world.must(officer(), declare([officer(), second_officer()], 72));
    assert!(changes[0].affects().service);
    let mut ended = world.clone();
    ended.must(second_officer(), Command::EndDisaster { reason: "the water is gone".to_owned() });
    assert_eq!(ended.snapshot.service().state, service::State::Running);
    world.later(72 * HOUR);
    assert_eq!(kinds(&world.must(machine(), Command::Tick)), ["disaster-ended"]);
    assert_eq!(world.snapshot.service().disaster, None);
}

/// A serial number is taken once, whatever becomes of it (promise P10).
#[test]
fn serial_numbers_are_never_used_twice() {
    let mut world = World::usual();
    let reserve = |number, of: &str| Command::ReserveCertificate {
        serial: serial(number),
        device: device(of),
        not_before: begin(),
        not_after: begin().plus_seconds(DAY),
    };
    world.must(clerk(), reserve(7, "D-1"));
    world.must(clerk(), Command::AbandonCertificate { serial: serial(7) });
    world.must(clerk(), Command::RevokeCertificate { serial: serial(1), reason: ReasonCode::Superseded });
    for (number, of) in [(7, "D-1"), (7, "D-2"), (1, "D-1"), (2, "D-1")] {
        assert!(world.refused(clerk(), reserve(number, of)).contains("exists already"));
    }
    // Recorded once, and only what was reserved.
    let issued = |number| Command::RecordIssued { serial: serial(number), fingerprint: [9; 32] };
    assert!(world.refused(clerk(), issued(2)).contains("`issue` is not possible while `active`"));
    assert!(world.refused(clerk(), issued(1)).contains("is not possible while `revoked`"));
    assert!(world.refused(clerk(), issued(8)).contains("no certificate"));
    // Lost between reserving and recording: the number can be revoked all the same.
    world.must(clerk(), reserve(8, "D-1"));
    world.must(clerk(), Command::RevokeCertificate { serial: serial(8), reason: ReasonCode::Unspecified });
    assert_eq!(world.snapshot.certificate(&serial(8)).unwrap().state, certificate::State::Revoked);
}

#[test]
fn a_device_that_came_back_is_out_of_use() {
    let mut world = World::usual();
    world.suspend(officer(), "device:D-1", None);
    let give_back = || Command::ReturnDevice { device: device("D-1"), reason: ReasonCode::CessationOfOperation };
    let changes = world.must(clerk(), give_back());
    assert_eq!(kinds(&changes), ["certificate-revoked", "device-returned", "suspension-ended"]);
    assert!(world.refused(clerk(), give_back()).contains("returned already"));
    let (not_before, not_after) = (world.now, world.now.plus_seconds(DAY));
    let reserve = Command::ReserveCertificate { serial: serial(9), device: device("D-1"), not_before, not_after };
    assert!(world.refused(clerk(), reserve).contains("device `D-1` was returned"));
    assert!(
        world
            .refused(
                officer(),
                Command::Suspend {
                    target: Target::Device(device("D-1")),
                    reason: "x".to_owned(),
                    article: Article::new(29),
                    until: None,
                }
            )
            .contains("`device:D-1` has ended")
    );
}

#[test]
fn ends_of_sessions_are_remembered_within_bounds() {
    let mut world = World::usual();
    let session = |number: usize| SessionId::new(&format!("S-{number}")).unwrap();
    let end = |world: &mut World, number: usize, hours: i64| {
        let over_at = begin().plus_seconds(hours * HOUR);
        world.must(himself("U-1"), Command::EndSession { session: session(number), over_at })
    };
    let changes = end(&mut world, 0, 12);
    assert_eq!(changes[0].affects().user_ids, BTreeSet::from([user_id("U-1")]));
    assert!(world.snapshot.session_ended(&session(0)) && !world.snapshot.session_ended(&session(1)));
    assert_eq!(end(&mut world, 0, 12), [], "twice is once");
    assert_eq!(end(&mut world, 1, 0), [], "it is over already");
    let over_at = begin().plus_seconds(8 * DAY);
    assert!(
        world
            .refused(himself("U-1"), Command::EndSession { session: session(1), over_at })
            .contains("no session lasts so long")
    );
    let epoch = world.snapshot.user_id(&user_id("U-1")).unwrap().credential_epoch;
    for number in 1..ENDED_SESSIONS_PER_USER_ID_MAX {
        end(&mut world, number, 12);
    }
    // One more: all sessions of the user ID end, which needs no list.
    assert_eq!(kinds(&end(&mut world, 1000, 12)), ["sessions-ended"]);
    assert_eq!(world.snapshot.user_id(&user_id("U-1")).unwrap().credential_epoch, epoch + 1);
    assert!(!world.snapshot.session_ended(&session(0)));
    end(&mut world, 1001, 12);
    end(&mut world, 1002, 13);
    world.later(12 * HOUR);
    assert_eq!(kinds(&world.must(machine(), Command::Tick)), ["sessions-forgotten"]);
    assert!(!world.snapshot.session_ended(&session(1001)) && world.snapshot.session_ended(&session(1002)));
    // A new password ends all sessions too.
    let id = user_id("U-1");
    let changes = world.must(
        himself("U-1"),
        Command::ChangePassword { user_id: id.clone(), current: secret("old"), new: secret(PASSWORD) },
    );
    assert_eq!(changes[0].affects().user_ids, BTreeSet::from([id.clone()]));
    assert_eq!(world.snapshot.user_id(&id).unwrap().credential_epoch, epoch + 2);
    assert!(!world.snapshot.session_ended(&session(1002)));
}

/// A user ID that is not there, one that has ended and a wrong password look the same.
#[test]
fn a_password_check_tells_nothing() {
    let vault = Vault::new(&[1; 32]).unwrap();
    let mut world = World::usual();
    let sealed = vault.credential(&user_id("U-1"), PASSWORD).unwrap();
    let mut snapshot = (*world.snapshot).clone();
    let epoch = snapshot.user_id(&user_id("U-1")).unwrap().credential_epoch + 1;
    let act = crate::Act { at: world.now, by: himself("U-1") };
    snapshot.apply(&act, &Change::PasswordChanged { user_id: user_id("U-1"), credential: sealed, epoch }).unwrap();
    world.snapshot = std::sync::Arc::new(snapshot);
    let check = |world: &World, id: Option<&str>, password: &str| {
        world.snapshot.verify_password(&vault, id.map(user_id).as_ref(), password)
    };
    let right = PasswordCheck::Right { credential_epoch: epoch, must_change: false };
    assert_eq!(check(&world, Some("U-1"), PASSWORD), right);
    assert_eq!(check(&world, Some("U-1"), "kumo-tori-umi-8"), PasswordCheck::Wrong);
    assert_eq!(check(&world, Some("U-1"), ""), PasswordCheck::Wrong);
    assert_eq!(check(&world, Some("U-1"), &PASSWORD.repeat(100)), PasswordCheck::Wrong);
    // This one's credential was never sealed by this vault.
    assert_eq!(check(&world, Some("U-2"), PASSWORD), PasswordCheck::Wrong);
    assert_eq!(check(&world, Some("U-9"), PASSWORD), PasswordCheck::Wrong);
    assert_eq!(check(&world, None, PASSWORD), PasswordCheck::Wrong);
    // The cost, taken as the best of several, differs by far less than one hash.
    let cost = |id: Option<&str>| {
        let once = || {
            let begun = std::time::Instant::now();
            let _ = check(&world, id, "kumo-tori-umi-8");
            begun.elapsed()
        };
        (0..5).map(|_| once()).min().unwrap()
    };
    let costs = [cost(Some("U-1")), cost(Some("U-9")), cost(None)];
    let (least, most) = (costs.iter().min().unwrap(), costs.iter().max().unwrap());
    assert!(*most < *least * 2, "{costs:?}");
    world.must(clerk(), Command::EndUserId { user_id: user_id("U-1"), reason: "left".to_owned() });
    assert_eq!(check(&world, Some("U-1"), PASSWORD), PasswordCheck::Wrong);
}

#[test]
fn the_next_free_user_id_is_free() {
    let mut world = World::usual();
    let free = world.snapshot.free_user_id().unwrap();
    assert_eq!(free.as_str(), "U-0003");
    let grant = Command::GrantUserId {
        user_id: free,
        user: user("K-1"),
        facility: facility("F-2"),
        profession: Profession::Nurse,
        recognised_by: None,
    };
    world.must(clerk(), grant);
    assert_eq!(world.snapshot.free_user_id().unwrap().as_str(), "U-0004");
}
