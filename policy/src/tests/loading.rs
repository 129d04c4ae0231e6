//! Which rules are taken and which are not.

use super::{POINT, decided, request};
use crate::error::PolicyError;
use crate::matrix::ordinary;
use crate::point::{DecisionPoint, RULES, SCHEMA};
use model::{Action, Category};

const GOOD: &str = r#"
    @id("F90-test") @article("18") @text_ja("試験") @text_en("A test.") @tell("officer")
    forbid (principal, action, resource)
    when { resource is Record && resource.person.suspended };
"#;

/// The house's rules with one more file: what is found fault with, or `taken`.
fn check(extra: &str) -> String {
    let mut files = RULES.to_vec();
    files.push(("extra.cedar", extra));
    match DecisionPoint::from_sources(SCHEMA, &files) {
        Ok(_) => "taken".to_owned(),
        Err(PolicyError::Lint(findings)) => findings.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"),
        Err(other) => format!("{other}: {:?}", std::error::Error::source(&other).map(ToString::to_string)),
    }
}

#[track_caller]
fn refused(extra: &str, because: &str) {
    let found = check(extra);
    assert!(found.contains(because), "expected {because:?} in: {found}");
}

#[test]
fn the_house_is_in_order() {
    assert_eq!(check(GOOD), "taken");
    assert_eq!(POINT.rules().count(), 36);
    for rule in POINT.rules() {
        assert!(!rule.articles.is_empty() && !rule.text_ja.is_ascii() && rule.text_en.is_ascii(), "{rule:?}");
    }
}

/// The regulation's articles that the rules must carry.
#[test]
fn every_article_asked_for_has_a_rule() {
    let articles: Vec<u8> = POINT.rules().flat_map(|rule| &rule.articles).map(|article| article.number()).collect();
    for number in [3, 6, 7, 10, 13, 17, 18, 19, 21, 22, 26, 27, 29, 37, 38, 39, 41] {
        assert!(articles.contains(&number), "art. {number}");
    }
}

#[test]
fn annotations_are_complete_and_known() {
    for name in ["id", "article", "text_ja", "text_en", "tell"] {
        let annotation = GOOD.split('@').find(|part| part.starts_with(&format!("{name}("))).unwrap();
        let annotation = annotation.split_once(')').unwrap().0;
        refused(&GOOD.replace(&format!("@{annotation})"), ""), &format!("has no `@{name}`"));
        refused(&GOOD.replace(&format!("@{annotation})"), &format!("@{name}(\" \")")), &format!("has no `@{name}`"));
    }
    refused(&GOOD.replace("@tell", "@owner(\"x\") @tell"), "has an annotation `@owner` that nobody reads");
    refused(&GOOD.replace("@tell", "@id(\"F91-again\") @tell"), "duplicate annotation");
    refused(&GOOD.replace("\"officer\"", "\"everybody\""), "tells `everybody`");
}

#[test]
fn articles_must_exist() {
    for wrong in ["42", "0", "", "x", "18,99", "18;19"] {
        let found = check(&GOOD.replace("\"18\"", &format!("\"{wrong}\"")));
        assert!(found.contains("cites no article") || found.contains("has no `@article`"), "{wrong}: {found}");
    }
}

#[test]
fn names_are_unique_and_well_formed() {
    refused(
        &GOOD.replace("F90-test", "F16-support-stopped"),
        "`F16-support-stopped` (extra.cedar:2) stands at person.cedar:15 already",
    );
    refused(&GOOD.replace("F90-test", "F16-another"), "shares its number");
    for wrong in ["P90-test", "F9-test", "F90", "F90-", "F90-Test", "F90--x", "test"] {
        refused(&GOOD.replace("F90-test", wrong), "is no name for this rule");
    }
}

#[test]
fn forbids_have_no_scope() {
    for (place, scoped) in [
        ("principal,", "principal is User,"),
        ("action,", "action == Action::\"read\","),
        ("action,", "action in [Action::\"read\", Action::\"search\"],"),
        ("resource)", "resource is Record)"),
    ] {
        refused(&GOOD.replacen(place, scoped, 1), "is a forbid with a scope");
    }
}

#[test]
fn no_bare_permit_and_none_for_any_action() {
    let permit = GOOD.replace("forbid", "permit").replace("F90", "P90");
    refused(&permit, "permits anybody anything");
    refused(&permit.replace("(principal,", "(principal is User,"), "permits any action");
}

#[test]
fn permits_name_actions_and_not_groups() {
    let schema = SCHEMA
        .replace("action read, search, create", "action reads;\naction read, search, create")
        .replace("delete appliesTo", "delete in [reads] appliesTo");
    let permit = r#"
        @id("P90-test") @article("18") @text_ja("試験") @text_en("A test.") @tell("officer")
        permit (principal is User, action in Action::"reads", resource is Directory);
    "#;
    let refused = DecisionPoint::from_sources(&schema, &[("extra.cedar", permit)]).unwrap_err();
    assert!(refused.to_string().contains("names the group"), "{refused}");
}

