//! Each primitive act comes as it was asked for, by whom and when it was asked for.

use std::collections::BTreeSet;

use anomaly::event::{Edit, Refusal};

use super::*;
use crate::calendar::{Calendar, hour_of};

/// One attack in a city in which nothing else happens.
fn attack(who: &str, phase: &str) -> Vec<Event> {
    let mix = quiet(&format!("[[attack]]\nname = 'a'\nclass = 'fast'\ninstances = 1\n{who}\nphase = [{phase}]"));
    events(&mix, size(120, 3, 2))
}

const INSIDER: &str = "who = { kind = 'insider', right = 'none', professions = ['nurse'] }";
const OUTSIDER: &str = "who = { kind = 'outsider' }";
const RETIRED: &str = "who = { kind = 'retired' }";

#[test]
fn each_primitive_comes_as_it_was_asked_for() {
    for (who, phase, expected) in [
        (INSIDER, "{ does = 'open', count = 3, pace_s = 1 }", "connected, signed-in, 3 opened"),
        (INSIDER, "{ does = 'open', count = 2, each = 3, pace_s = 1 }", "connected, signed-in, 6 opened"),
        (INSIDER, "{ does = 'search', count = 4, finds = 2, pace_s = 1 }", "connected, signed-in, 4 opened"),
        (INSIDER, "{ does = 'export', count = 2 }", "connected, signed-in, opened, exported, opened, exported"),
        (INSIDER, "{ does = 'create', count = 3 }", "connected, signed-in, 3 wrote"),
        (INSIDER, "{ does = 'edit-own', count = 3 }", "connected, signed-in, 3 wrote"),
        (INSIDER, "{ does = 'edit-others', count = 3 }", "connected, signed-in, 3 wrote"),
        (INSIDER, "{ does = 'delete', count = 3 }", "connected, signed-in, 3 wrote"),
        (INSIDER, "{ does = 'emergency', over = 'all', count = 3 }", "connected, signed-in, 3 opened"),
        (INSIDER, "{ does = 'open', over = 'missing', count = 3 }", "connected, signed-in, 3 refused"),
        (INSIDER, "{ does = 'open', over = 'others', count = 3 }", "connected, signed-in, 3 refused"),
        (INSIDER, "{ does = 'open', over = 'stopped', count = 3 }", "connected, signed-in, 3 refused"),
        (INSIDER, "{ does = 'open', over = 'one', each = 2 }", "connected, signed-in, 2 refused"),
        (
            INSIDER,
            "{ does = 'wrong-password', over = 'own-account', each = 2 }, { does = 'sign-in' }",
            "connected, signed-in, 2 wrong, signed-in",
        ),
        (INSIDER, "{ does = 'replay', count = 2 }", "connected, signed-in, 2 replayed"),
        (INSIDER, "{ does = 'connect', count = 2 }", "connected, signed-in, 2 connected"),
        (OUTSIDER, "{ does = 'wrong-password', over = 'accounts', count = 3, each = 2 }", "connected, 6 wrong"),
        (OUTSIDER, "{ does = 'wrong-password', over = 'one-account', each = 4 }", "connected, 4 wrong"),
        (OUTSIDER, "{ does = 'wrong-password', over = 'unknown-accounts', count = 3 }", "connected, 3 wrong"),
        (
            OUTSIDER,
            "{ does = 'wrong-password', over = 'own-account', guessed = 1 }, { does = 'open', count = 2 }",
            "connected, wrong, signed-in, 2 opened",
        ),
        (
            OUTSIDER,
            "{ does = 'wrong-password', over = 'own-account', prelude = true }, { does = 'connect' }",
            "connected, wrong, connected",
        ),
        (RETIRED, "{ does = 'use-ended-certificate', count = 3 }", "connected, 3 ended"),
        ("who = { kind = 'thief' }", "{ does = 'open', count = 2 }", "connected, 2 opened"),
        ("who = { kind = 'infected' }", "{ does = 'open', count = 2 }", "connected, 2 opened"),
        ("who = { kind = 'copied' }", "{ does = 'open', count = 2 }", "connected, signed-in, 2 opened"),
    ] {
        assert_eq!(words(&attack(who, phase)), expected, "{who} {phase}");
    }
}

