//! Rules: two officers, one version in force, one step back.

use super::super::world::*;
use crate::bounds::{RULE_SETS_MAX, RULES_BYTES_MAX};
use crate::state::Rules;
use crate::{Command, RuleFile, RuleGates, RuleProof, RuleSet};

fn in_force(world: &World) -> Option<String> {
    world.snapshot.rules_in_force().map(|(set, _)| set.version.clone())
}

/// As compared with what is in force.
fn approve(world: &World, remark: &str) -> Command {
    Command::ApproveRules { version: version_of(remark), over: in_force(world), gates: gates() }
}

fn roll_back() -> Command {
    Command::RollBackRules { reason: "too many calls".to_owned() }
}

#[test]
fn one_officer_proposes_another_approves_and_any_goes_back() {
    let mut world = World::usual();
    world.must(officer(), propose_rules("first"));
    assert_eq!(in_force(&world), None, "a proposal decides nothing");
    let himself = world.refused(officer(), approve(&world, "first"));
    assert!(himself.contains("by another officer"), "{himself}");
    let again = Command::ApproveRules { version: version_of("never proposed"), over: None, gates: gates() };
    assert!(world.refused(second_officer(), again).contains("there is no set of rules"));
    world.must(second_officer(), approve(&world, "first"));
    assert_eq!(in_force(&world), Some(version_of("first")));
    let (set, approval) = world.snapshot.rules_in_force().unwrap();
    assert_eq!((&set.proposed_by, &approval.by), (&officer(), &second_officer()));
    assert_eq!(set.point().unwrap().version().as_str(), version_of("first"));
    assert!(world.refused(second_officer(), approve(&world, "first")).contains("in force already"));

    world.must(second_officer(), propose_rules("second"));
    world.must(officer(), approve(&world, "second"));
    assert_eq!(in_force(&world), Some(version_of("second")));
    // One step back, then another: to what is built in.
    world.must(officer(), roll_back());
    assert_eq!(in_force(&world), Some(version_of("first")));
    world.must(second_officer(), roll_back());
    assert_eq!(in_force(&world), None);
    assert!(world.refused(officer(), roll_back()).contains("there is no step back"));
    // What was once proposed can be taken into force again.
    world.must(officer(), approve(&world, "second"));
    assert_eq!(in_force(&world), Some(version_of("second")));
}

/// What an officer saw was the difference from the rules in force. Meanwhile others came, and he has not seen that difference.
#[test]
fn what_was_compared_with_other_rules_is_not_approved() {
    let mut world = World::usual();
    world.must(officer(), propose_rules("first"));
    world.must(officer(), propose_rules("second"));
    let compared = approve(&world, "second");
    world.must(second_officer(), approve(&world, "first"));
    let refused = world.refused(second_officer(), compared.clone());
    assert!(refused.contains("they were compared with the rules built in, and meanwhile"), "{refused}");
    let with_first = approve(&world, "second");
    world.must(officer(), roll_back());
    assert!(world.refused(second_officer(), with_first).contains("compare them again"));
    world.must(second_officer(), compared);
    assert_eq!(in_force(&world), Some(version_of("second")));
}

/// What was passed is on record under the name of who approved; nothing passed is no approval.
#[test]
fn an_approval_says_what_the_rules_have_passed() {
    let mut world = World::usual();
    world.must(officer(), propose_rules("first"));
    let approve = |gates| Command::ApproveRules { version: version_of("first"), over: None, gates };
    let proved = |fences: &str, claims| RuleProof::Proved { fences: fences.to_owned(), claims };
    for (wrong, why) in [
        (RuleGates { cases: 0, ..gates() }, "no case has tried"),
        (RuleGates { cases_version: String::new(), ..gates() }, "the version of the cases"),
        (RuleGates { proof: proved("", 1), ..gates() }, "the version of the fences"),
        (RuleGates { proof: proved("0123456789ab", 0), ..gates() }, "nothing was proved"),
        (RuleGates { proof: RuleProof::Without { reason: " ".to_owned() }, ..gates() }, "the reason must have"),
    ] {
        let refused = world.refused(second_officer(), approve(wrong));
        assert!(refused.contains(why), "{refused}");
    }
    let without = RuleGates { proof: RuleProof::Without { reason: "the solver is broken".to_owned() }, ..gates() };
    for given in [without, gates()] {
        let mut world = world.clone();
        world.must(second_officer(), approve(given.clone()));
        assert_eq!(world.snapshot.rules_in_force().unwrap().1.gates, Some(given));
    }
}

#[test]
fn one_officer_under_two_spellings_is_one() {
    let mut world = World::usual();
    world.must(officer(), propose_rules("first"));
    let same = model::Author::new(model::Office::CityOfficer, &format!(" {} ", officer().name.to_uppercase()));
    assert!(world.refused(same, approve(&world, "first")).contains("by another officer"));
}

/// Nothing is proposed that a decision point would not take.
#[test]
fn rules_that_are_not_in_order_are_not_even_proposed() {
    let mut world = World::usual();
    let Command::ProposeRules { schema, files, reason } = propose_rules("x") else { panic!() };
    let propose =
        |files: Vec<RuleFile>| Command::ProposeRules { schema: schema.clone(), files, reason: reason.clone() };
    let changed = |from: &str, to: &str| {
        let mut files = files.clone();
        files.iter_mut().for_each(|file| file.text = file.text.replace(from, to));
        propose(files)
    };
    let broken = world.refused(officer(), changed("forbid (", "forbid"));
    assert!(broken.contains("cannot be read as rules"), "{broken}");
    let misspelt = world.refused(officer(), changed("ConsentState::\"given\"", "ConsentState::\"witdrawn\""));
    assert!(misspelt.contains("not in order"), "{misspelt}");
    let long = RuleFile { name: "long.cedar".to_owned(), text: format!("// {}", "x".repeat(RULES_BYTES_MAX)) };
    let long = world.refused(officer(), propose([files.clone(), vec![long]].concat()));
    assert!(long.contains("bytes of rules"), "{long}");
    world.must(officer(), propose(files));
}

/// Proposals do not pile up, and what can be gone back to is never forgotten.
#[test]
fn the_oldest_idle_proposal_is_forgotten() {
    let mut rules = Rules::default();
    let set = |number: usize| RuleSet {
        version: format!("{number:012}"),
        schema: String::new(),
        files: Vec::new(),
        reason: String::new(),
        proposed_by: officer(),
        proposed_at: begin().plus_seconds(i64::try_from(number).unwrap()),
    };
    rules.propose(set(0));
    rules.approve(crate::RuleApproval { version: set(0).version, by: second_officer(), at: begin(), gates: None });
    (1..=RULE_SETS_MAX).for_each(|number| rules.propose(set(number)));
    assert_eq!(rules.sets.len(), RULE_SETS_MAX);
    assert!(rules.sets.contains_key(&set(0).version), "it is in force");
    assert!(!rules.sets.contains_key(&set(1).version));
}
