//! `journal`: where both journals end, and the way back from a torn end.

use clap::{Args, Subcommand, ValueEnum};
use journal::Head;

/// `journal …`.
#[derive(Debug, Subcommand)]
pub enum Journal {
    /// Say where both journals end, and whether the ends are in order; changes nothing
    Status,
    /// Cut a torn end off a journal, as city officer or contractor, so that the service can start again
    ///
    /// A torn end is the work of a broken disk, a half-restored backup or a hand. Nothing starts over it, and nothing
    /// repairs it by itself: what is cut may have been acknowledged, such as a revocation or an audit entry. Stop every
    /// server and copy the database first; a backup that holds more is better than a cut. What is cut is printed, stays
    /// in the database (table `batch_cut`), and the act stands in `cuts.txt` beside the settings. Afterwards: `sekisho
    /// audit verify`, and give again what the registry lost.
    CutTornTail(CutTornTail),
}

/// `journal cut-torn-tail`.
#[derive(Debug, Args)]
pub struct CutTornTail {
    /// Which journal
    #[arg(long, value_enum, value_name = "JOURNAL")]
    pub journal: Which,
    /// The head that stays, as `sekisho journal status` prints it; nothing is cut if another one would stay
    #[arg(long, value_name = "POSITION:HASH")]
    pub keep: Head,
}

/// One of the two journals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Which {
    /// What the city has decided
    Registry,
    /// Who did what
    Audit,
}

impl Which {
    /// Both, in the order in which they are named.
    pub const ALL: [Self; 2] = [Self::Registry, Self::Audit];

    /// One word for sentences.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Registry => "registry",
            Self::Audit => "audit",
        }
    }
}