#[test]
fn edits_are_what_they_are_called() {
    for (act, expected) in
        [("create", Edit::New), ("edit-own", Edit::Own), ("edit-others", Edit::Others), ("delete", Edit::Deleted)]
    {
        let events = attack(INSIDER, &format!("{{ does = '{act}', count = 3 }}"));
        let edits = events.iter().filter_map(|event| match event.what {
            What::Wrote { edit, .. } => Some(edit),
            _ => None,
        });
        assert_eq!(edits.collect::<Vec<_>>(), [expected; 3]);
    }
}

#[test]
fn refusals_say_why() {
    let refusals = |over: &str| {
        let events = attack(INSIDER, &format!("{{ does = 'open', over = '{over}', count = 3 }}"));
        let of = |event: &Event| match event.what {
            What::Refused { refusal, target, person, .. } => Some((refusal, target, person.is_some())),
            _ => None,
        };
        events.iter().filter_map(of).collect::<Vec<_>>()
    };
    assert!(refusals("others").iter().all(|one| one.0 == Refusal::NotAvailable && one.2));
    let missing = refusals("missing");
    assert!(missing.iter().all(|one| one.0 == Refusal::NotAvailable && !one.2), "{missing:?}");
    let ascending = attack(INSIDER, "{ does = 'open', over = 'missing', order = 'ascending', count = 9 }");
    let numbers: Vec<u64> = (ascending.iter())
        .filter_map(|event| match event.what {
            What::Refused { target, .. } => Some(target),
            _ => None,
        })
        .collect();
    assert!(numbers.len() == 9 && numbers.windows(2).all(|two| two[1] == two[0] + 1), "{numbers:?}");
}

/// Seconds between what was opened.
fn gaps(phase: &str) -> Vec<f64> {
    let events = attack(INSIDER, phase);
    let opened: Vec<_> = events.iter().filter(|event| word(event) == "refused").map(|event| event.at).collect();
    opened.windows(2).map(|two| two[1].millis_since(two[0]) as f64 / 1000.0).collect()
}

#[test]
fn pace_and_pauses_are_as_asked() {
    let missing = "does = 'open', over = 'missing'";
    let constant = gaps(&format!("{{ {missing}, count = 20, pace_s = 3, jitter = 0 }}"));
    assert!(constant.len() == 19 && constant.iter().all(|gap| (gap - 3.0).abs() < 1e-9), "{constant:?}");
    let human = gaps(&format!("{{ {missing}, count = 200, pace_s = 3 }}"));
    let mean = human.iter().sum::<f64>() / human.len() as f64;
    let spread = (human.iter().map(|gap| (gap - mean).powi(2)).sum::<f64>() / human.len() as f64).sqrt() / mean;
    assert!((2.5..5.0).contains(&mean) && (0.4..1.0).contains(&spread), "{mean} {spread}");
    let bursts = gaps(&format!("{{ {missing}, count = 12, pace_s = 1, jitter = 0, burst = 4, pause_s = 100 }}"));
    assert_eq!(bursts, [1.0, 1.0, 1.0, 100.0, 1.0, 1.0, 1.0, 100.0, 1.0, 1.0, 1.0]);
}

#[test]
fn acts_of_many_days_keep_their_days_and_hours() {
    let phase = "{ does = 'open', over = 'missing', per_day = 20, days = 6, hours = [22, 4], spread = true }";
    let events = attack(INSIDER, phase);
    let refused: Vec<&Event> = events.iter().filter(|event| word(event) == "refused").collect();
    assert!((70..180).contains(&refused.len()), "{}", refused.len());
    assert!(refused.iter().all(|event| hour_of(event.at) >= 22.0 || hour_of(event.at) < 4.0));
    let calendar = Calendar::new("2026-04-06").unwrap();
    let nights: BTreeSet<u32> =
        refused.iter().map(|event| calendar.number_at(event.at.plus_millis(-5 * crate::calendar::HOUR))).collect();
    assert_eq!(nights.len(), 6);
    let phase = "{ does = 'open', over = 'missing', per_day = 10, days = 5, hours = 'work', working_days = true }";
    let days: BTreeSet<u32> = (attack(INSIDER, phase).iter())
        .filter(|event| word(event) == "refused")
        .map(|event| calendar.number_at(event.at))
        .collect();
    assert!(days.len() == 5 && days.iter().all(|day| calendar.day(*day).is_working()), "{days:?}");
}

