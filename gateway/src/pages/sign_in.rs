//! Sign-in (art. 10-1).

use askama::Template;

use super::frame::Frame;
use super::paths::{self, LocalPath};
use super::shown::Shown;
use crate::refusal::SignInReason;

/// The sign-in page. Form fields: `user_id`, `password`, `next`, `form_token`.
#[derive(Template)]
#[template(path = "sign_in.html")]
pub struct SignIn<'a> {
    /// Around it.
    pub frame: &'a Frame<'a>,
    /// Label of the terminal, so that its holder sees that it is recognised.
    pub device: Shown<'a>,
    /// Where to go afterwards.
    pub next: &'a LocalPath,
    /// Token of the form.
    pub form_token: &'a str,
    /// Why the page is shown.
    pub notice: SignInNotice,
    /// Why the last attempt failed.
    pub problem: Option<SignInProblem>,
    /// What was typed as user ID, so that only the password must be typed again.
    pub user_id: Shown<'a>,
}

/// Why the sign-in page is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignInNotice {
    /// There is no usable session.
    Because(SignInReason),
    /// The password was just changed, which ended every session with the old one.
    PasswordChanged,
}

/// Why signing in failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignInProblem {
    /// No such user ID, another password, or a user ID that may not be used: one text for all (promise P4).
    Wrong,
    /// Too many attempts; the next one has a chance after so many seconds.
    Throttled(u32),
    /// The form had waited too long, or came without its token.
    FormTooOld,
}

impl SignIn<'_> {
    fn title(&self) -> String {
        self.frame.say("sign-in-title")
    }

    fn action(&self) -> &'static str {
        paths::SIGN_IN
    }

    fn connection(&self) -> &'static str {
        paths::CONNECTION
    }

    /// What is to be typed next: the password, once there is a user ID.
    fn begins_at_password(&self) -> bool {
        !self.user_id.0.trim().is_empty()
    }

    fn notice(&self) -> Option<String> {
        let key = match self.notice {
            SignInNotice::Because(SignInReason::NoSession) => return None,
            SignInNotice::Because(SignInReason::Idle) => "sign-in-idle",
            SignInNotice::Because(SignInReason::Over) => "sign-in-over",
            SignInNotice::Because(SignInReason::Ended) => "sign-in-ended",
            SignInNotice::PasswordChanged => "sign-in-password-changed",
        };
        Some(self.frame.say(key))
    }

    fn problem(&self) -> Option<String> {
        self.problem.map(|problem| match problem {
            SignInProblem::Wrong => self.frame.say("sign-in-wrong"),
            SignInProblem::Throttled(seconds) => self.frame.say_count("sign-in-throttled", seconds.into()),
            SignInProblem::FormTooOld => self.frame.say("form-too-old"),
        })
    }
}
