//! The score: what was found, how soon, at what cost to honest people.

mod cases;
mod details;
mod report;
mod table;

use std::collections::BTreeMap;

use anomaly::event::User;
use anomaly::{Detector, Step, Subject, Told};
use model::Timestamp;

use crate::attack::{Culprit, Instance};
use crate::deed::{Act, Outcome};
use crate::mix::{Class, Mix};
use crate::run::Size;

pub use cases::{Case, Cases};
pub use details::Details;
pub use report::{KindReport, Report};

/// Whether a finding is right.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Truth {
    /// It is not.
    False,
    /// It is about a fault of the service: right to tell, and no attack.
    Incident,
    /// It is about somebody to whom an attack is done: right to tell, wrong to hold.
    Victim,
    /// It is about somebody or something that an attack is carried out with.
    True,
}

/// How one attack came out.
#[derive(Clone, Debug)]
pub struct Fate {
    /// Its kind: the number in the mix.
    pub kind: usize,
    /// When what counts began.
    pub from: Timestamp,
    /// As whom, and with which terminals, it was carried out.
    pub subjects: Vec<Subject>,
    /// Milliseconds from what counts to an officer's hearing of it.
    pub detected: Option<i64>,
    /// Milliseconds to all who carried it out being held.
    pub held: Option<i64>,
    /// Records before that.
    pub records: u32,
    /// Records in all, until it ended.
    pub records_in_all: u32,
    /// Refusals before it was held.
    pub refused: u32,
    /// Writes before it was held.
    pub edits: u32,
    /// Persons whom nothing explains, before it was held.
    pub strange: u32,
}

/// What a week was like for honest people.
#[derive(Clone, Copy, Debug, Default)]
pub struct Week {
    /// Explained accesses that were wanted.
    pub asked: u64,
    /// Of them, such as were refused because of something we did.
    pub lost: u64,
    /// Of these, such as were of people whom no attack touched.
    pub lost_untouched: u64,
}

/// The score of one run, or of several.
#[derive(Clone, Debug)]
pub struct Score {
    pub(super) kinds: Vec<(String, Class)>,
    pub(super) users: u32,
    pub(super) weeks: u32,
    /// User-weeks over all runs.
    pub(super) user_weeks: f64,
    pub(super) runs: Vec<Size>,
    pub(super) fates: Vec<Fate>,
    pub(super) alerts: Cases,
    pub(super) suspensions: Cases,
    pub(super) by_week: Vec<Week>,
    pub(super) step_ups: u64,
    pub(super) recoveries: Vec<f64>,
    /// All that an officer heard of.
    pub(super) heard: Vec<(Truth, Told)>,
    /// Deeds of honest people, and of others, by what they are.
    pub(super) deeds: BTreeMap<&'static str, [u64; 2]>,
}

impl Score {
    /// Nothing yet.
    #[must_use]
    pub fn new(mix: &Mix, size: Size) -> Self {
        Self {
            kinds: mix.attack.iter().map(|kind| (kind.name.clone(), kind.class)).collect(),
            users: size.users,
            weeks: size.weeks,
            user_weeks: f64::from(size.users) * f64::from(size.weeks),
            runs: vec![size],
            fates: Vec::new(),
            alerts: Cases::default(),
            suspensions: Cases::default(),
            by_week: vec![Week::default(); size.weeks as usize],
            step_ups: 0,
            recoveries: Vec::new(),
            heard: Vec::new(),
            deeds: BTreeMap::new(),
        }
    }

    /// Another run of the same mix.
    #[must_use]
    pub fn with(mut self, other: Self) -> Self {
        self.user_weeks += other.user_weeks;
        self.runs.extend(other.runs);
        self.fates.extend(other.fates);
        self.alerts.add(other.alerts);
        self.suspensions.add(other.suspensions);
        // Weeks of different runs are different weeks.
        self.by_week.extend(other.by_week);
        self.step_ups += other.step_ups;
        self.recoveries.extend(other.recoveries);
        self.heard.extend(other.heard);
        for (name, [honest, others]) in other.deeds {
            let deeds = self.deeds.entry(name).or_default();
            deeds[0] += honest;
            deeds[1] += others;
        }
        self
    }

