//! What all pages share: language, address, header, footer with the desk's hours.

use fluent_bundle::FluentValue;
use model::{Article, Timestamp};

use super::dates::When;
use super::desk::Desk;
use super::hours::OfficeHours;
use super::paths::{self, LocalPath};
use super::shown::Shown;
use super::texts::{self, Language};

/// On which host a page is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The care host, which asks for a device certificate.
    Care,
    /// The public host (art. 22).
    Public,
    /// The care host, for a terminal that nothing else is served to: not even a style sheet.
    Isolated,
}

/// The frame around a page.
#[derive(Clone, Debug)]
pub struct Frame<'a> {
    /// Language of the page.
    pub language: Language,
    /// On which host.
    pub place: Place,
    /// Address of the page, for the language link; for the answer to a form, the address of the form.
    pub here: LocalPath,
    /// Whom to call.
    pub desk: &'a Desk,
    /// Now.
    pub now: Timestamp,
}

impl Frame<'_> {
    /// A text without placeholders.
    #[must_use]
    pub fn say(&self, key: &str) -> String {
        texts::text(self.language, key, &[])
    }

    /// A text with one number, called `count` in the text.
    #[must_use]
    pub fn say_count(&self, key: &str, count: u64) -> String {
        texts::text(self.language, key, &[("count", FluentValue::from(count))])
    }

    /// A point in time, written for the reader. By reference, as templates hand over fields.
    #[must_use]
    pub fn when(&self, at: &Timestamp) -> When {
        When::new(self.language, *at)
    }

    /// The same to the second.
    #[must_use]
    pub fn when_exactly(&self, at: &Timestamp) -> When {
        When::to_the_second(self.language, *at)
    }

    /// Name of the desk, in the page's language.
    #[must_use]
    pub fn desk_name(&self) -> Shown<'_> {
        self.desk.name(self.language)
    }

    /// The desk, now.
    #[must_use]
    pub fn hours(&self) -> OfficeHours {
        OfficeHours::at(self.now)
    }

    /// Articles as the city cites them: 規約第29条第1項、第39条. Empty for none.
    #[must_use]
    pub fn articles(&self, articles: &[Article]) -> String {
        let joined = |write: fn(Article) -> String, between: &str| {
            articles.iter().map(|article| write(*article)).collect::<Vec<_>>().join(between)
        };
        match (self.language, articles.len()) {
            (_, 0) => String::new(),
            (Language::Ja, _) => format!("規約{}", joined(Article::to_japanese, "、")),
            (Language::En, 1) => format!("Article {} of the regulation", joined(|article| article.to_string(), ", ")),
            (Language::En, _) => format!("Articles {} of the regulation", joined(|article| article.to_string(), ", ")),
        }
    }

    /// Address of the style sheet on this host.
    #[must_use]
    pub const fn style_path(&self) -> &'static str {
        match self.place {
            Place::Care | Place::Isolated => paths::STYLE,
            Place::Public => paths::PUBLIC_STYLE,
        }
    }

    /// The style itself, where no style sheet can be had.
    #[must_use]
    pub const fn inline_style(&self) -> Option<&'static str> {
        match self.place {
            Place::Care | Place::Public => None,
            Place::Isolated => Some(super::STYLE),
        }
    }

    /// This page in the other language.
    #[must_use]
    pub fn other_language_path(&self) -> LocalPath {
        self.here.with_language(self.language.other().code())
    }
}
