//! Suspensions and the reports they oblige to (art. 29, 39).

use model::lifecycle::{facility as facility_lifecycle, user_id as user_id_lifecycle};
use model::{Article, Cause, Profession, Target};

use super::super::world::*;
use super::kinds;
use crate::{Change, Command, ReportSubject, SuspensionEnd};

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
    world.must(contractor(), Command::RevokeCertificate { serial: serial(1), because: Cause::Stolen });
    world.must(contractor(), Command::ReturnDevice { device: device("D-2"), because: Cause::Stolen });
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
    let change = change_password(&world.snapshot, &id, PASSWORD);
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

/// The clock alone ends a suspension: whoever waits for `Tick` waits for nothing.
#[test]
fn a_password_may_be_changed_as_soon_as_a_suspension_is_over() {
    let mut world = World::usual();
    let until = world.now.plus_seconds(HOUR);
    world.suspend(machine(), "user-id:U-1", Some(until));
    let change = || change_password(&crate::Snapshot::default(), &user_id("U-1"), PASSWORD);
    assert!(world.refused(himself("U-1"), change()).contains("is not possible while `suspended`"));
    world.later(HOUR);
    let changes = world.must(himself("U-1"), change());
    assert_eq!(kinds(&changes), ["suspension-ended", "user-id-moved", "password-changed"]);
}
