//! What changes open and close.

use std::fmt::Write as _;
use std::time::Instant;

use super::{replaced_sources, solver};
use crate::cases::parse;
use crate::diff::{Direction, diff, pair};
use crate::example::ordinary_but;
use crate::{Language, Situation, Sources};

/// Every difference from the house's rules, in English.
fn told(new: &Sources) -> String {
    let (old, new) = pair(&Sources::builtin(), new).unwrap();
    let mut solver = solver();
    let start = Instant::now();
    let found = diff(&old, &new, &mut solver).unwrap();
    eprintln!("{} differences in {:?}", found.len(), start.elapsed());
    let mut text = String::new();
    for difference in found {
        let example = difference.example.unwrap();
        let direction = if difference.direction == Direction::Opens { "opens" } else { "closes" };
        let verdict = format!("{}; was {}", example.new.text(Language::English), example.old.text(Language::English));
        let _ = writeln!(text, "{direction} {}", difference.kinds.join(", "));
        let _ = writeln!(text, "{}", example.situation.told(Language::English, &verdict));
        let _ = writeln!(text, "{} professions, {} categories", example.professions.len(), example.categories.len());
    }
    text
}

#[track_caller]
fn check(new: &Sources, expected: &str) {
    assert_eq!(told(new).trim(), expected.trim());
}

#[test]
fn the_same_rules_differ_in_nothing() {
    check(&Sources::builtin(), "");
}

#[test]
fn a_condition_less_opens_to_everybody_outside_the_team() {
    check(
        &replaced_sources("resource.person.consentDisaster &&\n", ""),
        "
opens read Record, search Record
given the person is in the disaster area
and   the user is not on the care team
and   disaster use is declared
and   disaster use is in force for another hour
when  the user reads a note
then  permitted by P07; was denied, for nothing permits it
10 professions, 8 categories",
    );
}

/// A forbid that hears less: every permit behind it is named, with the professions and categories it opens to.
#[test]
fn a_forbid_that_hears_less_opens_whatever_stood_behind_it() {
    check(
        &replaced_sources(
            "!(resource is PublicPage) && principal.qualificationSuspended",
            "!(resource is PublicPage) && principal.qualificationSuspended && principal.userIdSuspended",
        ),
        "
opens read Record, search Record
given the user's qualification is suspended
when  the user reads a note
then  permitted by P01; was denied by F06
10 professions, 9 categories
opens create Record
given the user's qualification is suspended
when  the user creates a note
then  permitted by P02; was denied by F06
10 professions, 4 categories
opens update Record
given the user's qualification is suspended
when  the user updates a note
then  permitted by P09; was denied by F06
10 professions, 4 categories
opens delete Record
given the user's qualification is suspended
and   a deletion order names the user
when  the user deletes a note
then  permitted by P12; was denied by F06
10 professions, 9 categories
opens read Directory, search Directory
given the user's qualification is suspended
when  the user reads the directory
then  permitted by P06; was denied by F06
10 professions, 0 categories",
    );
}

#[test]
fn what_is_given_to_one_and_taken_from_another_is_both_told() {
    check(
        &replaced_sources(
            "(principal.profession == Profession::\"doctor\" || principal.profession == Profession::\"pharmacist\")",
            "(principal.profession == Profession::\"nurse\" || principal.profession == Profession::\"doctor\")",
        ),
        "
opens create Record, update Record
when  the user creates medication
then  permitted by P04; was denied, for nothing permits it
1 professions, 1 categories
closes create Record, update Record
given the user is a pharmacist
when  the user creates medication
then  denied, for nothing permits it; was permitted by P04
1 professions, 1 categories",
    );
}

/// Facts that keep each other are turned together: where an ordinary day with one of them shows it, no more are told.
#[test]
fn an_example_does_with_as_few_strange_facts_as_there_are() {
    let text = "case x\ngiven the user is a doctor\nand the user is not on the care team\nand the city has issued a rule for \
                break-glass\nand the user declares an emergency\nand the record is labelled as sensitive\nwhen the user reads \
                medication\nthen permitted by P13";
    let found = parse("x", text).unwrap().remove(0).situation;
    let all = found.strange().len();
    assert_eq!(all, 5);
    let told = |situation: &Situation| situation.unusual(Language::English);
    // Every fact of it, or one of them alone: nothing lies between.
    let shows = |one: &Situation| one.strange().len() == all || told(one) == ["the user is a doctor"];
    let nearest = ordinary_but(&found, &|one| shows(one));
    assert_eq!(told(&nearest), ["the user is a doctor"]);
    // Where nothing less shows it, all of it stays.
    let nearest = ordinary_but(&found, &|one| one.strange().len() == all);
    assert_eq!(told(&nearest), told(&found));
    let nearest = ordinary_but(&found, &|_| true);
    assert!(told(&nearest).is_empty() && nearest.question(Language::English) == "the user reads a note");
}

/// Two changes at once are two examples: the search goes on behind the first.
#[test]
fn each_rule_that_makes_a_difference_has_its_example() {
    let mut new = Sources::builtin();
    for (_, text) in &mut new.files {
        *text = text
            .replace("resource.person.suspended }", "resource.person.suspended && !resource.person.eligible }")
            .replace("context.device.suspended }", "context.device.suspended && principal.userIdSuspended }");
    }
    let told = told(&new);
    assert!(told.contains("was denied by F11") && told.contains("was denied by F20"), "{told}");
    assert!(!told.contains("closes"), "{told}");
}
