//! Attacks: who, from when on, disguised as what, and how he takes being held.

use serde::Deserialize;

use super::burst::Named;
use super::check::{Fault, Key};
use super::doing::{Hours, Needs, Phase};
use super::span::Span;

/// One kind of attack.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attack {
    /// What it is called; once only in a mix.
    pub name: String,
    /// What is asked of detectors.
    pub class: Class,
    /// So many in a run.
    #[serde(default = "three")]
    pub instances: u32,
    /// Who does it.
    pub who: Who,
    /// From when on.
    #[serde(default)]
    pub start: Start,
    /// As what he appears.
    #[serde(default)]
    pub disguise: Disguise,
    /// How he takes being held.
    #[serde(default)]
    pub reaction: Reaction,
    /// An alert about the whole city is right.
    #[serde(default)]
    pub city_wide: bool,
    /// What he does, one after the other.
    pub phase: Vec<Phase>,
}

/// What is asked of detectors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// To be held at once.
    Fast,
    /// To be found in days.
    Slow,
    /// Something is told of it; what is asked of it stands with its kind.
    Other,
}

/// Who does it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Who {
    /// What he is.
    pub kind: Kind,
    /// Of these professions, or with the terminal of one; none: of any.
    #[serde(default)]
    pub professions: Vec<Named>,
    /// With which right.
    #[serde(default)]
    pub right: Right,
    /// So many of them together; of a facility, the least that it has.
    #[serde(default = "one")]
    pub users: Span,
    /// He knows the password, and proves himself when asked to. Unsaid: by his kind.
    pub password: Option<bool>,
    /// So many days nobody has used the user ID, of one who left.
    #[serde(default = "months")]
    pub idle_days: Span,
}

/// What he is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A user, at his own terminal.
    Insider,
    /// Somebody with a stolen terminal on which a session is open.
    Thief,
    /// Somebody with a copy of a certificate, and the password.
    Copied,
    /// Somebody with another's terminal, or all that is on it, and no password yet.
    Outsider,
    /// A program on a user's terminal, within his session.
    Infected,
    /// Such a program on every terminal of a facility.
    Facility,
    /// A terminal whose certificate has ended.
    Retired,
    /// A user who left, and whose user ID is still open.
    Leaver,
}

/// A right beside the care team.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Right {
    /// With or without.
    #[default]
    Any,
    /// Without.
    None,
    /// He manages his facility.
    Facility,
    /// All records of the city.
    City,
}

/// From when on.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Start {
    /// Not before so many weeks.
    pub after_weeks: f64,
    /// While the burst of this name goes on.
    pub during: Option<String>,
    /// On the last so many days of a month.
    pub month_end: Option<u8>,
    /// On a day on which offices are open.
    pub working_days: bool,
    /// At these hours.
    pub hours: Hours,
}

/// As what he appears. What is not said goes by his kind.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Disguise {
    /// What his TLS says.
    pub print: Option<Print>,
    /// Where he connects from.
    pub network: Option<Net>,
    /// Where that seems to be.
    pub place: Option<Where>,
}

/// What his TLS says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Print {
    /// What the terminal says.
    Own,
    /// The same program in another version.
    Version,
    /// A script on the same platform.
    Script,
    /// Another program on another platform.
    Other,
    /// A program that does not name itself.
    Nameless,
}

/// Where he connects from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Net {
    /// From where the user does.
    Own,
    /// From the carrier that the city's tablets use.
    Carrier,
    /// From one other address.
    Other,
    /// From another address every few minutes.
    Changing,
}

/// Where that seems to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Where {
    /// In the city.
    Near,
    /// In another part of the country.
    Far,
    /// Abroad.
    Abroad,
    /// Nobody knows.
    Unknown,
}

/// How he takes being held.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Reaction {
    /// Told to come later.
    pub later: Later,
    /// Told that he is narrowed.
    pub narrowed: Narrowed,
    /// Records refused to him in a row after which he leaves.
    pub refusals: Option<u32>,
    /// Acts refused because he is held after which he leaves.
    pub held: u32,
}

