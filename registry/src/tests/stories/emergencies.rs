//! What users declare under the city's rule for break-glass (art. 41-1).

use model::{Action, Category, Profession};
use policy::{DecisionPoint, Facts, Request, Said};

use super::super::world::*;
use super::kinds;
use crate::{
    Change, Command, EMERGENCIES_MAX, EMERGENCIES_PER_USER_MAX, EMERGENCY_MINUTES, EMERGENCY_PROFESSIONS,
    EMERGENCY_REASON_CHARACTERS_MAX, EmergencyId,
};

const STANDS: i64 = EMERGENCY_MINUTES * 60;

/// The usual city, with a rule.
fn with_a_rule() -> World {
    let mut world = World::usual();
    issue(&mut world);
    world
}

fn issue(world: &mut World) {
    world.must(officer(), Command::ProposeBreakGlass { rule: "救急時閲覧規定".to_owned() });
    world.must(second_officer(), Command::IssueBreakGlass);
}

fn declare(about: &str) -> Command {
    Command::DeclareEmergency { person: person(about), reason: "意識がなく、家族もいない".to_owned() }
}

fn last(world: &World) -> EmergencyId {
    world.snapshot.emergencies().last().unwrap().id
}

fn end(emergency: EmergencyId) -> Command {
    Command::EndEmergency { emergency }
}

/// Whether this user ID reads this person's medication now, by the rules themselves.
fn reads(world: &World, id: &str, number: u64, about: &str) -> bool {
    let declared = world.snapshot.emergency(&user_id(id), &person(about), world.now).is_some();
    let asked = Request::new(Action::Read, Category::Medication, world.now, Said::NOTHING).with_break_glass(declared);
    DecisionPoint::builtin().unwrap().decide(&asked, &world.facts(id, number, about)).is_permit()
}

#[test]
fn a_declaration_opens_one_person_to_one_user_id_for_an_hour() {
    let mut world = World::usual();
    assert!(world.refused(himself("U-2"), declare("P-1")).contains("the city has issued no rule"));
    world.must(officer(), Command::ProposeBreakGlass { rule: "救急時閲覧規定".to_owned() });
    assert!(world.refused(himself("U-2"), declare("P-1")).contains("the city has issued no rule"), "one officer");
    world.must(second_officer(), Command::IssueBreakGlass);
    assert!(!reads(&world, "U-2", 2, "P-1"));
    for nobody in [officer(), clerk(), contractor(), administrator_of("F-2"), machine()] {
        assert!(world.refused(nobody, declare("P-1")).contains("may not do this"));
    }
    let changes = world.must(himself("U-2"), declare("P-1"));
    assert_eq!(kinds(&changes), ["emergency-declared"]);
    assert!(changes[0].affects().is_empty(), "nobody loses by it");
    assert!(reads(&world, "U-2", 2, "P-1"));
    // Nobody else, and nothing by another's declaration.
    world.nurse("3", "F-2");
    assert!(world.snapshot.emergency(&user_id("U-3"), &person("P-1"), world.now).is_none());
    assert!(!reads(&world, "U-1", 1, "P-2"));
    // Said twice is said once, and stands no longer for it.
    world.later(60);
    assert_eq!(world.must(himself("U-2"), declare("P-1")), []);
    world.later(STANDS - 61);
    assert!(reads(&world, "U-2", 2, "P-1"));
    world.later(1);
    assert!(!reads(&world, "U-2", 2, "P-1"), "over by the clock, ticked or not");
    let over = world.must(machine(), Command::Tick);
    assert_eq!(kinds(&over), ["emergency-over"]);
    assert!(over[0].affects().user_ids.contains(&user_id("U-2")));
    assert_eq!(world.snapshot.emergencies().count(), 0);
}

