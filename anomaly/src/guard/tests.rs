//! Stories: what somebody does, and what becomes of it.

use model::Timestamp;

use super::*;
use crate::event::{Edit, Marks, Person, Place, Print, Refusal, Why};
use crate::finding::Detector;
use crate::source::Prefix;

const TABLET: Print = Print { hello: 0xA11CE, family: 0x0101 };
const SCRIPT: Print = Print { hello: 0xBAD, family: 0x0901 };
const WIFI: Prefix = [10, 0, 0, 1, 0, 0, 0, 0];
const MOBILE: Prefix = [10, 9, 0, 1, 0, 0, 0, 0];
const ELSEWHERE: Prefix = [203, 0, 113, 7, 0, 0, 0, 0];

/// Monday, 2026-04-06, 9:00 in Japan, and so many seconds.
fn at(seconds: f64) -> Timestamp {
    Timestamp::parse("2026-04-06T09:00:00+09:00").unwrap().plus_millis((seconds * 1000.0) as i64)
}

struct Story {
    guard: Guard,
    told: Vec<Told>,
}

impl Story {
    fn new() -> Self {
        let mut guard = Guard::new(Params::default(), StandingOrder::default());
        for user in 0..40 {
            guard.know(User(user), Profile { peers: 4, facility: Facility(user / 8) });
        }
        Self { guard, told: Vec::new() }
    }

    fn from(&mut self, seconds: f64, user: u32, source: Prefix, what: What) {
        let event = Event { at: at(seconds), source, device: Device(user), facility: Facility(user / 8), what };
        let told = &mut self.told;
        self.guard.hear(&event, &mut |one| told.push(one));
    }

    fn hear(&mut self, seconds: f64, user: u32, what: What) {
        self.from(seconds, user, WIFI, what);
    }

    fn open(&mut self, seconds: f64, user: u32, person: u32, why: Why) {
        let what = What::Opened { user: User(user), person: Person(person), why, marked: Marks::default() };
        self.hear(seconds, user, what);
    }

    fn step(&self, seconds: f64, user: u32) -> Step {
        self.guard.user_step(User(user), at(seconds)).max(self.guard.device_step(Device(user), at(seconds)))
    }

    /// Does it again and again until he is held as far as this: how often it was done.
    fn until(&mut self, step: Step, user: u32, every: f64, mut once: impl FnMut(&mut Self, f64, u32)) -> u32 {
        for count in 0..10_000 {
            let now = f64::from(count) * every;
            if self.step(now, user) >= step {
                return count;
            }
            once(self, now, count);
        }
        u32::MAX
    }

    fn alerts(&self) -> Vec<Detector> {
        self.told.iter().filter(|told| told.finding.alert).map(|told| told.finding.detector).collect()
    }
}

#[test]
fn a_stolen_tablet_that_reads_whatever_it_can_is_held_within_sixteen_records() {
    let mut story = Story::new();
    let read = story.until(Step::StepUp, 0, 1.0, |story, now, count| story.open(now, 0, count, Why::Team));
    assert!(read <= 16, "{read}");
    let mut story = Story::new();
    let read = story.until(Step::Narrowed, 0, 1.0, |story, now, count| story.open(now, 0, count, Why::Right));
    assert!(read <= 16, "{read}");
    assert!(!story.alerts().is_empty());
}

#[test]
fn whoever_is_asked_for_his_password_and_goes_on_without_is_narrowed_and_whoever_went_home_is_not() {
    let mut story = Story::new();
    for user in 0..2 {
        (0..17).for_each(|person| story.open(f64::from(person), user, person, Why::Team));
        assert_eq!(story.step(17.0, user), Step::StepUp);
    }
    let leave = story.guard.leave(User(0), Device(0), Ask::Open(Why::Team), at(18.0));
    assert_eq!((leave, story.alerts()), (Leave::AfterStepUp, vec![]));
    story.open(400.0, 5, 1, Why::Team);
    assert_eq!((story.step(400.0, 0), story.step(400.0, 1)), (Step::Narrowed, Step::StepUp));
    assert_eq!(story.alerts(), [Detector::FastReading]);
}

