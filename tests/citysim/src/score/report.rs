//! The numbers that are asked for, out of a score; also as JSON.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Fate, Score, Truth, Week};
use crate::mix::Class;

/// Weeks of a month.
const MONTH_WEEKS: f64 = 30.44 / 7.0;

/// All of it.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Users of a run.
    pub users: u32,
    /// Weeks of a run.
    pub weeks: u32,
    /// Seeds.
    pub seeds: Vec<u64>,
    /// Each kind of attack.
    pub kinds: Vec<KindReport>,
    /// Recall over the kinds of a class: the mean of theirs.
    pub recall: BTreeMap<Class, f64>,
    /// The same for being held.
    pub held: BTreeMap<Class, f64>,
    /// False alerts for 1000 users in a week.
    pub false_alerts: f64,
    /// The same by detector.
    pub false_alerts_by: BTreeMap<&'static str, f64>,
    /// Alerts of any kind for 1000 users in a week.
    pub alerts: f64,
    /// Alerts about faults of the service, in all.
    pub incident_alerts: u32,
    /// False suspensions for 10,000 users in a month.
    pub false_suspensions: f64,
    /// Suspensions in all, and false ones.
    pub suspensions: [u32; 2],
    /// Share of alerts that are right.
    pub alert_precision: Option<f64>,
    /// Share of suspensions that are right.
    pub suspension_precision: Option<f64>,
    /// Share of explained accesses that were refused because of something we did.
    pub care_lost: f64,
    /// In the worst week.
    pub care_lost_worst_week: f64,
    /// Of people whom no attack touched.
    pub care_lost_untouched: f64,
    /// Times that honest users were asked for their password once more, for 1000 users in a week.
    pub step_ups: f64,
    /// Honest users who were held.
    pub recoveries: u32,
    /// Minutes until they went on: half of them, and nineteen of twenty.
    pub recovery_minutes: [Option<f64>; 2],
    /// Deeds of honest people for each user and day.
    pub honest_deeds: BTreeMap<&'static str, f64>,
    /// Deeds in all.
    pub deeds: u64,
}

/// One kind of attack.
#[derive(Clone, Debug, Serialize)]
pub struct KindReport {
    /// What it is called.
    pub name: String,
    /// What is asked of detectors.
    pub class: Class,
    /// How many began.
    pub instances: u32,
    /// Share that an officer heard of.
    pub recall: Option<f64>,
    /// Share that was held.
    pub held: Option<f64>,
    /// Records before that: half of them stayed below, and most.
    pub records: [Option<u32>; 2],
    /// Records until it ended, half of them.
    pub records_in_all: Option<u32>,
    /// Refusals before it was held, half of them and most.
    pub refused: [Option<u32>; 2],
    /// Writes before it was held.
    pub edits: [Option<u32>; 2],
    /// Persons whom nothing explains before it was held.
    pub strange: [Option<u32>; 2],
    /// Minutes to detection, half of them.
    pub detect_minutes: Option<f64>,
    /// Minutes to being held, half of them.
    pub hold_minutes: Option<f64>,
}