#[test]
fn the_user_ends_it_and_nobody_elses() {
    let mut world = with_a_rule();
    world.must(himself("U-2"), declare("P-1"));
    let id = last(&world);
    assert!(world.refused(himself("U-1"), end(id)).contains("there is no emergency"));
    assert!(world.refused(himself("U-2"), end(EmergencyId::new(99))).contains("there is no emergency"));
    let changes = world.must(himself("U-2"), end(id));
    assert!(changes[0].affects().user_ids.contains(&user_id("U-2")), "what he has open is judged anew");
    assert!(!reads(&world, "U-2", 2, "P-1"));
    assert_eq!(world.must(himself("U-2"), end(id)), [], "twice is once");
    // It can be declared anew, and is another one.
    world.must(himself("U-2"), declare("P-1"));
    assert!(reads(&world, "U-2", 2, "P-1") && last(&world) != id);
}

/// The withdrawal ends what stands, and another rule does not bring it back.
#[test]
fn emergencies_end_with_their_rule() {
    let mut world = with_a_rule();
    world.must(himself("U-2"), declare("P-1"));
    let withdraw = Command::WithdrawBreakGlass { reason: "misused".to_owned() };
    let changes = world.must(officer(), withdraw);
    assert!(changes[0].affects().service);
    assert!(!reads(&world, "U-2", 2, "P-1"));
    // Whoever withdrew it sees what there was.
    let listed: Vec<_> = world.snapshot.emergencies().cloned().collect();
    assert_eq!((listed.len(), listed[0].ended_at), (1, Some(world.now)));
    issue(&mut world);
    assert!(!reads(&world, "U-2", 2, "P-1"));
    world.must(himself("U-2"), declare("P-1"));
    assert!(reads(&world, "U-2", 2, "P-1"));
    world.later(STANDS);
    world.must(machine(), Command::Tick);
    assert_eq!(world.snapshot.emergencies().count(), 0, "their time is over");
}

/// Promise P4: a person who is not there is declared about as one who is; nothing else would keep it from being asked.
#[test]
fn whether_there_is_such_a_person_is_not_told() {
    let mut world = with_a_rule();
    let there = world.must(himself("U-2"), declare("P-1"));
    let nobody = world.must(himself("U-2"), declare("P-999"));
    assert_eq!(kinds(&there), kinds(&nobody));
    let count = |world: &World| world.snapshot.emergencies_of(&user_id("U-2")).count();
    assert_eq!(count(&world), 2);
    assert!(world.snapshot.facts(&user_id("U-2"), &serial(2), Some(&person("P-999")), world.now).is_err());
}

/// Ending gives no place back, and another user ID of the same human being none either.
#[test]
fn a_flood_of_declarations_ends_soon() {
    let mut world = with_a_rule();
    world.facility("F-3");
    let (facility, profession) = (facility("F-3"), Profession::Doctor);
    let grant =
        Command::GrantUserId { user_id: user_id("U-2b"), user: user("K-2"), facility, profession, recognised_by: None };
    world.must(clerk(), grant);
    assert!(world.refused(himself("U-2b"), declare("P-1")).contains("not active"), "the first password is not changed");
    world.change_password(&user_id("U-2b"));
    for number in 0..EMERGENCIES_PER_USER_MAX {
        world.must(himself("U-2"), declare(&format!("P-{number}")));
        let id = last(&world);
        world.must(himself("U-2"), end(id));
    }
    for himself in [himself("U-2"), himself("U-2b")] {
        assert!(world.refused(himself, declare("P-7")).contains("there are 3 emergencies of this user"));
    }
    world.must(himself("U-1"), declare("P-2"));
    // The hour passes, and nobody has to tidy up before.
    world.later(STANDS);
    world.must(himself("U-2"), declare("P-7"));
    // All users together: a state that no single user brings about.
    let mut full = world.clone();
    let snapshot = std::sync::Arc::make_mut(&mut full.snapshot);
    let mut other = world.snapshot.emergencies().last().unwrap().clone();
    for number in 0..u64::try_from(EMERGENCIES_MAX).unwrap() {
        (other.id, other.user_id) = (EmergencyId::new(1_000_000 + number), user_id(&format!("U-X{number}")));
        snapshot.tables.put_emergency(other.clone());
    }
    assert!(full.refused(himself("U-1"), declare("P-2")).contains("emergencies within the hour already"));
}