#[test]
fn whoever_tries_numbers_is_narrowed_within_ten_refusals_and_suspended_when_he_goes_on() {
    let mut story = Story::new();
    let refused = |story: &mut Story, now: f64, count: u32| {
        let refusal = Refusal::NotAvailable;
        story.hear(now, 0, What::Refused { user: User(0), target: count.into(), person: None, refusal });
    };
    let narrowed = story.until(Step::Narrowed, 0, 2.0, refused);
    assert!(narrowed <= 10, "{narrowed}");
    let mut story = Story::new();
    let suspended = story.until(Step::UserSuspended, 0, 2.0, refused);
    assert!(suspended <= 30, "{suspended}");
    assert_eq!(story.alerts(), [Detector::Refusals], "nobody is told twice");
}

#[test]
fn what_we_refuse_ourselves_is_no_evidence() {
    let mut story = Story::new();
    for count in 0..1000_u32 {
        let refusal = Refusal::Ours;
        story.hear(f64::from(count), 0, What::Refused { user: User(0), target: count.into(), person: None, refusal });
    }
    assert_eq!((story.told.len(), story.step(1000.0, 0)), (0, Step::None));
}

#[test]
fn a_program_that_tries_the_same_again_and_again_is_no_burglar() {
    let mut story = Story::new();
    for count in 0..60 {
        let refusal = Refusal::NotAvailable;
        story.hear(f64::from(count) * 60.0, 0, What::Refused { user: User(0), target: 7, person: None, refusal });
    }
    assert_eq!(story.alerts(), []);
}

#[test]
fn notes_of_others_rewritten_in_a_heap_are_stopped() {
    let mut story = Story::new();
    let edits = story.until(Step::Narrowed, 0, 3.0, |story, now, count| {
        story.hear(now, 0, What::Wrote { user: User(0), person: Person(count), edit: Edit::Others });
    });
    assert!(edits <= 30, "{edits}");
    assert_eq!(story.alerts(), [Detector::Rewriting]);
}

#[test]
fn a_slow_insider_is_found_by_what_nothing_explains() {
    let mut story = Story::new();
    // Three a day, in the middle of his work.
    let read = story.until(Step::Narrowed, 0, 8.0 * 3600.0, |story, now, count| {
        story.open(now, 0, 1000 + count, Why::Right);
        for colleague in 0..8 {
            (0..4).for_each(|own| story.open(now + 60.0 * f64::from(own), colleague, own, Why::Team));
        }
    });
    assert!(read <= 12, "{read}");
}

#[test]
fn a_hand_over_in_the_morning_troubles_nobody() {
    let mut story = Story::new();
    for day in 0..10 {
        for person in 0..20 {
            let now = f64::from(day) * 86_400.0 + f64::from(person) * 18.0;
            story.open(now, 0, person, Why::Team);
            story.open(now + 4.0, 0, person, Why::Team);
        }
    }
    assert_eq!((story.told.len(), story.step(0.0, 0)), (0, Step::None));
}

#[test]
fn who_is_held_for_haste_ends_it_by_his_password_and_who_is_narrowed_for_what_nothing_explains_does_not() {
    let mut story = Story::new();
    story.until(Step::StepUp, 0, 0.5, |story, now, count| story.open(now, 0, count, Why::Team));
    let proved = What::SignedIn { account: Account(1), user: Some(User(0)), right: true, step_up: true };
    story.hear(20.0, 0, proved);
    assert_eq!(story.step(20.0, 0), Step::None);
    story.until(Step::Narrowed, 1, 600.0, |story, now, count| story.open(now, 1, count, Why::Right));
    let proved = What::SignedIn { account: Account(2), user: Some(User(1)), right: true, step_up: true };
    story.hear(7300.0, 1, proved);
    assert_eq!(story.step(7300.0, 1), Step::Narrowed);
    let leave = |story: &mut Story, ask| story.guard.leave(User(1), Device(1), ask, at(7301.0));
    assert_eq!(leave(&mut story, Ask::Open(Why::Team)), Leave::Granted, "today's persons go on");
    assert_eq!(leave(&mut story, Ask::Open(Why::Right)), Leave::Narrowed);
    assert_eq!(leave(&mut story, Ask::Export(Why::Team)), Leave::Narrowed);
    story.guard.lift(Subject::User(User(1)));
    assert_eq!(leave(&mut story, Ask::Open(Why::Right)), Leave::Granted);
}

