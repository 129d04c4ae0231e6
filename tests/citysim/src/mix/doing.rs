//! What somebody does, put together of primitive acts: the same words for honest people and for others.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::check::{Fault, Key};
use super::span::Span;

/// One act, the smallest thing that anybody does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Primitive {
    /// Opens a record of a person.
    Open,
    /// Searches; what is found is opened, several persons at once.
    Search,
    /// Asks for everything of a person at once.
    Export,
    /// Writes a new note.
    Create,
    /// Writes a new version of a note of his own, of this week.
    EditOwn,
    /// Writes a new version of somebody else's note, or of an old one.
    EditOthers,
    /// Deletes.
    Delete,
    /// Declares an emergency about a person, and opens the record.
    Emergency,
    /// Types a wrong password.
    WrongPassword,
    /// Signs in with the right password.
    SignIn,
    /// Opens a connection.
    Connect,
    /// Shows a certificate that has ended.
    UseEndedCertificate,
    /// Uses a session that was replaced.
    Replay,
}

impl Primitive {
    /// What it is done to.
    #[must_use]
    pub const fn needs(self) -> Needs {
        match self {
            Self::Open | Self::Search | Self::Export => Needs::Person,
            Self::Create | Self::EditOwn | Self::EditOthers | Self::Delete | Self::Emergency => Needs::Person,
            Self::WrongPassword => Needs::Account,
            Self::SignIn | Self::Connect | Self::UseEndedCertificate | Self::Replay => Needs::Nothing,
        }
    }

    /// Whether only a user ID can do it.
    #[must_use]
    pub const fn needs_user(self) -> bool {
        !matches!(self, Self::WrongPassword | Self::Connect | Self::UseEndedCertificate)
    }
}

/// What an act is done to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    /// A person, or the number of one.
    Person,
    /// A user ID, or what looks like one.
    Account,
    /// Nothing.
    Nothing,
}

/// Whom it is done to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Over {
    /// Persons on whose care team he is.
    #[default]
    Panel,
    /// All persons of his facility.
    Facility,
    /// Persons of his facility on whose care team he is not.
    Others,
    /// All persons of the city.
    All,
    /// Numbers of persons that do not exist.
    Missing,
    /// Persons whose support has stopped.
    Stopped,
    /// His relatives and neighbours, and persons who are staff.
    Near,
    /// One person, the same throughout, whom he does not care for.
    One,
    /// One person who came lately, the same for everybody.
    New,
    /// User IDs of the city.
    Accounts,
    /// One user ID of somebody else, the same throughout.
    OneAccount,
    /// The user ID of whose terminal it is.
    OwnAccount,
    /// User IDs that do not exist.
    UnknownAccounts,
}

impl Over {
    const fn is(self) -> Needs {
        match self {
            Self::Accounts | Self::OneAccount | Self::OwnAccount | Self::UnknownAccounts => Needs::Account,
            _ => Needs::Person,
        }
    }
}

/// In which order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Order {
    /// Any.
    #[default]
    Random,
    /// By their numbers.
    Ascending,
}

/// One act, or several by their weights.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(untagged, expecting = "an act (`open`, `search`, ...) or a table of acts with their weights")]
pub enum Acts {
    /// Always this.
    One(Primitive),
    /// Each as often as its weight says.
    Mixed(BTreeMap<Primitive, f64>),
}

impl Acts {
    /// Each with its weight.
    #[must_use]
    pub fn weighed(&self) -> Vec<(Primitive, f64)> {
        match self {
            Self::One(act) => vec![(*act, 1.0)],
            Self::Mixed(acts) => acts.iter().map(|(act, weight)| (*act, *weight)).collect(),
        }
    }
}

/// At which hours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize)]
#[serde(untagged, expecting = "`any`, `work`, `night` or [from, to] in hours of the day")]
pub enum Hours {
    /// By a word.
    Named(NamedHours),
    /// From one hour of the day to another; past midnight when the second is the smaller.
    Between([f64; 2]),
    /// Whenever it comes to it.
    #[default]
    Unsaid,
}

/// Hours by a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NamedHours {
    /// All of them.
    Any,
    /// From half past eight to six.
    Work,
    /// From ten in the evening to five.
    Night,
}

impl Hours {
    /// From when to when; the second is above 24 where it is on the next day.
    #[must_use]
    pub fn window(&self) -> (f64, f64) {
        match *self {
            Self::Unsaid | Self::Named(NamedHours::Any) => (0.0, 24.0),
            Self::Named(NamedHours::Work) => (8.5, 18.0),
            Self::Named(NamedHours::Night) => (22.0, 29.0),
            Self::Between([from, to]) if to <= from => (from, to + 24.0),
            Self::Between([from, to]) => (from, to),
        }
    }
}

