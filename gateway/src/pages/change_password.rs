//! Change of the own password (art. 10-3): on first use, when it must be, and at any time.

use askama::Template;
use model::UserId;

use super::frame::Frame;
use super::paths;
use super::texts::{self, Language};

/// Fewest characters of a password, as the page explains it. The registry is what holds it.
pub const CHARACTERS_MIN: u32 = 13;
const _: () = assert!(CHARACTERS_MIN as usize == registry::PASSWORD_CHARACTERS_MIN);

/// The page. Form fields: `current`, `new`, `again`, `form_token`.
#[derive(Template)]
#[template(path = "change_password.html")]
pub struct ChangePassword<'a> {
    /// Around it.
    pub frame: &'a Frame<'a>,
    /// Whose; also tells a password manager what it stores.
    pub user_id: &'a UserId,
    /// Token of the form.
    pub form_token: &'a str,
    /// Why the page is shown.
    pub reason: ChangeReason,
    /// Why the last attempt failed.
    pub problem: Option<ChangeProblem>,
}

/// Why somebody changes a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeReason {
    /// The first password was handed over on paper; nothing else is open until it is changed.
    FirstUse,
    /// By own wish.
    Voluntary,
}

/// Why the change failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeProblem {
    /// The current password is another one.
    CurrentWrong,
    /// Fewer than [`CHARACTERS_MIN`] characters.
    TooShort,
    /// More characters than can be kept; holds the limit.
    TooLong(u32),
    /// It is, or holds, the user ID.
    LikeUserId,
    /// It is on the list of passwords that attackers try first.
    Known,
    /// It is the current one.
    Same,
    /// The two new ones differ.
    NotRepeated,
    /// Too many attempts; the next one has a chance after so many seconds.
    Throttled(u32),
    /// The form had waited too long, or came without its token.
    FormTooOld,
}

impl ChangePassword<'_> {
    fn title(&self) -> String {
        self.frame.say("change-title")
    }

    fn action(&self) -> &'static str {
        paths::PASSWORD
    }

    fn is_first_use(&self) -> bool {
        self.reason == ChangeReason::FirstUse
    }

    /// The current password is what is wrong; otherwise the new one, or the attempt as a whole.
    fn is_current_wrong(&self) -> bool {
        self.problem == Some(ChangeProblem::CurrentWrong)
    }

    fn is_new_wrong(&self) -> bool {
        use ChangeProblem::{Known, LikeUserId, NotRepeated, Same, TooLong, TooShort};
        matches!(self.problem, Some(TooShort | TooLong(_) | LikeUserId | Known | Same | NotRepeated))
    }

    fn minimum(&self) -> String {
        self.frame.say_count("change-rule-length", CHARACTERS_MIN.into())
    }

    fn problem(&self) -> Option<String> {
        self.problem.map(|problem| problem.text(self.frame.language))
    }
}

impl ChangeProblem {
    /// What is wrong, and what to do about it.
    #[must_use]
    pub fn text(self, language: Language) -> String {
        let (key, count) = match self {
            Self::CurrentWrong => ("change-current-wrong", None),
            Self::TooShort => ("change-too-short", Some(CHARACTERS_MIN)),
            Self::TooLong(limit) => ("change-too-long", Some(limit)),
            Self::LikeUserId => ("change-like-user-id", None),
            Self::Known => ("change-known", None),
            Self::Same => ("change-same", None),
            Self::NotRepeated => ("change-not-repeated", None),
            Self::Throttled(seconds) => ("sign-in-throttled", Some(seconds)),
            Self::FormTooOld => ("form-too-old", None),
        };
        match count {
            Some(count) => texts::text(language, key, &[("count", count.into())]),
            None => texts::text(language, key, &[]),
        }
    }
}
