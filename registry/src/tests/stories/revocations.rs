//! Revocation as an act of people: who may for which cause, its confirmation (art. 38-3), and a facility in one act.

use model::lifecycle::{certificate, confirmation};
use model::revocation::{Reach, reach};
use model::{Assurance, Author, Cause, Office, Target};

use super::super::world::*;
use super::kinds;
use crate::{
    Change, Command, ConfirmationTask, EFFECTS_PER_TASK_MAX, ESCALATED_AFTER_HOURS, Effect, EnrolmentKind,
    FACILITY_REVOCATION_HOURS, REMINDED_AFTER_HOURS, REVOCATION_EFFECTIVE_SECONDS, Why,
};

fn revoke(of: &str, because: Cause) -> Command {
    Command::RevokeDevice { device: device(of), because }
}

/// The one open task.
fn task(world: &World) -> ConfirmationTask {
    let mut open = world.snapshot.open_tasks();
    let task = open.next().expect("a task").clone();
    assert!(open.next().is_none(), "more than one task");
    task
}

fn effect(node: &str, connections: u64) -> Effect {
    let at = begin();
    Effect { node: node.to_owned(), at, connections, exchanges: 2 * connections, last_octet_at: Some(at) }
}

/// Stolen with its slip before the slip was used: the code is all there is, and whoever has both would enrol.
#[test]
fn a_terminal_that_has_only_a_code_is_revoked_by_ending_it() {
    let mut world = World::usual();
    world.must(clerk(), revoke("D-1", Cause::Replaced));
    assert!(world.refused(himself("U-1"), revoke("D-1", Cause::Stolen)).contains("no certificate"));
    let until = world.now.plus_seconds(72 * 3600);
    let offer = Command::OfferEnrolment { device: device("D-1"), kind: EnrolmentKind::Csr, digest: [7; 32], until };
    world.must(clerk(), offer);
    assert!(world.refused(himself("U-1"), revoke("D-1", Cause::Broken)).contains("no certificate"));
    for cause in [Cause::Stolen, Cause::Misuse] {
        let mut world = world.clone();
        let ended = kinds(&world.must(clerk(), revoke("D-1", cause)));
        assert!(ended.iter().any(|kind| kind == "enrolment-ended"), "{cause}: {ended:?}");
        assert!(world.snapshot.enrolment(&device("D-1")).is_none());
    }
}

/// Each office, each cause, each way to revoke: the table decides, and a refusal names who can. One act, one entry, in force.
#[test]
fn the_table_decides_who_revokes_for_which_cause() {
    let world = World::usual();
    for office in Office::ALL {
        let author = match office {
            Office::User => himself("U-1"),
            Office::FacilityAdministrator => administrator_of("F-1"),
            other => Author::new(*other, "somebody"),
        };
        for cause in Cause::ALL {
            let ways = [
                revoke("D-1", *cause),
                Command::RevokeCertificate { serial: serial(1), because: *cause },
                Command::ReturnDevice { device: device("D-1"), because: *cause },
            ];
            for way in ways {
                let mut tried = world.clone();
                let given = tried.give(author.clone(), way.clone());
                let Some(reach) = reach(*office, *cause) else {
                    let refused = given.unwrap_err();
                    assert!(matches!(refused.why, Why::Cause { .. }), "{office} {cause}: {refused}");
                    assert_eq!(refused.article, cause.article());
                    assert_eq!(*tried.snapshot, *world.snapshot);
                    continue;
                };
                let changes = given.unwrap_or_else(|refused| panic!("{office} {cause}: {refused}"));
                assert!(!tried.snapshot.certificate(&serial(1)).unwrap().is_live(), "{office} {cause}");
                let owed = changes.iter().any(|change| matches!(change, Change::ReportDue { .. }));
                assert_eq!(owed, reach == Reach::Urgent, "{office} {cause}: {changes:?}");
                assert_eq!(tried.snapshot.open_tasks().count(), usize::from(cause.is_to_be_confirmed()));
            }
        }
    }
    let refused = world.clone().refused(contractor(), revoke("D-1", Cause::Broken));
    let says = "revoke-device: `contractor` may not revoke as `broken`; city-officer, city-clerk, \
                facility-administrator, user may (art. 38-2)";
    assert_eq!(refused, says);
    assert!(world.clone().refused(officer(), revoke("D-1", Cause::Renewed)).contains("; nobody may (art. 38-1)"));
}