/// One stretch of it: acts of one kind over one set, at one pace.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Phase {
    /// Which acts.
    pub does: Acts,
    /// To whom.
    #[serde(default)]
    pub over: Over,
    /// In which order.
    #[serde(default)]
    pub order: Order,
    /// To how many of them; or all, once.
    pub count: Option<Span>,
    /// To how many a day, drawn once.
    pub per_day: Option<Span>,
    /// To how many a day in the end, where it grows.
    pub per_day_to: Option<Span>,
    /// For how many days, with `per_day`.
    #[serde(default = "one")]
    pub days: Span,
    /// Only when offices are open.
    #[serde(default)]
    pub working_days: bool,
    /// Spread evenly over the hours of the day, with `per_day`; else in one sitting.
    #[serde(default)]
    pub spread: bool,
    /// Begins again from the first when all have been. Without it a `per_day` does, and a `count` does not.
    pub again: Option<bool>,
    /// So many acts on each: records of a person, passwords of a user ID.
    #[serde(default = "one")]
    pub each: Span,
    /// So many persons are found by one search.
    #[serde(default = "a_page")]
    pub finds: Span,
    /// Seconds from one act to the next.
    #[serde(default = "seconds")]
    pub pace_s: Span,
    /// How much they vary: the sigma of their logarithms. 0: as a clock.
    #[serde(default = "human")]
    pub jitter: f64,
    /// So many acts, then a pause.
    pub burst: Option<Span>,
    /// Seconds of that pause.
    #[serde(default = "pause")]
    pub pause_s: Span,
    /// At which hours.
    #[serde(default)]
    pub hours: Hours,
    /// Hours to wait before it begins.
    #[serde(default = "none")]
    pub wait_h: Span,
    /// It only prepares: nothing of it counts, and time runs from the phase after it.
    #[serde(default)]
    pub prelude: bool,
    /// How likely one of the passwords was right, and opens what comes after.
    #[serde(default)]
    pub guessed: f64,
    /// Octets of one export.
    #[serde(default = "megabytes")]
    pub bytes: Span,
}

const fn none() -> Span {
    Span::Fixed(0.0)
}

const fn one() -> Span {
    Span::Fixed(1.0)
}

const fn a_page() -> Span {
    Span::Even(5.0, 20.0)
}

const fn seconds() -> Span {
    Span::Even(10.0, 40.0)
}

const fn pause() -> Span {
    Span::Fixed(600.0)
}

const fn megabytes() -> Span {
    Span::Log(500_000.0, 20_000_000.0)
}

/// How much the pace of a human being varies.
pub const HUMAN: f64 = 0.6;

const fn human() -> f64 {
    HUMAN
}

impl Phase {
    /// Whether it begins again from the first.
    #[must_use]
    pub fn begins_again(&self) -> bool {
        self.again.unwrap_or(self.per_day.is_some())
    }

    pub(super) fn check(&self, key: &Key, of_attack: bool) -> Result<(), Fault> {
        let acts = self.does.weighed();
        for (act, weight) in &acts {
            key.number("does", *weight, 0.0..=1e6)?;
            let fits = act.needs() == Needs::Nothing || act.needs() == self.over.is();
            key.must(fits, "over", &format!("`{act:?}` is not done to `{:?}`", self.over))?;
        }
        key.must(acts.iter().map(|(_, weight)| weight).sum::<f64>() > 0.0, "does", "no act has any weight")?;
        key.must(self.count.is_none() || self.per_day.is_none(), "count", "either `count` or `per_day`")?;
        let daily = self.per_day.is_some();
        key.must(daily || self.per_day_to.is_none(), "per_day_to", "only with `per_day`")?;
        key.must(daily || !self.spread, "spread", "only with `per_day`")?;
        key.must(daily || !self.working_days, "working_days", "only with `per_day`")?;
        key.maybe("count", self.count, 0.0..=100_000.0)?;
        key.maybe("per_day", self.per_day, 0.01..=10_000.0)?;
        key.maybe("per_day_to", self.per_day_to, 0.01..=10_000.0)?;
        key.span("days", self.days, 1.0..=366.0)?;
        key.span("each", self.each, 1.0..=1000.0)?;
        key.span("finds", self.finds, 1.0..=1000.0)?;
        key.span("pace_s", self.pace_s, 0.0..=864_000.0)?;
        key.number("jitter", self.jitter, 0.0..=3.0)?;
        key.maybe("burst", self.burst, 1.0..=10_000.0)?;
        key.span("pause_s", self.pause_s, 0.0..=864_000.0)?;
        key.span("wait_h", self.wait_h, 0.0..=8_784.0)?;
        key.number("guessed", self.guessed, 0.0..=1.0)?;
        key.span("bytes", self.bytes, 0.0..=1e12)?;
        if let Hours::Between([from, to]) = self.hours {
            key.number("hours", from, 0.0..=24.0)?;
            key.number("hours", to, 0.0..=24.0)?;
        }
        let endless = self.count.is_none() && !daily && (self.over == Over::Missing || self.begins_again());
        key.must(!endless, "count", "has no end: give `count` or `per_day`")?;
        if !of_attack {
            key.must(!daily, "per_day", "only for an attack: `when` says on which days")?;
            key.must(!self.prelude && self.guessed == 0.0, "prelude", "`prelude` and `guessed` are for attacks")?;
        }
        Ok(())
    }
}
