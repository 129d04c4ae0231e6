//! Mixes are read whole or not at all, and a fault names its key.

use super::*;
use crate::MIXES;

fn fault(text: &str) -> String {
    match Mix::read(text) {
        Ok(_) => String::new(),
        Err(MixError::Form(error)) => error.to_string(),
        Err(MixError::Value(fault)) => fault.to_string(),
    }
}

#[test]
fn the_mixes_that_come_with_it_are_read_and_are_wide_enough() {
    for (name, text) in MIXES {
        let mix = Mix::read(text).unwrap_or_else(|error| panic!("{name}: {error:?}"));
        let kinds = |class| mix.attack.iter().filter(|attack| attack.class == class).count();
        let (fast, slow, other) = (kinds(Class::Fast), kinds(Class::Slow), kinds(Class::Other));
        let (attacks, bursts) = if name == "shipped" { (24, 10) } else { (15, 10) };
        assert!(
            fast + slow + other >= attacks && fast >= 5 && slow >= 4 && other >= 1,
            "{name}: {fast} {slow} {other}"
        );
        assert!(mix.burst.len() >= bursts, "{name}: {} bursts", mix.burst.len());
    }
}

/// Every act, every set and every kind of attacker stands in the shipped mix or in one of the others.
#[test]
fn they_use_every_primitive() {
    let mixes: Vec<Mix> = MIXES.iter().map(|(_, text)| Mix::read(text).unwrap()).collect();
    let phases = mixes.iter().flat_map(|mix| {
        mix.attack.iter().flat_map(|attack| &attack.phase).chain(mix.burst.iter().flat_map(|burst| &burst.phase))
    });
    let acts: BTreeSet<Primitive> = phases.clone().flat_map(|phase| phase.does.weighed()).map(|(act, _)| act).collect();
    assert_eq!(acts.len(), 13, "{acts:?}");
    let sets: Vec<Over> = phases.map(|phase| phase.over).collect();
    for over in [Over::Panel, Over::Facility, Over::Others, Over::All, Over::Missing, Over::Stopped, Over::Near] {
        assert!(sets.contains(&over), "{over:?}");
    }
    for over in [Over::One, Over::New, Over::Accounts, Over::OneAccount, Over::OwnAccount, Over::UnknownAccounts] {
        assert!(sets.contains(&over), "{over:?}");
    }
    let kinds: Vec<Kind> = mixes.iter().flat_map(|mix| &mix.attack).map(|attack| attack.who.kind).collect();
    for kind in
        [Kind::Insider, Kind::Thief, Kind::Copied, Kind::Outsider, Kind::Infected, Kind::Facility, Kind::Retired]
    {
        assert!(kinds.contains(&kind), "{kind:?}");
    }
    assert!(kinds.contains(&Kind::Leaver));
}

#[test]
fn an_empty_file_is_an_ordinary_city() {
    let mix = Mix::read("").unwrap();
    assert_eq!(mix.city.start, "2026-04-06");
    let nurse = mix.profession.of(model::Profession::Nurse);
    assert!((nurse.share - 0.22).abs() < 1e-9 && nurse.rotation == 3);
    let mix = Mix::read("[profession.nurse]\nrotation = 5").unwrap();
    let nurse = mix.profession.of(model::Profession::Nurse);
    assert!((nurse.share - 0.22).abs() < 1e-9 && nurse.rotation == 5, "what is not said stays");
}

const BURST: &str = "[[burst]]\nname = 'b'\nphase = [{ does = 'open' }]\n";
const ATTACK: &str = "[[attack]]\nname = 'a'\nclass = 'fast'\n";

