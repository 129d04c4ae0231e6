//! Every bound of these doors, in one place.

use std::time::Duration;

/// How much the doors take on, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Connections at the same time; more wait in the kernel's queue.
    pub connections_max: usize,
    /// Of these, from one source: an IPv4 address, or an IPv6 /64. One more is closed at once, so that no single address takes all
    /// places by holding them.
    pub connections_per_source_max: usize,
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
            // A facility has some dozens of terminals behind one address. What they want here takes a fraction of a second, and whoever
            // is closed out tries again: all of them at the same moment still get in. Eight addresses, not one, fill a door.
            connections_per_source_max: 32,
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
    /// Of the door where terminals come to their certificates, which strangers can reach: not for long.
    #[must_use]
    pub fn enrolment() -> Self {
        Self { connection_within: Duration::from_secs(30), ..Self::default() }
    }
}

/// Longest pause between tries to build a list that fail.
pub(crate) const RETRY_MAX: Duration = Duration::from_secs(60);
/// After nobody could be certified to sign answers, so long nobody tries again, in seconds.
pub(crate) const VACANT_SECONDS: i64 = 10;
/// Answers about certificates that are kept, each some kilobytes.
pub(crate) const ANSWERS_KEPT_MAX: usize = 4096;
/// A list says "as of now". Built from a registry that has not been heard for longer, it would say more than is known.
pub(crate) const HEARD_WITHIN: Duration = Duration::from_secs(10);
/// After a failed accept (no file descriptor left, say): let others end first.
pub(crate) const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// Fields of a form; ours have four.
pub(crate) const FORM_FIELDS_MAX: usize = 8;
/// Characters of what a browser calls itself that are shown to it.
pub(crate) const BROWSER_CHARACTERS_MAX: usize = 300;
/// Wrong codes of one source for one terminal in [`WRONG_WINDOW_MS`]. A code ends by its fifth wrong try, so nobody ends one from a
/// single address in less than that.
pub(crate) const WRONG_PER_SOURCE_MAX: usize = 4;
/// Wrong codes of one source for all terminals in [`WRONG_WINDOW_MS`].
pub(crate) const WRONG_OF_ALL_MAX: usize = 20;
/// So long a code waits for others of the same source whose end is not known.
pub(crate) const WRONG_PATIENCE: Duration = Duration::from_secs(5);
/// An hour, in milliseconds.
pub(crate) const WRONG_WINDOW_MS: i64 = 3_600_000;
/// Sources whose wrong codes are remembered, each with [`WRONG_OF_ALL_MAX`] at most, half a kilobyte; those of which nothing was heard for longest go.
pub(crate) const WRONG_SOURCES_MAX: usize = 8192;

// Twenty lists may fail before one that somebody has kept runs out.
const _: () = assert!(ca::NEXT_UPDATE_SECONDS > 20 * 3600);
// A code's own bound is the registry's: nobody reaches it from one address.
const _: () = assert!(WRONG_PER_SOURCE_MAX < registry::ENROLMENT_TRIES_MAX as usize);
const _: () = assert!(WRONG_PER_SOURCE_MAX < WRONG_OF_ALL_MAX);
