//! Declaring an emergency under the city's rule for break-glass (art. 41-1).

use askama::Template;
use registry::{EMERGENCY_MINUTES, EMERGENCY_REASON_CHARACTERS_MAX};

use super::frame::Frame;
use super::paths;
use super::shown::Shown;
use super::texts::{self, Language};

/// The page. Form fields: `person`, `reason`, `confirmed`, `form_token`. What it says of a person is the same for any.
#[derive(Template)]
#[template(path = "emergency.html")]
pub struct DeclareEmergency<'a> {
    /// Around it.
    pub frame: &'a Frame<'a>,
    /// Token of the form.
    pub form_token: &'a str,
    /// The person as typed before; empty at first.
    pub person: Shown<'a>,
    /// The reason as typed before; empty at first.
    pub reason: Shown<'a>,
    /// Why the last attempt failed.
    pub problem: Option<EmergencyProblem>,
}

/// Why nothing was declared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EmergencyProblem {
    /// What was typed cannot be the number of a person.
    PersonUnreadable,
    /// No reason was given, or none that can be kept.
    ReasonMissing,
    /// It is longer than can be kept.
    ReasonTooLong,
    /// It was not confirmed.
    NotConfirmed,
    /// This user has declared as many lately as may be.
    Full,
    /// All users together have.
    CityFull,
    /// The form had waited too long, or came without its token.
    FormTooOld,
}

impl DeclareEmergency<'_> {
    fn title(&self) -> String {
        self.frame.say("emergency-title")
    }

    fn action(&self) -> &'static str {
        paths::EMERGENCY
    }

    fn minutes(&self) -> String {
        self.frame.say_count("emergency-rule-time", EMERGENCY_MINUTES.unsigned_abs())
    }

    fn reason_max(&self) -> usize {
        EMERGENCY_REASON_CHARACTERS_MAX
    }

    fn is_person_wrong(&self) -> bool {
        self.problem == Some(EmergencyProblem::PersonUnreadable)
    }

    fn is_reason_wrong(&self) -> bool {
        matches!(self.problem, Some(EmergencyProblem::ReasonMissing | EmergencyProblem::ReasonTooLong))
    }

    fn problem(&self) -> Option<String> {
        self.problem.map(|problem| problem.text(self.frame.language))
    }
}

impl EmergencyProblem {
    /// What is wrong, and what to do about it.
    #[must_use]
    pub fn text(self, language: Language) -> String {
        let key = match self {
            Self::PersonUnreadable => "emergency-person-unreadable",
            Self::ReasonMissing => "emergency-reason-missing",
            Self::ReasonTooLong => {
                let count = u32::try_from(EMERGENCY_REASON_CHARACTERS_MAX).unwrap_or(u32::MAX);
                return texts::text(language, "emergency-reason-too-long", &[("count", count.into())]);
            }
            Self::NotConfirmed => "emergency-not-confirmed",
            Self::Full => "emergency-full",
            Self::CityFull => "emergency-city-full",
            Self::FormTooOld => "form-too-old",
        };
        texts::text(language, key, &[])
    }
}
