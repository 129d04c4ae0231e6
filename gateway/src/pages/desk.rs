//! Whom to call: the city's inquiry desk (art. 14) and the number for lost terminals, which answers at any hour.

use super::shown::Shown;
use super::texts::Language;

/// The desk, from the settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Desk {
    /// Its name in Japanese, such as 常総市 幸せ長寿課.
    pub name_ja: String,
    /// Its name in English.
    pub name_en: String,
    /// In inquiry hours.
    pub phone: Phone,
    /// For a lost or stolen terminal, at any hour.
    pub loss_phone: Phone,
}

impl Desk {
    /// Its name in the page's language.
    #[must_use]
    pub fn name(&self, language: Language) -> Shown<'_> {
        Shown(match language {
            Language::Ja => &self.name_ja,
            Language::En => &self.name_en,
        })
    }
}

/// A telephone number as written by people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Phone(pub String);

impl Phone {
    /// As written.
    #[must_use]
    pub fn shown(&self) -> Shown<'_> {
        Shown(&self.0)
    }

    /// For a `tel:` link (RFC 3966): digits, with a leading `+` where there is one. None when the text holds anything
    /// that is no part of a number; it is then shown without a link.
    #[must_use]
    pub fn href(&self) -> Option<String> {
        let text = self.0.trim();
        let plausible = text
            .chars()
            .enumerate()
            .all(|(place, c)| c.is_ascii_digit() || matches!(c, '-' | ' ' | '(' | ')') || (c == '+' && place == 0));
        let digits: String = text.chars().filter(|c| c.is_ascii_digit() || *c == '+').collect();
        (plausible && (3..=16).contains(&digits.len())).then(|| format!("tel:{digits}"))
    }
}
