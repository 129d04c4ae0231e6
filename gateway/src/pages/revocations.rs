//! What a facility administrator has to confirm (art. 38-3), with what each revocation ended.

use askama::Template;
use model::{Cause, DeviceId, Office, Timestamp};

use super::frame::Frame;
use super::paths;
use super::shown::Shown;

/// The page. Form fields: `serial`, `form_token`.
#[derive(Template)]
#[template(path = "revocations.html")]
pub struct Revocations<'a> {
    /// Around it.
    pub frame: &'a Frame<'a>,
    /// Token of the forms.
    pub form_token: &'a str,
    /// Those that wait, oldest first.
    pub open: &'a [Revoked<'a>],
    /// Those confirmed last, newest first.
    pub confirmed: &'a [Revoked<'a>],
    /// The form had waited too long, or came without its token.
    pub too_old: bool,
}

/// One revocation.
#[derive(Clone, Debug)]
pub struct Revoked<'a> {
    /// Number of one of its certificates.
    pub serial: String,
    /// Which terminal.
    pub device: &'a DeviceId,
    /// What is written on it.
    pub label: Shown<'a>,
    /// Who holds it.
    pub holder: Shown<'a>,
    /// Why.
    pub because: Cause,
    /// In which office it was reported.
    pub office: Office,
    /// Under which name.
    pub by: Shown<'a>,
    /// When.
    pub reported_at: Timestamp,
    /// What it ended.
    pub ended: Ended,
    /// Number of the revocation list that names it.
    pub listed: Option<u64>,
    /// It has waited for an hour or longer.
    pub late: bool,
    /// It has waited for a day or longer, and is the city's.
    pub overdue: bool,
    /// When it was confirmed.
    pub confirmed_at: Option<Timestamp>,
}

/// What a revocation ended.
#[derive(Clone, Copy, Debug)]
pub enum Ended {
    /// It is not yet known, and cannot be confirmed yet.
    NotYetKnown,
    /// No gateway said so, but none serves any more.
    ByTime,
    /// Nothing was open.
    Nothing,
    /// This.
    Cut {
        /// Connections.
        connections: u64,
        /// Requests, transfers and streams.
        exchanges: u64,
        /// When the last octet went out.
        last_octet_at: Timestamp,
    },
}

impl Revocations<'_> {
    fn title(&self) -> String {
        self.frame.say("revocations-title")
    }

    fn action(&self) -> &'static str {
        paths::REVOCATION_CONFIRM
    }

    fn because(&self, cause: &Cause) -> String {
        self.frame.say(match cause {
            Cause::Stolen => "cause-stolen",
            Cause::Lost => "cause-lost",
            Cause::Copied => "cause-copied",
            Cause::Compromised => "cause-compromised",
            Cause::Misuse => "cause-misuse",
            Cause::Broken => "cause-broken",
            Cause::Retired => "cause-retired",
            Cause::Returned => "cause-returned",
            Cause::Left => "cause-left",
            Cause::Replaced | Cause::Renewed => "cause-replaced",
            Cause::Closed => "cause-closed",
        })
    }

    fn office(&self, office: &Office) -> String {
        self.frame.say(match office {
            Office::CityOfficer | Office::CityClerk => "office-city",
            Office::Contractor => "office-contractor",
            Office::FacilityAdministrator => "office-facility-administrator",
            Office::User => "office-user",
            Office::System => "office-system",
        })
    }

    fn can_confirm(&self, revoked: &Revoked<'_>) -> bool {
        revoked.confirmed_at.is_none() && !matches!(revoked.ended, Ended::NotYetKnown)
    }
}
