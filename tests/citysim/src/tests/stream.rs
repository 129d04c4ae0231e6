//! The stream of events: one for each seed, in order, with everything in it that the mix asks for.

use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::mix::{Burst, Meanwhile};
use crate::{MIXES, Report, lines, rng};

fn shipped() -> Mix {
    Mix::read(MIXES[0].1).unwrap()
}

fn digest(events: &[Event]) -> u64 {
    events.iter().fold(0, |digest, event| rng::digest(&[digest, rng::word(&lines::line(event))]))
}

#[test]
fn the_same_seed_is_the_same_stream_and_another_is_another() {
    let mix = shipped();
    let of = |seed| digest(&events(&mix, size(80, 2, seed)));
    assert_eq!(of(1), of(1));
    assert_ne!(of(1), of(2));
}

#[test]
fn events_come_in_the_order_of_time() {
    let events = events(&shipped(), size(100, 2, 3));
    assert!(events.len() > 5_000, "{}", events.len());
    assert!(events.windows(2).all(|two| two[0].at <= two[1].at));
}

#[test]
fn lines_are_json_with_every_field() {
    let mut seen = BTreeMap::new();
    for event in events(&shipped(), size(100, 2, 3)) {
        let line: serde_json::Value = serde_json::from_str(&lines::line(&event)).unwrap();
        seen.insert(line["what"].as_str().unwrap().to_owned(), line);
    }
    let words: Vec<&str> = seen.keys().map(String::as_str).collect();
    for word in ["opened", "wrote", "refused", "delivered", "signed-in", "connected"] {
        assert!(words.contains(&word), "{words:?}");
    }
    assert!(seen["opened"]["why"].is_string() && seen["refused"]["refusal"].is_string());
    assert_eq!(seen["connected"]["source"].as_str().unwrap().split('.').count(), 4);
}

/// Each burst alone changes what happens in five weeks, and so a month's end and a month's beginning.
#[test]
fn every_burst_of_the_shipped_mix_leaves_events() {
    let mut mix = shipped();
    mix.attack.clear();
    let bursts = std::mem::take(&mut mix.burst);
    let without = digest(&events(&mix, size(90, 5, 5)));
    for burst in &bursts {
        let needs = |other: &&Burst| Some(&other.name) == burst.when.during.as_ref();
        let before: Vec<Burst> = bursts.iter().filter(needs).cloned().collect();
        mix.burst.clone_from(&before);
        let without = if before.is_empty() { without } else { digest(&events(&mix, size(90, 5, 5))) };
        mix.burst.push(burst.clone());
        assert_ne!(digest(&events(&mix, size(90, 5, 5))), without, "{}", burst.name);
    }
}

/// One of each kind, in a city large enough that each finds somebody.
#[test]
fn every_attack_of_the_shipped_mix_takes_place() {
    let mut mix = shipped();
    mix.attack.iter_mut().for_each(|attack| attack.instances = 1);
    let (score, _) = run(&mix, size(320, 12, 4));
    let report = Report::of(&score);
    let absent: Vec<&str> =
        report.kinds.iter().filter(|kind| kind.instances == 0).map(|kind| kind.name.as_str()).collect();
    assert!(absent.is_empty(), "{absent:?}");
    assert!(report.kinds.iter().all(|kind| kind.recall == Some(0.0) && kind.held == Some(0.0)), "nobody listens");
    assert_eq!((report.false_alerts, report.suspensions), (0.0, [0, 0]));
    assert!(report.care_lost == 0.0 && report.honest_deeds["opened"] > 3.0, "{:?}", report.honest_deeds);
}

#[test]
fn in_an_outage_nobody_is_answered_and_then_all_come() {
    let mix = quiet(
        "[profession.nurse]
[[burst]]
name = 'work'
when = { hours = [9.0, 12.0] }
phase = [{ does = 'open', count = 3 }]
[[burst]]
name = 'outage'
when = { day = 1, hours = [10.0, 10.01] }
meanwhile = { hours = 1, outage = true }"
            .trim_start_matches("[profession.nurse]\n"),
    );
    let hours: Vec<f64> = (events(&mix, size(200, 1, 1)).iter())
        .filter(|event| event.at.to_jst().starts_with("2026-04-07"))
        .map(|event| crate::calendar::hour_of(event.at))
        .collect();
    let between = |from: f64, to: f64| hours.iter().filter(|hour| (from..to).contains(*hour)).count();
    assert_eq!(between(10.01, 11.0), 0);
    assert!(between(11.0, 11.3) > 2 * between(9.6, 9.9), "{} {}", between(11.0, 11.3), between(9.6, 9.9));
}

#[test]
fn an_update_changes_what_terminals_say() {
    let prints = |new_prints: f64| {
        let mut mix = quiet("[[burst]]\nname = 'work'\nphase = [{ does = 'open', count = 1 }]");
        let meanwhile = Meanwhile { new_prints, ..Meanwhile::default() };
        let when = crate::mix::When { day: Some(3), ..mix.burst[0].when.clone() };
        mix.burst.push(Burst {
            name: "update".to_owned(),
            meanwhile: Some(meanwhile),
            when,
            phase: Vec::new(),
            ..mix.burst[0].clone()
        });
        let mut of: BTreeMap<u32, BTreeSet<u64>> = BTreeMap::new();
        for event in events(&mix, size(100, 1, 1)) {
            if let What::Connected { print, .. } = event.what {
                of.entry(event.device.0).or_default().insert(print.hello);
            }
        }
        of.values().filter(|prints| prints.len() > 1).count() as f64 / of.len() as f64
    };
    assert_eq!(prints(0.0), 0.0);
    assert!((0.3..0.7).contains(&prints(0.5)), "{}", prints(0.5));
}

/// What is recorded explains it; what is not is refused, or only a right.
#[test]
fn facts_of_a_burst_explain_it() {
    let refused = |recorded: f64| {
        let mix = quiet(&format!(
            "[[burst]]\nname = 'b'\nrecorded = {recorded}\nwhen = {{ day = 1, hours = [10, 11] }}\nphase = [{{ does = 'open', over = 'others', count = 2 }}]"
        ));
        let events = events(&mix, size(200, 1, 1));
        let count = |such: &str| events.iter().filter(|event| word(event) == such).count();
        (count("opened"), count("refused"))
    };
    let (opened, none) = refused(1.0);
    assert!(opened > 100 && none == 0, "{opened} {none}");
    let (by_right, refused) = refused(0.0);
    assert!(refused > 50 && by_right < opened / 2, "{by_right} {refused}");
}
