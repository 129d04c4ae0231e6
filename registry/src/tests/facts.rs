//! The facts of a decision, taken at a time.

use model::lifecycle::{certificate, consent, facility as facility_lifecycle, service, user_id as user_id_lifecycle};
use model::{Article, Cause, Profession, Target, TeamRole};
use policy::{Relation, Resource};

use super::world::*;
use crate::{Command, MissingFact, WHOLE_CITY};

fn person_facts(facts: &policy::Facts) -> &policy::PersonFacts {
    match &facts.resource {
        Resource::Record { person, .. } => person,
        Resource::Directory => panic!("the directory"),
    }
}

fn relation(facts: &policy::Facts) -> Relation {
    match facts.resource {
        Resource::Record { relation, .. } => relation,
        Resource::Directory => panic!("the directory"),
    }
}

#[test]
fn everything_in_order() {
    let world = World::usual();
    let facts = world.facts("U-1", 1, "P-1");
    assert_eq!(facts.subject.user, user("K-1"));
    assert_eq!(facts.subject.profession, Profession::Nurse);
    assert_eq!(facts.subject.user_id_state, user_id_lifecycle::State::Active);
    assert_eq!(facts.subject.facility_state, facility_lifecycle::State::Approved);
    assert!(!facts.subject.user_id_suspended && !facts.subject.qualification_suspended);
    assert!(!facts.subject.facility_suspended && !facts.device.device_suspended);
    assert_eq!(facts.device.facility, facility("F-1"));
    assert_eq!(facts.device.certificate_state, certificate::State::Active);
    assert!(facts.device.certificate_in_validity);
    assert_eq!(relation(&facts), Relation::Team(TeamRole::Member));
    let about = person_facts(&facts);
    assert!(about.eligible && about.consent_store && about.consent_share && about.consent_disaster);
    assert!(!about.person_suspended && !about.in_disaster_area);
    assert_eq!((facts.service.state, facts.service.disaster), (service::State::Running, None));
    assert_eq!(relation(&world.facts("U-1", 1, "P-2")), Relation::None);
    let directory = world.snapshot.facts(&user_id("U-1"), &serial(1), None, world.now).unwrap();
    assert_eq!(directory.resource, Resource::Directory);
}

#[test]
fn a_missing_fact_is_named() {
    let world = World::usual();
    let ask = |id: &str, number, about: &str| {
        world.snapshot.facts(&user_id(id), &serial(number), Some(&person(about)), world.now).unwrap_err()
    };
    assert_eq!(ask("U-9", 1, "P-1"), MissingFact::UserId(user_id("U-9")));
    assert_eq!(ask("U-1", 9, "P-1"), MissingFact::Certificate(serial(9)));
    assert_eq!(ask("U-1", 1, "P-9"), MissingFact::Person(person("P-9")));
}

#[test]
fn validity_is_half_open() {
    let mut world = World::usual();
    let (from, until) = (world.now.plus_seconds(HOUR), world.now.plus_seconds(2 * HOUR));
    let (who, role) = (user("K-1"), TeamRole::Substitute);
    let join = Command::JoinTeam { person: person("P-2"), user: who, role, facility: None, from, until: Some(until) };
    world.must(clerk(), join);
    let certificate = world.snapshot.certificate(&serial(1)).unwrap().clone();
    let at = |at| world.snapshot.facts(&user_id("U-1"), &serial(1), Some(&person("P-2")), at).unwrap();
    for (at_, on_team) in [(-1, false), (0, true)].map(|(millis, on)| (from.plus_millis(millis), on)) {
        assert_eq!(relation(&at(at_)) == Relation::Team(TeamRole::Substitute), on_team);
    }
    for (at_, on_team) in [(-1, true), (0, false)].map(|(millis, on)| (until.plus_millis(millis), on)) {
        assert_eq!(relation(&at(at_)) == Relation::Team(TeamRole::Substitute), on_team);
    }
    assert!(!at(certificate.not_before.plus_millis(-1)).device.certificate_in_validity);
    assert!(at(certificate.not_before).device.certificate_in_validity);
    assert!(at(certificate.not_after.plus_millis(-1)).device.certificate_in_validity);
    assert!(!at(certificate.not_after).device.certificate_in_validity);
}