#[test]
fn what_is_reached_ends_where_it_should() {
    let mut world = World::usual();
    for (author, whose) in [(himself("U-2"), "device `D-1`"), (administrator_of("F-2"), "facility `F-1`")] {
        let refused = world.refused(author, revoke("D-1", Cause::Lost));
        assert!(refused.contains(&format!("may not do this to {whose}")), "{refused}");
    }
    // Outside a contract there is no urgency.
    world.later(366 * DAY);
    assert!(world.refused(contractor(), revoke("D-1", Cause::Stolen)).contains("no contract"));
    assert!(world.refused(officer(), revoke("D-9", Cause::Stolen)).contains("there is no device `D-9`"));
}

/// All of a terminal in one entry, with the code that the thief may find in its bag; and it may enrol anew when it is found.
#[test]
fn a_lost_terminal_loses_everything_and_comes_back_by_enrolling() {
    let mut world = World::usual();
    let until = world.now.plus_seconds(HOUR);
    let offer =
        |until| Command::OfferEnrolment { device: device("D-1"), kind: EnrolmentKind::Csr, digest: [1; 32], until };
    world.must(clerk(), offer(until));
    let (not_before, not_after) = (world.now, world.now.plus_seconds(DAY));
    let reserve = |number| Command::ReserveCertificate {
        serial: serial(number),
        device: device("D-1"),
        not_before,
        not_after,
        assurance: Assurance::Software,
        key: key_of(serial(number)),
    };
    world.must(clerk(), reserve(9));
    let changes = world.must(himself("U-1"), revoke("D-1", Cause::Lost));
    assert_eq!(
        kinds(&changes),
        ["certificate-revoked", "certificate-revoked", "enrolment-ended", "revocation-reported"]
    );
    assert_eq!(task(&world).serials, [serial(1), serial(9)]);
    assert!(world.refused(clerk(), revoke("D-1", Cause::Lost)).contains("no certificate that could be revoked"));
    // Signed in the meantime, it opens nothing.
    let issued = Command::RecordIssued { serial: serial(9), fingerprint: [9; 32] };
    assert!(world.refused(clerk(), issued).contains("not possible while `revoked`"));
    // Final: nothing leads back, but the terminal is still on loan.
    let state = world.snapshot.certificate(&serial(1)).unwrap().state;
    assert_eq!(state, certificate::State::Revoked);
    world.must(clerk(), offer(until));
    // What is only replaced keeps its code.
    let changes = world.clone().must(clerk(), reserve(10));
    assert_eq!(kinds(&changes), ["certificate-reserved"]);
    world.must(clerk(), reserve(10));
    assert_eq!(kinds(&world.must(clerk(), revoke("D-1", Cause::Replaced))), ["certificate-revoked"]);
    assert!(world.snapshot.enrolment(&device("D-1")).is_some());
}

/// Art. 38-3: reported, in effect, confirmed; by the administrator of that facility and nobody else, all of the act at once.
#[test]
fn a_revocation_is_confirmed_once_it_is_known_what_it_ended() {
    let mut world = World::usual();
    world.certificate("D-1", 9);
    world.must(himself("U-1"), revoke("D-1", Cause::Stolen));
    let confirm = |number| Command::ConfirmRevocation { serial: serial(number) };
    assert_eq!(task(&world).state_at(world.now), confirmation::State::Reported);
    assert!(world.refused(administrator_of("F-1"), confirm(1)).contains("in a few seconds"));
    let id = task(&world).id;
    let says = |node: &str| Command::RecordEffects { effects: vec![(id, effect(node, 3))] };
    assert_eq!(kinds(&world.must(machine(), says("a"))), ["revocation-took-effect"]);
    // Heard once; another gateway is another matter.
    assert_eq!(world.must(machine(), says("a")), []);
    world.must(machine(), says("b"));
    assert_eq!((task(&world).connections(), task(&world).exchanges()), (6, 12));
    assert_eq!(task(&world).last_octet_at(), Some(begin()));
    world.must(machine(), Command::RecordListed { tasks: vec![id], number: 77 });
    assert_eq!(world.must(machine(), Command::RecordListed { tasks: vec![id], number: 78 }), []);
    assert!(world.refused(administrator_of("F-2"), confirm(1)).contains("facility `F-1`"));
    let changes = world.must(administrator_of("F-1"), confirm(9));
    assert_eq!(kinds(&changes), ["certificate-confirmed", "certificate-confirmed", "revocation-confirmed"]);
    let confirmed = world.snapshot.task(id).unwrap().clone();
    assert_eq!((confirmed.listed, confirmed.confirmed.unwrap().by), (Some(77), administrator_of("F-1")));
    assert_eq!(world.snapshot.open_tasks().count(), 0);
    // What comes too late changes nothing of what was confirmed.
    assert_eq!(world.must(machine(), says("c")), []);
    assert!(world.refused(administrator_of("F-1"), confirm(1)).contains("not possible while `confirmed`"));
}