#[test]
fn what_grows_grows() {
    let phase = "{ does = 'open', over = 'missing', per_day = 4, per_day_to = 60, days = 12 }";
    let calendar = Calendar::new("2026-04-06").unwrap();
    let mut counts = std::collections::BTreeMap::<u32, u32>::new();
    for event in attack(INSIDER, phase).iter().filter(|event| word(event) == "refused") {
        *counts.entry(calendar.number_at(event.at)).or_default() += 1;
    }
    let counts: Vec<u32> = counts.into_values().collect();
    let half = |part: &[u32]| part.iter().sum::<u32>();
    assert!(counts.len() >= 11 && half(&counts[6..]) > 2 * half(&counts[..6]), "{counts:?}");
}

#[test]
fn a_copy_is_one_certificate_in_two_places() {
    let mix = quiet(
        "[[burst]]\nname = 'work'\nwhen = { hours = [9, 12] }\nphase = [{ does = 'open', count = 20, pace_s = 60 }]
[[attack]]
name = 'a'
class = 'fast'
instances = 1
who = { kind = 'copied' }
start = { hours = [10, 11] }
disguise = { place = 'abroad' }
phase = [{ does = 'open', pace_s = 60 }]",
    );
    let events = events(&mix, size(100, 2, 1));
    let connected = |event: &&Event| matches!(event.what, What::Connected { place: Some(place), .. } if place.abroad);
    let abroad = events.iter().find(connected).unwrap();
    let same: Vec<&Event> = events.iter().filter(|event| event.device == abroad.device).collect();
    let sources: BTreeSet<_> = same.iter().map(|event| event.source).collect();
    let families: BTreeSet<u16> = (same.iter())
        .filter_map(|event| match event.what {
            What::Connected { print, .. } => Some(print.family),
            _ => None,
        })
        .collect();
    assert!(sources.len() >= 2 && families.len() == 2, "{sources:?} {families:?}");
}

#[test]
fn whoever_lost_his_terminal_has_another() {
    let mix = quiet(
        "[[burst]]\nname = 'work'\nwhen = { hours = [9, 12] }\nphase = [{ does = 'open', count = 2 }]
[[attack]]
name = 'a'
class = 'fast'
instances = 1
who = { kind = 'thief', professions = ['nurse'] }
start = { hours = [14, 15] }
phase = [{ does = 'search', count = 5, finds = 5 }]",
    );
    let events = events(&mix, size(100, 2, 1));
    let user = |event: &Event| match event.what {
        What::Opened { user, .. } => Some(user),
        _ => None,
    };
    let stolen = events.iter().find(|event| hour_of(event.at) > 13.5 && user(event).is_some()).unwrap();
    let devices = |such: &dyn Fn(&Event) -> bool| {
        let his = events.iter().filter(|event| user(event) == user(stolen) && such(event));
        his.map(|event| event.device).collect::<BTreeSet<_>>()
    };
    let before = devices(&|event| event.at < stolen.at);
    let after = devices(&|event| event.at > stolen.at && hour_of(event.at) < 13.5);
    assert_eq!(before, [stolen.device].into());
    assert!(!after.contains(&stolen.device) && after.len() == 1, "{after:?}");
}

#[test]
fn a_program_at_a_facility_is_at_all_of_its_terminals() {
    let events = attack("who = { kind = 'facility', users = [3, 6] }", "{ does = 'open', count = 2 }");
    let devices: BTreeSet<_> = events.iter().map(|event| event.device).collect();
    let facilities: BTreeSet<_> = events.iter().map(|event| event.facility).collect();
    assert!(facilities.len() == 1 && devices.len() >= 3, "{devices:?}");
    let (first, last) = (events.first().unwrap().at, events.last().unwrap().at);
    assert!(last.millis_since(first) < 10 * 60_000, "all at once");
}

#[test]
fn a_user_id_left_open_sleeps_first() {
    let mix = quiet(
        "[[burst]]\nname = 'work'\nwhen = { hours = [9, 12] }\nphase = [{ does = 'open', count = 1 }]
[[attack]]
name = 'a'
class = 'slow'
instances = 1
who = { kind = 'leaver', idle_days = 20 }
start = { hours = [20, 21] }
phase = [{ does = 'open', count = 2 }]",
    );
    let events = events(&mix, size(100, 5, 1));
    let late = events.iter().find(|event| hour_of(event.at) > 19.0).unwrap();
    let before = events.iter().rfind(|event| event.device == late.device && event.at < late.at).unwrap();
    let days = late.at.millis_since(before.at) / crate::calendar::DAY;
    assert!((19..=23).contains(&days), "{days}");
}
