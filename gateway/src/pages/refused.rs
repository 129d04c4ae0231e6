//! Refusals as pages, for browsers: what happened, on which article it rests, what to do next.

use askama::Template;

use super::Page;
use super::frame::{Frame, Place};
use super::help::help;
use super::incident::Incident;
use super::paths::{HOME, LocalPath, PASSWORD};
use super::shown::Shown;
use super::texts::Language;
use crate::refusal::Refusal;

#[derive(Template)]
#[template(path = "refused.html")]
struct Refused<'a> {
    frame: &'a Frame<'a>,
    texts: String,
    /// What the rule says, where the reader may be told.
    rule: Option<Shown<'a>>,
    articles: String,
    incident: Option<Incident<'a>>,
    wait: Option<String>,
    way_on: WayOn,
}

/// Where the reader goes from here.
enum WayOn {
    SignIn(LocalPath),
    ChangePassword,
    Retry,
    Home,
    /// What the rule says about the reader, the terminal or the facility holds on every page: only somebody at the telephone
    /// can help. A button would lead in a circle.
    Call,
    /// The public host has nothing but its outline to go back to; and a page about a code has no request to repeat.
    None,
}

/// A refusal as a page. `incident` is the number under which the request can be asked about.
///
/// For [`Refusal::NotAvailable`] everything but the incident is the same whatever was asked for (promise P4).
#[must_use]
pub fn refused(frame: &Frame<'_>, refusal: &Refusal, incident: &str) -> String {
    if let Refusal::Certificate(problem) = refusal {
        return help(frame, *problem, incident, None);
    }
    let way_on = match (frame.place, refusal) {
        (_, Refusal::TooMany { .. } | Refusal::AuditUnavailable | Refusal::Fault | Refusal::RegistryStale)
        | (_, Refusal::StoreUnreachable | Refusal::StoreTimeout | Refusal::Stopped(_))
        | (_, Refusal::Busy | Refusal::StoreBusy | Refusal::StoreResting { .. }) => WayOn::Retry,
        (Place::Public | Place::Isolated, _) => WayOn::Home,
        (Place::Care, Refusal::Told(_)) => WayOn::Call,
        (Place::Care, Refusal::SignInRequired(_)) => WayOn::SignIn(frame.here.sign_in()),
        (Place::Care, Refusal::WrongCredentials) => WayOn::SignIn(LocalPath::home().sign_in()),
        (Place::Care, Refusal::PasswordChangeRequired | Refusal::PasswordUnfit(_)) => WayOn::ChangePassword,
        (Place::Care, _) => WayOn::Home,
    };
    Refused {
        frame,
        texts: format!("refusal-{}", refusal.code()),
        rule: match refusal {
            Refusal::Told(rule) | Refusal::Stopped(rule) => Some(Shown(match frame.language {
                Language::Ja => &rule.text_ja,
                Language::En => &rule.text_en,
            })),
            _ => None,
        },
        articles: frame.articles(&refusal.articles()),
        incident: Some(Incident::new(incident)),
        wait: match refusal {
            // How long a stop or a fault lasts nobody knows; `Retry-After` there is for programs.
            Refusal::TooMany { retry_after_seconds, .. } => {
                Some(frame.say_count("refused-wait", (*retry_after_seconds).into()))
            }
            _ => None,
        },
        way_on,
    }
    .html()
}

/// What a code of a problem document means: the page behind its `type` (RFC 9457 3.1.1). None for an unknown code.
#[must_use]
pub fn explained(frame: &Frame<'_>, code: &str) -> Option<String> {
    let code = CODES.iter().find(|known| **known == code)?;
    let texts = format!("refusal-{code}");
    let page =
        Refused { frame, texts, rule: None, articles: String::new(), incident: None, wait: None, way_on: WayOn::None };
    Some(page.html())
}

/// Every code of [`Refusal::code`].
pub const CODES: [&str; 40] = [
    "unreadable",
    "method-unknown",
    "version-not-spoken",
    "target-too-long",
    "fields-too-large",
    "expectation-not-met",
    "misdirected",
    "body-too-large",
    "no-such-page",
    "method-not-allowed",
    "certificate-missing",
    "certificate-expired",
    "certificate-not-yet-valid",
    "certificate-revoked",
    "certificate-unknown",
    "sign-in-required",
    "session-idle",
    "session-over",
    "session-ended",
    "wrong-credentials",
    "password-unfit",
    "password-change-required",
    "foreign-form",
    "refused",
    "not-available",
    "service-stopped",
    "too-many-requests",
    "gateway-busy",
    "audit-unavailable",
    "fault",
    "registry-stale",
    "store-unreachable",
    "store-timeout",
    "store-busy",
    "store-resting",
    "store-misbehaves",
    "version-conflict",
    "several-fit",
    "does-not-fit",
    "cut",
];

impl Refused<'_> {
    fn title(&self) -> String {
        self.frame.say(&format!("{}-title", self.texts))
    }

    fn what(&self) -> String {
        self.frame.say(&format!("{}-what", self.texts))
    }

    fn next(&self) -> String {
        self.frame.say(&format!("{}-next", self.texts))
    }

    fn password(&self) -> &'static str {
        PASSWORD
    }

    fn home(&self) -> &'static str {
        HOME
    }
}