/// Where no gateway speaks, time does: none that has not heard serves any more.
#[test]
fn a_revocation_is_in_effect_by_time_alone() {
    let mut world = World::usual();
    world.must(clerk(), revoke("D-1", Cause::Broken));
    world.later(REVOCATION_EFFECTIVE_SECONDS - 1);
    assert_eq!(world.must(machine(), Command::Tick), []);
    world.later(1);
    let mut by_hand = world.clone();
    let changes = by_hand.must(administrator_of("F-1"), Command::ConfirmRevocation { serial: serial(1) });
    assert_eq!(kinds(&changes), ["revocation-took-effect", "certificate-confirmed", "revocation-confirmed"]);
    assert_eq!(kinds(&world.must(machine(), Command::Tick)), ["revocation-took-effect"]);
    // A gateway that comes later is still heard.
    let id = task(&world).id;
    world.must(machine(), Command::RecordEffects { effects: vec![(id, effect("late", 0))] });
    for number in 0..EFFECTS_PER_TASK_MAX {
        let effects = vec![(id, effect(&format!("node-{number}"), 0))];
        world.must(machine(), Command::RecordEffects { effects });
    }
    assert_eq!(task(&world).effects.len(), EFFECTS_PER_TASK_MAX);
    let nameless = Command::RecordEffects { effects: vec![(id, effect("", 0))] };
    assert!(world.refused(machine(), nameless).contains("the gateway's name"));
}

/// Reminded after an hour, the city's after a day, each once; nothing confirms itself.
#[test]
fn what_nobody_confirms_becomes_the_citys() {
    let mut world = World::usual();
    world.must(administrator_of("F-1"), revoke("D-1", Cause::Returned));
    world.later(REMINDED_AFTER_HOURS * HOUR - 1);
    assert_eq!(kinds(&world.must(machine(), Command::Tick)), ["revocation-took-effect"]);
    world.later(1);
    assert!(task(&world).is_late(world.now) && !task(&world).is_overdue(world.now));
    assert_eq!(kinds(&world.must(machine(), Command::Tick)), ["revocation-reminded"]);
    assert_eq!(world.must(machine(), Command::Tick), []);
    world.later((ESCALATED_AFTER_HOURS - REMINDED_AFTER_HOURS) * HOUR);
    assert!(task(&world).is_overdue(world.now));
    assert_eq!(kinds(&world.must(machine(), Command::Tick)), ["revocation-escalated"]);
    world.later(30 * DAY);
    assert_eq!(world.must(machine(), Command::Tick), []);
    assert_eq!(task(&world).state, confirmation::State::Effective);
    // A server that was down all the time catches up in one go, first the facility and then the city.
    let mut down = World::usual();
    down.must(administrator_of("F-1"), revoke("D-1", Cause::Returned));
    down.later(2 * DAY);
    let all = ["revocation-took-effect", "revocation-reminded", "revocation-escalated"];
    assert_eq!(kinds(&down.must(machine(), Command::Tick)), all);
}

