//! Every bound of these doors, in one place.

use std::time::Duration;

/// How much the doors take on, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Connections at the same time; more wait in the kernel's queue.
    pub connections_max: usize,
    /// Octets of a request's head.
    pub head_octets_max: usize,
    /// Header fields of a request.
    pub fields_max: usize,
    /// For a request's head to arrive.
    pub head_within: Duration,
    /// For the whole of a connection, which carries one request: 5 MB of revocation list at 1 Mbit/s take 40 s.
    pub connection_within: Duration,
    /// For open connections to end when the process stops.
    pub drain_within: Duration,
    /// A list is signed anew after this long without a revocation.
    pub list_every: Duration,
    /// A list that could not be built is tried again after this long.
    pub list_retry: Duration,
    /// A wrong code is answered after so long.
    pub wrong_pause: Duration,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            connections_max: 256,
            head_octets_max: 16 * 1024,
            fields_max: 64,
            head_within: Duration::from_secs(10),
            connection_within: Duration::from_secs(120),
            drain_within: Duration::from_secs(5),
            list_every: Duration::from_secs(3600),
            list_retry: Duration::from_secs(1),
            wrong_pause: Duration::from_secs(1),
        }
    }
}

impl Bounds {
    /// Of the door where terminals come to their certificates, which strangers can reach: few at a time, and not for long.
    #[must_use]
    pub fn enrolment() -> Self {
        Self { connections_max: 64, connection_within: Duration::from_secs(30), ..Self::default() }
    }
}

/// Longest pause between tries to build a list that fail.
pub(crate) const RETRY_MAX: Duration = Duration::from_secs(60);
/// After nobody could be certified to sign answers, so long nobody tries again, in seconds.
pub(crate) const VACANT_SECONDS: i64 = 10;

// Twenty lists may fail before one that somebody has kept runs out.
const _: () = assert!(ca::NEXT_UPDATE_SECONDS > 20 * 3600);
