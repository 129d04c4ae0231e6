//! What somebody may still do while something about him is not settled: steps from a question to the end of his user ID.
//!
//! A false alarm narrows before it locks (promise P11). Whoever is narrowed goes on with the persons that something explains, slowly enough for
//! a person and too slowly for a program; he exports nothing and rewrites nothing old. Every step but the last two ends by itself,
//! and the first three by his proving himself once more.

use model::Timestamp;

use crate::event::{Edit, Why};
use crate::gcra::{Bucket, Quota, Verdict};

/// How far somebody is held, the mildest first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Step {
    /// Not at all.
    #[default]
    None,
    /// He is asked for his password before he goes on.
    StepUp,
    /// He goes on slowly.
    Throttled,
    /// He goes on slowly, with persons that something explains; no export, and nothing old is rewritten.
    Narrowed,
    /// The terminal is suspended: nothing opens with it.
    DeviceSuspended,
    /// The user ID is suspended (art. 29).
    UserSuspended,
}

impl Step {
    /// Every step, the mildest first.
    pub const ALL: [Self; 6] =
        [Self::None, Self::StepUp, Self::Throttled, Self::Narrowed, Self::DeviceSuspended, Self::UserSuspended];

    /// The word for it in journals, settings and commands.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::StepUp => "step-up",
            Self::Throttled => "throttled",
            Self::Narrowed => "narrowed",
            Self::DeviceSuspended => "device-suspended",
            Self::UserSuspended => "user-suspended",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|step| step.as_str() == word)
    }

    /// Milliseconds after which it ends by itself; none where only a human being ends it.
    #[must_use]
    pub const fn lasts_millis(self) -> Option<i64> {
        match self {
            Self::None | Self::DeviceSuspended | Self::UserSuspended => None,
            Self::StepUp | Self::Throttled => Some(3_600_000),
            Self::Narrowed => Some(24 * 3_600_000),
        }
    }

    /// Whether proving oneself once more ends it.
    #[must_use]
    pub const fn ends_by_step_up(self) -> bool {
        matches!(self, Self::StepUp | Self::Throttled | Self::Narrowed)
    }
}

/// What somebody is about to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ask {
    /// Open a record of a person.
    Open(Why),
    /// Write one.
    Write(Edit, Why),
    /// Have all of something at once.
    Export(Why),
}

/// Whether he may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Leave {
    /// Yes.
    Granted,
    /// Once he has given his password.
    AfterStepUp,
    /// After so many milliseconds.
    Later(i64),
    /// Not while he is narrowed.
    Narrowed,
    /// Not at all: terminal or user ID are suspended.
    Suspended,
}

/// One subject, as far as it is held.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Containment {
    step: Step,
    until: Option<Timestamp>,
    /// He can end it by proving himself once more.
    by_himself: bool,
    /// He was told that he has to.
    is_told: bool,
    pace: Bucket,
}

/// So fast goes whoever is throttled or narrowed: a visit's worth at once, then one in a quarter of a minute.
fn pace() -> Quota {
    Quota::new(1, 15, 8)
}

impl Containment {
    /// How far it is held at `now`.
    #[must_use]
    pub fn step(&self, now: Timestamp) -> Step {
        if self.until.is_some_and(|until| until <= now) { Step::None } else { self.step }
    }

    /// Until when, where it ends by itself.
    #[must_use]
    pub const fn until(&self) -> Option<Timestamp> {
        self.until
    }

    /// Holds it as far as this, if it is not held further, and by himself he can end it or not; whether that is news.
    pub fn hold(&mut self, step: Step, by_himself: bool, now: Timestamp) -> bool {
        let before = self.step(now);
        if step < before || step == Step::None {
            return false;
        }
        self.by_himself = by_himself && (self.by_himself || step > before);
        self.step = step;
        self.until = step.lasts_millis().map(|millis| now.plus_millis(millis));
        if step > before {
            (self.pace, self.is_told) = (Bucket::default(), false);
        }
        step > before
    }

    /// He was told that he has to prove himself.
    pub fn told(&mut self) {
        self.is_told = true;
    }

    /// Whether he was told so, and has not.
    #[must_use]
    pub fn has_not_answered(&self, now: Timestamp) -> bool {
        self.is_told && self.step(now) == Step::StepUp
    }

    /// Lets go.
    pub fn lift(&mut self) {
        *self = Self::default();
    }

    /// He has proved himself once more: what ends by that ends.
    pub fn stepped_up(&mut self, now: Timestamp) -> bool {
        let ends = self.by_himself && self.step(now).ends_by_step_up();
        if ends {
            self.lift();
        }
        ends
    }

    /// Whether something may be done at `now`.
    pub fn leave(&mut self, ask: Ask, now: Timestamp) -> Leave {
        match self.step(now) {
            Step::None => Leave::Granted,
            Step::StepUp => {
                self.is_told = true;
                Leave::AfterStepUp
            }
            Step::Throttled => self.slowly(now),
            Step::Narrowed => match ask {
                Ask::Open(why) | Ask::Write(Edit::New | Edit::Own, why) if why.is_explained() => self.slowly(now),
                _ => Leave::Narrowed,
            },
            Step::DeviceSuspended | Step::UserSuspended => Leave::Suspended,
        }
    }

    fn slowly(&mut self, now: Timestamp) -> Leave {
        match self.pace.charge(pace(), now, 1) {
            Verdict::Within => Leave::Granted,
            Verdict::Beyond { retry_after_millis } => Leave::Later(retry_after_millis),
        }
    }
}