#[test]
fn unknown_keys_are_named() {
    for (text, named) in [
        ("[city]\nsize = 3", "size"),
        ("[town]", "town"),
        ("[profession.plumber]\nshare = 1", "plumber"),
        ("[profession.nurse]\nwages = 1", "wages"),
        ("[[burst]]\nname = 'b'\nwhen = { hour = 3 }\nphase = []", "hour"),
        ("[[burst]]\nname = 'b'\nwho = { shared = 1 }\nphase = []", "shared"),
        ("[[burst]]\nname = 'b'\nphase = [{ does = 'open', pace = 1 }]", "pace"),
        ("[[burst]]\nname = 'b'\nmeanwhile = { flood = true }", "flood"),
        ("[[attack]]\nname = 'a'\nclass = 'quick'\nwho = { kind = 'thief' }\nphase = []", "quick"),
        ("[[attack]]\nname = 'a'\nclass = 'fast'\nwho = { kind = 'ghost' }\nphase = []", "ghost"),
        (
            "[[attack]]\nname = 'a'\nclass = 'fast'\nwho = { kind = 'thief' }\nreaction = { slow = 1 }\nphase = []",
            "slow",
        ),
        ("[[burst]]\nname = 'b'\nphase = [{ does = 'opne' }]", "does = 'opne'"),
        ("[[burst]]\nname = 'b'\nphase = [{ does = 'open', over = 'everybody' }]", "everybody"),
        ("[[burst]]\nname = 'b'\nphase = [{ does = 'open', pace_s = 'slow' }]", "a number, [least, most]"),
    ] {
        assert!(fault(text).contains(named), "{text}: {}", fault(text));
    }
}

#[test]
fn impossible_values_are_named() {
    let attack = |rest: &str| format!("{ATTACK}{rest}");
    for (text, named) in [
        ("[city]\nstart = '2031-01-01'".to_owned(), "city.start"),
        ("[city]\nshared_address = 1.5".to_owned(), "city.shared_address: 1.5 is not from 0 to 1"),
        ("[care]\nrecords = [3, 1]".to_owned(), "care.records: the first is above the second"),
        ("[care]\npace_s = { log = [0, 1] }".to_owned(), "care.pace_s: `log` begins above 0"),
        ("[office]\nfrom = 17\nto = 9".to_owned(), "office.to"),
        ("[profession.nurse]\nrotation = 0".to_owned(), "profession.nurse.rotation"),
        (BURST.repeat(2), "there is another of this name"),
        ("[[burst]]\nname = 'b'".to_owned(), "burst \"b\": phase: neither"),
        (BURST.replace("phase", "when = { days = ['someday'] }\nphase"), "burst \"b\": when.days: `someday`"),
        (BURST.replace("phase", "when = { month_days = [9, 3] }\nphase"), "when.month_days"),
        (BURST.replace("phase", "when = { during = 'x' }\nphase"), "when.during"),
        (BURST.replace("'open'", "'open', per_day = 3"), "phase 1: per_day"),
        (BURST.replace("'open'", "'open', over = 'accounts'"), "phase 1: over"),
        (BURST.replace("'open'", "'open', over = 'missing'"), "phase 1: count: has no end"),
        (BURST.replace("'open'", "{ open = 0 }"), "phase 1: does"),
        (BURST.replace("'open'", "'open', jitter = 9"), "phase 1: jitter"),
        (attack("who = { kind = 'thief' }\nphase = []"), "attack \"a\": phase: there is none"),
        (attack("who = { kind = 'outsider' }\nphase = [{ does = 'open' }]"), "phase 1: does: nobody is signed in"),
        (attack("who = { kind = 'thief' }\nstart = { during = 'b' }\nphase = [{ does = 'open' }]"), "start.during"),
        (attack("who = { kind = 'thief' }\nphase = [{ does = 'open', guessed = 0.5 }]"), "phase 1: guessed"),
        (attack("who = { kind = 'thief' }\nphase = [{ does = 'open', count = 1, per_day = 1 }]"), "either"),
    ] {
        assert!(fault(&text).contains(named), "{text}: {}", fault(&text));
    }
    let guessed = "who = { kind = 'outsider' }\nphase = [{ does = 'wrong-password', over = 'accounts', count = 5, guessed = 1 }, { does = 'open' }]";
    assert_eq!(fault(&attack(guessed)), "", "whoever guessed a password is signed in");
}
