//! Honest bursts: many records in a short time for a good reason, and days on which everything is otherwise.

use model::Profession;
use serde::Deserialize;

use super::check::{Fault, Key};
use super::doing::{Hours, Phase};
use super::span::Span;
use crate::calendar::{Calendar, Day, weekday};

/// One kind of burst.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Burst {
    /// What it is called; once only in a mix.
    pub name: String,
    /// On which days, and at what hours it begins.
    #[serde(default)]
    pub when: When,
    /// Who takes part.
    #[serde(default)]
    pub who: Crowd,
    /// Share of those who take part for whom the registry has the fact that explains it, in time.
    #[serde(default = "all")]
    pub recorded: f64,
    /// It takes place at a terminal that the facility shares.
    #[serde(default)]
    pub shared_terminal: bool,
    /// It is a fault of the service, and an alert about the city is right.
    #[serde(default)]
    pub incident: bool,
    /// What is otherwise meanwhile, for everybody.
    pub meanwhile: Option<Meanwhile>,
    /// What those who take part do.
    #[serde(default)]
    pub phase: Vec<Phase>,
}

/// On which days.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct When {
    /// `mon` to `sun`, `working` (offices are open) or `closed`; none: every day.
    pub days: Vec<String>,
    /// From this day of the month to that.
    pub month_days: Option<[u8; 2]>,
    /// The last so many days of a month.
    pub month_end: Option<u8>,
    /// While the burst of this name, which stands before, makes something otherwise.
    pub during: Option<String>,
    /// On one date.
    pub date: Option<String>,
    /// On one day of the run, the first being 0.
    pub day: Option<u32>,
    /// Likelihood on such a day.
    pub chance: f64,
    /// On so many of these days at most, any of them.
    pub days_max: Option<u32>,
    /// Hours between which it begins, for each who takes part.
    pub hours: Hours,
}

impl Default for When {
    fn default() -> Self {
        Self {
            days: Vec::new(),
            month_days: None,
            month_end: None,
            during: None,
            date: None,
            day: None,
            chance: 1.0,
            days_max: None,
            hours: Hours::Unsaid,
        }
    }
}

impl When {
    /// Whether a day is such a day, but for chance.
    #[must_use]
    pub fn is_on(&self, day: Day, calendar: &Calendar) -> bool {
        let named = |word: &String| match word.as_str() {
            "working" => day.is_working(),
            "closed" => !day.is_working(),
            word => weekday(word) == Some(day.weekday),
        };
        (self.days.is_empty() || self.days.iter().any(named))
            && self.month_days.is_none_or(|[from, to]| (from..=to).contains(&day.of_month))
            && self.month_end.is_none_or(|last| day.to_month_end < last)
            && self.date.as_deref().is_none_or(|date| calendar.number(date) == Some(day.number))
            && self.day.is_none_or(|number| number == day.number)
    }
}

/// A profession by its word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Named(pub Profession);

impl TryFrom<String> for Named {
    type Error = model::UnknownWord;

    fn try_from(word: String) -> Result<Self, model::UnknownWord> {
        Profession::parse(&word).map(Self)
    }
}

/// Who takes part.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Crowd {
    /// Of these professions; none: of all.
    pub professions: Vec<Named>,
    /// Heads of facilities only.
    pub heads: bool,
    /// Officials with a right to the whole city only.
    pub city_right: bool,
    /// This share of them, another each time.
    pub share: f64,
    /// This share of facilities, another each time.
    pub facilities: f64,
    /// So many users at most, each time.
    pub users: Option<Span>,
}

impl Default for Crowd {
    fn default() -> Self {
        Self { professions: Vec::new(), heads: false, city_right: false, share: 1.0, facilities: 1.0, users: None }
    }
}