#[test]
fn a_membership_is_used_through_its_facility_only() {
    let mut world = World::usual();
    let (id, key, at) = (user_id("U-3"), user("K-1"), facility("F-2"));
    let profession = Profession::Nurse;
    world.must(
        clerk(),
        Command::GrantUserId { user_id: id.clone(), user: key, facility: at, profession, recognised_by: None },
    );
    world.change_password(&id);
    assert_eq!(relation(&world.facts("U-1", 1, "P-1")), Relation::Team(TeamRole::Member));
    assert_eq!(relation(&world.facts("U-3", 2, "P-1")), Relation::None, "the other job");
    // Through which facility must now be said.
    let join = |facility| Command::JoinTeam {
        person: person("P-2"),
        user: user("K-1"),
        role: TeamRole::OnCall,
        facility,
        from: begin(),
        until: None,
    };
    assert!(world.refused(clerk(), join(None)).contains("several facilities"));
    world.must(clerk(), join(Some(facility("F-2"))));
    assert_eq!(relation(&world.facts("U-3", 2, "P-2")), Relation::Team(TeamRole::OnCall));
    assert_eq!(relation(&world.facts("U-1", 1, "P-2")), Relation::None);
}

#[test]
fn of_several_roles_the_fullest_counts() {
    let mut world = World::usual();
    let (role, from, until) = (TeamRole::OnCall, world.now, None);
    world.must(
        clerk(),
        Command::JoinTeam { person: person("P-1"), user: user("K-1"), role, facility: None, from, until },
    );
    assert_eq!(relation(&world.facts("U-1", 1, "P-1")), Relation::Team(TeamRole::Member));
}

#[test]
fn a_suspension_is_a_fact_until_its_last_instant() {
    for (target, suspended) in [
        ("user-id:U-1", (|facts| facts.subject.user_id_suspended) as fn(&policy::Facts) -> bool),
        ("user:K-1", |facts| facts.subject.qualification_suspended),
        ("device:D-1", |facts| facts.device.device_suspended),
        ("facility:F-1", |facts| facts.subject.facility_suspended),
        ("person:P-1", |facts| person_facts(facts).person_suspended),
    ] {
        let mut world = World::usual();
        let neighbour = world.facts("U-2", 2, "P-2");
        let until = world.now.plus_seconds(HOUR);
        world.suspend(officer(), target, Some(until));
        assert_eq!(world.facts("U-2", 2, "P-2"), neighbour, "{target}: no effect on neighbours");
        let at = |at| world.snapshot.facts(&user_id("U-1"), &serial(1), Some(&person("P-1")), at).unwrap();
        for (millis, expected) in [(-1, true), (0, false)] {
            let facts = at(until.plus_millis(millis));
            assert_eq!(suspended(&facts), expected, "{target} {millis}");
            // The states say the same without waiting for anybody to tidy up.
            let state = facts.subject.user_id_state == user_id_lifecycle::State::Suspended;
            assert_eq!(state, expected && target.starts_with("user-id"));
            let state = facts.subject.facility_state == facility_lifecycle::State::Suspended;
            assert_eq!(state, expected && target.starts_with("facility"));
        }
        // Another machine's clock may be behind ours: a suspension holds at once.
        assert!(suspended(&at(world.now.plus_seconds(-HOUR))), "{target}");
    }
}

#[test]
fn consent_counts_only_while_given() {
    let mut world = World::usual();
    let about = |world: &World| {
        let facts = world.facts("U-1", 1, "P-1");
        let about = person_facts(&facts);
        (about.consent, about.consent_store, about.consent_share, about.consent_disaster)
    };
    world.must(clerk(), Command::GiveConsent { person: person("P-1"), form: form(true, false, true) });
    assert_eq!(about(&world), (consent::State::Given, true, false, true));
    world.must(clerk(), Command::WithdrawConsent { person: person("P-1"), reason: "on request".to_owned() });
    assert_eq!(about(&world), (consent::State::SupportStopped, false, false, false));
    let (name, area, eligibility) = ("新".to_owned(), String::new(), eligibility());
    world.must(clerk(), Command::RegisterPerson { person: person("P-3"), name, area, eligibility });
    let facts = world.facts("U-1", 1, "P-3");
    assert_eq!(person_facts(&facts).consent, consent::State::Absent);
    assert!(!person_facts(&facts).consent_share);
}

#[test]
fn eligibility_ends_at_its_instant() {
    let mut world = World::usual();
    let until = world.now.plus_seconds(DAY);
    world.must(clerk(), Command::EndEligibility { person: person("P-1"), until });
    assert!(person_facts(&world.facts("U-1", 1, "P-1")).eligible);
    world.later(DAY);
    assert!(!person_facts(&world.facts("U-1", 1, "P-1")).eligible);
    world.must(clerk(), Command::RenewEligibility { person: person("P-1"), eligibility: eligibility() });
    assert!(person_facts(&world.facts("U-1", 1, "P-1")).eligible);
}

