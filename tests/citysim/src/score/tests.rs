//! Streams of findings made by hand: what is right, wrong and late.

use anomaly::event::{Device, Facility, User};
use anomaly::{Detector, Finding, Numbers, Subject};

use super::*;
use crate::attack::Meant;
use crate::calendar::{DAY, HOUR};

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(1_775_401_200_000 + millis)
}

fn told(subject: Subject, detector: Detector, alert: bool, done: Step, at: Timestamp) -> Told {
    let finding = Finding { at, detector, subject, step: done, alert, numbers: Numbers::default() };
    Told { finding, done, proposed: Step::None }
}

fn score() -> Score {
    Score::new(&Mix::default(), Size { users: 1000, weeks: 10, seed: 1 })
}

fn mix() -> Mix {
    Mix::read("[[attack]]\nname = 'a'\nclass = 'fast'\nwho = { kind = 'thief' }\nphase = [{ does = 'open' }]").unwrap()
}

fn instance() -> Instance {
    Instance {
        kind: 0,
        starts: at(0),
        culprits: vec![0],
        users: vec![User(1)],
        devices: vec![Device(2)],
        facilities: vec![Facility(3)],
        victims: [User(4)].into(),
        begun: Some(at(0)),
        counts_from: Some(at(HOUR)),
        ended: Some(at(2 * HOUR)),
        closed: None,
        detected: None,
    }
}

#[test]
fn a_finding_is_right_about_whoever_has_to_do_with_it_until_a_day_after() {
    let (mix, instance) = (mix(), instance());
    let meant = |subject, millis| instance.is_meant(subject, &mix.attack[0], at(millis));
    for subject in [Subject::User(User(1)), Subject::Device(Device(2)), Subject::Facility(Facility(3))] {
        assert_eq!(meant(subject, -1), Meant::No, "it has not begun");
        assert_eq!(meant(subject, HOUR), Meant::Yes);
        assert_eq!(meant(subject, 2 * HOUR + DAY - 1), Meant::Yes);
        assert_eq!(meant(subject, 2 * HOUR + DAY), Meant::No, "it is long over");
    }
    assert_eq!(meant(Subject::User(User(4)), HOUR), Meant::Victim);
    assert_eq!(meant(Subject::User(User(5)), HOUR), Meant::No);
    assert_eq!(meant(Subject::City, HOUR), Meant::No, "not of this kind");
}

#[test]
fn several_findings_about_one_within_a_day_are_one_case() {
    let mut score = score();
    let (one, other) = (Subject::User(User(1)), Subject::User(User(2)));
    for (subject, detector, truth, hours) in [
        (one, Detector::FastReading, Truth::False, 0),
        (one, Detector::Unexplained, Truth::False, 5),
        (other, Detector::FastReading, Truth::True, 6),
        (one, Detector::FastReading, Truth::False, 23),
        (one, Detector::FastReading, Truth::False, 25),
    ] {
        score.told(&told(subject, detector, true, Step::None, at(hours * HOUR)), truth, at(hours * HOUR));
    }
    // What is no alert counts nowhere.
    score.told(&told(other, Detector::Near, false, Step::StepUp, at(0)), Truth::False, at(0));
    let report = Report::of(&score);
    assert_eq!((report.false_alerts, report.alerts), (0.2, 0.3), "two and three cases in ten thousand user-weeks");
    assert_eq!(report.false_alerts_by, [("fast-reading", 0.2), ("unexplained", 0.1)].into());
    assert_eq!(report.alert_precision, Some(1.0 / 3.0));
    assert_eq!(report.suspension_precision, None);
}

#[test]
fn a_fault_of_the_service_is_neither_right_nor_wrong() {
    let mut score = score();
    score.told(&told(Subject::City, Detector::Drift, true, Step::None, at(0)), Truth::Incident, at(0));
    score.told(&told(Subject::User(User(1)), Detector::Ended, true, Step::None, at(0)), Truth::True, at(0));
    let report = Report::of(&score);
    assert_eq!((report.false_alerts, report.incident_alerts, report.alert_precision), (0.0, 1, Some(1.0)));
}

