//! Persons, consent and care teams (art. 3, 17, 18).

use std::collections::BTreeSet;

use model::TeamRole;
use model::lifecycle::consent;

use super::super::world::*;
use super::kinds;
use crate::{Command, ConsentForm, EligibilityKind, GivenBy};

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
