//! Facilities and the service as a whole (art. 6, 8, 9, 13, 21, 26).

use std::collections::BTreeSet;

use model::lifecycle::{facility as facility_lifecycle, service};
use model::{Profession, ReasonCode};

use super::super::world::*;
use super::kinds;
use crate::{Affected, Command, StopReason};

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
        Command::ReserveCertificate {
            serial: serial(12),
            device: device("D-1"),
            not_before,
            not_after,
            assurance: model::Assurance::Software,
            key: key_of(serial(12)),
        },
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
    // The second officer was named; now he acts himself, or it is over within the hour.
    assert!(world.refused(officer(), Command::ConfirmDisaster).contains("that waits for `city-officer:Ito`"));
    let in_force = |world: &World| world.snapshot.service().disaster_at(world.now).is_some();
    let mut unconfirmed = world.clone();
    unconfirmed.later(HOUR - 1);
    assert!(in_force(&unconfirmed));
    unconfirmed.later(1);
    assert!(!in_force(&unconfirmed));
    assert_eq!(unconfirmed.snapshot.service_facts(unconfirmed.now).state, service::State::Running);
    assert!(unconfirmed.refused(second_officer(), Command::ConfirmDisaster).contains("over already"));
    assert_eq!(kinds(&unconfirmed.must(machine(), Command::Tick)), ["disaster-ended"]);
    assert!(unconfirmed.refused(second_officer(), Command::ConfirmDisaster).contains("no disaster use waits"));
    world.must(second_officer(), Command::ConfirmDisaster);
    assert!(world.refused(second_officer(), Command::ConfirmDisaster).contains("no disaster use waits"));
    world.later(HOUR);
    assert!(in_force(&world), "confirmed, it goes on to its set time");
    let mut ended = world.clone();
    ended.must(second_officer(), Command::EndDisaster { reason: "the water is gone".to_owned() });
    assert_eq!(ended.snapshot.service().state, service::State::Running);
    world.later(71 * HOUR);
    assert_eq!(kinds(&world.must(machine(), Command::Tick)), ["disaster-ended"]);
    assert_eq!(world.snapshot.service().disaster, None);
}
