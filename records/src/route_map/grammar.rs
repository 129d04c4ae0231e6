//! What a value may be: of a query parameter, a form field or a member of a JSON body.

use std::fmt;

use model::{PersonId, Timestamp, id};

use crate::json::Json;

/// How many words of a list are told to a client who gave another.
const WORDS_TOLD_MAX: usize = 12;

/// A value that a route takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Field {
    pub(super) grammar: Grammar,
    pub(super) required: bool,
}

/// The grammar of a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Grammar {
    /// The person whose records are meant.
    Person,
    /// An identifier, which names nobody.
    Id,
    /// A day: `2026-11-23`.
    Date,
    /// A point in time with its zone (RFC 3339).
    Time,
    /// A whole number within these bounds, written in one way.
    Number { least: i64, most: i64 },
    /// One of these words.
    Words(Vec<String>),
    /// `true` or `false`.
    Truth,
    /// Free text of so many characters; with or without ends of lines.
    Text { characters_max: usize, lines: bool },
}

impl Grammar {
    /// Whether a value that came as text is one.
    pub(super) fn takes(&self, text: &str) -> bool {
        match self {
            Self::Person => PersonId::new(text).is_ok(),
            Self::Id => id::check(text).is_ok(),
            Self::Date => is_date(text),
            Self::Time => is_time(text),
            Self::Number { least, most } => is_number(text, *least, *most),
            Self::Words(words) => words.iter().any(|word| word == text),
            Self::Truth => matches!(text, "true" | "false"),
            Self::Text { characters_max, lines } => is_text(text, *characters_max, *lines),
        }
    }

    /// The same in words.
    pub(super) fn allowed(&self) -> String {
        match self {
            Self::Person | Self::Id => "letters, digits and -, at most 64".to_owned(),
            Self::Date => "a date such as 2026-11-23".to_owned(),
            Self::Time => "a point in time such as 2026-11-23T09:00:00+09:00".to_owned(),
            Self::Number { least, most } => format!("a whole number from {least} to {most}"),
            Self::Words(words) if words.len() > WORDS_TOLD_MAX => {
                format!("{} and others of the map", words.get(..WORDS_TOLD_MAX).unwrap_or_default().join(", "))
            }
            Self::Words(words) => words.join(", "),
            Self::Truth => "true or false".to_owned(),
            Self::Text { characters_max, lines: false } => format!("one line of at most {characters_max} characters"),
            Self::Text { characters_max, lines: true } => format!("lines, at most {characters_max} characters"),
        }
    }

    /// What it takes in JSON, in words.
    pub(super) fn in_json(&self) -> String {
        let form = match self {
            Self::Number { .. } => "as a number",
            Self::Truth => "as such",
            _ => "as text",
        };
        format!("{}, {form}", self.allowed())
    }

    /// Whether a value that came as JSON is one: numbers and truth as such, all else as text.
    pub(super) fn takes_json(&self, value: &Json<'_>) -> bool {
        match (self, value) {
            (Self::Number { .. }, Json::Number(number)) => self.takes(number),
            (Self::Truth, Json::Bool(_)) => true,
            (Self::Number { .. } | Self::Truth, _) => false,
            (_, Json::Text(text)) => self.takes(text),
            _ => false,
        }
    }
}

fn is_date(text: &str) -> bool {
    let shape = text.len() == 10
        && text
            .bytes()
            .enumerate()
            .all(|(at, byte)| if at == 4 || at == 7 { byte == b'-' } else { byte.is_ascii_digit() });
    shape && Timestamp::parse(&format!("{text}T00:00:00Z")).is_ok()
}

fn is_time(text: &str) -> bool {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit() || b"-:.+TZ".contains(&byte));
    plain && text.get(..10).is_some_and(is_date) && text.get(10..11) == Some("T") && Timestamp::parse(text).is_ok()
}

fn is_number(text: &str, least: i64, most: i64) -> bool {
    // `007`, `+7` and `-0` are read in more than one way.
    text.parse::<i64>().is_ok_and(|number| number.to_string() == text && (least..=most).contains(&number))
}

fn is_text(text: &str, characters_max: usize, lines: bool) -> bool {
    let allowed = |c: char| match c {
        '\n' | '\r' => lines,
        '\t' => true,
        c => !c.is_control(),
    };
    text.chars().count() <= characters_max && text.chars().all(allowed)
}

impl fmt::Display for Grammar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Person => f.write_str("person"),
            Self::Id => f.write_str("id"),
            Self::Date => f.write_str("date"),
            Self::Time => f.write_str("time"),
            Self::Number { least, most } => write!(f, "number {least} to {most}"),
            Self::Words(words) => f.write_str(&words.join("|")),
            Self::Truth => f.write_str("true|false"),
            Self::Text { characters_max, lines: false } => write!(f, "text of {characters_max}"),
            Self::Text { characters_max, lines: true } => write!(f, "lines of {characters_max}"),
        }
    }
}
