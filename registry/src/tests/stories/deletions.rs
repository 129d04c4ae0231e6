//! Deletion orders (art. 17-2, 19-2).

use model::lifecycle::deletion;
use model::{Action, Category, RecordName};
use policy::{DecisionPoint, Request, Said};

use super::super::world::*;
use crate::{Command, DeletionId};

fn order(record: Option<&str>) -> Command {
    Command::OrderDeletion {
        person: person("P-1"),
        record: record.map(|name| RecordName::new(name).unwrap()),
        reason: "the person asked for it".to_owned(),
        executor: user_id("U-2"),
        until: begin().plus_seconds(7 * DAY),
    }
}

fn ordered(world: &World) -> DeletionId {
    world.snapshot.deletions().last().unwrap().id
}

/// Whether this user ID may delete this record of this person, by the rules themselves.
fn may_delete(world: &World, id: &str, number: u64, about: &str, record: &str) -> bool {
    let record = RecordName::new(record).unwrap();
    let facts =
        world.snapshot.facts_of_record(&user_id(id), &serial(number), Some(&person(about)), Some(&record), world.now);
    let request = Request::new(Action::Delete, Category::Observation, world.now, Said::NOTHING);
    DecisionPoint::builtin().unwrap().decide(&request, &facts.unwrap()).is_permit()
}

#[test]
fn two_officers_and_then_one_user_id_deletes_one_record() {
    let mut world = World::usual();
    for nobody in [clerk(), contractor(), administrator_of("F-2"), himself("U-2"), machine()] {
        assert!(world.refused(nobody, order(None)).contains("may not do this"));
    }
    world.must(officer(), order(Some("Observation/o-1")));
    let id = ordered(&world);
    assert!(!may_delete(&world, "U-2", 2, "P-1", "Observation/o-1"), "one officer is not enough");
    let approve = || Command::ApproveDeletion { order: id };
    let twin = model::Author::new(model::Office::CityOfficer, " tanaka");
    for same in [officer(), twin] {
        assert!(world.refused(same, approve()).contains("needs a second city officer, another one than"));
    }
    world.must(second_officer(), approve());
    assert!(world.refused(second_officer(), approve()).contains("is not possible while `approved`"));
    assert!(may_delete(&world, "U-2", 2, "P-1", "Observation/o-1"));
    for (who, number, about, record) in [
        ("U-2", 2, "P-1", "Observation/o-2"),
        ("U-2", 2, "P-1", "Communication/o-1"),
        ("U-2", 2, "P-2", "Observation/o-1"),
        ("U-1", 1, "P-1", "Observation/o-1"),
    ] {
        assert!(!may_delete(&world, who, number, about, record), "{who} {about} {record}");
    }
    // The person withdrew consent: that is why, and no reason against. Everything about the user ID holds.
    world.must(clerk(), Command::WithdrawConsent { person: person("P-1"), reason: "on request".to_owned() });
    assert!(may_delete(&world, "U-2", 2, "P-1", "Observation/o-1"));
    let mut suspended = world.clone();
    suspended.suspend(officer(), "user-id:U-2", None);
    assert!(!may_delete(&suspended, "U-2", 2, "P-1", "Observation/o-1"));
    world.later(7 * DAY);
    assert!(!may_delete(&world, "U-2", 2, "P-1", "Observation/o-1"), "its time is over");
}

#[test]
fn an_order_for_everything_covers_every_record_of_the_person_and_can_be_taken_back() {
    let mut world = World::usual();
    world.must(officer(), order(None));
    let id = ordered(&world);
    world.must(second_officer(), Command::ApproveDeletion { order: id });
    assert!(may_delete(&world, "U-2", 2, "P-1", "Communication/c-9"));
    assert!(!may_delete(&world, "U-2", 2, "P-2", "Communication/c-9"));
    let changes = world.must(officer(), Command::CancelDeletion { order: id, reason: "a mistake".to_owned() });
    assert_eq!(changes[0].affects().persons, [person("P-1")].into(), "a deletion under way is judged anew");
    assert!(!may_delete(&world, "U-2", 2, "P-1", "Communication/c-9"));
    // It stays on record, with who and why.
    let kept = world.snapshot.deletion(id).unwrap();
    assert_eq!(kept.state, deletion::State::Cancelled);
    assert_eq!(kept.cancelled.as_ref().unwrap().reason, "a mistake");
    assert!(world.refused(second_officer(), Command::ApproveDeletion { order: id }).contains("is not possible"));
}

#[test]
fn an_order_names_somebody_a_person_and_an_end() {
    let mut world = World::usual();
    let with = |edit: fn(&mut Command)| {
        let mut command = order(None);
        edit(&mut command);
        command
    };
    for (command, why) in [
        (
            with(|c| {
                if let Command::OrderDeletion { person: p, .. } = c {
                    *p = person("P-9")
                }
            }),
            "no person `P-9`",
        ),
        (
            with(|c| {
                if let Command::OrderDeletion { executor, .. } = c {
                    *executor = user_id("U-9")
                }
            }),
            "no user ID `U-9`",
        ),
        (
            with(|c| {
                if let Command::OrderDeletion { reason, .. } = c {
                    " ".clone_into(reason)
                }
            }),
            "the reason must have",
        ),
        (
            with(|c| {
                if let Command::OrderDeletion { until, .. } = c {
                    *until = begin()
                }
            }),
            "over already",
        ),
        (
            with(|c| {
                if let Command::OrderDeletion { until, .. } = c {
                    *until = begin().plus_seconds(31 * DAY)
                }
            }),
            "within 30 days",
        ),
    ] {
        assert!(world.refused(officer(), command).contains(why), "{why}");
    }
    world.must(officer(), order(None));
    let approve = Command::ApproveDeletion { order: ordered(&world) };
    let mut ended = world.clone();
    ended.must(clerk(), Command::EndUserId { user_id: user_id("U-2"), reason: "left".to_owned() });
    assert!(ended.refused(second_officer(), approve.clone()).contains("user ID `U-2` has ended"));
    world.later(7 * DAY);
    assert!(world.refused(second_officer(), approve).contains("over already"));
    assert!(
        world
            .refused(officer(), Command::ApproveDeletion { order: DeletionId::new(9999) })
            .contains("no deletion order")
    );
}

