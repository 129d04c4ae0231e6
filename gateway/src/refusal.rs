//! Refusals: the answers that are not the record. Every step of the pipeline ends in one of these or hands on a proof.
//!
//! [`Refusal::status`] is the one place that knows statuses; [`crate::answer::refusal`] makes the answer, with words from
//! [`crate::pages`]. Each `match` is exhaustive.

use std::sync::Arc;

use model::Article;
use policy::Rule;
use records::{Unreadable, Words};

use crate::bounds::BUSY_AGAIN_SECONDS;

/// Why a request was not served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The message cannot be read in one way only (RFC 9112, RFC 9113, or the store's grammar).
    Unreadable(Cause),
    /// The message has a fault with a status of its own.
    Message(MessageProblem),
    /// The host is one of ours, and not the one this connection was opened for (RFC 9110 15.5.20): the client comes again on
    /// a connection of its own.
    Misdirected,
    /// The body is larger than the route allows; holds the limit in bytes.
    BodyTooLarge(usize),
    /// No such page on this host.
    NoSuchPage,
    /// The page exists, not with this method. Holds what `Allow` says.
    MethodNotAllowed(&'static str),
    /// What the terminal presented does not open the care host (art. 38).
    Certificate(CertificateProblem),
    /// No session, or one that is over (art. 10).
    SignInRequired(SignInReason),
    /// User ID or password is wrong; which of them is not said.
    WrongCredentials,
    /// The new password does not fit the rules.
    PasswordUnfit(crate::pages::ChangeProblem),
    /// The first password has not been changed yet: nothing but the change page (art. 10-3).
    PasswordChangeRequired,
    /// A form came from another site or without its token.
    ForeignForm,
    /// A rule that says something about the subject, the terminal or the service; the subject may be told which.
    Told(Arc<Rule>),
    /// "Not there", "not yours" and "stopped": one answer (promise P4, art. 18).
    NotAvailable,
    /// The service is stopped (art. 26). Holds the rule that says so.
    Stopped(Arc<Rule>),
    /// Too many requests or too much at once; try again after so many seconds.
    TooMany {
        /// Which limit, in one word (`source`, `device`, `user`, `sign-in`, `gateway`, `look-ups`, `batch`).
        limit: &'static str,
        /// Seconds until a retry has a chance.
        retry_after_seconds: u32,
    },
    /// More is asked of the gateway than it can do at once: nothing was done.
    Busy,
    /// The audit entry could not be made durable: nothing is released (promise P3).
    AuditUnavailable,
    /// Something of ours failed that never should, such as sealing a session: nothing is served on what is left. The cause
    /// goes to the log.
    Fault,
    /// The registry has not been heard for too long: no record is served on old facts (promise P2).
    RegistryStale,
    /// The store cannot be reached.
    StoreUnreachable,
    /// The store did not answer in time.
    StoreTimeout,
    /// The stores are asked as much as they can take, and nobody waits for long: nothing was sent. Or the store says so itself of
    /// what only reads (429, 503).
    StoreBusy,
    /// No store has answered lately; none is asked until one is tried again. Nothing was sent.
    StoreResting {
        /// Seconds until then.
        retry_after_seconds: u32,
    },
    /// The store's answer may not be passed on. The cause goes to the log and the officer.
    StoreMisbehaves,
    /// The version to be replaced is no longer the stored one (`If-Match`, RFC 9110 13.1.1).
    Stale,
    /// The condition of the request fits more than one record (FHIR R4 http.html#cond-update). Said after a permit only.
    Several,
    /// A patch that was read and permitted, and does not fit the record. Holds the cause in one phrase, which may tell what is
    /// in the record: so only to whom may read it.
    DoesNotFit(String),
    /// The exchange ends before its answer: it is being cut, or its client lets go. The answer hardly ever arrives.
    Cut,
}

/// Why a message cannot be read, in one phrase each for its two readers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause {
    /// For the client; may quote what it sent.
    pub(crate) told: String,
    /// For the audit log, which cannot be deleted from: quotes nothing of a body or of what is stored.
    on_record: String,
}

impl Cause {
    /// What is wrong with a message whose words come from there.
    pub(crate) fn of(unreadable: &Unreadable, words: Words) -> Self {
        Self { told: unreadable.to_string(), on_record: unreadable.on_record(words) }
    }

    /// The same of an entry of a transaction.
    pub(crate) fn of_entry(self, number: usize) -> Self {
        let Self { told, on_record } = self;
        Self { told: format!("entry {number}: {told}"), on_record: format!("entry {number}: {on_record}") }
    }
}

/// What may have been read in a body, or in the store.
impl From<Unreadable> for Cause {
    fn from(unreadable: Unreadable) -> Self {
        Self::of(&unreadable, Words::Body)
    }
}

/// Words of ours, which quote nothing.
impl From<&'static str> for Cause {
    fn from(said: &'static str) -> Self {
        said.to_owned().into()
    }
}

