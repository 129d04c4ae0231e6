//! The city and its everyday: sizes, rates and habits, each with the number of the notes where a mix does not say otherwise.

use serde::Deserialize;

use super::check::{Fault, Key};
use super::span::Span;

/// How large it is, and who may do what.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CityKeys {
    /// The first day.
    pub start: String,
    /// Supported persons for each user.
    pub persons_per_user: f64,
    /// Sigma of the logarithms of facilities' sizes.
    pub facility_sigma: f64,
    /// Sigma of the logarithms of how many persons users of one facility have.
    pub panel_sigma: f64,
    /// Share of facilities that share their address with another.
    pub shared_address: f64,
    /// Share of facilities whose terminals are everybody's.
    pub shared_terminals: f64,
    /// Share of persons with records labelled as sensitive.
    pub sensitive: f64,
    /// Share of persons who are staff of a facility.
    pub staff_persons: f64,
    /// Share of users who have a relative or neighbour among the persons.
    pub relatives: f64,
    /// Share of persons whose support has stopped before the first day.
    pub stopped: f64,
    /// Share of the support centre's users with a right to all records of the city.
    pub city_right: f64,
}

impl Default for CityKeys {
    fn default() -> Self {
        Self {
            start: "2026-04-06".to_owned(),
            persons_per_user: 1.19,
            facility_sigma: 0.6,
            panel_sigma: 0.5,
            shared_address: 0.1,
            shared_terminals: 0.15,
            sensitive: 0.05,
            staff_persons: 0.02,
            relatives: 0.05,
            stopped: 0.02,
            city_right: 0.3,
        }
    }
}

/// What people do on ordinary days.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Care {
    /// Factor for the visits of working days.
    pub weekday: f64,
    /// Records that are opened for one visit.
    pub records: Span,
    /// Seconds from one act to the next.
    pub pace_s: Span,
    /// Share of visits after which a note is written.
    pub note: f64,
    /// Likelihood that one of each profession on the team reads a note.
    pub note_read: f64,
    /// Hours from a note to its being read, on average.
    pub note_read_h: f64,
    /// Share of notes that their author corrects within the day.
    pub correct: f64,
    /// Share of notes after which somebody else's is corrected.
    pub correct_others: f64,
    /// Share of notes after which one is deleted.
    pub delete: f64,
    /// Share of visits that a colleague makes who is not on the team.
    pub cover: f64,
    /// Share of such visits, and of new team members, whose fact is not recorded in time.
    pub unrecorded: f64,
    /// Likelihood that a user searches his panel on a day on which he works.
    pub search: f64,
    /// Persons found by one search.
    pub search_finds: Span,
    /// Likelihood that a user exports something on a working day.
    pub export: f64,
    /// Likelihood that a user tries a record that is not his, on a day on which he works; then once more each with likelihood a third.
    pub denied: f64,
    /// Likelihood that a head or an official with a right looks into records without a recorded reason, on a working day.
    pub right_reads: f64,
    /// Records that he opens then.
    pub right_persons: Span,
    /// Likelihood that a doctor or nurse declares an emergency, on a day on which he works.
    pub emergency: f64,
    /// Octets of one answer.
    pub bytes: Span,
}

impl Default for Care {
    fn default() -> Self {
        Self {
            weekday: 1.25,
            records: Span::Even(1.0, 3.0),
            pace_s: Span::Even(8.0, 60.0),
            note: 0.7,
            note_read: 0.22,
            note_read_h: 4.0,
            correct: 0.08,
            correct_others: 0.01,
            delete: 0.002,
            cover: 0.05,
            unrecorded: 0.1,
            search: 0.3,
            search_finds: Span::Even(1.0, 8.0),
            export: 0.004,
            denied: 0.03,
            right_reads: 0.1,
            right_persons: Span::Even(1.0, 2.0),
            emergency: 0.0015,
            bytes: Span::Log(2_000.0, 300_000.0),
        }
    }
}

/// Terminals and the networks they are in.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Network {
    /// Minutes after which a tablet has another address.
    pub address_min: Span,
    /// Addresses that the carrier has for all of them.
    pub carrier_addresses: u32,
    /// Share of connections of which the place is known.
    pub placed: f64,
    /// Hours after which a user signs in anew.
    pub session_h: f64,
    /// Likelihood that a password is mistyped.
    pub wrong_password: f64,
    /// Updates of a terminal in a month that change what its TLS says.
    pub updates: f64,
    /// Share of connections by the other program that is on a terminal.
    pub other_program: f64,
}

impl Default for Network {
    fn default() -> Self {
        Self {
            address_min: Span::Even(20.0, 40.0),
            carrier_addresses: 64,
            placed: 0.7,
            session_h: 10.0,
            wrong_password: 0.04,
            updates: 0.15,
            other_program: 0.004,
        }
    }
}

/// Who comes and goes, as shares of a month.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Churn {
    /// Users who join.
    pub join: f64,
    /// Users who leave.
    pub leave: f64,
    /// Share of those whose user ID stays open.
    pub left_open: f64,
    /// Share of users who are away for two months or more, from the first days on.
    pub away: f64,
    /// Days that they are away.
    pub away_days: Span,
    /// Persons who come, and as many whose support stops.
    pub persons: f64,
    /// Terminals that are replaced.
    pub terminals: f64,
    /// Share of replaced terminals that somebody starts once more.
    pub found_again: f64,
}

impl Default for Churn {
    fn default() -> Self {
        Self {
            join: 0.02,
            leave: 0.015,
            left_open: 0.2,
            away: 0.005,
            away_days: Span::Even(62.0, 75.0),
            persons: 0.03,
            terminals: 0.02,
            found_again: 0.03,
        }
    }
}