/// As far as the registry can know: which types are served, and which kinds a route map names, is asked on the command line.
#[test]
fn an_order_names_a_record_that_could_be_there() {
    let mut world = World::usual();
    for (record, why) in [
        ("observation/o-1", "`observation` is no kind of record; expected a type of FHIR such as `Observation`"),
        ("Observation1/o-1", "is no kind of record"),
        ("notes.Entry/e-1", "is no kind of record"),
        ("notes.entry.x/e-1", "is no kind of record"),
        (".entry/e-1", "is no kind of record"),
        ("Observation/o.1", "`.` is not allowed in an identifier"),
        ("Patient/P-2", "is the record of another person than `P-1`"),
    ] {
        let said = world.refused(officer(), order(Some(record)));
        assert!(said.contains(why), "{record}: {said}");
    }
    for record in ["Observation/o-1", "Patient/P-1", "notes.entry/e-0001-01", "visit-notes.entry2/e-1"] {
        world.must(officer(), order(Some(record)));
    }
}

/// That support ended is why the city deletes.
#[test]
fn a_person_whose_support_ended_can_be_deleted() {
    let mut world = World::usual();
    world.must(clerk(), Command::WithdrawConsent { person: person("P-1"), reason: "on request".to_owned() });
    world.must(clerk(), Command::EndEligibility { person: person("P-1"), until: world.now.plus_seconds(60) });
    world.later(DAY);
    for record in [None, Some("Observation/o-1")] {
        world.must(officer(), order(record));
        let id = ordered(&world);
        world.must(second_officer(), Command::ApproveDeletion { order: id });
    }
    assert!(may_delete(&world, "U-2", 2, "P-1", "Observation/o-1"));
}

fn mark(order: DeletionId, record: &str) -> Command {
    Command::MarkDeleted { order, record: RecordName::new(record).unwrap(), request: "0f".repeat(16) }
}

/// An approved order of the usual city.
fn approved(world: &mut World, record: Option<&str>) -> DeletionId {
    world.must(officer(), order(record));
    let id = ordered(world);
    world.must(second_officer(), Command::ApproveDeletion { order: id });
    id
}

#[test]
fn an_order_for_one_record_is_used_up_by_its_deletion() {
    let mut world = World::usual();
    let id = approved(&mut world, Some("Observation/o-1"));
    for nobody in [officer(), clerk(), contractor(), administrator_of("F-2"), himself("U-2")] {
        assert!(world.refused(nobody, mark(id, "Observation/o-1")).contains("may not do this"));
    }
    assert!(world.refused(machine(), mark(id, "Observation/o-2")).contains("does not say so"));
    assert!(world.refused(machine(), mark(DeletionId::new(99), "Observation/o-1")).contains("no deletion order"));
    world.later(60);
    let changes = world.must(machine(), mark(id, "Observation/o-1"));
    assert!(changes[0].affects().is_empty(), "the answer to the deletion itself must get through");
    assert_eq!(world.snapshot.deletion(id).unwrap().state, deletion::State::CarriedOut);
    assert!(!may_delete(&world, "U-2", 2, "P-1", "Observation/o-1"), "a second time");
    let deleted: Vec<_> = world.snapshot.deleted_under(id).cloned().collect();
    assert_eq!((deleted.len(), &deleted[0].by, deleted[0].at), (1, &user_id("U-2"), world.now));
    assert_eq!(world.must(machine(), mark(id, "Observation/o-1")), [], "marked twice is marked once");
    let cancel = Command::CancelDeletion { order: id, reason: "too late".to_owned() };
    assert!(world.refused(officer(), cancel).contains("is not possible while `carried-out`"));
}

#[test]
fn an_order_for_all_records_stays_open_until_its_end() {
    let mut world = World::usual();
    world.must(officer(), order(None));
    let id = ordered(&world);
    assert!(world.refused(machine(), mark(id, "Observation/o-1")).contains("nobody approved"));
    world.must(second_officer(), Command::ApproveDeletion { order: id });
    for record in ["Observation/o-1", "Observation/o-2"] {
        world.must(machine(), mark(id, record));
    }
    assert!(may_delete(&world, "U-2", 2, "P-1", "Observation/o-3"));
    // Taken back while the store was at a third: it was deleted all the same, and that is on record.
    world.must(officer(), Command::CancelDeletion { order: id, reason: "on request".to_owned() });
    world.must(machine(), mark(id, "Observation/o-3"));
    assert_eq!(world.snapshot.deletion(id).unwrap().state, deletion::State::Cancelled);
    assert_eq!(world.snapshot.deleted_under(id).count(), 3);
    world.later(30 * DAY);
    world.must(machine(), mark(id, "Observation/o-4"));
}
