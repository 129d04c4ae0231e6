//! The mix: what a city is like, and what happens in it. A file in TOML, the interface for outsiders (`docs/citysim.md`).

mod attack;
mod burst;
mod check;
mod doing;
mod honest;
mod span;
mod trade;

use std::collections::BTreeSet;

use serde::Deserialize;

use crate::calendar::Calendar;

pub use attack::{Attack, Class, Disguise, Kind, Later, Narrowed, Net, Print, Reaction, Right, Start, Where, Who};
pub use burst::{Burst, Crowd, Meanwhile, Named, When};
pub use check::Fault;
pub use doing::{Acts, HUMAN, Hours, Needs, Order, Over, Phase, Primitive};
pub use honest::{Care, Churn, CityKeys, Network, Office, People};
pub use span::Span;
pub use trade::{Trade, Trades};

/// What a city is like, and what happens in it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Mix {
    /// How large it is, and who may do what.
    pub city: CityKeys,
    /// Professions.
    pub profession: Trades,
    /// What people do on ordinary days.
    pub care: Care,
    /// Terminals and networks.
    pub network: Network,
    /// Who comes and goes.
    pub churn: Churn,
    /// How honest people take being held.
    pub people: People,
    /// The city's desk.
    pub office: Office,
    /// Honest bursts.
    pub burst: Vec<Burst>,
    /// Attacks.
    pub attack: Vec<Attack>,
}

/// A text that is no mix.
#[derive(Debug, thiserror::Error)]
pub enum MixError {
    /// It has not the form of one.
    #[error("not a mix")]
    Form(#[from] toml::de::Error),
    /// A value is impossible.
    #[error("not a mix")]
    Value(#[from] Fault),
}

impl Mix {
    /// Reads a mix.
    ///
    /// # Errors
    /// It has another form, an unknown key, or a value that cannot be; the error names the key.
    pub fn read(text: &str) -> Result<Self, MixError> {
        let mix: Self = toml::from_str(text)?;
        mix.check()?;
        Ok(mix)
    }

    fn check(&self) -> Result<(), Fault> {
        self.city.check()?;
        if let Err(problem) = Calendar::new(&self.city.start) {
            check::Key::table("city").must(false, "start", &problem.to_string())?;
        }
        self.profession.check()?;
        self.care.check()?;
        self.network.check()?;
        self.churn.check()?;
        self.people.check()?;
        self.office.check()?;
        let bursts: Vec<&str> = self.burst.iter().map(|burst| burst.name.as_str()).collect();
        let attacks = self.attack.iter().map(|attack| attack.name.as_str());
        let mut names = BTreeSet::new();
        for name in bursts.iter().copied().chain(attacks) {
            check::Key::entry("entry", name).must(names.insert(name), "name", "there is another of this name")?;
        }
        for (number, burst) in self.burst.iter().enumerate() {
            burst.check(self.burst.get(..number).unwrap_or_default())?;
        }
        self.attack.iter().try_for_each(|attack| attack.check(&bursts))
    }
}

#[cfg(test)]
mod tests;
