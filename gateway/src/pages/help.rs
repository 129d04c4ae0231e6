//! Help instead of a bare TLS error: what is wrong with the terminal's certificate, what to do, whom to call (art. 38).

use askama::Template;
use model::SerialNumber;

use super::Page;
use super::dates::When;
use super::frame::Frame;
use super::incident::Incident;
use crate::refusal::{CertificateProblem, Refusal};
use crate::tls::negotiated::Negotiated;

#[derive(Template)]
#[template(path = "help.html")]
struct Help<'a> {
    frame: &'a Frame<'a>,
    problem: CertificateProblem,
    articles: String,
    incident: Option<Incident<'a>>,
    now: When,
    seen: Option<Seen<'a>>,
}

/// What was seen of a terminal to which nothing else is served.
#[derive(Clone, Copy, Debug)]
pub struct Seen<'a> {
    /// The number that stands in its certificate.
    pub serial: &'a SerialNumber,
    /// How the connection came about.
    pub tls: &'a Negotiated,
}

/// The help page. What the reader can do comes first; then whom to call, whether somebody answers now, and under which number
/// the request can be asked about. With what was seen it is a connection check too, since no other page can be had there.
#[must_use]
pub fn help(frame: &Frame<'_>, problem: CertificateProblem, incident: &str, seen: Option<Seen<'_>>) -> String {
    let articles = frame.articles(&Refusal::Certificate(problem).articles());
    let (incident, now) = (Some(Incident::new(incident)), frame.when_exactly(&frame.now));
    Help { frame, problem, articles, incident, now, seen }.html()
}

impl Help<'_> {
    fn title(&self) -> String {
        self.text("title")
    }

    fn text(&self, part: &str) -> String {
        self.frame.say(&format!("help-{}-{part}", self.word()))
    }

    /// What the reader can do.
    fn steps(&self) -> Vec<String> {
        let count = match self.problem {
            CertificateProblem::Missing | CertificateProblem::Revoked => 3,
            CertificateProblem::NotYetValid => 2,
            CertificateProblem::Expired | CertificateProblem::Unknown => 1,
        };
        (1..=count).map(|step| self.text(&format!("step-{step}"))).collect()
    }

    /// Whether these are steps, one after another.
    fn in_order(&self) -> bool {
        matches!(self.problem, CertificateProblem::Missing | CertificateProblem::NotYetValid)
    }

    /// Whether trying again can help without somebody else's doing.
    fn can_retry(&self) -> bool {
        matches!(self.problem, CertificateProblem::Missing | CertificateProblem::NotYetValid)
    }

    /// The reader should compare the terminal's clock.
    fn shows_clock(&self) -> bool {
        matches!(self.problem, CertificateProblem::NotYetValid | CertificateProblem::Expired)
    }

    fn word(&self) -> &'static str {
        match self.problem {
            CertificateProblem::Missing => "missing",
            CertificateProblem::Expired => "expired",
            CertificateProblem::NotYetValid => "not-yet-valid",
            CertificateProblem::Revoked => "revoked",
            CertificateProblem::Unknown => "unknown",
        }
    }
}
