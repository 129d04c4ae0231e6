//! Professions of the city: how many, in what facilities, on how many teams, and when they visit.

use std::collections::BTreeMap;

use model::Profession;
use serde::Deserialize;

use super::check::{Fault, Key};

/// One profession.
#[derive(Clone, Copy, Debug, Default)]
pub struct Trade {
    /// Share of all users.
    pub share: f64,
    /// Median of users at one facility.
    pub facility_size: f64,
    /// Share of persons who have this profession on their team.
    pub in_team: f64,
    /// So many of one facility take turns with a person.
    pub rotation: u32,
    /// Visits to such a person in a week, on average.
    pub visits: f64,
    /// Factor for days on which offices are closed.
    pub weekend: f64,
    /// Middle of the hours at which visits begin.
    pub hour: f64,
    /// And their spread.
    pub hour_sd: f64,
    /// Share of visits at any hour of day or night, by whoever is on duty.
    pub night: f64,
    /// Somebody of each facility is on duty at night and on days off.
    pub duty: bool,
    /// Share of users with a tablet; the others sit at a PC.
    pub mobile: f64,
    /// Likelihood that a user reads at his desk on a working day, beside visits.
    pub desk: f64,
}

/// All professions, each with the notes' numbers where a mix does not say otherwise.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "BTreeMap<String, Keys>")]
pub struct Trades(BTreeMap<Profession, Trade>);

/// What a mix says of one.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Keys {
    share: Option<f64>,
    facility_size: Option<f64>,
    in_team: Option<f64>,
    rotation: Option<u32>,
    visits: Option<f64>,
    weekend: Option<f64>,
    hour: Option<f64>,
    hour_sd: Option<f64>,
    night: Option<f64>,
    duty: Option<bool>,
    mobile: Option<f64>,
    desk: Option<f64>,
}

impl Keys {
    fn over(&self, trade: Trade) -> Trade {
        Trade {
            share: self.share.unwrap_or(trade.share),
            facility_size: self.facility_size.unwrap_or(trade.facility_size),
            in_team: self.in_team.unwrap_or(trade.in_team),
            rotation: self.rotation.unwrap_or(trade.rotation),
            visits: self.visits.unwrap_or(trade.visits),
            weekend: self.weekend.unwrap_or(trade.weekend),
            hour: self.hour.unwrap_or(trade.hour),
            hour_sd: self.hour_sd.unwrap_or(trade.hour_sd),
            night: self.night.unwrap_or(trade.night),
            duty: self.duty.unwrap_or(trade.duty),
            mobile: self.mobile.unwrap_or(trade.mobile),
            desk: self.desk.unwrap_or(trade.desk),
        }
    }
}

/// The numbers of the notes (`notes/anomaly.md` 4.1).
fn usual(profession: Profession) -> Trade {
    let office = Trade {
        facility_size: 4.0,
        rotation: 1,
        weekend: 0.06,
        hour: 13.0,
        hour_sd: 2.8,
        mobile: 0.4,
        desk: 0.3,
        ..Trade::default()
    };
    match profession {
        Profession::Doctor => {
            Trade { share: 0.12, facility_size: 2.0, in_team: 1.0, visits: 0.5, night: 0.03, duty: true, ..office }
        }
        Profession::Nurse => Trade {
            share: 0.22,
            facility_size: 6.0,
            in_team: 0.7,
            rotation: 3,
            visits: 1.5,
            weekend: 0.55,
            hour: 12.5,
            hour_sd: 3.2,
            night: 0.06,
            duty: true,
            mobile: 0.8,
            ..office
        },
        Profession::Pharmacist => {
            Trade { share: 0.12, facility_size: 3.0, in_team: 0.6, rotation: 2, visits: 0.5, duty: true, ..office }
        }
        Profession::CareManager => {
            Trade { share: 0.15, facility_size: 3.0, in_team: 1.0, visits: 0.5, desk: 0.6, ..office }
        }
        Profession::Therapist => Trade { share: 0.10, in_team: 0.4, rotation: 2, visits: 1.2, mobile: 0.6, ..office },
        Profession::CareRecognised => Trade {
            share: 0.21,
            facility_size: 8.0,
            in_team: 0.75,
            rotation: 4,
            visits: 4.0,
            weekend: 0.55,
            hour: 12.5,
            hour_sd: 4.2,
            duty: true,
            mobile: 0.8,
            desk: 0.1,
            ..office
        },
        Profession::SupportCentre => {
            Trade { share: 0.08, facility_size: 6.0, in_team: 0.1, visits: 0.2, desk: 0.4, mobile: 0.1, ..office }
        }
        Profession::Dietitian | Profession::MedicalRecognised | Profession::CityRecognised => office,
    }
}

impl Default for Trades {
    fn default() -> Self {
        Self(Profession::ALL.iter().map(|profession| (*profession, usual(*profession))).collect())
    }
}

impl TryFrom<BTreeMap<String, Keys>> for Trades {
    type Error = model::UnknownWord;

    fn try_from(said: BTreeMap<String, Keys>) -> Result<Self, model::UnknownWord> {
        let mut trades = Self::default();
        for (name, keys) in said {
            let profession = Profession::parse(&name)?;
            trades.0.insert(profession, keys.over(usual(profession)));
        }
        Ok(trades)
    }
}

impl Trades {
    /// All, in the order of the regulation.
    pub fn all(&self) -> impl Iterator<Item = (Profession, Trade)> + Clone + '_ {
        self.0.iter().map(|(profession, trade)| (*profession, *trade))
    }

    /// One.
    #[must_use]
    pub fn of(&self, profession: Profession) -> Trade {
        self.0.get(&profession).copied().unwrap_or_default()
    }

    pub(super) fn check(&self) -> Result<(), Fault> {
        for (profession, trade) in self.all() {
            let key = Key::table(&format!("profession.{profession}"));
            key.number("share", trade.share, 0.0..=1000.0)?;
            key.number("facility_size", trade.facility_size, 1.0..=2000.0)?;
            key.share("in_team", trade.in_team)?;
            key.number("rotation", f64::from(trade.rotation), 1.0..=20.0)?;
            key.number("visits", trade.visits, 0.0..=50.0)?;
            key.number("weekend", trade.weekend, 0.0..=10.0)?;
            key.number("hour", trade.hour, 0.0..=24.0)?;
            key.number("hour_sd", trade.hour_sd, 0.0..=12.0)?;
            key.share("night", trade.night)?;
            key.share("mobile", trade.mobile)?;
            key.share("desk", trade.desk)?;
        }
        let key = Key::table("profession");
        key.must(self.all().any(|(_, trade)| trade.share > 0.0), "share", "no profession has any users")
    }
}
