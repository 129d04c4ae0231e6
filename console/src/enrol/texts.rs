//! The words of the pages, Japanese and English side by side in `texts/*.ftl` (Project Fluent). That both files parse, hold
//! the same keys and every key that a page asks for is tested.

use std::sync::LazyLock;

use fluent_bundle::FluentResource;
use fluent_bundle::concurrent::FluentBundle;
use unic_langid::LanguageIdentifier;

/// Source of the Japanese texts.
pub(super) const JA: &str = include_str!("../../texts/ja.ftl");
/// Source of the English texts.
pub(super) const EN: &str = include_str!("../../texts/en.ftl");

/// Language of a page. Japanese unless English is asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Language {
    #[default]
    Ja,
    En,
}

impl Language {
    /// From the address; whatever is not `en` is Japanese.
    pub(super) fn of(asked: &str) -> Self {
        if asked == "en" { Self::En } else { Self::Ja }
    }

    /// The code for `lang` attributes and `?lang=`.
    pub(super) const fn code(self) -> &'static str {
        match self {
            Self::Ja => "ja",
            Self::En => "en",
        }
    }

    /// The other one.
    pub(super) const fn other(self) -> Self {
        match self {
            Self::Ja => Self::En,
            Self::En => Self::Ja,
        }
    }

    /// Its name in itself.
    pub(super) const fn own_name(self) -> &'static str {
        match self {
            Self::Ja => "日本語",
            Self::En => "English",
        }
    }

    /// One text; should it be missing, its key rather than nothing.
    pub(super) fn say(self, key: &str) -> String {
        static JAPANESE: LazyLock<FluentBundle<FluentResource>> = LazyLock::new(|| bundle(Language::Ja, JA));
        static ENGLISH: LazyLock<FluentBundle<FluentResource>> = LazyLock::new(|| bundle(Language::En, EN));
        let bundle = match self {
            Self::Ja => &*JAPANESE,
            Self::En => &*ENGLISH,
        };
        let Some(pattern) = bundle.get_message(key).and_then(|message| message.value()) else { return key.to_owned() };
        bundle.format_pattern(pattern, None, &mut Vec::new()).into_owned()
    }
}

fn bundle(language: Language, source: &str) -> FluentBundle<FluentResource> {
    let locale = language.code().parse::<LanguageIdentifier>().unwrap_or_default();
    // What cannot be parsed is left out here and found by the tests; the rest stays usable.
    let resource = FluentResource::try_new(source.to_owned()).unwrap_or_else(|(rest, _)| rest);
    let mut bundle = FluentBundle::new_concurrent(vec![locale]);
    bundle.set_use_isolating(false);
    bundle.add_resource_overriding(resource);
    bundle
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn keys(source: &str) -> Vec<&str> {
        source.lines().filter_map(|line| line.split_once(" = ").map(|(key, _)| key)).collect()
    }

    #[test]
    fn both_files_parse_and_hold_the_same_keys_in_the_same_order() {
        for source in [JA, EN] {
            assert!(FluentResource::try_new(source.to_owned()).is_ok());
        }
        assert_eq!(keys(JA), keys(EN));
        assert_eq!(keys(JA).iter().collect::<BTreeSet<_>>().len(), keys(JA).len());
    }

    #[test]
    fn every_key_asked_for_is_there_and_every_key_is_asked_for() {
        let sources = [
            include_str!("page.rs"),
            include_str!("check.rs"),
            include_str!("../../templates/frame.html"),
            include_str!("../../templates/enrol.html"),
            include_str!("../../templates/root.html"),
            include_str!("../../templates/container.html"),
            include_str!("../../templates/connection.html"),
        ]
        .concat();
        for piece in sources.split("say(\"").skip(1) {
            let key = piece.split('"').next().unwrap();
            assert!(keys(JA).contains(&key), "{key} is missing");
        }
        for key in keys(JA) {
            assert!(sources.contains(&format!("\"{key}\"")), "{key} is used nowhere");
            assert!(![Language::Ja, Language::En].iter().any(|language| language.say(key) == key), "{key}");
        }
    }
}