/// How honest people take being held.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct People {
    /// Seconds until the password is given.
    pub password_s: Span,
    /// Likelihood that a narrowed user proves himself once more before he gives up.
    pub proves: f64,
    /// Seconds that he waits for one act, at most.
    pub patience_s: f64,
    /// Refusals after which he stops trying records that are not his.
    pub gives_up_after: u32,
    /// Minutes until he phones.
    pub phones_min: Span,
}

impl Default for People {
    fn default() -> Self {
        Self {
            password_s: Span::Even(15.0, 60.0),
            proves: 0.7,
            patience_s: 600.0,
            gives_up_after: 3,
            phones_min: Span::Even(2.0, 10.0),
        }
    }
}

/// The city's desk.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Office {
    /// It opens.
    pub from: f64,
    /// It closes.
    pub to: f64,
    /// Minutes until an officer looks at what is new, while it is open.
    pub looks_min: Span,
    /// Minutes until a contractor on call looks at a suspension, at any hour; 0: there is none.
    pub on_call_min: Span,
    /// Minutes from looking to a verdict.
    pub verdict_min: Span,
    /// Share of verdicts that are wrong: a true alert is dismissed.
    pub wrong: f64,
    /// Whether a true verdict ends the attack.
    pub ends_attacks: bool,
}

impl Default for Office {
    fn default() -> Self {
        Self {
            from: 9.0,
            to: 17.0,
            looks_min: Span::Even(2.0, 20.0),
            on_call_min: Span::Even(5.0, 30.0),
            verdict_min: Span::Even(1.0, 5.0),
            wrong: 0.0,
            ends_attacks: true,
        }
    }
}

impl CityKeys {
    pub(super) fn check(&self) -> Result<(), Fault> {
        let key = Key::table("city");
        key.number("persons_per_user", self.persons_per_user, 0.01..=50.0)?;
        key.number("facility_sigma", self.facility_sigma, 0.0..=2.0)?;
        key.number("panel_sigma", self.panel_sigma, 0.0..=2.0)?;
        key.share("shared_address", self.shared_address)?;
        key.share("shared_terminals", self.shared_terminals)?;
        key.share("sensitive", self.sensitive)?;
        key.share("staff_persons", self.staff_persons)?;
        key.share("relatives", self.relatives)?;
        key.number("stopped", self.stopped, 0.0..=0.9)?;
        key.share("city_right", self.city_right)
    }
}

impl Care {
    pub(super) fn check(&self) -> Result<(), Fault> {
        let key = Key::table("care");
        key.number("weekday", self.weekday, 0.0..=10.0)?;
        key.span("records", self.records, 1.0..=1000.0)?;
        key.span("pace_s", self.pace_s, 0.0..=86_400.0)?;
        key.number("note_read_h", self.note_read_h, 0.0..=240.0)?;
        key.span("search_finds", self.search_finds, 1.0..=1000.0)?;
        key.span("right_persons", self.right_persons, 1.0..=1000.0)?;
        key.span("bytes", self.bytes, 0.0..=1e12)?;
        for (name, share) in [
            ("note", self.note),
            ("note_read", self.note_read),
            ("correct", self.correct),
            ("correct_others", self.correct_others),
            ("delete", self.delete),
            ("cover", self.cover),
            ("unrecorded", self.unrecorded),
            ("search", self.search),
            ("export", self.export),
            ("denied", self.denied),
            ("right_reads", self.right_reads),
            ("emergency", self.emergency),
        ] {
            key.share(name, share)?;
        }
        Ok(())
    }
}

impl Network {
    pub(super) fn check(&self) -> Result<(), Fault> {
        let key = Key::table("network");
        key.span("address_min", self.address_min, 1.0..=10_000.0)?;
        key.number("carrier_addresses", f64::from(self.carrier_addresses), 1.0..=65_536.0)?;
        key.share("placed", self.placed)?;
        key.number("session_h", self.session_h, 0.1..=720.0)?;
        key.number("wrong_password", self.wrong_password, 0.0..=0.9)?;
        key.share("other_program", self.other_program)?;
        key.number("updates", self.updates, 0.0..=30.0)
    }
}

impl Churn {
    pub(super) fn check(&self) -> Result<(), Fault> {
        let key = Key::table("churn");
        for (name, share) in [
            ("join", self.join),
            ("leave", self.leave),
            ("left_open", self.left_open),
            ("away", self.away),
            ("persons", self.persons),
            ("terminals", self.terminals),
            ("found_again", self.found_again),
        ] {
            key.share(name, share)?;
        }
        key.span("away_days", self.away_days, 1.0..=366.0)
    }
}

impl People {
    pub(super) fn check(&self) -> Result<(), Fault> {
        let key = Key::table("people");
        key.span("password_s", self.password_s, 1.0..=3600.0)?;
        key.share("proves", self.proves)?;
        key.number("patience_s", self.patience_s, 0.0..=86_400.0)?;
        key.number("gives_up_after", f64::from(self.gives_up_after), 1.0..=10_000.0)?;
        key.span("phones_min", self.phones_min, 0.0..=1440.0)
    }
}

impl Office {
    pub(super) fn check(&self) -> Result<(), Fault> {
        let key = Key::table("office");
        key.number("from", self.from, 0.0..=24.0)?;
        key.number("to", self.to, 0.0..=24.0)?;
        key.must(self.from < self.to, "to", "it closes before it opens")?;
        key.span("looks_min", self.looks_min, 0.0..=10_000.0)?;
        key.span("on_call_min", self.on_call_min, 0.0..=10_000.0)?;
        key.span("verdict_min", self.verdict_min, 0.0..=10_000.0)?;
        key.share("wrong", self.wrong)
    }
}