#[test]
fn disaster_use_is_in_force_between_its_instants_and_in_its_area() {
    let mut world = World::usual();
    let (from, until) = (world.now.plus_seconds(HOUR), world.now.plus_seconds(2 * HOUR));
    let declare = |area: &str| Command::DeclareDisaster {
        area: area.to_owned(),
        reason: "river".to_owned(),
        from,
        until,
        officers: [officer(), second_officer()],
    };
    let mut elsewhere = world.clone();
    elsewhere.must(officer(), declare("south"));
    let mut everywhere = world.clone();
    everywhere.must(officer(), declare(WHOLE_CITY));
    world.must(officer(), declare("north"));
    for (at, in_force, state) in [
        (from.plus_millis(-1), false, service::State::DisasterUse),
        (from, true, service::State::DisasterUse),
        (until.plus_millis(-1), true, service::State::DisasterUse),
        (until, false, service::State::Running),
    ] {
        for (world, covered) in [(&world, true), (&elsewhere, false), (&everywhere, true)] {
            let facts = world.snapshot.facts(&user_id("U-2"), &serial(2), Some(&person("P-1")), at).unwrap();
            assert_eq!(facts.service.state, state);
            assert_eq!(facts.service.disaster.as_ref().map(|disaster| disaster.until), in_force.then_some(until));
            assert_eq!(person_facts(&facts).in_disaster_area, in_force && covered);
        }
    }
    // A person whose district nobody knows is in no district, but in the city.
    let (name, area) = ("山田 太郎".to_owned(), String::new());
    world.must(clerk(), Command::ChangePerson { person: person("P-1"), name: name.clone(), area: area.clone() });
    everywhere.must(clerk(), Command::ChangePerson { person: person("P-1"), name, area });
    for (world, covered) in [(&world, false), (&everywhere, true)] {
        let facts = world.snapshot.facts(&user_id("U-2"), &serial(2), Some(&person("P-1")), from).unwrap();
        assert_eq!(person_facts(&facts).in_disaster_area, covered);
    }
}

#[test]
fn a_certificate_is_what_its_lifecycle_says() {
    let mut world = World::usual();
    let (not_before, not_after) = (world.now, world.now.plus_seconds(DAY));
    let (new, device) = (serial(9), device("D-1"));
    world.must(
        clerk(),
        Command::ReserveCertificate {
            serial: new,
            device,
            not_before,
            not_after,
            assurance: model::Assurance::Software,
            key: key_of(new),
        },
    );
    assert_eq!(world.facts("U-1", 9, "P-1").device.certificate_state, certificate::State::Reserved);
    assert_eq!(world.snapshot.certificate(&new).unwrap().predecessor, Some(serial(1)));
    world.must(clerk(), Command::RecordIssued { serial: new, fingerprint: [3; 32] });
    assert_eq!(world.facts("U-1", 9, "P-1").device.certificate_state, certificate::State::Active);
    world.must(clerk(), Command::RevokeCertificate { serial: new, because: Cause::Left });
    assert_eq!(world.facts("U-1", 9, "P-1").device.certificate_state, certificate::State::Revoked);
    world.later(crate::REVOCATION_EFFECTIVE_SECONDS);
    world.must(administrator_of("F-1"), Command::ConfirmRevocation { serial: new });
    assert_eq!(world.facts("U-1", 9, "P-1").device.certificate_state, certificate::State::Confirmed);
    assert_eq!(world.facts("U-1", 1, "P-1").device.certificate_state, certificate::State::Active, "the other one");
}

#[test]
fn the_facts_of_two_suspensions() {
    let mut world = World::usual();
    let soon = world.now.plus_seconds(HOUR);
    world.suspend(machine(), "user-id:U-1", Some(soon));
    world.suspend(officer(), "user-id:U-1", None);
    world.later(2 * HOUR);
    assert!(world.facts("U-1", 1, "P-1").subject.user_id_suspended);
    let target = Target::UserId(user_id("U-1"));
    assert_eq!(world.snapshot.suspension(&target, world.now).unwrap().author, officer());
    assert_eq!(world.snapshot.suspension(&target, world.now).unwrap().article, Article::paragraph(29, 1));
    world.must(machine(), Command::Tick);
    assert_eq!(world.snapshot.suspensions_of(&target).count(), 1);
    assert_eq!(world.snapshot.user_id(&user_id("U-1")).unwrap().state, user_id_lifecycle::State::Suspended);
}
