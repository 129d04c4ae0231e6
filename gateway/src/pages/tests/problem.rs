//! Problem documents.

use std::collections::BTreeSet;

use serde_json::Value;

use super::samples::{INCIDENT, ORDINALS, Words, ordinal, refusals, rules};
use crate::pages::refused::CODES;
use crate::pages::{ChangeProblem, Language, explained, problem};
use crate::refusal::Refusal;

fn read(refusal: &Refusal) -> Value {
    serde_json::from_str(&problem(refusal, INCIDENT)).unwrap()
}

#[test]
fn every_refusal_is_a_whole_problem_document() {
    let refusals = refusals(&Words::friendly(Language::En));
    assert_eq!(refusals.iter().map(ordinal).collect::<BTreeSet<_>>(), (0..ORDINALS).collect());
    for refusal in &refusals {
        let document = read(refusal);
        let code = refusal.code();
        assert_eq!(document["type"], format!("/.sekisho/problems/{code}"));
        assert_eq!(document["code"], code);
        assert_eq!(document["status"], refusal.status());
        assert_eq!(document["instance"], format!("urn:sekisho:incident:{INCIDENT}"));
        for member in ["title", "detail", "text_ja", "text_en"] {
            let text = document[member].as_str().unwrap();
            assert!(!text.is_empty() && !text.contains(&format!("refusal-{code}")), "{code}: {member}");
        }
        let articles: Vec<String> = refusal.articles().iter().map(ToString::to_string).collect();
        assert_eq!(document["articles"], serde_json::json!(articles));
        let seconds = document.get("retry_after_seconds").and_then(Value::as_u64);
        assert_eq!(seconds, refusal.retry_after_seconds().map(u64::from), "{code}");
    }
}

#[test]
fn codes_are_those_of_the_refusals_and_each_is_explained() {
    let used: BTreeSet<&str> = refusals(&Words::friendly(Language::En)).iter().map(Refusal::code).collect();
    assert_eq!(used, CODES.into_iter().collect());
}

#[test]
fn an_unknown_code_has_no_page() {
    let phone = crate::pages::Phone("0297-23-2111".to_owned());
    let desk = crate::pages::Desk {
        name_ja: "市".to_owned(),
        name_en: "City".to_owned(),
        phone: phone.clone(),
        loss_phone: phone,
    };
    let frame = crate::pages::Frame {
        language: Language::Ja,
        place: crate::pages::Place::Care,
        here: crate::pages::LocalPath::home(),
        desk: &desk,
        now: model::Timestamp::from_millis(0),
    };
    assert!(explained(&frame, "refused").is_some());
    assert!(explained(&frame, "").is_none() && explained(&frame, "refused-what").is_none());
}

#[test]
fn a_rule_is_named_with_its_words() {
    let rule = rules().iter().find(|rule| rule.told != policy::Audience::Officer).unwrap();
    let document = read(&Refusal::Told(std::sync::Arc::clone(rule)));
    assert_eq!(document["rule"], rule.id.as_str());
    assert_eq!(document["text_ja"], rule.text_ja.as_str());
    assert_eq!(document["text_en"], rule.text_en.as_str());
}

/// Promise P4: only the incident differs between two answers, and it is as long.
#[test]
fn not_available_says_nothing_but_the_incident() {
    let other = "f".repeat(INCIDENT.len());
    let first = problem(&Refusal::NotAvailable, INCIDENT);
    assert_eq!(first.replace(INCIDENT, &other), problem(&Refusal::NotAvailable, &other));
    let document = read(&Refusal::NotAvailable);
    let members: Vec<&str> = document.as_object().unwrap().keys().map(String::as_str).collect();
    let told = ["articles", "code", "detail", "instance", "status", "text_en", "text_ja", "title", "type"];
    assert_eq!(members.into_iter().collect::<BTreeSet<_>>(), told.into_iter().collect());
    assert_eq!(document["articles"], serde_json::json!(["18"]));
}

#[test]
fn details_say_what_to_mend() {
    assert_eq!(read(&Refusal::Unreadable("more than one Host field".into()))["detail"], "more than one Host field");
    let unfit = read(&Refusal::PasswordUnfit(ChangeProblem::TooShort));
    assert_eq!(unfit["detail"], "The new password is too short. Use at least 13 characters.");
    assert_eq!(unfit["text_ja"], "新しいパスワードが短すぎます。13文字以上にしてください。");
    assert!(read(&Refusal::BodyTooLarge(4096))["detail"].as_str().unwrap().contains("4096 octets"));
}
