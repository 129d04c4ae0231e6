//! The words of the pages, Japanese and English side by side in `texts/*.ftl` (Project Fluent).
//!
//! Both files are embedded. That they parse, hold the same keys, and hold every key a page asks for is tested; should a
//! key be missing all the same, the key itself is shown rather than nothing.

use std::sync::LazyLock;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use unic_langid::LanguageIdentifier;

/// Source of the Japanese texts.
pub const JA: &str = include_str!("../../texts/ja.ftl");
/// Source of the English texts.
pub const EN: &str = include_str!("../../texts/en.ftl");

/// Languages of an `Accept-Language` field that are looked at; the rest is ignored.
const RANGES_MAX: usize = 16;

/// Language of a page. Japanese unless English is asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Language {
    /// Japanese.
    #[default]
    Ja,
    /// English.
    En,
}

impl Language {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Ja, Self::En];

    /// Chooses: what the reader chose before (the cookie's value), else the better liked of the two in
    /// `Accept-Language` (RFC 9110 12.5.4), else Japanese.
    #[must_use]
    pub fn choose(cookie: Option<&str>, accept_language: Option<&str>) -> Self {
        cookie.and_then(Self::parse).or_else(|| accept_language.and_then(preferred)).unwrap_or_default()
    }

    /// Reads `ja` or `en`.
    #[must_use]
    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|language| language.code() == code)
    }

    /// The code for `lang` attributes, cookies and `?lang=`.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Ja => "ja",
            Self::En => "en",
        }
    }

    /// The other one.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Ja => Self::En,
            Self::En => Self::Ja,
        }
    }

    /// Its name in itself: whoever cannot read the page can read this.
    #[must_use]
    pub const fn own_name(self) -> &'static str {
        match self {
            Self::Ja => "日本語",
            Self::En => "English",
        }
    }
}

fn preferred(accept_language: &str) -> Option<Language> {
    let mut best: Option<(Language, f32)> = None;
    for range in accept_language.split(',').take(RANGES_MAX) {
        let (tag, parameters) = range.split_once(';').unwrap_or((range, ""));
        let primary = tag.trim().split('-').next().unwrap_or_default().to_ascii_lowercase();
        let Some(language) = Language::parse(&primary) else { continue };
        let weight = match parameters.trim().strip_prefix("q=") {
            Some(weight) => weight.trim().parse().unwrap_or(0.0),
            None => 1.0,
        };
        if weight > best.map_or(0.0, |(_, best)| best) {
            best = Some((language, weight));
        }
    }
    best.map(|(language, _)| language)
}

/// One text. `args` fill its `{ $placeholders }`.
#[must_use]
pub fn text(language: Language, key: &str, args: &[(&'static str, FluentValue<'_>)]) -> String {
    static JAPANESE: LazyLock<FluentBundle<FluentResource>> = LazyLock::new(|| bundle(Language::Ja, JA));
    static ENGLISH: LazyLock<FluentBundle<FluentResource>> = LazyLock::new(|| bundle(Language::En, EN));
    let bundle = match language {
        Language::Ja => &*JAPANESE,
        Language::En => &*ENGLISH,
    };
    let Some(pattern) = bundle.get_message(key).and_then(|message| message.value()) else { return key.to_owned() };
    let filled: FluentArgs<'_> = args.iter().map(|(name, value)| (*name, value.clone())).collect();
    // An unfilled placeholder stays visible as `{$name}`; the page tests look for braces.
    bundle.format_pattern(pattern, Some(&filled), &mut Vec::new()).into_owned()
}

fn bundle(language: Language, source: &str) -> FluentBundle<FluentResource> {
    // Both codes are language tags (tested through the plurals of English); the default has no plurals.
    let locale = language.code().parse::<LanguageIdentifier>().unwrap_or_default();
    // What cannot be parsed is left out here and found by the tests; the rest stays usable.
    let resource = FluentResource::try_new(source.to_owned()).unwrap_or_else(|(rest, _)| rest);
    let mut bundle = FluentBundle::new_concurrent(vec![locale]);
    // Isolation marks are invisible characters; values are already free of anything that turns the line around.
    bundle.set_use_isolating(false);
    bundle.add_resource_overriding(resource);
    bundle
}
