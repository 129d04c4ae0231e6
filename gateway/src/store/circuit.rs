//! Whether a store is asked: a circuit that opens when it has failed several times in a row, and closes again when it has answered
//! once: one request that is let through on trial, or whoever looks after it. Pure: time comes in as milliseconds.
//!
//! What is behind an open circuit is not asked while another store can be. With none left it depends on how it failed: a store
//! that is quick about it is asked all the same, since the next answer may be a better one; one that keeps silent is not, since
//! all that comes of it is waiting. Nobody must be able to shut it for others by what he asks: see [`super::errand`] for whose
//! waiting counts.

use crate::bounds::{STORE_FAILURES_IN_A_ROW_MAX, STORE_REST_MILLIS, STORE_REST_MILLIS_MAX, STORE_TRIAL_MILLIS};

/// How a store failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// No connection, or no answer in time.
    Silence,
    /// It was quick about it: an answer of a gateway or an overloaded server (502, 503, 504), one that is no HTTP, or it broke
    /// off.
    Answer,
}

/// See the module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Circuit {
    /// Asked.
    Closed {
        /// Failures since it last answered.
        failures: u8,
        /// How often it has opened lately: each time makes its next rest longer.
        openings: u8,
    },
    /// Not asked until `until`.
    Open {
        /// Milliseconds.
        until: u64,
        /// See [`Self::Closed`].
        openings: u8,
        /// How it failed last.
        last: Failure,
    },
    /// One request is on its way on trial. If nothing is heard of it until `until`, another may go.
    Trial {
        /// Milliseconds.
        until: u64,
        /// See [`Self::Closed`].
        openings: u8,
        /// How it failed last.
        last: Failure,
    },
}

impl Circuit {
    /// Of a store of which nothing is known.
    pub const NEW: Self = Self::Closed { failures: 0, openings: 0 };

    /// Asked now: what it is then; none where it is not to be asked.
    #[must_use]
    pub const fn asked(self, now: u64) -> Option<Self> {
        match self {
            Self::Closed { .. } => Some(self),
            Self::Open { until, openings, last } | Self::Trial { until, openings, last } => {
                if now < until {
                    return None;
                }
                Some(Self::Trial { until: now.saturating_add(STORE_TRIAL_MILLIS), openings, last })
            }
        }
    }

    /// An answer has come.
    #[must_use]
    pub const fn answered(self) -> Self {
        match self {
            // The second in a row: what was is forgotten.
            Self::Closed { failures: 0, .. } => Self::NEW,
            Self::Closed { openings, .. } | Self::Trial { openings, .. } => Self::Closed { failures: 0, openings },
            // To what was asked before it opened: it says nothing about now.
            Self::Open { .. } => self,
        }
    }

    /// It has failed.
    #[must_use]
    pub fn failed(self, how: Failure, now: u64) -> Self {
        match self {
            Self::Closed { failures, openings } => {
                let failures = failures.saturating_add(1);
                if failures < STORE_FAILURES_IN_A_ROW_MAX {
                    return Self::Closed { failures, openings };
                }
                Self::opened(openings, how, now)
            }
            Self::Trial { openings, .. } => Self::opened(openings, how, now),
            Self::Open { .. } => self,
        }
    }

    /// Whoever looks after it has found it well: it is asked.
    #[must_use]
    pub const fn found_well(self) -> Self {
        match self {
            Self::Open { openings, .. } | Self::Trial { openings, .. } => Self::Closed { failures: 0, openings },
            closed @ Self::Closed { .. } => closed,
        }
    }

    /// Whoever looks after it has found it failing. One bad answer is not many, but where nobody is answered at all one look is enough.
    #[must_use]
    pub fn found_failing(self, how: Failure, now: u64) -> Self {
        match (self, how) {
            (Self::Trial { openings, .. }, _) | (Self::Closed { openings, .. }, Failure::Silence) => {
                Self::opened(openings, how, now)
            }
            (Self::Closed { .. }, Failure::Answer) | (Self::Open { .. }, _) => self,
        }
    }

    /// When it may be asked: now, or so many milliseconds later.
    #[must_use]
    pub const fn rests(self, now: u64) -> u64 {
        match self {
            Self::Closed { .. } => 0,
            Self::Open { until, .. } | Self::Trial { until, .. } => until.saturating_sub(now),
        }
    }

    /// Whether it is quick to answer, if badly.
    #[must_use]
    pub const fn answers(self) -> bool {
        match self {
            Self::Closed { .. } => true,
            Self::Open { last, .. } | Self::Trial { last, .. } => matches!(last, Failure::Answer),
        }
    }

    fn opened(openings: u8, last: Failure, now: u64) -> Self {
        // Doubled each time, up to a bound: a store that has come back is not left alone for long.
        let rest =
            STORE_REST_MILLIS.checked_shl(openings.min(16).into()).unwrap_or(u64::MAX).min(STORE_REST_MILLIS_MAX);
        Self::Open { until: now.saturating_add(rest), openings: openings.saturating_add(1).min(OPENINGS_MAX), last }
    }
}

/// Beyond it the rest does not grow any more.
const OPENINGS_MAX: u8 = 63;
/// Bits of a time: 139 years.
const TIME_BITS: u32 = 42;

/// One word, so that all workers can share it without a lock. Zero is [`Circuit::NEW`].
impl From<Circuit> for u64 {
    fn from(circuit: Circuit) -> Self {
        let (tag, failures, openings, last, until) = match circuit {
            Circuit::Closed { failures, openings } => (0, failures, openings, Failure::Silence, 0),
            Circuit::Open { until, openings, last } => (1, 0, openings, last, until),
            Circuit::Trial { until, openings, last } => (2, 0, openings, last, until),
        };
        let until = until & ((1 << TIME_BITS) - 1);
        let last = Self::from(matches!(last, Failure::Answer));
        Self::from(openings) << 58 | Self::from(failures) << 50 | last << 49 | tag << 44 | until
    }
}

impl From<u64> for Circuit {
    fn from(word: u64) -> Self {
        let octet = |shift: u32, mask: u64| u8::try_from(word >> shift & mask).unwrap_or(u8::MAX);
        let (openings, failures) = (octet(58, 0x3f), octet(50, 0xff));
        let last = if octet(49, 1) == 1 { Failure::Answer } else { Failure::Silence };
        let until = word & ((1 << TIME_BITS) - 1);
        match octet(44, 0x3) {
            0 => Self::Closed { failures, openings },
            1 => Self::Open { until, openings, last },
            _ => Self::Trial { until, openings, last },
        }
    }
}

#[cfg(test)]
mod tests;