/// See above: with a number of ours in them.
impl From<String> for Cause {
    fn from(said: String) -> Self {
        Self { on_record: said.clone(), told: said }
    }
}

/// What is wrong with a message, where there is more to say than that it cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MessageProblem {
    /// A method that nobody here knows (RFC 9110 15.6.2).
    UnknownMethod,
    /// Another version of HTTP than is spoken here (RFC 9110 15.6.6).
    Version,
    /// The request line is too long (RFC 9110 15.5.15).
    TargetTooLong,
    /// The fields are too many, or too long (RFC 6585 5).
    FieldsTooLarge,
    /// It expects something other than to be told to go on (RFC 9110 10.1.1).
    Expectation,
}

/// What is wrong with the certificate a terminal presented.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CertificateProblem {
    /// None was presented.
    Missing,
    /// Its validity is over.
    Expired,
    /// Its validity has not begun: most often the terminal's clock.
    NotYetValid,
    /// It was revoked (art. 38-2).
    Revoked,
    /// Correctly signed, but not in the registry (promise P7), or not in the form we issue.
    Unknown,
}

/// Why somebody must sign in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignInReason {
    /// No session was presented.
    NoSession,
    /// Unused for too long.
    Idle,
    /// Its time is over.
    Over,
    /// Signed out, replaced, or made for another certificate or an older password.
    Ended,
}

impl SignInReason {
    /// The word for it in the address of the sign-in page.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NoSession => "no-session",
            Self::Idle => "idle",
            Self::Over => "over",
            Self::Ended => "ended",
        }
    }

    /// Reads the word; anything else is no session.
    #[must_use]
    pub fn parse(word: &str) -> Self {
        [Self::Idle, Self::Over, Self::Ended]
            .into_iter()
            .find(|reason| reason.as_str() == word)
            .unwrap_or(Self::NoSession)
    }
}