/// Who may declare is written in the registry and in the rules.
#[test]
fn the_registry_and_the_rules_name_the_same_professions() {
    let mut world = with_a_rule();
    for (place, profession) in Profession::ALL.iter().enumerate() {
        let (key, id) = (user(&format!("K-9{place}")), user_id(&format!("U-9{place}")));
        world.must(clerk(), Command::RegisterUser { user: key.clone(), name: "佐藤".to_owned() });
        let recognised_by = profession.needs_recognition().then(|| "the city".to_owned());
        let (facility, profession) = (facility("F-1"), *profession);
        let grant = Command::GrantUserId { user_id: id.clone(), user: key, facility, profession, recognised_by };
        world.must(clerk(), grant);
        world.change_password(&id);
        let given = world.give(himself(id.as_str()), declare("P-2"));
        assert_eq!(given.is_ok(), EMERGENCY_PROFESSIONS.contains(&profession), "{profession}: {given:?}");
        let facts = Facts { subject: world.facts(id.as_str(), 1, "P-2").subject, ..world.facts("U-1", 1, "P-2") };
        let asked = Request::new(Action::Read, Category::Medication, world.now, Said::NOTHING).with_break_glass(true);
        let permitted = DecisionPoint::builtin().unwrap().decide(&asked, &facts).is_permit();
        assert_eq!(permitted, EMERGENCY_PROFESSIONS.contains(&profession), "{profession}");
    }
}

#[test]
fn who_may_not_and_what_does_not_do() {
    let mut world = with_a_rule();
    for reason in
        [String::new(), "  ".to_owned(), "あ".repeat(EMERGENCY_REASON_CHARACTERS_MAX + 1), "a\u{1b}b".to_owned()]
    {
        let command = Command::DeclareEmergency { person: person("P-1"), reason };
        assert!(world.refused(himself("U-2"), command).contains("the reason must have 1 to 200 characters"));
    }
    world.suspend(clerk(), "user-id:U-2", None);
    assert!(world.refused(himself("U-2"), declare("P-1")).contains("is suspended, not active"));
    let end_id = Command::EndUserId { user_id: user_id("U-2"), reason: "left".to_owned() };
    world.must(clerk(), end_id);
    assert!(world.refused(himself("U-2"), declare("P-1")).contains("there is no user ID"));
}

/// A journal that does not add up opens nothing.
#[test]
fn a_declaration_without_a_rule_or_an_end_does_not_add_up() {
    let mut world = with_a_rule();
    let changes = world.must(himself("U-2"), declare("P-1"));
    let Change::EmergencyDeclared { emergency } = changes[0].clone() else { panic!("nothing was declared") };
    let act = crate::Act { at: world.now, by: himself("U-2") };
    let apply = |snapshot: &crate::Snapshot, emergency| {
        snapshot.clone().apply(&act, &Change::EmergencyDeclared { emergency }).map_err(|misfit| misfit.to_string())
    };
    let mut other = emergency.clone();
    other.id = EmergencyId::new(1_000);
    assert_eq!(apply(&world.snapshot, other.clone()), Ok(()));
    assert!(apply(&world.snapshot, emergency).unwrap_err().contains("given twice"));
    let without = World::usual();
    assert!(apply(&without.snapshot, other.clone()).unwrap_err().contains("under a rule that is issued"));
    other.until = world.now;
    assert!(apply(&world.snapshot, other).unwrap_err().contains("ends later"));
    let early = Change::EmergencyOver { emergency: last(&world), user_id: user_id("U-2") };
    let misfit = world.snapshot.as_ref().clone().apply(&act, &early).unwrap_err();
    assert!(misfit.to_string().contains("not over"), "{misfit}");
}