impl Report {
    /// Out of a score.
    #[must_use]
    pub fn of(score: &Score) -> Self {
        let kinds: Vec<KindReport> = score
            .kinds
            .iter()
            .enumerate()
            .map(|(number, (name, class))| KindReport::of(name, *class, number, &score.fates))
            .collect();
        let by_class = |value: &dyn Fn(&KindReport) -> Option<f64>| {
            let classes = [Class::Fast, Class::Slow, Class::Other];
            let mean = |class| {
                let values: Vec<f64> = kinds.iter().filter(|kind| kind.class == class).filter_map(value).collect();
                (!values.is_empty()).then(|| (class, values.iter().sum::<f64>() / values.len() as f64))
            };
            classes.into_iter().filter_map(mean).collect()
        };
        let thousands = (score.user_weeks / 1000.0).max(f64::MIN_POSITIVE);
        let months = (score.user_weeks / 10_000.0 / MONTH_WEEKS).max(f64::MIN_POSITIVE);
        let wrong = |truth| matches!(truth, Truth::False | Truth::Victim | Truth::Incident);
        let whole = score.by_week.iter().fold(Week::default(), |whole, week| Week {
            asked: whole.asked + week.asked,
            lost: whole.lost + week.lost,
            lost_untouched: whole.lost_untouched + week.lost_untouched,
        });
        let share = |lost: u64, asked: u64| if asked == 0 { 0.0 } else { lost as f64 / asked as f64 };
        let days = (score.user_weeks * 7.0).max(f64::MIN_POSITIVE);
        Self {
            users: score.users,
            weeks: score.weeks,
            seeds: score.runs.iter().map(|run| run.seed).collect(),
            recall: by_class(&|kind| kind.recall),
            held: by_class(&|kind| kind.held),
            false_alerts: f64::from(score.alerts.count(|truth| truth == Truth::False)) / thousands,
            false_alerts_by: score
                .false_by_detector()
                .iter()
                .map(|(by, count)| (by.as_str(), f64::from(*count) / thousands))
                .collect(),
            alerts: f64::from(score.alerts.count(|_| true)) / thousands,
            incident_alerts: score.alerts.count(|truth| truth == Truth::Incident),
            false_suspensions: f64::from(score.suspensions.count(wrong)) / months,
            suspensions: [score.suspensions.count(|_| true), score.suspensions.count(wrong)],
            alert_precision: score.alerts.precision(|truth| truth != Truth::False),
            suspension_precision: score.suspensions.precision(|truth| truth == Truth::True),
            care_lost: share(whole.lost, whole.asked),
            care_lost_worst_week: score.by_week.iter().map(|week| share(week.lost, week.asked)).fold(0.0, f64::max),
            care_lost_untouched: share(whole.lost_untouched, whole.asked),
            step_ups: score.step_ups as f64 / thousands,
            recoveries: score.recoveries.len() as u32,
            recovery_minutes: [quantile(&score.recoveries, 0.5), quantile(&score.recoveries, 0.95)],
            honest_deeds: score.deeds.iter().map(|(name, [honest, _])| (*name, *honest as f64 / days)).collect(),
            deeds: score.deeds.values().flatten().sum(),
            kinds,
        }
    }
}

impl KindReport {
    fn of(name: &str, class: Class, number: usize, fates: &[Fate]) -> Self {
        let those: Vec<&Fate> = fates.iter().filter(|fate| fate.kind == number).collect();
        let share = |such: &dyn Fn(&Fate) -> bool| {
            let count = those.iter().filter(|fate| such(fate)).count();
            (!those.is_empty()).then(|| count as f64 / those.len() as f64)
        };
        let both = |value: &dyn Fn(&Fate) -> u32| {
            let values: Vec<f64> = those.iter().map(|fate| f64::from(value(fate))).collect();
            [quantile(&values, 0.5), quantile(&values, 1.0)].map(|value| value.map(|value| value as u32))
        };
        let minutes = |value: &dyn Fn(&Fate) -> Option<i64>| {
            let values: Vec<f64> =
                those.iter().filter_map(|fate| value(fate)).map(|millis| millis as f64 / 60_000.0).collect();
            quantile(&values, 0.5)
        };
        let [records_in_all, _] = both(&|fate| fate.records_in_all);
        Self {
            name: name.to_owned(),
            class,
            instances: those.len() as u32,
            recall: share(&|fate| fate.detected.is_some() || fate.held.is_some()),
            held: share(&|fate| fate.held.is_some()),
            records: both(&|fate| fate.records),
            records_in_all,
            refused: both(&|fate| fate.refused),
            edits: both(&|fate| fate.edits),
            strange: both(&|fate| fate.strange),
            detect_minutes: minutes(&|fate| fate.detected),
            hold_minutes: minutes(&|fate| fate.held),
        }
    }
}

/// The value that this share does not exceed; none of none.
fn quantile(values: &[f64], share: f64) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let nth = ((sorted.len() as f64 * share).ceil() as usize).saturating_sub(1);
    sorted.get(nth).copied()
}
