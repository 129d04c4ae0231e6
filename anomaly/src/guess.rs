//! Guessing passwords: after a few wrong ones each further try has to wait, longer and longer, up to a quarter of an
//! hour. Never a lock: a lock would let a stranger shut a doctor out (and would outlive the office's opening hours).
//!
//! NIST SP 800-63B-4 3.2.2 asks for throttling that allows at most 100 failures; with these waits 100 failures take
//! about 22 hours. The caller keeps one [`Guesses`] for each pair of user ID and terminal, and one for each terminal.

use model::Timestamp;

/// Wrong passwords in a row that cost no waiting.
pub const FREE_TRIES: u32 = 4;
/// Longest wait, in seconds.
pub const WAIT_SECONDS_MAX: i64 = 900;

/// Wrong passwords in a row of one subject.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Guesses {
    wrong: u32,
    last_millis: i64,
    /// When the one before the last was: where a try that is taken back leads.
    before_millis: i64,
}

/// Whether the next try may be made now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Patience {
    /// Yes.
    Try,
    /// After so many seconds.
    Wait {
        /// Seconds, at least 1.
        seconds: u32,
    },
}

impl Guesses {
    /// May another password be tried at `now`?
    pub fn patience(&self, now: Timestamp) -> Patience {
        let wait = self.wait_seconds().saturating_mul(1000);
        // A clock set back leaves at most the whole wait.
        let passed = now.as_millis().saturating_sub(self.last_millis).max(0);
        let left = wait.saturating_sub(passed);
        if left <= 0 {
            return Patience::Try;
        }
        let seconds = u32::try_from(left.saturating_add(999) / 1000).unwrap_or(u32::MAX);
        Patience::Wait { seconds: seconds.max(1) }
    }

    /// Notes a wrong password.
    pub const fn wrong(&mut self, now: Timestamp) {
        self.wrong = self.wrong.saturating_add(1);
        self.before_millis = self.last_millis;
        self.last_millis = now.as_millis();
    }

    /// Notes the right password.
    pub const fn right(&mut self) {
        self.wrong = 0;
    }

    /// Takes the last wrong try back: it turned out to be right. The wait is the one there was before it: on a terminal with
    /// old mistakes a right password must not begin it anew.
    pub const fn take_back(&mut self) {
        self.wrong = self.wrong.saturating_sub(1);
        self.last_millis = self.before_millis;
    }

    /// Whether there is nothing left to remember at `now`: the last wrong try is a day ago.
    #[must_use]
    pub const fn is_forgotten(&self, now: Timestamp) -> bool {
        self.wrong == 0 || now.as_millis().saturating_sub(self.last_millis) > 24 * 3_600_000
    }

    const fn wait_seconds(&self) -> i64 {
        let beyond = self.wrong.saturating_sub(FREE_TRIES);
        if beyond == 0 {
            return 0;
        }
        // 2, 4, 8 ... seconds.
        let doubled = if beyond >= 10 { WAIT_SECONDS_MAX } else { 1_i64 << beyond };
        if doubled > WAIT_SECONDS_MAX { WAIT_SECONDS_MAX } else { doubled }
    }
}