/// What is otherwise for a while.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Meanwhile {
    /// For how many hours.
    pub hours: Span,
    /// The city has opened all records (art. 21).
    pub disaster: bool,
    /// Nobody reaches the gateway; whoever wanted to comes when it is over.
    pub outage: bool,
    /// Factor for visits.
    pub visits: f64,
    /// Factor for notes after visits, and for reading them.
    pub notes: f64,
    /// Factor for visits by colleagues.
    pub covers: f64,
    /// Factor for days with refusals.
    pub denials: f64,
    /// Share of what is permitted that wrong rules refuse.
    pub refused: f64,
    /// Share of terminals that are updated meanwhile, each at its own time.
    pub new_prints: f64,
    /// Factor for how often tablets change their address.
    pub addresses: f64,
}

impl Default for Meanwhile {
    fn default() -> Self {
        Self {
            hours: Span::Fixed(24.0),
            disaster: false,
            outage: false,
            visits: 1.0,
            notes: 1.0,
            covers: 1.0,
            denials: 1.0,
            refused: 0.0,
            new_prints: 0.0,
            addresses: 1.0,
        }
    }
}

const fn all() -> f64 {
    1.0
}

impl Burst {
    pub(super) fn check(&self, before: &[Self]) -> Result<(), Fault> {
        let key = Key::entry("burst", &self.name);
        if let Some(during) = &self.when.during {
            let stands_before = before.iter().any(|burst| burst.name == *during && burst.meanwhile.is_some());
            key.must(stands_before, "when.during", &format!("no burst \"{during}\" with `meanwhile` stands before"))?;
        }
        key.must(!self.name.trim().is_empty(), "name", "is empty")?;
        key.share("recorded", self.recorded)?;
        key.must(
            self.meanwhile.is_some() || !self.phase.is_empty(),
            "phase",
            "neither `phase` nor `meanwhile`: nothing happens",
        )?;
        self.when.check(&key.within("when."))?;
        self.who.check(&key.within("who."))?;
        if let Some(meanwhile) = &self.meanwhile {
            meanwhile.check(&key.within("meanwhile."))?;
        }
        for (phase, number) in self.phase.iter().zip(1..) {
            phase.check(&key.within(&format!("phase {number}: ")), false)?;
        }
        Ok(())
    }
}

impl When {
    fn check(&self, key: &Key) -> Result<(), Fault> {
        for word in &self.days {
            let known = matches!(word.as_str(), "working" | "closed") || weekday(word).is_some();
            key.must(
                known,
                "days",
                &format!("`{word}` is none of mon, tue, wed, thu, fri, sat, sun, working, closed"),
            )?;
        }
        if let Some([from, to]) = self.month_days {
            key.must(1 <= from && from <= to && to <= 31, "month_days", "is not [from, to] within 1 to 31")?;
        }
        if let Some(last) = self.month_end {
            key.number("month_end", f64::from(last), 1.0..=31.0)?;
        }
        if let Some(date) = &self.date {
            key.must(Calendar::new(date).is_ok(), "date", &format!("`{date}` is no day (YYYY-MM-DD) of 2026 or 2027"))?;
        }
        if let Some(count) = self.days_max {
            key.number("days_max", f64::from(count), 1.0..=1000.0)?;
        }
        if let Hours::Between([from, to]) = self.hours {
            key.number("hours", from, 0.0..=24.0)?;
            key.number("hours", to, 0.0..=24.0)?;
        }
        key.share("chance", self.chance)
    }
}

impl Crowd {
    fn check(&self, key: &Key) -> Result<(), Fault> {
        key.share("share", self.share)?;
        key.share("facilities", self.facilities)?;
        key.maybe("users", self.users, 1.0..=100_000.0)
    }
}

impl Meanwhile {
    fn check(&self, key: &Key) -> Result<(), Fault> {
        key.span("hours", self.hours, 0.01..=8_784.0)?;
        for (name, factor) in [
            ("visits", self.visits),
            ("notes", self.notes),
            ("covers", self.covers),
            ("denials", self.denials),
            ("addresses", self.addresses),
        ] {
            key.number(name, factor, 0.0..=1000.0)?;
        }
        key.share("refused", self.refused)?;
        key.share("new_prints", self.new_prints)
    }
}
