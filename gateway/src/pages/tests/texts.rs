//! The two text files: same keys, same placeholders, nothing missing, nothing idle.

use std::collections::{BTreeMap, BTreeSet};

use fluent_bundle::FluentResource;

use super::samples::{PROBLEMS, Words, every_page};
use crate::pages::Language;
use crate::pages::refused::CODES;
use crate::pages::texts::{EN, JA, text};

/// Keys of a file, each with its placeholders.
fn keys(source: &str) -> BTreeMap<String, BTreeSet<String>> {
    let mut keys: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut current = String::new();
    for line in source.lines().filter(|line| !line.starts_with('#')) {
        if let Some((key, _)) = line.split_once(" = ")
            && key.starts_with(|c: char| c.is_ascii_lowercase())
        {
            current = key.to_owned();
            assert!(keys.insert(current.clone(), BTreeSet::new()).is_none(), "{key} twice");
        }
        for piece in line.split('$').skip(1) {
            let name: String = piece.chars().take_while(char::is_ascii_alphanumeric).collect();
            keys.get_mut(&current).unwrap().insert(name);
        }
    }
    keys
}

#[test]
fn both_files_parse() {
    for source in [JA, EN] {
        if let Err((_, errors)) = FluentResource::try_new(source.to_owned()) {
            panic!("{errors:?}");
        }
    }
}

#[test]
fn both_files_hold_the_same_keys_and_placeholders() {
    assert_eq!(keys(JA), keys(EN));
}

/// Keys that are put together while rendering.
fn composed() -> BTreeSet<String> {
    let mut composed: BTreeSet<String> =
        CODES.iter().flat_map(|code| ["title", "what", "next"].map(|part| format!("refusal-{code}-{part}"))).collect();
    let steps: usize = PROBLEMS.len();
    for word in ["missing", "expired", "not-yet-valid", "revoked", "unknown"] {
        composed.extend(["title", "what", "steps"].map(|part| format!("help-{word}-{part}")));
        // As many steps as there are in the file, without a gap.
        composed.extend(
            (1..=steps).map(|step| format!("help-{word}-step-{step}")).take_while(|key| keys(JA).contains_key(key)),
        );
    }
    composed
}

#[test]
fn every_key_asked_for_exists_and_every_key_is_asked_for() {
    let sources: String = source_files().concat();
    let there = keys(JA);
    let composed = composed();
    for key in &composed {
        assert!(there.contains_key(key), "{key} is missing");
    }
    for piece in sources.split("say(\"").skip(1).chain(sources.split("say_count(\"").skip(1)) {
        let key = piece.split('"').next().unwrap();
        assert!(there.contains_key(key), "{key} is missing");
    }
    for key in there.keys() {
        assert!(composed.contains(key) || sources.contains(&format!("\"{key}\"")), "{key} is used nowhere");
    }
}

#[test]
fn every_step_of_help_is_on_its_page() {
    let pages = every_page(Language::Ja, &Words::friendly(Language::Ja));
    for (key, _) in keys(JA).iter().filter(|(key, _)| key.starts_with("help-") && key.contains("-step-")) {
        let step = text(Language::Ja, key, &[]);
        assert!(pages.iter().any(|(_, page)| page.contains(&step)), "{key}");
    }
}

#[test]
fn numbers_take_their_plural() {
    let seconds = |count: u32| text(Language::En, "refused-wait", &[("count", count.into())]);
    assert_eq!(seconds(1), "Wait about one second, then try again.");
    assert_eq!(seconds(3600), "Wait about 3600 seconds, then try again.");
    let japanese = text(Language::Ja, "refused-wait", &[("count", 30.into())]);
    assert_eq!(japanese, "30秒ほど待ってから、もう一度試してください。");
}

#[test]
fn japanese_texts_are_polite_sentences() {
    for line in JA.lines().filter(|line| !line.starts_with('#')) {
        let Some((key, text)) = line.split_once(" = ") else { continue };
        let sentences: Vec<&str> = text.split_inclusive('。').collect();
        for sentence in sentences.iter().filter(|sentence| sentence.ends_with('。')) {
            let bare = sentence.trim_end_matches('。').trim_end_matches(|c| c != '(' && sentence.ends_with(")。"));
            let bare = bare.trim_end_matches('(');
            let polite = ["ます", "です", "ません", "ました", "ください", "でした", "ましょう"];
            assert!(polite.iter().any(|end| bare.ends_with(end)), "{key}: {sentence}");
        }
        assert!(!text.contains(['!', '?', ',', '.', '，', '．']), "{key}: Japanese punctuation only");
    }
}

#[test]
fn language_is_chosen_by_cookie_then_by_browser_then_japanese() {
    use Language::{En, Ja};
    let choose = Language::choose;
    assert_eq!(choose(None, None), Ja);
    assert_eq!(choose(Some("en"), Some("ja")), En);
    assert_eq!(choose(Some("fr"), Some("en-GB,en;q=0.9")), En);
    assert_eq!(choose(None, Some("ja,en-US;q=0.9,en;q=0.8")), Ja);
    assert_eq!(choose(None, Some("en-US,ja;q=0.5")), En);
    assert_eq!(choose(None, Some("fr;q=1, en;q=0.4, JA-JP;q=0.6")), Ja);
    assert_eq!(choose(None, Some("en;q=0")), Ja);
    assert_eq!(choose(None, Some("zh, *;q=0.1")), Ja);
    assert_eq!(choose(None, Some("en;q=nonsense")), Ja);
    assert_eq!(choose(None, Some(&"x,".repeat(100_000))), Ja);
}

/// Templates and sources of the pages, tests left out.
fn source_files() -> Vec<String> {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    ["templates", "src/pages"]
        .iter()
        .flat_map(|folder| std::fs::read_dir(root.join(folder)).unwrap())
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|end| end == "html" || end == "rs"))
        .map(|path| std::fs::read_to_string(path).unwrap())
        .collect()
}