#[test]
fn whoever_is_suspended_because_somebody_tried_his_password_is_suspended_falsely() {
    let mut score = score();
    for (user, truth) in [(1, Truth::True), (2, Truth::Victim), (3, Truth::False)] {
        let told = told(Subject::User(User(user)), Detector::Guessing, true, Step::UserSuspended, at(0));
        score.told(&told, truth, at(0));
    }
    let report = Report::of(&score);
    assert_eq!(report.suspensions, [3, 2]);
    // Ten thousand user-weeks are 2.3 months of a thousand users.
    assert!((report.false_suspensions - 2.0 * 30.44 / 7.0).abs() < 1e-9, "{}", report.false_suspensions);
    assert_eq!(report.suspension_precision, Some(1.0 / 3.0));
    assert_eq!(report.alert_precision, Some(2.0 / 3.0), "it was right to tell of the victim");
}

#[test]
fn care_lost_is_a_share_by_week() {
    let mut score = score();
    for nth in 0..1000 {
        score.explained(nth / 500, nth < 10, nth < 4);
    }
    let report = Report::of(&score);
    let close = |found: f64, expected: f64| assert!((found - expected).abs() < 1e-12, "{found}, expected {expected}");
    close(report.care_lost, 0.01);
    close(report.care_lost_worst_week, 0.02);
    close(report.care_lost_untouched, 0.006);
}

#[test]
fn times_run_from_what_counts() {
    let mix = mix();
    let mut instance = instance();
    instance.detected = Some(at(HOUR + 30_000));
    let mut score = Score::new(&mix, Size { users: 1000, weeks: 10, seed: 1 });
    let mut culprit = Culprit::new(0, crate::stream::Scene::of(User(1), Facility(3), crate::mix::Span::Fixed(1.0)), 1);
    culprit.stopped = Some(at(HOUR + 90_000));
    culprit.loot.records = 12;
    culprit.loot.acts = 14;
    score.close(&[instance.clone()], &[culprit.clone()], &mix);
    // Another, of which nobody heard and which nobody held.
    (instance.detected, culprit.stopped, culprit.loot.records) = (None, None, 40);
    score.close(&[instance.clone()], &[culprit.clone()], &mix);
    // And one that never began.
    (instance.begun, instance.counts_from) = (None, None);
    score.close(&[instance], &[culprit], &mix);
    let report = Report::of(&score);
    let kind = &report.kinds[0];
    assert_eq!((kind.instances, kind.recall, kind.held), (2, Some(0.5), Some(0.5)));
    assert_eq!((kind.detect_minutes, kind.hold_minutes), (Some(0.5), Some(1.5)));
    assert_eq!(kind.records, [Some(12), Some(40)]);
    assert_eq!(report.recall, [(Class::Fast, 0.5)].into());
    let table = report.to_string();
    assert!(table.contains("50.0%") && table.contains("12/40") && table.contains("90 s"), "{table}");
    let details = Details(&score).to_string();
    assert!(details.contains("attack \"a\" by user 1, device 2: detected after 30 s, held after 90 s"), "{details}");
}

#[test]
fn runs_are_scored_together() {
    let mut one = score();
    one.told(&told(Subject::User(User(1)), Detector::Near, true, Step::None, at(0)), Truth::False, at(0));
    one.recovered(User(1), at(0), at(120_000));
    // The same user of another city is somebody else.
    let whole = one.clone().with(one);
    let report = Report::of(&whole);
    assert_eq!((report.false_alerts, report.seeds.len()), (0.1, 2));
    assert_eq!((report.recoveries, report.recovery_minutes), (2, [Some(2.0), Some(2.0)]));
}
