//! Cases: those of the house, and how files of cases are read.

use std::collections::BTreeSet;

use model::Category;

use crate::cases::{CASES, Case, parse, run};
use crate::words::{Language, phrase, phrases, question_texts};
use crate::{Bench, Situation, Sources};

fn house(language: Language) -> Vec<Case> {
    let (name, text) = CASES[Language::ALL.iter().position(|one| *one == language).unwrap()];
    parse(name, text).unwrap()
}

#[test]
fn the_house_keeps_its_cases_and_they_try_every_rule() {
    let bench = Bench::new(&Sources::builtin()).unwrap();
    for language in Language::ALL {
        let outcome = run(&bench, &house(language)).unwrap();
        assert!(outcome.is_in_order(), "{outcome:#?}");
        assert!(outcome.cases >= 40, "{}", outcome.cases);
    }
}

#[test]
fn both_languages_say_the_same() {
    let told = |case: &Case| case.situation.told(Language::English, &case.expected.text(Language::English));
    let [japanese, english] = Language::ALL.map(house);
    assert_eq!(japanese.len(), english.len());
    for (japanese, english) in japanese.iter().zip(&english) {
        assert!(!japanese.title.is_ascii() && english.title.is_ascii(), "{}", japanese.title);
        assert_eq!(told(japanese), told(english));
    }
}

/// What is printed can be pasted into a file of cases.
#[test]
fn what_is_told_is_read_again() {
    for language in Language::ALL {
        for case in house(language) {
            let told = case.situation.told(language, &case.expected.text(language));
            let head = if language == Language::Japanese { "事例" } else { "case" };
            let again = parse("told", &format!("{head} {}\n{told}", case.title)).unwrap();
            assert_eq!(again[0].situation, case.situation, "{told}");
            assert_eq!(again[0].expected, case.expected, "{told}");
        }
    }
}

/// Times too, which an example of a solver may need.
#[test]
fn a_time_is_told_and_read_again() {
    let text = "case a\ngiven the service is stopped\nand it is 2026-12-24T02:03:04.005+09:00\nwhen the user reads a note\n\
                then denied by F01";
    let case = &parse("x", text).unwrap()[0];
    let Situation::Care(request, _) = &case.situation else { panic!("{case:?}") };
    assert_eq!(request.at.to_string(), "2026-12-23T17:03:04.005Z");
    for language in Language::ALL {
        let head = if language == Language::Japanese { "事例" } else { "case" };
        let told = case.situation.told(language, &case.expected.text(language));
        assert_eq!(parse("x", &format!("{head} a\n{told}")).unwrap()[0].situation, case.situation, "{told}");
    }
}

/// One sentence, one meaning: no two are the same, in either language.
#[test]
fn every_sentence_means_one_thing() {
    for language in Language::ALL {
        let texts: Vec<String> = phrases().iter().map(|phrase| phrase.text(language).to_owned()).collect();
        let unique: BTreeSet<&String> = texts.iter().collect();
        assert_eq!(unique.len(), texts.len());
        for (place, text) in texts.iter().enumerate() {
            assert!(std::ptr::eq(phrase(text).unwrap(), &raw const phrases()[place]), "{text}");
        }
        let questions: BTreeSet<String> = question_texts(language).into_iter().collect();
        assert_eq!(questions.len(), 5 * Category::ALL.len() + 1);
    }
}

#[track_caller]
fn refused(text: &str, because: &str) {
    let error = parse("x", text).unwrap_err().to_string();
    assert!(error.contains(because), "{error}");
}

#[test]
fn what_is_not_understood_is_refused_with_its_place() {
    let asked = "when the user reads a note\nthen permitted by P01";
    assert_eq!(parse("x", &format!("case a\n{asked}")).unwrap().len(), 1);
    refused(&format!("case a\nperhaps {asked}"), "x:2: `perhaps when");
    refused(asked, "x:1: stands before the first case");
    refused(
        &format!("case a\ngiven the user is kind\n{asked}"),
        "x:2: `the user is kind` is no sentence about a fact; those there are: sekisho policy words",
    );
    refused(
        &format!("case a\ngiven the user is a nurse\nand the user is a doctor\n{asked}"),
        "already, by: 利用者は看護師等 / the user is a nurse",
    );
    refused(&format!("case\n{asked}"), "without a heading");
    refused(
        "case a\nwhen the user eats a note\nthen permitted by P01",
        "asks nothing that is known; those there are: sekisho policy words",
    );
    refused("case a\nwhen the user reads a note", "expects nothing");
    refused("case a\nthen permitted by P01", "before it has asked");
    refused(&format!("case a\n{asked}\ngiven the user is a nurse"), "after it was asked");
    refused(&format!("case a\n{asked}\nwhen the user reads a note"), "asks a second time");
    refused(&format!("case a\n{asked}\nthen permitted by P02"), "expects a second time");
    refused(
        "case a\ngiven no consent is given\nand the consent allows sharing\nwhen the user reads a note\nthen denied by F17",
        "plays no part in what is asked",
    );
    let idle =
        "case a\ngiven the user is not on the care team\nwhen the user reads the directory\nthen permitted by P06";
    refused(idle, "plays no part");
    let idle = "case a\ngiven the user is a doctor\nwhen somebody looks at public information\nthen permitted by P08";
    refused(idle, "plays no part");
    refused(
        "case a\nwhen the user reads a note\nthen denied by F10, F10",
        "is no verdict, it names F10 twice; verdicts are: ",
    );
    for wrong in ["permitted by F01", "denied by P01", "permitted", "denied by", "permitted by P01, P01", "perhaps"] {
        refused(&format!("case a\nwhen the user reads a note\nthen {wrong}"), "is no verdict");
    }
}

/// A rule that no case tries, and a case that turns out otherwise, are both named.
#[test]
fn a_rule_that_is_not_tried_is_named() {
    let bench = super::with(
        r#"@id("F90-nights") @article("18") @text_ja("夜間") @text_en("At night.") @tell("officer")
        forbid (principal, action, resource) when { resource is Record && context.at < 0 };"#,
    );
    let outcome = run(&bench, &house(Language::English)).unwrap();
    assert_eq!(outcome.never_fired, ["F90-nights"]);
    assert!(outcome.failures.is_empty());

    // Only where another forbid closes too: it fires, and decides nothing.
    let double = parse(
        "x",
        "case a\ngiven a suspension of the user ID is in force\nand the device is suspended\nwhen the user reads a note\n\
         then denied by F05, F11",
    )
    .unwrap();
    let outcome = run(&Bench::new(&Sources::builtin()).unwrap(), &double).unwrap();
    assert_eq!(outcome.never_decisive, ["F05-user-id-suspended", "F11-device-suspended", "P01-team-reads"]);

    let opened = super::replaced("action != Action::\"delete\" && !resource.person.eligible", "context.at < 0");
    let outcome = run(&opened, &house(Language::Japanese)).unwrap();
    let failed: Vec<&str> = outcome.failures.iter().map(|failure| failure.case.title.as_str()).collect();
    assert_eq!(failed, ["要件を満たさない方の連携情報は閲覧できない"]);
    assert_eq!(outcome.never_fired, ["F15-person-not-eligible"]);
}