/// One terminal never waits for a second person; a whole facility does, unless it is suspended.
#[test]
fn a_facility_is_revoked_by_two_officers() {
    let mut world = World::usual();
    world.nurse("3", "F-1");
    world.device("D-3", "F-1", "K-3", 3);
    let propose = |because| Command::ProposeFacilityRevocation {
        facility: facility("F-1"),
        because,
        reason: "break-in".to_owned(),
    };
    let approve = || Command::ApproveFacilityRevocation { facility: facility("F-1") };
    assert!(world.refused(second_officer(), approve()).contains("no proposal about facility `F-1`"));
    assert!(world.refused(officer(), propose(Cause::Closed)).contains("may not revoke as `closed`"));
    assert_eq!(kinds(&world.must(officer(), propose(Cause::Compromised))), ["facility-revocation-proposed"]);
    assert!(world.snapshot.certificate(&serial(1)).unwrap().is_live(), "a proposal stops nothing");
    assert!(world.refused(officer(), approve()).contains("needs a second city officer"));
    assert!(world.refused(clerk(), approve()).contains("may not do this"));
    // Taken back, and over by the clock.
    let withdraw = || Command::WithdrawFacilityRevocation { facility: facility("F-1"), reason: "x".to_owned() };
    world.clone().must(officer(), withdraw());
    let mut late = world.clone();
    late.later(FACILITY_REVOCATION_HOURS * HOUR);
    assert!(late.refused(second_officer(), approve()).contains("the proposal is over"));
    assert_eq!(kinds(&late.must(machine(), Command::Tick)), ["facility-revocation-ended"]);
    // Meanwhile one is stolen, and another one loaned: the former is not revoked twice, the latter was not seen.
    world.must(himself("U-3"), revoke("D-3", Cause::Stolen));
    world.device("D-4", "F-1", "K-1", 4);
    // What has only a code by now must not come back by it.
    let mut coded = world.clone();
    let until = coded.now.plus_seconds(HOUR);
    let offer = Command::OfferEnrolment { device: device("D-3"), kind: EnrolmentKind::Csr, digest: [7; 32], until };
    coded.must(clerk(), offer);
    coded.must(second_officer(), approve());
    assert!(coded.snapshot.enrolment(&device("D-3")).is_none());
    let changes = world.must(second_officer(), approve());
    assert_eq!(kinds(&changes), ["facility-revocation-ended", "certificate-revoked", "revocation-reported"]);
    let live = |number| world.snapshot.certificate(&serial(number)).unwrap().is_live();
    assert_eq!([1, 2, 3, 4].map(live), [false, true, false, true]);
    assert_eq!(world.snapshot.open_tasks().count(), 2, "one for each terminal");
    assert!(world.refused(second_officer(), approve()).contains("no proposal"));
    // At once, by one act: everything of the facility is cut, and comes back when it is lifted.
    let facts = world.facts("U-2", 2, "P-2");
    assert!(!facts.subject.facility_suspended);
    world.suspend(officer(), "facility:F-2", None);
    assert!(world.facts("U-2", 2, "P-2").subject.facility_suspended);
    let lift = Command::Lift { target: Target::Facility(facility("F-2")), suspension: None, reason: "x".to_owned() };
    world.must(clerk(), lift);
    // A facility that closes takes its proposal along.
    let propose =
        Command::ProposeFacilityRevocation { facility: facility("F-2"), because: Cause::Left, reason: "x".to_owned() };
    world.must(officer(), propose);
    world.must(clerk(), Command::CloseFacility { facility: facility("F-2"), reason: "notice".to_owned() });
    assert_eq!(world.snapshot.facility_revocations().count(), 0);
    assert_eq!(world.snapshot.open_tasks().count(), 2, "nobody is left to confirm what closing ended");
}

/// More than one entry of the journal takes is found out when it is proposed, and not when it is to be carried out.
#[test]
fn a_thousand_terminals_fit_one_act() {
    let mut world = World::usual();
    for number in 10..1009 {
        world.device(&format!("D-{number}"), "F-1", "K-1", number);
    }
    let propose = || Command::ProposeFacilityRevocation {
        facility: facility("F-1"),
        because: Cause::Compromised,
        reason: "recall".to_owned(),
    };
    // As long as a name may be.
    let (first, second) = ("\u{1F4F1}".repeat(199), "\u{1F4F1}".repeat(200));
    let [first, second] = [first, second].map(|name| Author::new(Office::CityOfficer, &name));
    world.must(first.clone(), propose());
    let changes = world.must(second.clone(), Command::ApproveFacilityRevocation { facility: facility("F-1") });
    let command = crate::CommandKind::ApproveFacilityRevocation;
    let written = crate::form::write_entry(&crate::form::Entry { at: world.now, by: second, command, changes });
    assert!(written.len() < journal::ENTRY_BYTES_MAX, "{}", written.len());
    assert_eq!(world.snapshot.open_tasks().count(), 1000);
    for number in 2000..2400 {
        world.device(&format!("D-{number}"), "F-2", "K-2", number);
        world.certificate(&format!("D-{number}"), number + 1000);
        world.certificate(&format!("D-{number}"), number + 2000);
        world.certificate(&format!("D-{number}"), number + 3000);
    }
    let Command::ProposeFacilityRevocation { because, reason, .. } = propose() else { unreachable!() };
    for number in 3000..5000 {
        world.device(&format!("E-{number}"), "F-2", "K-2", number + 90_000);
    }
    let other = Command::ProposeFacilityRevocation { facility: facility("F-2"), because, reason };
    assert!(world.refused(first, other).contains("more than one act takes"));
}
