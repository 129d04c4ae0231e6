//! Which passwords a user may set (art. 10-3): long, not known, not about himself. No mixture of character kinds is asked
//! for and none ages (NIST SP 800-63B-4 3.1.1.2): both make people choose worse ones.

use crate::bounds::{PASSWORD_CHARACTERS_MAX, PASSWORD_CHARACTERS_MIN};

/// Words that a password may hold and must not consist of, one a line, in the form of [`fold`].
const COMMON: &str = include_str!("common-words.txt");
/// Rows that fingers walk along.
const ROWS: &[&str] = &[
    "0123456789",
    "1234567890",
    "abcdefghijklmnopqrstuvwxyz",
    "qwertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    "qazwsxedcrfvtgbyhnujmikolp",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p",
];
/// Walks of fewer characters are found in honest words too.
const WALK_MIN: usize = 4;
/// So many characters must remain, once everything known is taken away.
const OWN_CHARACTERS_MIN: usize = 6;
/// So many different characters, at the least.
const DIFFERENT_MIN: usize = 5;
/// Shorter words about a user (a syllable of a name) are too common to be taken away.
const ABOUT_CHARACTERS_MIN: usize = 3;

/// Why a password will not do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum PasswordFault {
    /// Fewer than [`PASSWORD_CHARACTERS_MIN`] characters.
    #[error("the password has fewer than {PASSWORD_CHARACTERS_MIN} characters")]
    TooShort,
    /// More than [`PASSWORD_CHARACTERS_MAX`] characters.
    #[error("the password has more than {PASSWORD_CHARACTERS_MAX} characters")]
    TooLong,
    /// A character that cannot be typed.
    #[error("the password holds a control character")]
    Character,
    /// Known words, repetitions and rows of keys: among the first to be guessed.
    #[error("the password is one of those that are guessed first")]
    Guessable,
    /// The user ID, with little else.
    #[error("the password is made of the user ID or the user's name")]
    AboutUser,
    /// The password there is now.
    #[error("the password is the same as before")]
    Same,
    /// The current password was not given correctly.
    #[error("the current password is wrong")]
    WrongCurrent,
}

/// Checks a new password; `about` are the user ID, the user's name and the like.
///
/// # Errors
/// The first thing that is wrong with it.
pub fn check_password(password: &str, about: &[&str]) -> Result<(), PasswordFault> {
    let count = password.chars().count();
    if count < PASSWORD_CHARACTERS_MIN {
        return Err(PasswordFault::TooShort);
    }
    if count > PASSWORD_CHARACTERS_MAX {
        return Err(PasswordFault::TooLong);
    }
    if password.chars().any(char::is_control) {
        return Err(PasswordFault::Character);
    }
    let folded = fold(password);
    if different(&folded) < DIFFERENT_MIN || repeats(&folded) || own(&without_common(&folded)) < OWN_CHARACTERS_MIN {
        return Err(PasswordFault::Guessable);
    }
    if own(&without_common(&without(&folded, about))) < OWN_CHARACTERS_MIN {
        return Err(PasswordFault::AboutUser);
    }
    Ok(())
}

/// Letters and digits only, small, with the usual stand-ins (`p@ssw0rd`) undone.
fn fold(text: &str) -> String {
    let stand_in = |c| match c {
        '@' | '4' => 'a',
        '0' => 'o',
        '1' | '!' | '|' => 'l',
        '3' => 'e',
        '$' | '5' => 's',
        '7' => 't',
        other => other,
    };
    // Digits in a row of digits are digits: `2024` stays, `p4ss` becomes `pass`.
    let small: Vec<char> = text.chars().flat_map(char::to_lowercase).collect();
    let is_digit = |at: Option<&char>| at.is_some_and(char::is_ascii_digit);
    let folded = small.iter().enumerate().map(|(place, c)| {
        let beside =
            is_digit(place.checked_sub(1).and_then(|before| small.get(before))) || is_digit(small.get(place + 1));
        if c.is_ascii_digit() && beside { *c } else { stand_in(*c) }
    });
    folded.filter(|c| c.is_alphanumeric()).collect()
}

fn different(text: &str) -> usize {
    text.chars().collect::<std::collections::BTreeSet<_>>().len()
}

/// A shorter text written again and again.
fn repeats(text: &str) -> bool {
    let characters: Vec<char> = text.chars().collect();
    (1..=characters.len() / 2).any(|period| characters.iter().zip(characters.iter().skip(period)).all(|(a, b)| a == b))
}

/// Takes away known words, then walks along rows.
fn without_common(text: &str) -> String {
    let words: Vec<&str> = COMMON.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
    without_walks(&without(text, &words))
}

fn without(text: &str, words: &[&str]) -> String {
    let mut words: Vec<String> = words
        .iter()
        .flat_map(|word| word.split(|c: char| c.is_whitespace() || c == '\u{3000}').chain([*word]))
        .map(fold)
        .filter(|word| word.chars().count() >= ABOUT_CHARACTERS_MIN || !word.is_ascii())
        .filter(|word| !word.is_empty())
        .collect();
    words.sort_by_key(|word| std::cmp::Reverse(word.len()));
    // A space marks the place, so that what is left on both sides does not grow together into another word.
    words.iter().fold(text.to_owned(), |rest, word| rest.replace(word.as_str(), " "))
}

fn without_walks(text: &str) -> String {
    let characters: Vec<char> = text.chars().collect();
    let mut rest = String::new();
    let mut place = 0;
    while let Some(character) = characters.get(place) {
        let walked = longest_walk(characters.get(place..).unwrap_or_default());
        if walked >= WALK_MIN {
            rest.push(' ');
            place += walked;
        } else {
            rest.push(*character);
            place += 1;
        }
    }
    rest
}

/// How many characters from the start lie beside each other on a row, forwards or backwards, or are the same.
fn longest_walk(characters: &[char]) -> usize {
    let same = characters.iter().take_while(|c| characters.first() == Some(c)).count();
    let along = |row: &str| {
        let row: Vec<char> = row.chars().collect();
        let begun = characters.first().and_then(|first| row.iter().position(|c| c == first));
        begun.map_or(0, |begun| {
            let forwards = row.iter().skip(begun).zip(characters).take_while(|(a, b)| a == b).count();
            let backwards = row.iter().take(begun + 1).rev().zip(characters).take_while(|(a, b)| a == b).count();
            forwards.max(backwards)
        })
    };
    // As typed, and as the stand-ins in it are undone.
    ROWS.iter().map(|row| along(row).max(along(&fold(row)))).max().unwrap_or(0).max(same)
}

/// Letters of one's own, and digits that are not only a year or a number at the end.
fn own(rest: &str) -> usize {
    let letters = rest.chars().filter(|c| c.is_alphabetic()).count();
    let digits = rest.chars().filter(|c| c.is_ascii_digit()).count();
    // Digits count for less than half: eight of them are one date.
    letters + digits / 3
}