/// A misspelt status, a wrong type, an unknown attribute, a rule that can never hold: Cedar's strict validator, whose
/// warnings count as errors here.
#[test]
fn rules_are_valid_in_strict_mode_without_a_warning() {
    let with = |condition: &str| GOOD.replace("resource.person.suspended", condition);
    refused(&with("resource.person.consent == ConsentState::\"witdrawn\""), "witdrawn");
    refused(&with("resource.person.consent == \"given\""), "F90-test");
    refused(&with("resource.person.consent == UserIdState::\"ended\""), "F90-test");
    refused(&with("resource.person.widowed"), "widowed");
    refused(&with("principal.userIdSuspnded"), "userIdSuspnded");
    refused(&with("context.service.disasterUntil > 0"), "disasterUntil");
    refused(&GOOD.replace("resource is Record", "false"), "F90-test");
}

#[test]
fn conditions_cannot_fail() {
    let with = |condition: &str| GOOD.replace("resource.person.suspended", condition);
    refused(&with("context.at + 1 > 0"), "uses `+`");
    refused(&with("context.at * 2 > 0"), "uses `*`");
    refused(&with("-context.at > 0"), "uses `neg`");
    refused(&with("decimal(\"1.0\").lessThan(decimal(\"2.0\"))"), "uses `decimal`");
    refused(&with("principal in principal.facility"), "uses `in`");
    refused(&with("(if resource.person.suspended then context.at - 1 > 0 else false)"), "uses `-`");
    assert_eq!(check(&with("[1, 2].contains(context.at)")), "taken");
}

/// Nobody hears of a permit that he was refused.
#[test]
fn only_a_forbid_is_told_to_the_entitled() {
    assert_eq!(check(&GOOD.replace("officer", "entitled")), "taken");
    let permit = r#"
        @id("P90-test") @article("18") @text_ja("試験") @text_en("A test.") @tell("entitled")
        permit (principal is User, action == Action::"read", resource is Directory);
    "#;
    refused(permit, "cannot be told to the entitled");
}

/// Promise P4: a reason that is told to the subject may not come from the person or the record.
#[test]
fn what_is_told_to_the_subject_does_not_look_at_the_resource() {
    let told = GOOD.replace("officer", "subject");
    refused(&told, "is told to the subject and depends on the resource");
    refused(
        &told.replace("resource.person.suspended", "[resource].contains(resource)"),
        "is told to the subject and depends on the resource",
    );
    assert_eq!(check(&told.replace("resource.person.suspended", "principal.userIdSuspended")), "taken");
}

#[test]
fn unreadable_files_and_templates_are_refused() {
    refused("forbid (principal, action, resource) when {", "`extra.cedar:1` cannot be read as rules");
    let template = GOOD.replace("(principal,", "(principal == ?principal,");
    refused(&template, "`extra.cedar` holds a template");
    let broken = DecisionPoint::from_sources("entity User {", &RULES);
    assert!(matches!(broken, Err(PolicyError::Schema(_))), "{broken:?}");
}

/// The schema's words are ours, both ways: a word too few, too many or misspelt is no schema for this house.
#[test]
fn words_of_the_schema_are_those_of_the_house() {
    for (ours, theirs) in [
        ("\"support-stopped\"]", "\"suport-stopped\"]"),
        ("\"support-stopped\"]", "\"support-stopped\", \"lost\"]"),
        (", \"manager\", \"none\"]", ", \"manager\"]"),
        ("\"disaster-use\", \"ended\"]", "\"ended\"]"),
        ("entity ConsentState enum [\"absent\", \"given\", \"support-stopped\"]", "entity ConsentState"),
    ] {
        let schema = SCHEMA.replace(ours, theirs);
        assert_ne!(schema, SCHEMA);
        let answer = DecisionPoint::from_sources(&schema, &RULES);
        assert!(matches!(answer, Err(PolicyError::Words(_))), "{theirs}: {answer:?}");
    }
}

/// Were a schema loaded that asks for a fact that we do not have, everything would be denied: closed by default.
#[test]
fn a_fact_that_the_schema_asks_for_and_nobody_has_denies() {
    let schema = SCHEMA.replace("  eligible: Bool,", "  eligible: Bool,\n  kind: Long,");
    let (point, _) = DecisionPoint::unlinted(&schema, &RULES).unwrap();
    let answer = point.decide(&request(Action::Read, Category::Note), &ordinary());
    assert!(!answer.is_permit());
    assert!(answer.basis().errors[0].contains("do not fit the schema"), "{answer:?}");
}

/// Whoever searches records is let in, and the schema knows of no such request: no fence and no difference is asked about it.
const EVERYBODY_SEARCHES: &str = r#"
    @id("P90-test") @article("18") @text_ja("試験") @text_en("A test.") @tell("officer")
    permit (principal, action in [Action::"read", Action::"search"], resource)
    when { resource is Directory || resource is Record };