impl Refusal {
    /// The code that logs, audit entries, problem documents and help pages share. Stable.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Unreadable(_) => "unreadable",
            Self::Message(MessageProblem::UnknownMethod) => "method-unknown",
            Self::Message(MessageProblem::Version) => "version-not-spoken",
            Self::Message(MessageProblem::TargetTooLong) => "target-too-long",
            Self::Message(MessageProblem::FieldsTooLarge) => "fields-too-large",
            Self::Message(MessageProblem::Expectation) => "expectation-not-met",
            Self::Misdirected => "misdirected",
            Self::BodyTooLarge(_) => "body-too-large",
            Self::NoSuchPage => "no-such-page",
            Self::MethodNotAllowed(_) => "method-not-allowed",
            Self::Certificate(CertificateProblem::Missing) => "certificate-missing",
            Self::Certificate(CertificateProblem::Expired) => "certificate-expired",
            Self::Certificate(CertificateProblem::NotYetValid) => "certificate-not-yet-valid",
            Self::Certificate(CertificateProblem::Revoked) => "certificate-revoked",
            Self::Certificate(CertificateProblem::Unknown) => "certificate-unknown",
            Self::SignInRequired(SignInReason::NoSession) => "sign-in-required",
            Self::SignInRequired(SignInReason::Idle) => "session-idle",
            Self::SignInRequired(SignInReason::Over) => "session-over",
            Self::SignInRequired(SignInReason::Ended) => "session-ended",
            Self::WrongCredentials => "wrong-credentials",
            Self::PasswordUnfit(_) => "password-unfit",
            Self::PasswordChangeRequired => "password-change-required",
            Self::ForeignForm => "foreign-form",
            Self::Told(_) => "refused",
            Self::NotAvailable => "not-available",
            Self::Stopped(_) => "service-stopped",
            Self::TooMany { .. } => "too-many-requests",
            Self::Busy => "gateway-busy",
            Self::AuditUnavailable => "audit-unavailable",
            Self::Fault => "fault",
            Self::RegistryStale => "registry-stale",
            Self::StoreUnreachable => "store-unreachable",
            Self::StoreTimeout => "store-timeout",
            Self::StoreBusy => "store-busy",
            Self::StoreResting { .. } => "store-resting",
            Self::StoreMisbehaves => "store-misbehaves",
            Self::Stale => "version-conflict",
            Self::Several => "several-fit",
            Self::DoesNotFit(_) => "does-not-fit",
            Self::Cut => "cut",
        }
    }

    /// What is said of the cause beside the code, for the officer who reviews the refusal; empty where the code says all. Never of
    /// what is stored: a patch that does not fit is told to whoever may read the record, and not to the audit log.
    #[must_use]
    pub fn cause_on_record(&self) -> String {
        match self {
            Self::Unreadable(cause) => cause.on_record.clone(),
            Self::BodyTooLarge(bytes_max) => format!("more than {bytes_max} bytes"),
            Self::TooMany { limit, .. } => format!("limit: {limit}"),
            _ => String::new(),
        }
    }

    /// HTTP status. For a certificate that is missing or unknown it is not 403: Safari would ask for another and hide the page.
    #[must_use]
    pub const fn status(&self) -> u16 {
        match self {
            Self::Unreadable(_) => 400,
            Self::Message(MessageProblem::TargetTooLong) => 414,
            Self::Message(MessageProblem::Expectation) => 417,
            Self::Message(MessageProblem::FieldsTooLarge) => 431,
            Self::Message(MessageProblem::UnknownMethod) => 501,
            Self::Message(MessageProblem::Version) => 505,
            Self::BodyTooLarge(_) => 413,
            Self::Misdirected => 421,
            Self::NoSuchPage | Self::NotAvailable => 404,
            Self::MethodNotAllowed(_) => 405,
            Self::Certificate(CertificateProblem::Missing | CertificateProblem::Unknown)
            | Self::SignInRequired(_)
            | Self::WrongCredentials => 401,
            // It was shown, and there is no use in showing it again (RFC 9110 15.5.4).
            Self::Certificate(_) => 403,
            Self::PasswordUnfit(_) | Self::DoesNotFit(_) => 422,
            Self::PasswordChangeRequired | Self::ForeignForm | Self::Told(_) => 403,
            Self::Stale | Self::Several => 412,
            Self::TooMany { .. } => 429,
            Self::StoreUnreachable | Self::StoreMisbehaves => 502,
            Self::Stopped(_) | Self::AuditUnavailable | Self::Fault | Self::RegistryStale | Self::Cut => 503,
            Self::Busy | Self::StoreBusy | Self::StoreResting { .. } => 503,
            Self::StoreTimeout => 504,
        }
    }

    /// The articles it rests on, the most telling first.
    #[must_use]
    pub fn articles(&self) -> Vec<Article> {
        match self {
            Self::Told(rule) | Self::Stopped(rule) => rule.articles.clone(),
            Self::Certificate(CertificateProblem::Revoked) => vec![Article::paragraph(38, 2)],
            Self::Certificate(_) => vec![Article::paragraph(38, 1)],
            Self::SignInRequired(_) | Self::WrongCredentials => vec![Article::paragraph(10, 1)],
            Self::PasswordChangeRequired | Self::PasswordUnfit(_) => vec![Article::paragraph(10, 3)],
            Self::NotAvailable => vec![Article::new(18)],
            Self::Unreadable(_)
            | Self::Message(_)
            | Self::Misdirected
            | Self::BodyTooLarge(_)
            | Self::NoSuchPage
            | Self::MethodNotAllowed(_)
            | Self::ForeignForm
            | Self::TooMany { .. }
            | Self::Busy
            | Self::AuditUnavailable
            | Self::Fault
            | Self::RegistryStale
            | Self::StoreUnreachable
            | Self::StoreTimeout
            | Self::StoreBusy
            | Self::StoreResting { .. }
            | Self::StoreMisbehaves
            | Self::Stale
            | Self::Several
            | Self::DoesNotFit(_)
            | Self::Cut => Vec::new(),
        }
    }

    /// Whether people call about it: where they cannot go on without somebody's help. The others lead on by themselves, or are
    /// what strangers' programs do all day.
    #[must_use]
    pub const fn is_asked_about(&self) -> bool {
        match self {
            Self::Certificate(_)
            | Self::Told(_)
            | Self::NotAvailable
            | Self::Stopped(_)
            | Self::ForeignForm
            | Self::AuditUnavailable
            | Self::Fault
            | Self::RegistryStale
            | Self::StoreUnreachable
            | Self::StoreTimeout
            | Self::StoreBusy
            | Self::StoreResting { .. }
            | Self::StoreMisbehaves => true,
            Self::Unreadable(_)
            | Self::Message(_)
            | Self::Misdirected
            | Self::BodyTooLarge(_)
            | Self::NoSuchPage
            | Self::MethodNotAllowed(_)
            | Self::SignInRequired(_)
            | Self::WrongCredentials
            | Self::PasswordUnfit(_)
            | Self::PasswordChangeRequired
            | Self::TooMany { .. }
            | Self::Busy
            | Self::Stale
            | Self::Several
            | Self::DoesNotFit(_)
            | Self::Cut => false,
        }
    }

    /// Seconds for `Retry-After`, where waiting helps.
    #[must_use]
    pub const fn retry_after_seconds(&self) -> Option<u32> {
        match self {
            Self::TooMany { retry_after_seconds, .. } | Self::StoreResting { retry_after_seconds } => {
                Some(*retry_after_seconds)
            }
            Self::Busy | Self::StoreBusy => Some(BUSY_AGAIN_SECONDS),
            Self::Stopped(_) => Some(300),
            Self::AuditUnavailable | Self::Fault | Self::RegistryStale | Self::StoreUnreachable => Some(10),
            _ => None,
        }
    }
}

/// A fault of ours as a refusal: nothing is served on what is left.
pub(crate) fn fault(what: &'static str) -> impl FnOnce(crate::session::SealError) -> Refusal {
    move |error| {
        tracing::error!(%error, what, "a fault; refused");
        Refusal::Fault
    }
}
