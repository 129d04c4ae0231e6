//! Roles for whole facilities (art. 7, 18): who stands in, and who manages.

use model::{Action, Category, DutyKind, Timestamp};
use policy::{DecisionPoint, Relation, Request, Resource, Said};

use super::super::world::*;
use super::kinds;
use crate::{Change, Command};

/// A second nurse at the first station, on nobody's team.
fn world() -> World {
    let mut world = World::usual();
    world.nurse("3", "F-1");
    world
}

fn duty(kind: DutyKind, from: Timestamp, hours: Option<i64>) -> Command {
    let until = hours.map(|hours| from.plus_seconds(hours * HOUR));
    Command::EnterDuty { user: user("K-3"), facility: facility("F-1"), kind, from, until }
}

fn relation(world: &World, id: &str, about: &str) -> Relation {
    match world.facts(id, 1, about).resource {
        Resource::Record { relation, .. } => relation,
        Resource::Directory => panic!("the directory"),
    }
}

fn permits(world: &World, action: Action, category: Category) -> bool {
    let point = DecisionPoint::builtin().unwrap();
    point.decide(&Request::new(action, category, world.now, Said::NOTHING), &world.facts("U-3", 1, "P-1")).is_permit()
}

#[test]
fn on_duty_stands_in_for_the_team_members_of_the_own_facility() {
    let mut world = world();
    assert_eq!(relation(&world, "U-3", "P-1"), Relation::None);
    let changes = world.must(administrator_of("F-1"), duty(DutyKind::OnDuty, begin(), Some(12)));
    assert_eq!(changes[0].affects().users, [user("K-3")].into());
    assert_eq!(relation(&world, "U-3", "P-1"), Relation::Duty);
    assert_eq!(relation(&world, "U-3", "P-2"), Relation::None, "nobody of the facility cares for him");
    assert_eq!(relation(&world, "U-1", "P-1"), Relation::Team(model::TeamRole::Member), "the member is one still");
    // Everything is read, notes are added, plans are left alone.
    assert!(permits(&world, Action::Read, Category::Medication) && permits(&world, Action::Create, Category::Note));
    assert!(!permits(&world, Action::Update, Category::Plan) && !permits(&world, Action::Create, Category::Condition));
    // It ends by the clock, and when the member whom he stands in for leaves.
    let mut left = world.clone();
    left.must(clerk(), Command::LeaveTeam { person: person("P-1"), user: user("K-1") });
    assert_eq!(relation(&left, "U-3", "P-1"), Relation::None);
    world.later(12 * HOUR);
    assert_eq!(relation(&world, "U-3", "P-1"), Relation::None);
    assert_eq!(kinds(&world.must(machine(), Command::Tick)), ["duty-ended"]);
    assert_eq!(world.snapshot.duties().count(), 0);
}

#[test]
fn a_manager_reads_what_running_a_facility_takes() {
    let mut world = world();
    let refusal = world.refused(administrator_of("F-1"), duty(DutyKind::Manager, begin(), None));
    assert!(refusal.contains("whom the city enters"), "{refusal}");
    world.must(clerk(), duty(DutyKind::Manager, begin(), None));
    assert_eq!(relation(&world, "U-3", "P-1"), Relation::Manager);
    assert!(permits(&world, Action::Read, Category::Plan) && permits(&world, Action::Search, Category::Note));
    for (action, category) in [(Action::Read, Category::Medication), (Action::Create, Category::Note)] {
        assert!(!permits(&world, action, category), "{action} {category}");
    }
    // While he also stands in, that counts.
    world.must(administrator_of("F-1"), duty(DutyKind::OnDuty, begin(), Some(1)));
    assert_eq!(relation(&world, "U-3", "P-1"), Relation::Duty);
    let entered = world.snapshot.duties_of(&user("K-3")).next().unwrap().id;
    assert!(world.refused(administrator_of("F-1"), Command::EndDuty { duty: entered }).contains("may not do this"));
    world.must(clerk(), Command::EndDuty { duty: entered });
    world.later(HOUR);
    assert_eq!(relation(&world, "U-3", "P-1"), Relation::None);
}

#[test]
fn a_roster_is_for_ones_own_people_and_a_month_at_most() {
    let mut world = world();
    let other = administrator_of("F-2");
    let refusal = world.refused(other, duty(DutyKind::OnDuty, begin(), Some(1)));
    assert!(refusal.contains("may not do this to facility `F-1`"), "{refusal}");
    let enter = |user_: &str, at: &str| Command::EnterDuty {
        user: user(user_),
        facility: facility(at),
        kind: DutyKind::OnDuty,
        from: begin(),
        until: Some(begin().plus_seconds(HOUR)),
    };
    assert!(world.refused(clerk(), enter("K-2", "F-1")).contains("has no user ID at facility `F-1`"));
    assert!(world.refused(clerk(), enter("K-9", "F-1")).contains("no user `K-9`"));
    for (hours, why) in
        [(None, "31 days at most"), (Some(31 * 24 + 1), "31 days at most"), (Some(0), "before it begins")]
    {
        assert!(world.refused(clerk(), duty(DutyKind::OnDuty, begin(), hours)).contains(why), "{hours:?}");
    }
    let over = duty(DutyKind::OnDuty, begin().plus_seconds(-2 * HOUR), Some(1));
    assert!(world.refused(clerk(), over).contains("over already"));
    world.must(clerk(), duty(DutyKind::OnDuty, begin(), Some(31 * 24)));
    assert!(world.refused(clerk(), duty(DutyKind::OnDuty, begin(), Some(1))).contains("meets this one"));
    world.suspend(officer(), "facility:F-1", None);
    let later = duty(DutyKind::OnDuty, begin().plus_seconds(40 * DAY), Some(1));
    assert!(world.refused(clerk(), later).contains("is suspended, not approved"));
}

/// Art. 10-6, 12, 13: the role hangs on the human being and the facility, and ends with the last user ID there.
#[test]
fn a_role_follows_a_new_user_id_and_ends_with_the_last() {
    let mut world = world();
    world.must(clerk(), duty(DutyKind::OnDuty, begin(), Some(12)));
    let mut replaced = world.clone();
    let (old, new) = (user_id("U-3"), user_id("U-3b"));
    replaced.must(clerk(), Command::ReplaceUserId { old, new, reason: "lost".to_owned() });
    assert_eq!(relation(&replaced, "U-3b", "P-1"), Relation::Duty);
    let mut closed = world.clone();
    let changes =
        closed.must(clerk(), Command::CloseFacility { facility: facility("F-1"), reason: "notice".to_owned() });
    assert!(changes.iter().any(|change| matches!(change, Change::DutyEnded { .. })));
    assert_eq!(closed.snapshot.duties().count(), 0);
    world.must(clerk(), Command::EndUserId { user_id: user_id("U-3"), reason: "left".to_owned() });
    assert_eq!(world.snapshot.duties().count(), 0);
}
