//! What a detector has found: about whom, how sure, and in numbers that an officer can weigh.

use model::{Timestamp, words};

use crate::contain::Step;
use crate::event::{Device, Facility, User};

words! {
    /// The detectors.
    pub enum Detector ("detector") {
        /// Wrong passwords for one user ID (art. 29, 39-9).
        Guessing = "guessing",
        /// Wrong passwords for many user IDs from one terminal.
        Spraying = "spraying",
        /// One certificate in two places, or in two programs (art. 38-1, 39-10).
        CopiedCertificate = "copied-certificate",
        /// A terminal speaks as another program than before.
        OtherClient = "other-client",
        /// Two places too far apart for the time between.
        Travel = "travel",
        /// An hour at which somebody is never there.
        UnusualHour = "unusual-hour",
        /// Records opened faster than anybody reads.
        FastReading = "fast-reading",
        /// Persons opened whom nothing explains (art. 18, 39-4).
        Unexplained = "unexplained",
        /// More persons in a day than is usual for this user and these peers.
        ManyPersons = "many-persons",
        /// Records tried that are not there or not his.
        Refusals = "refusals",
        /// More octets, or more exports, than is usual.
        Volume = "volume",
        /// Emergencies declared again and again (art. 41).
        Emergencies = "emergencies",
        /// A relative, a neighbour or a colleague, and nothing explains it.
        Near = "near",
        /// Somebody who has not been there for months.
        Dormant = "dormant",
        /// Notes of others, or old ones, rewritten or deleted (art. 39-8).
        Rewriting = "rewriting",
        /// Several users of one facility at once.
        Outbreak = "outbreak",
        /// A certificate that has ended, or a suspended user ID, is used again.
        Ended = "ended",
        /// A session is used after it was replaced.
        Replay = "replay",
        /// Requests as regular as a clock.
        Cadence = "cadence",
        /// Persons tried whose support has stopped (art. 17).
        Stopped = "stopped",
        /// The whole city is refused, or signs in, as never before.
        Drift = "drift",
    }
}

/// About whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Subject {
    /// A human being.
    User(User),
    /// A terminal.
    Device(Device),
    /// A facility.
    Facility(Facility),
    /// Everybody.
    City,
}

/// What was seen, and what is usual.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Numbers {
    /// So many.
    pub seen: u32,
    /// Of them such as tell most: distinct, unexplained, of other authors.
    pub telling: u32,
    /// Within so many seconds.
    pub seconds: u32,
    /// Usual for the same user.
    pub usual: f32,
    /// What nineteen of twenty of his peers stay below.
    pub peers: f32,
    /// From where on it is found.
    pub limit: u32,
}

/// What a detector has found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Finding {
    /// When.
    pub at: Timestamp,
    /// By which.
    pub detector: Detector,
    /// About whom.
    pub subject: Subject,
    /// How far it would hold the subject; [`Step::None`]: somebody should look, or it only adds to what else is found.
    pub step: Step,
    /// Somebody should look. Else it counts beside others only.
    pub alert: bool,
    /// What was seen.
    pub numbers: Numbers,
}