impl Default for Reaction {
    fn default() -> Self {
        Self { later: Later::Waits, narrowed: Narrowed::Proves, refusals: None, held: 20 }
    }
}

/// Told to come later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Later {
    /// He comes when he may.
    Waits,
    /// He tries again at his own pace.
    GoesOn,
    /// He leaves.
    Leaves,
}

/// Told that he is narrowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Narrowed {
    /// He proves himself once, if he can, and goes on.
    Proves,
    /// He goes on.
    GoesOn,
    /// He leaves.
    Leaves,
}

const fn three() -> u32 {
    3
}

const fn one() -> Span {
    Span::Fixed(1.0)
}

const fn months() -> Span {
    Span::Even(61.0, 66.0)
}

impl Who {
    /// Whether he proves himself when asked to.
    #[must_use]
    pub fn knows_password(&self) -> bool {
        self.password.unwrap_or(matches!(self.kind, Kind::Insider | Kind::Copied | Kind::Leaver))
    }
}

impl Disguise {
    /// What his TLS says.
    #[must_use]
    pub fn print_of(&self, kind: Kind) -> Print {
        self.print.unwrap_or(match kind {
            Kind::Copied => Print::Other,
            _ => Print::Own,
        })
    }

    /// Where he connects from.
    #[must_use]
    pub fn net_of(&self, kind: Kind) -> Net {
        self.network.unwrap_or(match kind {
            Kind::Insider | Kind::Infected | Kind::Facility => Net::Own,
            Kind::Thief | Kind::Outsider | Kind::Retired => Net::Carrier,
            Kind::Copied | Kind::Leaver => Net::Other,
        })
    }

    /// Where that seems to be.
    #[must_use]
    pub fn place_of(&self) -> Where {
        self.place.unwrap_or(Where::Near)
    }
}

impl Attack {
    pub(super) fn check(&self, bursts: &[&str]) -> Result<(), Fault> {
        let key = Key::entry("attack", &self.name);
        key.must(!self.name.trim().is_empty(), "name", "is empty")?;
        key.number("instances", f64::from(self.instances), 0.0..=1000.0)?;
        key.span("who.users", self.who.users, 1.0..=1000.0)?;
        key.span("who.idle_days", self.who.idle_days, 0.0..=366.0)?;
        key.number("start.after_weeks", self.start.after_weeks, 0.0..=104.0)?;
        if let Some(last) = self.start.month_end {
            key.number("start.month_end", f64::from(last), 1.0..=31.0)?;
        }
        if let Some(during) = &self.start.during {
            key.must(bursts.contains(&during.as_str()), "start.during", &format!("there is no burst \"{during}\""))?;
        }
        if let Hours::Between([from, to]) = self.start.hours {
            key.number("start.hours", from, 0.0..=24.0)?;
            key.number("start.hours", to, 0.0..=24.0)?;
        }
        key.number("reaction.held", f64::from(self.reaction.held), 1.0..=100_000.0)?;
        key.must(self.phase.iter().any(|phase| !phase.prelude), "phase", "there is none that counts")?;
        let mut has_user = !matches!(self.who.kind, Kind::Outsider | Kind::Retired);
        for (phase, number) in self.phase.iter().zip(1..) {
            let key = key.within(&format!("phase {number}: "));
            phase.check(&key, true)?;
            let acts = phase.does.weighed();
            let asks_user = acts.iter().any(|(act, _)| act.needs_user());
            key.must(has_user || !asks_user, "does", "nobody is signed in: guess a password first (`guessed`)")?;
            let guesses = acts.iter().any(|(act, _)| act.needs() == Needs::Account);
            key.must(guesses || phase.guessed == 0.0, "guessed", "only where passwords are tried")?;
            has_user |= phase.guessed > 0.0;
        }
        Ok(())
    }
}
