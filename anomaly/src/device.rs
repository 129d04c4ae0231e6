//! What is remembered of one terminal.

use model::Timestamp;

use crate::event::{Place, Print};
use crate::meter::Meter;
use crate::rings::{Distinct, Recent};
use crate::source::Prefix;

/// See the module.
#[derive(Clone, Debug, Default)]
pub(crate) struct DeviceState {
    /// User IDs that failed here and have not succeeded since.
    pub(crate) failed: Distinct<8>,
    /// Programs that it spoke as, the oldest first.
    pub(crate) prints: [Option<Known>; 4],
    /// The last two connections from different networks.
    pub(crate) last: Option<Seen>,
    pub(crate) before: Option<Seen>,
    /// Networks that it came from lately.
    pub(crate) networks: Recent<Prefix, 8>,
    pub(crate) place: Option<(Place, Timestamp)>,
    /// Uses after it ended.
    pub(crate) ended: Meter,
    pub(crate) replays: Meter,
    /// Times that it was in two places at once.
    pub(crate) travels: Meter,
}

/// A program that a terminal spoke as.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Known {
    pub(crate) print: Print,
    pub(crate) since: Timestamp,
    pub(crate) last: Timestamp,
}

/// A connection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seen {
    pub(crate) source: Prefix,
    pub(crate) print: Print,
    pub(crate) at: Timestamp,
}

/// After so long a terminal is what it is.
const SETTLED_MILLIS: i64 = 3 * 24 * 3_600_000;

impl DeviceState {
    /// Notes a connection, and gives what was known of its program and of its platform before: since when.
    pub(crate) fn speaks_as(&mut self, print: Print, now: Timestamp) -> (Option<Timestamp>, Option<Timestamp>) {
        let known = self.prints.iter().flatten();
        let platform = known.clone().filter(|one| one.print.platform() == print.platform()).map(|one| one.since).min();
        if let Some(same) = self.prints.iter_mut().flatten().find(|one| one.print == print) {
            same.last = now;
            return (Some(same.since), platform);
        }
        let oldest = self.prints.iter_mut().min_by_key(|one| one.map(|one| one.last));
        if let Some(oldest) = oldest {
            *oldest = Some(Known { print, since: now, last: now });
        }
        (None, platform)
    }

    /// Whether it has been the same for some days.
    pub(crate) fn is_settled(&self, now: Timestamp) -> bool {
        self.prints.iter().flatten().any(|one| now.millis_since(one.since) >= SETTLED_MILLIS)
    }

    /// Whether it has ever connected.
    pub(crate) fn is_known(&self) -> bool {
        self.last.is_some()
    }
}
