//! What becomes of those who are held: attackers by what the mix says, honest people by phoning and waiting.

use std::collections::HashMap;

use anomaly::event::{Device, User};
use anomaly::{Ask, Containment, Detector, Finding, Leave, Numbers, Profile, Step, Subject, Told};
use model::Timestamp;

use super::*;
use crate::score::Fate;
use crate::{Judge, Report};

/// Holds every user so far, once he has opened so many records.
#[derive(Debug)]
struct After {
    records: u32,
    step: Step,
    alert: bool,
    opened: HashMap<User, u32>,
    held: HashMap<User, Containment>,
}

impl After {
    fn new(records: u32, step: Step) -> Self {
        Self { records, step, alert: true, opened: HashMap::new(), held: HashMap::new() }
    }
}

impl Judge for After {
    fn know(&mut self, _: User, _: Profile) {}

    fn leave(&mut self, user: User, _: Device, ask: Ask, now: Timestamp) -> Leave {
        self.held.get_mut(&user).map_or(Leave::Granted, |held| held.leave(ask, now))
    }

    fn hear(&mut self, event: &Event, told: &mut Vec<Told>) {
        match event.what {
            What::SignedIn { user: Some(user), right: true, step_up: true, .. } => {
                self.held.entry(user).or_default().stepped_up(event.at);
            }
            What::Opened { user, .. } => {
                let opened = self.opened.entry(user).or_default();
                *opened += 1;
                if *opened == self.records && self.held.entry(user).or_default().hold(self.step, true, event.at) {
                    let (subject, detector) = (Subject::User(user), Detector::FastReading);
                    let numbers = Numbers::default();
                    let finding =
                        Finding { at: event.at, detector, subject, step: self.step, alert: self.alert, numbers };
                    told.push(Told { finding, done: self.step, proposed: Step::None });
                }
            }
            _ => {}
        }
    }

    fn lift(&mut self, subject: Subject) {
        if let Subject::User(user) = subject {
            self.held.remove(&user);
        }
    }

    fn user_step(&self, user: User, now: Timestamp) -> Step {
        self.held.get(&user).map_or(Step::None, |held| held.step(now))
    }

    fn device_step(&self, _: Device, _: Timestamp) -> Step {
        Step::None
    }
}

fn before(judge: After, mix: &Mix, size: Size) -> (Score, Vec<Event>) {
    let mut all = Vec::new();
    let (score, _) = Run::new(mix, size, Court::new(judge, |event: &Event| all.push(*event))).unwrap().go();
    (score, all)
}

/// One attack of forty records, before somebody who holds after ten.
fn attack(step: Step, who: &str, reaction: &str) -> (Fate, Report) {
    let mix = quiet(&format!(
        "[[attack]]\nname = 'a'\nclass = 'fast'\ninstances = 1\nwho = {{ {who} }}\nreaction = {{ {reaction} }}
phase = [{{ does = 'open', again = true, count = 40, pace_s = 2 }}]"
    ));
    let (score, _) = before(After::new(10, step), &mix, size(150, 2, 1));
    (score.fates()[0].clone(), Report::of(&score))
}

#[test]
fn a_thief_cannot_prove_himself() {
    for step in [Step::StepUp, Step::DeviceSuspended, Step::UserSuspended] {
        let (fate, report) = attack(step, "kind = 'thief'", "");
        assert_eq!((fate.records, fate.records_in_all), (10, 10), "{step:?}");
        assert!(fate.held.is_some() && fate.detected.is_some(), "{step:?}: {fate:?}");
        assert_eq!((report.false_alerts, report.alert_precision), (0.0, Some(1.0)));
    }
}

#[test]
fn whoever_knows_the_password_goes_on() {
    let (fate, _) = attack(Step::StepUp, "kind = 'insider'", "");
    assert_eq!((fate.records, fate.records_in_all, fate.held), (40, 40, None), "he was asked, and answered");
    let (fate, _) = attack(Step::Narrowed, "kind = 'copied'", "narrowed = 'proves'");
    assert!(fate.records < fate.records_in_all, "{fate:?}: held, and let go of");
    assert_eq!(fate.records, 10);
    // What he opens is explained, so that being narrowed lets him go on slowly.
    let (fate, _) = attack(Step::Narrowed, "kind = 'copied'", "narrowed = 'goes-on'");
    assert!(fate.held.is_some() && fate.records == 10, "{fate:?}");
}

