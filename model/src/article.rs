//! Articles of the city's regulation, as every refusal and every act cites them.

use std::fmt;

/// An article, with paragraph and item where one is meant: `29`, `29-1`, `39-1-10`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Article {
    number: u8,
    paragraph: Option<u8>,
    item: Option<u8>,
}

/// A text names no article.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` names no article; expected such as 29, 29-1 or 39-1-10, up to article 41")]
pub struct ArticleError(String);

impl Article {
    /// Last article of the regulation.
    pub const LAST: u8 = 41;

    /// A whole article.
    #[must_use]
    pub const fn new(number: u8) -> Self {
        Self { number, paragraph: None, item: None }
    }

    /// A paragraph of an article.
    #[must_use]
    pub const fn paragraph(number: u8, paragraph: u8) -> Self {
        Self { number, paragraph: Some(paragraph), item: None }
    }

    /// The article's number.
    #[must_use]
    pub const fn number(self) -> u8 {
        self.number
    }

    /// Reads `29`, `29-1` or `39-1-10`.
    ///
    /// # Errors
    /// Another form, or no such article.
    pub fn parse(text: &str) -> Result<Self, ArticleError> {
        let wrong = || ArticleError(text.chars().take(32).collect());
        let mut parts = text.split('-').map(|part| match part.parse::<u8>() {
            Ok(value) if value > 0 && !part.starts_with('+') => Ok(value),
            _ => Err(wrong()),
        });
        let number = parts.next().ok_or_else(wrong)??;
        let paragraph = parts.next().transpose()?;
        let item = parts.next().transpose()?;
        if number > Self::LAST || parts.next().is_some() {
            return Err(wrong());
        }
        Ok(Self { number, paragraph, item })
    }

    /// 第29条第1項第2号, as the city writes it.
    #[must_use]
    pub fn to_japanese(self) -> String {
        let mut text = format!("第{}条", self.number);
        if let Some(paragraph) = self.paragraph {
            text.push_str(&format!("第{paragraph}項"));
        }
        if let Some(item) = self.item {
            text.push_str(&format!("第{item}号"));
        }
        text
    }
}

impl fmt::Display for Article {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.number)?;
        if let Some(paragraph) = self.paragraph {
            write!(f, "-{paragraph}")?;
        }
        if let Some(item) = self.item {
            write!(f, "-{item}")?;
        }
        Ok(())
    }
}