#[test]
fn passwords_tried_for_many_from_one_terminal_suspend_the_terminal_and_nobody_else() {
    let mut story = Story::new();
    let wrong = |story: &mut Story, now: f64, account: u32| {
        let account = Account(u64::from(account) << 32 | 5);
        story.hear(now, 0, What::SignedIn { account, user: None, right: false, step_up: false });
    };
    let tried = story.until(Step::DeviceSuspended, 0, 5.0, wrong);
    assert!(tried <= 5, "{tried}");
    assert_eq!(story.guard.user_step(User(0), at(100.0)), Step::None);
    // A tablet that several share: each mistypes once and is right then.
    let mut story = Story::new();
    for one in 0..20_u32 {
        let now = f64::from(one) * 300.0;
        wrong(&mut story, now, one);
        let account = Account(u64::from(one) << 32 | 5);
        story.hear(now + 10.0, 0, What::SignedIn { account, user: Some(User(one)), right: true, step_up: false });
    }
    assert_eq!((story.alerts(), story.step(0.0, 0)), (vec![], Step::None));
}

#[test]
fn a_copied_certificate_is_suspended_and_a_tablet_that_changes_networks_is_not() {
    let connect = |print, place| What::Connected { print, place };
    let mut story = Story::new();
    for minute in 0..600 {
        let source = if minute % 25 < 12 { WIFI } else { MOBILE };
        story.from(f64::from(minute) * 30.0, 0, source, connect(TABLET, None));
    }
    // An update changes what it says of itself.
    story.from(20_000.0, 0, WIFI, connect(Print { hello: 0xB0B, ..TABLET }, None));
    assert_eq!((story.alerts(), story.step(20_000.0, 0)), (vec![], Step::None));
    story.from(20_010.0, 0, ELSEWHERE, connect(SCRIPT, None));
    assert_eq!((story.alerts(), story.step(20_010.0, 0)), (vec![Detector::CopiedCertificate], Step::DeviceSuspended));
}

#[test]
fn a_certificate_that_another_platform_uses_at_night_is_found_when_its_own_comes_back() {
    let connect = |print| What::Connected { print, place: None };
    let mut story = Story::new();
    for hour in 0..30 {
        story.from(f64::from(hour) * 3600.0, 0, WIFI, connect(TABLET));
    }
    story.from(31.0 * 3600.0, 0, ELSEWHERE, connect(SCRIPT));
    assert_eq!(story.step(31.0 * 3600.0, 0), Step::StepUp, "it is asked first");
    story.from(34.0 * 3600.0, 0, WIFI, connect(TABLET));
    assert_eq!(story.step(34.0 * 3600.0, 0), Step::DeviceSuspended);
}

#[test]
fn nobody_is_in_two_places_and_abroad_is_somewhere_else() {
    let here = Place { north: 3602, east: 13_999, within_km: 20, abroad: false };
    let there = Place { north: 3469, east: 13_550, within_km: 20, abroad: false };
    let abroad = Place { north: 5150, east: 0, within_km: 50, abroad: true };
    assert!((here.km_to(there) - 430.0).abs() < 40.0, "{}", here.km_to(there));
    let connect = |place| What::Connected { print: TABLET, place: Some(place) };
    let mut story = Story::new();
    story.hear(0.0, 0, connect(here));
    story.hear(1200.0, 0, connect(there));
    assert_eq!((story.step(1200.0, 0), story.alerts()), (Step::StepUp, vec![]));
    story.hear(2000.0, 0, connect(abroad));
    assert_eq!((story.step(2000.0, 0), story.alerts()), (Step::Narrowed, vec![Detector::Travel]));
}