#[test]
fn told_to_come_later_some_wait_and_some_do_not() {
    let (waits, _) = attack(Step::Throttled, "kind = 'insider'", "later = 'waits'");
    assert_eq!((waits.records, waits.held), (40, None), "as many, but slowly");
    let (goes_on, _) = attack(Step::Throttled, "kind = 'insider'", "later = 'goes-on'");
    assert!((18..35).contains(&goes_on.records), "{goes_on:?}: what comes too soon is lost");
    let (leaves, _) = attack(Step::Throttled, "kind = 'insider'", "later = 'leaves'");
    assert!((18..20).contains(&leaves.records), "{leaves:?}");
}

#[test]
fn an_officer_ends_what_goes_on_for_days_during_office_hours() {
    let mix = quiet(
        "[[attack]]\nname = 'a'\nclass = 'slow'\ninstances = 1\nwho = { kind = 'insider' }
phase = [{ does = 'open', over = 'panel', per_day = 5, days = 9, hours = [20, 23] }]",
    );
    let (score, events) = before(After::new(6, Step::None), &mix, size(150, 3, 1));
    // Step::None is never news, so nobody tells: the attack goes on to its end.
    let days = |events: &[Event]| {
        let opened = events.iter().filter(|event| word(event) == "opened");
        opened.map(|event| event.at.to_jst()[..10].to_owned()).collect::<std::collections::BTreeSet<_>>().len()
    };
    assert!(days(&events) >= 8 && score.fates()[0].detected.is_none(), "{}", days(&events));
    let mut judge = After::new(6, Step::StepUp);
    judge.alert = true;
    let (score, events) = before(judge, &mix, size(150, 3, 1));
    assert!(score.fates()[0].detected.is_some());
    assert!(days(&events) <= 5, "{}: told in the evening, ended on the next working day", days(&events));
}

/// Everybody opens thirty records on one day at work, and is narrowed at the tenth: by mistake.
fn mistake(step: Step, proves: f64) -> (Report, Vec<Event>) {
    let mix = quiet(&format!(
        "[people]\nproves = {proves}\n[[burst]]\nname = 'work'\nwhen = {{ day = 1, hours = [9, 16] }}
phase = [{{ does = 'open', over = 'one', each = 30, pace_s = 20 }}]\nwho = {{ share = 0.1 }}"
    ));
    let (score, events) = before(After::new(10, step), &mix, size(150, 1, 1));
    (Report::of(&score), events)
}

#[test]
fn honest_people_give_their_password_and_go_on() {
    let (report, events) = mistake(Step::StepUp, 1.0);
    let count = |such: &str| events.iter().filter(|event| word(event) == such).count();
    assert!(count("stepped-up") > 5 && report.step_ups > 0.0);
    assert_eq!(count("opened"), 30 * count("stepped-up"), "nobody lost anything");
    assert!(report.care_lost == 0.0 && report.false_alerts > 0.0 && report.alert_precision == Some(0.0));
    assert_eq!(report.recoveries, 0);
}

#[test]
fn honest_people_who_are_suspended_phone_and_are_let_go_of() {
    let (report, events) = mistake(Step::UserSuspended, 1.0);
    assert!(report.care_lost > 0.3, "{}", report.care_lost);
    assert!(report.suspensions[0] > 5 && report.suspensions[0] == report.suspensions[1], "{:?}", report.suspensions);
    let [Some(half), Some(most)] = report.recovery_minutes else { panic!("{report:?}") };
    assert!((1.0..60.0).contains(&half) && most < 60.0, "{half} {most}");
    let ours = events
        .iter()
        .filter(|event| matches!(event.what, What::Refused { refusal: anomaly::event::Refusal::Ours, .. }));
    assert_eq!(ours.count() as u32, report.recoveries, "each is refused once, and gives up what he sat down to");
}

#[test]
fn honest_people_who_are_narrowed_prove_themselves_or_wait_for_the_office() {
    let (proves, _) = mistake(Step::Narrowed, 1.0);
    let (waits, _) = mistake(Step::Narrowed, 0.0);
    // All of it is explained by an errand, so that it goes on, slowly: nothing is lost.
    assert!(proves.care_lost == 0.0 && waits.care_lost == 0.0, "{} {}", proves.care_lost, waits.care_lost);
    assert!(waits.false_alerts > 0.0);
}
