//! Change of the own password (art. 10-3): on first use, when it must be, and at any time.

use askama::Template;
use model::UserId;

use super::frame::Frame;
use super::paths;

/// Fewest characters of a password, as the page explains it. The registry is what holds it.
pub const CHARACTERS_MIN: u32 = 13;

/// The page. Form fields: `current_password`, `new_password`, `new_password_again`, `form_token`.
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
        self.problem.map(|problem| match problem {
            ChangeProblem::CurrentWrong => self.frame.say("change-current-wrong"),
            ChangeProblem::TooShort => self.frame.say_count("change-too-short", CHARACTERS_MIN.into()),
            ChangeProblem::TooLong(limit) => self.frame.say_count("change-too-long", limit.into()),
            ChangeProblem::LikeUserId => self.frame.say("change-like-user-id"),
            ChangeProblem::Known => self.frame.say("change-known"),
            ChangeProblem::Same => self.frame.say("change-same"),
            ChangeProblem::NotRepeated => self.frame.say("change-not-repeated"),
            ChangeProblem::Throttled(seconds) => self.frame.say_count("sign-in-throttled", seconds.into()),
            ChangeProblem::FormTooOld => self.frame.say("form-too-old"),
        })
    }
}
