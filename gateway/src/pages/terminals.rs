//! Terminals of a user and of the facility that he administers, and reporting one lost or stolen (art. 38-2).

use askama::Template;
use model::{Cause, DeviceId};

use super::frame::Frame;
use super::paths;
use super::shown::Shown;

/// The list.
#[derive(Template)]
#[template(path = "terminals.html")]
pub struct Terminals<'a> {
    /// Around it.
    pub frame: &'a Frame<'a>,
    /// Those that he holds.
    pub mine: &'a [Terminal<'a>],
    /// All of the facilities that he administers; empty for everybody else.
    pub facility: &'a [Terminal<'a>],
}

/// One terminal.
#[derive(Clone, Copy, Debug)]
pub struct Terminal<'a> {
    /// Which.
    pub id: &'a DeviceId,
    /// What is written on it.
    pub label: Shown<'a>,
    /// Who holds it.
    pub holder: Shown<'a>,
    /// The page is read on it.
    pub here: bool,
    /// It has a certificate that is not revoked.
    pub stands: bool,
}

/// Reporting one. Form fields: `device`, `because`, `form_token`.
#[derive(Template)]
#[template(path = "report_terminal.html")]
pub struct ReportTerminal<'a> {
    /// Around it.
    pub frame: &'a Frame<'a>,
    /// Token of the form.
    pub form_token: &'a str,
    /// Which terminal.
    pub terminal: Terminal<'a>,
    /// The form had waited too long, or came without its token.
    pub too_old: bool,
}

impl Terminals<'_> {
    fn title(&self) -> String {
        self.frame.say("terminals-title")
    }

    fn report(&self, terminal: &Terminal<'_>) -> String {
        format!("{}?device={}", paths::TERMINAL_REPORT, terminal.id)
    }
}

impl ReportTerminal<'_> {
    fn title(&self) -> String {
        self.frame.say("report-title")
    }

    fn paths(&self) -> (&'static str, &'static str) {
        (paths::TERMINAL_REPORT, paths::TERMINALS)
    }

    /// What can be reported here: the value of the button, and its text.
    fn causes(&self) -> [(&'static str, String); 2] {
        [
            (Cause::Stolen.as_str(), self.frame.say("report-stolen")),
            (Cause::Lost.as_str(), self.frame.say("report-lost")),
        ]
    }
}