"#;

fn without_search_of_records() -> String {
    let schema = SCHEMA.replace("action read, search, create", "action read, create");
    let record = "resource: [Record, Directory]";
    let context = schema.split_once(record).unwrap().1.split_once("\n};").unwrap().0;
    format!("{schema}\naction search appliesTo {{ principal: User, resource: Directory{context}\n}};\n")
}

#[test]
fn a_schema_that_leaves_a_kind_of_request_out_is_refused() {
    let (schema, rules) = (without_search_of_records(), [("open.cedar", EVERYBODY_SEARCHES)]);
    let refused = DecisionPoint::from_sources(&schema, &rules).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "the schema is not the house's: it differs in `actions.search.appliesTo.resourceTypes`"
    );
    // Were it loaded, nobody would decide by rules that the schema did not see.
    let (point, findings) = DecisionPoint::unlinted(&schema, &rules).unwrap();
    assert_eq!(findings, []);
    assert!(point.why_not_compiled().is_some());
    assert!(!point.decide(&request(Action::Search, Category::Note), &ordinary()).is_permit());
}

/// Kinds of request, entities and contexts are those of the house; blanks and remarks may differ.
#[test]
fn the_schema_is_the_one_of_the_house() {
    for (ours, theirs, place) in [
        ("resource: [Record, Directory]", "resource: Record", "actions.create.appliesTo.resourceTypes"),
        ("    at: Long,\n", "    at: Long,\n    why?: String,\n", "actions.create.appliesTo.context.attributes.why"),
        ("entity Directory;", "entity Directory;\nentity Other;", "entityTypes.Other"),
        ("  sensitive: Bool,", "  sensitive?: Bool,", "entityTypes.Record.shape.attributes.sensitive.required"),
        ("action view", "action look appliesTo { principal: User, resource: Record };\naction view", "actions.look"),
        ("entity Directory;", "entity Directory;\nnamespace A { entity B; }", "A"),
    ] {
        let schema = SCHEMA.replacen(ours, theirs, 1);
        assert_ne!(schema, SCHEMA);
        match DecisionPoint::from_sources(&schema, &[("extra.cedar", GOOD)]) {
            Err(PolicyError::OtherSchema(told)) => assert_eq!(told, place),
            other => panic!("{theirs}: {other:?}"),
        }
    }
    let remarked = format!("// A remark.\n{SCHEMA}\n");
    assert!(DecisionPoint::from_sources(&remarked, &RULES).is_ok());
}

/// No rules, no permits.
#[test]
fn without_rules_everything_is_denied() {
    let point = DecisionPoint::from_sources(SCHEMA, &[]).unwrap();
    let answer = point.decide(&request(Action::Read, Category::Note), &ordinary());
    assert_eq!(super::line(&answer), "denial -");
    assert_eq!(answer.basis().articles(), [model::Article::new(18)]);
    assert_eq!(decided(&request(Action::Read, Category::Note), &ordinary()), "permit P01-team-reads");
}

#[test]
fn the_version_follows_every_character() {
    let version = |schema: &str, files: &[(&str, &str)]| {
        DecisionPoint::from_sources(schema, files).unwrap().version().as_str().to_owned()
    };
    let house = version(SCHEMA, &RULES);
    assert_eq!(house.len(), 12);
    assert!(house.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)));
    assert_eq!(house, POINT.version().as_str());
    assert_ne!(house, version(&format!("{SCHEMA} "), &RULES));
    assert_ne!(house, version(SCHEMA, &RULES[..6]));
    // The same characters, split otherwise.
    assert_ne!(
        version(SCHEMA, &[("a", GOOD), ("b", "// x")]),
        version(SCHEMA, &[("a", &format!("{GOOD}// x")), ("b", "")])
    );
}

/// Whoever has to mend a rule is told where it stands.
#[test]
fn what_is_wrong_is_named_with_file_and_line() {
    let nameless = GOOD.replace("@id(\"F90-test\")", "");
    refused(&format!("// a remark\n{GOOD}\n{nameless}"), "`extra.cedar:8` has no `@id`");
    refused(&GOOD.replace("@tell(\"officer\")", ""), "`F90-test` (extra.cedar:2) has no `@tell`");
    // The same rule twice: each is found at its own place.
    refused(&format!("{GOOD}{GOOD}"), "`F90-test` (extra.cedar:6) stands at extra.cedar:2 already");
    // Cedar's own faults point to the very line, with the rule's name once.
    let found = check(&GOOD.replace("person.suspended", "person.suspend"));
    assert!(found.starts_with("`F90-test` (extra.cedar:4) attribute `suspend` "), "{found}");
    refused(&GOOD.replace("&&", "&& &&"), "`extra.cedar:4` cannot be read as rules");
    refused(&GOOD.replace("F90-test", "F16-other"), "shares its number with");
}
