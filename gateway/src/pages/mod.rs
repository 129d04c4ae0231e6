//! The gateway's own pages: sign-in, home, own history, help, refusals, public information. Pure: values in, HTML or
//! JSON out; no clock, no I/O.
//!
//! Pages work without any script: native forms, links, and one style sheet, so that the policy in
//! [`CONTENT_SECURITY_POLICY`] can forbid everything else. Text that comes from outside enters a page only as
//! [`Shown`], which makes invisible characters visible; escaping is askama's.

pub mod calendar;
pub mod change_password;
pub mod connection;
pub mod dates;
pub mod desk;
pub mod emergency;
pub mod expiring;
pub mod frame;
pub mod help;
pub mod history;
pub mod holidays;
pub mod home;
pub mod hours;
pub mod incident;
pub mod outcome;
pub mod outline;
pub mod paths;
pub mod plain;
pub mod problem;
pub mod records_app;
pub mod reference;
pub mod refused;
pub mod revocations;
pub mod shown;
pub mod sign_in;
pub mod terminals;
pub mod texts;

pub use change_password::{ChangePassword, ChangeProblem, ChangeReason};
pub use connection::{CheckedCertificate, ConnectionCheck, Renewal};
pub use dates::When;
pub use desk::{Desk, Phone};
pub use emergency::{DeclareEmergency, EmergencyProblem};
pub use expiring::{ExpiringTerminal, ExpiringTerminals};
pub use frame::{Frame, Place};
pub use help::{Seen, help};
pub use history::{History, HistoryPerson, HistoryRow, Shared};
pub use home::{Home, PreviousSignIn, StandingEmergency, TeamPerson};
pub use hours::OfficeHours;
pub use incident::Incident;
pub use outcome::outcome;
pub use outline::{FacilityListing, Outline, Stop};
pub use paths::LocalPath;
pub use plain::{not_found, signed_out};
pub use problem::problem;
pub use records_app::{RecordsApp, RecordsAppError};
pub use refused::{explained, refused};
pub use revocations::{Ended, Revocations, Revoked};
pub use shown::Shown;
pub use sign_in::{SignIn, SignInNotice, SignInProblem};
pub use terminals::{ReportTerminal, Terminal, Terminals};
pub use texts::Language;

/// The style sheet of every page, served at [`paths::STYLE`] and [`paths::PUBLIC_STYLE`].
pub const STYLE: &str = include_str!("../../templates/style.css");

/// `Content-Security-Policy` of every page.
pub const CONTENT_SECURITY_POLICY: &str =
    "default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/// `Content-Type` of every page.
pub const CONTENT_TYPE: &str = "text/html; charset=utf-8";

/// A page that can be written out.
pub trait Page {
    /// The whole page as HTML.
    fn html(&self) -> String;
}

impl<T: askama::Template> Page for T {
    fn html(&self) -> String {
        // Rendering into memory fails only if a `Display` inside fails, and none of ours does. Should one ever: closed,
        // and readable in both languages.
        self.render().unwrap_or_else(|_| BROKEN.to_owned())
    }
}

const BROKEN: &str = concat!(
    "<!DOCTYPE html>\n<html lang=\"ja\">\n<head><meta charset=\"utf-8\"><title>表示できません</title></head>\n",
    "<body><main><h1>このページを表示できません</h1>\n",
    "<p lang=\"en\">This page cannot be shown.</p></main></body>\n</html>\n"
);

#[cfg(test)]
mod tests;
