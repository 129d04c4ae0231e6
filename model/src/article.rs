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

/// Paragraphs of articles 1 to 41, in their order.
const PARAGRAPHS: [u8; 41] = [
    1, 1, 1, 3, 4, 1, 1, 1, 1, 6, 1, 1, 1, 2, 1, 2, 3, 1, 2, 2, 2, 2, 2, 1, 1, 3, 1, 2, 3, 3, 2, 3, 1, 1, 1, 2, 2, 4,
    4, 3, 2,
];
/// Paragraphs that have items: article, paragraph, how many.
const ITEMS: [(u8, u8, u8); 5] = [(5, 1, 6), (5, 4, 4), (7, 1, 10), (26, 1, 4), (39, 1, 12)];

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

    /// Whether the regulation has it, with this paragraph and this item. Reading a text does not ask: what was once written
    /// into a journal stays readable.
    #[must_use]
    pub fn stands(self) -> bool {
        let Some(paragraphs) = PARAGRAPHS.get(usize::from(self.number).wrapping_sub(1)) else { return false };
        let Some(paragraph) = self.paragraph else { return self.item.is_none() };
        let items = ITEMS.iter().find(|(number, of, _)| (*number, *of) == (self.number, paragraph));
        (1..=*paragraphs).contains(&paragraph)
            && self.item.is_none_or(|item| items.is_some_and(|(.., last)| (1..=*last).contains(&item)))
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
