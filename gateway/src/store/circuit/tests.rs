//! The circuit against a naive model that keeps a log of everything that happened and reads the answer off it.

use proptest::prelude::*;

use super::*;

#[derive(Clone, Copy, Debug)]
enum Event {
    Asked,
    Answered,
    Failed(Failure),
    Passed(u64),
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        4 => Just(Event::Asked),
        2 => Just(Event::Answered),
        4 => prop_oneof![Just(Failure::Silence), Just(Failure::Answer)].prop_map(Event::Failed),
        2 => (0_u64..2 * STORE_REST_MILLIS_MAX).prop_map(Event::Passed),
    ]
}

/// What has happened, said at length.
#[derive(Default)]
struct Model {
    now: u64,
    /// Outcomes while it was asked by everybody: true is an answer.
    outcomes: Vec<bool>,
    /// When it was opened last, and for how long; none while it is closed.
    opened: Option<(u64, u64)>,
    /// When the last trial began.
    trial: Option<u64>,
    openings: u32,
}

impl Model {
    fn may_be_asked(&self) -> bool {
        match (self.opened, self.trial) {
            (None, _) => true,
            (Some(_), Some(begun)) => self.now >= begun + STORE_TRIAL_MILLIS,
            (Some((at, rest)), None) => self.now >= at + rest,
        }
    }

    fn opens(&mut self) {
        let rest = (0..self.openings).fold(STORE_REST_MILLIS, |rest, _| (rest * 2).min(STORE_REST_MILLIS_MAX));
        (self.opened, self.trial) = (Some((self.now, rest)), None);
        self.openings += 1;
        self.outcomes.clear();
    }

    fn happens(&mut self, event: Event) {
        match event {
            Event::Passed(millis) => self.now += millis,
            Event::Asked => {
                if self.opened.is_some() && self.may_be_asked() {
                    self.trial = Some(self.now);
                }
            }
            Event::Answered if self.opened.is_some() => {
                if self.trial.take().is_some() {
                    self.opened = None;
                }
            }
            Event::Answered => {
                if self.outcomes.iter().rev().take_while(|answered| !**answered).count() == 0 {
                    self.openings = 0;
                }
                self.outcomes.push(true);
            }
            Event::Failed(_) if self.opened.is_some() => {
                if self.trial.is_some() {
                    self.opens();
                }
            }
            Event::Failed(_) => {
                self.outcomes.push(false);
                let in_a_row = self.outcomes.iter().rev().take_while(|answered| !**answered).count();
                if in_a_row >= usize::from(STORE_FAILURES_IN_A_ROW_MAX) {
                    self.opens();
                }
            }
        }
    }
}

proptest! {
    #[test]
    fn it_does_what_the_naive_model_does(events in prop::collection::vec(event(), 0..200)) {
        let (mut model, mut circuit) = (Model::default(), Circuit::NEW);
        for event in events {
            prop_assert_eq!(circuit.asked(model.now).is_some(), model.may_be_asked(), "{:?}", circuit);
            match event {
                Event::Asked => circuit = circuit.asked(model.now).unwrap_or(circuit),
                Event::Answered => circuit = circuit.answered(),
                Event::Failed(how) => circuit = circuit.failed(how, model.now),
                Event::Passed(_) => {}
            }
            model.happens(event);
            // Through the word and back, it is the same.
            prop_assert_eq!(Circuit::from(u64::from(circuit)), circuit);
        }
    }
}

#[test]
fn it_opens_after_failures_in_a_row_only() {
    let mut circuit = Circuit::NEW;
    for _ in 0..100 {
        for _ in 1..STORE_FAILURES_IN_A_ROW_MAX {
            circuit = circuit.failed(Failure::Silence, 7);
            assert!(circuit.asked(7).is_some());
        }
        circuit = circuit.answered();
    }
    for _ in 0..STORE_FAILURES_IN_A_ROW_MAX {
        circuit = circuit.failed(Failure::Answer, 7);
    }
    assert_eq!(circuit.asked(7), None);
    assert!(circuit.answers(), "it says that it cannot");
}

/// One at a time is let through, and what comes of it decides.
#[test]
fn one_goes_on_trial() {
    let open = Circuit::Open { until: 1000, openings: 1, last: Failure::Silence };
    assert_eq!((open.asked(999), open.rests(400)), (None, 600));
    let trial = open.asked(1000).unwrap();
    assert_eq!(trial.asked(1001), None);
    assert_eq!(trial.answered(), Circuit::Closed { failures: 0, openings: 1 });
    let again = trial.failed(Failure::Silence, 2000);
    assert_eq!(again, Circuit::Open { until: 2000 + 2 * STORE_REST_MILLIS, openings: 2, last: Failure::Silence });
    // Nothing was heard of it.
    assert!(trial.asked(1000 + STORE_TRIAL_MILLIS).is_some());
}

#[test]
fn a_rest_has_a_bound_however_often_it_opens() {
    let mut circuit = Circuit::Trial { until: 0, openings: 0, last: Failure::Silence };
    for _ in 0..300 {
        let Circuit::Open { until, openings, last } = circuit.failed(Failure::Silence, 0) else { panic!("closed") };
        assert!(until <= STORE_REST_MILLIS_MAX);
        circuit = Circuit::Trial { until, openings, last };
    }
    assert_eq!(circuit.rests(0), STORE_REST_MILLIS_MAX);
}

#[test]
fn nothing_known_is_zero() {
    assert_eq!(u64::from(Circuit::NEW), 0);
}

#[test]
fn who_looks_after_it_closes_and_opens_it() {
    let open = Circuit::Open { until: 5000, openings: 3, last: Failure::Silence };
    let trial = Circuit::Trial { until: 5000, openings: 3, last: Failure::Silence };
    for circuit in [open, trial] {
        assert_eq!(circuit.found_well(), Circuit::Closed { failures: 0, openings: 3 });
    }
    // What was asked before it was found so is still counted.
    let failing = Circuit::Closed { failures: 2, openings: 0 };
    assert_eq!(failing.found_well(), failing);
    for how in [Failure::Silence, Failure::Answer] {
        let until = 10 + STORE_REST_MILLIS_MAX;
        assert_eq!(trial.found_failing(how, 10), Circuit::Open { until, openings: 4, last: how });
        assert_eq!(open.found_failing(how, 10), open, "it rests already");
    }
    assert_eq!(failing.found_failing(Failure::Silence, 10).asked(11), None);
    assert_eq!(failing.found_failing(Failure::Answer, 10), failing, "it is quick about it: requests will tell");
}
