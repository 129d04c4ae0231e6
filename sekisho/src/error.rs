//! What ends a command. Words for whoever typed it: what went wrong, with his own input in backticks.

use std::path::PathBuf;

use crate::settings::SettingsError;

/// What ends a command.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The settings cannot be used.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// A key in a token cannot be used.
    #[error(transparent)]
    Token(#[from] hsm::Fault),
    /// A file or folder could not be worked with.
    #[error("{doing} `{}` is not possible", path.display())]
    File {
        /// `reading`, `writing` and so on.
        doing: &'static str,
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// Something stands where `init` would write.
    #[error("`{}` is there already; nothing was changed", .0.display())]
    Exists(PathBuf),
    /// What an `init` that was broken off has left.
    #[error(
        "`{}` is there already, of an init that did not end: its settings were never written; nothing was changed. Unless they \
         are of a city at work whose sekisho.toml is lost, remove `{}` and `{}`, and begin again",
        taken.display(), keys.display(), data.display()
    )]
    Unfinished {
        /// What is there.
        taken: PathBuf,
        /// Its keys.
        keys: PathBuf,
        /// Its journals.
        data: PathBuf,
    },
    /// Somebody else works with a file that only one may work with at a time.
    #[error("somebody else is at work with `{}`; try again when that is over", .0.display())]
    Held(PathBuf),
    /// A secret that others on this machine can read.
    #[error("`{}` can be read by others (mode {mode:03o}); a secret needs mode 600, its folder 700", path.display())]
    Open {
        /// Which.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// A key or certificate file that holds something else.
    #[error("`{}` holds no {what}", path.display())]
    NotA {
        /// Which.
        path: PathBuf,
        /// What was expected.
        what: &'static str,
    },
    /// A route map cannot be used.
    #[error("the route map `{}` cannot be used", path.display())]
    Map {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: records::MapError,
    },
    /// The authority refuses.
    #[error("{doing} is refused")]
    Authority {
        /// What was being done.
        doing: &'static str,
        /// Why.
        #[source]
        source: Box<ca::Refused>,
    },
    /// The root has revoked an authority that the settings name.
    #[error(
        "the authority in `{}` was revoked by the root on {}; take it out of tls.device_issuers and [ca] (docs/pki.md)",
        path.display(), at.to_jst_minutes()
    )]
    RevokedAuthority {
        /// Its certificate.
        path: PathBuf,
        /// Since when.
        at: model::Timestamp,
    },
    /// The key of an issuing authority does not open: with it go its certificates, lists and answers.
    #[error("the key of `{issuer}` in {key} cannot be opened")]
    Unopened {
        /// Common name of the authority.
        issuer: String,
        /// Where its key is.
        key: String,
        /// Why.
        #[source]
        source: Box<Error>,
    },
    /// A journal cannot be used.
    #[error("the journal of the {whose} cannot be used")]
    Journal {
        /// `registry` or `audit`.
        whose: &'static str,
        /// Why.
        #[source]
        source: journal::JournalError,
    },
    /// The end of a journal is torn. Nothing repairs it by itself, and there is a verb for somebody who answers for it.
    #[error("the journal of the {whose} cannot be used; the way back begins with: sekisho journal status")]
    Torn {
        /// `registry` or `audit`.
        whose: &'static str,
        /// Where, and what does not fit.
        #[source]
        source: journal::JournalError,
    },
    /// Something in the middle of a journal was changed. No verb puts that right: what was there is in a backup or nowhere.
    #[error("the journal of the {whose} was changed; what was there is in a backup only")]
    Changed {
        /// `registry` or `audit`.
        whose: &'static str,
        /// Which entries, and how many follow.
        #[source]
        source: journal::JournalError,
    },
    /// The registry refuses, or cannot be used.
    #[error(transparent)]
    Registry(#[from] registry::RegistryError),
    /// The audit cannot be used.
    #[error(transparent)]
    Audit(#[from] audit::AuditError),
    /// Rules, cases, fences or the solver cannot be worked with.
    #[error(transparent)]
    Bench(#[from] workbench::BenchError),
    /// The gateway cannot start.
    #[error(transparent)]
    Gateway(Box<gateway::SetUpError>),
    /// A port cannot be listened on.
    #[error("cannot listen on {address}")]
    Listen {
        /// Which.
        address: std::net::SocketAddr,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// One of the demo's ports is taken.
    #[error("port {taken} is taken, one of {first} to {} that the demo needs; give another first port with --port-base", first.saturating_add(3))]
    PortTaken {
        /// Which.
        taken: u16,
        /// The first of the four.
        first: u16,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A thread, a runtime or a signal handler cannot be had.
    #[error("the system gives no thread or signal")]
    Thread(#[source] std::io::Error),
    /// The first of two acts was done, the second was not.
    #[error("{done}, but the rest was not done; go on with: {next}")]
    Halfway {
        /// What was done.
        done: String,
        /// The command that does the rest.
        next: String,
        /// Why not the rest.
        #[source]
        source: Box<Error>,
    },
    /// A certificate could not be made or handed out after its number was taken.
    #[error("the certificate with serial number {serial} is not issued; {}", number_now(*serial, *abandoned))]
    GivenUp {
        /// Its number.
        serial: model::SerialNumber,
        /// Whether the number is given up; else it is still reserved.
        abandoned: bool,
        /// Why.
        #[source]
        source: Box<Error>,
    },
    /// A certificate was signed and handed out, and then not recorded: it opens nothing, or the answer got lost.
    #[error(
        "the certificate with serial number {serial} lies ready, but opens nothing unless it is on record; look with: \
             sekisho certificate status {serial}"
    )]
    NotRecorded {
        /// Its number.
        serial: model::SerialNumber,
        /// Why.
        #[source]
        source: Box<Error>,
    },
    /// The office's door could not be reached or understood.
    #[error("{doing} is not possible")]
    Exchange {
        /// What was being done.
        doing: &'static str,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The office's door said no.
    #[error("the office's door says {status}: {said}")]
    TurnedAway {
        /// Status of HTTP.
        status: u16,
        /// Its words.
        said: String,
    },
    /// The arguments make no sense together, or a value is none.
    #[error("{0}")]
    Usage(String),
}

impl Error {
    /// For `map_err` at file operations.
    pub(crate) fn file(doing: &'static str, path: &std::path::Path) -> impl FnOnce(std::io::Error) -> Self {
        move |source| Self::File { doing, path: path.to_owned(), source }
    }

    /// For `map_err` at a journal.
    pub(crate) fn journal(whose: &'static str) -> impl Fn(journal::JournalError) -> Self {
        move |source| match source {
            source @ journal::JournalError::TornTail { .. } => Self::Torn { whose, source },
            source @ journal::JournalError::Changed { .. } => Self::Changed { whose, source },
            source => Self::Journal { whose, source },
        }
    }

    /// For `map_err` at the authority.
    pub(crate) fn authority(doing: &'static str) -> impl FnOnce(ca::Refused) -> Self {
        move |source| Self::Authority { doing, source: Box::new(source) }
    }

    /// Whether a token has refused a PIN, after which nothing is to be tried again by itself.
    #[must_use]
    pub fn is_wrong_pin(&self) -> bool {
        match self {
            Self::Token(fault) => matches!(fault, hsm::Fault::Pin(_)),
            Self::Unopened { source, .. } => source.is_wrong_pin(),
            _ => false,
        }
    }

    /// For `map_err` at values that people typed.
    pub(crate) fn usage(what: impl std::fmt::Display) -> Self {
        Self::Usage(what.to_string())
    }
}

fn number_now(serial: model::SerialNumber, abandoned: bool) -> String {
    if abandoned {
        return "its number is given up".to_owned();
    }
    format!("its number is still reserved; give it up with: sekisho certificate abandon {serial}")
}

/// An error with its causes, each on a line of its own.
#[must_use]
pub fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(because) = cause {
        text.push_str("\n  because ");
        text.push_str(&because.to_string());
        cause = because.source();
    }
    text
}