#[test]
fn what_is_found_of_many_facilities_at_once_is_the_citys_matter() {
    let mut story = Story::new();
    // New rules refuse everybody what was open yesterday.
    for one in 0..8 {
        for user in 0..40 {
            let refusal = Refusal::NotAvailable;
            let target = u64::from(user) * 100 + one;
            let now = one as f64 * 300.0 + f64::from(user);
            story.hear(now, user, What::Refused { user: User(user), target, person: None, refusal });
        }
    }
    assert_eq!(story.alerts(), [Detector::Drift]);
    assert!((0..40).all(|user| story.step(2500.0, user) == Step::None));
}

#[test]
fn several_of_one_facility_at_once_are_told_as_one() {
    let mut story = Story::new();
    for user in 0..4 {
        for person in 0..20 {
            story.open(f64::from(user) * 100.0 + f64::from(person), user, 100 * user + person, Why::Right);
        }
    }
    assert!(story.alerts().contains(&Detector::Outbreak), "{:?}", story.alerts());
    assert!((0..4).all(|user| story.step(400.0, user) >= Step::Narrowed));
}

#[test]
fn a_clock_that_is_set_back_locks_nobody_out() {
    let mut story = Story::new();
    for person in 0..15 {
        story.open(86_400.0 * 30.0 + f64::from(person), 0, person, Why::Team);
    }
    story.open(0.0, 0, 99, Why::Team);
    for person in 0..10 {
        story.open(3600.0 + 30.0 * f64::from(person), 0, person, Why::Team);
    }
    assert_eq!(story.alerts(), []);
}

#[test]
fn the_same_events_come_to_the_same() {
    let run = || {
        let mut story = Story::new();
        for count in 0..2000_u32 {
            let user = count.wrapping_mul(2_654_435_761) % 40;
            story.open(f64::from(count) * 7.0, user, count % 97, if count % 3 == 0 { Why::Right } else { Why::Team });
        }
        story.told
    };
    assert_eq!(run(), run());
}

#[test]
fn a_users_state_takes_two_kibibytes_at_most() {
    let size = size_of::<Held<UserState>>();
    assert!(size <= 2048, "{size}");
}

/// `cargo test -p anomaly --release -- --ignored --nocapture costs`
#[test]
#[ignore = "a measurement, not a check"]
fn costs() {
    let mut guard = Guard::default();
    for user in 0..1000 {
        guard.know(User(user), Profile { peers: (user % 7) as u8, facility: Facility(user / 12) });
    }
    let mut nanos = Vec::new();
    let mut told = 0_u32;
    for count in 0..2_000_000_u32 {
        let user = count.wrapping_mul(2_654_435_761) >> 8;
        let (user, now) = (user % 1000, at(f64::from(count) * 0.2));
        let what = match count % 10 {
            0 => What::Delivered { user: User(user), bytes: 20_000, export: false },
            1 => What::Wrote { user: User(user), person: Person(count % 5000), edit: Edit::New },
            _ => What::Opened {
                user: User(user),
                person: Person(user + count % 9),
                why: if count % 200 == 7 { Why::Right } else { Why::Team },
                marked: Marks::default(),
            },
        };
        let event = Event { at: now, source: WIFI, device: Device(user), facility: Facility(user / 12), what };
        let begun = std::time::Instant::now();
        let _ = guard.leave(User(user), Device(user), Ask::Open(Why::Team), now);
        guard.hear(&event, &mut |_| told += 1);
        nanos.push(begun.elapsed().as_nanos());
    }
    nanos.sort_unstable();
    let at = |share: f64| nanos[(nanos.len() as f64 * share) as usize];
    println!(
        "p50 {} ns, p99 {} ns, p99.9 {} ns; told {told}; a user {} octets",
        at(0.5),
        at(0.99),
        at(0.999),
        size_of::<Held<UserState>>()
    );
}