    /// An officer heard of something.
    pub fn told(&mut self, told: &Told, truth: Truth, at: Timestamp) {
        if truth == Truth::False && told.finding.alert && std::env::var_os("CS_DEBUG").is_some() {
            eprintln!(
                "FALSE {} {:?} {:?} {:?}",
                at.to_jst_minutes(),
                told.finding.subject,
                told.finding.detector,
                told.finding.numbers
            );
        }
        self.heard.push((truth, *told));
        if told.finding.alert {
            self.alerts.hear(told.finding.subject, told.finding.detector, truth, at);
        }
        if told.done >= Step::DeviceSuspended {
            self.suspensions.hear(told.finding.subject, told.finding.detector, truth, at);
        }
    }

    /// An honest deed, and how it ended.
    pub fn honest(&mut self, act: &Act, outcome: Outcome) {
        self.deeds.entry(name(act, outcome)).or_default()[0] += 1;
    }

    /// A deed of an attack.
    pub fn villain(&mut self, act: &Act, outcome: Outcome) {
        self.deeds.entry(name(act, outcome)).or_default()[1] += 1;
    }

    /// An explained access was wanted, and had or lost.
    pub fn explained(&mut self, week: u32, lost: bool, touched: bool) {
        if let Some(week) = self.by_week.get_mut(week as usize) {
            week.asked += 1;
            week.lost += u64::from(lost);
            week.lost_untouched += u64::from(lost && !touched);
        }
    }

    /// An honest user was asked for his password once more.
    pub fn stepped_up(&mut self, touched: bool) {
        self.step_ups += u64::from(!touched);
    }

    /// An honest user who was held goes on.
    pub fn recovered(&mut self, _: User, since: Timestamp, at: Timestamp) {
        self.recoveries.push(at.millis_since(since) as f64 / 60_000.0);
    }

    /// The run is over: how each attack came out that began.
    pub fn close(&mut self, instances: &[Instance], culprits: &[Culprit], mix: &Mix) {
        for instance in instances {
            // What was found while it was still being prepared was found at once.
            let from = instance.counts_from.or(instance.detected).or(instance.closed);
            let (Some(from), true) = (from, instance.kind < mix.attack.len()) else { continue };
            let those: Vec<&Culprit> = instance.culprits.iter().filter_map(|number| culprits.get(*number)).collect();
            // Whoever went on until the office ended it does not count where others were held: nobody waited for him.
            let acted = those.iter().filter(|one| !one.cut && (one.loot.acts > 0 || one.stopped.is_some()));
            let held = acted.map(|one| one.stopped).collect::<Option<Vec<_>>>().and_then(|all| all.into_iter().max());
            let strange: std::collections::HashSet<_> =
                those.iter().flat_map(|culprit| &culprit.loot.strange).collect();
            let users = instance.users.iter().copied().map(Subject::User);
            let devices = instance.devices.iter().copied().map(Subject::Device);
            let since = |at: Timestamp| at.millis_since(from).max(0);
            self.fates.push(Fate {
                kind: instance.kind,
                from,
                subjects: users.chain(devices).collect(),
                detected: instance.detected.map(since),
                held: held.map(since),
                records: those.iter().map(|culprit| culprit.loot.records).sum(),
                records_in_all: those.iter().map(|culprit| culprit.loot.records_in_all).sum(),
                refused: those.iter().map(|culprit| culprit.loot.refused).sum(),
                edits: those.iter().map(|culprit| culprit.loot.edits).sum(),
                strange: strange.len() as u32,
            });
        }
    }

    /// How each attack came out.
    #[must_use]
    pub fn fates(&self) -> &[Fate] {
        &self.fates
    }

    /// False alerts by detector.
    #[must_use]
    pub fn false_by_detector(&self) -> BTreeMap<Detector, u32> {
        self.alerts.false_by_detector()
    }
}

fn name(act: &Act, outcome: Outcome) -> &'static str {
    match (act, outcome) {
        (_, Outcome::Narrowed | Outcome::Suspended) => "refused-ours",
        (_, Outcome::PasswordFirst) => "step-up-asked",
        (_, Outcome::Later(_)) => "later",
        (Act::Connect { .. }, _) => "connected",
        (Act::SignIn { right: false, .. }, _) => "wrong-password",
        (Act::SignIn { .. }, _) => "signed-in",
        (Act::ShowEnded { .. }, _) => "ended",
        (Act::Replay, _) => "replayed",
        (_, Outcome::Refused) => "refused",
        (Act::Open { .. } | Act::Missing { .. }, _) => "opened",
        (Act::Search { .. }, _) => "searched",
        (Act::Export { .. }, _) => "exported",
        (Act::Write { .. }, _) => "wrote",
        (Act::Declare { .. }, _) => "emergency",
    }
}

#[cfg(test)]
mod tests;
