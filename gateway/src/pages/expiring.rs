//! Terminals of a facility that are about to be without a certificate (art. 38): whom their administrator has to remind.

use askama::Template;
use model::{DeviceId, Timestamp};

use super::frame::Frame;
use super::shown::Shown;

/// The page. It changes nothing.
#[derive(Template)]
#[template(path = "expiring.html")]
pub struct ExpiringTerminals<'a> {
    /// Around it.
    pub frame: &'a Frame<'a>,
    /// The nearest end first.
    pub terminals: &'a [ExpiringTerminal<'a>],
}

/// One terminal.
#[derive(Clone, Copy, Debug)]
pub struct ExpiringTerminal<'a> {
    /// Which.
    pub id: &'a DeviceId,
    /// What is written on it.
    pub label: Shown<'a>,
    /// Who holds it.
    pub holder: Shown<'a>,
    /// When its last certificate ends.
    pub until: Timestamp,
    /// Whole days that are left; none once it is over.
    pub days_left: Option<i64>,
    /// Until when a one-time code waits for it.
    pub code_until: Option<Timestamp>,
    /// The next certificate is being issued.
    pub begun: bool,
}

impl ExpiringTerminals<'_> {
    fn title(&self) -> String {
        self.frame.say("expiring-title")
    }

    fn intro(&self) -> String {
        self.frame.say_count("expiring-intro", registry::EXPIRY_DAYS.into())
    }
}

impl Frame<'_> {
    /// Days that are left of a certificate, in words.
    #[must_use]
    pub fn days_left(&self, days: &Option<i64>) -> String {
        match days {
            None => self.say("expiring-over"),
            Some(0) => self.say("expiring-less-than-a-day"),
            Some(days) => self.say_count("expiring-left", u64::try_from(*days).unwrap_or(0)),
        }
    }
}
